//! `status`: what changed, who is where, what stands between the newest version and its stage, and what waits for whom.

mod fitness;
mod on_the_way;
mod stage_certificate;
pub mod waiting;
pub mod whom;

use rayon::prelude::*;

use self::fitness::Fitness;
pub use self::on_the_way::OnTheWay;
pub use self::stage_certificate::{CertificateState, SOON, StageCertificate};
use self::waiting::Waiting;
use super::VerbError;
use super::actor::Asked;
use super::hooks::{self, OpenHook};
use super::observed::{self, Standing};
use super::rules::{self, Needed};
use super::snapshot::inputs::GivenInputs;
use super::workspace::Workspace;
use super::{erasures, promote, records, resolve, signoffs};
use crate::clock::Time;
use crate::format::checkpoint::{ApprovalRow, BlockRow, CertificateRow, ObservedRow, OccupancyRow, VersionRow};
use crate::name::{ModelName, StageName, Version};
use crate::progress::Progress;
use crate::registry::State;
use crate::registry::promote::Obstacle;
use crate::repository::Repository;
use crate::snapshot;

/// So many models are looked at side by side; of fewer, threads would cost more than they save.
const MANY: usize = 16;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct StatusOptions {
    /// The model; none: all of them.
    pub model: Option<ModelName>,
    /// The folder the workspace is looked at from.
    pub given: GivenInputs,
}

/// How things stand.
#[derive(Debug, Clone)]
pub struct StatusReport {
    /// Where the store is.
    pub store: String,
    /// The history's id.
    pub repository: String,
    /// Each model.
    pub models: Vec<ModelStatus>,
    /// What waits for whom, the most urgent first.
    pub waiting: Vec<Waiting>,
    /// The address of the one who asks, as git knows it.
    pub you: Option<String>,
}

/// How one model stands.
#[derive(Debug, Clone)]
pub struct ModelStatus {
    /// Its name.
    pub model: ModelName,
    /// The time that ages are counted to: now, as its journal would record it.
    pub now: Time,
    /// Its newest version.
    pub latest: Option<VersionRow>,
    /// What the workspace differs in from the newest version; the reason if it cannot be looked at.
    pub workspace: Option<Result<Vec<&'static str>, String>>,
    /// Its stages.
    pub stages: Vec<StageStatus>,
    /// The stage the newest version would go to, and what stands between.
    pub next: Option<(StageName, Vec<Obstacle>)>,
    /// Versions that could hold that stage next, and what stands between: the newest one first.
    pub on_the_way: Vec<OnTheWay>,
    /// Checks that decide when nothing else stands between.
    pub checks: Vec<String>,
    /// What certifying the newest version takes.
    pub needed: Needed,
    /// The newest version's certificate.
    pub certificate: Option<CertificateRow>,
}

/// How one stage stands.
#[derive(Debug, Clone)]
pub struct StageStatus {
    /// Its name.
    pub stage: StageName,
    /// Who holds it.
    pub occupancy: Option<OccupancyRow>,
    /// How the certificate of that stands.
    pub certificate: Option<StageCertificate>,
    /// The block that keeps it out, although it holds the stage.
    pub blocked: Option<BlockRow>,
    /// What is damaged of its files.
    pub damaged: Option<String>,
    /// The approvals by which it does.
    pub approvals: Vec<ApprovalRow>,
    /// Files of its model that were erased for good.
    pub erased: Vec<String>,
    /// Where a rollback would go.
    pub rollback_to: Option<Version>,
    /// Hooks behind its newest move that have not succeeded.
    pub open_hooks: Vec<OpenHook>,
    /// What the places that serve it were last found to hold.
    pub observed: Vec<(ObservedRow, Option<Standing>)>,
}

/// Looks.
pub fn status(
    repository: &Repository,
    options: &StatusOptions,
    progress: &dyn Progress,
) -> Result<StatusReport, VerbError> {
    let asked = Asked::begin(repository);
    let models = match &options.model {
        Some(model) => {
            resolve::known_model(repository, model)?;
            vec![resolve::current(repository, model)]
        }
        None => resolve::models_in_use(repository)?,
    };
    let look = |model: ModelName| one(repository, model);
    let mut models: Vec<ModelStatus> = if models.len() < MANY {
        models.into_iter().map(look).collect::<Result<_, _>>()?
    } else {
        models.into_par_iter().map(look).collect::<Result<_, _>>()?
    };
    for status in models.iter_mut().filter(|status| repository.section(&status.model).is_some()) {
        let latest = status.latest.as_ref();
        status.workspace = Some(changes(repository, &status.model, latest, options, progress));
    }
    Ok(StatusReport {
        store: repository.store_path().display().to_string(),
        repository: repository.store().repository().to_owned(),
        waiting: waiting::waiting(&models),
        you: asked.answer().email,
        models,
    })
}

/// A model without its workspace.
fn one(repository: &Repository, model: ModelName) -> Result<ModelStatus, VerbError> {
    match repository.registry().state_alone(&model)? {
        Some(state) => with_history(repository, state),
        None => Ok(ModelStatus {
            model,
            now: repository.registry().now(),
            latest: None,
            workspace: None,
            stages: Vec::new(),
            next: None,
            on_the_way: Vec::new(),
            checks: Vec::new(),
            needed: Needed::default(),
            certificate: None,
        }),
    }
}

fn changes(
    repository: &Repository,
    model: &ModelName,
    latest: Option<&VersionRow>,
    options: &StatusOptions,
    progress: &dyn Progress,
) -> Result<Vec<&'static str>, String> {
    let look = || -> Result<Vec<&'static str>, VerbError> {
        let workspace = Workspace::look(repository, Some(model), &options.given, progress)?;
        Ok(match latest {
            None => vec!["everything"],
            Some(row) => {
                let latest = records::snapshot(repository, row.snapshot)?;
                snapshot::differs_in(repository.store(), &latest, &workspace.built)
            }
        })
    };
    look().map_err(|error| super::chain(&error))
}

fn with_history(repository: &Repository, state: State) -> Result<ModelStatus, VerbError> {
    let now = repository.registry().now_in(&state);
    let mut fitness = Fitness::new(repository, &state);
    let mut stages = Vec::new();
    for name in resolve::stage_names(repository, &state) {
        let Ok(stage) = StageName::new(&name) else { continue };
        let row = state.stages.get(&stage);
        let below = row.into_iter().flat_map(|row| row.stack.iter().rev().skip(1).map(|i| &row.timeline[*i as usize]));
        let current = state.occupant(&stage).cloned();
        let tree_of = |o: &OccupancyRow| state.version(o.version).map(|v| v.model_tree);
        let block_of = |o: &OccupancyRow| state.block(o.snapshot, tree_of(o), &stage);
        // As a rollback chooses: the fled files are blocked, and what is damaged is passed over.
        let open = below
            .filter(|o| current.as_ref().is_none_or(|c| tree_of(c) != tree_of(o)))
            .find(|o| block_of(o).is_none() && fitness.of(o.snapshot).is_none());
        let row = current.as_ref().and_then(|o| state.version(o.version));
        let lost = row.map(|row| erasures::model_files(repository, &state, row)).transpose()?.unwrap_or_default();
        let erased = lost.into_iter().map(|(path, _)| path).collect();
        let approvals = current.as_ref().map_or_else(Vec::new, |o| signoffs::approvals::named(&state, &o.approvals));
        stages.push(StageStatus {
            approvals,
            rollback_to: open.map(|o| o.version),
            open_hooks: hooks::open(repository, &state, &stage),
            observed: observed::of_stage(&state, &stage),
            certificate: current.as_ref().map(|o| stage_certificate::of_occupant(&state, &stage, o, now)),
            blocked: current.as_ref().and_then(block_of).cloned(),
            damaged: current.as_ref().and_then(|o| fitness.damage(o.snapshot)),
            occupancy: current,
            erased,
            stage,
        });
    }
    let latest = state.latest().copied();
    let on_the_way = match (latest, resolve::stage(repository, &state, None)) {
        (Some(row), Ok(stage)) if state.occupant(&stage).is_none_or(|o| o.snapshot != row.snapshot) => {
            on_the_way::to_stage(repository, &state, &stage, &row, &mut fitness)?
        }
        _ => Vec::new(),
    };
    let next = on_the_way.first().map(|way| (way.stage.clone(), way.against.clone()));
    let checks = match (latest, &next) {
        (Some(row), Some((stage, _))) => promote::checks(repository, &state, stage, row.snapshot).unwrap_or_default(),
        _ => Vec::new(),
    };
    Ok(ModelStatus {
        now,
        checks: checks.iter().map(|command| hooks::recorded(command)).collect(),
        needed: latest.map(|row| rules::needed(repository, &state, row.snapshot)).unwrap_or_default(),
        certificate: latest.and_then(|row| state.certificates.get(&row.snapshot).cloned()),
        latest,
        workspace: None,
        stages,
        next,
        on_the_way,
        model: state.model,
    })
}
