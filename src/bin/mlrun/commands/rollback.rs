//! `mlrun rollback`.

use mlrun::name::{ModelName, StageName};
use mlrun::ops::hooks::Attendant;
use mlrun::ops::rollback::{RollbackOptions, RollbackReport, rollback_attended};

use super::{Context, after_move};
use crate::failure::{Failure, deployed_code, rollback_refusal};
use crate::ui::{Answer, Shown, human, json};

/// Bring a stage back to its previous good version
///
/// The version that is fled is kept out from now on. With `--from` the command may be repeated: if that version is gone
/// already, nothing happens and the exit code is 0; a stage or `latest` is no such name, because it means another version
/// then. What was promoted by mistake and is not bad goes back with
/// `--no-block`; where there is nothing to go back to, `mlrun retire` empties the stage.
///
/// It needs the store alone: no checkout, no configuration, no certificate, nothing to write but the event. In a checkout the `after`
/// hooks run once the stage has moved; exit 8 if one of them did not do what it should: the stage has moved all the same.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun rollback fraud --reason \"false alarms since 14:00\"\n  mlrun rollback fraud --from v8 --reason \"wrong model\" --no-block\n  mlrun rollback fraud --from v8 --reason slow --verify full -R /backup/fraud"
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
    /// The version that is fled, such as v8; makes it safe to repeat
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
    /// What is looked at of the version gone back to: that everything is there, or every byte
    #[arg(long, value_name = "HOW", value_enum, default_value = "structure")]
    verify: Verify,
    /// Pass over the hooks, for the record
    #[arg(long)]
    no_hooks: bool,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Verify {
    /// Records, index and packs: takes no time
    Structure,
    /// Every byte of its model, too
    Full,
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
        full: args.verify == Verify::Full,
        no_hooks: args.no_hooks,
        dry_run: args.dry_run,
    };
    let told = |report: &RollbackReport| json::registry::rollback(report, 0).line().into_bytes();
    let attendant = Attendant { told: &told, heard: &mut context.ui.passes_on() };
    let report = rollback_attended(&repository, &options, attendant, &context.ui.reporter())?;
    let exit = match &report.refusal {
        Some(refusal) => rollback_refusal(refusal, report.model.as_str()).0,
        None => deployed_code(&report.deployed),
    };
    let mut shown = context.shown(
        exit,
        || json::registry::rollback(&report, exit),
        |style| human::registry::rollback(&report, style),
    );
    shown.hints.extend(hint(&report));
    if let Some(version) = report.version {
        let label = format!("{}@{version}", report.model);
        shown.hints.extend(after_move::again(&report.deployed, &label, &report.stage));
    }
    Ok(shown)
}

/// A rollback is quick because it takes the bytes of its target on trust.
fn hint(report: &RollbackReport) -> Option<String> {
    let version = report.version.filter(|_| report.refusal.is_none() && !report.unchanged && !report.full)?;
    let label = format!("{}@{version}", report.model);
    Some(format!("the files of {label} are there, but their bytes were not read: `mlrun verify {label}` reads them"))
}
