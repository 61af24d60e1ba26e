//! `status`: what changed, who is where, and what stands between the newest version and its stage.

use super::VerbError;
use super::hooks::{self, OpenHook};
use super::inputs::GivenInputs;
use super::observed::{self, Standing};
use super::rollback::unfit;
use super::rules::{self, Needed};
use super::workspace::Workspace;
use super::{approvals, erasures, promote, records, resolve, signoffs};
use crate::format::checkpoint::{ApprovalRow, CertificateRow, ObservedRow, OccupancyRow, VersionRow};
use crate::name::{ModelName, StageName, Version};
use crate::progress::Progress;
use crate::registry::State;
use crate::registry::promote::{Obstacle, PromoteRequest, obstacles};
use crate::registry::rollback::Unfit;
use crate::repository::Repository;
use crate::snapshot;

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
}

/// How one model stands.
#[derive(Debug, Clone)]
pub struct ModelStatus {
    /// Its name.
    pub model: ModelName,
    /// Its newest version.
    pub latest: Option<VersionRow>,
    /// What the workspace differs in from the newest version; the reason if it cannot be looked at.
    pub workspace: Option<Result<Vec<&'static str>, String>>,
    /// Its stages.
    pub stages: Vec<StageStatus>,
    /// The stage the newest version would go to, and what stands between.
    pub next: Option<(StageName, Vec<Obstacle>)>,
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
    let models = match &options.model {
        Some(model) => {
            resolve::known_model(repository, model)?;
            vec![resolve::current(repository, model)]
        }
        None => resolve::models(repository)?,
    };
    let mut report = StatusReport {
        store: repository.store_path().display().to_string(),
        repository: repository.store().repository().to_owned(),
        models: Vec::new(),
    };
    repository.registry().each_state(&models, |model, state| {
        let state = state?;
        let in_config = repository.section(model).is_some();
        let workspace = in_config.then(|| changes(repository, model, state.as_ref(), options, progress));
        report.models.push(match state {
            None => ModelStatus {
                model: model.clone(),
                latest: None,
                workspace,
                stages: Vec::new(),
                next: None,
                checks: Vec::new(),
                needed: Needed::default(),
                certificate: None,
            },
            Some(state) => with_history(repository, state, workspace)?,
        });
        Ok::<(), VerbError>(())
    })?;
    Ok(report)
}

fn changes(
    repository: &Repository,
    model: &ModelName,
    state: Option<&State>,
    options: &StatusOptions,
    progress: &dyn Progress,
) -> Result<Vec<&'static str>, String> {
    let look = || -> Result<Vec<&'static str>, VerbError> {
        let workspace = Workspace::look(repository, Some(model), &options.given, progress)?;
        Ok(match state.and_then(State::latest) {
            None => vec!["everything"],
            Some(row) => {
                let latest = records::snapshot(repository, row.snapshot)?;
                snapshot::differs_in(repository.store(), &latest, &workspace.built)
            }
        })
    };
    look().map_err(|error| super::chain(&error))
}

fn with_history(
    repository: &Repository,
    state: State,
    workspace: Option<Result<Vec<&'static str>, String>>,
) -> Result<ModelStatus, VerbError> {
    let mut stages = Vec::new();
    for name in resolve::stage_names(repository, &state) {
        let Ok(stage) = StageName::new(&name) else { continue };
        let row = state.stages.get(&stage);
        let below = row.into_iter().flat_map(|row| row.stack.iter().rev().skip(1).map(|i| &row.timeline[*i as usize]));
        let current = state.occupant(&stage).cloned();
        let tree_of = |o: &OccupancyRow| state.version(o.version).map(|v| v.model_tree);
        // As a rollback chooses: the fled files are blocked, and what is damaged is passed over.
        let open = below.filter(|o| current.as_ref().is_none_or(|c| tree_of(c) != tree_of(o))).find(|o| {
            state.block(o.snapshot, tree_of(o), &stage).is_none() && unfit(repository, &state, o.snapshot).is_none()
        });
        let row = current.as_ref().and_then(|o| state.version(o.version));
        let lost = row.map(|row| erasures::model_files(repository, &state, row)).transpose()?.unwrap_or_default();
        let erased = lost.into_iter().map(|(path, _)| path).collect();
        let approvals = current.as_ref().map_or_else(Vec::new, |o| approvals::named(&state, &o.approvals));
        stages.push(StageStatus {
            approvals,
            rollback_to: open.map(|o| o.version),
            open_hooks: hooks::open(repository, &state, &stage),
            observed: observed::of_stage(&state, &stage),
            occupancy: current,
            erased,
            stage,
        });
    }
    let latest = state.latest().copied();
    let next = match (latest, resolve::stage(repository, &state, None)) {
        (Some(row), Ok(stage)) if state.occupant(&stage).is_none_or(|o| o.snapshot != row.snapshot) => {
            let policy = state.certificates.get(&row.snapshot).map(|c| c.policy);
            let proposed = rules::proposed(repository, &state, &stage, policy)?;
            let now = repository.registry().now_in(&state);
            let request =
                PromoteRequest { stage: &stage, snapshot: row.snapshot, proposed: &proposed, expected: None, now };
            let (mut against, _) = obstacles(&state, &request);
            against.extend(erasures::obstacle(repository, &state, &row)?);
            let counting = signoffs::counting(&state, &stage, &proposed);
            against.extend(signoffs::unsigned_waivers(repository, &state, row.snapshot, &stage, counting)?);
            against.extend(approvals::of_version(repository, &state, row.snapshot, &stage, &proposed)?.missing);
            if let Some(Unfit::Damaged(reason)) = unfit(repository, &state, row.snapshot) {
                against.push(Obstacle::Damaged { reason });
            }
            Some((stage, against))
        }
        _ => None,
    };
    let checks = match (latest, &next) {
        (Some(row), Some((stage, _))) => promote::checks(repository, &state, stage, row.snapshot).unwrap_or_default(),
        _ => Vec::new(),
    };
    Ok(ModelStatus {
        checks: checks.iter().map(|command| hooks::recorded(command)).collect(),
        needed: latest.map(|row| rules::needed(repository, &state, row.snapshot)).unwrap_or_default(),
        certificate: latest.and_then(|row| state.certificates.get(&row.snapshot).cloned()),
        latest,
        workspace,
        stages,
        next,
        model: state.model,
    })
}
