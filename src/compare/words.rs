//! Two commands → the words that differ, among those that do not.

use super::hunk::Sign;
use super::lines::differing;

/// Words next to each other that are in both, or only in one. What was removed stands before what came in its place.
pub fn compare_words(a: &[String], b: &[String]) -> Vec<(Sign, Vec<String>)> {
    let mut pieces: Vec<(Sign, Vec<String>)> = Vec::new();
    let mut add = |sign: Sign, words: &[String]| {
        if !words.is_empty() {
            pieces.push((sign, words.to_vec()));
        }
    };
    let mut at = 0;
    for stretch in differing(&pieces_of(a), &pieces_of(b)) {
        add(Sign::Same, a.get(at..stretch.before.start).unwrap_or_default());
        add(Sign::Removed, a.get(stretch.before.clone()).unwrap_or_default());
        add(Sign::Added, b.get(stretch.after).unwrap_or_default());
        at = stretch.before.end;
    }
    add(Sign::Same, a.get(at..).unwrap_or_default());
    pieces
}

fn pieces_of(words: &[String]) -> Vec<&[u8]> {
    words.iter().map(String::as_bytes).collect()
}
