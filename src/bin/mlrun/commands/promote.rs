//! `mlrun promote`.

use mlrun::name::StageName;
use mlrun::ops::hooks::Attendant;
use mlrun::ops::promote::{PromoteOptions, PromoteReport, promote_attended};

use super::Context;
use super::after_move;
use crate::failure::{Failure, deployed_code, obstacles_code};
use crate::ui::{Answer, Shown, human, json};

/// Move a stage to a version, if everything that must be true is
///
/// A refusal lists every reason and what cures it. Exit 1: no. 5: the stage moved or the certificate is stale. 8: a hook could not be
/// started, took too long or, once the stage had moved, failed; the same command runs it again.
///
/// `before` hooks of the stage's rules in force run first and may say no; `after` hooks of mlrun.toml run once the stage has moved.
/// They are programs, run in the project's folder; they read this verb's JSON and get MODEL_NAME, MODEL_VERSION, MODEL_ID, MODEL_STAGE,
/// MODEL_PREVIOUS, MODEL_CERTIFICATE, MODEL_MOVE and MODEL_EVENT; `{model}` in a command is a folder with the model's files.
///
/// `--dry-run` is the whole check for CI: it reads every byte, runs the `before` hooks and ends with the code the promotion would.
///
/// `--force --reason` overrules what speaks against it, for the record and for everybody to see. It does not overrule a block (`mlrun
/// unblock` lifts it), bytes that are damaged or erased, and a stage that moved meanwhile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun promote fraud@v8 --to production\n  mlrun promote fraud@v8 --to production --expect-current fraud@v7 --dry-run\n  mlrun promote fraud@v8 --to production --force --reason 'the old one leaks'"
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
    /// Overrule what speaks against it, for the record
    #[arg(long, requires = "reason")]
    force: bool,
    /// Pass over the hooks, for the record; checks only with `--force`
    #[arg(long)]
    no_hooks: bool,
    /// Say what would happen: every byte is read, `before` hooks run
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
        force: args.force,
        no_hooks: args.no_hooks,
        dry_run: args.dry_run,
    };
    let told = |report: &PromoteReport| json::registry::promote(report, 0).line().into_bytes();
    let attendant = Attendant { told: &told, heard: &mut context.ui.passes_on() };
    let report = promote_attended(&repository, &options, attendant, &context.ui.reporter())?;
    let exit = match obstacles_code(&report.obstacles) {
        0 => deployed_code(&report.deployed),
        code => code,
    };
    let mut shown = context.shown(
        exit,
        || json::registry::promote(&report, exit),
        |style| human::registry::promote(&report, style),
    );
    shown.hints.extend(after_move::again(&report.deployed, &report.label, &report.stage));
    Ok(shown)
}
