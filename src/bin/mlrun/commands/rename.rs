//! `mlrun rename`.

use mlrun::name::ModelName;
use mlrun::ops::rename::{RenameOptions, rename};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Give a model another name; the old one stays an alias
///
/// Every name a model ever had goes on meaning it, in revisions and in mlrun.toml: what was written down stays true. Versions, certificates,
/// approvals and stages are what they were. A name that another model has or had is refused (exit 1).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A version that was taken under a wrong name beside the right one: `mlrun drop WRONG@v1 --reason …`, then `mlrun snapshot RIGHT`.

Examples:
  mlrun rename fruad fraud
  mlrun rename fraud payments/fraud --reason \"one team, one prefix\""
)]
pub struct Args {
    /// The model, by any of its names
    #[arg(value_name = "OLD")]
    old: ModelName,
    /// The name it gets
    #[arg(value_name = "NEW")]
    new: ModelName,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = RenameOptions {
        old: args.old.clone(),
        new: args.new.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = rename(&repository, &options)?;
    let mut shown =
        context.shown(DONE, || json::history::rename(&report), |style| human::history::rename(&report, style));
    let hint = |name: &ModelName| format!("mlrun.toml calls it `{name}`, which goes on meaning it");
    shown.hints.extend(report.configured.as_ref().map(hint));
    Ok(shown)
}
