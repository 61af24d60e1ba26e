//! `mlrun at`.

use mlrun::name::{ModelName, StageName};
use mlrun::ops::at::{AtOptions, at};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Show what was in every stage at an instant
///
/// Without TIME: now. `--since` and `--until` show everything that was there in between.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun at 2026-03-01T12:00Z fraud\n  mlrun at --since 2026-03-01 --until 2026-03-31 --stage production"
)]
pub struct Args {
    /// The instant: `2026-03-01T12:00Z`, `2026-03-01`, `3 days ago`, `now`
    time: Option<String>,
    /// The model; all of them if left out
    model: Option<ModelName>,
    /// The stage; all of them if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// The beginning of a timeline
    #[arg(long, value_name = "TIME", conflicts_with = "time")]
    since: Option<String>,
    /// The end of a timeline
    #[arg(long, value_name = "TIME", conflicts_with = "time")]
    until: Option<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = AtOptions {
        time: args.time.clone(),
        model: args.model.clone(),
        stage: args.stage.clone(),
        since: args.since.clone(),
        until: args.until.clone(),
    };
    let report = at(&repository, &options)?;
    Ok(context.shown(DONE, || json::history::at(&report), |style| human::history::at(&report, style)))
}
