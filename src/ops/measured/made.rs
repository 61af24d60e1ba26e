//! What a run made, looked at before it is evidence.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::Wanted;
use super::side::{Place, set_of};
use crate::digest::Digest;
use crate::evidence::{self, Defect, PredictionTable};
use crate::format::measurement::{LatencyRecord, Role};
use crate::format::snapshot::{PredictionColumns, PredictionsRecord};
use crate::id::FileId;
use crate::ops::VerbError;
use crate::ops::evidence::MAX_TABLE;
use crate::table::TableFormat;

/// Where a command writes how long its calls took, and the column of milliseconds.
pub(super) const TIMINGS: &str = "timings.csv";
const COLUMN: &str = "ms";
/// No table of times is longer.
const MAX_TIMINGS: u64 = 1 << 30;

/// A file that a run made.
pub(super) struct Output {
    pub id: FileId,
    pub size: u64,
}

/// Reads a file that a run made.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, VerbError> {
    let failed = |source| VerbError::Io { action: "read", path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_TABLE).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// The predictions that a run wrote.
///
/// # Errors
/// There are none, or too many.
pub(super) fn output(path: &Path) -> Result<Output, String> {
    // A link may lead anywhere, and a pipe never ends.
    match fs::symlink_metadata(path) {
        Err(_) => return Err("it wrote no output".to_owned()),
        Ok(data) if !data.is_file() => return Err("its output is no file".to_owned()),
        Ok(data) if data.len() > MAX_TABLE => return Err("its output is longer than 8 GiB".to_owned()),
        Ok(_) => {}
    }
    let unreadable = |error| format!("its output cannot be read: {error}");
    let (digest, size) = File::open(path).and_then(Digest::of_reader).map_err(unreadable)?;
    Ok(Output { id: FileId::new(digest), size })
}

/// Calls that a run timed, and the quantiles of them that rules ask for; none if it timed none.
pub(super) fn timings(folder: &Path, quantiles: &[f64]) -> Result<Option<(u64, Vec<LatencyRecord>)>, String> {
    let path = folder.join(TIMINGS);
    match fs::symlink_metadata(&path) {
        Err(_) => return Ok(None),
        Ok(data) if !data.is_file() || data.len() > MAX_TIMINGS => return Err("its times are no table".to_owned()),
        Ok(_) => {}
    }
    let bytes = fs::read(&path).map_err(|error| format!("its times cannot be read: {error}"))?;
    let mut times = evidence::read_samples(bytes, TIMINGS, COLUMN).map_err(|defect| defect.to_string())?;
    if let Some(time) = times.iter().find(|time| **time <= 0.0 || time.is_nan()) {
        return Err(format!("one of its calls took {time} ms"));
    }
    times.sort_unstable_by(f64::total_cmp);
    // numpy's default, as everywhere: linear between order statistics.
    let at = |quantile: f64| {
        let place = quantile * (times.len() - 1) as f64;
        let low = place.floor() as usize;
        let high = (low + 1).min(times.len() - 1);
        times[low] + (place - low as f64) * (times[high] - times[low])
    };
    let found = quantiles.iter().map(|quantile| LatencyRecord { quantile: *quantile, milliseconds: at(*quantile) });
    Ok(Some((times.len() as u64, found.collect())))
}

/// Rows that are what they should be: numbers, one for each held-out row, with its label.
///
/// # Errors
/// Why they are not, in words.
pub(super) fn check(
    wanted: &Wanted<'_>,
    role: Role,
    at: &Place,
    path: &Path,
    name: &str,
) -> Result<Result<u64, String>, VerbError> {
    let Some(predict) = &wanted.policy.predict else { return Ok(Err("nothing says what to make".to_owned())) };
    let side = if role == Role::Baseline { wanted.baseline } else { None }.unwrap_or(wanted.candidate);
    let recorded = set_of(wanted.candidate.record, &predict.set);
    let Some(PredictionsRecord { columns, .. }) = set_of(side.record, &predict.set).or(recorded) else {
        return Ok(Err(format!("no version says what columns `{}` has", predict.set)));
    };
    let table = match evidence::read_predictions(read(path)?, name, columns, wanted.policy.task, &[]) {
        Ok(table) => table,
        Err(defect) => return Ok(Err(defect.to_string())),
    };
    let rows = at.input.as_deref().filter(|rows| rows.is_file() && TableFormat::of(&rows.to_string_lossy()).is_some());
    if let Some(rows) = rows {
        let bytes = read(rows)?;
        let name = rows.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match table.covers(&bytes, &name, &columns.key) {
            Ok((matched, all)) => {
                return Ok(covered(&table, matched, all).and_then(|()| labels(wanted, &table, bytes, &name, columns)));
            }
            // They are told apart by something else than columns of this table.
            Err(Defect::ColumnMissing { .. }) => {}
            Err(defect) => return Ok(Err(format!("of the held-out rows, {defect}"))),
        }
    }
    // Else the rows are those that were predicted before.
    let Some(recorded) = recorded else { return Ok(Ok(table.rows() as u64)) };
    let bytes = wanted.tables.bytes(recorded.file)?;
    Ok(match table.covers(&bytes, &recorded.path, &columns.key) {
        Ok((matched, all)) => covered(&table, matched, all).map(|()| table.rows() as u64),
        Err(defect) => Err(format!("of the recorded rows, {defect}")),
    })
}

fn covered(table: &PredictionTable, matched: usize, all: usize) -> Result<(), String> {
    if matched < all {
        return Err(format!("it predicted {matched} of the {all} held-out rows"));
    }
    if table.rows() > matched {
        return Err(format!("it predicted {} rows that are not held out", table.rows() - matched));
    }
    Ok(())
}

/// A model is not the one to say what would have been right, where the held-out rows say it.
fn labels(
    wanted: &Wanted<'_>,
    table: &PredictionTable,
    bytes: Vec<u8>,
    name: &str,
    columns: &PredictionColumns,
) -> Result<u64, String> {
    let truth = PredictionColumns {
        key: columns.key.clone(),
        label: columns.label.clone(),
        positive: columns.positive.clone(),
        ..PredictionColumns::default()
    };
    let Some(predict) = &wanted.policy.predict else { return Ok(table.rows() as u64) };
    match evidence::read_predictions(bytes, name, &truth, wanted.policy.task, &[]) {
        Ok(truth) => match evidence::join(&predict.set, wanted.policy.task, table.clone(), Some(truth)) {
            Err(Defect::LabelsDisagree { rows, key, .. }) => {
                Err(format!("{rows} of its rows have another label than the held-out rows, the first with key {key}"))
            }
            _ => Ok(table.rows() as u64),
        },
        // Held-out rows need not tell the truth.
        Err(_) => Ok(table.rows() as u64),
    }
}

/// A defect between fresh and recorded predictions, which a join of two models' words differently.
pub(super) fn said_of_recorded(defect: &Defect) -> Option<Defect> {
    let reason = match defect {
        Defect::LabelsDisagree { rows, key, .. } => {
            format!("{rows} rows have another label than was recorded, the first with key {key}")
        }
        Defect::Coverage { matched, larger, .. } => {
            format!("only {matched} of {larger} rows are among both those predicted now and those recorded")
        }
        _ => return None,
    };
    Some(Defect::NotMeasured { role: Role::Candidate.name(), reason })
}
