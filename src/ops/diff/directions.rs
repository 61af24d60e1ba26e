//! Which way of each metric is better, as the project says.

use std::collections::BTreeMap;

use super::Pair;
use crate::compare::{self, Diff, Direction, Section};
use crate::format::policy::{self as format, MeasureRecord};
use crate::ops::chain;
use crate::ops::gc::keep::Best;

/// Puts the direction of every metric that differs into `diff`: a rule's word counts most, then what `keep` says.
pub(super) fn tell(pair: &Pair<'_>, diff: &mut Diff, remarks: &mut Vec<String>) {
    if diff.metrics.is_empty() || !pair.sections.has(Section::Metrics) {
        return;
    }
    let mut known: BTreeMap<String, Direction> = BTreeMap::new();
    let section = pair.repository.section(&pair.b.model);
    if let Some(best) = section.and_then(|section| section.keep.as_ref()?.best.as_deref()) {
        match Best::parse(best) {
            Ok(best) => {
                let direction = if best.lowest { Direction::Lower } else { Direction::Higher };
                known.insert(best.metric, direction);
            }
            Err(error) => remarks.push(chain(&error)),
        }
    }
    for rule in pair.policy.iter().flat_map(|policy| &policy.rules) {
        if let MeasureRecord::Reported { name, better } = &rule.measure {
            let direction = match better {
                format::Direction::Higher => Direction::Higher,
                format::Direction::Lower => Direction::Lower,
            };
            known.insert(name.clone(), direction);
        }
    }
    diff.directions = compare::directions(diff.metrics.iter().map(|item| &item.name), &known);
}
