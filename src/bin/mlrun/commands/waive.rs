//! `mlrun waive`.

use mlrun::certify::FIRST_RELEASE;
use mlrun::ops::waive::{WaiveOptions, waive};

use super::Context;
use super::sign::{SignArgs, elsewhere};
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Excuse a version from a rule for a while
///
/// The next `mlrun certify` says WAIVED where the rule would not pass, never PASS, and its certificate ends with the waiver. Who may
/// says `waivers` of the stage the policy compares with; where it says nothing, nobody may. With `signers` it must be signed. What is
/// excused is what the version's certificate says of the rule by now, or else the first one to come: nothing beyond the bounds it
/// gives, no other metric, baseline, slice or case. What is signed names that certificate.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mlrun waive <REVISION> --rule <ID> --reason <TEXT> --expires <DATE>",
    after_help = "Examples:\n  mlrun waive fraud@v8 --rule p99 --reason OPS-311 --expires 2026-06-30\n  mlrun waive v8 --rule cases --reason \"c7 is wrong\" --expires 2026-04-01T12:00Z"
)]
pub struct Args {
    /// The version
    revision: String,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The rule's id in the policy; `cases` for the regression cases, `holdout` for a set that is used up, `first-release` to be compared with nothing where something was retired
    #[arg(long, value_name = "ID")]
    rule: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it stops to count: `2026-06-30` is the end of that day in UTC, `in 30 days` the end of that one
    #[arg(long, value_name = "DATE")]
    expires: String,
    #[command(flatten)]
    sign: SignArgs,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = WaiveOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        rule: args.rule.clone(),
        reason: args.reason.clone(),
        expires: args.expires.clone(),
        sign: args.sign.with(context),
        statement_only: args.sign.print_statement,
        dry_run: args.dry_run,
    };
    let report = waive(&repository, &options, &context.ui.reporter(), &mut context.ui.passes_on())?;
    if args.sign.print_statement {
        let again = format!("mlrun waive {} --rule {} --reason … --expires {}", args.revision, args.rule, args.expires);
        let shown =
            context.shown(DONE, || json::signoff::statement("waive", &report.statement), |_| report.statement.clone());
        return Ok(Shown { hints: elsewhere(&again).into(), ..shown });
    }
    let mut shown =
        context.shown(DONE, || json::evidence::waive(&report), |style| human::evidence::waive(&report, style));
    if !args.dry_run {
        let first = if report.rule == FIRST_RELEASE { " --first-release --reason …" } else { "" };
        shown.hints.push(format!("next: `mlrun certify {}@{}{first}`", report.model, report.version));
    }
    Ok(shown)
}
