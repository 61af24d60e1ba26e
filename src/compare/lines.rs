//! Two lists of pieces (lines, words) → the stretches in which they differ.
//!
//! As git and GNU diff do it unless told otherwise: Myers' algorithm, with heuristics that keep every input from taking quadratic time.
//! A histogram of lines, which git has too, does take it where lines were thinned out. The result depends on nothing but the input.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// What stands in one place of both: pieces of the one, and what is there in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Which pieces of the first list; empty where something was added.
    pub before: Range<usize>,
    /// Which pieces of the second; empty where something was removed.
    pub after: Range<usize>,
}

/// The stretches that differ, in order; what is between them is the same in both.
pub(super) fn differing(a: &[&[u8]], b: &[&[u8]]) -> Vec<Stretch> {
    let mut input: InternedInput<&[u8]> = InternedInput::default();
    input.update_before(a.iter().copied());
    input.update_after(b.iter().copied());
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let stretch = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Stretch { before: stretch(hunk.before), after: stretch(hunk.after) }).collect()
}

/// Lines with what ends them; the last may end with nothing.
pub(super) fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}
