//! What is different between two stored versions, for a page: what records say, and what is inside of the code.

use std::collections::BTreeMap;

use super::tensors;
use crate::compare::{self, Direction};
use crate::format::checkpoint::VersionRow;
use crate::format::policy::{self as format, MeasureRecord, PolicyRecord};
use crate::ops::chain;
use crate::ops::diff::code::{CodeFiles, CodeSide, look_inside};
use crate::ops::diff::{DiffOptions, diff};
use crate::ops::resolve::Found;
use crate::ops::workspace::stored_side;
use crate::page::report::{Changes, Tensors};
use crate::progress::Silent;
use crate::registry::State;
use crate::repository::Repository;

/// What there is to tell of it.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) repository: &'a Repository,
    pub(super) state: &'a State,
    /// What is gone by now.
    pub(super) now: &'a State,
    /// Which says of some metrics which way is better.
    pub(super) policy: Option<&'a PolicyRecord>,
    /// Whether files of code are looked into.
    pub(super) with_code: bool,
}

/// From one version to another; none where one of the two cannot be read any more.
pub(super) fn changes(of: &Telling<'_>, before: &VersionRow, after: &VersionRow) -> Option<Changes> {
    let found = |row: &VersionRow| Found { state: of.state.clone(), row: *row };
    let (before, after) = (found(before), found(after));
    let (a, b) = (stored_side(of.repository, &before).ok()?, stored_side(of.repository, &after).ok()?);
    let mut diff = compare::compare(&a, &b);
    diff.directions = compare::directions(diff.metrics.iter().map(|item| &item.name), &said(of.policy));
    if of.with_code {
        let files = |row: &VersionRow| CodeFiles::Stored { erased: of.now.erased_files(row.version) };
        let (old, new) = (files(&before.row), files(&after.row));
        let (a, b) = (CodeSide { side: &a, files: &old }, CodeSide { side: &b, files: &new });
        look_inside(of.repository, a, b, &mut diff.code);
    }
    Some(Changes { before: before.label(), diff, notes: Vec::new() })
}

/// From one version of a page to another, with everything that `diff` looks into, and what changed in tensors. Where that cannot be read
/// and both are of one model, what their records say, and why not more.
pub(super) fn between(of: &Telling<'_>, before: &Found, after: &Found) -> (Option<Changes>, Option<Tensors>) {
    // `diff` reads what is attached to both by now.
    let is_of_model = |found: &&Found| found.state.model == of.now.model;
    let count = |state: &State, row: &VersionRow| state.attached_to(row.version).count();
    let is_past = |found: &Found| count(&found.state, &found.row) != count(of.now, &found.row);
    if [before, after].iter().copied().filter(is_of_model).any(is_past) {
        let known = (before.state.model == after.state.model).then(|| changes(of, &before.row, &after.row)).flatten();
        let note = "only what their records say is compared: evidence was attached later".to_owned();
        return (known.map(|known| Changes { notes: vec![note], ..known }), None);
    }
    let options = DiffOptions { a: Some(before.label()), b: Some(after.label()), ..DiffOptions::default() };
    match diff(of.repository, &options, &Silent) {
        Ok(found) => {
            let erased = found
                .erased
                .iter()
                .map(|(label, part)| format!("{label}: `{}` was {}", part.row.what.name(), part.why()));
            let unread = found.unread.iter().map(|one| format!("not compared: {}", one.reason));
            // Whose results are another model's is said where these are shown.
            let remarks = found.remarks.iter().filter(|remark| !found.of_another.contains(remark));
            let notes = erased.chain(unread).chain(remarks.cloned()).collect();
            let tensors = tensors::told(found.a.clone(), &found.diff.tensors);
            (Some(Changes { before: found.a, diff: found.diff, notes }), Some(tensors))
        }
        Err(error) => {
            let known =
                (before.state.model == after.state.model).then(|| changes(of, &before.row, &after.row)).flatten();
            let note = format!("only what their records say is compared: {}", chain(&error));
            (known.map(|known| Changes { notes: vec![note], ..known }), None)
        }
    }
}

fn said(policy: Option<&PolicyRecord>) -> BTreeMap<String, Direction> {
    let rules = policy.into_iter().flat_map(|policy| &policy.rules);
    let of = |rule: &format::RuleRecord| match &rule.measure {
        MeasureRecord::Reported { name, better: format::Direction::Higher } => Some((name.clone(), Direction::Higher)),
        MeasureRecord::Reported { name, better: format::Direction::Lower } => Some((name.clone(), Direction::Lower)),
        _ => None,
    };
    rules.filter_map(of).collect()
}
