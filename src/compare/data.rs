//! The training data of two snapshots → what is different.

use std::collections::BTreeMap;

use super::Side;
use super::item::{Item, compare_maps};
use crate::certify::{ColumnDrift, DataDrift};
use crate::evidence::RowChanges;
use crate::format::profile::{ColumnProfileRecord, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::{ColumnRecord, DataRecord};

/// An index below this is what people call stable.
pub const STABLE: f64 = 0.1;

/// A mean that moved by more standard deviations than this is to be shown: half of what Cohen calls a small effect.
pub const SMALL: f64 = 0.1;
/// So is a share of missing cells that moved by more than this.
const NULLS: f64 = 0.01;

/// What the profiles of a column say beside its index.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMove {
    /// How far the mean moved, in standard deviations of `a`; infinite where all values were one. None of what has no mean.
    pub mean: Option<f64>,
    /// The shares of missing cells.
    pub nulls: (f64, f64),
    /// Of dates and times the least and the greatest of `a`, and those of `b`.
    pub range: Option<[(String, String); 2]>,
}

impl ColumnMove {
    /// Whether dates begin or end elsewhere.
    pub fn is_elsewhere(&self) -> bool {
        self.range.as_ref().is_some_and(|[a, b]| a != b)
    }
}

/// What the profiles of both say of each column that both have.
pub fn column_moves(a: &ProfileRecord, b: &ProfileRecord) -> BTreeMap<String, ColumnMove> {
    let share = |profile: &ProfileRecord, nulls: u64| nulls as f64 / profile.rows.max(1) as f64;
    let range = |column: &ColumnProfileRecord| match (column.min(), column.max()) {
        (Some(Scalar::Text(least)), Some(Scalar::Text(greatest))) => Some((least.clone(), greatest.clone())),
        _ => None,
    };
    let both =
        a.columns.iter().filter_map(|ours| Some((ours, b.columns.iter().find(|theirs| theirs.name == ours.name)?)));
    let moves = both.map(|(ours, theirs)| {
        let by = ours.mean.zip(theirs.mean).map(|(was, is)| is - was);
        let mean = by.zip(ours.sd).map(|(by, sd)| if by == 0.0 { 0.0 } else { by / sd }).filter(|by| !by.is_nan());
        let nulls = (share(a, ours.nulls), share(b, theirs.nulls));
        let range = range(ours).zip(range(theirs)).map(|(was, is)| [was, is]);
        (ours.name.clone(), ColumnMove { mean, nulls, range })
    });
    moves.collect()
}

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

/// What is different in a table of training data that both versions have.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDiff {
    /// Columns: those that are gone, then the others in the order of `b`.
    pub schema: Vec<SchemaChange>,
    /// Its rows, or why they cannot be compared.
    pub rows: Result<RowsDiff, String>,
    /// How far each column that both have moved; or why that cannot be told.
    pub drift: Result<DataDrift, String>,
    /// What the profiles say beside that, by column.
    pub moves: BTreeMap<String, ColumnMove>,
}

impl TableDiff {
    /// Whether a column is to be shown: it drifted; or its mean, or the share of its missing cells, moved more than a little; or dates
    /// begin or end elsewhere; or nobody can say how far it drifted, and it has another number of missing cells, as after a join that
    /// found nothing.
    pub fn is_noteworthy(&self, column: &ColumnDrift) -> bool {
        let drifted = match &column.psi {
            Ok(psi) => *psi >= STABLE,
            Err(_) => column.nulls.0 != column.nulls.1,
        };
        let moved = |moved: &ColumnMove| {
            moved.is_elsewhere()
                || moved.mean.is_some_and(|by| by.abs() > SMALL)
                || (moved.nulls.1 - moved.nulls.0).abs() > NULLS
        };
        drifted || self.moves.get(&column.name).is_some_and(moved)
    }
}

/// The rows of a table in two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsDiff {
    /// The columns that tell rows apart; empty: rows are compared as they are.
    pub key: Vec<String>,
    /// Columns that were not looked at: those that one version has, and those that hold no single values.
    pub without: Vec<String>,
    /// Why there is no key, where one was named.
    pub doubt: Option<String>,
    /// How many differ.
    pub changes: RowChanges,
}

/// What became of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// Its name.
    pub column: String,
    /// What.
    pub change: ColumnChange,
}

/// How a column is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChange {
    /// Only in `b`, of this type.
    Added(String),
    /// Only in `a`, of this type.
    Removed(String),
    /// Of another type.
    Retyped(String, String),
    /// Elsewhere among the columns that both have: its places in `a` and in `b`, from 1.
    Moved(usize, usize),
}

/// What is different in the columns. As few as can be are said to have moved.
pub fn schema_changes(a: &[ColumnRecord], b: &[ColumnRecord]) -> Vec<SchemaChange> {
    let place = |schema: &[ColumnRecord], name: &str| schema.iter().position(|column| column.name == name);
    let mut changes: Vec<SchemaChange> = a
        .iter()
        .filter(|old| place(b, &old.name).is_none())
        .map(|old| SchemaChange { column: old.name.clone(), change: ColumnChange::Removed(old.kind.clone()) })
        .collect();
    let before: Vec<Option<usize>> = b.iter().map(|new| place(a, &new.name)).collect();
    let stay = longest_ascending(&before.iter().copied().flatten().collect::<Vec<_>>());
    for (now, (new, was)) in b.iter().zip(before).enumerate() {
        let mut add = |change| changes.push(SchemaChange { column: new.name.clone(), change });
        let Some((was, old)) = was.and_then(|was| Some((was, a.get(was)?))) else {
            add(ColumnChange::Added(new.kind.clone()));
            continue;
        };
        if old.kind != new.kind {
            add(ColumnChange::Retyped(old.kind.clone(), new.kind.clone()));
        }
        if stay.binary_search(&was).is_err() {
            add(ColumnChange::Moved(was + 1, now + 1));
        }
    }
    changes
}

/// The most numbers that stand in ascending order, in that order: by patience sorting.
fn longest_ascending(numbers: &[usize]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.iter().enumerate() {
        let pile = ends.partition_point(|end| numbers.get(*end) < Some(number));
        before.push(pile.checked_sub(1).and_then(|below| ends.get(below)).copied());
        match ends.get_mut(pile) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut longest = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        longest.extend(numbers.get(at));
        next = before.get(at).copied().flatten();
    }
    longest.reverse();
    longest
}
