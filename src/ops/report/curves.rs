//! What the stored predictions of a version and of what it is compared with show, set by set.

use std::collections::HashMap;

use super::super::chain;
use crate::certify::wording::count;
use crate::evidence::{self, JoinedRows, PredictedColumns, PredictionTable, TruthColumn};
use crate::format::policy::Task;
use crate::format::snapshot::{PredictionColumns, PredictionsRecord, SnapshotRecord};
use crate::id::FileId;
use crate::measure::curves::{self, Area};
use crate::ops::judging::evidence as stored_evidence;
use crate::page::report::{Curve, CurveKind, CurveLine, Quality};
use crate::store::Store;

/// Points of a line, and dots of a cloud.
const POINTS: usize = 200;
const DOTS: usize = 300;
/// Bins of a calibration curve.
const BINS: u32 = 10;
/// Classes that have curves of their own; of more there is their mean.
const FEW_CLASSES: usize = 4;
/// Steps of a mean of curves.
const STEPS: u32 = 100;
/// The share of rows that both models must have to be drawn on the same rows.
const COVERAGE: f64 = 0.5;
/// The share of the largest errors that no chart shows.
const BEYOND: f64 = 0.01;

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

/// Of every set of the version; `task` is what its rules say it does.
pub(super) fn quality(
    tables: &Tables<'_>,
    task: Option<Task>,
    own: &Side<'_>,
    other: Option<&Side<'_>>,
) -> Vec<Quality> {
    let mut sets: Vec<&PredictionsRecord> = Vec::new();
    for set in own.record.predictions.iter().rev() {
        if !sets.iter().any(|known| known.name == set.name) {
            sets.insert(0, set);
        }
    }
    sets.into_iter().map(|set| of_set(tables, task, set, own, other)).collect()
}

/// The rows of a set, of both models where that can be.
fn of_set(
    tables: &Tables<'_>,
    task: Option<Task>,
    set: &PredictionsRecord,
    own: &Side<'_>,
    other: Option<&Side<'_>>,
) -> Quality {
    let mut quality = Quality { set: set.name.to_string(), ..Quality::default() };
    let (task, ours) = match read(tables, task, set, own) {
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
        match read(tables, Some(task), found, other) {
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
    match joined {
        Err(defect) => quality.notes.push(defect.to_string()),
        Ok(joined) => {
            quality.rows = joined.keys.len() as u64;
            if joined.only_candidate + joined.only_baseline > 0 {
                quality.notes.push(format!(
                    "left out: {} that only one of the two models has",
                    count(joined.only_candidate + joined.only_baseline, "row")
                ));
            }
            let mut models = vec![(own, &joined.candidate)];
            models.extend(other.zip(joined.baseline.as_ref()));
            quality.curves = of_rows(&joined, &models);
            if quality.curves.is_empty() {
                quality.notes.push(format!(
                    "no curve is drawn of a {} task without scores, probabilities or numbers",
                    task.name()
                ));
            }
        }
    }
    quality
}

/// A table, by the task it was judged by; without one, by that of which it can be read.
fn read(
    tables: &Tables<'_>,
    task: Option<Task>,
    set: &PredictionsRecord,
    side: &Side<'_>,
) -> Result<(Task, PredictionTable), String> {
    let bytes = tables.bytes(side, set.file, set.size)?;
    let attempts = task.map_or_else(|| likely(&set.columns), |task| vec![task]);
    let mut why = "nothing says what it predicts".to_owned();
    for task in attempts {
        match evidence::read_predictions(bytes.clone(), &set.path, &set.columns, task, &[]) {
            Ok(table) => return Ok((task, table)),
            Err(defect) => why = defect.to_string(),
        }
    }
    Err(why)
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

type Model<'m, 'a> = (&'m Side<'a>, &'m PredictedColumns);

fn of_rows(rows: &JoinedRows, models: &[Model<'_, '_>]) -> Vec<Curve> {
    match &rows.truth {
        TruthColumn::Binary(truth) => of_scores(rows, truth, models),
        TruthColumn::Classes { labels, names } => of_classes(rows, labels, names, models),
        TruthColumn::Real(truth) => of_values(truth, models),
        TruthColumn::Relevance(_) | TruthColumn::Texts(_) => Vec::new(),
    }
}

/// A curve of those models that have a line.
fn curve(kind: CurveKind, of: Option<&str>, lines: Vec<CurveLine>) -> Option<Curve> {
    (!lines.is_empty()).then(|| Curve { kind, of: of.map(str::to_owned), lines })
}

fn line(side: &Side<'_>, points: Vec<(f64, f64)>, number: Option<(&'static str, f64)>) -> CurveLine {
    CurveLine { model: side.label.clone(), place: side.place, points, number }
}

fn roc(side: &Side<'_>, points: &[(f64, f64)]) -> CurveLine {
    line(side, curves::thinned(points, POINTS), Some(("AUC", points.area())))
}

fn precision_recall(side: &Side<'_>, points: &[(f64, f64)]) -> CurveLine {
    line(side, curves::thinned(points, POINTS), Some(("AP", curves::average_precision(points))))
}

fn calibration(side: &Side<'_>, happened: &[bool], p: &[f64], weights: Option<&[f64]>) -> Option<CurveLine> {
    let bins = curves::reliability(happened, p, weights, BINS).ok()?;
    Some(line(side, bins.iter().map(|bin| (bin.predicted, bin.happened)).collect(), None))
}

fn of_scores(rows: &JoinedRows, truth: &[bool], models: &[Model<'_, '_>]) -> Vec<Curve> {
    let weights = rows.weights.as_deref();
    let scored = || models.iter().filter_map(|(side, columns)| Some((*side, columns.scores.as_deref()?)));
    let of_roc = scored().filter_map(|(side, scores)| Some(roc(side, &curves::roc(truth, scores, weights).ok()?)));
    let of_pr = scored().filter_map(|(side, scores)| {
        Some(precision_recall(side, &curves::precision_recall(truth, scores, weights).ok()?))
    });
    let calibrated = scored().filter_map(|(side, scores)| calibration(side, truth, scores, weights));
    [
        curve(CurveKind::Roc, None, of_roc.collect()),
        curve(CurveKind::PrecisionRecall, None, of_pr.collect()),
        curve(CurveKind::Calibration, None, calibrated.collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each class against the rest where they are few, else the mean of all.
fn of_classes(rows: &JoinedRows, labels: &[u32], names: &[String], models: &[Model<'_, '_>]) -> Vec<Curve> {
    let weights = rows.weights.as_deref();
    let mut found = Vec::new();
    let columns = || models.iter().filter_map(|(side, columns)| Some((*side, columns.probabilities.as_ref()?)));
    let is = |class: usize| -> Vec<bool> { labels.iter().map(|label| *label as usize == class).collect() };
    if names.len() <= FEW_CLASSES {
        for (class, name) in names.iter().enumerate() {
            let truth = is(class);
            let scored = || columns().filter_map(|(side, columns)| Some((side, columns.get(class)?)));
            let of_roc = scored().filter_map(|(side, p)| Some(roc(side, &curves::roc(&truth, p, weights).ok()?)));
            found.extend(curve(CurveKind::Roc, Some(name), of_roc.collect()));
            let of_pr = scored().filter_map(|(side, p)| {
                Some(precision_recall(side, &curves::precision_recall(&truth, p, weights).ok()?))
            });
            found.extend(curve(CurveKind::PrecisionRecall, Some(name), of_pr.collect()));
        }
    } else {
        let mean = columns().filter_map(|(side, columns)| {
            let one = |(class, p): (usize, &Vec<f64>)| curves::roc(&is(class), p, weights).ok();
            let each: Vec<Vec<(f64, f64)>> = columns.iter().enumerate().filter_map(one).collect();
            let areas: f64 = each.iter().map(|points| points.area()).sum();
            let points = curves::macro_average(&each, STEPS);
            (!points.is_empty()).then(|| line(side, points, Some(("mean AUC", areas / each.len() as f64))))
        });
        found.extend(curve(CurveKind::Roc, Some("the mean class, each against the rest"), mean.collect()));
    }
    // Of several classes calibration is that of the one that is predicted.
    let confident = columns().filter_map(|(side, columns)| {
        let (mut p, mut right) = (Vec::with_capacity(labels.len()), Vec::with_capacity(labels.len()));
        for (row, label) in labels.iter().enumerate() {
            let (mut best, mut highest) = (0, f64::NEG_INFINITY);
            for (class, column) in columns.iter().enumerate() {
                let value = column.get(row).copied().unwrap_or(f64::NAN);
                if value > highest {
                    (best, highest) = (class, value);
                }
            }
            p.push(highest);
            right.push(best == *label as usize);
        }
        calibration(side, &right, &p, weights)
    });
    found.extend(curve(CurveKind::Calibration, Some("the predicted class"), confident.collect()));
    found
}

fn of_values(truth: &[f64], models: &[Model<'_, '_>]) -> Vec<Curve> {
    let valued = || models.iter().filter_map(|(side, columns)| Some((*side, columns.values.as_deref()?)));
    let errors = valued().map(|(side, values)| {
        let sizes: Vec<f64> = truth.iter().zip(values).map(|(truth, value)| (truth - value).abs()).collect();
        let median = curves::quantiles(&sizes, &[0.5]).first().map(|(_, value)| ("median", *value));
        line(side, curves::cumulative(&sizes, BEYOND, POINTS), median)
    });
    // Clouds of two models hide each other: the first is what the page is about.
    let cloud = |point: fn(f64, f64) -> (f64, f64)| -> Vec<CurveLine> {
        let of = |(side, values): (&Side<'_>, &[f64])| {
            let points: Vec<(f64, f64)> =
                truth.iter().zip(values).map(|(truth, value)| point(*truth, *value)).collect();
            line(side, curves::spread_out(&points, DOTS), None)
        };
        valued().take(1).map(of).collect()
    };
    [
        curve(CurveKind::Errors, None, errors.collect()),
        curve(CurveKind::Predicted, None, cloud(|truth, value| (truth, value))),
        curve(CurveKind::Residuals, None, cloud(|truth, value| (value, truth - value))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
