//! The stored predictions of a version and of what it is compared with, set by set: read, joined, and what they show.

use std::collections::{BTreeSet, HashMap};

use super::super::chain;
use super::curves;
use super::slices::{self, Sliceable};
use crate::certify;
use crate::certify::wording::count;
use crate::evidence::{self, Asked, PredictionTable};
use crate::format::policy::{PolicyRecord, Task};
use crate::format::snapshot::{PredictionColumns, PredictionsRecord, SnapshotRecord};
use crate::id::FileId;
use crate::name::SetName;
use crate::ops::judging::evidence as stored_evidence;
use crate::page::report::Quality;
use crate::store::Store;

/// The share of rows that both models must have to be drawn on the same rows.
const COVERAGE: f64 = 0.5;
/// Larger tables are not searched for columns that might be slices: 64 MiB.
const LARGEST_SEARCHED: usize = 64 << 20;

/// A version, as far as its evidence goes.
pub(super) struct Side<'a> {
    /// What it is called.
    pub(super) label: String,
    /// Its record, with what was attached to it.
    pub(super) record: &'a SnapshotRecord,
    /// The how many-th of the page's models it is.
    pub(super) place: usize,
    /// Its tables that were erased: version, path and why.
    pub(super) erased: HashMap<FileId, (String, String, String)>,
}

/// Where tables come from.
pub(super) struct Tables<'a> {
    pub(super) store: &'a Store,
    /// Larger ones are not read.
    pub(super) largest: u64,
    /// Whether many versions are told of: what takes long is left to a version's own report.
    pub(super) quick: bool,
}

impl Tables<'_> {
    /// The bytes of a table, or why they are not read.
    pub(super) fn bytes(&self, side: &Side<'_>, file: FileId, size: u64) -> Result<Vec<u8>, String> {
        if let Some((_, path, why)) = side.erased.get(&file) {
            return Err(format!("`{path}` was {why}"));
        }
        if size > self.largest {
            let most = self.largest >> 20;
            return Err(format!("its table has more than {most} MiB; `mlrun report {}` draws it", side.label));
        }
        self.store.file(file, stored_evidence::MAX_TABLE).map_err(|error| chain(&error))
    }
}

/// Of every set of the version. `policy` is what it was judged by, or would be.
pub(super) fn quality(
    tables: &Tables<'_>,
    policy: Option<&PolicyRecord>,
    own: &Side<'_>,
    other: Option<&Side<'_>>,
) -> Vec<Quality> {
    let unnamed = stored_evidence::unnamed_set(own.record, other.map(|other| other.record));
    let mut sets: Vec<&PredictionsRecord> = Vec::new();
    for set in own.record.predictions.iter().rev() {
        if !sets.iter().any(|known| known.name == set.name) {
            sets.insert(0, set);
        }
    }
    let of = |set| OfSet { tables, policy, set, is_unnamed: unnamed == Some(&set.name) }.quality(own, other);
    sets.into_iter().map(of).collect()
}

/// A set of the version.
struct OfSet<'a> {
    tables: &'a Tables<'a>,
    policy: Option<&'a PolicyRecord>,
    set: &'a PredictionsRecord,
    /// Whether rules that name no set are about this one.
    is_unnamed: bool,
}

impl OfSet<'_> {
    /// The rows, of both models where that can be.
    fn quality(&self, own: &Side<'_>, other: Option<&Side<'_>>) -> Quality {
        let Self { set, policy, .. } = self;
        let mut quality = Quality { set: set.name.to_string(), ..Quality::default() };
        let (task, ours) = match self.read(policy.map(|policy| policy.task), set, own, true) {
            Ok(found) => found,
            Err(why) => {
                quality.notes.push(format!("{}: {why}", own.label));
                return quality;
            }
        };
        let theirs = other.and_then(|other| {
            let Some(found) = other.record.predictions.iter().rev().find(|known| known.name == set.name) else {
                quality.notes.push(format!("{} has no such set", other.label));
                return None;
            };
            match self.read(Some(task), found, other, false) {
                Ok((_, table)) => Some(table),
                Err(why) => {
                    quality.notes.push(format!("{}: {why}", other.label));
                    None
                }
            }
        });
        let joined = match theirs {
            None => evidence::join(&set.name, task, ours, None),
            Some(theirs) => {
                evidence::join_covering(&set.name, task, ours.clone(), Some(theirs), COVERAGE).or_else(|defect| {
                    quality.notes.push(format!("only {} is drawn: {defect}", own.label));
                    evidence::join(&set.name, task, ours, None)
                })
            }
        };
        let joined = match joined {
            Ok(joined) => joined,
            Err(defect) => {
                quality.notes.push(defect.to_string());
                return quality;
            }
        };
        quality.rows = joined.keys.len() as u64;
        if joined.only_candidate + joined.only_baseline > 0 {
            quality.notes.push(format!(
                "left out: {} that only one of the two models has",
                count(joined.only_candidate + joined.only_baseline, "row")
            ));
        }
        let mut models = vec![(own, &joined.candidate)];
        models.extend(other.zip(joined.baseline.as_ref()));
        quality.curves = curves::of_rows(&joined, &models);
        if quality.curves.is_empty() {
            quality
                .notes
                .push(format!("no curve is drawn of a {} task without scores, probabilities or numbers", task.name()));
        }
        let sliceable = Sliceable { joined: &joined, task, policy: *policy, is_unnamed: self.is_unnamed };
        match slices::of_rows(&sliceable, own, other, self.tables.quick) {
            Ok(found) => quality.slices = found,
            Err(why) => quality.notes.push(why),
        }
        quality
    }

    /// A table, by the task it was judged by; without one, by that of which it can be read. Which rows are in which slice is for the
    /// version to say.
    fn read(
        &self,
        task: Option<Task>,
        set: &PredictionsRecord,
        side: &Side<'_>,
        with_slices: bool,
    ) -> Result<(Task, PredictionTable), String> {
        let bytes = self.tables.bytes(side, set.file, set.size)?;
        let attempts = task.map_or_else(|| likely(&set.columns), |task| vec![task]);
        let slices = if with_slices { self.slices(&bytes) } else { Vec::new() };
        let asked = Asked { slices: &slices, if_there: true, ..Asked::default() };
        let mut why = "nothing says what it predicts".to_owned();
        for task in attempts {
            match evidence::read_predictions_asked(bytes.clone(), &set.path, &set.columns, task, &asked) {
                Ok(table) => return Ok((task, table)),
                Err(defect) => why = defect.to_string(),
            }
        }
        Err(why)
    }

    /// Columns that sort rows into slices, beyond those that were declared: those that rules name; where there are none at all, those
    /// that look like it.
    fn slices(&self, bytes: &[u8]) -> Vec<String> {
        let needs = self.policy.map(certify::needs).unwrap_or_default();
        let is_meant = |set: &Option<SetName>| match set {
            Some(set) => *set == self.set.name,
            None => self.is_unnamed,
        };
        let of_rules = needs.predictions.iter().filter(|(set, _)| is_meant(set)).flat_map(|(_, columns)| columns);
        let of_rules: BTreeSet<String> = of_rules.cloned().collect();
        if of_rules.is_empty() && self.set.columns.slices.is_empty() && bytes.len() <= LARGEST_SEARCHED {
            return evidence::likely_slices(bytes, &self.set.path, &self.set.columns);
        }
        let declared = &self.set.columns.slices;
        of_rules.into_iter().filter(|column| !declared.contains(column)).collect()
    }
}

/// What a set may be of whose columns have these roles.
fn likely(columns: &PredictionColumns) -> Vec<Task> {
    if !columns.scores.is_empty() {
        vec![Task::Multiclass]
    } else if columns.group.is_some() {
        vec![Task::Ranking]
    } else if columns.score.is_some() {
        vec![Task::Binary]
    } else {
        vec![Task::Regression, Task::Multiclass]
    }
}
