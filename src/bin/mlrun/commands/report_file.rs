//! A certificate in the forms other tools read, printed or written to a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mlrun::ops::certify::CertifyReport;
use mlrun::page::{self, junit, markdown};

use crate::failure::Failure;
use crate::ui::{Style, human, json, json_text};

/// How a certificate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// For a comment on a pull request
    Markdown,
    /// For CI: one case for each rule
    Junit,
}

/// Reads `FORMAT=FILE`.
pub fn report_file(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("say FORMAT=FILE, for example junit=certify.xml")?;
    let format = <Format as clap::ValueEnum>::from_str(format, true)
        .map_err(|_| format!("`{format}` is none of human, json, markdown, junit"))?;
    Ok((format, PathBuf::from(path)))
}

/// A certificate in one form.
pub fn rendered(format: Format, report: &CertifyReport, exit: u8) -> String {
    let statement = &report.statement;
    let about = || page::Context {
        candidate: report.label.clone(),
        baseline: report.baseline.clone(),
        certificate: Some(report.certificate.to_string()),
        expires: report.expires.map(|t| t.to_string()),
    };
    match format {
        Format::Human => human::certify::certify(report, &Style::new(false, None)),
        Format::Json => json_text(&json::certify::certify(report, exit)),
        Format::Markdown => markdown::certificate(statement, &about()),
        Format::Junit => junit::certificate(statement, &about()),
    }
}

/// Writes it to a file.
pub fn write_report(path: &Path, text: &str) -> Result<(), Failure> {
    let open = std::fs::File::options().write(true).create(true).truncate(true).open(path);
    let written = open.and_then(|mut file| file.write_all(text.as_bytes()));
    Ok(written.with_context(|| format!("cannot write the report `{}`", path.display()))?)
}
