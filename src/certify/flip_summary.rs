//! How many rows changed sides, and where most did. For reports, whatever the rules ask.

use super::case::Case;
use super::rightness;
use super::rows::{View, consistent};
use crate::evidence::JoinedRows;
use crate::format::policy::{MeasureRecord, RuleRecord, Task};
use crate::measure::{self, Metric, MetricSpec};
use crate::name::SetName;

/// Rows of one set by what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlipSummary {
    /// The set.
    pub set: SetName,
    /// All rows.
    pub rows: u64,
    /// Right before, wrong now.
    pub right_to_wrong: u64,
    /// Wrong before, right now.
    pub wrong_to_right: u64,
    /// The slice with the most rows that were right and are wrong; none without such rows or slices.
    pub most: Option<SliceFlips>,
}

/// The same of one slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceFlips {
    /// `country=DE`.
    pub slice: String,
    /// Its rows.
    pub rows: u64,
    /// Right before, wrong now.
    pub right_to_wrong: u64,
    /// Wrong before, right now.
    pub wrong_to_right: u64,
}

/// One summary for each set of classes, or of answers in words, that both models have.
pub fn flip_summaries(case: &Case<'_>) -> Vec<FlipSummary> {
    let sets = case.sets.iter().filter_map(|(set, joined)| joined.as_ref().ok().map(|joined| (set, joined)));
    let mut summaries = Vec::new();
    for (set, joined) in sets {
        if !matches!(case.policy.task, Task::Binary | Task::Multiclass | Task::Text)
            || consistent(joined, case.policy.task).is_err()
        {
            continue;
        }
        let view = View::whole(joined);
        let Some(baseline) = view.baseline() else { continue };
        let (truth, right_by) = (view.rows().truth, right_by(&case.policy.rules, case.policy.task, set));
        let Ok((ours, theirs)) = measure::both_right(&right_by, &truth, &view.candidate(), &baseline) else { continue };
        let lost = |row: usize| theirs[row] && !ours[row];
        let won = |row: usize| ours[row] && !theirs[row];
        let count = |flipped: &dyn Fn(usize) -> bool| (0..ours.len()).filter(|row| flipped(*row)).count() as u64;
        let mut most: Option<SliceFlips> = None;
        for slice in by_slice(joined, &lost, &won) {
            if slice.right_to_wrong > most.as_ref().map_or(0, |most| most.right_to_wrong) {
                most = Some(slice);
            }
        }
        summaries.push(FlipSummary {
            set: set.clone(),
            rows: ours.len() as u64,
            right_to_wrong: count(&lost),
            wrong_to_right: count(&won),
            most,
        });
    }
    summaries
}

/// Every slice of every column, in that order, with its rows that are `lost` and `won`.
pub(super) fn by_slice(
    joined: &JoinedRows,
    lost: &dyn Fn(usize) -> bool,
    won: &dyn Fn(usize) -> bool,
) -> Vec<SliceFlips> {
    let mut found = Vec::new();
    for (name, column) in &joined.slices {
        let mut slices = vec![[0_u64; 3]; column.values.len()];
        for (row, value) in column.rows.iter().enumerate() {
            let slice = &mut slices[*value as usize];
            slice[0] += 1;
            slice[1] += u64::from(lost(row));
            slice[2] += u64::from(won(row));
        }
        let named = column.values.iter().zip(slices);
        found.extend(named.map(|(value, [rows, right_to_wrong, wrong_to_right])| SliceFlips {
            slice: format!("{name}={value}"),
            rows,
            right_to_wrong,
            wrong_to_right,
        }));
    }
    found
}

/// What the set's rules take for right: the first of them that says anything decides.
pub(super) fn right_by(rules: &[RuleRecord], task: Task, of: &SetName) -> MetricSpec {
    let about = |rule: &&RuleRecord| match &rule.measure {
        MeasureRecord::Metric { set, .. }
        | MeasureRecord::Flips { set, .. }
        | MeasureRecord::MustNotFlip { set, .. } => set.as_ref().is_none_or(|set| set == of),
        _ => false,
    };
    let plain = MetricSpec::new(Metric::ExactMatch);
    let rules = rules.iter().filter(about);
    let mut known = rules.filter_map(|rule| rightness::of_rule(rule, task).ok());
    // Half a word is neither right nor wrong; a rule that counts no classes has no threshold.
    known.find(|spec| spec.metric != Metric::TokenF1 && *spec != plain).unwrap_or(plain)
}
