//! Numbers that somebody wrote down: how far apart they are, and which of them the rows of predictions give, too.

use super::item::Item;
use super::metrics::{SetMetrics, is_place, words};
use super::{Diff, Verdict};
use crate::certify::ComparedMetric;
use crate::format::scalar::Scalar;
use crate::measure::Metric;

/// What people call a metric beside what scikit-learn does.
const ALIASES: [(&str, Metric); 5] = [
    ("auc", Metric::RocAuc),
    ("auroc", Metric::RocAuc),
    ("rocauc", Metric::RocAuc),
    ("acc", Metric::Accuracy),
    ("logloss", Metric::LogLoss),
];
/// Numbers that are no farther apart than this part of the larger are one number.
const SAME: f64 = 1e-9;

impl Item<Scalar> {
    /// `b − a`: exact of whole numbers, of which a float would hold the first sixteen digits. None unless both are finite numbers.
    pub fn difference(&self) -> Option<Scalar> {
        match (self.a.as_ref()?, self.b.as_ref()?) {
            (Scalar::Int(a), Scalar::Int(b)) => b.checked_sub(*a).map(Scalar::Int),
            (a, b) => Some(b.finite()? - a.finite()?).filter(|delta| delta.is_finite()).map(Scalar::Float),
        }
    }
}

impl Diff {
    /// The metric of rows that a number which was written down is, too: it is called the same and is the same on both sides. What is
    /// known of the one, its interval, is known of the other.
    pub fn measured_as(&self, item: &Item<Scalar>) -> Option<(&SetMetrics, &ComparedMetric)> {
        let (a, b) = (item.a.as_ref()?.finite()?, item.b.as_ref()?.finite()?);
        self.measured.iter().find_map(|set| {
            let is_it = |metric: &&ComparedMetric| {
                let same = |found: &_| {
                    let crate::measure::Comparison { baseline, candidate, .. } = found;
                    is_same(a, *baseline) && is_same(b, *candidate)
                };
                metric.slice.is_none()
                    && metric.found.as_ref().is_ok_and(same)
                    && is_called(&item.name, &metric.metric, set.set.as_str())
            };
            Some((set, set.metrics.as_ref().ok()?.iter().find(is_it)?))
        })
    }

    /// The numbers that were written down and that no rows give: nothing says whether chance made the difference.
    pub fn only_reported(&self) -> Vec<&Item<Scalar>> {
        self.metrics.iter().filter(|item| self.measured_as(item).is_none()).collect()
    }

    /// What the change of a number that was written down means, and whether an interval says so.
    pub fn verdict(&self, item: &Item<Scalar>) -> Option<(Verdict, bool)> {
        match self.measured_as(item) {
            Some((_, metric)) => Some((Verdict::of_measured(metric), true)),
            None => Some((Verdict::of_reported(item, *self.directions.get(&item.name)?)?, false)),
        }
    }
}

fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= SAME * one.abs().max(other.abs())
}

/// Whether `test.auc` is `roc_auc` of the set `test`. A number of the rows that were trained on is none of another set.
fn is_called(name: &str, metric: &str, set: &str) -> bool {
    let (name, set) = (words(name), words(set));
    let says_where = |word: &String| is_place(word) || set.contains(word);
    if name.iter().any(|word| word.starts_with("train") && !set.contains(word)) {
        return false;
    }
    let from = name.iter().take_while(|word| says_where(word)).count();
    let behind = name.iter().skip(from).rev().take_while(|word| says_where(word)).count();
    let own = name.get(from..name.len() - behind).unwrap_or_default().join("_");
    let alias = || ALIASES.iter().find(|(alias, _)| *alias == own).map(|(_, metric)| *metric);
    let known = Metric::parse(&own).or_else(|| Metric::of_alias(&own)).or_else(alias).map(Metric::name);
    known == Some(metric) || own == words(metric).join("_")
}
