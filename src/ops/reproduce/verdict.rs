//! From what two runs left to a verdict. Pure: what is missing or undefined never makes it a good one.

use super::files::{FileOutcome, Likeness};
use super::metrics::{MetricOutcome, Sameness, is_measured};

/// Whether a version was made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reproduced {
    /// All files of the model are the same bytes, all metrics the same values.
    Exact,
    /// Other bytes, but the same tensors; or the same structure, and metrics within the tolerance.
    Equivalent,
    /// Another model, or other metrics.
    Different,
    /// Something that was to be compared is not there.
    Inconclusive,
    /// The command failed, or did not end in time.
    Failed,
}

impl Reproduced {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Equivalent => "equivalent",
            Self::Different => "different",
            Self::Inconclusive => "inconclusive",
            Self::Failed => "failed",
        }
    }
}

/// Judges: the verdict, and why, in one sentence.
pub fn judge(model: &[FileOutcome], metrics: &[MetricOutcome], predictions: &[FileOutcome]) -> (Reproduced, String) {
    let different = names(model.iter().chain(predictions).filter(|file| file.likeness.is_different()).map(|f| &f.path));
    let moved = names(metrics.iter().filter(|metric| metric.sameness == Sameness::Different).map(|m| &m.name));
    if let Some(what) = either(&different, &moved) {
        return (Reproduced::Different, format!("{what} came out differently"));
    }
    let gone = model.iter().chain(predictions).filter(|file| file.likeness.is_missing()).map(|f| &f.path);
    let unwritten = metrics.iter().filter(|metric| metric.sameness == Sameness::Missing).map(|m| &m.name);
    if let Some(what) = either(&names(gone), &names(unwritten)) {
        return (Reproduced::Inconclusive, format!("the command did not write {what}"));
    }
    let undefined = names(metrics.iter().filter(|metric| metric.sameness == Sameness::Undefined).map(|m| &m.name));
    if !undefined.is_empty() {
        return (Reproduced::Inconclusive, format!("{undefined} is no number that can be compared"));
    }
    if model.is_empty() {
        return (Reproduced::Inconclusive, "the version has no file to compare".to_owned());
    }
    let same_bytes = model.iter().all(|file| file.likeness == Likeness::Bytes);
    let compared = || metrics.iter().filter(|metric| metric.sameness != Sameness::Ignored);
    let close = names(metrics.iter().filter(|metric| metric.sameness == Sameness::Close).map(|m| &m.name));
    let other_rows = predictions.iter().any(|file| file.likeness != Likeness::Bytes);
    if same_bytes && close.is_empty() && !other_rows {
        let metrics = if compared().next().is_some() { ", and the same metrics" } else { "" };
        return (Reproduced::Exact, format!("the same bytes of the model{metrics}"));
    }
    let tensors = model.iter().all(|file| matches!(file.likeness, Likeness::Bytes | Likeness::Tensors));
    if same_bytes || tensors {
        let what = if same_bytes { "the same bytes of the model" } else { "other bytes, and the same tensors" };
        return (Reproduced::Equivalent, format!("{what}; metrics within the tolerance"));
    }
    // The numbers in the model are others, or nothing tells: only what was measured of it can speak for it.
    if compared().any(|metric| metric.now.as_ref().is_some_and(is_measured)) {
        return (Reproduced::Equivalent, "other bytes of the model; metrics within the tolerance".to_owned());
    }
    let other = names(model.iter().filter(|file| file.likeness == Likeness::Structure).map(|f| &f.path));
    (
        Reproduced::Different,
        format!("{other} has other bytes, and nothing was measured that could show it to be as good"),
    )
}

/// The first three, and how many more there are.
fn names<'n>(all: impl Iterator<Item = &'n String>) -> String {
    let all: Vec<_> = all.map(|name| format!("`{name}`")).collect();
    let more = if all.len() > 3 { format!(" and {} more", all.len() - 3) } else { String::new() };
    all.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ") + &more
}

fn either(files: &str, metrics: &str) -> Option<String> {
    match (files.is_empty(), metrics.is_empty()) {
        (true, true) => None,
        (false, true) => Some(files.to_owned()),
        (true, false) => Some(metrics.to_owned()),
        (false, false) => Some(format!("{files} and {metrics}")),
    }
}
