//! `mlrun retire`.

use mlrun::name::{ModelName, StageName};
use mlrun::ops::retire::{RetireOptions, retire};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Empty a stage
///
/// What it held is not blocked: `rollback --to` puts it there again. The stage's rules stay in force. What comes next is a first release,
/// compared with nothing: that takes somebody whom those rules let waive, or whoever must approve it anyway; where they name nobody,
/// `promote --force --reason`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun retire fraud --stage production --reason \"off the market\"\n  mlrun rollback fraud --stage production --to v7 --reason \"it is back\""
)]
pub struct Args {
    /// The model, if there are several
    model: Option<ModelName>,
    /// The stage; the only one, else `production`, if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = RetireOptions {
        model: args.model.clone(),
        stage: args.stage.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = retire(&repository, &options)?;
    Ok(context.shown(DONE, || json::policy::retire(&report), |style| human::policy::retire(&report, style)))
}
