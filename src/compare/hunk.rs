//! Two texts → the parts of them that differ, each with a few lines around it.

use std::ops::Range;

use super::lines::{Stretch, differing, lines_of};

/// Lines that are shown before and behind a difference, as git does.
const AROUND: usize = 3;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// In both.
    Same,
    /// Only in the first.
    Removed,
    /// Only in the second.
    Added,
    /// No line at all: the line before has no end.
    NoEnd,
}

impl Sign {
    /// Its mark in a patch.
    pub const fn mark(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Removed => '-',
            Self::Added => '+',
            Self::NoEnd => '\\',
        }
    }
}

/// A difference and the lines around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk<'t> {
    /// Lines of the first text, from 0.
    pub before: Range<usize>,
    /// Lines of the second.
    pub after: Range<usize>,
    /// Its lines, with what ends them.
    pub lines: Vec<(Sign, &'t [u8])>,
}

impl Hunk<'_> {
    /// `@@ -1,3 +1,4 @@`.
    pub(super) fn head(&self) -> String {
        format!("@@ -{} +{} @@", place(&self.before), place(&self.after))
    }
}

/// A range as patches write it: from 1, and of nothing the line it stands behind.
fn place(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}

/// The hunks of two texts, in order.
pub(super) fn hunks<'t>(a: &'t [u8], b: &'t [u8]) -> Vec<Hunk<'t>> {
    let (a, b) = (lines_of(a), lines_of(b));
    let stretches = differing(&a, &b);
    let near = |one: &Stretch, next: &Stretch| next.before.start - one.before.end <= 2 * AROUND;
    stretches.chunk_by(near).map(|together| hunk(&a, &b, together)).collect()
}

fn hunk<'t>(a: &[&'t [u8]], b: &[&'t [u8]], together: &[Stretch]) -> Hunk<'t> {
    let (Some(first), Some(last)) = (together.first(), together.last()) else {
        return Hunk { before: 0..0, after: 0..0, lines: Vec::new() };
    };
    let ahead = AROUND.min(first.before.start);
    let behind = AROUND.min(a.len() - last.before.end);
    let (from, to) = (first.before.start - ahead, last.before.end + behind);
    let mut lines: Vec<(Sign, &'t [u8])> = Vec::new();
    let mut at = from;
    let many = |sign: Sign, lines: &[&'t [u8]]| lines.iter().map(|line| (sign, *line)).collect::<Vec<_>>();
    for stretch in together {
        lines.extend(many(Sign::Same, &a[at..stretch.before.start]));
        lines.extend(many(Sign::Removed, &a[stretch.before.clone()]));
        lines.extend(many(Sign::Added, &b[stretch.after.clone()]));
        at = stretch.before.end;
    }
    lines.extend(many(Sign::Same, &a[at..to]));
    Hunk { before: from..to, after: first.after.start - ahead..last.after.end + behind, lines }
}
