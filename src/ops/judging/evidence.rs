//! Fetching what a policy rests on, from stored versions or, for a look at the workspace, from its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::bounded;
use crate::certify::{CaseRows, Needs, Samples};
use crate::digest::Digest;
use crate::evidence::{self, Asked, Defect, JoinedRows, PredictionTable};
use crate::format::canonical;
use crate::format::cases::NumberedCaseRecord;
use crate::format::certificate::EvidenceRecord;
use crate::format::policy::Task;
use crate::format::snapshot::SnapshotRecord;
use crate::id::FileId;
use crate::name::SetName;
use crate::ops::VerbError;
use crate::store::{Store, StoreError};

/// No table of evidence is longer: 8 GiB.
pub(in crate::ops) const MAX_TABLE: u64 = 8 << 30;

/// A table of evidence that lies on the disk.
pub(in crate::ops) fn read_table(path: &Path) -> Result<Vec<u8>, VerbError> {
    let failed = |source| VerbError::Io { action: "read", path: path.to_path_buf(), source };
    bounded::read(path, MAX_TABLE).map_err(failed)
}

/// Where the bytes of evidence are.
pub(in crate::ops) struct Tables<'a> {
    /// Those of versions.
    pub store: &'a Store,
    /// Those of the workspace.
    pub workspace: HashMap<FileId, PathBuf>,
    /// Those that were erased: version, path and why.
    pub erased: HashMap<FileId, (String, String, String)>,
}

impl Tables<'_> {
    pub(in crate::ops) fn bytes(&self, id: FileId) -> Result<Vec<u8>, VerbError> {
        match self.workspace.get(&id) {
            Some(path) => read_table(path),
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
pub(in crate::ops) struct Gathered {
    /// Predictions, joined where both models have the set.
    pub sets: BTreeMap<SetName, Result<JoinedRows, Defect>>,
    /// Samples.
    pub samples: BTreeMap<SetName, Samples>,
    /// What was read.
    pub evidence: Vec<EvidenceRecord>,
    /// The candidate's rows that are regression cases.
    pub case_rows: BTreeMap<SetName, CaseRows>,
    /// What is odd about what was read, and decides nothing.
    pub remarks: Vec<String>,
}

/// Reads what `needs` names.
pub(in crate::ops) fn gather(
    tables: &Tables<'_>,
    needs: &Needs,
    task: Task,
    candidate: &SnapshotRecord,
    baseline: Option<&SnapshotRecord>,
    cases: &[NumberedCaseRecord],
) -> Result<Gathered, VerbError> {
    let mut gathered = Gathered::default();
    let only = unnamed_set(candidate, baseline);
    // What rules slice by, and the numbers they ask for.
    let mut columns: BTreeMap<SetName, [BTreeSet<String>; 2]> = BTreeMap::new();
    for (kind, wanted) in [&needs.predictions, &needs.numbers].into_iter().enumerate() {
        for (set, wanted) in wanted {
            if let Some(set) = set.as_ref().or(only) {
                columns.entry(set.clone()).or_default()[kind].extend(wanted.iter().cloned());
            }
        }
    }
    let judged: BTreeSet<SetName> = columns.keys().cloned().collect();
    for one in cases {
        columns.entry(one.set.clone()).or_default();
    }
    for (set, wanted) in columns {
        let [slices, numbers] = wanted.map(|columns| columns.into_iter().collect::<Vec<String>>());
        let mut read = |role: &'static str,
                        record: &SnapshotRecord,
                        like: Option<&PredictionTable>|
         -> Result<Result<PredictionTable, Defect>, VerbError> {
            let Some(found) = record.predictions_of(&set) else {
                return Ok(Err(Defect::SetMissing { role, kind: "predictions", set: set.clone() }));
            };
            let if_there = role == "baseline";
            let asked = Asked { slices: &slices, numbers: &numbers, if_there, like };
            let bytes = tables.bytes(found.file)?;
            let table = evidence::read_predictions_asked(bytes, &found.path, &found.columns, task, &asked);
            gathered.evidence.push(EvidenceRecord {
                role: role.to_owned(),
                kind: "predictions".to_owned(),
                set: Some(set.clone()),
                sha256: found.file.digest(),
                rows: table.as_ref().map_or(0, |t| t.rows() as u64),
                origin: None,
            });
            Ok(table)
        };
        let ours = read("candidate", candidate, None)?;
        let keys = case_keys(cases, &set);
        if !keys.is_empty() {
            gathered.case_rows.insert(set.clone(), case_rows(candidate, &set, task, &ours, &keys));
        }
        if !judged.contains(&set) {
            continue;
        }
        let theirs = baseline.map(|record| read("baseline", record, ours.as_ref().ok())).transpose()?;
        // Where the baseline has the column, too, the join sees to it that both say the same.
        if let Some(Ok(theirs)) = &theirs {
            gathered.remarks.extend(theirs.without(&slices).into_iter().map(|column| {
                format!("only the candidate's `{set}` has the column `{column}`: it alone says which rows are in which slice")
            }));
        }
        let joined = ours.and_then(|ours| match theirs {
            None => evidence::join(&set, task, ours, None),
            // Floors and ceilings can be judged without the baseline's rows; comparisons cannot, and say so.
            Some(Err(Defect::SetMissing { .. })) => evidence::join(&set, task, ours, None),
            Some(theirs) => {
                let coverage = needs.min_coverage.unwrap_or(1.0);
                evidence::join_covering(&set, task, ours, Some(theirs?), coverage)
            }
        });
        gathered.remarks.extend(other_names(&set, candidate, baseline));
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
                origin: None,
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
                origin: None,
            });
        }
    }
    Ok(gathered)
}

/// The set that rules mean which name none: the candidate's only one; of several, the only one the baseline has too. Evidence
/// that is added to a version later does not make a policy ambiguous.
pub(in crate::ops) fn unnamed_set<'r>(
    candidate: &'r SnapshotRecord,
    baseline: Option<&SnapshotRecord>,
) -> Option<&'r SetName> {
    let only = |known: Vec<&'r SetName>| known.first().copied().filter(|_| known.len() == 1);
    let theirs = |set: &SetName| baseline.is_some_and(|record| record.predictions.iter().any(|p| p.name == *set));
    let ours: Vec<&SetName> = candidate.predictions.iter().map(|p| &p.name).collect();
    let both = ours.iter().copied().filter(|set| theirs(set)).collect();
    only(ours).or_else(|| only(both))
}

/// The keys of the cases of a set.
fn case_keys(cases: &[NumberedCaseRecord], set: &SetName) -> Vec<Vec<String>> {
    cases.iter().filter(|one| one.set == *set).map(|one| one.case.key.clone()).collect()
}

/// The rows with these keys, whatever the baseline has: a set may have grown by the very rows that are cases.
fn case_rows(
    candidate: &SnapshotRecord,
    set: &SetName,
    task: Task,
    table: &Result<PredictionTable, Defect>,
    keys: &[Vec<String>],
) -> CaseRows {
    let joined = table.as_ref().map_err(Clone::clone).and_then(|table| evidence::join(set, task, table.clone(), None));
    let found = candidate.predictions_of(set);
    CaseRows {
        rows: joined.map(|joined| joined.only(keys)),
        positive: found.and_then(|found| found.columns.positive.clone()),
    }
}

/// Columns of one role that both models call otherwise: what they hold is compared, and that it has another name is said.
fn other_names(set: &SetName, candidate: &SnapshotRecord, baseline: Option<&SnapshotRecord>) -> Option<String> {
    let columns = |record: &'_ SnapshotRecord| record.predictions_of(set).map(|p| p.columns.clone());
    let (ours, theirs) = (columns(candidate)?, columns(baseline?)?);
    let roles = [
        ("key", Some(ours.key.join(", ")), Some(theirs.key.join(", "))),
        ("label", Some(ours.label), Some(theirs.label)),
        ("weight", ours.weight, theirs.weight),
        ("cluster", ours.cluster, theirs.cluster),
        ("group", ours.group, theirs.group),
    ];
    let named = |name: Option<String>| name.map_or_else(|| "none".to_owned(), |name| format!("`{name}`"));
    let differ: Vec<String> = roles
        .into_iter()
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(role, ours, theirs)| format!("the {role} is {}, the baseline's {}", named(ours), named(theirs)))
        .collect();
    (!differ.is_empty()).then(|| format!("in `{set}` {}", differ.join("; ")))
}
