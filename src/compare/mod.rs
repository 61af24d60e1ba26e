//! Two snapshots → what is different between them. Pure: reads neither store nor disk.
//!
//! [`compare`] knows what records say. What only the bytes can tell is compared by the module that is named like the section,
//! and put into the [`Diff`] by whoever read them.

mod code;
mod data;
mod environment;
mod files;
mod hunk;
mod inside;
mod item;
mod lines;
mod metrics;
mod notebook;
mod patch;
mod predictions;
mod replaced;
mod reported;
mod results;
mod samples;
mod section;
pub mod tensors;
mod text;
mod versions;
mod words;

use std::collections::BTreeMap;

pub use self::code::{CodeDiff, differing_files};
pub use self::data::{
    ColumnChange, ColumnMove, DataFacts, RowsDiff, SMALL, STABLE, SchemaChange, TableDiff, column_moves, schema_changes,
};
pub use self::environment::{EnvironmentFact, EnvironmentKind, Interpreter};
pub use self::files::FileFacts;
pub use self::hunk::Sign;
pub use self::inside::{Inside, LARGEST, LARGEST_NOTEBOOK, is_notebook, look_inside};
pub use self::item::{Change, Item};
pub use self::metrics::{Direction, SetMetrics, Verdict, directions};
pub use self::notebook::{CellChange, NotebookDiff, compare_notebooks};
pub use self::patch::{Mode, PatchFile, write_patch};
pub use self::predictions::{PredictionsDiff, RowsCompared};
pub use self::replaced::{Sorted, sort_settings};
pub use self::results::ResultsDiff;
pub use self::samples::{QuantileChange, SHARES, SampleFacts, SamplesDiff};
pub use self::section::{Section, Sections};
pub use self::text::{TextDiff, TextHunk};
pub use self::versions::{Size, Step, step};
pub use self::words::compare_words;

use self::item::compare_maps;
use self::tensors::TensorDiff;
use crate::format::observation::ProfileRef;
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::name::SetName;
use crate::snapshot::TreeFile;

/// One side of a comparison.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is called: `digits@v2`, `workspace`.
    pub name: String,
    /// Its record.
    pub record: SnapshotRecord,
    /// The interpreter it was looked at with, where that is known.
    pub interpreter: Option<Interpreter>,
    /// The profiles of its data; none of a workspace's.
    pub profiles: BTreeMap<SetName, ProfileRef>,
    /// The model's files.
    pub model_files: Vec<TreeFile>,
    /// The code's files.
    pub code_files: Vec<TreeFile>,
    /// The files of its results; none where these cannot be listed.
    pub result_files: Option<Vec<TreeFile>>,
    /// The files its metrics were read from.
    pub metric_paths: Vec<String>,
}

/// What is different, from `a` to `b`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diff {
    /// The model's files.
    pub files: Vec<Item<FileFacts>>,
    /// What is in them: tensors, and the hyper-parameters of estimators.
    pub tensors: TensorDiff,
    /// Parameters.
    pub params: Vec<Item<Scalar>>,
    /// Metrics as they were written down.
    pub metrics: Vec<Item<Scalar>>,
    /// Which way of each of them is better.
    pub directions: BTreeMap<String, Direction>,
    /// Metrics computed from predictions that are not the same.
    pub measured: Vec<SetMetrics>,
    /// Predictions.
    pub predictions: Vec<PredictionsDiff>,
    /// Training data.
    pub data: Vec<Item<DataFacts>>,
    /// What is in the data that both have and that is a table, by its name.
    pub tables: BTreeMap<String, TableDiff>,
    /// Code.
    pub code: CodeDiff,
    /// Runtimes, packages, lock files, variables.
    pub environment: Vec<Item<EnvironmentFact>>,
    /// The interpreters of `a` and `b`, where one of them is the workspace and was looked at with another than the version was.
    pub interpreters: Option<(Option<Interpreter>, Option<Interpreter>)>,
    /// Seeds.
    pub seeds: Vec<Item<Scalar>>,
    /// The training command and the folder it ran in.
    pub command: Option<(Option<Command>, Option<Command>)>,
    /// Notes.
    pub notes: Option<(Option<String>, Option<String>)>,
    /// Whether predictions, samples or other results differ: each set, and all files of results together.
    pub results: Vec<Item<FileFacts>>,
    /// What is different in those files, one by one, and in samples.
    pub of_results: ResultsDiff,
}

/// A training command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The folder it ran in, relative to the project; none: the project's own.
    pub folder: Option<String>,
}

impl Diff {
    /// Whether nothing at all is different.
    pub fn is_empty(&self) -> bool {
        Section::ALL.into_iter().all(|section| !self.differs_in(section))
    }

    /// Whether something is different in a section.
    pub fn differs_in(&self, section: Section) -> bool {
        match section {
            Section::Files => !self.files.is_empty(),
            Section::Tensors => !self.tensors.is_empty(),
            // What is in files that are the same is the same.
            Section::Predictions => !self.predictions.is_empty(),
            Section::Params => !self.params.is_empty(),
            Section::Metrics => !self.metrics.is_empty() || self.measured.iter().any(SetMetrics::differs),
            Section::Data => !self.data.is_empty(),
            Section::Results => !self.results.is_empty() || !self.of_results.is_empty(),
            Section::Code => !self.code.is_empty(),
            Section::Environment => !self.environment.is_empty(),
            Section::Seeds => !self.seeds.is_empty(),
            Section::Command => self.command.is_some(),
            Section::Notes => self.notes.is_some(),
        }
    }

    /// Results but for predictions that are compared row by row, which have a section of their own; for samples whose quantiles are
    /// told; and for files that are named one by one.
    pub fn other_results(&self) -> Vec<Item<FileFacts>> {
        let is_other = |item: &&Item<FileFacts>| match item.name.split_once('.') {
            Some(("predictions", set)) => self.predictions.iter().all(|known| known.set.as_str() != set),
            Some(("samples", set)) => self.of_results.samples.iter().all(|known| known.set != set),
            _ => item.name != results::ALL_FILES || self.of_results.files.is_none(),
        };
        self.results.iter().filter(is_other).cloned().collect()
    }

    /// Sections in which there is something to show, in the order they are shown in.
    pub fn shown_sections(&self) -> Vec<Section> {
        let is_shown = |section: &Section| match section {
            Section::Results => !self.other_results().is_empty() || !self.of_results.is_empty(),
            other => self.differs_in(*other),
        };
        Section::ALL.into_iter().filter(is_shown).collect()
    }

    /// The same without the sections that nobody asked for.
    #[must_use]
    pub fn only(mut self, sections: &Sections) -> Self {
        for section in Section::ALL.into_iter().filter(|section| !sections.has(*section)) {
            match section {
                Section::Files => self.files.clear(),
                Section::Tensors => self.tensors = TensorDiff::default(),
                Section::Predictions => self.predictions.clear(),
                Section::Params => self.params.clear(),
                Section::Metrics => {
                    self.metrics.clear();
                    self.directions.clear();
                    self.measured.clear();
                }
                Section::Data => {
                    self.data.clear();
                    self.tables.clear();
                }
                Section::Results => {
                    self.results.clear();
                    self.of_results = ResultsDiff::default();
                }
                Section::Code => self.code = CodeDiff::default(),
                Section::Environment => {
                    self.environment.clear();
                    self.interpreters = None;
                }
                Section::Seeds => self.seeds.clear(),
                Section::Command => self.command = None,
                Section::Notes => self.notes = None,
            }
        }
        self
    }
}

/// Compares two snapshots.
pub fn compare(a: &Side, b: &Side) -> Diff {
    let (old, new) = (&a.record, &b.record);
    let command =
        |record: &SnapshotRecord| record.argv.clone().map(|argv| Command { argv, folder: record.cwd.clone() });
    let (was, is) = (command(old), command(new));
    let metrics = compare_maps(&old.metrics, &new.metrics);
    Diff {
        files: files::compare_files(&a.model_files, &b.model_files),
        // Whoever has the files can tell.
        tensors: TensorDiff::default(),
        params: compare_maps(&old.params, &new.params),
        directions: directions(metrics.iter().map(|item| &item.name), &BTreeMap::new()),
        metrics,
        measured: Vec::new(),
        predictions: Vec::new(),
        tables: BTreeMap::new(),
        data: data::compare_data(a, b),
        code: code::compare_code(a, b),
        environment: compare_maps(
            &environment::environment_facts(&old.environment),
            &environment::environment_facts(&new.environment),
        ),
        interpreters: None,
        seeds: compare_maps(&results::seed_values(old), &results::seed_values(new)),
        command: (was != is).then_some((was, is)),
        notes: (old.notes != new.notes).then(|| (old.notes.clone(), new.notes.clone())),
        results: compare_maps(&results::result_facts(old), &results::result_facts(new)),
        of_results: results::compare_results(a, b),
    }
}
