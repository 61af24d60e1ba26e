//! Code: files, and what is different inside.

use mlrun::compare::{CellChange, CodeDiff, Inside, Sign, TextDiff, TextHunk};
use serde_json::{Value, json};

use super::{file, list};

/// Lines from inside of files; where there are more, `hunks` is null, and `--patch` has all of them.
pub(super) const MOST_LINES: usize = 20_000;

pub(super) fn code(diff: &CodeDiff) -> Value {
    let mut files = list(&diff.files, "path", file);
    let mut room = MOST_LINES;
    for item in files.as_array_mut().into_iter().flatten() {
        let inside = item["path"].as_str().and_then(|path| diff.inside.get(path));
        item["inside"] = inside.map_or(Value::Null, |inside| view(inside, &mut room));
    }
    json!({
        "commit": diff.commit.as_ref().map(|(a, b)| json!({ "a": a, "b": b })),
        "dirty": diff.dirty.map(|(a, b)| json!({ "a": a, "b": b })),
        "files": files,
        "outputs": diff.outputs,
    })
}

pub(super) fn view(inside: &Inside, room: &mut usize) -> Value {
    match inside {
        Inside::Text(text) => lines(text, room),
        Inside::Opaque(why) => json!({ "kind": "opaque", "reason": why }),
        Inside::Notebook(notebook) => {
            let both = |change: &Option<(Option<String>, Option<String>)>| {
                change.as_ref().map(|(a, b)| json!({ "a": a, "b": b }))
            };
            let (added, removed) = notebook.lines();
            json!({
                "kind": "notebook",
                "added": added,
                "removed": removed,
                "cells": notebook.cells.iter().map(|cell| view_cell(cell, room)).collect::<Vec<_>>(),
                "unchanged": notebook.unchanged,
                "outputs": notebook.outputs,
                "execution_counts": notebook.counts,
                "kernel": both(&notebook.kernel),
                "language": both(&notebook.language),
            })
        }
    }
}

fn view_cell(cell: &CellChange, room: &mut usize) -> Value {
    json!({
        "change": cell.name(),
        "moved": cell.moved,
        "id": cell.id,
        "cell_type": cell.kind,
        "was": cell.was,
        "a": cell.a,
        "b": cell.b,
        "source": lines(&cell.lines, room),
    })
}

fn lines(diff: &TextDiff, room: &mut usize) -> Value {
    let needed: usize = diff.hunks.iter().map(|hunk| hunk.lines.len()).sum();
    let hunks = match room.checked_sub(needed) {
        Some(left) => {
            *room = left;
            diff.hunks.iter().map(hunk).collect()
        }
        None => Value::Null,
    };
    json!({ "kind": "text", "added": diff.added, "removed": diff.removed, "hunks": hunks })
}

fn hunk(hunk: &TextHunk) -> Value {
    let line = |(sign, text): &(Sign, String)| format!("{}{text}", sign.mark());
    json!({ "head": hunk.head, "lines": hunk.lines.iter().map(line).collect::<Vec<_>>() })
}
