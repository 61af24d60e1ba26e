//! Figures, as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One thing that was measured, several times.
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    runs: Vec<f64>,
    /// What ran alternately with it.
    beside: Option<(&'static str, Vec<f64>)>,
    /// The most it may be: of the ratio where something ran beside it, else of the median.
    promise: Option<f64>,
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, unit: &'static str, runs: Vec<f64>) -> Self {
        Self { what: what.into(), unit, runs, beside: None, promise: None }
    }

    /// Compares with what ran alternately, pair by pair.
    pub(crate) fn beside(mut self, name: &'static str, runs: Vec<f64>) -> Self {
        self.beside = Some((name, runs));
        self
    }

    /// Says what it may be at most.
    pub(crate) const fn at_most(mut self, promise: f64) -> Self {
        self.promise = Some(promise);
        self
    }

    fn ratio(&self) -> Option<f64> {
        let (_, others) = self.beside.as_ref()?;
        Some(median(&self.runs.iter().zip(others).map(|(mine, other)| mine / other).collect::<Vec<_>>()))
    }

    fn is_kept(&self) -> Option<bool> {
        let promise = self.promise?;
        Some(self.ratio().unwrap_or_else(|| median(&self.runs)) <= promise)
    }

    /// Everything about it, every run included.
    pub(crate) fn json(&self, case: &str) -> Value {
        json!({
            "case": case, "what": self.what, "unit": self.unit, "runs": self.runs, "median": median(&self.runs),
            "beside": self.beside.as_ref().map(|(name, runs)| json!({ "name": name, "runs": runs })),
            "ratio": self.ratio(), "promise": self.promise, "kept": self.is_kept(),
        })
    }
}

/// The middle one; of two, their mean.
pub(crate) fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len() / 2, sorted.len() % 2) {
        (0, 0) => f64::NAN,
        (half, 0) => f64::midpoint(sorted[half - 1], sorted[half]),
        (half, _) => sorted[half],
    }
}

/// A table of one case.
pub(crate) fn table(case: &str, figures: &[Figure]) -> String {
    let mut text = format!("{case:<38} {:>10} {:>21}  {:<24} promise\n", "median", "range", "beside it");
    for figure in figures {
        let range = figure
            .runs
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), run| (low.min(*run), high.max(*run)));
        let range = format!("{} – {}", number(range.0), number(range.1));
        let middle = format!("{} {}", number(median(&figure.runs)), figure.unit);
        let beside = match (&figure.beside, figure.ratio()) {
            (Some((name, runs)), Some(ratio)) => format!("{ratio:.2} × {name} ({})", number(median(runs))),
            _ => String::new(),
        };
        let promise = match (figure.promise, figure.is_kept()) {
            (Some(promise), Some(kept)) => format!("≤ {promise}{}", if kept { ", kept" } else { ", MISSED" }),
            _ => String::new(),
        };
        let line = format!("{:<38} {middle:>10} {range:>21}  {beside:<24} {promise}", figure.what);
        // Text takes everything.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
