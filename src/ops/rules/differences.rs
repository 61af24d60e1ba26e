//! In what the rules that are stated differ from those in force: for people who wonder why theirs do not count.

use std::collections::BTreeSet;

use crate::format::differences::differences;
use crate::format::event::StageRulesRecord;
use crate::format::policy::PolicyRecord;

/// More differences than this say no more than these.
const MOST: usize = 12;

/// What a stage asks, in force and as stated: `from: [] → ["staging"]`.
pub(in crate::ops) fn of_stage(in_force: &StageRulesRecord, stated: &StageRulesRecord) -> Vec<String> {
    differences(in_force, stated)
}

/// Two policies, rule by rule: `rule auc: demand.margin: 0.02 → 0.9`.
pub(in crate::ops) fn of_policies(in_force: &PolicyRecord, stated: &PolicyRecord) -> Vec<String> {
    let ids = in_force.rules.iter().chain(&stated.rules).map(|rule| rule.id.as_str()).collect::<BTreeSet<_>>();
    let mut found = Vec::new();
    for id in ids {
        let rule = |policy: &PolicyRecord| policy.rules.iter().find(|rule| rule.id == id).cloned();
        match (rule(in_force), rule(stated)) {
            (Some(a), Some(b)) => {
                found.extend(differences(&a, &b).into_iter().map(|line| format!("rule {id}: {line}")));
            }
            (Some(_), None) => found.push(format!("rule {id}: in force, not stated")),
            (None, _) => found.push(format!("rule {id}: stated, not in force")),
        }
    }
    let without_rules = |policy: &PolicyRecord| PolicyRecord { rules: Vec::new(), ..policy.clone() };
    found.extend(differences(&without_rules(in_force), &without_rules(stated)));
    found.truncate(MOST);
    found
}
