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
mod teller;
mod tensors;
mod version;

use std::path::PathBuf;

pub use self::error::ReportError;
pub use self::site::{SiteReport, site};

use self::output::{Output, Written};
use self::teller::Teller;
use self::version::Depth;
use super::VerbError;
use crate::digest::Digest;
use crate::format::event::EventRef;
use crate::id::SnapshotId;
use crate::name::{ModelName, Version};
use crate::page::report::{card, html};
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
    /// A model card.
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
    let several = options.revisions.len() > 1;
    let (mut told, mut versions, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (place, revision) in options.revisions.iter().enumerate() {
        let (found, now) = version::find(repository, revision, options.at.as_deref())?;
        versions.push(Reported {
            model: found.state.model.clone(),
            version: found.row.version,
            id: found.snapshot(),
            head: found.state.head,
        });
        let depth = Depth { place, beside_others: several, ..Depth::default() };
        let teller = Teller::of(repository, &found.state, &now)?;
        told.push(teller.tell(&found.row, depth)?);
        // Beside each other: each against the one before it.
        let row = found.row;
        if let Some((_, before)) = rows.iter().rev().find(|(model, _)| *model == found.state.model)
            && let Some(last) = told.last_mut()
        {
            last.changes = changes::changes(&teller.telling(), before, &row);
        }
        rows.push((found.state.model.clone(), row));
    }
    let text = match options.form {
        Form::Html => html(&told),
        Form::Markdown => card::markdown(&told),
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
