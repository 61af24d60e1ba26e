//! `mlrun.toml`, read and checked: an invalid file stops a command before anything else is read or written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ConfigError;
use super::location::{CONFIG, LOCAL_CONFIG};
use super::stages::{self, Sections};
pub use super::stages::{VALID_FOR, stage_rules};
use super::written::{Written, behind};
use super::{hooks, predict};
use crate::bounded;
use crate::clock;
use crate::format::config::{ConfigFile, ModelFile, StageFile};
use crate::format::policy::PredictRecord;
use crate::name::{ModelName, StageName};

const MAX_CONFIG: u64 = 4 << 20;
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
        self.file.model.named.get(name)
    }

    /// What `stage` asks of `model`; none if the configuration declares no such stage.
    pub fn stage(&self, model: &ModelName, stage: &StageName) -> Option<StageFile> {
        Sections::of(&self.file, model).stage(stage)
    }

    /// Who has which role for `model`.
    pub fn roles(&self, model: &ModelName) -> BTreeMap<String, Vec<String>> {
        Sections::of(&self.file, model).roles()
    }

    /// The policy file of `model`: that of its own section, else of its longest prefix that has one.
    pub fn policy(&self, model: &ModelName) -> Option<&str> {
        let own = self.model(model).and_then(|file| file.policy.as_deref());
        let mut prefixes = self.file.model.prefixes_of(model.as_str()).rev();
        own.or_else(|| prefixes.find_map(|(_, file)| file.policy.as_deref()))
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
        Sections::of(&self.file, model).stages().into_iter().cloned().collect()
    }

    /// The limit for untracked files, in bytes.
    pub fn untracked_limit(&self) -> u64 {
        self.file.code.untracked_limit.as_deref().and_then(parse_size).unwrap_or(UNTRACKED_LIMIT)
    }

    /// How long what was collected can be taken back.
    pub fn trash(&self) -> Duration {
        self.file.store.trash.as_deref().and_then(clock::parse_duration).unwrap_or(TRASH)
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
        stages::check(&self.file).map_err(|(key, reason)| refuse(key, reason))?;
        for (model, file) in &self.file.model.named {
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
    bounded::read_text(path, MAX_CONFIG).map_err(|source| ConfigError::Io { path: path.to_path_buf(), source })
}
