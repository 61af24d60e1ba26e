//! Which rows are meant: of a version's set, by keys as typed or in a file, with the labels they have there.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::PathBuf;

use super::AddOptions;
use crate::certify::wording::count;
use crate::evidence;
use crate::format::checkpoint::VersionRow;
use crate::format::scalar::Scalar;
use crate::format::snapshot::PredictionsRecord;
use crate::name::SetName;
use crate::ops::resolve::{self, Found, ResolveError};
use crate::ops::{CertificationError, UsageError, VerbError, attached, check_text, erasures};
use crate::registry::State;
use crate::repository::Repository;
use crate::store::StoreError;
use crate::table::{Table, TableFormat};

/// No file of cases is longer: 16 MiB.
const MAX_FILE: u64 = 16 << 20;
/// No table of evidence is longer: 8 GiB.
const MAX_TABLE: u64 = 8 << 30;
/// One command adds no more.
const MOST: usize = 10_000;
/// Columns of a file of cases that are no part of the key.
const REASON: &str = "reason";

/// A key, and why the row must be right.
type Row = (Vec<String>, String);

/// The version whose rows are meant, and its set.
pub(super) fn source(repository: &Repository, options: &AddOptions) -> Result<(Found, PredictionsRecord), VerbError> {
    if let Some(revision) = &options.revision {
        let found = resolve::revision(repository, revision, None)?;
        resolve::kept(repository, &found)?;
        if options.model.as_ref().is_some_and(|model| resolve::current(repository, model) != found.state.model) {
            let reason = format!("`{}` is a version of another model", found.label());
            return Err(UsageError::Option { option: "from".to_owned(), reason }.into());
        }
        let set = set_of(repository, &found.state, &found.row, options.set.as_ref())?;
        return Ok((found, set));
    }
    let model = resolve::model(repository, options.model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let mut kept = state.versions.iter().rev().filter(|row| row.dropped.is_none());
    let newest = kept.next().copied().ok_or_else(|| ResolveError::NoVersion { model: model.clone() })?;
    let first = set_of(repository, &state, &newest, options.set.as_ref());
    let lacks = |error: &VerbError| match error {
        VerbError::Certification(error) => matches!(**error, CertificationError::NoSet { .. }),
        _ => false,
    };
    if first.as_ref().is_err_and(lacks) {
        for row in kept.copied().collect::<Vec<_>>() {
            if let Ok(set) = set_of(repository, &state, &row, options.set.as_ref()) {
                return Ok((Found { state, row }, set));
            }
        }
    }
    Ok((Found { state, row: newest }, first?))
}

/// A predictions set of a version: the one named, or the only one.
fn set_of(
    repository: &Repository,
    state: &State,
    row: &VersionRow,
    named: Option<&SetName>,
) -> Result<PredictionsRecord, VerbError> {
    let sets = attached::judged(repository, state, row)?.predictions;
    let known = || sets.iter().map(|set| set.name.to_string()).collect::<Vec<_>>();
    let model = || state.model.to_string();
    match (named, sets.as_slice()) {
        (Some(named), all) => all
            .iter()
            .find(|set| set.name == *named)
            .cloned()
            .ok_or_else(|| CertificationError::NoSet { model: model(), set: named.clone(), known: known() }.into()),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(CertificationError::WhichSet { model: model(), known: known() }.into()),
    }
}

/// The key and reason of each row of a command line.
pub(super) fn typed_rows(options: &AddOptions, set: &PredictionsRecord) -> Result<Vec<Row>, VerbError> {
    let Some(reason) = &options.reason else {
        let reason = "say why these rows must be right".to_owned();
        return Err(UsageError::Option { option: "reason".to_owned(), reason }.into());
    };
    options.rows.iter().map(|text| Ok((typed_key(text, set)?, reason.clone()))).collect()
}

/// `4711`, or `row_id=4711, day=3` as messages write it.
fn typed_key(text: &str, set: &PredictionsRecord) -> Result<Vec<String>, VerbError> {
    let columns = &set.columns.key;
    let wrong = || CertificationError::Key {
        key: text.chars().take(80).collect(),
        set: set.name.clone(),
        columns: columns.clone(),
    };
    if let [column] = columns.as_slice() {
        let value = text.strip_prefix(column.as_str()).and_then(|rest| rest.strip_prefix('=')).unwrap_or(text);
        return if value.is_empty() { Err(wrong().into()) } else { Ok(vec![value.to_owned()]) };
    }
    let mut cells: BTreeMap<&str, &str> = BTreeMap::new();
    for part in text.split(',') {
        let (column, value) = part.trim().split_once('=').ok_or_else(wrong)?;
        if value.is_empty() || cells.insert(column, value).is_some() {
            return Err(wrong().into());
        }
    }
    let key: Option<Vec<String>> =
        columns.iter().map(|column| cells.get(column.as_str()).map(|value| (*value).to_owned())).collect();
    key.filter(|_| cells.len() == columns.len()).ok_or_else(|| wrong().into())
}

/// The key and reason of each row of a file.
pub(super) fn rows_of_file(
    (path, text): &(PathBuf, String),
    columns: &[String],
    reason: Option<&str>,
) -> Result<Vec<Row>, VerbError> {
    let wrong = |reason: String| VerbError::from(CertificationError::File { path: text.clone(), reason });
    let format = TableFormat::of(text)
        .ok_or_else(|| wrong("its name ends neither in .csv, .tsv, .jsonl, .parquet nor .arrow".to_owned()))?;
    let failed = |source| VerbError::Io { action: "read the cases in", path: path.clone(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(wrong(format!("it has more than {MAX_FILE} bytes")));
    }
    let header = Table::header(&bytes, format).map_err(|error| wrong(error.to_string()))?;
    let has_reason = header.iter().any(|name| name == REASON) && !columns.iter().any(|column| column == REASON);
    if !has_reason && reason.is_none() {
        return Err(wrong("it has no column `reason`, and no reason was given".to_owned()));
    }
    let names: Vec<&str> = columns.iter().map(String::as_str).chain(Some(REASON).filter(|_| has_reason)).collect();
    let table = Table::read(&bytes, format, &names).map_err(|error| wrong(error.to_string()))?;
    if table.rows() == 0 || table.rows() > MOST {
        return Err(wrong(format!("it has {}; 1 to {MOST} can be added at once", count(table.rows() as u64, "row"))));
    }
    let column = |name: &str| table.column(name).map_err(|error| wrong(error.to_string()));
    let mut rows = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let cell = |name: &str| Ok::<_, VerbError>(column(name)?.text(row).unwrap_or_default().into_owned());
        let key: Vec<String> = columns.iter().map(|name| cell(name)).collect::<Result<_, _>>()?;
        if key.iter().any(String::is_empty) {
            return Err(wrong(format!("row {}: its key is empty", row + 1)));
        }
        let own = if has_reason { cell(REASON)? } else { String::new() };
        let why = if own.trim().is_empty() { reason.map(str::to_owned) } else { Some(own) };
        let why = why.ok_or_else(|| wrong(format!("row {}: it does not say why", row + 1)))?;
        rows.push((key, why));
    }
    Ok(rows)
}

/// The rows with their labels, each key once. What would stand in the store for ever is no secret.
pub(super) fn labelled(
    repository: &Repository,
    found: &Found,
    set: &PredictionsRecord,
    rows: Vec<Row>,
) -> Result<Vec<(Vec<String>, String, String)>, VerbError> {
    // Numbers may be written in several ways: the second is how a table writes them.
    let keys: Vec<Vec<String>> =
        rows.iter().flat_map(|(key, _)| [key.clone(), key.iter().map(|cell| as_cell(cell)).collect()]).collect();
    let bytes = match repository.store().file(set.file, MAX_TABLE) {
        Err(error @ StoreError::Missing { .. }) => match found.state.erased_file(found.row.version, set.file) {
            Some(row) => {
                let names = vec![set.path.clone()];
                return Err(VerbError::Erased { label: found.label(), names, why: erasures::why(row), rest: false });
            }
            None => return Err(error.into()),
        },
        other => other?,
    };
    let labels = evidence::labels(&bytes, &set.path, &set.columns, &keys).map_err(CertificationError::Table)?;
    drop(bytes);
    let mut seen = HashSet::new();
    let mut labelled = Vec::new();
    for (((typed, reason), keys), labels) in rows.into_iter().zip(keys.chunks(2)).zip(labels.chunks(2)) {
        let known = keys.iter().zip(labels).find_map(|(key, label)| Some((key.clone(), label.clone()?)));
        let named =
            || set.columns.key.iter().zip(&typed).map(|(c, v)| format!("{c}={v}")).collect::<Vec<_>>().join(", ");
        let Some((key, label)) = known else {
            let (label, set) = (found.label(), set.name.clone());
            return Err(CertificationError::NoRow { label, set, key: named() }.into());
        };
        for text in key.iter().chain([&label]) {
            check_text("a key or label", Some(text))?;
        }
        check_text("the reason", Some(&reason))?;
        if seen.insert(key.clone()) {
            labelled.push((key, label, reason));
        }
    }
    Ok(labelled)
}

/// A number as table cells are written: `1.0` is `1`.
fn as_cell(text: &str) -> String {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Scalar::Float(number + 0.0).to_string(),
        _ => text.trim().to_owned(),
    }
}
