//! What a user may write for a version: `[MODEL@](latest|workspace|vN|STAGE|HEX)`, then `@{TIME}`, then `~N`.

use std::fmt;

use crate::name::{ModelName, StageName, Version};

/// A revision as written, not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The model, if it was named.
    pub model: Option<ModelName>,
    /// What of it.
    pub target: Target,
    /// The time in `@{…}`, unparsed: what it means depends on when it is read.
    pub time: Option<String>,
    /// The N of `~N`.
    pub back: u32,
}

/// The part of a revision that names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The newest version.
    Latest,
    /// The files as they are now.
    Workspace,
    /// A version number.
    Version(Version),
    /// What a stage holds.
    Stage(StageName),
    /// A snapshot id or a prefix of one: 4 to 64 lower-case hex digits.
    Id(String),
    /// Nothing but a model's name: the caller decides what that means.
    Model,
}

/// Why a text is not a revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a revision: {reason}")]
pub struct RevisionError {
    /// What was given, cut to 120 characters.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Revision {
    /// Reads a revision. A bare word that is neither fixed, a version nor an id may be a stage or a
    /// model: `is_model` decides, so that `fraud` means the model only where there is one.
    pub fn parse(text: &str, is_model: &dyn Fn(&ModelName) -> bool) -> Result<Self, RevisionError> {
        let found = Self::parse_one(text, is_model);
        // `v1..v2` reads as a stage and `v1..fraud@v2` as a model of that name, too; only a model that is there is meant.
        let is_meant = |found: &Self| match (&found.model, &found.target) {
            (_, Target::Stage(stage)) if stage.as_str().contains("..") => false,
            (Some(model), _) if model.as_str().contains("..") => is_model(model),
            _ => true,
        };
        match range(text) {
            Some(reason) if !found.as_ref().is_ok_and(is_meant) => Err(refused(text, &reason)),
            _ => found,
        }
    }

    fn parse_one(text: &str, is_model: &dyn Fn(&ModelName) -> bool) -> Result<Self, RevisionError> {
        let refuse = |reason: &str| refused(text, reason);
        let (rest, back) = split_back(text).ok_or_else(|| refuse("`~` wants a number behind it"))?;
        let (rest, time) = split_time(rest).ok_or_else(|| refuse("`@{` wants a time and a `}`"))?;
        let (model, word) = match rest.rsplit_once('@') {
            Some((model, word)) => {
                let model = ModelName::new(model).map_err(|e| refuse(&e.to_string()))?;
                (Some(model), word)
            }
            None => (None, rest),
        };
        if word.is_empty() {
            return Err(refuse("it is empty; say `latest`, `v3`, a stage or an id"));
        }
        if model.is_none()
            && let Ok(name) = ModelName::new(word)
            && is_model(&name)
        {
            return Ok(Self { model: Some(name), target: Target::Model, time, back });
        }
        let target = Self::target(word).map_err(|reason| refuse(&reason))?;
        if target == Target::Workspace && (time.is_some() || back > 0) {
            return Err(refuse("the workspace has no past"));
        }
        Ok(Self { model, target, time, back })
    }

    fn target(word: &str) -> Result<Target, String> {
        if word == "latest" {
            return Ok(Target::Latest);
        }
        if word == "workspace" {
            return Ok(Target::Workspace);
        }
        if let Some(version) = Version::parse(word) {
            return Ok(Target::Version(version));
        }
        let hex = word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex && (4..=64).contains(&word.len()) {
            return Ok(Target::Id(word.to_owned()));
        }
        if hex && word.len() < 4 && word.bytes().any(|b| b.is_ascii_digit()) {
            return Err("an id needs at least 4 hex digits".to_owned());
        }
        StageName::new(word).map(Target::Stage).map_err(|e| e.to_string())
    }
}

fn refused(text: &str, reason: &str) -> RevisionError {
    RevisionError { text: text.chars().take(120).collect(), reason: reason.to_owned() }
}

/// What is said of a range as git has them, if `text` looks like one.
fn range(text: &str) -> Option<String> {
    let (a, b) = text.split_once("..").filter(|(a, b)| !a.is_empty() && !b.is_empty() && !text.contains("@{"))?;
    let short = |end: &str| end.trim_start_matches('.').chars().take(40).collect::<String>();
    Some(format!("a range as in git; here two versions are two words: `{} {}`", short(a), short(b)))
}

fn split_back(text: &str) -> Option<(&str, u32)> {
    match text.rsplit_once('~') {
        Some((rest, count)) if !count.contains('}') => count.parse().ok().map(|n| (rest, n)),
        _ => Some((text, 0)),
    }
}

fn split_time(text: &str) -> Option<(&str, Option<String>)> {
    match text.split_once("@{") {
        None => Some((text, None)),
        Some((rest, time)) => {
            let time = time.strip_suffix('}')?;
            (!time.is_empty()).then(|| (rest, Some(time.to_owned())))
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(model) = &self.model {
            write!(f, "{model}")?;
            if self.target != Target::Model {
                f.write_str("@")?;
            }
        }
        match &self.target {
            Target::Latest => f.write_str("latest")?,
            Target::Workspace => f.write_str("workspace")?,
            Target::Version(version) => write!(f, "{version}")?,
            Target::Stage(stage) => write!(f, "{stage}")?,
            Target::Id(prefix) => f.write_str(prefix)?,
            Target::Model => {}
        }
        if let Some(time) = &self.time {
            write!(f, "@{{{time}}}")?;
        }
        if self.back > 0 {
            write!(f, "~{}", self.back)?;
        }
        Ok(())
    }
}
