//! One text view for each report: for people, at 80 columns, readable without colour.

pub mod certify;
pub mod diff;
pub mod history;
pub mod project;
pub mod registry;
pub mod snapshot;
pub mod stored;

use mlrun::format::certificate::Verdict;
use mlrun::format::scalar::Scalar;

use super::{Label, Style, clean};

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
    let text = clean(&scalar.to_string());
    if text.chars().count() <= WIDEST {
        return text;
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

/// `1 file`, `3 files`.
fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
