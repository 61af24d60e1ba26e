//! `mlrun report`.

use std::path::{Path, PathBuf};

use mlrun::ops::report::{Form, ReportOptions, report, site};

use super::Context;
use crate::failure::{DONE, Failure, INTEGRITY};
use crate::ui::{Shown, human, json};

/// Write a page that tells what a version is, and why it may be where it is
///
/// One file that needs no network and runs no script: where the version is in its life, its certificate rule by rule, metrics over
/// versions, curves from its stored predictions beside those of its baseline, slices, latency, data and its drift, what changed, how to
/// check all of it. Of several versions each is held against the first: metrics with their differences, slices, tensors, drift.
///
/// `--all` writes a folder of such pages over every model and version; done again, it brings them up to date.
///
/// The bytes follow from what is stored alone. A file that is no report is never replaced without `--force`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mlrun report [OPTIONS] <REVISION>... -o <FILE>\n       mlrun report [OPTIONS] <REVISION>... --format markdown\n       mlrun report --all -o <DIR>",
    after_help = "Examples:\n  mlrun report fraud@v8 -o report.html\n  mlrun report fraud@production fraud@latest -o side-by-side.html\n  mlrun report fraud@v8 --format markdown > MODEL_CARD.md\n  mlrun report --all -o public/"
)]
pub struct Args {
    /// The versions: one, or up to six side by side, each against the first
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    revision: Vec<String>,
    /// The file to write, or with `--all` the folder; `-`: standard output
    #[arg(
        short = 'o',
        long,
        value_name = "PATH",
        required_unless_present = "format",
        required_if_eq("format", "html")
    )]
    output: Option<PathBuf>,
    /// In which form
    #[arg(long, value_name = "FORMAT", value_enum, conflicts_with = "all")]
    format: Option<Format>,
    /// See them as they were at TIME
    #[arg(long, value_name = "TIME", conflicts_with = "all")]
    at: Option<String>,
    /// Every model, version and stage, as a folder of pages
    #[arg(long, requires = "output")]
    all: bool,
    /// Replace a file that is no report, or write among other files
    #[arg(long)]
    force: bool,
    /// Say what would be written
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A page with charts
    Html,
    /// A model card with front matter, of several versions one comparison; printed if there is no `-o`
    Markdown,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let is_stdout = args.output.as_deref().is_none_or(|path| path == Path::new("-"));
    let repository = context.repository()?;
    let output = args.output.as_deref().filter(|_| !is_stdout).map(|path| context.path(path));
    if args.all {
        let Some(output) = output else {
            let hint = "name a folder: `-o public/`".to_owned();
            return Err(Failure::usage("standard output cannot hold a folder".to_owned(), Some(hint)));
        };
        let made = site(&repository, &output, (args.force, args.dry_run), &context.ui.reporter())?;
        let exit = if made.failed.is_empty() { DONE } else { INTEGRITY };
        let mut shown =
            context.shown(exit, || json::report::site(&made, exit), |style| human::report::site(&made, style));
        shown.warnings = made.failed.iter().map(|(label, why)| format!("{label} cannot be read: {why}")).collect();
        return Ok(shown);
    }
    let options = ReportOptions {
        revisions: args.revision.clone(),
        at: args.at.clone(),
        form: if args.format == Some(Format::Markdown) { Form::Markdown } else { Form::Html },
        output,
        force: args.force,
        dry_run: args.dry_run,
    };
    let made = report(&repository, &options)?;
    Ok(context.shown(
        DONE,
        || json::report::report(&made),
        |style| if is_stdout && !made.dry_run { made.text.clone() } else { human::report::report(&made, style) },
    ))
}
