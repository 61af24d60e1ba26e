//! Predictions, set by set.

use mlrun::certify::{ChangedAnswers, NamedRow, SidesChanged, SliceChange, What};
use mlrun::compare::{Diff, PredictionsDiff, RowsCompared};
use serde_json::{Value, json};

pub(super) fn predictions(diff: &Diff) -> Value {
    diff.predictions.iter().map(of_set).collect()
}

fn of_set(set: &PredictionsDiff) -> Value {
    let found = set.rows.as_ref().and_then(|rows| rows.as_ref().ok());
    let answers = found.and_then(|found| found.answers.as_ref().ok());
    let sides = answers.and_then(|answers| answers.sides.as_ref().ok()?.as_ref());
    let of = |what: What| sides.filter(|sides| sides.what == what);
    json!({
        "set": set.set.as_str(),
        "change": set.change.name(),
        "task": set.task.map(|task| task.name()),
        "rows": found.map(rows),
        "agreement": answers.and_then(|answers| answers.agreement.as_ref().ok()),
        "flips": of(What::Flips).map(|sides| {
            json!({ "right_to_wrong": sides.worse, "wrong_to_right": sides.better, "net": net(sides) })
        }),
        "errors": of(What::Errors).map(|sides| {
            json!({ "further_off": sides.worse, "closer": sides.better, "net": net(sides) })
        }),
        "numbers": answers.and_then(|answers| answers.numbers).map(|numbers| {
            json!({ "of": numbers.of, "changed": numbers.changed, "mean_change": numbers.mean, "largest_change": numbers.largest })
        }),
        "slices": sides.map_or_else(Vec::new, |sides| sides.slices.iter().map(slice).collect()),
        "largest": answers.map_or_else(Vec::new, |answers| answers.largest.iter().map(row).collect()),
        "reason": reason(set, found, answers),
    })
}

fn rows(found: &RowsCompared) -> Value {
    json!({ "both": found.both, "only_a": found.only_a, "only_b": found.only_b, "labels_differ": found.relabelled })
}

fn net(sides: &SidesChanged) -> i128 {
    i128::from(sides.better) - i128::from(sides.worse)
}

fn slice(slice: &SliceChange) -> Value {
    json!({ "slice": slice.slice, "rows": slice.rows, "worse": slice.worse, "better": slice.better })
}

fn row(row: &NamedRow) -> Value {
    json!({ "key": row.key, "label": row.label, "a": row.baseline, "b": row.candidate, "worse": row.new })
}

/// Why something is not known.
fn reason<'a>(
    set: &'a PredictionsDiff,
    found: Option<&'a RowsCompared>,
    answers: Option<&'a ChangedAnswers>,
) -> Option<&'a String> {
    let rows = set.rows.as_ref().and_then(|rows| rows.as_ref().err());
    let rows = rows.or_else(|| found?.answers.as_ref().err());
    rows.or_else(|| answers?.sides.as_ref().err()).or_else(|| answers?.agreement.as_ref().err())
}
