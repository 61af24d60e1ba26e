//! `mlrun status`.

use mlrun::name::ModelName;
use mlrun::ops::status::{StatusOptions, status};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Show what changed, who is in each stage, what stands before promotion
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun status\n  mlrun status fraud --json")]
pub struct Args {
    /// The model; all of them if left out
    model: Option<ModelName>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = StatusOptions { model: args.model.clone(), given: context.nothing_given() };
    let report = status(&repository, &options, &context.ui.reporter())?;
    Ok(context.shown(DONE, || json::project::status(&report), |style| human::project::status(&report, style)).paged())
}
