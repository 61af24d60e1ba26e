//! From what a person wrote to a version.

use std::collections::BTreeSet;

pub use super::error::{Dropped, ResolveError};
use super::{UsageError, VerbError};
use crate::clock::{Moment, Time, TimeError};
use crate::format::checkpoint::{OccupancyRow, StageRow, VersionRow};
use crate::format::event::EventBody;
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::nearest::nearest;
use crate::registry::{self, JournalError, State};
use crate::repository::Repository;
use crate::revision::{Revision, Target};

/// A revision, looked up.
#[derive(Debug, Clone)]
pub struct Found {
    /// The model's state.
    pub state: State,
    /// The version.
    pub row: VersionRow,
}

impl Found {
    /// `fraud@v7`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.state.model, self.row.version)
    }

    /// The record's id.
    pub const fn snapshot(&self) -> SnapshotId {
        self.row.snapshot
    }
}

/// Every model, by the name it has: those with a journal and those in the configuration.
pub fn models(repository: &Repository) -> Result<Vec<ModelName>, VerbError> {
    named(repository, |_, _| true)
}

/// The same without those that were taken by mistake: nobody means them who names none.
pub fn models_in_use(repository: &Repository) -> Result<Vec<ModelName>, VerbError> {
    let sections = sections(repository)?;
    named(repository, |first, state| sections.contains(first) || !state.is_some_and(State::is_abandoned))
}

/// Those of all models that `is_meant` says are, of which it is told the first name.
fn named(
    repository: &Repository,
    is_meant: impl Fn(&ModelName, Option<&State>) -> bool,
) -> Result<Vec<ModelName>, VerbError> {
    let mut all = sections(repository)?;
    all.extend(repository.registry().models()?);
    let all: Vec<ModelName> = all.into_iter().collect();
    let mut named = BTreeSet::new();
    repository.registry().each_state(&all, |name, state| {
        let state = state.ok().flatten();
        if is_meant(name, state.as_ref()) {
            named.insert(state.map_or_else(|| name.clone(), |state| state.model));
        }
        Ok::<(), VerbError>(())
    })?;
    Ok(named.into_iter().collect())
}

/// Whether any model has a stage of this name. The two are mixed up easily where a word may be either.
fn is_stage(repository: &Repository, word: &ModelName) -> Result<bool, VerbError> {
    let Ok(stage) = StageName::new(word.as_str()) else { return Ok(false) };
    let declared = |model: &ModelName| repository.stages(model).contains(&stage);
    if declared(word) {
        return Ok(true);
    }
    let mut found = false;
    repository.registry().each_state(&repository.registry().models()?, |_, state| {
        let is_one = |state: State| state.stages.contains_key(&stage) || declared(&state.model);
        // One that cannot be read has none that could be meant.
        found |= state.ok().flatten().is_some_and(is_one);
        Ok::<(), VerbError>(())
    })?;
    Ok(found)
}

/// Refuses a name for a new model that a stage has: `NAME` alone would not mean the stage any more.
pub(super) fn no_stage(repository: &Repository, name: &ModelName) -> Result<(), VerbError> {
    if !is_stage(repository, name)? {
        return Ok(());
    }
    let others = models_in_use(repository)?.into_iter().filter(|model| model != name).collect();
    Err(UsageError::NamedAsStage { name: name.clone(), others }.into())
}

/// The name that the model called `name` has now. One whose journal cannot be read is called as it was asked for.
pub fn current(repository: &Repository, name: &ModelName) -> ModelName {
    repository.registry().name(name).ok().flatten().unwrap_or_else(|| name.clone())
}

/// The models that the configuration has, by their first names.
fn sections(repository: &Repository) -> Result<BTreeSet<ModelName>, VerbError> {
    let sections = repository.config().into_iter().flat_map(|config| config.file.model.named.keys());
    Ok(sections.map(|name| repository.registry().first_name(name)).collect::<Result<_, _>>()?)
}

/// The model meant: the one named, or the only one there is.
pub fn model(repository: &Repository, name: Option<&ModelName>) -> Result<ModelName, VerbError> {
    if let Some(name) = name {
        return Ok(current(repository, name));
    }
    let journals = repository.registry().models()?;
    // A section that never had a version does not stand in the way of the only model that has.
    if let [only] = journals.as_slice() {
        return Ok(current(repository, only));
    }
    let sections = sections(repository)?;
    match (sections.first(), sections.len()) {
        // A store may hold other projects' models too.
        (Some(only), 1) if journals.is_empty() || journals.contains(only) => Ok(current(repository, only)),
        (None, _) if journals.is_empty() => Err(ResolveError::NoModel.into()),
        _ => only(models_in_use(repository)?),
    }
}

/// The only one of these models.
fn only(models: Vec<ModelName>) -> Result<ModelName, VerbError> {
    match models.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(ResolveError::WhichModel { known: models.iter().map(ToString::to_string).collect() }.into()),
    }
}

/// The model whose workspace is meant: the one named, the only one the project has files of, or the only one there is.
pub fn workspace_model(repository: &Repository, name: Option<&ModelName>) -> Result<ModelName, VerbError> {
    let config = repository.config().map(|config| &config.file.model.named);
    let mut here = config.into_iter().flatten();
    if let (None, Some((only, section)), None) = (name, here.next(), here.next())
        && !section.files.is_empty()
    {
        return Ok(current(repository, only));
    }
    match name {
        None => match models_in_use(repository)? {
            several if several.len() > 1 => only(several),
            _ => model(repository, name),
        },
        _ => model(repository, name),
    }
}

/// The state of a model that must have versions.
pub fn state(repository: &Repository, model: &ModelName) -> Result<State, VerbError> {
    existing(repository, model, repository.registry().state(model)?)
}

/// The state that was found of a model that must have versions.
pub(super) fn existing(repository: &Repository, model: &ModelName, found: Option<State>) -> Result<State, VerbError> {
    if let Some(state) = found {
        return Ok(state);
    }
    known_model(repository, model)?;
    Err(ResolveError::NoVersion { model: model.clone() }.into())
}

/// Refuses a model that has neither a journal nor a section.
pub fn known_model(repository: &Repository, model: &ModelName) -> Result<(), VerbError> {
    if repository.registry().has(model)? || repository.section(model).is_some() {
        return Ok(());
    }
    // One whose journal is gone is known, too.
    if repository.registry().models()?.contains(model) {
        return Ok(());
    }
    let known: Vec<String> = models(repository)?.iter().map(ToString::to_string).collect();
    let nearest = nearest(model.as_str(), known.iter().map(String::as_str)).into_iter().next();
    Err(ResolveError::Model { name: model.to_string(), nearest, known }.into())
}

/// Reads a revision as written.
pub fn parse(repository: &Repository, text: &str) -> Result<Revision, VerbError> {
    let config = repository.config();
    let is_model = |name: &ModelName| {
        config.is_some_and(|c| c.file.model.named.contains_key(name))
            || repository.registry().has(name).unwrap_or(false) && !is_stage_rather(repository, name).unwrap_or(false)
    };
    Ok(Revision::parse(text, &is_model).map_err(ResolveError::from)?)
}

/// Whether the name that a model had, or one that was taken by mistake, is a stage: that is what is meant, then.
fn is_stage_rather(repository: &Repository, name: &ModelName) -> Result<bool, VerbError> {
    let Some(state) = repository.registry().state(name)? else { return Ok(false) };
    let may_be = state.model != *name || state.is_abandoned();
    Ok(may_be && is_stage(repository, name)?)
}

/// Looks a revision up. `at` is the time to see everything at, where the revision names none.
pub fn revision(repository: &Repository, text: &str, at: Option<&str>) -> Result<Found, VerbError> {
    let mut revision = parse(repository, text)?;
    if revision.time.is_none() {
        revision.time = at.map(str::to_owned);
    }
    find(repository, &revision)
}

/// Looks a parsed revision up.
pub fn find(repository: &Repository, revision: &Revision) -> Result<Found, VerbError> {
    if let Target::Id(prefix) = &revision.target {
        return by_id(repository, revision, prefix).and_then(readable);
    }
    let model = model(repository, revision.model.as_ref())?;
    let state = state(repository, &model)?;
    let moment = moment(repository, revision)?;
    let row = match &revision.target {
        Target::Latest => latest(&state, revision, moment)?,
        Target::Version(version) => existing_at(&state, numbered(&state, revision, *version)?, moment)?,
        Target::Stage(stage) => staged(repository, &state, revision, stage, moment)?,
        Target::Workspace => return Err(ResolveError::Workspace.into()),
        Target::Model => return Err(ResolveError::OnlyModel { revision: revision.to_string() }.into()),
        Target::Id(prefix) => return Err(ResolveError::Id { prefix: prefix.clone() }.into()),
    };
    readable(Found { state, row })
}

/// Refuses a version of which nothing is known but that it was there: nobody is to take it for one that was dropped.
fn readable(found: Found) -> Result<Found, VerbError> {
    if found.row.is_unreadable() {
        let (model, version) = (found.state.model, found.row.version);
        return Err(JournalError::Version { model, version }.into());
    }
    Ok(found)
}

/// Whether the same words mean another version when a stage has moved, a version was taken, or time has passed.
pub fn is_moving(repository: &Repository, revision: &Revision) -> bool {
    let Some(time) = &revision.time else { return matches!(revision.target, Target::Stage(_) | Target::Latest) };
    let now = repository.registry().now();
    let later = Time::from_milliseconds(now.milliseconds().saturating_add(2 * 86_400_000)).unwrap_or(now);
    let said = Moment::parse(time, now);
    said != Moment::parse(time, later) || said.is_ok_and(|moment| moment.instant() > now)
}

fn moment(repository: &Repository, revision: &Revision) -> Result<Option<Moment>, ResolveError> {
    Ok(past(repository, revision.time.as_deref())?)
}

/// The time something is to be seen at; none: now, which is the newest event, whatever a clock says.
pub fn past(repository: &Repository, time: Option<&str>) -> Result<Option<Moment>, TimeError> {
    let time = time.filter(|text| text.trim() != "now");
    time.map(|text| Moment::parse(text, repository.registry().now())).transpose()
}

fn latest(state: &State, revision: &Revision, moment: Option<Moment>) -> Result<VersionRow, ResolveError> {
    let count = match moment {
        None => state.versions.len(),
        Some(moment) => state.versions.partition_point(|v| v.time <= moment.instant()),
    };
    if count == 0 {
        return Err(ResolveError::NoVersion { model: state.model.clone() });
    }
    step_back(revision, count).map(|i| state.versions[i])
}

/// A version that did not exist yet at the time asked for is not found.
fn existing_at(state: &State, row: VersionRow, moment: Option<Moment>) -> Result<VersionRow, ResolveError> {
    match moment.map(Moment::instant) {
        Some(time) if row.time > time => {
            let (model, version) = (state.model.clone(), row.version);
            Err(ResolveError::NotYet { model, version, time, since: row.time })
        }
        _ => Ok(row),
    }
}

fn numbered(state: &State, revision: &Revision, version: Version) -> Result<VersionRow, ResolveError> {
    let Some(newest) = state.latest() else { return Err(ResolveError::NoVersion { model: state.model.clone() }) };
    if state.version(version).is_none() {
        let (model, newest) = (state.model.clone(), newest.version);
        return Err(ResolveError::Version { model, version: version.to_string(), newest });
    }
    step_back(revision, version.0 as usize).map(|i| state.versions[i])
}

fn staged(
    repository: &Repository,
    state: &State,
    revision: &Revision,
    stage: &StageName,
    moment: Option<Moment>,
) -> Result<VersionRow, ResolveError> {
    let empty = |time| ResolveError::StageEmpty { model: state.model.clone(), stage: stage.clone(), time };
    let Some(row) = state.stages.get(stage) else {
        let known = stage_names(repository, state);
        if known.contains(&stage.to_string()) {
            return Err(empty(moment.map(Moment::instant)));
        }
        let nearest = nearest(stage.as_str(), known.iter().map(String::as_str)).into_iter().next();
        return Err(ResolveError::Stage { model: state.model.clone(), stage: stage.to_string(), nearest, known });
    };
    let count = match moment {
        None => row.occupant().map_or(0, |_| row.timeline.len()),
        Some(moment) => {
            unambiguous_day(row, moment, revision)?;
            registry::place_at(row, moment.instant()).map_or(0, |place| place + 1)
        }
    };
    if count == 0 {
        return Err(empty(moment.map(Moment::instant)));
    }
    let occupancy = &row.timeline[step_back(revision, count)?];
    state.version(occupancy.version).copied().ok_or_else(|| empty(None))
}

/// A bare date is refused if the stage changed hands on it.
pub fn unambiguous_day(row: &StageRow, moment: Moment, revision: &Revision) -> Result<(), ResolveError> {
    let Moment::Day(start, end) = moment else { return Ok(()) };
    let within: Vec<&OccupancyRow> = row.timeline.iter().filter(|o| o.since >= start && o.since <= end).collect();
    if within.is_empty() {
        return Ok(());
    }
    let before = registry::at(row, start).filter(|o| o.since < start);
    let occupants =
        before.into_iter().chain(within).map(|o| format!("{} since {}", o.version, o.since.for_people())).collect();
    Err(ResolveError::Day { stage: row.stage.clone(), day: revision.time.clone().unwrap_or_default(), occupants })
}

fn by_id(repository: &Repository, revision: &Revision, prefix: &str) -> Result<Found, VerbError> {
    let models = match &revision.model {
        Some(model) => vec![model.clone()],
        None => repository.registry().models()?,
    };
    let mut found: Vec<Found> = Vec::new();
    for model in models {
        let state = state(repository, &model)?;
        let mut ids = BTreeSet::new();
        for row in state.versions.iter().rev() {
            if row.snapshot.to_string().starts_with(prefix) && ids.insert(row.snapshot) {
                found.push(Found { state: state.clone(), row: *row });
            }
        }
    }
    match found.len() {
        0 => Err(ResolveError::Id { prefix: prefix.to_owned() }.into()),
        1 => {
            let Found { state, row } = found.remove(0);
            let row = numbered(&state, revision, row.version)?;
            let moment = moment(repository, revision)?;
            Ok(Found { row: existing_at(&state, row, moment)?, state })
        }
        _ => {
            let candidates = found.iter().map(|f| format!("{} {}", f.row.snapshot.short(), f.label())).collect();
            Err(ResolveError::AmbiguousId { prefix: prefix.to_owned(), candidates }.into())
        }
    }
}

fn step_back(revision: &Revision, count: usize) -> Result<usize, ResolveError> {
    (count - 1)
        .checked_sub(revision.back as usize)
        .ok_or_else(|| ResolveError::TooFarBack { revision: revision.to_string(), have: count as u32 - 1 })
}

/// Stages a model has or could have.
pub fn stage_names(repository: &Repository, state: &State) -> Vec<String> {
    let mut all: BTreeSet<String> = state.stages.keys().map(ToString::to_string).collect();
    all.extend(repository.stages(&state.model).iter().map(ToString::to_string));
    all.into_iter().collect()
}

/// When, by whom and why a version's files were let go of; none: they are kept.
pub fn dropped(repository: &Repository, found: &Found) -> Result<Option<Dropped>, VerbError> {
    let Some(seq) = found.row.dropped else { return Ok(None) };
    if found.row.is_unreadable() {
        let (model, version) = (found.state.model.clone(), found.row.version);
        return Err(JournalError::Version { model, version }.into());
    }
    let mut event = repository.registry().event(&found.state.model, seq)?.and_then(|file| file.event.ok());
    event.iter_mut().for_each(|event| found.state.with_time(event));
    let unknown = || Dropped { reason: format!("by event {seq}"), time: None, actor: None };
    Ok(Some(event.map_or_else(unknown, |event| Dropped {
        reason: match event.body {
            EventBody::Drop { reason, .. } => reason,
            _ => format!("by event {seq}"),
        },
        time: Some(event.time),
        actor: event.actor.name.or(event.actor.email),
    })))
}

/// Refuses a version whose files were let go of.
pub fn kept(repository: &Repository, found: &Found) -> Result<(), VerbError> {
    match dropped(repository, found)? {
        None => Ok(()),
        Some(dropped) => Err(VerbError::Dropped { label: found.label(), dropped }),
    }
}

/// The stage meant: the one named, if it exists; else the only one, else `production`.
pub fn stage(repository: &Repository, state: &State, named: Option<&StageName>) -> Result<StageName, VerbError> {
    let known = stage_names(repository, state);
    let parse = |name: &str| StageName::new(name).ok();
    if let Some(named) = named {
        if known.contains(&named.to_string()) || known.is_empty() {
            return Ok(named.clone());
        }
        let nearest = nearest(named.as_str(), known.iter().map(String::as_str)).into_iter().next();
        let (model, stage) = (state.model.clone(), named.to_string());
        return Err(ResolveError::Stage { model, stage, nearest, known }.into());
    }
    let only = if known.len() == 1 { known.first().cloned() } else { None };
    only.or_else(|| known.iter().find(|s| *s == "production").cloned())
        .or_else(|| known.is_empty().then(|| "production".to_owned()))
        .as_deref()
        .and_then(parse)
        .ok_or_else(|| ResolveError::WhichStage { known }.into())
}

/// A span of time, as it was typed: a day begins with its first moment and ends with its last.
pub fn span(
    repository: &Repository,
    since: Option<&str>,
    until: Option<&str>,
) -> Result<(Option<Time>, Option<Time>), VerbError> {
    let now = repository.registry().now();
    let parse = |text: Option<&str>| text.map(|text| Moment::parse(text, now)).transpose();
    let since = match parse(since)? {
        Some(Moment::Day(start, _)) => Some(start),
        other => other.map(Moment::instant),
    };
    let until = parse(until.filter(|text| text.trim() != "now"))?.map(Moment::instant);
    match (since, until) {
        (Some(since), Some(until)) if since > until => Err(UsageError::Backwards { since, until }.into()),
        _ => Ok((since, until)),
    }
}
