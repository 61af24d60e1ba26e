//! Whether the held-out rows are those that the baseline was judged on: a candidate that brings rows of its own is not measured on
//! them.
//!
//! They are, if the file is the one that the baseline recorded as data of that name; or if it has the keys and labels of the
//! baseline's predictions: a column more for the model to look at makes no other test set. Who wants another test set says so: it
//! gets another name as `input` and `set`, which are rules, and the baseline's predictions of it are attached to the baseline.

use super::Wanted;
use super::found::Found;
use crate::digest::Digest;
use crate::evidence;
use crate::format::snapshot::{DataRecord, PredictionColumns, PredictionsRecord};
use crate::ops::VerbError;
use crate::ops::judging::evidence::{MAX_TABLE, read_table};
use crate::table::TableFormat;

/// What the held-out rows are to the baseline.
pub(super) enum Held {
    /// What it recorded; or there is no baseline.
    Same,
    /// Another file with the same keys and labels.
    SameRows {
        /// What a reader should know.
        remark: String,
    },
    /// Others.
    Other {
        /// What they are.
        why: String,
    },
}

/// Holds the candidate's rows against the baseline's.
pub(super) fn hold(wanted: &Wanted<'_>, data: &DataRecord, found: &Found) -> Result<Held, VerbError> {
    let Some(baseline) = wanted.baseline else { return Ok(Held::Same) };
    let theirs = baseline.record.data.iter().find(|known| known.name == data.name);
    let recorded = theirs.and_then(|theirs| theirs.sha256);
    if data.sha256.is_some() && data.sha256 == recorded {
        return Ok(Held::Same);
    }
    let digest = |digest: Option<Digest>| digest.map_or_else(|| "no digest".to_owned(), |digest| digest.to_string());
    let there = match theirs {
        Some(_) => format!("{} has {}", baseline.label, digest(recorded)),
        None => format!("{} has recorded none of that name", baseline.label),
    };
    let differ = format!("{} here, {there}", digest(data.sha256));
    Ok(match same_rows(wanted, baseline.record.predictions.as_slice(), found)? {
        Ok(()) => Held::SameRows {
            remark: format!(
                "the held-out rows `{}` are another file than the baseline's ({differ}) with the same keys and labels",
                data.name
            ),
        },
        Err(reason) => Held::Other {
            why: format!(
                "they are not the baseline's: {differ}; {reason}; other rows on purpose take another name as `input` and as `set`, and the baseline's predictions of them attached to {}",
                baseline.label
            ),
        },
    })
}

/// Whether a table has the keys and the labels of what the baseline predicted.
fn same_rows(wanted: &Wanted<'_>, known: &[PredictionsRecord], found: &Found) -> Result<Result<(), String>, VerbError> {
    let recorded = match (&wanted.policy.predict, wanted.baseline, known) {
        (Some(predict), Some(baseline), _) => baseline.record.predictions_of(&predict.set),
        (None, _, [only]) => Some(only),
        _ => None,
    };
    let Some(recorded) = recorded else {
        return Ok(Err("it has no predictions to know their keys and labels by".to_owned()));
    };
    let [file] = found.files.as_slice() else { return Ok(Err("they are more files than one".to_owned())) };
    let Some(id) = file.id.filter(|_| TableFormat::of(&file.path).is_some()) else {
        return Ok(Err("they are no table".to_owned()));
    };
    let ours = match found.from.get(&id) {
        Some(place) => read_table(place)?,
        None => wanted.repository.store().file(id, MAX_TABLE)?,
    };
    let theirs = match wanted.tables.bytes(recorded.file) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let (columns, task) = (truth(&recorded.columns), wanted.policy.task);
    let read = |bytes, path: &str| evidence::read_predictions(bytes, path, &columns, task, &[]);
    let joined = read(ours, &file.path)
        .and_then(|ours| evidence::join(&recorded.name, task, ours, Some(read(theirs, &recorded.path)?)));
    Ok(joined.map(drop).map_err(|defect| defect.to_string()))
}

/// What tells rows apart, and what is true of them.
pub(super) fn truth(columns: &PredictionColumns) -> PredictionColumns {
    PredictionColumns {
        key: columns.key.clone(),
        label: columns.label.clone(),
        positive: columns.positive.clone(),
        ..PredictionColumns::default()
    }
}
