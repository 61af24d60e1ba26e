//! Where versions were over time, and what was measured of each.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::super::{VerbError, records};
use crate::clock::Time;
use crate::format::checkpoint::{StageRow, VersionRow};
use crate::format::snapshot::SnapshotRecord;
use crate::name::Version;
use crate::page::chart::{Lane, Stretch};
use crate::page::report::{History, HistoryRow, Life};
use crate::registry::State;
use crate::repository::Repository;

/// Metrics that are followed over versions.
const MOST_METRICS: usize = 12;

/// Who was where: of each stage the newest times, and every one of `own`.
pub(super) fn life(state: &State, own: Option<Version>, newest: usize) -> Life {
    let lanes = state.stages.values().map(|stage| lane(stage, own, newest)).collect();
    Life { lanes, until: state.time().unwrap_or_default() }
}

fn lane(stage: &StageRow, own: Option<Version>, newest: usize) -> Lane {
    let skipped = stage.timeline.len().saturating_sub(newest);
    let stretch = |(at, row): (usize, &crate::format::checkpoint::OccupancyRow)| {
        let is_own = Some(row.version) == own;
        (at >= skipped || is_own).then(|| Stretch {
            name: row.version.to_string(),
            since: row.since,
            until: stage.end_of(at).map(|end| end.time),
            own: is_own.then_some(0),
        })
    };
    Lane { name: stage.stage.to_string(), stretches: stage.timeline.iter().enumerate().filter_map(stretch).collect() }
}

/// The numbers of a version.
pub(super) type Measures = BTreeMap<Version, BTreeMap<String, f64>>;

/// The metrics of these versions, as their training reported them, NaN and infinities included. What cannot be read has none.
pub(super) fn measures(repository: &Repository, rows: &[VersionRow]) -> Measures {
    let of = |row: &VersionRow| {
        let record = records::snapshot(repository, row.snapshot).ok();
        (row.version, record.as_ref().map(numbers).unwrap_or_default())
    };
    rows.par_iter().map(of).collect()
}

fn numbers(record: &SnapshotRecord) -> BTreeMap<String, f64> {
    record.metrics.iter().filter_map(|(name, value)| Some((name.clone(), value.number()?))).collect()
}

/// The versions around `own`: `most` of them that end a little behind it, or with the newest.
pub(super) fn around(state: &State, own: Option<Version>, most: usize) -> Vec<VersionRow> {
    let count = state.versions.len();
    let end = own.map_or(count, |own| (own.0 as usize).saturating_add(most / 4).min(count));
    let end = end.max(most.min(count));
    let rows = (end.saturating_sub(most)..end).filter_map(|place| state.versions.get(place));
    rows.copied().collect()
}

/// Metrics over versions. Those of `named` are followed; without them, those of the newest version.
pub(super) fn history(
    state: &State,
    rows: &[VersionRow],
    measures: &Measures,
    (own, named): (Option<Version>, &[String]),
    page: impl Fn(&VersionRow) -> Option<String>,
) -> History {
    let newest = rows.iter().rev().find_map(|row| measures.get(&row.version).filter(|known| !known.is_empty()));
    let metrics: Vec<String> = match named {
        [] => newest.map(|known| known.keys().take(MOST_METRICS).cloned().collect()).unwrap_or_default(),
        named => named.iter().take(MOST_METRICS).cloned().collect(),
    };
    let version = |row: &VersionRow| HistoryRow {
        number: row.version.0,
        label: format!("{}@{}", state.model, row.version),
        made: row.time,
        stages: state.stages_of(row.snapshot).iter().map(ToString::to_string).collect(),
        verdict: state.certificates.get(&row.snapshot).map(|known| known.verdict),
        values: metrics.iter().map(|name| measures.get(&row.version)?.get(name).copied()).collect(),
        own: (Some(row.version) == own).then_some(0),
        page: page(row),
    };
    let versions: Vec<HistoryRow> = rows.iter().map(version).collect();
    let older = state.versions.len() - versions.len().min(state.versions.len());
    History { versions, metrics, older }
}

/// The metrics of a version that are worth following: first those that a rule of its certificate names.
pub(super) fn followed(record: &SnapshotRecord, judged: &[String]) -> Vec<String> {
    let names: Vec<String> = numbers(record).into_keys().collect();
    let (first, then): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| judged.iter().any(|metric| metric.contains(name.as_str())));
    first.into_iter().chain(then).collect()
}

/// How many events a journal has, and the id of the last.
pub(super) fn head(state: &State) -> (u64, String) {
    state.head.map_or((0, String::new()), |head| (head.seq, head.id.to_string()))
}

/// The state at a time, of which nothing is known that came later; without one, as it is.
pub(super) fn state_at(repository: &Repository, state: State, time: Option<Time>) -> Result<State, VerbError> {
    let Some(time) = time else { return Ok(state) };
    Ok(repository.registry().state_at(&state.model, time)?.unwrap_or(state))
}
