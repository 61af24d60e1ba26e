//! One thing that is different, and how.

use std::collections::{BTreeMap, BTreeSet};

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

/// What two maps differ in, by name.
pub(super) fn compare_maps<T: Clone + PartialEq>(a: &BTreeMap<String, T>, b: &BTreeMap<String, T>) -> Vec<Item<T>> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
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
