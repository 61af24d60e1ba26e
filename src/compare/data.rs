//! The training data of two snapshots → what is different.

use std::collections::BTreeMap;

use super::Side;
use super::item::{Item, compare_maps};
use crate::format::snapshot::DataRecord;

/// A source of training data, as far as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFacts {
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// Rows, where it is a table.
    pub rows: Option<u64>,
    /// Size in bytes.
    pub size: u64,
    /// Columns and their types.
    pub columns: Option<BTreeMap<String, String>>,
    /// Its checksum as declared.
    pub checksum: Option<String>,
    /// The digest of its rows, where that is known.
    pub logical: Option<String>,
}

impl Item<DataFacts> {
    /// Whether both have the same rows, written otherwise: in another order, format, compression or number of files.
    pub fn same_rows(&self) -> bool {
        let logical = |facts: &Option<DataFacts>| facts.as_ref().and_then(|facts| facts.logical.clone());
        logical(&self.a).is_some() && logical(&self.a) == logical(&self.b)
    }
}

fn data_facts(data: &[DataRecord]) -> BTreeMap<String, DataFacts> {
    data.iter()
        .map(|d| {
            let columns = d.schema.as_ref().map(|s| s.iter().map(|c| (c.name.clone(), c.kind.clone())).collect());
            let checksum = d.declared.as_ref().and_then(|declared| Some(declared.checksum.as_ref()?.to_string()));
            let sha256 = d.sha256.map(|s| s.to_string());
            let facts = DataFacts { sha256, rows: d.rows, size: d.size, columns, checksum, logical: None };
            (d.name.to_string(), facts)
        })
        .collect()
}

/// What is known of the rows is no difference where the bytes are the same: nobody looks into a workspace's.
pub(super) fn compare_data(a: &Side, b: &Side) -> Vec<Item<DataFacts>> {
    let mut items = compare_maps(&data_facts(&a.record.data), &data_facts(&b.record.data));
    for item in &mut items {
        for (facts, side) in [(&mut item.a, a), (&mut item.b, b)] {
            let profile = side.profiles.iter().find(|(name, _)| name.as_str() == item.name);
            if let (Some(facts), Some((_, profile))) = (facts, profile) {
                facts.logical = profile.logical.map(|logical| logical.to_string());
            }
        }
    }
    items
}
