//! Two versions of a file of code → what is different inside, for people to read: lines, or the cells of a notebook.

use super::notebook::{NotebookDiff, compare_notebooks};
use super::text::{TextDiff, compare_texts};
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
