//! `mlrun init`.

use std::path::PathBuf;

use mlrun::name::ModelName;
use mlrun::ops::init::{InitOptions, Missing, init};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Make the store and a commented mlrun.toml
///
/// Looks for params.yaml, metrics.json, predictions, a model folder, training data, notebooks and lock files, and writes a
/// configuration with which `mlrun snapshot` works. What is there already is kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun init\n  mlrun init --model fraud --store /mnt/shared/fraud-store")]
pub struct Args {
    /// Name of the model, if it should not be the folder's
    #[arg(long, value_name = "NAME")]
    model: Option<ModelName>,
    /// Keep the store in DIR
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Say what would be written
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let options = InitOptions {
        model: args.model.clone(),
        store: args.store.as_deref().map(|s| context.path(s)),
        dry_run: args.dry_run,
    };
    let report = init(&context.open_options(), &options)?;
    let mut shown = context.shown(DONE, || json::project::init(&report), |style| human::project::init(&report, style));
    if report.missing.contains(&Missing::Policy) {
        shown.hints.push(
            "no rules were written, for want of predictions and metrics: `certify` needs `policy` in mlrun.toml or `--policy FILE`"
                .to_owned(),
        );
    }
    if report.missing.contains(&Missing::Files) {
        shown
            .hints
            .push("next: name the model's files in mlrun.toml, or `mlrun snapshot NAME --files PATH`".to_owned());
    } else if !report.unchanged && !report.dry_run {
        shown.hints.push("next: `mlrun snapshot`".to_owned());
    }
    Ok(shown)
}
