//! `mlrun rollback`.

use mlrun::name::{ModelName, StageName};
use mlrun::ops::rollback::{RollbackOptions, RollbackReport, rollback};

use super::Context;
use crate::failure::{DONE, Failure, rollback_refusal};
use crate::ui::{Shown, human, json};

/// Bring a stage back to its previous good version
///
/// The version that is fled is kept out from now on. With `--from` the command may be repeated: if that version is gone
/// already, nothing happens and the exit code is 0. What was promoted by mistake and is not bad goes back with
/// `--no-block`; where there is nothing to go back to, `mlrun retire` empties the stage.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun rollback fraud --reason \"false alarms since 14:00\"\n  mlrun rollback fraud --from v8 --reason \"wrong model\" --no-block"
)]
pub struct Args {
    /// The model; may be left out where there is one
    model: Option<ModelName>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The stage; may be left out where there is one
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// The version that is fled; makes it safe to repeat
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// Go back to this version, which held the stage before
    #[arg(long, value_name = "REV")]
    to: Option<String>,
    /// Do not keep the fled version out: it was a slip
    #[arg(long)]
    no_block: bool,
    /// Lift the block on the version gone back to
    #[arg(long, requires = "to")]
    unblock: bool,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = RollbackOptions {
        model: args.model.clone(),
        stage: args.stage.clone(),
        reason: args.reason.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        block: !args.no_block,
        unblock: args.unblock,
        dry_run: args.dry_run,
    };
    let report = rollback(&repository, &options, &context.ui.reporter())?;
    let exit = report.refusal.as_ref().map_or(DONE, |r| rollback_refusal(r, report.model.as_str()).0);
    let mut shown = context.shown(
        exit,
        || json::registry::rollback(&report, exit),
        |style| human::registry::rollback(&report, style),
    );
    shown.hints.extend(hint(&report));
    Ok(shown)
}

/// A rollback is quick because it takes the bytes of its target on trust.
fn hint(report: &RollbackReport) -> Option<String> {
    let version = report.version.filter(|_| report.refusal.is_none() && !report.unchanged)?;
    let label = format!("{}@{version}", report.model);
    Some(format!("the files of {label} are there, but their bytes were not read: `mlrun verify {label}` reads them"))
}
