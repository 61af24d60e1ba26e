//! Code: a line for each file, then what is different inside.

use mlrun::compare::{CellChange, Change, CodeDiff, FileFacts, Inside, Item, NotebookDiff, Sign, TextDiff, TextHunk};

use super::super::super::extent::visible_width;
use super::super::super::lines;
use super::super::super::{Label, Style, Table, bytes, clean, clean_code};
use super::super::{count, cut, wrapped};
use super::items::mark;

/// Columns before a file's name, and at most before what continues the words behind it.
const BEFORE_NAME: usize = 5;
const MOST_BEFORE: usize = 30;
/// The widest name of a kernel.
const KERNEL: usize = 24;
/// Lines for files; the rest is counted.
const MOST_FILES: usize = 40;
/// Lines from the inside of one file, …
const MOST_OF_ONE: usize = 40;
/// … and of all.
const MOST_OF_ALL: usize = 200;

/// Commits, files and what is inside; `patch` is the command that shows all of it.
pub(super) fn code(diff: &CodeDiff, patch: &str, style: &Style) -> String {
    let mut text = String::new();
    if let Some((old, new)) = &diff.commit {
        let short = |c: &Option<String>| clean(c.as_ref().map_or("none", |c| c.get(..9).unwrap_or(c)));
        text += &format!("  commit {} → {}\n", short(old), short(new));
    }
    if let Some((_, dirty)) = diff.dirty {
        text += if dirty { "  with uncommitted work now\n" } else { "  everything committed now\n" };
    }
    let mut table = Table::new(&[]);
    let names = diff.files.iter().take(MOST_FILES).map(|item| visible_width(&clean(&item.name)));
    let behind = names.max().unwrap_or(0) + BEFORE_NAME + 2;
    for item in diff.files.iter().take(MOST_FILES) {
        let cells = [mark(&item.change, style), clean(&item.name)];
        let said = file(item, diff.inside.get(&item.name), style);
        table.row(cells.into_iter().chain([lines::wrapped(&said, behind, behind.min(MOST_BEFORE))]));
    }
    text += &table.render(2);
    if diff.files.len() > MOST_FILES {
        text += &format!("  … and {} more\n", diff.files.len() - MOST_FILES);
    }
    text + &insides(diff, patch, style)
}

/// What stands behind a file's name.
fn file(item: &Item<FileFacts>, inside: Option<&Inside>, style: &Style) -> String {
    let mut cells = vec![match (&item.change, inside) {
        (Change::Renamed(from), _) => format!("was {}", clean(from)),
        (_, Some(Inside::Text(text))) => added_and_removed(text.added, text.removed, style),
        (_, Some(Inside::Notebook(notebook))) => cells_of(notebook),
        (_, Some(Inside::Opaque(why))) => format!("{}{}", sizes(item), clean(why)),
        (_, None) => String::new(),
    }];
    let executable = |facts: &Option<FileFacts>| facts.as_ref().map(|facts| facts.executable);
    match (executable(&item.a), executable(&item.b)) {
        (Some(false), Some(true)) => cells.push("executable now".to_owned()),
        (Some(true), Some(false)) => cells.push("not executable any more".to_owned()),
        _ => {}
    }
    cells.retain(|cell| !cell.is_empty());
    cells.join(", ")
}

fn sizes(item: &Item<FileFacts>) -> String {
    match (&item.a, &item.b) {
        (Some(a), Some(b)) => format!("{} → {}, ", bytes(a.size), bytes(b.size)),
        (Some(one), None) | (None, Some(one)) => format!("{}, ", bytes(one.size)),
        (None, None) => String::new(),
    }
}

/// `+12 -3`.
pub(super) fn added_and_removed(added: u64, removed: u64, style: &Style) -> String {
    let (added, removed) = (format!("+{added}"), format!("-{removed}"));
    format!("{} {}", style.paint(Label::Good, &added), style.paint(Label::Bad, &removed))
}

/// `2 cells changed, 1 added`.
pub(super) fn cells_of(notebook: &NotebookDiff) -> String {
    let number = |name: &str| notebook.cells.iter().filter(|cell| cell.name() == name).count() as u64;
    let mut parts: Vec<String> = Vec::new();
    for name in ["changed", "added", "removed", "moved"] {
        let n = number(name);
        if n > 0 {
            parts.push(if parts.is_empty() { format!("{} {name}", count(n, "cell")) } else { format!("{n} {name}") });
        }
    }
    if notebook.outputs > 0 {
        parts.push(format!("outputs of {} differ", count(notebook.outputs, "cell")));
    }
    if let Some((a, b)) = &notebook.kernel {
        let name = |kernel: &Option<String>| cut(&clean(kernel.as_deref().unwrap_or("none")), KERNEL);
        parts.push(format!("kernel {} → {}", name(a), name(b)));
    }
    if parts.is_empty() { "no cell differs".to_owned() } else { parts.join(", ") }
}

/// What is different inside, as far as there is room.
fn insides(diff: &CodeDiff, patch: &str, style: &Style) -> String {
    let (mut text, mut room, mut hidden) = (String::new(), MOST_OF_ALL, 0);
    for item in &diff.files {
        let all = match diff.inside.get(&item.name) {
            // Of a file that is all new or all gone, its lines say less than that.
            Some(Inside::Text(lines)) => of_text(lines, style),
            Some(Inside::Notebook(notebook)) => of_notebook(notebook, style),
            Some(Inside::Opaque(_)) | None => continue,
        };
        let whole = matches!(item.change, Change::Added | Change::Removed);
        let shown = if whole && all.len() > MOST_OF_ONE { 0 } else { all.len().min(MOST_OF_ONE).min(room) };
        hidden += all.len() - shown;
        room -= shown;
        if shown > 0 {
            text += &format!("\n  {}\n", style.paint(Label::Strong, &clean(&item.name)));
            text += &all.into_iter().take(shown).collect::<String>();
        }
    }
    if hidden > 0 {
        let more = format!("  … {} more: `{patch}` shows all", count(hidden as u64, "line"));
        text += &format!("{}\n", wrapped(&more));
    }
    text
}

fn of_text(diff: &TextDiff, style: &Style) -> Vec<String> {
    let hunk = |hunk: &TextHunk| {
        let head = format!("    {}\n", style.paint(Label::Dim, &hunk.head));
        std::iter::once(head).chain(lines_of(hunk, style)).collect::<Vec<_>>()
    };
    diff.hunks.iter().flat_map(hunk).collect()
}

pub(super) fn of_notebook(diff: &NotebookDiff, style: &Style) -> Vec<String> {
    let cell = |cell: &CellChange| {
        let lines = cell.lines.hunks.iter().flat_map(|hunk| lines_of(hunk, style));
        std::iter::once(format!("    {}\n", style.paint(Label::Dim, &cell_head(cell)))).chain(lines).collect::<Vec<_>>()
    };
    diff.cells.iter().flat_map(cell).collect()
}

/// `cell 3 → 5, code, changed and moved`.
pub(super) fn cell_head(cell: &CellChange) -> String {
    let place = match (cell.a, cell.b) {
        (Some(a), Some(b)) if a != b => format!("{a} → {b}"),
        (Some(one), _) | (None, Some(one)) => one.to_string(),
        (None, None) => String::new(),
    };
    let kind = match &cell.was {
        Some(was) => format!("{} → {}", clean(was), clean(&cell.kind)),
        None => clean(&cell.kind),
    };
    let moved = if cell.moved && cell.name() == "changed" { " and moved" } else { "" };
    format!("cell {place}, {kind}, {}{moved}", cell.name())
}

fn lines_of(hunk: &TextHunk, style: &Style) -> Vec<String> {
    // Where every line ends in the same way, that is no news.
    let text = |line: &'_ (Sign, String)| line.0 != Sign::NoEnd;
    let windows = hunk.lines.iter().filter(|line| text(line)).all(|(_, line)| line.ends_with('\r'));
    let line = |(sign, line): &(Sign, String)| {
        let line = if windows { line.strip_suffix('\r').unwrap_or(line) } else { line };
        let label = match sign {
            Sign::Added => Some(Label::Good),
            Sign::Removed => Some(Label::Bad),
            Sign::NoEnd => Some(Label::Dim),
            Sign::Same => None,
        };
        // As git shows it: however long, a line of code is one line.
        let text = format!("    {}{}", sign.mark(), clean_code(line));
        match label {
            Some(label) => format!("{}\n", style.paint(label, &text)),
            None => format!("{}\n", text.trim_end()),
        }
    };
    hunk.lines.iter().map(line).collect()
}

/// Notebooks that were run again.
pub(super) fn outputs(diff: &CodeDiff) -> String {
    let names: Vec<String> = diff.outputs.iter().map(|name| clean(name)).collect();
    let more = names.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    if names.is_empty() { shown } else { format!("{}\n", wrapped(&format!("only outputs differ in {shown}{more}"))) }
}
