//! `mlrun snapshot`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlrun::format::config::DataStore;
use mlrun::format::scalar::Scalar;
use mlrun::name::{ModelName, SetName};
use mlrun::ops::inputs::GivenInputs;
use mlrun::ops::save::save;
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Capture model, parameters, data, results, code, environment, seeds as the next version
///
/// What mlrun.toml names is captured; flags take its place. Where standard output is no terminal it is exactly
/// the new version's name, so `rev=$(mlrun snapshot fraud)` works. If nothing changed there is no new version.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun snapshot fraud -m \"more trees\"\n  mlrun snapshot fraud --files model/ --params params.yaml --metrics metrics.json --data train=data.csv"
)]
pub struct Args {
    /// The model; may be left out where there is one
    model: Option<ModelName>,
    /// Notes on this version
    #[arg(short = 'm', long = "notes", value_name = "TEXT")]
    notes: Option<String>,
    /// Model files: a folder, file or glob; PATH=NEW/ renames
    #[arg(long, value_name = "PATH", num_args = 1..)]
    files: Vec<String>,
    /// A parameter file: yaml, toml or json
    #[arg(long, value_name = "FILE", num_args = 1..)]
    params: Vec<String>,
    /// One parameter
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
    param: Vec<(String, Scalar)>,
    /// A metric file: yaml, toml or json
    #[arg(long, value_name = "FILE", num_args = 1..)]
    metrics: Vec<String>,
    /// Any other result worth keeping
    #[arg(long, value_name = "PATH", num_args = 1..)]
    results: Vec<String>,
    /// Training data: a file, folder, glob or URI
    #[arg(long, value_name = "NAME=PATH", value_parser = named_path)]
    data: Vec<(SetName, String)>,
    /// Whether the bytes of training data are kept
    #[arg(long, value_name = "HOW", value_enum)]
    data_store: Option<Keep>,
    /// Scope of the code
    #[arg(long, value_name = "PATH", num_args = 1..)]
    code: Vec<String>,
    /// A seed that was used
    #[arg(long = "seed", value_name = "[NAME=]N", value_parser = seed)]
    seeds: Vec<(String, i64)>,
    /// The Python it was trained with: an interpreter or its folder
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Let a finding of the secret scan pass
    #[arg(long = "allow-secret", value_name = "RULE[:GLOB]")]
    allow: Vec<String>,
    /// Refuse uncommitted code
    #[arg(long)]
    require_clean: bool,
    /// Refuse if anything could not be captured
    #[arg(long)]
    strict: bool,
    /// Make a version even if nothing changed
    #[arg(long)]
    new_version: bool,
    /// Write these flags into mlrun.toml, as the model's section
    #[arg(long, requires = "model")]
    save: bool,
    /// Say what would be captured
    #[arg(long)]
    dry_run: bool,
}

/// Whether the bytes of training data are kept.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Keep {
    /// Up to 256 MiB for each source
    Auto,
    /// Always
    Copy,
    /// Never: the digest only
    Hash,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = SnapshotOptions {
        model: args.model.clone(),
        given: given(context, args),
        new_version: args.new_version,
        dry_run: args.dry_run,
    };
    let report = match args.model.as_ref().filter(|_| args.save && !args.dry_run) {
        None => snapshot(&repository, &options, &context.ui.reporter())?,
        Some(model) => {
            let before = save(&repository, model, &options.given)?;
            match snapshot(&context.repository()?, &options, &context.ui.reporter()) {
                Ok(report) => report,
                Err(error) => {
                    before.put_back()?;
                    return Err(error.into());
                }
            }
        }
    };
    let mut shown =
        context.shown(DONE, || json::snapshot::snapshot(&report), |style| human::snapshot::snapshot(&report, style));
    // A program that captures the answer gets the name of the version and nothing else.
    if !context.ui.wants_json() && !context.ui.stdout_is_terminal() {
        shown.answer = format!("{}@{}\n", report.model, report.version);
    }
    shown.warnings = human::snapshot::warnings(&report);
    shown.hints = hints(&report);
    Ok(shown)
}

fn hints(report: &SnapshotReport) -> Vec<String> {
    let label = format!("{}@{}", report.model, report.version);
    match (report.dry_run, report.unchanged) {
        (true, _) => vec!["this was a rehearsal; nothing was written".to_owned()],
        (_, true) => vec!["nothing changed; `--new-version` makes one all the same".to_owned()],
        _ => vec![format!("next: `mlrun certify {label}`, or `mlrun show {label}`")],
    }
}

fn given(context: &Context<'_>, args: &Args) -> GivenInputs {
    let data_store = args.data_store.map(|keep| match keep {
        Keep::Auto => DataStore::Auto,
        Keep::Copy => DataStore::Copy,
        Keep::Hash => DataStore::Hash,
    });
    GivenInputs {
        files: args.files.clone(),
        params: args.params.clone(),
        param: args.param.iter().cloned().collect::<BTreeMap<_, _>>(),
        metrics: args.metrics.clone(),
        results: args.results.clone(),
        data: args.data.clone(),
        data_store,
        code: args.code.clone(),
        notes: args.notes.clone(),
        seeds: args.seeds.clone(),
        allow: args.allow.clone(),
        python: args.python.as_deref().map(|p| context.path(p)),
        require_clean: args.require_clean,
        strict: args.strict,
        ..context.nothing_given()
    }
}

fn parameter(text: &str) -> Result<(String, Scalar), String> {
    let (key, value) = text.split_once('=').ok_or("say KEY=VALUE")?;
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    let scalar = if let Ok(number) = value.parse::<i128>() {
        Scalar::Int(number)
    } else if let Ok(number) = value.parse::<f64>() {
        Scalar::Float(number)
    } else {
        match value {
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            text => Scalar::Text(text.to_owned()),
        }
    };
    Ok((key.to_owned(), scalar))
}

fn named_path(text: &str) -> Result<(SetName, String), String> {
    let (name, path) = text.split_once('=').ok_or("say NAME=PATH")?;
    Ok((SetName::new(name).map_err(|e| e.to_string())?, path.to_owned()))
}

fn seed(text: &str) -> Result<(String, i64), String> {
    let (name, value) = text.split_once('=').unwrap_or(("seed", text));
    Ok((name.to_owned(), value.parse().map_err(|_| "a seed is a whole number".to_owned())?))
}
