//! Metrics of two versions: which way is better, and whether the later one is.

use std::collections::BTreeMap;

use super::item::Item;
use crate::certify::{ComparedMetric, Tails};
use crate::format::scalar::Scalar;
use crate::measure::{Better, Method, Metric};
use crate::name::SetName;

/// Which way of a number is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More.
    Higher,
    /// Less.
    Lower,
    /// Neither: it counts something, such as rows or epochs.
    Neutral,
    /// Nobody said, and its name does not tell.
    Unknown,
}

impl Direction {
    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neutral => "neutral",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Better> for Direction {
    fn from(better: Better) -> Self {
        match better {
            Better::Higher => Self::Higher,
            Better::Lower => Self::Lower,
        }
    }
}

/// What a change of a metric means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An improvement; of rows one that chance does not make.
    Better,
    /// The opposite.
    Worse,
    /// Of rows: chance may have made the difference.
    NoClearDifference,
    /// The same number.
    Same,
    /// A change of what is neither good nor bad.
    Neutral,
    /// Not known: nobody said which way is better, or there is no number.
    Unknown,
}

impl Verdict {
    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoClearDifference => "no_clear_difference",
            Self::Same => "same",
            Self::Neutral => "neutral",
            Self::Unknown => "unknown",
        }
    }

    const fn of(improves: bool) -> Self {
        if improves { Self::Better } else { Self::Worse }
    }

    /// Of a number that somebody wrote down; none where one side has none.
    pub fn of_reported(item: &Item<Scalar>, direction: Direction) -> Option<Self> {
        let (a, b) = (item.a.as_ref()?, item.b.as_ref()?);
        if a.finite().is_none() || b.finite().is_none() {
            return Some(Self::Unknown);
        }
        let above = match item.difference() {
            Some(Scalar::Int(delta)) => delta.cmp(&0),
            // Written positively: what is no number shows nothing.
            _ => a.finite().zip(b.finite()).and_then(|(a, b)| b.partial_cmp(&a))?,
        };
        Some(match direction {
            Direction::Unknown => Self::Unknown,
            Direction::Neutral => Self::Neutral,
            _ if above.is_eq() => Self::Same,
            Direction::Higher => Self::of(above.is_gt()),
            Direction::Lower => Self::of(above.is_lt()),
        })
    }

    /// Of a metric that was computed from rows: by the interval of the difference, whether nothing lies in it.
    pub fn of_measured(metric: &ComparedMetric) -> Self {
        let Ok(found) = &metric.found else { return Self::Unknown };
        if found.method == Method::Exact && found.delta == 0.0 {
            return Self::Same;
        }
        // Written positively: bounds that are no numbers show nothing.
        let (above, below) = (found.lower > 0.0, found.upper < 0.0);
        match (metric.better, above, below) {
            (_, false, false) => Self::NoClearDifference,
            (Better::Higher, above, _) => Self::of(above),
            (Better::Lower, _, below) => Self::of(below),
        }
    }
}

/// The metrics of one predictions set that is not the same in both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct SetMetrics {
    /// The set.
    pub set: SetName,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Whether that is of both ends together.
    pub tails: Tails,
    /// Each metric, or why there is none.
    pub metrics: Result<Vec<ComparedMetric>, String>,
}

impl SetMetrics {
    /// Whether a metric is known to be another number.
    pub fn differs(&self) -> bool {
        let other = |metric: &ComparedMetric| metric.found.as_ref().is_ok_and(|found| found.delta != 0.0);
        self.metrics.as_ref().is_ok_and(|metrics| metrics.iter().any(other))
    }
}

/// Which way of each metric is better: as `said`, or as its name tells.
pub fn directions<'a>(
    names: impl Iterator<Item = &'a String>,
    said: &BTreeMap<String, Direction>,
) -> BTreeMap<String, Direction> {
    names.map(|name| (name.clone(), said.get(name).copied().unwrap_or_else(|| of_name(name)))).collect()
}

/// Endings of names, as [`words`] takes them apart, that [`Metric`] does not know.
const ENDINGS: &[(&str, Direction)] = &[
    ("loss", Direction::Lower),
    ("error", Direction::Lower),
    ("err", Direction::Lower),
    ("error rate", Direction::Lower),
    ("cost", Direction::Lower),
    ("regret", Direction::Lower),
    ("mape", Direction::Lower),
    ("rmse", Direction::Lower),
    ("nll", Direction::Lower),
    ("logloss", Direction::Lower),
    ("cross entropy", Direction::Lower),
    ("crossentropy", Direction::Lower),
    ("perplexity", Direction::Lower),
    ("ppl", Direction::Lower),
    ("bpc", Direction::Lower),
    ("wer", Direction::Lower),
    ("cer", Direction::Lower),
    ("ter", Direction::Lower),
    ("eer", Direction::Lower),
    ("fid", Direction::Lower),
    ("deviance", Direction::Lower),
    ("divergence", Direction::Lower),
    ("latency", Direction::Lower),
    ("latency ms", Direction::Lower),
    ("latency s", Direction::Lower),
    ("brier score", Direction::Lower),
    ("acc", Direction::Higher),
    ("auc", Direction::Higher),
    ("auroc", Direction::Higher),
    ("rocauc", Direction::Higher),
    ("auprc", Direction::Higher),
    ("aucpr", Direction::Higher),
    ("pr auc", Direction::Higher),
    ("gini", Direction::Higher),
    ("f score", Direction::Higher),
    ("r squared", Direction::Higher),
    ("iou", Direction::Higher),
    ("dice", Direction::Higher),
    ("bleu", Direction::Higher),
    ("rouge", Direction::Higher),
    ("rouge1", Direction::Higher),
    ("rouge2", Direction::Higher),
    ("rougel", Direction::Higher),
    ("pass", Direction::Higher),
    ("meteor", Direction::Higher),
    ("psnr", Direction::Higher),
    ("ssim", Direction::Higher),
    ("reward", Direction::Higher),
    ("throughput", Direction::Higher),
    ("support", Direction::Neutral),
    ("epoch", Direction::Neutral),
    ("epochs", Direction::Neutral),
    ("step", Direction::Neutral),
    ("steps", Direction::Neutral),
    ("rows", Direction::Neutral),
    ("samples", Direction::Neutral),
    ("count", Direction::Neutral),
];
/// Where a number comes from, behind what it is of.
const PLACES: [&str; 10] =
    ["train", "training", "valid", "validation", "val", "test", "eval", "dev", "holdout", "mean"];

/// By the last words of a name: `eval_loss`, `test.accuracy`, `weighted avg.f1-score`, `rmse/test`.
fn of_name(name: &str) -> Direction {
    let mut words = words(name);
    while words.len() > 1 && words.last().is_some_and(|word| PLACES.contains(&word.as_str())) {
        words.pop();
    }
    let spelled = |from: usize, with: &str| words.get(from..).unwrap_or_default().join(with);
    for from in 0..words.len() {
        let plain = spelled(from, "_");
        let negated = from > 0 && words.get(from - 1).is_some_and(|word| word == "neg");
        let known = Metric::parse(&plain).or_else(|| Metric::of_alias(&plain));
        // A share of rows that is predicted positive is no merit, and what measures columns says nothing by its name.
        let known = known.filter(|metric| *metric != Metric::PositiveRate && Metric::all().contains(metric));
        let known = known.map(|metric| Direction::from(metric.better()));
        let ending = || ENDINGS.iter().find(|(ending, _)| *ending == spelled(from, " ")).map(|(_, way)| *way);
        // scikit-learn turns losses round, so that more is better of every score.
        let turned = plain.starts_with("neg_") || negated;
        match known.or_else(ending) {
            Some(Direction::Lower) if turned => return Direction::Higher,
            Some(direction) => return direction,
            None => {}
        }
    }
    Direction::Unknown
}

/// Whether a word says where a number comes from.
pub(super) fn is_place(word: &str) -> bool {
    PLACES.contains(&word)
}

/// A name in small letters, in words, without a number that says how many: `ndcg@10` is `ndcg`.
pub(super) fn words(name: &str) -> Vec<String> {
    let name = name.split('@').next().unwrap_or_default().to_lowercase();
    let words = name.split(|c: char| !(c.is_alphanumeric() || c == '^'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
