//! `at`: who was in which stage at an instant, or over a time.

use super::{VerbError, refuse_backwards, resolve};
use crate::clock::{Moment, Time};
use crate::format::checkpoint::{OccupancyRow, StageRow};
use crate::name::{ModelName, StageName};
use crate::registry;
use crate::repository::Repository;
use crate::revision::{Revision, Target};

/// When to look, and at what.
#[derive(Debug, Clone, Default)]
pub struct AtOptions {
    /// The instant; none: now.
    pub time: Option<String>,
    /// The model; none: all of them.
    pub model: Option<ModelName>,
    /// The stage; none: all of them.
    pub stage: Option<StageName>,
    /// The beginning of a timeline.
    pub since: Option<String>,
    /// The end of a timeline.
    pub until: Option<String>,
}

/// Who was where.
#[derive(Debug, Clone)]
pub struct AtReport {
    /// The instant, or the end of the timeline.
    pub time: Time,
    /// The beginning of the timeline.
    pub since: Option<Time>,
    /// One entry for each stage and occupant, by model, stage and time.
    pub stages: Vec<Occupied>,
}

/// A version in a stage.
#[derive(Debug, Clone)]
pub struct Occupied {
    /// The model.
    pub model: ModelName,
    /// The stage.
    pub stage: StageName,
    /// The occupancy.
    pub occupancy: OccupancyRow,
    /// Until when; none: it still holds it.
    pub until: Option<Time>,
}

/// Looks back.
pub fn at(repository: &Repository, options: &AtOptions) -> Result<AtReport, VerbError> {
    let now = repository.registry().now();
    let parse = |text: &Option<String>| text.as_deref().map(|t| Moment::parse(t, now)).transpose();
    let moment = parse(&options.time)?;
    let since = match parse(&options.since)? {
        Some(Moment::Day(start, _)) => Some(start),
        other => other.map(Moment::instant),
    };
    let until = parse(&options.until)?.map(Moment::instant);
    refuse_backwards(since, until)?;
    let timeline = since.is_some() || until.is_some();
    // "Now" is the tip of every journal, whatever the clock says.
    let tip = moment.is_none() && !timeline || options.time.as_deref() == Some("now");
    let time = moment.map(Moment::instant).or(until).unwrap_or(now);
    let models = match &options.model {
        Some(model) => vec![model.clone()],
        None => repository.registry().models()?,
    };
    let mut stages = Vec::new();
    for model in models {
        let state = resolve::state(repository, &model)?;
        if let Some(stage) = &options.stage {
            resolve::stage(repository, &state, Some(stage))?;
        }
        let wanted = |row: &&StageRow| options.stage.as_ref().is_none_or(|s| *s == row.stage);
        for row in state.stages.values().filter(wanted) {
            let selected: Vec<usize> = if timeline {
                overlapping(row, since, time)
            } else if tip {
                row.occupant().and_then(|_| row.timeline.len().checked_sub(1)).into_iter().collect()
            } else {
                check_day(row, moment, options)?;
                registry::place_at(row, time).into_iter().collect()
            };
            stages.extend(selected.into_iter().map(|i| Occupied {
                model: model.clone(),
                stage: row.stage.clone(),
                occupancy: row.timeline[i].clone(),
                until: row.end_of(i).map(|end| end.time),
            }));
        }
    }
    Ok(AtReport { time, since: timeline.then(|| since.unwrap_or(time)), stages })
}

fn overlapping(row: &StageRow, since: Option<Time>, until: Time) -> Vec<usize> {
    (0..row.timeline.len())
        .filter(|i| {
            let ends = row.end_of(*i).map(|end| end.time);
            row.timeline[*i].since <= until && ends.is_none_or(|end| since.is_none_or(|since| end > since))
        })
        .collect()
}

fn check_day(row: &StageRow, moment: Option<Moment>, options: &AtOptions) -> Result<(), VerbError> {
    let Some(moment) = moment else { return Ok(()) };
    let asked = Revision { model: None, target: Target::Stage(row.stage.clone()), time: options.time.clone(), back: 0 };
    Ok(resolve::unambiguous_day(row, moment, &asked)?)
}
