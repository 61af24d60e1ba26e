//! Two versions of a file of code → what is different inside, for people to read: lines, or the cells of a notebook.

use super::hunk::{Sign, hunks};
use super::notebook::{NotebookDiff, compare_notebooks};
use crate::certify::wording::grouped;
use crate::format::notebook;

/// A longer text is not shown: 1 MiB.
pub const LARGEST: u64 = 1 << 20;
/// A longer notebook is not: 16 MiB, mostly pictures.
pub const LARGEST_NOTEBOOK: u64 = 16 << 20;
/// A text with a longer line was written by a program for programs: 4 KiB.
const LONGEST_LINE: usize = 4 << 10;
/// What git looks at to tell a text.
const BEGINNING: usize = 8000;

/// What is different inside a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// Its lines.
    Text(TextDiff),
    /// Its cells.
    Notebook(NotebookDiff),
    /// It is not shown, and why: `binary`, `a line of 70,000 characters`.
    Opaque(String),
}

/// The lines in which two texts differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextDiff {
    /// Lines that are only in the second.
    pub added: u64,
    /// Lines that are only in the first.
    pub removed: u64,
    /// Where, with the lines around.
    pub hunks: Vec<TextHunk>,
}

/// Lines that differ, and those around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextHunk {
    /// `@@ -1,3 +1,4 @@`.
    pub head: String,
    /// Its lines, without their ends. What is no UTF-8 is U+FFFD.
    pub lines: Vec<(Sign, String)>,
}

/// What is different in a file called `path`; none: it is not on that side.
pub fn look_inside(path: &str, a: Option<&[u8]>, b: Option<&[u8]>) -> Inside {
    let sides = [a, b];
    if is_notebook(path) && sides.into_iter().flatten().all(|bytes| bytes.len() as u64 <= LARGEST_NOTEBOOK) {
        let read = |bytes: Option<&[u8]>| bytes.map(notebook::decode).transpose();
        if let (Ok(a), Ok(b)) = (read(a), read(b)) {
            return Inside::Notebook(compare_notebooks(&a.unwrap_or_default(), &b.unwrap_or_default()));
        }
    }
    if let Some(why) = sides.into_iter().flatten().find_map(not_shown) {
        return Inside::Opaque(why);
    }
    Inside::Text(compare_texts(a.unwrap_or_default(), b.unwrap_or_default()))
}

/// Whether a file is a notebook by its name.
pub fn is_notebook(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("ipynb"))
}

fn not_shown(bytes: &[u8]) -> Option<String> {
    if bytes.iter().take(BEGINNING).any(|byte| *byte == 0) {
        return Some("binary".to_owned());
    }
    if bytes.len() as u64 > LARGEST {
        return Some("too large to show".to_owned());
    }
    let longest = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap_or(0);
    (longest > LONGEST_LINE).then(|| format!("a line of {} bytes, too long to show", grouped(longest as u64)))
}

/// The lines in which two texts differ.
pub(super) fn compare_texts(a: &[u8], b: &[u8]) -> TextDiff {
    let mut diff = TextDiff::default();
    for hunk in hunks(a, b) {
        let head = hunk.head();
        let mut lines = Vec::with_capacity(hunk.lines.len());
        for (sign, line) in hunk.lines {
            match sign {
                Sign::Added => diff.added += 1,
                Sign::Removed => diff.removed += 1,
                Sign::Same | Sign::NoEnd => {}
            }
            let ended = line.strip_suffix(b"\n");
            lines.push((sign, String::from_utf8_lossy(ended.unwrap_or(line)).into_owned()));
            if ended.is_none() {
                lines.push((Sign::NoEnd, " No newline at end of file".to_owned()));
            }
        }
        diff.hunks.push(TextHunk { head, lines });
    }
    diff
}
