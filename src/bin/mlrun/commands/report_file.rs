//! A certificate in the forms other tools read, printed or written to a file.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use mlrun::ops::VerbError;
use mlrun::ops::certify::CertifyReport;
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
}

/// Reads `FORMAT=FILE`.
pub fn report_file(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("say FORMAT=FILE, for example junit=certify.xml")?;
    let format = <Format as clap::ValueEnum>::from_str(format, true)
        .map_err(|_| format!("`{format}` is none of human, json, markdown, junit, sarif"))?;
    Ok((format, PathBuf::from(path)))
}

/// A certificate in one form; `folder` is what the policy's place is relative to.
pub fn rendered(format: Format, report: &CertifyReport, exit: u8, folder: &Path) -> String {
    let statement = &report.statement;
    let about = || page::Context {
        candidate: report.label.clone(),
        baseline: report.baseline.clone(),
        certificate: Some(report.certificate.to_string()),
        expires: report.expires.map(|t| t.for_people()),
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
    }
}

/// The file of a report. It is opened before anything is recorded: a place that cannot be written to is no reason to find
/// out afterwards.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    file: File,
    /// Whether nothing was there: then nothing is there again if there is no report.
    remove: bool,
}

impl ReportFile {
    /// Opens it, and leaves alone what is in it.
    pub fn open(path: PathBuf) -> Result<Self, Failure> {
        let created = File::options().write(true).create_new(true).open(&path);
        let opened = match created {
            Ok(file) => Ok((file, true)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // Through a link that leads to nothing yet, too.
                File::options().write(true).create(true).truncate(false).open(&path).map(|file| (file, false))
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok((file, remove)) => Ok(Self { path, file, remove }),
            Err(source) => Err(failed(&path, source)),
        }
    }

    /// Puts the report into it.
    pub fn write(mut self, text: &str) -> Result<(), Failure> {
        self.remove = false;
        // A pipe or a terminal has no length.
        let is_file = self.file.metadata().is_ok_and(|data| data.is_file());
        let emptied = if is_file { self.file.set_len(0) } else { Ok(()) };
        emptied.and_then(|()| self.file.write_all(text.as_bytes())).map_err(|source| failed(&self.path, source))
    }
}

impl Drop for ReportFile {
    #[expect(clippy::disallowed_methods, reason = "only the empty file made here is removed")]
    fn drop(&mut self) {
        if self.remove {
            // There is a failure to report already.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, source: std::io::Error) -> Failure {
    VerbError::Io { action: "write the report", path: path.to_path_buf(), source }.into()
}
