//! `mlrun block`.

use mlrun::ops::block::block;

use super::Context;
use super::blocking::Blocking;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Keep a version out of a stage
///
/// Versions with the same model files are kept out with it. Repeated with other words, these take the place of the earlier ones; `log` has both.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun block fraud@v8 --reason \"trained on leaked labels\"\n  mlrun block fraud@v8 --stage production --reason \"too slow\""
)]
pub struct Args {
    #[command(flatten)]
    blocking: Blocking,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let report = block(&repository, &args.blocking.options(Some(&args.reason)))?;
    Ok(context.shown(DONE, || json::registry::block(&report), |style| human::registry::block(&report, style)))
}
