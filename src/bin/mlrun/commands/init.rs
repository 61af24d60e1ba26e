//! `mlrun init`.

use std::path::PathBuf;

use clap::ValueEnum;
use mlrun::format::store::Access;
use mlrun::name::ModelName;
use mlrun::ops::init::{InitOptions, Missing, init};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Make the store and a commented mlrun.toml
///
/// Looks for params.yaml, metrics.json, predictions, a model folder, training data, notebooks and lock files, and writes a
/// configuration with which `mlrun snapshot` works. What is there already is kept.
///
/// The store's files get the modes that your umask leaves them. `--shared group` makes a store for the group that its folder
/// belongs to: folders 2770, what is written once 0440, caches and locks 0660. `--private` makes one for you alone: 0700 and
/// 0600. Either is written into the store and kept for every later file, whoever writes it and whatever their umask;
/// `mlrun doctor` names what is otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun init\n  mlrun init --model fraud --store /mnt/shared/fraud-store\n  \
                  mlrun init --shared group --store /srv/fraud  # which `chgrp risk` was done to\n  \
                  mlrun init --private")]
pub struct Args {
    /// Name of the model, if it should not be the folder's
    #[arg(long, value_name = "NAME")]
    model: Option<ModelName>,
    /// Keep the store in DIR
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Make the store for the group that its folder belongs to
    #[arg(long, value_name = "WHO", value_enum, conflicts_with = "private")]
    shared: Option<Shared>,
    /// Make the store for yourself alone
    #[arg(long)]
    private: bool,
    /// Say what would be written
    #[arg(long)]
    dry_run: bool,
}

/// Whom a store is shared with.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shared {
    Group,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let options = InitOptions {
        model: args.model.clone(),
        store: args.store.as_deref().map(|s| context.path(s)),
        access: match (args.shared, args.private) {
            (Some(Shared::Group), _) => Some(Access::Group),
            (None, true) => Some(Access::Private),
            (None, false) => None,
        },
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
