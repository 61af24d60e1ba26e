//! Sentences over as many lines as a terminal needs. A command to copy, which stands between backticks, is never broken.

use super::table::visible_width;
use super::terminal;

/// `text`, before which `taken` columns of its first line are used, with every further line set in by `indent`.
pub fn wrapped(text: &str, taken: usize, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = taken;
    for (number, word) in words(text).into_iter().enumerate() {
        let width = visible_width(word);
        if number > 0 && column + 1 + width > terminal::width() && column > indent {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if number > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
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
