//! `mlrun unblock`.

use mlrun::ops::block::unblock;

use super::Context;
use super::blocking::Blocking;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Let a blocked version in again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun unblock fraud@v8 --reason \"the alarm was false\"\n  mlrun unblock fraud@v8 --stage production"
)]
pub struct Args {
    #[command(flatten)]
    blocking: Blocking,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let report = unblock(&repository, &args.blocking.options(args.reason.as_deref()))?;
    Ok(context.shown(DONE, || json::registry::block(&report), |style| human::registry::block(&report, style)))
}
