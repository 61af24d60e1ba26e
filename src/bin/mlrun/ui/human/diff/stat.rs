//! A line for each section that differs: how much, and the number that says most.

use std::collections::BTreeMap;

use mlrun::compare::tensors::extent::Extent;
use mlrun::compare::{
    Change, Command, DataFacts, Diff, EnvironmentFact, FileFacts, Inside, Item, PredictionsDiff, Section, Sign,
    Verdict, compare_words,
};
use mlrun::format::scalar::Scalar;
use mlrun::ops::diff::DiffReport;

use super::super::super::lines::wrapped;
use super::super::super::{Label, Style, bytes, clean};
use super::super::{count, cut, exact};
use super::code::added_and_removed;
use super::{environment, title};

/// Sections as lines.
pub(super) fn stat(report: &DiffReport, style: &Style) -> String {
    let sections = report.diff.shown_sections();
    let width = sections.iter().map(|section| title(*section).len()).max().unwrap_or(0);
    let one = |section: &Section| {
        let name = title(*section);
        let room = " ".repeat(width - name.len());
        let line = wrapped(&line(&report.diff, *section, style), width + 4, width + 4);
        format!("  {}{room}  {line}\n", style.paint(Label::Strong, name))
    };
    sections.iter().map(one).collect()
}

fn line(diff: &Diff, section: Section, style: &Style) -> String {
    match section {
        Section::Metrics => metrics(diff, style),
        Section::Params => named(&diff.params),
        Section::Seeds => named(&diff.seeds),
        Section::Files => {
            let size = |facts: &Option<_>| facts.as_ref().map_or(0, |facts: &FileFacts| facts.size);
            let sum = |side: fn(&Item<FileFacts>) -> &Option<FileFacts>| {
                bytes(diff.files.iter().map(|item| size(side(item))).sum())
            };
            let (a, b) = (sum(|item| &item.a), sum(|item| &item.b));
            let sizes = if a == b { format!("{a} as before") } else { format!("{a} → {b}") };
            format!("{}, {sizes}", changes(&diff.files))
        }
        Section::Data => {
            let of_both = |item: &Item<DataFacts>| Some((item.a.as_ref()?.rows?, item.b.as_ref()?.rows?));
            let rows = diff.data.iter().find_map(|item| Some((&item.name, of_both(item)?)));
            let rows = rows.map_or_else(String::new, |(name, (a, b))| {
                let rows = if a == b {
                    format!("{} as before", count(a, "row"))
                } else {
                    format!("{a} → {}", count(b, "row"))
                };
                format!("; {} {rows}", cut(&clean(name), 24))
            });
            format!("{}{rows}", changes(&diff.data))
        }
        Section::Results => changes(&diff.other_results()),
        Section::Code => code(diff, style),
        Section::Environment => {
            let (items, of_another) = diff.environment_parts();
            let of_another = match of_another.len() as u64 {
                0 => None,
                n => Some(format!("{} of another interpreter", count(n, "package"))),
            };
            let telling =
                items.iter().min_by_key(|item| (environment::word(item) != "major", item.rank(), item.name.clone()));
            let value = |fact: &Option<EnvironmentFact>| {
                fact.as_ref().map_or_else(|| "none".to_owned(), |fact| cut(&clean(&fact.value), 12))
            };
            let first = telling.map_or_else(String::new, |item| {
                format!("; {} {} → {}", cut(&clean(&item.name), 24), value(&item.a), value(&item.b))
            });
            let own = (!items.is_empty()).then(|| format!("{}{first}", environment::kinds(&items)));
            own.into_iter().chain(of_another).collect::<Vec<_>>().join("; ")
        }
        Section::Command => command(diff),
        Section::Tensors => weights(diff, style),
        Section::Predictions => predictions(diff),
        Section::Notes => "differ".to_owned(),
    }
}

/// `3 changed, 1 added`.
pub(super) fn changes<T>(items: &[Item<T>]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    items.iter().for_each(|item| *counts.entry(item.change.name()).or_default() += 1);
    let parts =
        ["changed", "added", "removed", "renamed"].into_iter().filter_map(|name| Some((counts.get(name)?, name)));
    parts.map(|(n, name)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
}

/// One is named: the number that changed most, else the first value that is another.
fn named(items: &[Item<Scalar>]) -> String {
    let changed = || items.iter().find(|item| item.change == Change::Changed);
    let Some(first) = furthest(items).or_else(changed).or_else(|| items.first()) else { return String::new() };
    let value = |value: &Option<Scalar>| value.as_ref().map_or_else(|| "none".to_owned(), exact);
    let first = format!("{} {} → {}", cut(&clean(&first.name), 30), value(&first.a), value(&first.b));
    format!("{}; {first}", changes(items))
}

/// How many are better and worse; where numbers from predictions say so, theirs.
fn metrics(diff: &Diff, style: &Style) -> String {
    let verdict = |item: &Item<Scalar>| Verdict::of_reported(item, *diff.directions.get(&item.name)?);
    let reported = diff.metrics.iter().filter_map(verdict);
    let measured = diff.measured.iter().filter_map(|set| set.metrics.as_ref().ok()).flatten().map(Verdict::of_measured);
    let all: Vec<Verdict> = if diff.metrics.is_empty() { measured.collect() } else { reported.collect() };
    let number = |wanted: Verdict| all.iter().filter(|verdict| **verdict == wanted).count();
    let named = [(Verdict::Better, Label::Good, "better"), (Verdict::Worse, Label::Bad, "worse")];
    let told = named.into_iter().filter(|(verdict, ..)| number(*verdict) > 0);
    let told = told.map(|(verdict, label, word)| style.paint(label, &format!("{} {word}", number(verdict))));
    let mut parts: Vec<String> = told.collect();
    if !diff.metrics.is_empty() {
        parts.push(numbered(&diff.metrics, style));
    }
    if parts.is_empty() { "no clear difference".to_owned() } else { parts.join(", ") }
}

/// Rows that are right no more, and those that are now.
fn predictions(diff: &Diff) -> String {
    let of_set = |set: &PredictionsDiff| {
        let rows = set.rows.as_ref().and_then(|rows| rows.as_ref().ok());
        let sides = rows.and_then(|rows| rows.answers.as_ref().ok()?.sides.as_ref().ok()?.as_ref());
        let said = match sides {
            Some(sides) => format!("{} worse, {} better", sides.worse, sides.better),
            None if set.rows.is_none() => set.change.name().to_owned(),
            None => "differ".to_owned(),
        };
        format!("{} {said}", set.set)
    };
    diff.predictions.iter().map(of_set).collect::<Vec<_>>().join("; ")
}

/// Tensors that differ, and the one that changed most.
fn weights(diff: &Diff, style: &Style) -> String {
    let tensors = &diff.tensors;
    let of = |n: usize, what: &str| (n > 0).then(|| count(n as u64, what));
    let kinds = (!tensors.items.is_empty()).then(|| super::tensors::kinds(tensors).join(", "));
    let kinds = kinds.map(|kinds| format!("{}: {kinds}", count(tensors.items.len() as u64, "tensor")));
    let parts = [kinds, of(tensors.settings.len(), "hyper-parameter")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return if tensors.not_compared.is_empty() { "other bytes" } else { "not compared" }.to_owned();
    }
    let most = tensors.items.iter().min_by(|one, other| one.extent().largest_first(&other.extent()));
    let most = most.and_then(|item| {
        let name = cut(&clean(item.name()), 30);
        Some(match item.extent() {
            Extent::NotFinite(_) => format!("; {} in {name}", style.paint(Label::Bad, "other NaN or infinities")),
            Extent::Relative(relative) => format!("; {name} by {} of its norm", style.number(relative)),
            _ => return None,
        })
    });
    format!("{}{}", parts.join(", "), most.unwrap_or_default())
}

/// The number that changed most, as a part of what it was.
fn furthest(items: &[Item<Scalar>]) -> Option<&Item<Scalar>> {
    let part = |item: &Item<Scalar>| {
        let (a, b) = numbers(item)?;
        Some(if a == 0.0 { f64::INFINITY } else { ((b - a) / a).abs() })
    };
    let parts = items.iter().filter_map(|item| Some((part(item)?, item)));
    parts.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, item)| item)
}

fn numbers(item: &Item<Scalar>) -> Option<(f64, f64)> {
    Some((item.a.as_ref()?.finite()?, item.b.as_ref()?.finite()?))
}

/// The one that changed most is named.
fn numbered(items: &[Item<Scalar>], style: &Style) -> String {
    let most = furthest(items).and_then(|item| Some((item, numbers(item)?)));
    let most = most.map_or_else(String::new, |(item, (a, b))| {
        format!("; {} {} → {}", cut(&clean(&item.name), 30), style.number(a), style.number(b))
    });
    format!("{}{most}", changes(items))
}

fn code(diff: &Diff, style: &Style) -> String {
    let lines = diff.code.inside.values().map(|inside| match inside {
        Inside::Text(text) => (text.added, text.removed),
        Inside::Notebook(notebook) => notebook.lines(),
        Inside::Opaque(_) => (0, 0),
    });
    let (added, removed) = lines.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    match diff.code.files.is_empty() {
        true => "another commit, the same files".to_owned(),
        false => format!("{}, {}", changes(&diff.code.files), added_and_removed(added, removed, style)),
    }
}

fn command(diff: &Diff) -> String {
    let argv = |command: &Option<Command>| command.as_ref().map_or_else(Vec::new, |command| command.argv.clone());
    let Some((a, b)) = &diff.command else { return String::new() };
    let pieces = compare_words(&argv(a), &argv(b));
    let number =
        |wanted: Sign| pieces.iter().filter(|(sign, _)| *sign == wanted).map(|(_, words)| words.len() as u64).sum();
    match (number(Sign::Removed), number(Sign::Added)) {
        (0, 0) => "in another folder".to_owned(),
        (removed, added) => format!("{} away, {added} new", count(removed, "word")),
    }
}
