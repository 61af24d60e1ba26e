//! `mlrun import`.

use std::path::PathBuf;

use mlrun::name::ModelName;
use mlrun::ops::import::{ImportOptions, import};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Bring a version in from a bundle of another store
///
/// `mlrun bundle` writes one. It is checked to its end before anything is written. The version keeps its id and its files theirs, and gets
/// the next number here. Its certificates, approvals and events are kept as what was said elsewhere: here it has to be
/// certified and approved like any other.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun import case.tar.gz\n  mlrun import case.tar.gz --as fraud-eu --dry-run")]
pub struct Args {
    /// The bundle
    file: PathBuf,
    /// The model it becomes a version of; otherwise the one it has there
    #[arg(long = "as", value_name = "MODEL")]
    model: Option<ModelName>,
    /// Store again what was erased from a version here
    #[arg(long)]
    allow_erased: bool,
    /// Check it and say what would be written
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = ImportOptions {
        bundle: context.path(&args.file),
        model: args.model.clone(),
        allow_erased: args.allow_erased,
        dry_run: args.dry_run,
    };
    let report = import(&repository, &options, &context.ui.reporter())?;
    let mut shown =
        context.shown(DONE, || json::stored::import(&report), |style| human::stored::import(&report, style));
    shown.warnings = report.erased.iter().map(|what| format!("{what} was erased there, and is not in it")).collect();
    if !report.left_out.is_empty() && !report.unchanged {
        let names = report.left_out.join(", ");
        shown.warnings.push(format!(
            "{names}: made or attached later, and no part of the version; `mlrun attach` adds such evidence"
        ));
    }
    if !report.unchanged && !report.dry_run {
        shown.hints.push(format!("`mlrun certify {}@{}` judges it by the rules here", report.model, report.version));
    }
    Ok(shown)
}
