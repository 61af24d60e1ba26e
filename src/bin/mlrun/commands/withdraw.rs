//! `mlrun withdraw`.

use mlrun::ops::withdraw::{WithdrawOptions, withdraw};

use super::Context;
use super::approve::Which;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Take back an approval of yours
///
/// It does not count for a promotion any more. What was promoted by it stays where it is: `mlrun rollback` moves that.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mlrun withdraw <REVISION> --role <ROLE> --for <STAGE> [-m <TEXT>]\n       mlrun withdraw [MODEL] --rules <SHA256> --role <ROLE> --for <STAGE>",
    after_help = "Examples:\n  mlrun withdraw fraud@v8 --role risk --for production -m \"read it again\"\n  mlrun withdraw fraud --rules 3fa9c2d1 --role risk --for production"
)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Why, for the record
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = WithdrawOptions {
        subject: args.which.subject()?,
        stage: args.which.stage.clone(),
        role: args.which.role.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = withdraw(&repository, &options, &context.ui.reporter())?;
    Ok(context.shown(DONE, || json::signoff::withdraw(&report), |style| human::signoff::withdraw(&report, style)))
}
