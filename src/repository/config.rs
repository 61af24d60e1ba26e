//! `mlrun.toml`, read and checked: an invalid file stops a command before anything else is read or written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::location::{CONFIG, LOCAL_CONFIG};
use super::written::{Written, behind};
use super::{hooks, predict};
use crate::clock;
use crate::format::config::{CertificateNeed, ConfigFile, ModelFile, StageFile};
use crate::format::event::StageRulesRecord;
use crate::format::policy::PredictRecord;
use crate::name::{ModelName, StageName};
use crate::nearest::{nearest, suggestion};
use crate::registry::quorum::{Voice, quorum};

const MAX_CONFIG: u64 = 4 << 20;
/// How long a certificate counts unless said: 30 days.
pub const VALID_FOR: Duration = Duration::from_secs(30 * 86_400);
/// Untracked files kept unless said: 200 MiB.
pub const UNTRACKED_LIMIT: u64 = 200 << 20;

/// How long what was collected can be taken back, unless said: 14 days.
pub const TRASH: Duration = Duration::from_secs(14 * 86_400);
/// Nobody notices a loss sooner.
const SHORTEST_TRASH: Duration = Duration::from_secs(86_400);

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it stands.
    pub path: PathBuf,
    /// What it says, local overrides included.
    pub file: ConfigFile,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The system refused.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("`{}`{}: {reason}", path.display(), line.map_or_else(String::new, |n| format!(" line {n}")))]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Counted from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
        /// The known key nearest to an unknown one.
        nearest: Option<String>,
    },
    /// A value that cannot be.
    #[error("`{}`{}: `{key}`: {reason}", path.display(), line.map_or_else(String::new, |n| format!(" line {n}")))]
    Value {
        /// Which file.
        path: PathBuf,
        /// Counted from 1, where known.
        line: Option<usize>,
        /// The dotted key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

impl Config {
    /// Reads the configuration in `project` and the local one beside it.
    pub fn read(project: &Path) -> Result<Self, ConfigError> {
        let path = project.join(CONFIG);
        let text = read_text(&path)?;
        let local = project.join(LOCAL_CONFIG);
        let over = if local.exists() { Some(read_text(&local)?) } else { None };
        let written = Written { path: &path, text: &text, local: &local, over: over.as_deref().map(behind(&text)) };
        let (file, table) = written.read()?;
        if file.schema != 1 {
            let line = text.lines().position(|line| line.trim_start().starts_with("schema")).map(|at| at + 1);
            let reason = format!("schema {} is not known; this program reads 1", file.schema);
            return Err(ConfigError::Toml { path, line, reason, nearest: None });
        }
        let config = Self { path: path.clone(), file };
        config.check(&|key| written.place(&table, key))?;
        Ok(config)
    }

    /// A model's section.
    pub(super) fn model(&self, name: &ModelName) -> Option<&ModelFile> {
        self.file.model.get(name)
    }

    /// What `stage` asks of `model`; none if the configuration declares no such stage.
    pub fn stage(&self, model: &ModelName, stage: &StageName) -> Option<StageFile> {
        let general = self.file.stage.get(stage);
        let special = self.file.model.get(model).and_then(|m| m.stage.get(stage));
        match (general, special) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (Some(general), Some(special)) => Some(StageFile {
                from: special.from.clone().or_else(|| general.from.clone()),
                certificate: special.certificate.or(general.certificate),
                valid_for: special.valid_for.clone().or_else(|| general.valid_for.clone()),
                waivers: special.waivers.clone().or_else(|| general.waivers.clone()),
                self_approval: special.self_approval.or(general.self_approval),
                approvals: special.approvals.clone().or_else(|| general.approvals.clone()),
                signers: special.signers.clone().or_else(|| general.signers.clone()),
                before: special.before.clone().or_else(|| general.before.clone()),
                after: special.after.clone().or_else(|| general.after.clone()),
                hook_timeout: special.hook_timeout.clone().or_else(|| general.hook_timeout.clone()),
            }),
        }
    }

    /// How long each hook of a stage may run.
    pub fn hook_timeout(&self, model: &ModelName, stage: &StageName) -> Duration {
        hooks::timeout(self.stage(model, stage).as_ref())
    }

    /// How this program runs a model itself.
    pub(super) fn predict(&self, model: &ModelName) -> Option<PredictRecord> {
        self.model(model)?.evidence.as_ref()?.predict.as_ref().and_then(|file| predict::resolve(file).ok())
    }

    /// Every stage declared for any model, or for `model`.
    pub fn stages(&self, model: &ModelName) -> Vec<StageName> {
        let special = self.file.model.get(model).into_iter().flat_map(|m| m.stage.keys());
        let mut all: Vec<StageName> = self.file.stage.keys().chain(special).cloned().collect();
        all.sort();
        all.dedup();
        all
    }

    /// The limit for untracked files, in bytes.
    pub fn untracked_limit(&self) -> u64 {
        self.file.code.untracked_limit.as_deref().and_then(parse_size).unwrap_or(UNTRACKED_LIMIT)
    }

    /// How long what was collected can be taken back.
    pub fn trash(&self) -> Duration {
        self.file.store.trash.as_deref().and_then(clock::parse_duration).unwrap_or(TRASH)
    }

    /// Why nobody could ever give the approvals that are asked for.
    fn unfillable(&self, asked: &BTreeMap<String, u32>) -> Option<String> {
        let roles = &self.file.roles;
        if let Some(role) = asked.keys().find(|role| !roles.contains_key(*role)) {
            let near = suggestion(&nearest(role, roles.keys().map(String::as_str)));
            return Some(format!("there is no role `{role}` in `[roles]`{near}"));
        }
        let everybody = asked.keys().flat_map(|role| {
            people(role, roles).into_iter().map(|person| Voice { seq: 0, role: role.clone(), person })
        });
        let missing = quorum(asked, &everybody.collect::<Vec<_>>()).missing;
        let (role, missing) = missing.into_iter().next()?;
        Some(format!("the role `{role}` has {missing} people too few: nobody fills two roles"))
    }

    fn check(&self, place: &dyn Fn(&str) -> (PathBuf, Option<usize>)) -> Result<(), ConfigError> {
        let refuse = |key: String, reason: String| {
            let (path, line) = place(&key);
            ConfigError::Value { path, line, key, reason }
        };
        if let Some(limit) = &self.file.code.untracked_limit
            && parse_size(limit).is_none()
        {
            return Err(refuse(
                "code.untracked_limit".to_owned(),
                format!("`{limit}` is not a size such as `200 MiB`"),
            ));
        }
        if let Some(text) = &self.file.store.trash {
            let reason = match clock::parse_duration(text) {
                None => format!("`{text}` is not a length of time such as `14d`"),
                Some(grace) if grace < SHORTEST_TRASH => {
                    format!("`{text}` is too short to notice a mistake; `1d` is the least")
                }
                Some(_) => String::new(),
            };
            if !reason.is_empty() {
                return Err(refuse("store.trash".to_owned(), reason));
            }
        }
        let stages = self.file.stage.iter().map(|(name, stage)| (format!("stage.{name}"), stage));
        let special = self.file.model.iter().flat_map(|(model, file)| {
            file.stage.iter().map(move |(name, stage)| (format!("model.{model}.stage.{name}"), stage))
        });
        for (key, stage) in stages.chain(special) {
            if let Some(text) = &stage.valid_for
                && clock::parse_duration(text).is_none_or(|d| d.is_zero())
            {
                let reason = format!("`{text}` is not a length of time such as `30d`");
                return Err(refuse(format!("{key}.valid_for"), reason));
            }
            hooks::check(stage).map_err(|(name, reason)| refuse(format!("{key}.{name}"), reason))?;
            for role in stage.waivers.iter().flatten() {
                if !self.file.roles.contains_key(role) {
                    let near = suggestion(&nearest(role, self.file.roles.keys().map(String::as_str)));
                    return Err(refuse(
                        format!("{key}.waivers"),
                        format!("there is no role `{role}` in `[roles]`{near}"),
                    ));
                }
            }
            if let Some(reason) = stage.approvals.as_ref().and_then(|asked| self.unfillable(asked)) {
                return Err(refuse(format!("{key}.approvals"), reason));
            }
            let known = || self.file.stage.keys().chain(self.file.model.values().flat_map(|m| m.stage.keys()));
            for from in stage.from.iter().flatten() {
                if !known().any(|stage| stage == from) {
                    let near = suggestion(&nearest(from.as_str(), known().map(StageName::as_str)));
                    return Err(refuse(format!("{key}.from"), format!("there is no stage `{from}`{near}")));
                }
            }
        }
        for (model, file) in &self.file.model {
            let predict = file.evidence.as_ref().and_then(|evidence| evidence.predict.as_ref());
            if let Some(Err((key, reason))) = predict.map(predict::resolve) {
                return Err(refuse(format!("model.{model}.evidence.predict.{key}"), reason));
            }
            for (name, data) in &file.data {
                let forms = [("path", &data.path), ("uri", &data.uri), ("dvc", &data.dvc)];
                let given: Vec<&str> = forms.iter().filter(|(_, form)| form.is_some()).map(|(key, _)| *key).collect();
                if given.len() != 1 {
                    let reason = "say one of `path`, `uri` and `dvc`".to_owned();
                    let key = given.last().map_or_else(String::new, |key| format!(".{key}"));
                    return Err(refuse(format!("model.{model}.data.{name}{key}"), reason));
                }
                if data.checksum.is_some() && data.uri.is_none() {
                    let reason = "only a `uri` is recorded as it is declared; anything else is hashed".to_owned();
                    return Err(refuse(format!("model.{model}.data.{name}.checksum"), reason));
                }
            }
            for (name, predictions) in &file.predictions {
                let key = || format!("model.{model}.predictions.{name}");
                if predictions.key.is_empty() {
                    return Err(refuse(format!("{}.key", key()), "name at least one column".to_owned()));
                }
                if predictions.score.is_none() && predictions.prediction.is_none() && predictions.scores.is_empty() {
                    return Err(refuse(key(), "say `score`, `prediction` or `scores`".to_owned()));
                }
                if let Some(shared) = predictions.shared() {
                    let reason = format!("`{}` is the {} already", shared.column, shared.known);
                    return Err(refuse(format!("{}.{}", key(), shared.said), reason));
                }
            }
        }
        Ok(())
    }
}

/// What a stage asks, with the defaults spelled out. Who has a role is part of it: else anybody who can edit the file could
/// take one. The file that `signers` names is not read here.
pub fn stage_rules(stage: &StageFile, roles: &BTreeMap<String, Vec<String>>) -> StageRulesRecord {
    fn of_people<'r>(
        named: impl Iterator<Item = &'r String>,
        roles: &BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<String, Vec<String>> {
        named.map(|role| (role.clone(), people(role, roles))).collect()
    }
    let valid_for = stage.valid_for.as_deref().and_then(clock::parse_duration).unwrap_or(VALID_FOR);
    let approvals: BTreeMap<String, u32> =
        stage.approvals.iter().flatten().filter(|(_, count)| **count > 0).map(|(role, n)| (role.clone(), *n)).collect();
    StageRulesRecord {
        certificate: stage.certificate != Some(CertificateNeed::None),
        from: stage.from.clone().unwrap_or_default(),
        valid_for: valid_for.as_secs(),
        waivers: of_people(stage.waivers.iter().flatten(), roles),
        people: of_people(approvals.keys(), roles),
        approvals,
        signers: None,
        self_approval: stage.self_approval == Some(true),
        before: stage.before.clone().unwrap_or_default(),
    }
}

/// The addresses of those who have a role, in one order and each once.
fn people(role: &str, roles: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let people: BTreeSet<String> = roles.get(role).into_iter().flatten().map(|one| one.to_lowercase()).collect();
    people.into_iter().collect()
}

/// Reads a size such as `200 MiB`, `1.5 GB`, `4096`.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    let bytes = number * factor as f64;
    (0.0..1e18).contains(&bytes).then_some(bytes as u64)
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Io { path: path.to_path_buf(), source };
    let mut text = String::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_CONFIG).read_to_string(&mut text)).map_err(failed)?;
    Ok(text)
}

/// From serde's "unknown field `x`, expected one of `a`, `b`": the nearest known key.
pub fn nearest_key(message: &str) -> Option<String> {
    let (unknown, known) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known = known.split('`').skip(1).step_by(2);
    nearest(unknown, known).into_iter().next()
}
