//! `mlrun log`.

use mlrun::name::{ModelName, StageName};
use mlrun::ops::log::{LogOptions, log};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Answer, Shown, human, json};

/// Show the journal, newest first
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun log fraud -n 20\n  mlrun log fraud --kind promote --stage production --since 2026-03-01"
)]
pub struct Args {
    /// The model; may be left out where there is one
    model: Option<ModelName>,
    /// What happened to the store as a whole: collections
    #[arg(long = "of-store", conflicts_with_all = ["model", "stage"])]
    whole_store: bool,
    /// Only events of this kind: snapshot, failed, certify, attach, waive, case, promote, rollback, block …
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only events of this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Only events by people whose name or address holds this
    #[arg(long, value_name = "TEXT")]
    actor: Option<String>,
    /// Not before
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Not after
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only events behind this number
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// At most N events
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object for each event, one to a line
    #[arg(long, conflicts_with = "json")]
    json_lines: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = LogOptions {
        model: args.model.clone(),
        whole_store: args.whole_store,
        kind: args.kind.clone(),
        stage: args.stage.clone(),
        actor: args.actor.clone(),
        since: args.since.clone(),
        until: args.until.clone(),
        after: args.after,
        limit: args.limit,
    };
    let report = log(&repository, &options)?;
    if args.json_lines {
        let lines = report.events.iter().map(|e| json::history::event(e).line()).collect();
        return Ok(Shown { answer: lines, ..Shown::default() });
    }
    Ok(context.shown(DONE, || json::history::log(&report), |style| human::history::log(&report, style)).paged())
}
