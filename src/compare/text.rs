//! Two texts → the lines in which they differ, for people to read.

use super::hunk::{Sign, hunks};

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
