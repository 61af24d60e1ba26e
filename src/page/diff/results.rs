//! Results: files by name, notebooks by cell, samples by their quantiles.

use super::super::escape;
use super::code::{cells, folded};
use super::numbers::signed;
use super::tables::{change, file};
use super::{Lines, SECTION, name};
use crate::certify::wording::{grouped, significant};
use crate::compare::{Change, Diff, FileFacts, Inside, Item, ResultsDiff, SamplesDiff};

/// Files named that are compared elsewhere.
const ELSEWHERE: usize = 20;

/// Tables of files and of samples.
pub(super) fn results(diff: &Diff) -> String {
    let found = &diff.of_results;
    let others = diff.other_results();
    let mut parts = Vec::new();
    if !(found.files().is_empty() && others.is_empty()) {
        let mut lines = Lines::new(SECTION);
        lines.add("| result | | was | is | |\n|---|---|---|---|---|\n".to_owned());
        let shown = |value: &Option<FileFacts>| value.as_ref().map_or_else(String::new, |facts| name(&file(facts)));
        for item in found.files().iter().chain(&others) {
            let inside = found.inside.get(&item.name).map_or_else(String::new, |inside| said(item, inside));
            let (a, b, how) = (shown(&item.a), shown(&item.b), change(&item.change));
            lines.add(format!("| {} | {how} | {a} | {b} | {inside} |\n", name(&item.name)));
        }
        parts.push(lines.text("results"));
    }
    if !found.elsewhere.is_empty() {
        let named = found.elsewhere.iter().take(ELSEWHERE);
        let named: Vec<String> = named.map(|(item, what)| format!("{} ({})", name(&item.name), name(what))).collect();
        let more = match found.elsewhere.len().saturating_sub(ELSEWHERE) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        parts.push(format!("Compared by what is in them: {}{more}.\n", named.join(", ")));
    }
    parts.extend(found.samples.iter().map(samples));
    parts.join("\n")
}

/// What is in notebooks, folded away, as far as there is room.
pub(super) fn insides(found: &ResultsDiff, room: &mut usize) -> String {
    let notebooks = found.files().iter().filter(|item| item.change == Change::Changed);
    let notebooks = notebooks.filter_map(|item| match found.inside.get(&item.name) {
        Some(inside @ Inside::Notebook(_)) => Some((item, inside)),
        _ => None,
    });
    folded(notebooks, room)
}

/// Of a file that is all new or all gone its size says enough.
fn said(item: &Item<FileFacts>, inside: &Inside) -> String {
    match inside {
        Inside::Notebook(notebook) => cells(notebook),
        Inside::Text(text) if item.change == Change::Changed => format!("+{} −{} lines", text.added, text.removed),
        Inside::Opaque(why) if why != "binary" => name(why),
        Inside::Text(_) | Inside::Opaque(_) => String::new(),
    }
}

fn samples(set: &SamplesDiff) -> String {
    let mut text = String::new();
    let title = format!("samples.{}", name(&set.set));
    let [a, b] = set.known();
    if a.is_some() || b.is_some() {
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), significant);
        let size = |side: Option<u64>| side.map_or_else(|| "–".to_owned(), grouped);
        text += &format!("| {title}, {} | was | is | Δ | |\n|---|---:|---:|---:|---:|\n", name(&set.column));
        text += &format!("| n | {} | {} | | |\n", size(a.map(|a| a.n)), size(b.map(|b| b.n)));
        for quantile in set.quantiles() {
            let delta = quantile.delta().map_or_else(String::new, signed);
            let part = quantile.relative().map_or_else(String::new, |part| format!("{} %", signed(100.0 * part)));
            let (a, b) = (number(quantile.a), number(quantile.b));
            text += &format!("| {} | {a} | {b} | {delta} | {part} |\n", quantile.name());
        }
    } else {
        text += &format!("- {title}: {}\n", set.change.name());
    }
    let reasons = set.reasons().into_iter();
    let reasons: String =
        reasons.map(|reason| format!("- {title}: not compared: {}\n", escape::markdown(reason, 300))).collect();
    match (a.or(b), reasons.is_empty()) {
        (Some(_), false) => format!("{text}\n{reasons}"),
        _ => text + &reasons,
    }
}
