//! Per-row predictions that lie in a project's folder, what their columns seem to mean, and what metrics say of them today.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::quoted;
use crate::certify::{Case, Facts, History, certify, policy};
use crate::digest::Digest;
use crate::evidence::{Recognized, join, read_predictions, recognize};
use crate::format::certificate::{BaselineRecord, ResultRecord};
use crate::format::policy::Task;
use crate::format::scalar::Scalar;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName};
use crate::table::TableFormat;

/// Where trainers put what their models predicted; the project's own folder first.
pub(super) const FOLDERS: [&str; 11] =
    ["", "out", "output", "outputs", "predictions", "preds", "results", "eval", "evaluation", "artifacts", "reports"];
/// Bytes of a table that are looked at: of text its beginning, of others the whole, or nothing.
const LOOKED_AT: u64 = 64 << 20;
/// Files that are looked at.
const FILES: usize = 4;
/// The predictions set that is written into the configuration.
const SET: &str = "test";

/// A file with predictions.
#[derive(Debug, Clone)]
pub(super) struct Predictions {
    /// Relative to the project.
    pub path: String,
    meaning: Option<Recognized>,
    bytes: Vec<u8>,
    /// Whether only its beginning was read.
    pub partial: bool,
}

/// The first file with predictions that explains itself; else the first there is.
pub(super) fn find(project: &Path) -> Option<Predictions> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        let entries = fs::read_dir(project.join(folder)).into_iter().flatten().flatten();
        let file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
        let mut names: Vec<String> =
            entries.filter(file).filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| name.to_ascii_lowercase().contains("pred") && TableFormat::of(name).is_some());
        names.sort();
        paths.extend(names.into_iter().map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }));
    }
    let mut looked_at = paths.into_iter().take(FILES).filter_map(|path| Predictions::look(project, path));
    let first = looked_at.next()?;
    if first.meaning.is_some() {
        return Some(first);
    }
    Some(looked_at.find(|other| other.meaning.is_some()).unwrap_or(first))
}

impl Predictions {
    fn look(project: &Path, path: String) -> Option<Self> {
        let format = TableFormat::of(&path)?;
        let (bytes, partial) = beginning(&project.join(&path), format).ok()?;
        let meaning = recognize(&bytes, &path);
        Some(Self { path, meaning, bytes, partial })
    }

    /// What its columns mean.
    pub(super) const fn judged(&self) -> Option<&Recognized> {
        self.meaning.as_ref()
    }

    /// Why it is not used.
    pub(super) fn problem(&self) -> Option<String> {
        let reason = "no columns that are named like a label, like what was predicted and like a row's key";
        self.meaning.is_none().then(|| format!("{}: {reason} were found in it; see above", self.path.escape_debug()))
    }

    /// The section of the configuration.
    pub(super) fn section(&self, model: &str) -> Option<String> {
        let Recognized { columns, slices, .. } = self.meaning.as_ref()?;
        let list = |names: &[String]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        let mut text = format!(
            "\n# What the columns mean was read off their names: please look it over.\n[model.{model}.predictions.{SET}]\n\
             path = {}\nkey = [{}]\nlabel = {}\n",
            quoted(&self.path.replace("${", "$${")),
            list(&columns.key),
            quoted(&columns.label)
        );
        let named = [
            ("score", &columns.score),
            ("prediction", &columns.prediction),
            ("group", &columns.group),
            ("weight", &columns.weight),
        ];
        for (name, column) in named {
            if let Some(column) = column {
                text += &format!("{name} = {}\n", quoted(column));
            }
        }
        if !columns.scores.is_empty() {
            let scores: Vec<String> = columns
                .scores
                .iter()
                .map(|(class, column)| format!("{} = {}", quoted(class), quoted(column)))
                .collect();
            text += &format!("scores = {{ {} }}\n", scores.join(", "));
        }
        if let Some(positive) = &columns.positive {
            let written = match positive {
                Scalar::Text(text) => quoted(text),
                other => other.to_string(),
            };
            text += &format!("positive = {written}                # the label that scores are of\n");
        }
        text += &format!("# slices = [{}]\n", if slices.is_empty() { "\"country\"".to_owned() } else { list(slices) });
        Some(text)
    }

    /// What the rules of a policy find here, by their ids; nothing of a table that is no evidence.
    pub(super) fn today(&self, text: &str) -> BTreeMap<String, ResultRecord> {
        self.results(text).unwrap_or_default().into_iter().map(|result| (result.rule.clone(), result)).collect()
    }

    fn results(&self, text: &str) -> Option<Vec<ResultRecord>> {
        let meaning = self.meaning.as_ref()?;
        let policy = policy::resolve(&policy::parse(text).ok()?).ok()?;
        let set = SetName::new(SET).ok()?;
        let table = read_predictions(self.bytes.clone(), &self.path, &meaning.columns, meaning.task, &[]).ok()?;
        let rows = join(&set, meaning.task, table, None);
        let candidate = SnapshotId::new(Digest::of(&self.bytes));
        let (sets, past, samples, metrics) =
            ([(set.clone(), rows)].into(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (provenance, parity, facts, history) =
            (BTreeMap::new(), BTreeMap::new(), Facts::default(), History::default());
        let first_release = Some("there is no version yet".to_owned());
        let case = Case {
            policy: &policy,
            policy_file_sha256: Digest::of(text.as_bytes()),
            policy_file_kept: false,
            model: &ModelName::new("model").ok()?,
            candidate,
            baseline: BaselineRecord {
                stage: policy.baseline.clone(),
                snapshot: None,
                event: None,
                first_release,
                retired: None,
            },
            sets: &sets,
            past: &past,
            candidate_sets: std::slice::from_ref(&set),
            unnamed_set: Some(&set),
            candidate_samples: &[],
            samples: &samples,
            metrics: (&metrics, None),
            provenance: &provenance,
            model_bytes: (None, None),
            measurement: None,
            parity: &parity,
            facts: &facts,
            evidence: Vec::new(),
            stale_evidence: Vec::new(),
            history: &history,
            tool_version: env!("CARGO_PKG_VERSION"),
        };
        certify(&case).ok().map(|statement| statement.predicate.results)
    }

    /// What kind of prediction it holds.
    pub(super) fn task(&self) -> Option<Task> {
        self.meaning.as_ref().map(|meaning| meaning.task)
    }
}

/// A table, or as many of its first lines as are looked at; and whether there are more.
pub(super) fn beginning(path: &Path, format: TableFormat) -> io::Result<(Vec<u8>, bool)> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(LOOKED_AT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= LOOKED_AT {
        return Ok((bytes, false));
    }
    let is_lines = matches!(format, TableFormat::Csv | TableFormat::Tsv | TableFormat::JsonLines);
    let end = bytes.iter().rposition(|byte| *byte == b'\n').filter(|_| is_lines);
    bytes.truncate(end.map_or(0, |end| end + 1));
    Ok((bytes, true))
}
