//! `mlrun promote`.

use mlrun::name::StageName;
use mlrun::ops::promote::{PromoteOptions, promote};

use super::Context;
use crate::failure::{Failure, obstacles_code};
use crate::ui::{Shown, human, json};

/// Move a stage to a version, if everything that must be true is
///
/// A refusal lists every reason and what cures it. Exit 1: no. 5: the stage moved or the certificate is stale.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun promote fraud@v8 --to production\n  mlrun promote fraud@v8 --to production --expect-current fraud@v7 --dry-run"
)]
pub struct Args {
    /// The version; never `latest`
    revision: String,
    /// The stage
    #[arg(long = "to", value_name = "STAGE", visible_alias = "stage")]
    stage: Option<StageName>,
    /// Only if the stage holds this version now; `none`: only if it is empty
    #[arg(long, value_name = "REV")]
    expect_current: Option<String>,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = PromoteOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        stage: args.stage.clone(),
        expect_current: args.expect_current.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = promote(&repository, &options, &context.ui.reporter())?;
    let exit = obstacles_code(&report.obstacles);
    Ok(context.shown(exit, || json::registry::promote(&report, exit), |style| human::registry::promote(&report, style)))
}
