//! `list`: models and their stages, or the versions of one model with chosen numbers.

use std::collections::BTreeSet;
use std::time::Duration;

use super::resolve;
use super::{UsageError, VerbError, records};
use crate::format::certificate::Verdict;
use crate::format::checkpoint::VersionRow;
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::name::{ModelName, StageName, Version};
use crate::nearest::nearest;
use crate::registry::State;
use crate::repository::Repository;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// The model; none: all models, or the only one if values or a number of versions are asked for.
    pub model: Option<ModelName>,
    /// Whether models are listed, too, that were taken by mistake: all their versions were dropped, and none ever held a stage.
    pub all: bool,
    /// Metrics to show; empty: the first few.
    pub metrics: Vec<String>,
    /// Parameters to show.
    pub params: Vec<String>,
    /// What to sort by: a metric or parameter, `-` before it for the greatest first.
    pub sort: Option<String>,
    /// At most this many versions.
    pub limit: Option<usize>,
}

impl ListOptions {
    /// Every metric and parameter that is asked for.
    fn names(&self) -> impl Iterator<Item = &str> {
        let sort = self.sort.as_deref().map(|sort| sort.trim_start_matches('-'));
        self.metrics.iter().chain(&self.params).map(String::as_str).chain(sort)
    }
}

/// The list.
#[derive(Debug, Clone)]
pub enum ListReport {
    /// Models and who is in their stages.
    Models {
        /// A line for each.
        lines: Vec<ModelLine>,
        /// How many were left out, because they were taken by mistake.
        left_out: usize,
    },
    /// Versions of one model.
    Versions {
        /// Which model.
        model: ModelName,
        /// Names of the columns of values.
        columns: Vec<String>,
        /// Newest first, unless sorted.
        lines: Vec<VersionLine>,
        /// Versions there are in all.
        total: usize,
    },
}

/// A model.
#[derive(Debug, Clone)]
pub struct ModelLine {
    /// Its name.
    pub model: ModelName,
    /// Its newest version.
    pub latest: Option<VersionRow>,
    /// Whether all its versions were dropped, and none ever held a stage.
    pub abandoned: bool,
    /// How old that is.
    pub age: Option<Duration>,
    /// Who is where.
    pub stages: Vec<(StageName, Version)>,
    /// Those of them that were moved there against the rules.
    pub forced: Vec<StageName>,
}

/// A version.
#[derive(Debug, Clone)]
pub struct VersionLine {
    /// Its row.
    pub row: VersionRow,
    /// Stages it holds.
    pub stages: Vec<StageName>,
    /// Those of them that it was moved to against the rules.
    pub forced: Vec<StageName>,
    /// Its newest certificate's verdict.
    pub verdict: Option<Verdict>,
    /// Whether anything was erased from it.
    pub erased: bool,
    /// Whether it is blocked somewhere.
    pub blocked: bool,
    /// Its values, in the order of the columns.
    pub values: Vec<Option<Scalar>>,
    /// The first line of its notes.
    pub notes: Option<String>,
}

/// Columns shown where none are asked for.
const SHOWN: usize = 3;

/// Lists.
pub fn list(repository: &Repository, options: &ListOptions) -> Result<ListReport, VerbError> {
    let of_versions = options.names().next().is_some() || options.limit.is_some();
    match &options.model {
        None if !of_versions => list_models(repository, options.all),
        // Values and a number of versions are asked for: of the only model, then.
        model => list_versions(repository, &resolve::model(repository, model.as_ref())?, options),
    }
}

fn list_models(repository: &Repository, all: bool) -> Result<ListReport, VerbError> {
    let mut lines = Vec::new();
    let mut left_out = 0;
    repository.registry().each_state(&resolve::models(repository)?, |model, state| {
        let state = state?;
        let abandoned = state.as_ref().is_some_and(State::is_abandoned);
        if abandoned && !all && repository.section(model).is_none() {
            left_out += 1;
            return Ok(());
        }
        let stages = |state: &State| -> Vec<(StageName, Version)> {
            let held = state.stages.values();
            held.filter_map(|row| row.occupant().map(|o| (row.stage.clone(), o.version))).collect()
        };
        let latest = state.as_ref().and_then(State::latest).copied();
        let now = state.as_ref().map(|state| repository.registry().now_in(state));
        lines.push(ModelLine {
            model: model.clone(),
            age: now.zip(latest).map(|(now, latest)| now.since(latest.time)),
            latest,
            abandoned,
            stages: state.as_ref().map(stages).unwrap_or_default(),
            forced: state.as_ref().map(|state| state.forced(None)).unwrap_or_default(),
        });
        Ok::<(), VerbError>(())
    })?;
    Ok(ListReport::Models { lines, left_out })
}

fn list_versions(repository: &Repository, model: &ModelName, options: &ListOptions) -> Result<ListReport, VerbError> {
    let state = resolve::state(repository, model)?;
    let total = state.versions.len();
    // Without sorting, records beyond the limit need not be read.
    let within = match options.sort {
        None => options.limit.unwrap_or(usize::MAX).min(total),
        Some(_) => total,
    };
    let rows: Vec<VersionRow> = state.versions.iter().rev().take(within).copied().collect();
    let beyond = state.versions.iter().rev().skip(within);
    let mut unknown = Unknown::new(options);
    let mut columns: Vec<String> = options.metrics.iter().chain(&options.params).cloned().collect();
    let mut lines = Vec::new();
    for row in rows {
        let record = records::snapshot(repository, row.snapshot)?;
        unknown.look(&record);
        if columns.is_empty() && lines.is_empty() {
            columns = record.metrics.keys().take(SHOWN).cloned().collect();
        }
        let value = |name: &String| record.metrics.get(name).or_else(|| record.params.get(name)).cloned();
        let key = options.sort.as_deref().map(|s| s.trim_start_matches('-').to_owned());
        lines.push((
            key.as_ref().and_then(value),
            VersionLine {
                row,
                stages: state.stages_of(row.snapshot),
                forced: state.forced(Some(row.snapshot)),
                erased: state.erased_from(row.version).next().is_some(),
                verdict: state.certificates.get(&row.snapshot).map(|c| c.verdict),
                blocked: state.blocks.of(row.snapshot, Some(row.model_tree)).next().is_some(),
                values: columns.iter().map(value).collect(),
                notes: record.notes.as_deref().and_then(|n| n.lines().next()).map(str::to_owned),
            },
        ));
    }
    for row in beyond {
        if unknown.wanted.is_empty() {
            break;
        }
        unknown.look(&records::snapshot(repository, row.snapshot)?);
    }
    if total > 0 {
        unknown.refuse(model)?;
    }
    if let Some(sort) = &options.sort {
        let number = |value: &Option<Scalar>| value.as_ref().and_then(Scalar::finite);
        lines.sort_by(|(a, _), (b, _)| match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            // What has no number stands at the end, whichever way it is sorted.
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => std::cmp::Ordering::Equal,
        });
        if sort.starts_with('-') {
            let numbers = lines.iter().take_while(|(value, _)| number(value).is_some()).count();
            lines[..numbers].reverse();
        }
        lines.truncate(options.limit.unwrap_or(usize::MAX));
    }
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    Ok(ListReport::Versions { model: model.clone(), columns, lines, total })
}

/// Names that were asked for and that no version has had so far. A column of dashes would look like an answer.
struct Unknown<'a> {
    wanted: Vec<&'a str>,
    known: BTreeSet<String>,
}

impl<'a> Unknown<'a> {
    fn new(options: &'a ListOptions) -> Self {
        Self { wanted: options.names().collect(), known: BTreeSet::new() }
    }

    fn look(&mut self, record: &SnapshotRecord) {
        if self.wanted.is_empty() {
            return;
        }
        self.wanted.retain(|name| !record.metrics.contains_key(*name) && !record.params.contains_key(*name));
        self.known.extend(record.metrics.keys().chain(record.params.keys()).cloned());
    }

    fn refuse(&self, model: &ModelName) -> Result<(), UsageError> {
        let Some(name) = self.wanted.first() else { return Ok(()) };
        let nearest = nearest(name, self.known.iter().map(String::as_str));
        Err(UsageError::NoSuchValue { model: model.clone(), name: (*name).to_owned(), nearest })
    }
}
