//! What has to be read to judge by a policy.

use std::collections::{BTreeMap, BTreeSet};

use super::rows_rule::RowsRule;
use super::slices::LABEL;
use crate::format::policy::{Check, MeasureRecord, PolicyRecord};
use crate::name::SetName;

/// What the rules of a policy rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    /// Predictions sets, and the columns rules slice them by; none: the only set there is.
    pub predictions: BTreeMap<Option<SetName>, BTreeSet<String>>,
    /// Predictions sets, and the columns of numbers that rules ask for; none: the only set there is.
    pub numbers: BTreeMap<Option<SetName>, BTreeSet<String>>,
    /// Predictions sets of which the versions that were in the stage before are asked for, too.
    pub past: BTreeSet<Option<SetName>>,
    /// The share of rows that must be in both models' predictions; none: all of them.
    pub min_coverage: Option<f64>,
    /// Sets of samples.
    pub samples: BTreeSet<SetName>,
    /// Whether a rule asks for a number the trainer wrote down.
    pub metrics: bool,
    /// Checks of the candidate's provenance.
    pub provenance: BTreeSet<Check>,
    /// Sets that are to be as they were recorded.
    pub parity: BTreeSet<SetName>,
    /// Quantiles of the calls that a command times itself.
    pub latency: Vec<f64>,
    /// What else is measured: data, surroundings, reports.
    pub facts: Vec<MeasureRecord>,
}

/// What has to be read to judge by `policy`.
pub fn needs(policy: &PolicyRecord) -> Needs {
    let mut needs = Needs { min_coverage: policy.min_coverage, ..Needs::default() };
    for rule in &policy.rules {
        if let Some(rows) = RowsRule::of(rule) {
            let columns = rows.only.keys().chain(rows.each).chain(rows.over).filter(|column| *column != LABEL);
            needs.predictions.entry(rows.set.cloned()).or_default().extend(columns.cloned());
            if rule.ratchet {
                needs.past.insert(rows.set.cloned());
            }
        }
        match &rule.measure {
            MeasureRecord::Metric { set, columns, .. } => {
                if !columns.is_empty() {
                    needs.numbers.entry(set.clone()).or_default().extend(columns.iter().cloned());
                }
            }
            MeasureRecord::Flips { .. } | MeasureRecord::MustNotFlip { .. } => {}
            MeasureRecord::Reported { .. } => needs.metrics = true,
            MeasureRecord::Quantile { of, .. } => {
                needs.samples.insert(of.clone());
            }
            MeasureRecord::Provenance { check } => {
                needs.provenance.insert(*check);
            }
            MeasureRecord::Parity { set, .. } => {
                needs.parity.insert(set.clone());
            }
            MeasureRecord::Measured { quantile, .. } => needs.latency.extend(quantile),
            MeasureRecord::Command { .. } => {}
            MeasureRecord::Shift(shift) => {
                needs.predictions.entry(shift.set.clone()).or_default();
            }
            other => needs.facts.push(other.clone()),
        }
    }
    needs
}
