//! Predictions of both sides, read and compared: metrics with intervals, and what changed row by row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Looked, Pair};
use crate::certify::{self, Terms};
use crate::compare::{Change, Diff, PredictionsDiff, RowsCompared, Section, SetMetrics};
use crate::evidence::{self, Asked, Overlap};
use crate::format::policy::Task;
use crate::format::snapshot::{PredictionsRecord, SnapshotRecord};
use crate::name::SetName;
use crate::ops::judging::evidence::{Tables, unnamed_set};
use crate::ops::{VerbError, attached, chain, erasures};
use crate::store::StoreError;

/// Compares every predictions set that is not the same. Only sets that both have and that differ are read.
pub(super) fn compare(pair: &Pair<'_>, diff: &mut Diff) -> Result<(), VerbError> {
    if !pair.sections.has(Section::Metrics) && !pair.sections.has(Section::Predictions) {
        return Ok(());
    }
    let (a, b) = (evidence_of(pair, pair.a)?, evidence_of(pair, pair.b)?);
    let find = |record: &'_ SnapshotRecord, set: &SetName| record.predictions.iter().find(|p| p.name == *set).cloned();
    let names: BTreeSet<&SetName> = a.predictions.iter().chain(&b.predictions).map(|set| &set.name).collect();
    let mut tables = Tables { store: pair.repository.store(), workspace: HashMap::new(), erased: HashMap::new() };
    for (looked, record) in [(pair.a, &a), (pair.b, &b)] {
        tables.workspace.extend(looked.evidence.clone());
        if let Some(found) = &looked.found {
            tables.erased.extend(erasures::evidence(&found.state, found.row.version, record));
        }
    }
    let unnamed = unnamed_set(&b, Some(&a));
    for set in names {
        let (change, read) = match (find(&a, set), find(&b, set)) {
            (Some(old), Some(new)) if old.file == new.file && old.columns == new.columns => continue,
            (Some(old), Some(new)) => (Change::Changed, Some((old, new))),
            (Some(_), None) => (Change::Removed, None),
            (None, _) => (Change::Added, None),
        };
        let Some((old, new)) = read else {
            diff.predictions.push(PredictionsDiff { set: set.clone(), change, task: None, rows: None });
            continue;
        };
        let terms = Sets { pair, tables: &tables, set, unnamed: unnamed == Some(set) };
        let (task, metrics, rows) = match terms.read(&old, &new)? {
            Ok((policy_terms, overlap)) => {
                let (metrics, rows) = terms.compared(&policy_terms, overlap);
                (Some(policy_terms.task), metrics, rows)
            }
            Err(reason) => (None, Err(reason.clone()), Err(reason)),
        };
        if pair.sections.has(Section::Metrics) {
            let Terms { confidence, tails, .. } =
                pair.policy.map_or_else(|| Terms::without_rules(Task::Binary), Terms::of);
            diff.measured.push(SetMetrics { set: set.clone(), confidence, tails, metrics });
        }
        diff.predictions.push(PredictionsDiff { set: set.clone(), change, task, rows: Some(rows) });
    }
    Ok(())
}

/// A side's record, with what was attached to it since.
pub(super) fn evidence_of(pair: &Pair<'_>, looked: &Looked) -> Result<SnapshotRecord, VerbError> {
    match &looked.found {
        Some(found) => attached::judged(pair.repository, &found.state, &found.row),
        None => Ok(looked.side.record.clone()),
    }
}

/// One set on both sides.
struct Sets<'p> {
    pair: &'p Pair<'p>,
    tables: &'p Tables<'p>,
    set: &'p SetName,
    /// Whether rules that name no set mean this one.
    unnamed: bool,
}

type Compared = (Result<Vec<certify::ComparedMetric>, String>, Result<RowsCompared, String>);

impl<'p> Sets<'p> {
    /// The rows of both, and how they are to be compared; or why they cannot be.
    fn read(
        &self,
        old: &PredictionsRecord,
        new: &PredictionsRecord,
    ) -> Result<Result<(Terms<'p>, Overlap), String>, VerbError> {
        let (theirs, ours) = match (self.bytes(old)?, self.bytes(new)?) {
            (Ok(theirs), Ok(ours)) => (theirs, ours),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
        };
        let terms = match self.pair.policy {
            Some(policy) => Terms::of(policy),
            None => match evidence::task_of(&ours, &new.path, &new.columns)
                .or_else(|| evidence::task_of(&theirs, &old.path, &old.columns))
            {
                Some(task) => Terms::without_rules(task),
                None => {
                    let reason =
                        "whether these are classes, numbers or words is not known: a policy says which task it is";
                    return Ok(Err(reason.to_owned()));
                }
            },
        };
        let [slices, numbers] = self.columns();
        let asked = |like| Asked { slices: &slices, numbers: &numbers, if_there: true, like };
        let read = |bytes, record: &PredictionsRecord, asked: &Asked<'_>| {
            evidence::read_predictions_asked(bytes, &record.path, &record.columns, terms.task, asked)
        };
        let (a, b) = (&self.pair.a.side.name, &self.pair.b.side.name);
        let ours = match read(ours, new, &asked(None)) {
            Ok(ours) => ours,
            Err(defect) => return Ok(Err(format!("{b}: {defect}"))),
        };
        let theirs = match read(theirs, old, &asked(Some(&ours))) {
            Ok(theirs) => theirs,
            Err(defect) => return Ok(Err(format!("{a}: {defect}"))),
        };
        let overlap = evidence::overlap(self.set, terms.task, ours, theirs, terms.coverage);
        Ok(overlap.map(|overlap| (terms, overlap)).map_err(|defect| defect.to_string()))
    }

    /// The bytes of a table, or why they are gone.
    fn bytes(&self, record: &PredictionsRecord) -> Result<Result<Vec<u8>, String>, VerbError> {
        match self.tables.bytes(record.file) {
            Ok(bytes) => Ok(Ok(bytes)),
            Err(error @ VerbError::Erased { .. }) => Ok(Err(chain(&error))),
            Err(VerbError::Store(StoreError::Missing { .. })) => {
                Ok(Err(format!("the bytes of `{}` are not in the store any more", record.path)))
            }
            Err(other) => Err(other),
        }
    }

    /// What rules on this set slice by, and the columns of numbers they ask for.
    fn columns(&self) -> [Vec<String>; 2] {
        let needs = self.pair.policy.map(certify::needs).unwrap_or_default();
        let of = |wanted: &BTreeMap<Option<SetName>, BTreeSet<String>>| {
            let mine = wanted.iter().filter(|(set, _)| set.as_ref().map_or(self.unnamed, |set| set == self.set));
            mine.flat_map(|(_, columns)| columns.iter().cloned()).collect::<BTreeSet<_>>().into_iter().collect()
        };
        [of(&needs.predictions), of(&needs.numbers)]
    }

    fn compared(&self, terms: &Terms<'_>, overlap: Overlap) -> Compared {
        let Overlap { both, only_candidate, only_baseline, relabelled, unfit, rows } = overlap;
        let sections = self.pair.sections;
        let metrics = || match (&unfit, &rows) {
            (Some(defect), _) | (None, Err(defect)) => Err(defect.to_string()),
            (None, Ok(joined)) if sections.has(Section::Metrics) => {
                Ok(certify::compared_metrics(joined, terms, self.unnamed))
            }
            (None, Ok(_)) => Ok(Vec::new()),
        };
        let answers = || match &rows {
            Ok(joined) if sections.has(Section::Predictions) => Ok(certify::changed_answers(joined, terms)),
            Ok(_) => Err("nobody asked".to_owned()),
            Err(defect) => Err(defect.to_string()),
        };
        let (metrics, answers) = rayon::join(metrics, answers);
        (metrics, Ok(RowsCompared { both, only_a: only_baseline, only_b: only_candidate, relabelled, answers }))
    }
}
