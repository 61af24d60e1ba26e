//! One text view for each report: for people, at 80 columns, readable without colour.

pub mod certify;
pub mod collect;
pub mod diff;
pub mod history;
pub mod project;
pub mod purge;
pub mod registry;
pub mod snapshot;
pub mod stored;

use mlrun::format::certificate::Verdict;
use mlrun::format::scalar::Scalar;

use super::{Label, Style, clean, lines};

/// A verdict, coloured by what it means.
fn verdict(verdict: Verdict, style: &Style) -> String {
    let label = match verdict {
        Verdict::Pass => Label::Good,
        Verdict::Fail => Label::Bad,
        Verdict::Inconclusive | Verdict::Waived => Label::Warning,
        Verdict::NotApplicable => Label::Dim,
    };
    style.paint(label, if verdict == Verdict::NotApplicable { "n/a" } else { verdict.name() })
}

/// A measured value: to a few digits, and cut to a width a table can bear.
fn measured(scalar: &Scalar, style: &Style) -> String {
    match scalar {
        Scalar::Float(number) => style.number(*number),
        other => exact(other),
    }
}

/// A value somebody chose: as it was written, and cut to a width a table can bear.
fn exact(scalar: &Scalar) -> String {
    const WIDEST: usize = 32;
    cut(&clean(&scalar.to_string()), WIDEST)
}

/// Words over as many lines as they need, all but the first set in.
fn wrapped(text: &str) -> String {
    let words = text.trim_start_matches(' ');
    let lead = text.len() - words.len();
    format!("{}{}", " ".repeat(lead), lines::wrapped(words, lead, 4))
}

/// At most this many characters, and whether there were more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// `1 file`, `3 files`.
fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
