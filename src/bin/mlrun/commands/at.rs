//! `mlrun at`.

use mlrun::clock::{Clock, Moment, SystemClock, TimeError};
use mlrun::name::{ModelName, StageName};
use mlrun::ops::at::{AtOptions, at};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Show what was in every stage at an instant
///
/// Without TIME: now. `--since` and `--until` show everything that was there in between. Each version is shown with who moved it, on which
/// certificate, who approved it, what was overruled, how its hooks went and what servers were seen to serve.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun at 2026-03-01T12:00Z fraud\n  mlrun at --since 2026-03-01 --until 2026-03-31 fraud --stage production"
)]
pub struct Args {
    /// The instant: `2026-03-01T12:00Z`, `2026-03-01`, `yesterday`, `3 days ago`, `now`
    time: Option<String>,
    /// The model; all of them if left out
    model: Option<ModelName>,
    /// The stage; all of them if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// The beginning of a timeline
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The end of a timeline
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// The time and the model, as typed: one word that is no time is the model.
fn time_and_model(args: &Args) -> Result<(Option<String>, Option<ModelName>), Failure> {
    let is_no_time = |text: &String| matches!(Moment::parse(text, SystemClock.now()), Err(TimeError::Form { .. }));
    let (time, model) = match (&args.time, &args.model) {
        (Some(word), None) if is_no_time(word) => match ModelName::new(word) {
            Ok(model) => (None, Some(model)),
            Err(_) => (Some(word.clone()), None),
        },
        (time, model) => (time.clone(), model.clone()),
    };
    if time.is_some() && (args.since.is_some() || args.until.is_some()) {
        let hint = "`--since` and `--until` alone show what was there in between".to_owned();
        return Err(Failure::usage("an instant and a span of time cannot both be meant".to_owned(), Some(hint)));
    }
    Ok((time, model))
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let (time, model) = time_and_model(args)?;
    let repository = context.repository()?;
    let options =
        AtOptions { time, model, stage: args.stage.clone(), since: args.since.clone(), until: args.until.clone() };
    let report = at(&repository, &options)?;
    Ok(context.shown(DONE, || json::history::at(&report), |style| human::history::at(&report, style)).paged())
}
