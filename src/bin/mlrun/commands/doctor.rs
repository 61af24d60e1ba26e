//! `mlrun doctor`.

use mlrun::ops::doctor::{Health, doctor};
use mlrun::ops::wrong_clock::{ClockOptions, correct};

use super::Context;
use crate::failure::{DONE, Failure, MACHINE};
use crate::ui::{Shown, human, json};

/// Look for what is wrong with git, store, clock, space, PATH
///
/// Exit 8 if something does not work. A line that begins with `look` is a warning: it works, but not as it should. What
/// is stored is looked at by `mlrun verify`.
///
/// With `--clock`: times that lie in the future, because a clock was wrong, are disowned. The events stay as they are; one more says
/// what is taken for their times, and new ones get right times again. `--dry-run` shows them first.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun doctor\n  mlrun doctor --clock --reason \"the build machine was in 2099\" --dry-run"
)]
pub struct Args {
    /// Disown the times of events that a wrong clock wrote; this machine's must be right
    #[arg(long, requires = "reason")]
    clock: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "clock")]
    reason: Option<String>,
    /// Say what would happen
    #[arg(long, requires = "clock")]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    if args.clock {
        let options = ClockOptions { reason: args.reason.clone().unwrap_or_default(), dry_run: args.dry_run };
        let report = correct(&context.repository()?, &options)?;
        return Ok(context.shown(
            DONE,
            || json::project::corrected(&report),
            |style| human::project::corrected(&report, style),
        ));
    }
    let program = std::env::current_exe().ok();
    let findings = doctor(&context.open_options(), program.as_deref());
    let bad = findings.iter().any(|f| f.health == Health::Bad);
    let exit = if bad { MACHINE } else { DONE };
    Ok(context.shown(exit, || json::project::doctor(&findings), |style| human::project::doctor(&findings, style)))
}
