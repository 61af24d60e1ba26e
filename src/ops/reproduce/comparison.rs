//! What the command is to make, and what it has made, beside each other.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::files::{self, Before, Expected};
use super::metrics;
use super::{ReproduceOptions, ReproduceReport};
use crate::bounded;
use crate::capture::values::{self, BYTES_LIMIT, Syntax};
use crate::certify::wording::count;
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::format::tree::EntryKind;
use crate::id::{FileId, TreeId};
use crate::ops::scratch::Scratch;
use crate::progress::Silent;
use crate::snapshot::{self, TreeFile};
use crate::store::{Store, StoreError};

/// What the command is to make, by its names in the version, and what lay there before.
pub(super) struct Outputs {
    model: Vec<Expected>,
    metrics: Vec<Expected>,
    predictions: Vec<Expected>,
    others: Vec<String>,
}

impl Outputs {
    /// What the version has of its own making, and what is in the place of it in `folder` now.
    pub(super) fn of(store: &Store, record: &SnapshotRecord, folder: &Path) -> Result<Self, StoreError> {
        let expected = |file: TreeFile| Expected { before: Before::look(&folder.join(&file.path)), file };
        let all = |tree: Option<TreeId>| -> Result<Vec<TreeFile>, StoreError> {
            tree.map_or_else(|| Ok(Vec::new()), |tree| snapshot::files_of(store, tree))
        };
        let one = |path: &str, id: FileId, size| TreeFile {
            path: path.to_owned(),
            kind: EntryKind::File,
            id: Some(id),
            size,
            target: None,
        };
        let results = all(record.results.map(|tree| tree.tree))?;
        let predictions = record.predictions.iter().map(|set| expected(one(&set.path, set.file, set.size)));
        Ok(Self {
            model: all(Some(record.model_files.tree))?.into_iter().map(expected).collect(),
            metrics: all(record.metrics_files.map(|tree| tree.tree))?.into_iter().map(expected).collect(),
            predictions: predictions.collect(),
            others: results
                .into_iter()
                .map(|file| file.path)
                .chain(record.samples.iter().map(|s| s.path.clone()))
                .chain(record.reports.iter().map(|r| r.path.clone()))
                .collect(),
        })
    }

    /// The folders they lie in.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        let expected =
            self.model.iter().chain(&self.metrics).chain(&self.predictions).map(|one| one.file.path.as_str());
        let all: BTreeSet<&str> = expected
            .chain(self.others.iter().map(String::as_str))
            .filter_map(|path| Some(path.rsplit_once('/')?.0))
            .collect();
        all.into_iter()
    }
}

/// What is compared.
pub(super) struct Comparison<'c> {
    pub(super) scratch: &'c Scratch,
    pub(super) folder: &'c Path,
    pub(super) options: &'c ReproduceOptions,
    pub(super) record: &'c SnapshotRecord,
}

impl Comparison<'_> {
    /// Compares everything, into the report.
    pub(super) fn fill(&self, store: &Store, outputs: &Outputs, report: &mut ReproduceReport) {
        let mut number = 0;
        let mut original = |expected: &Expected| {
            number += 1;
            self.original(store, expected, number)
        };
        let model = outputs.model.iter();
        report.files = model.map(|one| files::model_file(self.folder, one, || original(one))).collect();
        let predictions = outputs.predictions.iter();
        report.predictions = predictions.map(|one| files::predictions(self.folder, one, || original(one))).collect();
        let now = self.metrics(outputs, &mut report.unreadable);
        report.metrics = metrics::compare(&self.record.metrics, &now, self.options.tolerance, &self.options.ignored);
        for samples in &self.record.samples {
            let why = "times differ from run to run and from machine to machine".to_owned();
            report.not_compared.push((samples.path.clone(), why));
        }
        for other in &self.record.reports {
            let why = "reports tell when they were made".to_owned();
            report.not_compared.push((other.path.clone(), why));
        }
        if let Some(results) = self.record.results {
            let why = "plots and logs tell when they were made".to_owned();
            report.not_compared.push((format!("{} of results", count(results.files, "file")), why));
        }
    }

    /// The file of the version, beside the new ones; none if the store does not have it any more.
    fn original(&self, store: &Store, expected: &Expected, number: u32) -> Option<PathBuf> {
        // What tells its format is how its name ends.
        let name = expected.file.path.rsplit('/').next().unwrap_or_default();
        let mut out = BufWriter::new(self.scratch.begin(&format!("original-{number}-{name}")).ok()?);
        store.copy_file(expected.file.id?, &mut out, &Silent).ok()?;
        out.flush().ok()?;
        Some(self.scratch.beside(&format!("original-{number}-{name}")))
    }

    /// The metrics of the new run, out of the files that the version has them in.
    fn metrics(&self, outputs: &Outputs, unreadable: &mut Vec<String>) -> BTreeMap<String, Scalar> {
        let mut all = BTreeMap::new();
        for expected in &outputs.metrics {
            let path = &expected.file.path;
            let disk = self.folder.join(path);
            if !expected.before.was_made(&disk) {
                unreadable.push(format!("`{path}` was not written by the command"));
                continue;
            }
            match read(&disk) {
                Ok(found) => all.extend(found),
                Err(reason) => unreadable.push(format!("`{path}` cannot be read: {reason}")),
            }
        }
        all
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Scalar>, String> {
    let syntax = Syntax::of(path).ok_or("it is neither YAML, TOML nor JSON")?;
    let bytes = bounded::read(path, BYTES_LIMIT as u64).map_err(|error| error.to_string())?;
    values::parse(syntax, &bytes).map_err(|error| error.to_string())
}
