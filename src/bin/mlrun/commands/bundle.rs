//! `mlrun bundle`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use mlrun::ops::VerbError;
use mlrun::ops::bundle::check::verify_bundle;
use mlrun::ops::bundle::{BundleOptions, BundleReport, bundle, stream};
use mlrun::repository::Repository;

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Write or check one file of evidence for an auditor
///
/// A bundle is a tar.gz with the records, the whole journal, the files, a page to read (index.html) and a SHA256SUMS:
/// `tar xzf` and `sha256sum -c SHA256SUMS` check it without this program. The same version and journal give the same bytes.
/// `mlrun import` brings it into another store.
#[derive(Debug, clap::Args)]
#[command(override_usage = "mlrun bundle [OPTIONS] --output <FILE> <REVISION>\n       mlrun bundle --verify <FILE>")]
#[command(
    after_help = "Examples:\n  mlrun bundle 'fraud@production@{2026-03-01T12:00Z}' -o case.tar.gz\n  mlrun bundle fraud@v8 -o -\n  mlrun bundle --verify case.tar.gz"
)]
pub struct Args {
    /// The version; not with `--verify`
    #[arg(required_unless_present = "verify")]
    revision: Option<String>,
    /// The file to write; `-`: standard output
    #[arg(short = 'o', long, value_name = "FILE", required_unless_present = "verify")]
    output: Option<PathBuf>,
    /// See it as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Say what would be written
    #[arg(long)]
    dry_run: bool,
    /// Check FILE, list everything that is wrong and what cannot be known; needs no store
    #[arg(long, value_name = "FILE", conflicts_with_all = ["revision", "output", "at", "force", "dry_run"])]
    verify: Option<PathBuf>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    if let Some(file) = &args.verify {
        let check = verify_bundle(&context.path(file)).map_err(VerbError::from)?;
        return Ok(context.shown(
            DONE,
            || json::stored::bundle_check(&check),
            |style| human::stored::bundle_check(&check, style),
        ));
    }
    let repository = context.repository()?;
    let options = BundleOptions {
        revision: args.revision.clone().unwrap_or_default(),
        at: args.at.clone(),
        output: context.path(&args.output.clone().unwrap_or_default()),
        force: args.force,
        dry_run: args.dry_run,
    };
    if args.output.as_deref() == Some(Path::new("-")) {
        return to_stdout(context, &repository, &options);
    }
    let report = bundle(&repository, &options, &context.ui.reporter())?;
    let shown = context.shown(DONE, || json::stored::bundle(&report), |style| human::stored::bundle(&report, style));
    Ok(with_warnings(shown, &report))
}

/// The bundle is the answer: nothing else is said on standard output.
fn to_stdout(context: &Context<'_>, repository: &Repository, options: &BundleOptions) -> Result<Shown, Failure> {
    let refused = |why: &str| Err(Failure::usage(why.to_owned(), Some("name a file: `-o case.tar.gz`".to_owned())));
    if context.ui.wants_json() && !options.dry_run {
        return refused("standard output cannot be both a bundle and JSON");
    }
    if context.ui.stdout_is_terminal() && !options.dry_run {
        return refused("a bundle is nothing to look at on a terminal");
    }
    match stream(repository, options, context.ui.stream(), &context.ui.reporter()) {
        // A reader that has had enough is no failure.
        Err(VerbError::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => Ok(Shown::default()),
        Err(error) => Err(error.into()),
        Ok(report) if options.dry_run => {
            let shown =
                context.shown(DONE, || json::stored::bundle(&report), |style| human::stored::bundle(&report, style));
            Ok(with_warnings(shown, &report))
        }
        Ok(report) => Ok(with_warnings(Shown { exit: DONE, ..Shown::default() }, &report)),
    }
}

fn with_warnings(mut shown: Shown, report: &BundleReport) -> Shown {
    shown.warnings = report.missing.iter().map(|(what, why)| format!("{what} is not in it: {why}")).collect();
    shown
}
