//! `mlrun diff`.

use std::io::{ErrorKind, Write};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlrun::compare::{Section, Sections};
use mlrun::ops::diff::{DiffOptions, diff, patch};
use mlrun::page::diff::{DiffPage, diff as page};
use mlrun::repository::Repository;

use super::Context;
use crate::failure::{DONE, Failure, NO};
use crate::ui::human::diff::Detail;
use crate::ui::{Answer, Shown, human, json};

/// Compare two versions, or one with the workspace
///
/// Without a version: the newest one with the workspace. With one: that with the workspace. With two: the first with
/// the second; either may be `workspace`.
///
/// Sections are metrics, predictions, params, files, tensors, data, code, environment, seeds, command, results, notes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun diff\n  mlrun diff fraud@production fraud@latest --stat --exit-code\n  mlrun diff fraud@v7 fraud@v8 --only metrics,params\n  mlrun diff fraud@v7 fraud@v8 --patch | git apply\n  mlrun diff workspace fraud@v7 --format markdown"
)]
pub struct Args {
    /// One side: a version; the newest one if both are left out
    a: Option<String>,
    /// The other; the workspace if left out
    b: Option<String>,
    /// See both as they were at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Compare only these sections, separated by commas; in JSON the others have no field, and stand in `omitted`
    #[arg(long, value_name = "SECTIONS", value_delimiter = ',', value_parser = sections())]
    only: Vec<Section>,
    /// A line for each section that differs; of `--only tensors` one for each layer
    #[arg(long, conflicts_with_all = ["patch", "format"])]
    stat: bool,
    /// Print the patch of the code and nothing else; `git apply` takes it at the root of the repository
    #[arg(long, conflicts_with_all = ["format", "json"])]
    patch: bool,
    /// How to show what differs
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_default_value = true)]
    format: Format,
    /// Exit 1 if there is a difference, be it in outputs of notebooks only
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// For a comment on a pull request: at most 65,536 characters
    Markdown,
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
    if args.patch {
        return print_patch(context, args, &repository, &options);
    }
    let report = diff(&repository, &options, &context.ui.reporter())?;
    // What could not be read is not known to be the same.
    let is_other = !report.diff.is_empty() || !report.diff.code.outputs.is_empty();
    let differs = is_other || !report.unread.is_empty();
    let exit = if args.exit_code && differs { NO } else { DONE };
    let detail = if args.stat { Detail::Stat } else { Detail::Sections };
    let answer = match args.format {
        _ if context.ui.wants_json() => json::diff::diff(&report).line(),
        Format::Json => json::diff::diff(&report).line(),
        Format::Markdown => {
            let erased = report.erased.iter().map(human::diff::erased);
            let erased: Vec<String> = erased.chain(report.remarks.clone()).collect();
            let unread: Vec<_> = report.unread.iter().map(|one| (one.section, human::diff::unread(one))).collect();
            page(&DiffPage {
                a: &report.a,
                b: &report.b,
                diff: &report.diff,
                sections: &report.sections,
                identical: report.identical,
                unread: &unread,
                erased: &erased,
            })
        }
        Format::Human => human::diff::diff(&report, detail, context.ui.style()),
    };
    let shown = Shown { answer, exit, ..Shown::default() };
    Ok(if args.format == Format::Human { shown.paged() } else { shown })
}

/// The patch is the answer: its bytes are those of the files, whatever these are. A person at a terminal gets them made harmless.
fn print_patch(
    context: &Context<'_>,
    args: &Args,
    repository: &Repository,
    options: &DiffOptions,
) -> Result<Shown, Failure> {
    if !options.sections.has(Section::Code) {
        let hint = "add `code` to `--only`, or leave that out".to_owned();
        return Err(Failure::usage("a patch is of the code, and `--only` leaves it out".to_owned(), Some(hint)));
    }
    let patch = patch(repository, options, &context.ui.reporter())?;
    if let Some((path, why)) = patch.missing.first() {
        return Err(Failure::no_patch(path, why, patch.missing.len() - 1));
    }
    let exit = if args.exit_code && !patch.bytes.is_empty() { NO } else { DONE };
    if context.ui.stdout_is_terminal() {
        let answer = human::diff::patch(&patch.bytes, context.ui.style());
        return Ok(Shown { answer, exit, ..Shown::default() }.paged());
    }
    let mut stream = context.ui.stream();
    match stream.write_all(&patch.bytes).and_then(|()| stream.flush()) {
        // A reader that has had enough is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unwritten(&error)),
        _ => Ok(Shown { exit, ..Shown::default() }),
    }
}
