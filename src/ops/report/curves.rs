//! Curves of what models predicted, on the same rows.

use super::predictions::Side;
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use crate::measure::curves::{self, Area};
use crate::page::report::{Curve, CurveKind, CurveLine};

/// Points of a line, and dots of a cloud.
const POINTS: usize = 200;
const DOTS: usize = 300;
/// Bins of a calibration curve.
const BINS: u32 = 10;
/// Classes that have curves of their own; of more there is their mean.
const FEW_CLASSES: usize = 4;
/// Steps of a mean of curves.
const STEPS: u32 = 100;
/// The share of the largest errors that no chart shows.
const BEYOND: f64 = 0.01;

/// A model's answers.
pub(super) type Model<'m, 'a> = (&'m Side<'a>, &'m PredictedColumns);

/// What can be drawn of rows with such labels.
pub(super) fn of_rows(rows: &JoinedRows, models: &[Model<'_, '_>]) -> Vec<Curve> {
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

fn line(side: &Side<'_>, points: Vec<(f64, f64)>, numbers: impl IntoIterator<Item = (&'static str, f64)>) -> CurveLine {
    CurveLine { model: side.label.clone(), place: side.place, points, numbers: numbers.into_iter().collect() }
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
        let every = columns().filter_map(|(side, columns)| {
            let classes = curves::class_precision(labels, columns, weights).ok()?;
            let numbers = [("micro AP", classes.micro), ("macro AP", classes.macro_mean)];
            Some(line(side, curves::thinned(&classes.points, POINTS), numbers))
        });
        found.extend(curve(CurveKind::PrecisionRecall, Some("all classes, each against the rest"), every.collect()));
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
    // Clouds of two models hide each other: each has a chart of its own.
    let clouds = |kind: CurveKind, point: fn(f64, f64) -> (f64, f64)| -> Vec<Curve> {
        let of = |(side, values): (&Side<'_>, &[f64])| {
            let points: Vec<(f64, f64)> =
                truth.iter().zip(values).map(|(truth, value)| point(*truth, *value)).collect();
            curve(kind, Some(&side.label), vec![line(side, curves::spread_out(&points, DOTS), None)])
        };
        valued().filter_map(of).collect()
    };
    let errors = curve(CurveKind::Errors, None, errors.collect());
    let predicted = clouds(CurveKind::Predicted, |truth, value| (truth, value));
    let residuals = clouds(CurveKind::Residuals, |truth, value| (value, truth - value));
    errors.into_iter().chain(predicted).chain(residuals).collect()
}
