//! `mlrun verify`.

use mlrun::ops::verify::{VerifyOptions, verify};

use super::Context;
use crate::failure::{DONE, Failure, INTEGRITY};
use crate::ui::{Shown, human, json};

/// Check that what is stored is whole
///
/// Without REVISION: journals, packs, index, and that every version can be reached. `--full` reads and hashes every byte.
/// Exit 4 if anything is wrong; each problem names the versions that need it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun verify --full\n  mlrun verify fraud@production")]
pub struct Args {
    /// One version, every byte of it
    revision: Option<String>,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME", requires = "revision")]
    at: Option<String>,
    /// Read and hash every byte of the store
    #[arg(long, conflicts_with = "revision")]
    full: bool,
    /// Only the journals
    #[arg(long, conflicts_with_all = ["revision", "full"])]
    journal: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options =
        VerifyOptions { revision: args.revision.clone(), at: args.at.clone(), full: args.full, journal: args.journal };
    let report = verify(&repository, &options, &context.ui.reporter())?;
    let exit = if report.problems.is_empty() { DONE } else { INTEGRITY };
    Ok(context.shown(exit, || json::stored::verify(&report), |style| human::stored::verify(&report, style)))
}
