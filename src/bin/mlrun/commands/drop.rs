//! `mlrun drop`.

use mlrun::ops::drop::{DropOptions, drop_version};

use super::Context;
use crate::failure::{DONE, Failure, NO};
use crate::ui::{Shown, human, json};

/// Let go of a version's files; its record and the reason stay
///
/// The space comes back with `mlrun gc`. A version that ever held a stage stays: exit 1. Repeated with other words, these
/// take the place of the earlier ones; `log` has both.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun drop fraud@v8 --reason \"diverged\"\n  mlrun drop fraud@latest --reason \"a test\" --dry-run"
)]
pub struct Args {
    /// The version
    revision: String,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let report = drop_version(
        &repository,
        &DropOptions {
            revision: args.revision.clone(),
            at: args.at.clone(),
            reason: args.reason.clone(),
            dry_run: args.dry_run,
        },
    )?;
    let exit = if report.held.is_some() { NO } else { DONE };
    Ok(context.shown(exit, || json::collect::dropped(&report, exit), |style| human::collect::dropped(&report, style)))
}
