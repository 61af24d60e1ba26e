//! What was declared, beside what the model's files say of themselves.

use crate::format::found::{DangerRecord, FoundFileRecord, FoundRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;

/// Names of one thing: what makes chance repeatable is called so in many places.
const SEEDS: [&str; 3] = ["seed", "random_state", "random_seed"];

/// A parameter that is not what was declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradiction {
    /// The parameter, as declared.
    pub declared: String,
    /// Its value.
    pub value: Scalar,
    /// The file that says otherwise.
    pub path: String,
    /// What it calls the parameter.
    pub found: String,
    /// What it says.
    pub says: Scalar,
}

/// Parameters of which a model's file says something else than what was declared.
///
/// A file's parameter is meant by a declared one if they end alike (`model.n_estimators`, `clf__n_estimators`). Where several
/// are, those that agree most, from the end; and nothing is said where one of them has the declared value.
pub fn contradictions(record: &SnapshotRecord, found: &FoundRecord) -> Vec<Contradiction> {
    let mut all = Vec::new();
    for file in &found.files {
        for (declared, value) in &record.params {
            all.extend(contradiction(file, declared, value));
        }
    }
    all
}

fn contradiction(file: &FoundFileRecord, declared: &str, value: &Scalar) -> Option<Contradiction> {
    let wanted = parts(declared);
    let alike =
        |found: &str| wanted.iter().rev().zip(parts(found).iter().rev()).take_while(|(a, b)| same(a, b)).count();
    let most = file.params.keys().map(|found| alike(found)).max().filter(|most| *most > 0)?;
    let meant: Vec<_> = file.params.iter().filter(|(found, _)| alike(found) == most).collect();
    if meant.iter().any(|(_, says)| agrees(value, says) || !is_plain(says)) {
        return None;
    }
    let (found, says) = meant.first()?;
    Some(Contradiction {
        declared: declared.to_owned(),
        value: value.clone(),
        path: file.path.clone(),
        found: (*found).clone(),
        says: (*says).clone(),
    })
}

fn parts(name: &str) -> Vec<&str> {
    name.split('.').flat_map(|part| part.split("__")).collect()
}

fn same(a: &str, b: &str) -> bool {
    a == b || SEEDS.contains(&a) && SEEDS.contains(&b)
}

/// Numbers are what they amount to, however they are written.
fn agrees(declared: &Scalar, found: &Scalar) -> bool {
    match (declared.number(), found.number()) {
        (Some(a), Some(b)) => a == b || a.is_nan() && b.is_nan(),
        _ => declared == found,
    }
}

/// Whether a value is one that could be declared: of objects and arrays nothing is known but what they are.
fn is_plain(value: &Scalar) -> bool {
    match value {
        Scalar::Text(text) => !(text.starts_with('<') && text.ends_with('>')),
        Scalar::List(all) => all.iter().all(is_plain),
        _ => true,
    }
}

/// Files of a model that nobody should load unseen, the worst first.
pub fn dangerous(found: &FoundRecord) -> Vec<&FoundFileRecord> {
    let is_bad = |file: &&FoundFileRecord| file.danger.is_some_and(|danger| danger != DangerRecord::Known);
    let mut files: Vec<_> = found.files.iter().filter(is_bad).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.danger));
    files
}
