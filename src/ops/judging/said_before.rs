//! Predictions that are another model's, row for row, whatever files they stand in: the baseline's, or those of an earlier version
//! that was judged against the same baseline.

use std::collections::BTreeMap;

use super::evidence::Gathered;
use super::replaced::statement;
use crate::certify;
use crate::evidence::JoinedRows;
use crate::format::certificate::BaselineRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::name::SetName;
use crate::ops::VerbError;
use crate::ops::certify::Candidate;
use crate::registry::State;
use crate::repository::Repository;
use crate::store::StoreError;

/// Certificates that are looked at, the newest first.
const FAR_ENOUGH: usize = 100;

/// The sets in which the candidate says of every row what somebody else said, and who.
pub(super) fn find(
    repository: &Repository,
    state: Option<&State>,
    (candidate, baseline, against): (&Candidate, &BaselineRecord, Option<&SnapshotRecord>),
    gathered: &Gathered,
) -> Result<BTreeMap<SetName, String>, VerbError> {
    let mut found = BTreeMap::new();
    let mut telling: BTreeMap<&SetName, &JoinedRows> = gathered
        .sets
        .iter()
        .filter_map(|(set, joined)| Some((set, joined.as_ref().ok().filter(|joined| certify::is_telling(joined))?)))
        .collect();
    let tree = candidate.record.model_files.tree;
    let same_model = against.is_some_and(|record| record.model_files.tree == tree);
    telling.retain(|set, joined| {
        let same = certify::says_the_same(joined);
        if same && !same_model {
            found.insert((*set).clone(), "the baseline".to_owned());
        }
        !same
    });
    let Some(state) = state.filter(|_| !telling.is_empty()) else { return Ok(found) };
    let mut rows: Vec<_> = state.certificates.values().filter(|row| row.baseline == baseline.snapshot).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.event.seq));
    for row in rows.into_iter().take(FAR_ENOUGH) {
        let Some(version) = state.versions.about(row.snapshot).next() else { continue };
        let later = candidate.version.is_some_and(|candidate| version.version >= candidate);
        if later || row.snapshot == candidate.id || version.model_tree == tree {
            continue;
        }
        let judged = match statement(repository, row.certificate) {
            Ok(statement) => statement.predicate.rows,
            Err(VerbError::Store(StoreError::Missing { .. })) => continue,
            Err(error) => return Err(error),
        };
        for (set, joined) in &telling {
            if judged.get(*set) == Some(&joined.digest) {
                let label = || format!("{}@{}", state.model, version.version);
                found.entry((*set).clone()).or_insert_with(label);
            }
        }
    }
    Ok(found)
}
