//! Two snapshots → what is different between them. Pure: reads neither store nor disk.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use crate::format::observation::ProfileRef;
use crate::format::scalar::Scalar;
use crate::format::snapshot::{DataRecord, EnvironmentRecord, SnapshotRecord};
use crate::name::SetName;
use crate::snapshot::{Sources, TreeFile};

/// One side of a comparison.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is called: `digits@v2`, `workspace`.
    pub name: String,
    /// Its record.
    pub record: SnapshotRecord,
    /// The profiles of its data; none of a workspace's.
    pub profiles: BTreeMap<SetName, ProfileRef>,
    /// The model's files.
    pub model_files: Vec<TreeFile>,
    /// The code's files.
    pub code_files: Vec<TreeFile>,
}

/// What is different, from `a` to `b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The model's files.
    pub files: Vec<Item<FileFacts>>,
    /// Parameters.
    pub params: Vec<Item<Scalar>>,
    /// Metrics.
    pub metrics: Vec<Item<Scalar>>,
    /// Training data.
    pub data: Vec<Item<DataFacts>>,
    /// Code.
    pub code: CodeDiff,
    /// Runtimes, packages, lock files, variables.
    pub environment: Vec<Item<String>>,
    /// Seeds.
    pub seeds: Vec<Item<Scalar>>,
    /// Notes.
    pub notes: Option<(Option<String>, Option<String>)>,
    /// Whether predictions, samples or other results differ.
    pub results: Vec<Item<FileFacts>>,
}

impl Diff {
    /// Whether nothing at all is different.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.params.is_empty()
            && self.metrics.is_empty()
            && self.data.is_empty()
            && self.code.is_empty()
            && self.environment.is_empty()
            && self.seeds.is_empty()
            && self.notes.is_none()
            && self.results.is_empty()
    }
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq)]
pub struct Item<T> {
    /// Which.
    pub name: String,
    /// How.
    pub change: Change,
    /// What it is in `a`.
    pub a: Option<T>,
    /// What it is in `b`.
    pub b: Option<T>,
}

/// How something is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only in `b`.
    Added,
    /// Only in `a`.
    Removed,
    /// In both, and not the same.
    Changed,
    /// The same content, under this name in `a`.
    Renamed(String),
}

impl Change {
    /// Its name, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Renamed(_) => "renamed",
        }
    }
}

/// A file, as far as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Its SHA-256, or a link's target.
    pub content: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A source of training data, as far as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFacts {
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// Rows, where it is a table.
    pub rows: Option<u64>,
    /// Size in bytes.
    pub size: u64,
    /// Columns and their types.
    pub columns: Option<BTreeMap<String, String>>,
    /// Its checksum as declared.
    pub checksum: Option<String>,
    /// The digest of its rows, where that is known.
    pub logical: Option<String>,
}

impl Item<DataFacts> {
    /// Whether both have the same rows, written otherwise: in another order, format, compression or number of files.
    pub fn same_rows(&self) -> bool {
        let logical = |facts: &Option<DataFacts>| facts.as_ref().and_then(|facts| facts.logical.clone());
        logical(&self.a).is_some() && logical(&self.a) == logical(&self.b)
    }
}

/// What is different in the code.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeDiff {
    /// The commits, if they differ.
    pub commit: Option<(Option<String>, Option<String>)>,
    /// Whether each side had uncommitted work, if that differs.
    pub dirty: Option<(bool, bool)>,
    /// The files.
    pub files: Vec<Item<FileFacts>>,
    /// Notebooks that differ, but not in their sources: no difference of the code.
    pub outputs: Vec<String>,
}

impl CodeDiff {
    /// Whether the code is the same.
    pub fn is_empty(&self) -> bool {
        self.commit.is_none() && self.dirty.is_none() && self.files.is_empty()
    }
}

/// Compares two snapshots.
pub fn compare(a: &Side, b: &Side) -> Diff {
    let (old, new) = (&a.record, &b.record);
    let sources = Sources::of(&old.code, &new.code);
    let only_outputs = |item: &Item<FileFacts>| {
        let executable = |facts: &Option<FileFacts>| facts.as_ref().map(|f| f.executable);
        executable(&item.a) == executable(&item.b) && sources.are_the_same(&item.name)
    };
    let (outputs, code_files): (Vec<_>, Vec<_>) =
        compare_files(&a.code_files, &b.code_files).into_iter().partition(only_outputs);
    let differ = |a: &Option<String>, b: &Option<String>| (a != b).then(|| (a.clone(), b.clone()));
    Diff {
        files: compare_files(&a.model_files, &b.model_files),
        params: compare_maps(&old.params, &new.params),
        metrics: compare_maps(&old.metrics, &new.metrics),
        data: compare_data(a, b),
        code: CodeDiff {
            commit: differ(&old.code.commit, &new.code.commit),
            dirty: (old.code.dirty != new.code.dirty).then_some((old.code.dirty, new.code.dirty)),
            files: code_files,
            outputs: outputs.into_iter().map(|item| item.name).collect(),
        },
        environment: compare_maps(&environment_facts(&old.environment), &environment_facts(&new.environment)),
        seeds: compare_maps(&seed_values(old), &seed_values(new)),
        notes: differ(&old.notes, &new.notes),
        results: compare_maps(&result_facts(old), &result_facts(new)),
    }
}

fn compare_maps<T: Clone + PartialEq>(a: &BTreeMap<String, T>, b: &BTreeMap<String, T>) -> Vec<Item<T>> {
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let item = |name: &String| {
        let (old, new) = (a.get(name), b.get(name));
        let change = match (old, new) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (old, new) if old == new => return None,
            _ => Change::Changed,
        };
        Some(Item { name: name.clone(), change, a: old.cloned(), b: new.cloned() })
    };
    names.into_iter().filter_map(item).collect()
}

/// Files by path; one that is gone under one name and new under another, with the same content, is renamed. Of millions of
/// files few differ: only those are copied.
fn compare_files(a: &[TreeFile], b: &[TreeFile]) -> Vec<Item<FileFacts>> {
    let by_path = |files: &'_ [TreeFile]| -> Vec<usize> {
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_unstable_by(|x, y| files[*x].path.cmp(&files[*y].path));
        order
    };
    let (order_a, order_b) = (by_path(a), by_path(b));
    let mut left = order_a.iter().map(|at| &a[*at]).peekable();
    let mut right = order_b.iter().map(|at| &b[*at]).peekable();
    let mut items = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.path.cmp(&b.path),
        };
        let old = if order == Ordering::Greater { None } else { left.next() };
        let new = if order == Ordering::Less { None } else { right.next() };
        let change = match order {
            Ordering::Less => Change::Removed,
            Ordering::Greater => Change::Added,
            Ordering::Equal => Change::Changed,
        };
        if old == new {
            continue;
        }
        let (a, b) = (old.map(file_facts), new.map(file_facts));
        if let Some(file) = old.or(new).filter(|_| a != b) {
            items.push(Item { name: file.path.clone(), change, a, b });
        }
    }
    find_renamed(items)
}

/// Makes one item of what is gone under one name and new under another.
fn find_renamed(mut items: Vec<Item<FileFacts>>) -> Vec<Item<FileFacts>> {
    let mut gone: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        if let (Change::Removed, Some(facts)) = (&item.change, &item.a)
            && facts.size > 0
        {
            gone.entry(facts.content.clone()).or_default().push(at);
        }
    }
    let mut taken = vec![false; items.len()];
    for at in 0..items.len() {
        if items[at].change == Change::Added
            && let Some(content) = items[at].b.as_ref().map(|facts| &facts.content)
            && let Some(origin) = gone.get_mut(content).and_then(Vec::pop)
        {
            items[at].change = Change::Renamed(items[origin].name.clone());
            items[at].a = items[origin].a.clone();
            taken[origin] = true;
        }
    }
    let mut taken = taken.into_iter();
    items.retain(|_| !taken.next().unwrap_or_default());
    items
}

fn file_facts(file: &TreeFile) -> FileFacts {
    FileFacts {
        content: file.id.map(|id| id.to_string()).or_else(|| file.target.clone()).unwrap_or_default(),
        size: file.size,
        executable: file.kind == crate::format::tree::EntryKind::Executable,
    }
}

fn data_facts(data: &[DataRecord]) -> BTreeMap<String, DataFacts> {
    data.iter()
        .map(|d| {
            let columns = d.schema.as_ref().map(|s| s.iter().map(|c| (c.name.clone(), c.kind.clone())).collect());
            let checksum = d.declared.as_ref().and_then(|declared| Some(declared.checksum.as_ref()?.to_string()));
            let sha256 = d.sha256.map(|s| s.to_string());
            let facts = DataFacts { sha256, rows: d.rows, size: d.size, columns, checksum, logical: None };
            (d.name.to_string(), facts)
        })
        .collect()
}

/// What is known of the rows is no difference where the bytes are the same: nobody looks into a workspace's.
fn compare_data(a: &Side, b: &Side) -> Vec<Item<DataFacts>> {
    let mut items = compare_maps(&data_facts(&a.record.data), &data_facts(&b.record.data));
    for item in &mut items {
        for (facts, side) in [(&mut item.a, a), (&mut item.b, b)] {
            let profile = side.profiles.iter().find(|(name, _)| name.as_str() == item.name);
            if let (Some(facts), Some((_, profile))) = (facts, profile) {
                facts.logical = profile.logical.map(|logical| logical.to_string());
            }
        }
    }
    items
}

fn environment_facts(environment: &EnvironmentRecord) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    for runtime in &environment.runtimes {
        let version = runtime.version.clone().unwrap_or_else(|| "unknown".to_owned());
        facts.insert(runtime.language.clone(), version);
        for (name, version) in &runtime.packages {
            let origin = runtime.origins.get(name).map_or_else(String::new, |o| format!(" ({o})"));
            facts.insert(format!("{}:{name}", runtime.language), format!("{version}{origin}"));
        }
    }
    for lock in &environment.locks {
        facts.insert(format!("lock:{}", lock.path), lock.sha256.to_string());
    }
    facts.extend(environment.image.iter().map(|image| ("image".to_owned(), image.clone())));
    for (name, value) in &environment.variables {
        facts.insert(format!("variable:{name}"), value.clone());
    }
    facts
}

fn seed_values(record: &SnapshotRecord) -> BTreeMap<String, Scalar> {
    record.seeds.iter().map(|seed| (seed.name.clone(), seed.value.clone())).collect()
}

fn result_facts(record: &SnapshotRecord) -> BTreeMap<String, FileFacts> {
    let facts = |content: String, size: u64| FileFacts { content, size, executable: false };
    let mut all = BTreeMap::new();
    for set in &record.predictions {
        all.insert(format!("predictions.{}", set.name), facts(set.file.to_string(), set.size));
    }
    for set in &record.samples {
        all.insert(format!("samples.{}", set.name), facts(set.file.to_string(), set.size));
    }
    for report in &record.reports {
        all.insert(format!("reports.{}", report.name), facts(report.file.to_string(), report.size));
    }
    if let Some(tree) = &record.results {
        all.insert("results".to_owned(), facts(tree.tree.to_string(), tree.bytes));
    }
    all
}
