//! Fetching what a policy rests on, from stored versions or, for a look at the workspace, from its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::VerbError;
use crate::certify::{Needs, Samples};
use crate::digest::Digest;
use crate::evidence::{self, Defect, JoinedRows, PredictionTable};
use crate::format::canonical;
use crate::format::certificate::EvidenceRecord;
use crate::format::policy::Task;
use crate::format::snapshot::{PredictionsRecord, SnapshotRecord};
use crate::id::FileId;
use crate::name::SetName;
use crate::store::{Store, StoreError};

/// No table of evidence is longer: 8 GiB.
const MAX_TABLE: u64 = 8 << 30;

/// Where the bytes of evidence are.
pub(super) struct Tables<'a> {
    /// Those of versions.
    pub store: &'a Store,
    /// Those of the workspace.
    pub workspace: HashMap<FileId, PathBuf>,
    /// Those that were erased: version, path and why.
    pub erased: HashMap<FileId, (String, String, String)>,
}

impl Tables<'_> {
    pub(super) fn bytes(&self, id: FileId) -> Result<Vec<u8>, VerbError> {
        match self.workspace.get(&id) {
            Some(path) => {
                std::fs::read(path).map_err(|source| VerbError::Io { action: "read", path: path.clone(), source })
            }
            None => match (self.store.file(id, MAX_TABLE), self.erased.get(&id).cloned()) {
                (Err(StoreError::Missing { .. }), Some((label, path, why))) => {
                    Err(VerbError::Erased { label, names: vec![path], why, rest: false })
                }
                (read, _) => Ok(read?),
            },
        }
    }
}

/// Everything a policy rests on.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Predictions, joined where both models have the set.
    pub sets: BTreeMap<SetName, Result<JoinedRows, Defect>>,
    /// Samples.
    pub samples: BTreeMap<SetName, Samples>,
    /// What was read.
    pub evidence: Vec<EvidenceRecord>,
}

/// Reads what `needs` names.
pub(super) fn gather(
    tables: &Tables<'_>,
    needs: &Needs,
    task: Task,
    candidate: &SnapshotRecord,
    baseline: Option<&SnapshotRecord>,
) -> Result<Gathered, VerbError> {
    let mut gathered = Gathered::default();
    let mut columns: BTreeMap<SetName, BTreeSet<String>> = BTreeMap::new();
    for (set, wanted) in &needs.predictions {
        let only = (candidate.predictions.len() == 1).then(|| candidate.predictions[0].name.clone());
        if let Some(set) = set.clone().or(only) {
            columns.entry(set).or_default().extend(wanted.iter().cloned());
        }
    }
    for (set, extra) in columns {
        let extra: Vec<String> = extra.into_iter().collect();
        let mut read =
            |role: &'static str, record: &SnapshotRecord| -> Result<Result<PredictionTable, Defect>, VerbError> {
                let Some(found) = record.predictions.iter().find(|p| p.name == set) else {
                    return Ok(Err(Defect::SetMissing { role, kind: "predictions", set: set.clone() }));
                };
                refuse_unread_columns(found)?;
                let table = read_predictions(tables, found, task, &extra)?;
                gathered.evidence.push(EvidenceRecord {
                    role: role.to_owned(),
                    kind: "predictions".to_owned(),
                    set: Some(set.clone()),
                    sha256: found.file.digest(),
                    rows: table.as_ref().map_or(0, |t| t.rows() as u64),
                });
                Ok(table)
            };
        let ours = read("candidate", candidate)?;
        let theirs = baseline.map(|record| read("baseline", record)).transpose()?;
        let joined = ours.and_then(|ours| match theirs {
            None => evidence::join(&set, task, &ours, None),
            // Floors and ceilings can be judged without the baseline's rows; comparisons cannot, and say so.
            Some(Err(Defect::SetMissing { .. })) => evidence::join(&set, task, &ours, None),
            Some(theirs) => evidence::join(&set, task, &ours, Some(&theirs?)),
        });
        let joined = joined.map_err(|defect| match (&defect, baseline) {
            (Defect::LabelsDisagree { .. }, Some(baseline)) => {
                other_positive(&set, candidate, baseline).unwrap_or(defect)
            }
            _ => defect,
        });
        gathered.sets.insert(set, joined);
    }
    for set in &needs.samples {
        let mut read = |role: &'static str, record: &SnapshotRecord| -> Result<Result<Vec<f64>, Defect>, VerbError> {
            let Some(found) = record.samples.iter().find(|s| &s.name == set) else {
                return Ok(Err(Defect::SetMissing { role, kind: "samples", set: set.clone() }));
            };
            let values = evidence::read_samples(tables.bytes(found.file)?, &found.path, &found.column);
            gathered.evidence.push(EvidenceRecord {
                role: role.to_owned(),
                kind: "samples".to_owned(),
                set: Some(set.clone()),
                sha256: found.file.digest(),
                rows: values.as_ref().map_or(0, |v| v.len() as u64),
            });
            Ok(values)
        };
        let ours = read("candidate", candidate)?;
        let theirs = baseline.map(|record| read("baseline", record)).transpose()?;
        gathered.samples.insert(set.clone(), (ours, theirs));
    }
    if needs.metrics {
        for (role, record) in [("candidate", Some(candidate)), ("baseline", baseline)] {
            let Some(record) = record else { continue };
            let bytes = canonical::encode("metrics", &record.metrics);
            gathered.evidence.push(EvidenceRecord {
                role: role.to_owned(),
                kind: "metrics".to_owned(),
                set: None,
                sha256: bytes.map_or_else(|_| Digest::of(b""), |b| Digest::of(&b)),
                rows: record.metrics.len() as u64,
            });
        }
    }
    Ok(gathered)
}

/// Labels disagree in every row where the two models call another one positive.
fn other_positive(set: &SetName, candidate: &SnapshotRecord, baseline: &SnapshotRecord) -> Option<Defect> {
    let positive = |record: &SnapshotRecord| {
        record
            .predictions
            .iter()
            .find(|p| &p.name == set)
            .and_then(|p| p.columns.positive.as_ref())
            .map(ToString::to_string)
    };
    let (candidate, baseline) = (positive(candidate)?, positive(baseline)?);
    (candidate != baseline).then(|| Defect::OtherPositive { set: set.clone(), candidate, baseline })
}

fn read_predictions(
    tables: &Tables<'_>,
    found: &PredictionsRecord,
    task: Task,
    extra: &[String],
) -> Result<Result<PredictionTable, Defect>, VerbError> {
    Ok(evidence::read_predictions(tables.bytes(found.file)?, &found.path, &found.columns, task, extra))
}

/// Weights and clusters change every interval; a verdict that ignored them would not be the one asked for.
fn refuse_unread_columns(found: &PredictionsRecord) -> Result<(), VerbError> {
    let columns = &found.columns;
    let asked = [("weight", columns.weight.is_some()), ("cluster", columns.cluster.is_some())];
    match asked.iter().find(|(_, asked)| *asked) {
        None => Ok(()),
        Some((what, _)) => {
            Err(VerbError::NotEnforced { what: format!("`{what}` of the predictions `{}`", found.name), plural: false })
        }
    }
}
