//! Meanings to colours, numbers to text. Readable without any colour.

use anstyle::{AnsiColor, Style as Ansi};
use mlrun::clock::Time;
use mlrun::unseen::characters;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Passed, better, whole.
    Good,
    /// Failed, worse, damaged.
    Bad,
    /// Undecided, to be looked at.
    Warning,
    /// Less important.
    Dim,
    /// The subject.
    Strong,
}

/// How text is styled on one stream.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    colour: bool,
    precision: Option<usize>,
}

impl Style {
    /// With or without colour; with a number of decimals for people, if one was asked for.
    pub const fn new(colour: bool, precision: Option<usize>) -> Self {
        Self { colour, precision }
    }

    /// `text`, marked as `label`.
    pub fn paint(&self, label: Label, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let style = match label {
            Label::Good => AnsiColor::Green.on_default(),
            Label::Bad => AnsiColor::Red.on_default().bold(),
            Label::Warning => AnsiColor::Yellow.on_default(),
            Label::Dim => Ansi::new().dimmed(),
            Label::Strong => Ansi::new().bold(),
        };
        format!("{style}{text}{style:#}")
    }

    /// A number with so many decimals, unless a number of them was asked for.
    pub fn fixed(&self, value: f64, places: usize) -> String {
        let places = self.precision.unwrap_or(places);
        let text = format!("{value:.places$}");
        // What is rounded to nothing has no sign.
        if text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')) { text.replace('-', "") } else { text }
    }

    /// A change, or a bound of one, by its sign: one that is rounded to nothing keeps it, for on which side of nothing it lies is what
    /// it is read for. What differs from nothing by rounding only has none.
    pub fn signed(&self, value: f64, places: usize) -> String {
        const NOTHING: f64 = 1e-12;
        let text = self.fixed(value.abs(), places);
        match value {
            more if more > NOTHING => format!("+{text}"),
            less if less < -NOTHING => format!("-{text}"),
            _ => text,
        }
    }

    /// A number for people.
    pub fn number(&self, value: f64) -> String {
        match self.precision {
            Some(decimals) => format!("{value:.decimals$}"),
            None => number(value),
        }
    }
}

/// About four significant digits, without an exponent where a person would not write one.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "NaN".to_owned() } else { format!("{value}") };
    }
    let magnitude = value.abs();
    if magnitude >= 1e15 {
        return format!("{value:.3e}");
    }
    if value == value.trunc() {
        return format!("{value:.0}");
    }
    match magnitude {
        m if m >= 1000.0 => format!("{value:.1}"),
        m if m >= 100.0 => format!("{value:.2}"),
        m if m >= 10.0 => format!("{value:.3}"),
        m if m >= 1e-4 => format!("{value:.4}"),
        _ => format!("{value:.3e}"),
    }
}

/// Bytes in binary units.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// An instant for people: to the second.
pub fn time(time: Time) -> String {
    time.for_people()
}

/// Text somebody else wrote, on one line: what would steer the terminal, end the line, turn the writing around or not be seen at all is
/// shown instead of obeyed.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for (c, unseen) in characters(text) {
        match c {
            '\n' | '\r' => clean.extend(c.escape_default()),
            c if unseen => clean.extend(c.escape_unicode()),
            c => clean.push(c),
        }
    }
    clean
}

/// The same of a line of code, where a tab is four blanks.
pub fn clean_code(text: &str) -> String {
    clean(&text.replace('\t', "    "))
}
