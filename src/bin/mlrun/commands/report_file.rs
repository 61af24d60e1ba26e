//! A certificate in the forms other tools read, printed or written to a file.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use mlrun::ops::certify::CertifyReport;
use mlrun::ops::{UsageError, VerbError};
use mlrun::page::{self, junit, markdown, sarif};

use crate::failure::Failure;
use crate::ui::{Answer, Style, human, json};

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
    /// For code scanning: what is not good, at its line of the policy
    Sarif,
    /// The signed certificate, in its DSSE envelope: with `--sign`
    Dsse,
}

/// Reads `FORMAT=FILE`.
pub fn report_file(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("say FORMAT=FILE, for example junit=certify.xml")?;
    let format = <Format as clap::ValueEnum>::from_str(format, true)
        .map_err(|_| format!("`{format}` is none of human, json, markdown, junit, sarif, dsse"))?;
    match path {
        "" => Err("say FORMAT=FILE, for example junit=certify.xml".to_owned()),
        "-" => {
            Err(format!("a report goes to a file; `--format {}` prints it", text.split_once('=').map_or("", |t| t.0)))
        }
        path => Ok((format, PathBuf::from(path))),
    }
}

/// An envelope holds a signature.
pub fn check_key(mut formats: impl Iterator<Item = Format>, has_key: bool) -> Result<(), Failure> {
    if has_key || !formats.any(|format| format == Format::Dsse) {
        return Ok(());
    }
    let reason = "an envelope holds a signature: `--sign KEY` makes one".to_owned();
    Err(VerbError::from(UsageError::Option { option: "report".to_owned(), reason }).into())
}

/// A certificate in one form; `folder` is what the policy's place is relative to.
pub fn rendered(format: Format, report: &CertifyReport, exit: u8, folder: &Path) -> String {
    let statement = &report.statement;
    let about = || page::Context {
        candidate: report.label.clone(),
        baseline: report.baseline.clone(),
        // What was not written has no name to look for.
        certificate: report.conflict.is_none().then(|| report.certificate.to_string()),
        not_certified: human::certify::not_certified(report),
        expires: report.expires.filter(|_| report.conflict.is_none()).map(|t| t.for_people()),
        policy: report.policy_file.as_ref().map(|p| p.strip_prefix(folder).unwrap_or(p).to_string_lossy().into_owned()),
        lines: report.policy_lines.clone(),
        rows: report.rows.clone(),
        flips: report.flips.clone(),
    };
    match format {
        Format::Human => human::certify::certify(report, &Style::new(false, None)),
        Format::Json => json::certify::certify(report, exit).line(),
        Format::Markdown => markdown::certificate(statement, &about()),
        Format::Junit => junit::certificate(statement, &about()),
        Format::Sarif => sarif::certificate(statement, &about()),
        Format::Dsse => report
            .signed
            .as_ref()
            .map(|signed| String::from_utf8_lossy(&signed.envelope).into_owned())
            .unwrap_or_default(),
    }
}

/// The file of a report. That it can be written to is found out before anything is recorded.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
}

impl ReportFile {
    /// Finds out whether it can be written, and leaves everything as it was: an empty file in the project would be part of what
    /// is certified.
    #[expect(clippy::disallowed_methods, reason = "only the empty file made here is removed")]
    pub fn open(path: PathBuf) -> Result<Self, Failure> {
        let probed = match File::options().write(true).create_new(true).open(&path) {
            Ok(_) => std::fs::remove_file(&path),
            // Through a link that leads to nothing yet, too.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => opened(&path).map(drop),
            Err(error) => Err(error),
        };
        probed.map_err(|source| failed(&path, source))?;
        Ok(Self { path })
    }

    /// Puts the report into it.
    pub fn write(self, text: &str) -> Result<(), Failure> {
        // Where nothing was issued nothing was signed: what an earlier run signed must not pass for it.
        if text.is_empty() && !self.path.exists() {
            return Ok(());
        }
        let written = || {
            let mut file = opened(&self.path)?;
            // A pipe or a terminal has no length.
            if file.metadata().is_ok_and(|data| data.is_file()) {
                file.set_len(0)?;
            }
            file.write_all(text.as_bytes())
        };
        written().map_err(|source| failed(&self.path, source))
    }
}

fn opened(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(false).open(path)
}

fn failed(path: &Path, source: std::io::Error) -> Failure {
    VerbError::Io { action: "write the report", path: path.to_path_buf(), source }.into()
}
