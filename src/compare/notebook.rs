//! Two notebooks → which cells are different. Of what running them changes it is only counted how much.
//!
//! A cell is known again by its id (nbformat 4.5), else by what is written in it, else by most of its words. Some tools make
//! new ids each time they write: what has no counterpart by id is looked for by the other two.

use std::collections::{HashMap, HashSet};

use super::lines::longest_in_order;
use super::text::{TextDiff, compare_texts};
use crate::format::notebook::{CellRecord, NotebookRecord};

/// Pairs of cells whose words are compared; beyond that a cell that was rewritten is one that went and one that came.
const MOST_PAIRS: usize = 10_000;
/// Words of a cell that are compared.
const MOST_WORDS: usize = 1000;

/// What is different between two notebooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotebookDiff {
    /// Cells that are different or stand elsewhere, in the order of the second notebook; what went stands where it was.
    pub cells: Vec<CellChange>,
    /// How many are the same, and in the same order.
    pub unchanged: u64,
    /// Of cells that are in both, those that showed something else when they were run.
    pub outputs: u64,
    /// Those whose count of executions is another.
    pub counts: u64,
    /// What it is to be run with, if that differs.
    pub kernel: Option<(Option<String>, Option<String>)>,
    /// The language it was run in, if that differs.
    pub language: Option<(Option<String>, Option<String>)>,
}

/// A cell that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// `code`, `markdown` or `raw`.
    pub kind: String,
    /// What it was before, if that was another.
    pub was: Option<String>,
    /// Its place in the first notebook, from 1; none: it is new.
    pub a: Option<usize>,
    /// Its place in the second; none: it went.
    pub b: Option<usize>,
    /// Whether it stands elsewhere among those that are in both.
    pub moved: bool,
    /// What is different in its source.
    pub lines: TextDiff,
}

impl CellChange {
    /// How it is different, as in JSON.
    pub const fn name(&self) -> &'static str {
        match (self.a, self.b) {
            (None, _) => "added",
            (_, None) => "removed",
            _ if self.lines.hunks.is_empty() && self.was.is_none() => "moved",
            _ => "changed",
        }
    }
}

impl NotebookDiff {
    /// Lines of sources that are only in the second, and only in the first.
    pub fn lines(&self) -> (u64, u64) {
        self.cells
            .iter()
            .fold((0, 0), |(added, removed), cell| (added + cell.lines.added, removed + cell.lines.removed))
    }
}

/// Compares two notebooks.
pub fn compare_notebooks(a: &NotebookRecord, b: &NotebookRecord) -> NotebookDiff {
    let pairs = pairs(&a.cells, &b.cells);
    let in_order = longest_in_order(&pairs);
    let came_from: HashMap<usize, usize> = pairs.iter().map(|(from, to)| (*to, *from)).collect();
    let stays: HashSet<usize> = in_order.into_iter().collect();
    let is_paired: HashSet<usize> = pairs.iter().map(|(from, _)| *from).collect();
    let mut gone = (0..a.cells.len()).filter(|at| !is_paired.contains(at)).peekable();
    let mut diff = NotebookDiff::default();
    for (at, cell) in b.cells.iter().enumerate() {
        let from = came_from.get(&at).copied();
        if let Some(from) = from.filter(|from| stays.contains(from)) {
            while let Some(one) = gone.next_if(|one| *one < from) {
                diff.cells.extend(change(&a.cells, Some(one), &b.cells, None, false));
            }
        }
        let moved = from.is_some_and(|from| !stays.contains(&from));
        if let Some(before) = from.and_then(|from| a.cells.get(from)) {
            diff.outputs += u64::from(before.outputs != cell.outputs);
            diff.counts += u64::from(before.execution_count != cell.execution_count);
            if !moved && before.kind == cell.kind && before.source == cell.source {
                diff.unchanged += 1;
                continue;
            }
        }
        diff.cells.extend(change(&a.cells, from, &b.cells, Some(at), moved));
    }
    diff.cells.extend(gone.filter_map(|one| change(&a.cells, Some(one), &b.cells, None, false)));
    diff.kernel = (a.kernel != b.kernel).then(|| (a.kernel.clone(), b.kernel.clone()));
    diff.language = (a.language != b.language).then(|| (a.language.clone(), b.language.clone()));
    diff
}

fn change(
    old: &[CellRecord],
    a: Option<usize>,
    new: &[CellRecord],
    b: Option<usize>,
    moved: bool,
) -> Option<CellChange> {
    let (was, is) = (a.and_then(|at| old.get(at)), b.and_then(|at| new.get(at)));
    let one = is.or(was)?;
    let source = |cell: Option<&CellRecord>| cell.map_or_else(String::new, |cell| ended(&cell.source));
    Some(CellChange {
        id: one.id.clone(),
        kind: one.kind.clone(),
        was: was.map(|cell| cell.kind.clone()).filter(|kind| *kind != one.kind),
        a: a.map(|at| at + 1),
        b: b.map(|at| at + 1),
        moved,
        lines: compare_texts(source(was).as_bytes(), source(is).as_bytes()),
    })
}

/// The last line of a cell has no end, which says nothing.
fn ended(source: &str) -> String {
    if source.is_empty() || source.ends_with('\n') { source.to_owned() } else { format!("{source}\n") }
}

/// Which cell is which, sorted by the place in the first notebook. Each is in one pair at most.
fn pairs(a: &[CellRecord], b: &[CellRecord]) -> Vec<(usize, usize)> {
    let mut pairs = Pairs { taken_a: vec![false; a.len()], taken_b: vec![false; b.len()], found: Vec::new() };
    pairs.by(a, b, |cell| cell.id.as_deref(), true);
    pairs.by(a, b, |cell| Some((cell.kind.as_str(), cell.source.as_str())), false);
    pairs.by_words(a, b);
    pairs.found.sort_unstable();
    pairs.found
}

struct Pairs {
    taken_a: Vec<bool>,
    taken_b: Vec<bool>,
    found: Vec<(usize, usize)>,
}

impl Pairs {
    fn add(&mut self, a: usize, b: usize) {
        if let (Some(one @ false), Some(other @ false)) = (self.taken_a.get_mut(a), self.taken_b.get_mut(b)) {
            (*one, *other) = (true, true);
            self.found.push((a, b));
        }
    }

    fn left(taken: &[bool]) -> Vec<usize> {
        taken.iter().enumerate().filter(|(_, taken)| !**taken).map(|(at, _)| at).collect()
    }

    /// Those with the same key, the first with the first; where each must have its own, none that another has, too.
    fn by<'c, K: std::hash::Hash + Eq>(
        &mut self,
        a: &'c [CellRecord],
        b: &'c [CellRecord],
        key: impl Fn(&'c CellRecord) -> Option<K>,
        of_one: bool,
    ) {
        let places = |cells: &'c [CellRecord], left: Vec<usize>| {
            let mut places: HashMap<K, Vec<usize>> = HashMap::new();
            for at in left {
                if let Some(key) = cells.get(at).and_then(&key) {
                    places.entry(key).or_default().push(at);
                }
            }
            places
        };
        let (of_a, of_b) = (places(a, Self::left(&self.taken_a)), places(b, Self::left(&self.taken_b)));
        for (key, from) in of_a {
            let Some(to) = of_b.get(&key) else { continue };
            if of_one && (from.len() > 1 || to.len() > 1) {
                continue;
            }
            from.iter().zip(to).for_each(|(from, to)| self.add(*from, *to));
        }
    }

    /// Those with most of their words in common, the most alike first.
    fn by_words(&mut self, a: &[CellRecord], b: &[CellRecord]) {
        let (left_a, left_b) = (Self::left(&self.taken_a), Self::left(&self.taken_b));
        if left_a.len().saturating_mul(left_b.len()) > MOST_PAIRS {
            return;
        }
        let words = |cells: &'_ [CellRecord], left: &[usize]| -> Vec<HashMap<String, u64>> {
            left.iter().map(|at| cells.get(*at).map(words_of).unwrap_or_default()).collect()
        };
        let (words_a, words_b) = (words(a, &left_a), words(b, &left_b));
        let mut alike = Vec::new();
        for (from, of_a) in left_a.iter().zip(&words_a) {
            for (to, of_b) in left_b.iter().zip(&words_b) {
                let same_kind = matches!((a.get(*from), b.get(*to)), (Some(a), Some(b)) if a.kind == b.kind);
                let common: u64 = of_a.iter().map(|(word, n)| (*n).min(of_b.get(word).copied().unwrap_or(0))).sum();
                let all = of_a.values().sum::<u64>() + of_b.values().sum::<u64>();
                if same_kind && all > 0 && 4 * common >= all {
                    alike.push((2000 * common / all, *from, *to));
                }
            }
        }
        alike.sort_unstable_by_key(|(alike, from, to)| (std::cmp::Reverse(*alike), *from, *to));
        alike.into_iter().for_each(|(_, from, to)| self.add(from, to));
    }
}

fn words_of(cell: &CellRecord) -> HashMap<String, u64> {
    let mut words = HashMap::new();
    let parts = cell.source.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    for word in parts.take(MOST_WORDS) {
        *words.entry(word.to_owned()).or_insert(0) += 1;
    }
    words
}
