//! `report`: a version, several side by side, or everything there is, as pages to read.
//!
//! The bytes depend on the store alone: a page says up to which event it knows what happened, and no clock is in it.

mod case;
mod changes;
mod curves;
mod data;
mod error;
mod life;
mod output;
mod predictions;
mod samples;
mod site;
mod slices;
mod stale;
mod teller;
mod tensors;
mod version;

use std::path::PathBuf;

pub use self::error::ReportError;
pub use self::site::{SiteReport, site};

use self::output::{Output, Written};
use self::teller::Teller;
use self::version::{Against, Depth};
use super::VerbError;
use crate::digest::Digest;
use crate::format::event::EventRef;
use crate::id::SnapshotId;
use crate::name::{ModelName, Version};
use crate::page::report::{html, markdown};
use crate::repository::Repository;

/// Versions that stand side by side; more columns are no page.
const MOST: usize = 6;

/// What to report on.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// The versions.
    pub revisions: Vec<String>,
    /// The time to see them at.
    pub at: Option<String>,
    /// In which form.
    pub form: Form,
    /// The file to write; none: the text is all that is wanted.
    pub output: Option<PathBuf>,
    /// Whether a file that is no report is replaced.
    pub force: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// A page with charts.
    #[default]
    Html,
    /// A model card, or a comparison.
    Markdown,
}

impl Form {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
        }
    }
}

/// A report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The versions it is about.
    pub versions: Vec<Reported>,
    /// Its form.
    pub form: Form,
    /// The file.
    pub output: Option<PathBuf>,
    /// Its text.
    pub text: String,
    /// Whether the file held the same already.
    pub unchanged: bool,
    /// Whether nothing was written because that was asked for.
    pub dry_run: bool,
}

/// A version of a report.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The model.
    pub model: ModelName,
    /// Its version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The newest event that the report knows of.
    pub head: Option<EventRef>,
}

impl Report {
    /// The SHA-256 of its text.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

/// Writes a report.
pub fn report(repository: &Repository, options: &ReportOptions) -> Result<Report, VerbError> {
    if options.revisions.len() > MOST {
        return Err(ReportError::TooMany { most: MOST }.into());
    }
    // Found out before anything is read: a place that cannot be written to.
    let output = options.output.as_ref().map(|path| Output::at(repository, path, options.force)).transpose()?;
    let mut found = Vec::new();
    for revision in &options.revisions {
        found.push(version::find(repository, revision, options.at.as_deref())?);
    }
    let is_pair = found.len() == 2;
    // Beside each other: each but the first against that.
    let first = match found.as_slice() {
        [(first, now), _, ..] => Some((first, Teller::of(repository, &first.state, now)?.as_reference(&first.row)?)),
        _ => None,
    };
    let (mut told, mut versions) = (Vec::new(), Vec::new());
    for (place, (own, now)) in found.iter().enumerate() {
        versions.push(Reported {
            model: own.state.model.clone(),
            version: own.row.version,
            id: own.snapshot(),
            head: own.state.head,
        });
        let teller = Teller::of(repository, &own.state, now)?;
        let against = match &first {
            None => Against::Baseline,
            Some(_) if place == 0 => Against::Nothing,
            Some((_, first)) => Against::First { first, is_pair },
        };
        let mut version = teller.tell(&own.row, Depth { place, against, ..Depth::default() })?;
        if let Some((first, _)) = first.as_ref().filter(|_| place > 0) {
            (version.changes, version.tensors) = changes::between(&teller.telling(), first, own);
        }
        told.push(version);
    }
    let text = match options.form {
        Form::Html => html(&told),
        Form::Markdown => markdown(&told),
    };
    let mut report = Report {
        versions,
        form: options.form,
        output: options.output.clone(),
        text,
        unchanged: false,
        dry_run: options.dry_run,
    };
    if let Some(output) = output.filter(|_| !options.dry_run) {
        report.unchanged = output.write(report.text.as_bytes())? == Written::Unchanged;
    }
    Ok(report)
}
