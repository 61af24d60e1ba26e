//! `mlrun unblock`.

use mlrun::name::StageName;
use mlrun::ops::block::{BlockOptions, unblock};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Let a blocked version in again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun unblock fraud@v8 --reason \"the alarm was false\"\n  mlrun unblock fraud@v8 --stage production"
)]
pub struct Args {
    /// The version
    revision: String,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The stage; every one if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = BlockOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        stage: args.stage.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = unblock(&repository, &options)?;
    Ok(context.shown(DONE, || json::registry::block(&report), |style| human::registry::block(&report, style)))
}
