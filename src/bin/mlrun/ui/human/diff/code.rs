//! Code.

use mlrun::compare::CodeDiff;

use super::super::super::{Style, clean};
use super::super::wrapped;
use super::files::file_line;
use super::items::lines;

/// Commits and files.
pub(super) fn code(diff: &CodeDiff, style: &Style) -> String {
    let mut text = String::new();
    if let Some((old, new)) = &diff.commit {
        let short = |c: &Option<String>| c.as_ref().map_or("none", |c| c.get(..9).unwrap_or(c)).to_owned();
        text += &format!("  commit {} → {}\n", short(old), short(new));
    }
    if let Some((_, dirty)) = diff.dirty {
        text += if dirty { "  with uncommitted work now\n" } else { "  everything committed now\n" };
    }
    text + &lines(style, &diff.files, file_line)
}

/// Notebooks that were run again.
pub(super) fn outputs(diff: &CodeDiff) -> String {
    let names: Vec<String> = diff.outputs.iter().map(|name| clean(name)).collect();
    let more = names.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    if names.is_empty() { shown } else { format!("{}\n", wrapped(&format!("only outputs differ in {shown}{more}"))) }
}
