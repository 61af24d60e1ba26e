//! The rules a stage has: as the project states them, and as they are in force.

pub(super) mod differences;
pub(super) mod policy_files;
pub(super) mod scripts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{VerbError, judging, signoffs};
use crate::bounded;
use crate::certify::policy;
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::event::{RulesRecord, StageRulesRecord};
use crate::format::policy::{self as format, PolicyRecord, PredictRecord};
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName};
use crate::registry::State;
use crate::registry::promote::{raised, raises};
use crate::repository::{Repository, config};

const MAX_POLICY: u64 = 4 << 20;

/// A policy that can be judged by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file it was read from; none: it is in force and came from the store.
    pub path: Option<PathBuf>,
    /// The line of each rule in it.
    pub lines: BTreeMap<String, usize>,
    /// Resolved.
    pub record: PolicyRecord,
    /// Its canonical JSON.
    pub bytes: Vec<u8>,
    /// The SHA-256 of that.
    pub sha256: Digest,
    /// The SHA-256 of the file as written; of the record where there is no file.
    pub file_sha256: Digest,
    /// The file as written, to be stored; none where there is no file.
    pub file: Option<Vec<u8>>,
}

/// The policy of `model`: from the file named, from the configured one, or else the one in force for the only stage with rules.
pub fn policy(
    repository: &Repository,
    model: &ModelName,
    state: Option<&State>,
    named: Option<&Path>,
) -> Result<Policy, VerbError> {
    if let Some(path) = named {
        return read_policy(path, predict_of(repository, model));
    }
    if let Some(configured) = configured(repository, model)? {
        return Ok(configured);
    }
    let in_force = state.into_iter().flat_map(|s| s.stages.values()).find_map(|row| row.rules.as_ref()?.policy);
    match in_force {
        Some(sha256) => stored_policy(repository, sha256),
        None => Err(VerbError::NoPolicy { model: model.to_string() }),
    }
}

/// The policy that the configuration names, if it names one.
pub fn configured(repository: &Repository, model: &ModelName) -> Result<Option<Policy>, VerbError> {
    let Some((project, file)) = repository.project().zip(repository.policy(model)) else { return Ok(None) };
    read_policy(&project.join(file), predict_of(repository, model)).map(Some)
}

fn predict_of(repository: &Repository, model: &ModelName) -> Option<PredictRecord> {
    repository.predict(model)
}

/// Reads and resolves a policy file. How a model is run is the configuration's to say, and part of the rules.
pub fn read_policy(path: &Path, predict: Option<PredictRecord>) -> Result<Policy, VerbError> {
    let failed = |source| VerbError::Io { action: "read the policy", path: path.to_path_buf(), source };
    let text = bounded::read_text(path, MAX_POLICY).map_err(failed)?;
    let refused = |source| VerbError::Policy { path: PathBuf::from(path), source: Box::new(source) };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let resolved = policy::parse(&text).and_then(|mut file| {
        judging::listed_keys::read(&mut file, folder)?;
        policy::resolve(&file)
    });
    let record = resolved.map_err(refused)?;
    let record = PolicyRecord { predict, ..record };
    let malformed = |source| VerbError::Record { kind: "policy", id: path.display().to_string(), source };
    let (bytes, sha256) = policy::digest(&record).map_err(malformed)?;
    let (path, lines, file_sha256) = (Some(path.to_path_buf()), policy::lines(&text), Digest::of(text.as_bytes()));
    Ok(Policy { path, lines, record, bytes, sha256, file_sha256, file: Some(text.into_bytes()) })
}

/// A resolved policy from the store.
pub fn stored_policy(repository: &Repository, sha256: Digest) -> Result<Policy, VerbError> {
    let bytes = repository.store().record(sha256)?;
    let unreadable = |source| VerbError::Record { kind: "policy", id: sha256.to_string(), source };
    let record: PolicyRecord = canonical::decode(format::FORMAT, &bytes).map_err(unreadable)?;
    Ok(Policy { path: None, lines: BTreeMap::new(), record, bytes, sha256, file_sha256: sha256, file: None })
}

/// What the project asks of a stage; the defaults if it says nothing.
///
/// # Errors
///
/// A [`VerbError`] if the signers it names cannot be read.
pub fn stated(repository: &Repository, model: &ModelName, stage: &StageName) -> Result<StageRulesRecord, VerbError> {
    let file = repository.stage(model, stage);
    let roles = repository.roles(model);
    let signers = signoffs::signers::stated(repository, model, stage)?.map(|file| file.sha256);
    let rules = config::stage_rules(&file.unwrap_or_default(), &roles);
    let scripts = scripts::of(repository, &rules.before)?;
    Ok(StageRulesRecord { signers, scripts, ..rules })
}

/// What a command that certifies a version has to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needed {
    /// That it is a first release: nothing holds the stage it is compared with.
    pub first_release: bool,
    /// A policy: none is configured, and none is in force.
    pub policy: bool,
}

/// What has to be said to certify a version.
pub fn needed(repository: &Repository, state: &State, snapshot: SnapshotId) -> Needed {
    let first_release = match state.certificates.get(&snapshot) {
        Some(row) => state.occupant(&row.stage).is_none(),
        None => state.stages.keys().all(|stage| state.occupant(stage).is_none()),
    };
    let configured = repository.policy(&state.model).is_some();
    let in_force = || state.stages.values().any(|row| row.rules.as_ref().is_some_and(|rules| rules.policy.is_some()));
    Needed { first_release, policy: !configured && !in_force() }
}

/// The rules of a stage that has none in force yet, or that begins to ask for certificates. Without a checkout nothing is stated: those
/// in force are all there is.
pub fn proposed(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    policy: Option<Digest>,
) -> Result<RulesRecord, VerbError> {
    let adopted = state.stages.get(stage).and_then(|row| row.rules.as_ref());
    if let (None, Some(adopted)) = (repository.config(), adopted) {
        return Ok(adopted.clone());
    }
    let stage = stated(repository, &state.model, stage)?;
    let stated = RulesRecord { policy: policy.filter(|_| stage.certificate), stage };
    Ok(match adopted {
        Some(adopted) if raises(adopted, &stated) => raised(adopted, &stated),
        _ => stated,
    })
}

/// In what the project asks for other than what counts for a stage: it changes nothing, and whoever wrote it is to know.
pub fn not_in_force(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    proposed: &RulesRecord,
) -> Result<Vec<String>, VerbError> {
    let adopted = state.stages.get(stage).is_some_and(|row| row.rules.is_some());
    if !adopted || repository.config().is_none() {
        return Ok(Vec::new());
    }
    let counting = signoffs::counting(state, stage, proposed);
    Ok(differences::of_stage(counting, &stated(repository, &state.model, stage)?))
}

/// The rules in force for a stage; none if it has none yet, or if the project begins to ask for certificates.
pub fn in_force<'s>(state: &'s State, stage: &StageName, stated: &RulesRecord) -> Option<&'s RulesRecord> {
    let adopted = state.stages.get(stage).and_then(|row| row.rules.as_ref());
    adopted.filter(|rules| !raises(rules, stated))
}

impl VerbError {
    /// The same, with the place in the policy of the rule that it is about.
    pub(super) fn at_rule(self, policy: &Policy) -> Self {
        let Self::Certify(source) = self else { return self };
        let line = source.rule().and_then(|rule| policy.lines.get(rule));
        match policy.path.clone().zip(line) {
            Some((path, &line)) => Self::Unfit { path, line, source },
            None => Self::Certify(source),
        }
    }
}
