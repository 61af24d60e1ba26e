//! Foreign text made harmless.

use crate::unseen::characters;

/// Invisible, zero columns wide: keeps `@` and `://` from becoming mentions and links.
const BREAK: char = '\u{200b}';

/// Foreign text for a line or a table cell of Markdown: no markup, HTML, mention, link or line break, at most
/// `longest` characters.
pub(super) fn markdown(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for (place, c) in visible(text).enumerate() {
        if place == longest {
            out.push('…');
            break;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '`' | '\\' | '*' | '_' | '[' | ']' | '~' | '#' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '@' if !before.is_alphanumeric() => {
                out.push('@');
                out.push(BREAK);
            }
            '/' if before == ':' => {
                out.push(BREAK);
                out.push('/');
            }
            '.' if out.len() >= 3
                && out.is_char_boundary(out.len() - 3)
                && out[out.len() - 3..].eq_ignore_ascii_case("www") =>
            {
                out.push(BREAK);
                out.push('.');
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// Text for an attribute or an element of XML 1.0.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in visible(text) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Not characters of XML 1.0.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// Text for a string that may end up on a terminal or a page: no control character, no line break.
pub(super) fn plain(text: &str) -> String {
    visible(text).collect()
}

/// White space is a space; what nobody would see is U+FFFD.
fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    characters(text).map(|(c, unseen)| match c {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        _ if unseen => '\u{fffd}',
        c => c,
    })
}

/// Foreign text for a line of HTML inside of Markdown, where Markdown's own escapes would be seen.
pub(super) fn html_line(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (place, c) in visible(text).enumerate() {
        match c {
            _ if place == longest => {
                out.push('…');
                break;
            }
            '@' | ':' | '.' | '#' => out.extend([c, BREAK]),
            c if c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '(' | ')' | ',' | '+') => out.push(c),
            c if c.is_ascii() => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Foreign lines for a fenced block of Markdown, with a fence that nothing in them can end.
pub(super) fn fenced(language: &str, lines: &[String]) -> String {
    let mut longest = 0;
    let mut text = String::new();
    for line in lines {
        let line: String = visible(&line.replace('\t', "    ")).collect();
        longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(longest);
        text.push_str(&line);
        text.push('\n');
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}{fence}\n")
}
