//! Two lists of pieces (lines, words) → the stretches in which they differ.
//!
//! As git and GNU diff do it unless told otherwise: Myers' algorithm with its heuristics. These leave inputs that take quadratic time, as
//! does sliding what was found to where people look for it: tables that were thinned out, files of few kinds of lines. So of more than a
//! few thousand pieces those are found first that stand once in both, and only what lies between them is compared: the work is bounded
//! for each piece. The result depends on nothing but the input.

use std::collections::HashMap;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// So many pieces of both are compared at once; of more, parts by themselves.
const MOST_AT_ONCE: usize = 10_000;

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
    let mut found = Vec::new();
    if a.len().saturating_add(b.len()) <= MOST_AT_ONCE {
        compare(a, b, (0..a.len(), 0..b.len()), &mut found);
        return found;
    }
    let begin = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let rest = a.len().min(b.len()) - begin;
    let same_end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (end_a, end_b) = (a.len() - same_end, b.len() - same_end);
    let (mut from_a, mut from_b) = (begin, begin);
    for (at_a, at_b) in once_in_both(a, b, (begin..end_a, begin..end_b)).into_iter().chain([(end_a, end_b)]) {
        for part in parts(from_a..at_a, from_b..at_b) {
            compare(a, b, part, &mut found);
        }
        (from_a, from_b) = (at_a + 1, at_b + 1);
    }
    found
}

/// Where the same pieces stand in both, of those that each has once, in the order of both.
fn once_in_both(a: &[&[u8]], b: &[&[u8]], (of_a, of_b): (Range<usize>, Range<usize>)) -> Vec<(usize, usize)> {
    // The place of a piece in each; none where there are several.
    let mut places: HashMap<&[u8], [(usize, u8); 2]> = HashMap::new();
    for (side, pieces, range) in [(0, a, of_a), (1, b, of_b)] {
        let first = range.start;
        for (at, piece) in pieces.get(range).unwrap_or_default().iter().enumerate() {
            if let Some((place, times)) = places.entry(*piece).or_default().get_mut(side) {
                (*place, *times) = (first + at, times.saturating_add(1));
            }
        }
    }
    let once = places.into_values().filter(|sides| sides.iter().all(|(_, times)| *times == 1));
    let mut pairs: Vec<(usize, usize)> = once.map(|[(a, _), (b, _)]| (a, b)).collect();
    pairs.sort_unstable();
    let mut kept = longest_in_order(&pairs);
    kept.sort_unstable();
    pairs.retain(|(a, _)| kept.binary_search(a).is_ok());
    pairs
}

/// A stretch of both in parts that are not too long, each as long a part of the one as of the other.
fn parts(a: Range<usize>, b: Range<usize>) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let number = (a.len() + b.len()).div_ceil(MOST_AT_ONCE).max(1);
    let part = move |range: &Range<usize>, at: usize| {
        range.start + range.len() * at / number..range.start + range.len() * (at + 1) / number
    };
    (0..number).map(move |at| (part(&a, at), part(&b, at)))
}

/// Adds the stretches in which two parts differ.
fn compare(a: &[&[u8]], b: &[&[u8]], (of_a, of_b): (Range<usize>, Range<usize>), found: &mut Vec<Stretch>) {
    if of_a.is_empty() || of_b.is_empty() {
        return add(Stretch { before: of_a, after: of_b }, found);
    }
    let (from_a, from_b) = (of_a.start, of_b.start);
    let mut input: InternedInput<&[u8]> = InternedInput::default();
    input.update_before(a.get(of_a).unwrap_or_default().iter().copied());
    input.update_after(b.get(of_b).unwrap_or_default().iter().copied());
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let behind = |from: usize, range: Range<u32>| from + range.start as usize..from + range.end as usize;
    for hunk in diff.hunks() {
        add(Stretch { before: behind(from_a, hunk.before), after: behind(from_b, hunk.after) }, found);
    }
}

/// One that begins where the last ends goes on with it.
fn add(stretch: Stretch, found: &mut Vec<Stretch>) {
    match found.last_mut() {
        _ if stretch.before.is_empty() && stretch.after.is_empty() => {}
        Some(last) if last.before.end == stretch.before.start && last.after.end == stretch.after.start => {
            last.before.end = stretch.before.end;
            last.after.end = stretch.after.end;
        }
        _ => found.push(stretch),
    }
}

/// Lines with what ends them; the last may end with nothing.
pub(super) fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The first places of the longest run of pairs that stand in the same order in both: what is not among them was moved.
pub(super) fn longest_in_order(pairs: &[(usize, usize)]) -> Vec<usize> {
    // The pair that ends the shortest-reaching run of each length, and what stands before each pair.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let to = |at: usize| pairs.get(at).map_or(0, |(_, to)| *to);
    for (at, (_, place)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| to(*end) < *place);
        before.push(length.checked_sub(1).and_then(|last| ends.get(last).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut run = Vec::new();
    let mut next = ends.last().copied();
    while let Some(at) = next {
        run.extend(pairs.get(at).map(|(from, _)| *from));
        next = before.get(at).copied().flatten();
    }
    run
}
