//! `mlrun doctor`.

use mlrun::ops::doctor::{Health, doctor};

use super::Context;
use crate::failure::{DONE, Failure, MACHINE};
use crate::ui::{Shown, human, json};

/// Look for what is wrong with git, store, clock, space, PATH
///
/// Exit 8 if something does not work. A line that begins with `look` is a warning: it works, but not as it should. What
/// is stored is looked at by `mlrun verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun doctor\n  mlrun doctor --json")]
pub struct Args {}

pub fn run(context: &Context<'_>, _: &Args) -> Result<Shown, Failure> {
    let program = std::env::current_exe().ok();
    let findings = doctor(&context.open_options(), program.as_deref());
    let bad = findings.iter().any(|f| f.health == Health::Bad);
    let exit = if bad { MACHINE } else { DONE };
    Ok(context.shown(exit, || json::project::doctor(&findings), |style| human::project::doctor(&findings, style)))
}
