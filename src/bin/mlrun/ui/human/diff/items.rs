//! Items as lines: a mark, a name, what it was and what it is.

use mlrun::compare::{Change, Item};

use super::super::super::terminal::width;
use super::super::super::{Align, Label, Style, Table, clean};

/// Lines of one section; the rest is counted.
pub(super) const MOST: usize = 40;

/// The lines of a section; `line` makes the cells behind the name.
pub(super) fn lines<T>(style: &Style, items: &[Item<T>], line: fn(&Item<T>, &Style) -> Vec<String>) -> String {
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left, Align::Right]);
    for item in items.iter().take(MOST) {
        table.row([mark(&item.change, style), clean(&item.name)].into_iter().chain(line(item, style)));
    }
    table.render(2) + &more(items.len())
}

/// A sign for what happened.
pub(super) fn mark(change: &Change, style: &Style) -> String {
    match change {
        Change::Added => style.paint(Label::Good, "+"),
        Change::Removed => style.paint(Label::Bad, "-"),
        Change::Changed => style.paint(Label::Warning, "~"),
        Change::Renamed(_) => style.paint(Label::Dim, ">"),
    }
}

/// How many of a section's items are not shown.
pub(super) fn more(items: usize) -> String {
    if items > MOST { format!("  … and {} more\n", items - MOST) } else { String::new() }
}

/// The widest name where that is `usual` at 80 columns, but at least `least`.
pub(super) fn room(usual: usize, least: usize) -> usize {
    const USUAL: usize = 80;
    (usual + width()).saturating_sub(USUAL).max(least)
}

/// What it was, and what it is.
pub(super) fn both(a: Option<String>, b: Option<String>) -> Vec<String> {
    match (a, b) {
        (Some(a), Some(b)) => vec![a, "→".to_owned(), b],
        (Some(one), None) | (None, Some(one)) => vec![one],
        (None, None) => Vec::new(),
    }
}
