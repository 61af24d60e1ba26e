//! The predictions of versions that once were in a stage: a rule may ask not to fall behind the best of them.

use std::collections::BTreeMap;

use super::evidence::{Tables, gather};
use super::replaced;
use crate::certify::{Needs, PastRows};
use crate::format::certificate::EvidenceRecord;
use crate::format::policy::Task;
use crate::format::snapshot::SnapshotRecord;
use crate::id::SnapshotId;
use crate::name::{SetName, StageName};
use crate::ops::{VerbError, attached, erasures};
use crate::registry::State;
use crate::repository::Repository;

/// The rows of each set, and what was read for them.
type Past = (BTreeMap<SetName, Vec<PastRows>>, Vec<EvidenceRecord>);

/// The candidate's rows joined with theirs, and what was read. `but` are the candidate and the baseline, whose rows are known.
pub(super) fn gather_past(
    repository: &Repository,
    tables: &mut Tables<'_>,
    needs: &Needs,
    task: Task,
    (candidate, state, stage): (&SnapshotRecord, Option<&State>, &StageName),
    but: &[SnapshotId],
) -> Result<Past, VerbError> {
    let (mut past, mut evidence) = (BTreeMap::<SetName, Vec<PastRows>>::new(), Vec::new());
    let Some(state) = state.filter(|_| !needs.past.is_empty()) else { return Ok((past, evidence)) };
    let predictions = needs.predictions.iter().filter(|(set, _)| needs.past.contains(*set));
    let numbers = needs.numbers.iter().filter(|(set, _)| needs.past.contains(*set));
    let theirs = Needs {
        predictions: predictions.map(|(set, of)| (set.clone(), of.clone())).collect(),
        numbers: numbers.map(|(set, of)| (set.clone(), of.clone())).collect(),
        min_coverage: needs.min_coverage,
        ..Needs::default()
    };
    let mut seen = but.to_vec();
    for held in state.stages.get(stage).into_iter().flat_map(|row| &row.timeline) {
        if seen.contains(&held.snapshot) {
            continue;
        }
        seen.push(held.snapshot);
        let label = format!("{}@{}", state.model, held.version);
        let Some(row) = state.version(held.version) else { continue };
        let record = attached::judged(repository, state, row)?;
        let replaced = replaced::since_certified(repository, state, (&label, held))?;
        tables.erased.extend(erasures::evidence(state, held.version, &record));
        match gather(tables, &theirs, task, candidate, Some(&record), &[]) {
            Ok(gathered) => {
                for (set, rows) in gathered.sets {
                    let rows = replaced.get(&set).map_or(rows, |defect| Err(defect.clone()));
                    let rows = rows.map_err(|defect| defect.to_string());
                    past.entry(set).or_default().push(PastRows { label: label.clone(), rows });
                }
                let read = gathered.evidence.into_iter().filter(|file| file.role == "baseline");
                evidence.extend(read.map(|file| EvidenceRecord { role: label.clone(), ..file }));
            }
            // What was erased, dropped or lost is not known; that is no reason to know nothing of the others.
            Err(error @ (VerbError::Erased { .. } | VerbError::Store(_))) => {
                for set in sets(&theirs, candidate) {
                    past.entry(set).or_default().push(PastRows { label: label.clone(), rows: Err(error.to_string()) });
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok((past, evidence))
}

/// The sets that are meant.
fn sets(needs: &Needs, candidate: &SnapshotRecord) -> Vec<SetName> {
    let only = || (candidate.predictions.len() == 1).then(|| candidate.predictions[0].name.clone());
    needs.predictions.keys().filter_map(|set| set.clone().or_else(only)).collect()
}
