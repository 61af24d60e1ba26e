//! Versions on their way to a stage, and what stands between: the newest one, and those in the stages that it must come from.

use super::fitness::Fitness;
use crate::format::checkpoint::{CertificateRow, VersionRow};
use crate::name::StageName;
use crate::ops::promote;
use crate::ops::rules::{self, Needed};
use crate::ops::{VerbError, signoffs};
use crate::registry::State;
use crate::registry::promote::{Obstacle, PromoteRequest};
use crate::repository::Repository;

/// A version that could hold a stage next.
#[derive(Debug, Clone)]
pub struct OnTheWay {
    /// The version.
    pub row: VersionRow,
    /// The stage.
    pub stage: StageName,
    /// Everything that stands between; empty: nothing does.
    pub against: Vec<Obstacle>,
    /// Whether it held that stage before: somebody has taken it out since.
    pub held_before: bool,
    /// Its newest certificate.
    pub certificate: Option<CertificateRow>,
    /// What certifying it takes.
    pub needed: Needed,
}

/// The newest version first, then what holds a stage that the way to `stage` leads through, and has never held `stage`.
pub(super) fn to_stage(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    newest: &VersionRow,
    fitness: &mut Fitness<'_>,
) -> Result<Vec<OnTheWay>, VerbError> {
    let row = state.stages.get(stage);
    let held_before = |version: &VersionRow| row.is_some_and(|row| row.has_held(version.snapshot));
    let rules = rules::proposed(repository, state, stage, None)?;
    let from = &signoffs::counting(state, stage, &rules).from;
    let waiting = from.iter().filter_map(|stage| state.version(state.occupant(stage)?.version));
    let waiting = waiting.filter(|version| version.snapshot != newest.snapshot && !held_before(version));
    let mut found: Vec<OnTheWay> = Vec::new();
    for row in std::iter::once(newest).chain(waiting) {
        if found.iter().any(|known| known.row.snapshot == row.snapshot) {
            continue;
        }
        found.push(OnTheWay {
            row: *row,
            stage: stage.clone(),
            against: between(repository, state, stage, row, fitness)?,
            held_before: held_before(row),
            certificate: state.certificates.get(&row.snapshot).cloned(),
            needed: rules::needed(repository, state, row.snapshot),
        });
    }
    Ok(found)
}

/// Everything that stands between a version and a stage, but for checks that have to be run.
fn between(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    row: &VersionRow,
    fitness: &mut Fitness<'_>,
) -> Result<Vec<Obstacle>, VerbError> {
    let policy = state.certificates.get(&row.snapshot).map(|c| c.policy);
    let proposed = rules::proposed(repository, state, stage, policy)?;
    let now = repository.registry().now_in(state);
    let request = PromoteRequest { stage, snapshot: row.snapshot, proposed: &proposed, expected: None, now };
    let mut against = promote::between(repository, state, row, &request)?.against;
    against.extend(fitness.damage(row.snapshot).map(|reason| Obstacle::Damaged { reason }));
    Ok(against)
}
