//! What a project declares, read: the model, parameters, metrics, other results, evidence, data.

use std::collections::BTreeMap;
use std::path::Path;

use super::data::{self, Data};
use super::files::{self, PathSpec, SourceFile};
use super::ignored::Ignored;
use super::known::Known;
use super::values::{self, Syntax};
use super::{CaptureError, CaptureOptions, PredictionsInput, ReportInput, SamplesInput, tabular};
use crate::format::scalar::Scalar;
use crate::format::tree::EntryKind;
use crate::progress::Progress;
use crate::store::Source;

/// No parameter or metric file is longer: 16 MiB.
const MAX_VALUES: u64 = 16 << 20;

/// A report is as long as what reads it goes at most: 64 MiB.
pub const MAX_REPORT: u64 = 64 << 20;

/// What was declared.
#[derive(Default)]
pub(super) struct Declared {
    pub model_files: Vec<SourceFile>,
    pub params: BTreeMap<String, Scalar>,
    pub params_files: Vec<SourceFile>,
    pub metrics: BTreeMap<String, Scalar>,
    pub metrics_files: Vec<SourceFile>,
    pub results: Vec<SourceFile>,
    pub predictions: Vec<(PredictionsInput, SourceFile)>,
    pub samples: Vec<(SamplesInput, SourceFile)>,
    pub reports: Vec<(ReportInput, SourceFile)>,
    pub data: Vec<Data>,
    /// What could not be read, and why.
    pub unread: Vec<(String, String)>,
}

/// Reads all of it.
pub(super) fn read(
    options: &CaptureOptions,
    ignored: &Ignored,
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<Declared, CaptureError> {
    let project = options.project.as_path();
    let collect = |input: &str, specs: &[PathSpec]| files::collect(input, specs, project, ignored);
    let readable = |files: Vec<SourceFile>| if options.probe { can_be_opened(files) } else { Ok(files) };
    let mut declared = Declared::default();
    let mut unread = options.unread.clone();
    let mut kept = Kept { lenient: options.lenient, unread: &mut unread };
    declared.model_files = kept.of("files", collect("files", &options.files).and_then(readable))?.unwrap_or_default();
    let params = kept.of("params", read_values("params", &options.params, project, ignored))?;
    (declared.params, declared.params_files) = params.unwrap_or_default();
    declared.params.extend(options.given_params.iter().map(|(k, v)| (k.clone(), v.clone())));
    let metrics = kept.of("metrics", read_values("metrics", &options.metrics, project, ignored))?;
    (declared.metrics, declared.metrics_files) = metrics.unwrap_or_default();
    declared.results = kept.of("results", collect("results", &options.results).and_then(readable))?.unwrap_or_default();
    for input in &options.predictions {
        let place = format!("predictions.{}", input.name);
        let checked = |file: SourceFile| tabular::check_predictions(input, &file).map(|()| file);
        let file = kept.of(&place, one_file(&place, &input.path, project, ignored).and_then(checked))?;
        declared.predictions.extend(file.map(|file| (input.clone(), file)));
    }
    for input in &options.samples {
        let place = format!("samples.{}", input.name);
        let checked = |file: SourceFile| tabular::check_samples(input, &file).map(|()| file);
        let file = kept.of(&place, one_file(&place, &input.path, project, ignored).and_then(checked))?;
        declared.samples.extend(file.map(|file| (input.clone(), file)));
    }
    for input in &options.reports {
        let file = kept.of(&format!("reports.{}", input.name), report(input, project, ignored))?;
        declared.reports.extend(file.map(|file| (input.clone(), file)));
    }
    for input in &options.data {
        let found = data::capture(input, project, ignored, known, progress);
        let found = found.and_then(|mut data| {
            data.files = readable(data.files)?;
            Ok(data)
        });
        declared.data.extend(kept.of(&format!("data.{}", input.name), found)?);
    }
    declared.unread = unread;
    Ok(declared)
}

/// The files, if each of them can be opened.
fn can_be_opened(files: Vec<SourceFile>) -> Result<Vec<SourceFile>, CaptureError> {
    for file in files.iter().filter(|file| file.kind != EntryKind::Symlink) {
        file.open().map_err(|source| CaptureError::Unreadable { path: file.disk(), source })?;
    }
    Ok(files)
}

/// What becomes of an input that cannot be read.
struct Kept<'a> {
    lenient: bool,
    unread: &'a mut Vec<(String, String)>,
}

impl Kept<'_> {
    /// What was found of an input; nothing where it could not be read and nobody insists.
    fn of<T>(&mut self, input: &str, found: Result<T, CaptureError>) -> Result<Option<T>, CaptureError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if self.lenient => {
                let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
                let reason = causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"));
                self.unread.push((input.to_owned(), reason));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Reads parameter or metric files; a key may stand in one of them only.
pub(super) fn read_values(
    input: &'static str,
    specs: &[PathSpec],
    project: &Path,
    ignored: &Ignored,
) -> Result<(BTreeMap<String, Scalar>, Vec<SourceFile>), CaptureError> {
    let files = files::collect(input, specs, project, ignored)?;
    let mut all = BTreeMap::new();
    let mut origin: BTreeMap<String, String> = BTreeMap::new();
    for file in &files {
        let path = || file.path().to_owned();
        let syntax = Syntax::of(&file.disk()).ok_or_else(|| CaptureError::Syntax { input, path: path() })?;
        let bytes = file.read(MAX_VALUES)?;
        let found = values::parse(syntax, &bytes).map_err(|source| CaptureError::Values {
            input,
            path: path(),
            line: source.line,
            source,
        })?;
        for (key, value) in found {
            if let Some(first) = origin.insert(key.clone(), path()) {
                return Err(CaptureError::KeyTwice { input, key, first, second: path() });
            }
            all.insert(key, value);
        }
    }
    Ok((all, files))
}

fn one_file(input: &str, spec: &PathSpec, project: &Path, ignored: &Ignored) -> Result<SourceFile, CaptureError> {
    let mut found = files::collect(input, std::slice::from_ref(spec), project, ignored)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        n => Err(CaptureError::Table {
            input: input.to_owned(),
            reason: format!("`{}` is {n} files, not one", spec.text),
        }),
    }
}

fn report(input: &ReportInput, project: &Path, ignored: &Ignored) -> Result<SourceFile, CaptureError> {
    let place = format!("reports.{}", input.name);
    let file = one_file(&place, &input.path, project, ignored)?;
    if file.size() > MAX_REPORT {
        let reason = format!("`{}` has {} bytes; a report has {MAX_REPORT} at most", file.path(), file.size());
        return Err(CaptureError::Table { input: place, reason });
    }
    Ok(file)
}
