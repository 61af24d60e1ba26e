//! `mlrun bisect`.

use std::ffi::OsString;

use mlrun::name::ModelName;
use mlrun::ops::bisect::{BisectOptions, Judge, MetricRule, bisect};

use super::Context;
use crate::failure::{DONE, Failure, INCONCLUSIVE, NO};
use crate::ui::{Shown, human, json};

/// Find the version that broke something
///
/// A command judges versions between a good and a bad one, of n at most ⌈log2 n⌉: each is restored into a folder that is gone
/// afterwards. As for `git bisect run` exit 0 means good, 125 that it cannot tell, anything up to 124 bad; 126, 127 and signals end the
/// search, because the command broke. One that names neither `{model}` nor `{version}` nor `{id}` is tried on the ends first. Or a rule judges what every version recorded, which costs no run. Nothing is written to the store.
///
/// Exit 0: found. 1: no version is bad. 3: it is one of several, because nobody could tell of some.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In the command `{model}` is the folder with the version's model files, `{version}` is v7, `{id}` its id; MODEL_NAME, \
MODEL_VERSION and MODEL_ID are set. What was dropped, erased or damaged is skipped, and said.

Examples:
  mlrun bisect --good v3 --bad v9 -- ./check.sh {model}
  mlrun bisect fraud --good production~1 -- python smoke.py --model {model}
  mlrun bisect fraud --metric 'auc >= 0.9'"
)]
pub struct Args {
    /// The model; may be left out where a version says it, or where there is one
    model: Option<ModelName>,
    /// A version that is good; not needed with `--metric`
    #[arg(long, value_name = "REV")]
    good: Option<String>,
    /// A version that is bad; if left out, the newest is asked first
    #[arg(long, value_name = "REV")]
    bad: Option<String>,
    /// What the recorded metric of a good version satisfies: `auc >= 0.9`, `loss < 0.3`
    #[arg(long, value_name = "RULE", value_parser = rule)]
    metric: Option<MetricRule>,
    /// The command that judges, and its arguments
    #[arg(last = true, value_name = "CMD", required_unless_present = "metric", conflicts_with = "metric")]
    command: Vec<OsString>,
}

fn rule(text: &str) -> Result<MetricRule, String> {
    MetricRule::parse(text).ok_or_else(|| "say NAME, then >=, >, <= or <, then a number: `auc >= 0.9`".to_owned())
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = BisectOptions {
        model: args.model.clone(),
        good: args.good.clone(),
        bad: args.bad.clone(),
        judge: args.metric.clone().map_or_else(|| Judge::Command(args.command.clone()), Judge::Metric),
        folder: context.folder.clone(),
    };
    let report = bisect(&repository, &options, &mut context.ui.passes_on(), &context.ui.reporter())?;
    let exit = match (&report.first_bad, report.suspects.is_empty()) {
        (None, _) => NO,
        (Some(_), true) => DONE,
        (Some(_), false) => INCONCLUSIVE,
    };
    let mut shown =
        context.shown(exit, || json::bisect::bisect(&report, exit), |style| human::bisect::bisect(&report, style));
    if let (Some(good), Some(bad)) = (report.good, &report.first_bad) {
        let model = &report.model;
        shown.hints.push(format!("next: `mlrun diff {model}@{good} {model}@{}` shows what changed", bad.version));
    }
    Ok(shown)
}
