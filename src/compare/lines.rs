//! Two lists of pieces (lines, words) → the stretches in which they differ.
//!
//! As git makes it with `--histogram`; of more pieces as git makes it by itself, whose heuristics keep every input from taking quadratic
//! time, which a histogram does where lines are thinned out. The result depends on nothing but the input.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Of more pieces than this a histogram may take too long: it is asked for each stretch between two pieces that are the same.
const MOST_OF_HISTOGRAM: usize = 10_000;

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
    let is_short = a.len().saturating_add(b.len()) <= MOST_OF_HISTOGRAM;
    let algorithm = if is_short { Algorithm::Histogram } else { Algorithm::Myers };
    let mut diff = Diff::compute(algorithm, &input);
    diff.postprocess_lines(&input);
    let stretch = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Stretch { before: stretch(hunk.before), after: stretch(hunk.after) }).collect()
}

/// Lines with what ends them; the last may end with nothing.
pub(super) fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}
