//! `mlrun bundle`.

use std::path::PathBuf;

use mlrun::ops::VerbError;
use mlrun::ops::bundle::{BundleOptions, bundle};
use mlrun::ops::bundle_check::verify_bundle;

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Write or check one file of evidence for an auditor
///
/// A bundle is a tar.gz with the records, the files and a SHA256SUMS: `tar xzf` and `sha256sum -c SHA256SUMS` check it
/// without this program.
#[derive(Debug, clap::Args)]
#[command(override_usage = "mlrun bundle [OPTIONS] --output <FILE> <REVISION>\n       mlrun bundle --verify <FILE>")]
#[command(
    after_help = "Examples:\n  mlrun bundle 'fraud@production@{2026-03-01T12:00Z}' -o case.tar.gz\n  mlrun bundle --verify case.tar.gz"
)]
pub struct Args {
    /// The version; not with `--verify`
    #[arg(required_unless_present = "verify")]
    revision: Option<String>,
    /// The file to write
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
    /// Check FILE; needs no store
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
    let report = bundle(&repository, &options, &context.ui.reporter())?;
    let mut shown =
        context.shown(DONE, || json::stored::bundle(&report), |style| human::stored::bundle(&report, style));
    shown.warnings = report.missing.iter().map(|(what, why)| format!("{what} is not in it: {why}")).collect();
    Ok(shown)
}
