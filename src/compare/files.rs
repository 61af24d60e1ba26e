//! Two lists of files → what is different, and what is only called otherwise.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::item::{Change, Item};
use crate::format::tree::EntryKind;
use crate::snapshot::TreeFile;

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

/// Files by path; one that is gone under one name and new under another, with the same content, is renamed. Of millions of
/// files few differ: only those are copied.
pub(super) fn compare_files(a: &[TreeFile], b: &[TreeFile]) -> Vec<Item<FileFacts>> {
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
        executable: file.kind == EntryKind::Executable,
    }
}
