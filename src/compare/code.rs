//! The code of two snapshots → what is different.

use std::collections::BTreeMap;

use super::Side;
use super::files::{FileFacts, compare_files};
use super::inside::Inside;
use super::item::Item;
use crate::snapshot::Sources;

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
    /// What is different inside the files, by path, of those whose content differs.
    pub inside: BTreeMap<String, Inside>,
}

impl CodeDiff {
    /// Whether the code is the same.
    pub fn is_empty(&self) -> bool {
        self.commit.is_none() && self.dirty.is_none() && self.files.is_empty()
    }
}

/// Notebooks that differ in their outputs only are no difference of the code.
pub(super) fn compare_code(a: &Side, b: &Side) -> CodeDiff {
    let (old, new) = (&a.record.code, &b.record.code);
    let sources = Sources::of(old, new);
    let only_outputs = |item: &Item<FileFacts>| {
        let executable = |facts: &Option<FileFacts>| facts.as_ref().map(|f| f.executable);
        executable(&item.a) == executable(&item.b) && sources.are_the_same(&item.name)
    };
    let (outputs, files): (Vec<_>, Vec<_>) =
        compare_files(&a.code_files, &b.code_files).into_iter().partition(only_outputs);
    CodeDiff {
        commit: (old.commit != new.commit).then(|| (old.commit.clone(), new.commit.clone())),
        dirty: (old.dirty != new.dirty).then_some((old.dirty, new.dirty)),
        files,
        outputs: outputs.into_iter().map(|item| item.name).collect(),
        inside: BTreeMap::new(),
    }
}

/// The files of the code that differ in anything, notebooks that were only run again among them.
pub fn differing_files(a: &Side, b: &Side) -> Vec<Item<FileFacts>> {
    compare_files(&a.code_files, &b.code_files)
}
