//! How many columns a terminal gives to text, and how text is cut to fewer: colours take none, wide characters two, and what belongs
//! to the character before it no more than that.

use unicode_width::UnicodeWidthChar;

/// What stands where something was cut.
const CUT: char = '…';

/// Pieces of one line with the columns that each takes: an escape sequence, or a character.
struct Pieces<'t> {
    rest: &'t str,
    /// The columns of the picture before, which a joiner or a shade changes; 0 behind anything else.
    picture: usize,
    joined: bool,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = (&'t str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let c = self.rest.chars().next()?;
        let end = if c == '\u{1b}' { self.rest.find('m').map_or(self.rest.len(), |at| at + 1) } else { c.len_utf8() };
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some((piece, if c == '\u{1b}' { 0 } else { self.width(c) }))
    }
}

impl Pieces<'_> {
    fn width(&mut self, c: char) -> usize {
        let width = match c {
            '\u{200d}' => {
                self.joined = self.picture > 0;
                return 0;
            }
            // A picture, where a letter could stand as well.
            '\u{fe0f}' => 2_usize.saturating_sub(self.picture.max(1)),
            '\u{1f3fb}'..='\u{1f3ff}' if self.picture == 2 => 0,
            _ if self.joined => 0,
            c => c.width().unwrap_or(0),
        };
        if c == '\u{fe0f}' {
            self.picture = 2;
        } else if width > 0 {
            self.picture = width;
        }
        self.joined = false;
        width
    }
}

const fn pieces(line: &str) -> Pieces<'_> {
    Pieces { rest: line, picture: 0, joined: false }
}

/// Columns a terminal gives to `text`, or to the longest of its lines.
pub fn visible_width(text: &str) -> usize {
    text.split('\n').map(|line| pieces(line).map(|(_, width)| width).sum()).max().unwrap_or(0)
}

/// `text` in at most so many columns: its beginning, and whether there was more.
pub fn clipped(text: &str, columns: usize) -> String {
    cut(text, columns.saturating_sub(1), 0, columns)
}

/// Both ends of a name in at most so many columns: names that begin alike end differently.
pub fn shortened(name: &str, columns: usize) -> String {
    let tail = (columns / 2 + columns / 6).min(columns.saturating_sub(1));
    cut(name, columns.saturating_sub(tail + 1), tail, columns)
}

/// The first `head` and the last `tail` columns of what takes more than `most`; colours end where they ended.
fn cut(text: &str, head: usize, tail: usize, most: usize) -> String {
    let all = visible_width(text);
    if all <= most {
        return text.to_owned();
    }
    let (mut kept, mut at, mut is_cut) = (String::with_capacity(text.len()), 0, false);
    for (piece, width) in pieces(text) {
        let is_kept = piece.starts_with('\u{1b}') || (!is_cut && at + width <= head) || at >= all - tail;
        at += width;
        if is_kept {
            kept.push_str(piece);
        } else if !is_cut {
            kept.push(CUT);
            is_cut = true;
        }
    }
    kept
}

/// A word that is wider than a line, in parts that are not.
pub fn split(word: &str, columns: usize) -> Vec<String> {
    let (mut parts, mut part, mut used) = (Vec::new(), String::new(), 0);
    for (piece, width) in pieces(word) {
        if used + width > columns && used > 0 {
            parts.push(std::mem::take(&mut part));
            used = 0;
        }
        part.push_str(piece);
        used += width;
    }
    parts.push(part);
    parts
}

/// Colours end with their line, and go on in the next one: what stands beside or before it has its own.
pub fn coloured_apart(lines: &mut [String]) {
    let mut open = String::new();
    for line in lines {
        let begins = open.clone();
        for (piece, _) in pieces(line).filter(|(piece, _)| piece.starts_with('\u{1b}')) {
            if matches!(piece, "\u{1b}[0m" | "\u{1b}[m") { open.clear() } else { open.push_str(piece) }
        }
        if !begins.is_empty() || !open.is_empty() {
            let end = if open.is_empty() { "" } else { "\u{1b}[0m" };
            *line = format!("{begins}{line}{end}");
        }
    }
}
