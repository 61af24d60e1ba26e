//! `mlrun export`.

use std::path::PathBuf;

use mlrun::ops::export::{ExportOptions, Form, export};

use super::Context;
use super::report_file::ReportFile;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Write a certificate in a form that other programs take
///
/// `mlrun certify --recheck FILE` reads both forms again, on any machine, without a store.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun export dsse fraud@v8 -o fraud-v8.dsse.json\n  mlrun export statement fraud@v8 | sha256sum"
)]
pub struct Args {
    /// In which form
    #[arg(value_enum)]
    format: Format,
    /// The version whose newest certificate is meant
    revision: String,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The file to write; printed if left out
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// The in-toto statement in a DSSE envelope, with its signatures
    Dsse,
    /// The bare in-toto statement, byte for byte as it is stored
    Statement,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let form = match args.format {
        Format::Dsse => Form::Dsse,
        Format::Statement => Form::Statement,
    };
    // Opened first: a place that cannot be written to is found out before anything is read.
    let file = args.output.as_ref().map(|path| ReportFile::open(context.path(path))).transpose()?;
    let report = export(&repository, &ExportOptions { revision: args.revision.clone(), at: args.at.clone(), form })?;
    let text = String::from_utf8_lossy(&report.bytes).into_owned();
    let place = args.output.as_deref();
    if let Some(file) = file {
        file.write(&text)?;
    }
    Ok(context.shown(
        DONE,
        || json::recheck::export(&report, place),
        |style| if place.is_none() { text } else { human::recheck::export(&report, place, style) },
    ))
}
