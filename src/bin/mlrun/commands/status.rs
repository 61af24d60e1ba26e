//! `mlrun status`.

use mlrun::name::ModelName;
use mlrun::ops::status::{StatusOptions, status};

use super::Context;
use crate::failure::{DONE, Failure, NO};
use crate::ui::{Shown, human, json};

/// Show what changed, who is in each stage, what waits for whom
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun status\n  mlrun status fraud --json\n  mlrun status --exit-code   # in CI: 1 when something waits"
)]
pub struct Args {
    /// The model; all of them if left out
    model: Option<ModelName>,
    /// Show at most N models and N things that wait; JSON has all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Exit with 1 when something waits for somebody
    #[arg(long)]
    exit_code: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = StatusOptions { model: args.model.clone(), given: context.nothing_given() };
    let report = status(&repository, &options, &context.ui.reporter())?;
    let exit = if args.exit_code && !report.waiting.is_empty() { NO } else { DONE };
    let shown = |style: &_| human::status::status(&report, args.limit, style);
    Ok(context.shown(exit, || json::status::status(&report), shown).paged())
}
