//! What a run made, looked at before it is evidence.

use std::fs::{self, File};
use std::path::Path;

use super::Wanted;
use super::pinned::truth;
use super::side::Place;
use crate::bounded;
use crate::certify::wording::count;
use crate::digest::Digest;
use crate::evidence::{self, Defect, PredictionTable};
use crate::format::measurement::{LatencyRecord, Role};
use crate::format::snapshot::PredictionsRecord;
use crate::id::FileId;
use crate::name::SetName;
use crate::ops::VerbError;
use crate::ops::judging::evidence::{MAX_TABLE, read_table};
use crate::table::TableFormat;

/// Where a command writes how long its calls took, and the column of milliseconds.
pub(super) const TIMINGS: &str = "timings.csv";
const COLUMN: &str = "ms";
/// Calls of one process may last as long as the process, and so much more: clocks differ.
const CLOCKS: f64 = 1.05;
/// No table of times is longer.
const MAX_TIMINGS: u64 = 1 << 30;

/// A file that a run made.
pub(super) struct Output {
    pub id: FileId,
    pub size: u64,
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

/// What a command wrote down of its calls.
#[derive(Default)]
pub(super) struct Timings {
    /// How many; none if it timed none.
    pub calls: Option<u64>,
    /// The quantiles of them that rules ask for.
    pub latency: Vec<LatencyRecord>,
    /// Why they cannot be true.
    pub refused: Option<String>,
}

/// Calls that a run timed which took `milliseconds` from its start to its end.
///
/// # Errors
/// They are no table of times.
pub(super) fn timings(folder: &Path, quantiles: &[f64], milliseconds: f64) -> Result<Timings, String> {
    let path = folder.join(TIMINGS);
    match fs::symlink_metadata(&path) {
        Err(_) => return Ok(Timings::default()),
        Ok(data) if !data.is_file() || data.len() > MAX_TIMINGS => return Err("its times are no table".to_owned()),
        Ok(_) => {}
    }
    let bytes = bounded::read(&path, MAX_TIMINGS).map_err(|error| format!("its times cannot be read: {error}"))?;
    let mut times = evidence::read_samples(bytes, TIMINGS, COLUMN).map_err(|defect| defect.to_string())?;
    if let Some(time) = times.iter().find(|time| !(**time > 0.0 && time.is_finite())) {
        return Err(format!("one of its calls took {time} ms"));
    }
    let calls = Some(times.len() as u64);
    let together: f64 = times.iter().sum();
    // One call after another, by another clock than ours.
    let possible = together <= milliseconds * CLOCKS;
    if !possible {
        let refused = format!("its calls took {together:.0} ms together, and the run {milliseconds:.0} ms");
        return Ok(Timings { calls, latency: Vec::new(), refused: Some(refused) });
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
    Ok(Timings { calls, latency: found.collect(), refused: None })
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
    let recorded = recorded(wanted, &predict.set);
    let Some(PredictionsRecord { columns, .. }) = side.record.predictions_of(&predict.set).or(recorded) else {
        return Ok(Err(format!("no version says what columns `{}` has", predict.set)));
    };
    let table = match evidence::read_predictions(read_table(path)?, name, columns, wanted.policy.task, &[]) {
        Ok(table) => table,
        Err(defect) => return Ok(Err(defect.to_string())),
    };
    let rows = at.input.as_deref().filter(|rows| rows.is_file() && TableFormat::of(&rows.to_string_lossy()).is_some());
    if let Some(rows) = rows {
        let bytes = read_table(rows)?;
        let name = rows.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let held = |defect: Defect| format!("of the held-out rows, {defect}");
        match table.covers(&bytes, &name, &columns.key) {
            Ok((matched, all)) => {
                if let Err(why) = covered(&table, matched, all) {
                    return Ok(Err(why));
                }
                match evidence::read_predictions(bytes, &name, &truth(columns), wanted.policy.task, &[]) {
                    Ok(truth) => return Ok(labels(wanted, &predict.set, &table, truth, "than the held-out rows")),
                    // They need not tell the truth; then what was recorded tells it.
                    Err(Defect::ColumnMissing { column, .. }) if column == columns.label => {}
                    // They do not tell it of every row: a model is not the one to say the rest.
                    Err(defect) => return Ok(Err(held(defect))),
                }
            }
            // They are told apart by something else than columns of this table.
            Err(Defect::ColumnMissing { .. }) => {}
            Err(defect) => return Ok(Err(held(defect))),
        }
    }
    // Else the rows are those that were predicted before.
    let Some(recorded) = recorded else { return Ok(Err("nothing says what is true of the held-out rows".to_owned())) };
    let bytes = match wanted.tables.bytes(recorded.file) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(format!("what was recorded of the held-out rows cannot be read: {error}"))),
    };
    let of_recorded = |defect: Defect| format!("of the recorded rows, {defect}");
    match table.covers(&bytes, &recorded.path, &recorded.columns.key) {
        Ok((matched, all)) => {
            if let Err(why) = covered(&table, matched, all) {
                return Ok(Err(why));
            }
        }
        Err(defect) => return Ok(Err(of_recorded(defect))),
    }
    let read = evidence::read_predictions(bytes, &recorded.path, &truth(&recorded.columns), wanted.policy.task, &[]);
    Ok(match read {
        Ok(truth) => labels(wanted, &predict.set, &table, truth, "than was recorded"),
        Err(defect) => Err(of_recorded(defect)),
    })
}

/// What the rows and their labels were before anybody measured: as the baseline has them, else as the candidate.
fn recorded<'w>(wanted: &Wanted<'w>, set: &SetName) -> Option<&'w PredictionsRecord> {
    let theirs = wanted.baseline.and_then(|side| side.record.predictions_of(set));
    theirs.or_else(|| wanted.candidate.record.predictions_of(set))
}

fn covered(table: &PredictionTable, matched: usize, all: usize) -> Result<(), String> {
    if matched < all {
        return Err(format!("it predicted {matched} of the {all} held-out rows"));
    }
    if table.rows() > matched {
        let beyond = count((table.rows() - matched) as u64, "row");
        return Err(format!("it predicted {beyond} beyond those held out"));
    }
    Ok(())
}

/// A model is not the one to say what would have been right.
fn labels(
    wanted: &Wanted<'_>,
    set: &SetName,
    table: &PredictionTable,
    truth: PredictionTable,
    than: &str,
) -> Result<u64, String> {
    match evidence::join(set, wanted.policy.task, table.clone(), Some(truth)) {
        Ok(_) => Ok(table.rows() as u64),
        Err(Defect::LabelsDisagree { rows, key, .. }) => {
            Err(format!("{rows} of its rows {} another label {than}, the first with key {key}", have(rows)))
        }
        Err(defect) => Err(defect.to_string()),
    }
}

const fn have(rows: u64) -> &'static str {
    if rows == 1 { "has" } else { "have" }
}

/// A defect between fresh and recorded predictions, which a join of two models' words differently.
pub(super) fn said_of_recorded(defect: &Defect) -> Option<Defect> {
    let reason = match defect {
        Defect::LabelsDisagree { rows, key, .. } => {
            let shown = count(*rows, "row");
            format!("{shown} {} another label than was recorded, the first with key {key}", have(*rows))
        }
        Defect::Coverage { matched, larger, .. } => {
            format!("only {matched} of {larger} rows are among both those predicted now and those recorded")
        }
        _ => return None,
    };
    Some(Defect::NotMeasured { role: Role::Candidate.name(), reason })
}
