//! Results of both sides: samples as quantiles, files by what is inside.

use std::collections::{BTreeSet, HashMap};

use super::Pair;
use super::code::insides;
use super::predictions::evidence_of;
use crate::compare::{Change, Diff, LARGEST_NOTEBOOK, SampleFacts, SamplesDiff, Section, is_notebook};
use crate::evidence;
use crate::format::snapshot::{SamplesRecord, SnapshotRecord};
use crate::name::SetName;
use crate::ops::judging::evidence::Tables;
use crate::ops::{VerbError, chain, erasures};

/// A longer text that came out of a program is not compared line by line: 256 KiB.
const LARGEST_TEXT: u64 = 256 << 10;
/// Larger tables of samples are not read: 1 GiB.
const LARGEST_TABLE: u64 = 1 << 30;

/// Reads samples that are not the same, and looks into files of results that have another content.
pub(super) fn compare(pair: &Pair<'_>, diff: &mut Diff) -> Result<(), VerbError> {
    if !pair.sections.has(Section::Results) {
        return Ok(());
    }
    diff.of_results.samples = samples(pair)?;
    let limit = |path: &str| if is_notebook(path) { LARGEST_NOTEBOOK } else { LARGEST_TEXT };
    let sides = (pair.a.results(), pair.b.results());
    let inside = insides(pair.repository, sides, diff.of_results.files(), limit);
    diff.of_results.inside = inside;
    Ok(())
}

/// Every set that differs, with what was attached since.
fn samples(pair: &Pair<'_>) -> Result<Vec<SamplesDiff>, VerbError> {
    let records = [evidence_of(pair, pair.a)?, evidence_of(pair, pair.b)?];
    let mut tables = Tables { store: pair.repository.store(), workspace: HashMap::new(), erased: HashMap::new() };
    for (looked, record) in [pair.a, pair.b].into_iter().zip(&records) {
        tables.workspace.extend(looked.evidence.clone());
        if let Some(found) = &looked.found {
            tables.erased.extend(erasures::evidence(&found.state, found.row.version, record));
        }
    }
    let names: BTreeSet<&SetName> = records.iter().flat_map(|record| &record.samples).map(|set| &set.name).collect();
    // The newest is what counts.
    let find =
        |record: &'_ SnapshotRecord, name: &SetName| record.samples.iter().rfind(|set| set.name == *name).cloned();
    let [old, new] = &records;
    let of = |name: &SetName| {
        let (a, b) = (find(old, name), find(new, name));
        let change = match (&a, &b) {
            (Some(a), Some(b)) if a.file == b.file && a.column == b.column => return None,
            (Some(_), Some(_)) => Change::Changed,
            (Some(_), None) => Change::Removed,
            (None, _) => Change::Added,
        };
        let column = b.as_ref().or(a.as_ref()).map(|set| set.column.clone()).unwrap_or_default();
        let [a, b] = [(a, &pair.a.side.name), (b, &pair.b.side.name)]
            .map(|(set, side)| set.map(|set| facts(&tables, &set).map_err(|reason| format!("{side}: {reason}"))));
        Some(SamplesDiff { set: name.to_string(), column, change, a, b })
    };
    Ok(names.into_iter().filter_map(of).collect())
}

/// What a table says, or why it cannot.
fn facts(tables: &Tables<'_>, set: &SamplesRecord) -> Result<SampleFacts, String> {
    if set.size > LARGEST_TABLE {
        return Err(format!("`{}` has more than {} MiB", set.path, LARGEST_TABLE >> 20));
    }
    let bytes = tables.bytes(set.file).map_err(|error| chain(&error))?;
    let samples = evidence::read_samples(bytes, &set.path, &set.column).map_err(|defect| defect.to_string())?;
    SampleFacts::of(&samples).ok_or_else(|| format!("`{}` has no samples", set.path))
}
