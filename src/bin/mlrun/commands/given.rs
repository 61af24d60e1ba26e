//! Inputs of a snapshot, given by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlrun::format::config::DataStore;
use mlrun::format::scalar::Scalar;
use mlrun::name::{ModelName, SetName};
use mlrun::ops::snapshot::inputs::GivenInputs;

use super::Context;

/// What a version is made of, and when there is one.
#[derive(Debug, clap::Args)]
pub struct VersionArgs {
    /// The model; may be left out where there is one
    pub model: Option<ModelName>,
    #[command(flatten)]
    pub given: GivenArgs,
    /// Make a version even if nothing changed
    #[arg(long)]
    pub new_version: bool,
    /// Store again what was erased from an earlier version
    #[arg(long)]
    pub allow_erased: bool,
}

/// What takes the place of, or adds to, what mlrun.toml names.
#[derive(Debug, clap::Args)]
pub struct GivenArgs {
    /// Notes on this version
    #[arg(short = 'm', long = "notes", value_name = "TEXT")]
    notes: Option<String>,
    /// Model files: a folder, file or glob; PATH=NEW/ renames
    #[arg(long, value_name = "PATH")]
    files: Vec<String>,
    /// A parameter file: yaml, toml or json
    #[arg(long, value_name = "FILE")]
    params: Vec<String>,
    /// One parameter
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
    param: Vec<(String, Scalar)>,
    /// A metric file: yaml, toml or json
    #[arg(long, value_name = "FILE")]
    metrics: Vec<String>,
    /// Any other result worth keeping
    #[arg(long, value_name = "PATH")]
    results: Vec<String>,
    /// Training data: a file, folder, glob or URI
    #[arg(long, value_name = "NAME=PATH", value_parser = named_path)]
    data: Vec<(SetName, String)>,
    /// Whether the bytes of training data are kept: up to 256 MiB a source, always, never
    #[arg(long, value_name = "HOW", value_parser = ["auto", "copy", "hash"])]
    data_store: Option<String>,
    /// Scope of the code
    #[arg(long, value_name = "PATH")]
    code: Vec<String>,
    /// A seed that was used
    #[arg(long = "seed", value_name = "[NAME=]N", value_parser = seed)]
    seeds: Vec<(String, i64)>,
    /// The Python it was trained with: an interpreter or its folder
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// The container image it was made in, by digest
    #[arg(long, value_name = "REPOSITORY@sha256:DIGEST")]
    image: Option<String>,
    /// Let a finding of the secret scan pass
    #[arg(long = "allow-secret", value_name = "RULE[:GLOB]")]
    allow: Vec<String>,
    /// Refuse uncommitted code
    #[arg(long)]
    require_clean: bool,
    /// Refuse if anything could not be captured
    #[arg(long)]
    strict: bool,
}

impl GivenArgs {
    /// The inputs these flags mean.
    pub fn inputs(&self, context: &Context<'_>) -> GivenInputs {
        let data_store = self.data_store.as_deref().map(|keep| match keep {
            "copy" => DataStore::Copy,
            "hash" => DataStore::Hash,
            _ => DataStore::Auto,
        });
        GivenInputs {
            files: self.files.clone(),
            params: self.params.clone(),
            param: self.param.iter().cloned().collect::<BTreeMap<_, _>>(),
            metrics: self.metrics.clone(),
            results: self.results.clone(),
            data: self.data.clone(),
            data_store,
            code: self.code.clone(),
            notes: self.notes.clone(),
            seeds: self.seeds.clone(),
            allow: self.allow.clone(),
            image: self.image.clone(),
            python: self.python.as_deref().map(|p| context.path(p)),
            require_clean: self.require_clean,
            strict: self.strict,
            ..context.nothing_given()
        }
    }
}

fn parameter(text: &str) -> Result<(String, Scalar), String> {
    let (key, value) = text.split_once('=').ok_or("say KEY=VALUE")?;
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok((key.to_owned(), scalar(value)))
}

/// A value as typed.
pub fn scalar(value: &str) -> Scalar {
    if let Ok(number) = value.parse::<i128>() {
        return Scalar::Int(number);
    }
    if let Ok(number) = value.parse::<f64>() {
        return Scalar::Float(number);
    }
    match value {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        text => Scalar::Text(text.to_owned()),
    }
}

/// `NAME=PATH`.
pub fn named_path(text: &str) -> Result<(SetName, String), String> {
    let (name, path) = text.split_once('=').ok_or("say NAME=PATH")?;
    Ok((SetName::new(name).map_err(|e| e.to_string())?, path.to_owned()))
}

fn seed(text: &str) -> Result<(String, i64), String> {
    let (name, value) = text.split_once('=').unwrap_or(("seed", text));
    Ok((name.to_owned(), value.parse().map_err(|_| "a seed is a whole number".to_owned())?))
}
