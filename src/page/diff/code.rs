//! Files of code, each folded away with what is different inside.

use super::{Lines, escape, name};
use crate::certify::wording::count;
use crate::compare::{CodeDiff, FileFacts, Inside, Item, NotebookDiff, TextDiff, TextHunk};

/// Bytes of the list of files, whether or not there is room for their insides.
const LIST: usize = 8192;

/// Every file, with as much of its inside as there is room for.
pub(super) fn insides(diff: &CodeDiff, room: &mut usize) -> String {
    let mut head = Lines::new((*room).min(LIST));
    for item in &diff.files {
        head.add(format!("- {} {}\n", item.change.name(), summary(item, diff.inside.get(&item.name), name)));
    }
    for path in &diff.outputs {
        head.add(format!("- only outputs differ in {}\n", name(path)));
    }
    let text = format!("\n{}", head.text("files"));
    *room = room.saturating_sub(text.len());
    let files = diff.files.iter().filter_map(|item| Some((item, diff.inside.get(&item.name)?)));
    text + &folded(files, room)
}

/// What is inside of files, each folded away, as far as there is room.
pub(super) fn folded<'d>(files: impl Iterator<Item = (&'d Item<FileFacts>, &'d Inside)>, room: &mut usize) -> String {
    let (mut text, mut left_out) = (String::new(), 0);
    for (item, inside) in files {
        let lines = match inside {
            Inside::Text(text) => of_text(text),
            Inside::Notebook(notebook) => of_notebook(notebook),
            Inside::Opaque(_) => continue,
        };
        if lines.is_empty() {
            continue;
        }
        let title = summary(item, Some(inside), |text| escape::html_line(text, 100));
        let block = escape::fenced("diff", &lines);
        let folded = format!("\n<details><summary>{title}</summary>\n\n{block}\n</details>\n");
        match room.checked_sub(folded.len()) {
            Some(left) => {
                *room = left;
                text += &folded;
            }
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        text += &format!("\nThe lines of {} did not fit on this page.\n", count(left_out as u64, "file"));
    }
    text
}

/// A file in a line; `escaped` makes its name harmless where the line stands.
fn summary(item: &Item<FileFacts>, inside: Option<&Inside>, escaped: fn(&str) -> String) -> String {
    let from = match &item.change {
        crate::compare::Change::Renamed(from) => format!("{} → ", escaped(from)),
        _ => String::new(),
    };
    let how = match inside {
        Some(Inside::Text(text)) => format!(" (+{} -{})", text.added, text.removed),
        Some(Inside::Notebook(notebook)) => format!(" ({})", cells(notebook)),
        Some(Inside::Opaque(why)) => format!(" ({})", escaped(why)),
        None => String::new(),
    };
    format!("{from}{}{how}", escaped(&item.name))
}

/// `2 cells changed, 1 added, outputs of 3 cells differ`.
pub(in crate::page) fn cells(notebook: &NotebookDiff) -> String {
    let number = |name: &str| notebook.cells.iter().filter(|cell| cell.name() == name).count() as u64;
    let mut parts: Vec<String> = Vec::new();
    for name in ["changed", "added", "removed", "moved"] {
        match (number(name), parts.is_empty()) {
            (0, _) => {}
            (n, true) => parts.push(format!("{} {name}", count(n, "cell"))),
            (n, false) => parts.push(format!("{n} {name}")),
        }
    }
    if notebook.outputs > 0 {
        parts.push(format!("outputs of {} differ", count(notebook.outputs, "cell")));
    }
    if parts.is_empty() { "no cell differs".to_owned() } else { parts.join(", ") }
}

fn of_text(diff: &TextDiff) -> Vec<String> {
    let with_head = |hunk: &TextHunk| std::iter::once(hunk.head.clone()).chain(lines(hunk)).collect::<Vec<_>>();
    diff.hunks.iter().flat_map(with_head).collect()
}

fn of_notebook(diff: &NotebookDiff) -> Vec<String> {
    let mut all = Vec::new();
    for cell in &diff.cells {
        let place = cell.b.or(cell.a).unwrap_or_default();
        all.push(format!("@@ cell {place}, {}, {} @@", cell.kind, cell.name()));
        all.extend(cell.lines.hunks.iter().flat_map(lines));
    }
    all
}

fn lines(hunk: &TextHunk) -> Vec<String> {
    hunk.lines.iter().map(|(sign, line)| format!("{}{line}", sign.mark())).collect()
}
