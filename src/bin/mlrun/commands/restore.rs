//! `mlrun restore`.

use std::path::{Path, PathBuf};

use mlrun::name::SetName;
use mlrun::ops::restore::{Part, RestoreOptions, restore};

use super::Context;
use super::given::named_path;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Rebuild the files of a version
///
/// Files that are there already are left alone; others with the same name are not overwritten without `--force`. If
/// anything cannot be restored, nothing is. Data that was not kept is taken from where it lay, from DVC's cache or from where
/// `--data` says, if it hashes to what was recorded. Files that were erased with `purge` are gone: exit 1, unless the rest is enough.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun restore fraud@production --to serving/ --only model\n  mlrun restore 'fraud@production@{2026-03-01T12:00Z}' --to case/"
)]
pub struct Args {
    /// The version
    revision: String,
    /// The folder to rebuild it in
    #[arg(long = "to", value_name = "DIR")]
    to: PathBuf,
    /// See it as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Only these parts
    #[arg(long, value_name = "PART", value_delimiter = ',', value_enum)]
    only: Vec<PartName>,
    /// Where data lies that was not kept: a file or folder
    #[arg(long, value_name = "NAME=PATH", value_parser = named_path)]
    data: Vec<(SetName, String)>,
    /// Overwrite files with other content
    #[arg(long)]
    force: bool,
    /// Restore the rest of a version from which files were erased
    #[arg(long)]
    without_erased: bool,
    /// Say what would be written
    #[arg(long)]
    dry_run: bool,
}

/// A part of a version.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PartName {
    Model,
    Data,
    Code,
    Params,
    Results,
    Environment,
}

/// What is not rebuilt, and what a person can do about it.
fn warning((what, why): &(String, String)) -> String {
    let cure = match what.strip_prefix("data.") {
        Some(name) if SetName::new(name).is_ok() => format!("; `--data {name}=PATH` says where it lies"),
        _ => String::new(),
    };
    format!("{what} is not restored: {why}{cure}")
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let part = |name: &PartName| match name {
        PartName::Model => Part::Model,
        PartName::Data => Part::Data,
        PartName::Code => Part::Code,
        PartName::Params => Part::Params,
        PartName::Results => Part::Results,
        PartName::Environment => Part::Environment,
    };
    let options = RestoreOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        to: context.path(&args.to),
        only: args.only.iter().map(part).collect(),
        data: args.data.iter().map(|(name, path)| (name.clone(), context.path(Path::new(path)))).collect(),
        force: args.force,
        without_erased: args.without_erased,
        dry_run: args.dry_run,
    };
    let report = restore(&repository, &options, &context.ui.reporter())?;
    let mut shown =
        context.shown(DONE, || json::stored::restore(&report), |style| human::stored::restore(&report, style));
    shown.warnings = report.missing.iter().map(warning).collect();
    Ok(shown)
}
