//! Sentences over as many lines as a terminal needs. A command to copy, which stands between backticks or behind an arrow, is never
//! broken, and no digest is.

use super::extent::{coloured_apart, split, visible_width};
use super::terminal;

/// Shorter words of hexadecimal digits are no digests.
const DIGEST: usize = 32;
/// A line has room for this much, however far it is set in.
const NARROWEST: usize = 8;

/// `text`, before which `taken` columns of its first line are used, with every further line set in by `indent`. What has no blanks
/// stays whole: it may be a path to copy.
pub fn wrapped(text: &str, taken: usize, indent: usize) -> String {
    let room = terminal::width();
    let lines = broken(text, room.saturating_sub(taken), room.saturating_sub(indent), |_| false);
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// `text` in lines of at most `room` columns, the first of at most `first`.
pub fn filled(text: &str, first: usize, room: usize) -> Vec<String> {
    if is_command(text) {
        return vec![text.to_owned()];
    }
    let may_split = |word: &str| !word.contains('`') && !is_digest(word);
    broken(text, first, room.max(NARROWEST), may_split)
}

/// An answer as it is shown here: off a terminal as it is.
pub fn fitted_here(answer: String) -> String {
    match terminal::room() {
        Some(room) => fitted(&answer, room),
        None => answer,
    }
}

/// An answer no line of which is wider than `room`; what had to be broken is set in.
pub fn fitted(answer: &str, room: usize) -> String {
    let mut text = String::with_capacity(answer.len());
    for line in answer.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if visible_width(line) <= room {
            text += line;
        } else {
            let body = line.trim_start_matches(' ');
            let lead = line.len() - body.len();
            let indent = (lead + 2).min(room / 2);
            let lines = filled(body, room.saturating_sub(lead), room.saturating_sub(indent));
            text += &" ".repeat(lead);
            text += &lines.join(&format!("\n{}", " ".repeat(indent)));
        }
        text += end;
    }
    text
}

fn broken(text: &str, first: usize, room: usize, may_split: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut used, mut limit) = (0, first);
    let mut put = |word: &str, width: usize, is_next: bool| {
        let begins = is_next && used + 1 + width > limit && (used > 0 || limit < room);
        if begins {
            lines.push(String::new());
            (used, limit) = (0, room);
        }
        let has_blank = is_next && !begins && (used > 0 || lines.len() == 1);
        let Some(line) = lines.last_mut() else { return };
        if has_blank {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width;
    };
    for (number, word) in words(text).into_iter().enumerate() {
        let width = visible_width(word);
        if width > room && may_split(word) {
            for (part, piece) in split(word, room).iter().enumerate() {
                // The parts of a word have no blank between them: each but the last fills its line.
                put(piece, visible_width(piece), number > 0 || part > 0);
            }
        } else {
            put(word, width, number > 0);
        }
    }
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end_matches(' ').len()));
    coloured_apart(&mut lines);
    lines
}

/// Whether a line is nothing but what is to be copied.
fn is_command(text: &str) -> bool {
    let mut plain = text.trim_start_matches(' ');
    while let Some(rest) = plain.strip_prefix('\u{1b}') {
        plain = rest.split_once('m').map_or("", |(_, rest)| rest).trim_start_matches(' ');
    }
    ["→ mlrun ", "mlrun "].iter().any(|begin| plain.starts_with(begin))
}

fn is_digest(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    word.len() >= DIGEST && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Parts between blanks; what stands between backticks is one.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut from, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            // One that is never closed is a character like any other.
            '`' => quoted = !quoted && text[at + 1..].contains('`'),
            ' ' if !quoted => {
                words.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[from..]);
    words
}
