//! `mlrun diff`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlrun::compare::{Section, Sections};
use mlrun::ops::diff::{DiffOptions, diff};

use super::Context;
use crate::failure::{DONE, Failure, NO};
use crate::ui::{Shown, human, json};

/// Compare two versions, or one with the workspace
///
/// Without a version: the newest one with the workspace. With one: that with the workspace. With two: the first with
/// the second.
///
/// Sections are metrics, predictions, params, files, tensors, data, code, environment, seeds, command, results, notes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun diff\n  mlrun diff fraud@production fraud@latest --exit-code\n  mlrun diff fraud@v7 fraud@v8 --only metrics,params"
)]
pub struct Args {
    /// One side: a version; the newest one if both are left out
    a: Option<String>,
    /// The other; the workspace if left out
    b: Option<String>,
    /// See both as they were at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Compare only these sections, separated by commas
    #[arg(long, value_name = "SECTIONS", value_delimiter = ',', value_parser = sections())]
    only: Vec<Section>,
    /// Of tensors, show layers only
    #[arg(long)]
    stat: bool,
    /// Exit 1 if there is a difference
    #[arg(long)]
    exit_code: bool,
}

fn sections() -> impl TypedValueParser<Value = Section> {
    let names = Section::ALL.map(Section::name);
    PossibleValuesParser::new(names).try_map(|name| Section::named(&name).ok_or("no section"))
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = DiffOptions {
        a: args.a.clone(),
        b: args.b.clone(),
        at: args.at.clone(),
        given: context.nothing_given(),
        sections: Sections::only(args.only.iter().copied()),
    };
    let report = diff(&repository, &options, &context.ui.reporter())?;
    let exit = if args.exit_code && !report.diff.is_empty() { NO } else { DONE };
    Ok(context.shown(exit, || json::diff::diff(&report), |style| human::diff::diff(&report, style, args.stat)))
}
