//! A line for each section that differs: how much, and the number that says most.

use std::collections::BTreeMap;

use mlrun::certify::{ColumnDrift, DataDrift};
use mlrun::compare::tensors::extent::Extent;
use mlrun::compare::{
    Change, Command, DataFacts, Diff, EnvironmentFact, EnvironmentKind, FileFacts, Inside, Item, PredictionsDiff,
    SMALL, STABLE, Section, SetMetrics, Sign, TableDiff, Verdict, compare_words, sort_settings,
};
use mlrun::format::scalar::Scalar;
use mlrun::ops::diff::DiffReport;

use super::super::super::lines::wrapped;
use super::super::super::terminal;
use super::super::super::{Label, Style, bytes, clean};
use super::super::{count, cut, exact};
use super::code::added_and_removed;
use super::metrics::signed;
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
        Section::Data => format!("{}{}{}", changes(&diff.data), rows(diff), drift(diff, style)),
        Section::Results => results(diff, style),
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
                if item.kind() == Some(EnvironmentKind::Lock) {
                    return format!("; another {}", shortened(&clean(item.name.trim_start_matches("lock:"))));
                }
                format!("; {} {} → {}", shortened(&clean(&item.name)), value(&item.a), value(&item.b))
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

/// A name that has a line of its own where the terminal is narrow.
fn shortened(name: &str) -> String {
    /// The longest name of a section, what is around it, and a sign behind the word.
    const BESIDE: usize = 16;
    const USUAL: usize = 30;
    cut(name, terminal::width().saturating_sub(BESIDE).min(USUAL))
}

/// `3 changed, 1 added`.
pub(super) fn changes<'i, T: 'i>(items: impl IntoIterator<Item = &'i Item<T>>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    items.into_iter().for_each(|item| *counts.entry(item.change.name()).or_default() += 1);
    let parts =
        ["changed", "added", "removed", "renamed"].into_iter().filter_map(|name| Some((counts.get(name)?, name)));
    parts.map(|(n, name)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
}

/// One is named: words that are others, then the number that changed most, a seed last of all.
fn named(items: &[Item<Scalar>]) -> String {
    let is_seed = |name: &str| {
        let name = name.to_lowercase();
        name.ends_with("seed") || name.ends_with("random_state")
    };
    let told: Vec<&Item<Scalar>> = items.iter().filter(|item| !is_seed(&item.name)).collect();
    let is_word = |item: &&&Item<Scalar>| matches!((&item.a, &item.b), (Some(Scalar::Text(_)), Some(Scalar::Text(_))));
    let changed = || items.iter().find(|item| item.change == Change::Changed);
    let first = told.iter().find(is_word).copied().or_else(|| furthest(&told));
    let all: Vec<&Item<Scalar>> = items.iter().collect();
    let Some(first) = first.or_else(|| furthest(&all)).or_else(changed).or_else(|| items.first()) else {
        return String::new();
    };
    let value = |value: &Option<Scalar>| match value {
        Some(text @ Scalar::Text(_)) => shortened(&exact(text)),
        Some(other) => exact(other),
        None => "none".to_owned(),
    };
    let first = format!("{} {} → {}", shortened(&clean(&first.name)), value(&first.a), value(&first.b));
    format!("{}; {first}", changes(items))
}

/// What was written down and follows from no rows; then what rows say.
fn metrics(diff: &Diff, style: &Style) -> String {
    let alone = diff.only_reported();
    let looks = |wanted: Verdict| {
        let verdict = |item: &&&Item<Scalar>| diff.verdict(item).map(|(verdict, _)| verdict) == Some(wanted);
        alone.iter().filter(verdict).count()
    };
    let told = [(looks(Verdict::Better), "better"), (looks(Verdict::Worse), "worse")].into_iter();
    let told = told.filter(|(number, _)| *number > 0);
    let mut parts: Vec<String> =
        told.map(|(number, word)| format!("{number} {} {word}", if number == 1 { "looks" } else { "look" })).collect();
    if !alone.is_empty() {
        parts.push(numbered(&alone, style));
    }
    let reported = (!parts.is_empty()).then(|| parts.join(", "));
    let of_sets = diff.measured.iter().filter_map(|set| of_set(set, style));
    reported.into_iter().chain(of_sets).collect::<Vec<_>>().join("; ")
}

/// `from test: 1 worse, roc_auc -0.0235`: what the intervals say, the clearly worse first.
fn of_set(set: &SetMetrics, style: &Style) -> Option<String> {
    let metrics = set.metrics.as_ref().ok()?;
    let of = |wanted: Verdict| metrics.iter().filter(move |metric| Verdict::of_measured(metric) == wanted);
    let named = [(Verdict::Worse, Label::Bad, "worse"), (Verdict::Better, Label::Good, "better")];
    let told = named.into_iter().filter_map(|(verdict, label, word)| {
        let first = of(verdict).find_map(|metric| Some((metric, metric.found.as_ref().ok()?)));
        let (metric, found) = first?;
        let number = of(verdict).count();
        let delta = signed(style.number(found.delta), found.delta);
        Some(format!(
            "{}, {} {delta}",
            style.paint(label, &format!("{number} {word}")),
            shortened(&clean(&metric.metric))
        ))
    });
    let mut told: Vec<String> = told.collect();
    if told.is_empty() && of(Verdict::NoClearDifference).next().is_some() {
        told.push("no clear difference".to_owned());
    }
    (!told.is_empty()).then(|| format!("from {}: {}", clean(set.set.as_str()), told.join("; ")))
}

/// `; train 3000 rows, 400 only now, 3000 changed`, of the first table of which that is known.
fn rows(diff: &Diff) -> String {
    let of_both = |item: &Item<DataFacts>| Some((item.a.as_ref()?.rows?, item.b.as_ref()?.rows?));
    let Some((item, (a, b))) = diff.data.iter().find_map(|item| Some((item, of_both(item)?))) else {
        return String::new();
    };
    let size = if a == b { count(a, "row") } else { format!("{a} → {}", count(b, "row")) };
    let table = diff.tables.get(&item.name);
    let changes = table.and_then(|table| table.rows.as_ref().ok()).map(|rows| &rows.changes);
    let told = match changes {
        Some(changes) => {
            let counts = [
                (changes.changed.unwrap_or(0), "changed"),
                (changes.added, "only in b"),
                (changes.removed, "only in a"),
            ];
            let counts = counts.into_iter().filter(|(number, _)| *number > 0);
            let told: Vec<String> = counts.map(|(number, what)| format!("{number} {what}")).collect();
            if told.is_empty() { "the same in what both have".to_owned() } else { told.join(", ") }
        }
        None if item.same_rows() => "the same, written otherwise".to_owned(),
        None => String::new(),
    };
    let told = if told.is_empty() { told } else { format!(", {told}") };
    format!("; {} {size}{told}", shortened(&clean(&item.name)))
}

/// `; 2 of 14 columns drifted, most age (psi 1.11)`, of the table in which one drifted furthest.
fn drift(diff: &Diff, style: &Style) -> String {
    let psi = psi_of;
    let furthest = |found: &DataDrift| {
        let known = found.columns.iter().filter_map(|column| Some((psi(column)?, column.name.clone())));
        known.max_by(|one, other| one.0.total_cmp(&other.0))
    };
    let tables = diff.tables.iter().filter_map(|(name, table)| Some((name, table.drift.as_ref().ok()?)));
    let tables = tables.filter_map(|(name, found)| Some((furthest(found)?, name, found)));
    let lost = diff.tables.values().filter_map(|table| table.drift.as_ref().ok()).flat_map(|found| &found.columns);
    let lost: Vec<_> = lost.filter(|column| column.psi.is_err() && column.nulls.0 != column.nulls.1).collect();
    let missing = lost.first().map_or_else(String::new, |column| {
        let more = if lost.len() > 1 { format!(" and {} more", lost.len() - 1) } else { String::new() };
        format!("; nulls of {}{more} {} → {}", shortened(&clean(&column.name)), column.nulls.0, column.nulls.1)
    });
    let missing = missing + &moved_means(diff, style);
    let Some(((most, column), name, found)) = tables.max_by(|one, other| one.0.0.total_cmp(&other.0.0)) else {
        return missing;
    };
    let place = if diff.tables.len() > 1 { format!(" of {}", shortened(&clean(name))) } else { String::new() };
    let all = count(found.columns.iter().filter(|column| psi(column).is_some()).count() as u64, "column");
    let drifted = found.columns.iter().filter(|column| psi(column).is_some_and(|psi| psi >= STABLE)).count();
    if drifted == 0 {
        return format!("; no drift in {all}{place} (psi below {STABLE}){missing}");
    }
    let (column, most) = (shortened(&clean(&column)), style.fixed(most, 2));
    format!("; {drifted} of {all}{place} drifted, most {column} (psi {most}){missing}")
}

/// `; mean of spend by 0.3 sd`, of what did not drift by its index.
fn moved_means(diff: &Diff, style: &Style) -> String {
    let of_table = |table: &TableDiff| -> Vec<(f64, String)> {
        let Ok(found) = &table.drift else { return Vec::new() };
        let is_stable = |column: &&ColumnDrift| psi_of(column).is_none_or(|psi| psi < STABLE);
        let mean = |column: &ColumnDrift| table.moves.get(&column.name)?.mean.filter(|by| by.abs() > SMALL);
        found.columns.iter().filter(is_stable).filter_map(|column| Some((mean(column)?, column.name.clone()))).collect()
    };
    let all: Vec<(f64, String)> = diff.tables.values().flat_map(of_table).collect();
    let Some((by, name)) = all.iter().max_by(|one, other| one.0.abs().total_cmp(&other.0.abs())) else {
        return String::new();
    };
    let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
    format!("; mean of {}{more} by {} sd", shortened(&clean(name)), signed(style.fixed(*by, 2), *by))
}

fn psi_of(column: &ColumnDrift) -> Option<f64> {
    column.psi.as_ref().ok().copied().filter(|psi| psi.is_finite())
}

/// Files, then the quantile of samples that people ask for first.
fn results(diff: &Diff, style: &Style) -> String {
    let found = &diff.of_results;
    let items = [found.files(), diff.other_results().as_slice()].concat();
    let files = (!items.is_empty()).then(|| changes(&items));
    let of_samples = found.samples.iter().map(|set| {
        let name = shortened(&clean(&set.set));
        let [_, high, _] = set.quantiles();
        let (Some(a), Some(b)) = (high.a, high.b) else { return format!("{name} {}", set.change.name()) };
        let part = high.relative().map_or_else(String::new, |part| format!(" ({} %)", style.signed(100.0 * part, 1)));
        format!("{name} {} {} → {}{part}", high.name(), style.number(a), style.number(b))
    });
    let elsewhere = files.is_none() && found.samples.is_empty();
    let elsewhere = elsewhere.then(|| format!("{} compared by what is in them", found.elsewhere.len()));
    files.into_iter().chain(of_samples).chain(elsewhere).collect::<Vec<_>>().join("; ")
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
    let mut files: BTreeMap<&str, Vec<&Item<Scalar>>> = BTreeMap::new();
    tensors.settings.iter().for_each(|setting| files.entry(&setting.file).or_default().push(&setting.item));
    let files: Vec<_> = files.into_values().map(sort_settings).collect();
    let of_another_class: Vec<_> = files.iter().flat_map(|sorted| &sorted.replaced).collect();
    let others = files.iter().map(|sorted| sorted.others.len()).sum();
    // What an estimator is says more than how many parameters came and went with its class.
    let class = |value: &Option<Scalar>| {
        let text = value.as_ref().map_or_else(|| "none".to_owned(), |value| clean(&value.to_string()));
        let text = text.trim_start_matches('<').trim_end_matches('>');
        shortened(text.rsplit('.').next().unwrap_or(text))
    };
    let replaced = of_another_class.first().map(|item| format!("{} → {}", class(&item.a), class(&item.b)));
    let more = match of_another_class.len().saturating_sub(1) as u64 {
        0 => None,
        n => Some(format!("{} more of another class", count(n, "estimator"))),
    };
    let parts = [replaced, more, of(others, "hyper-parameter"), kinds];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return if tensors.not_compared.is_empty() { "other bytes" } else { "not compared" }.to_owned();
    }
    let most = tensors.items.iter().min_by(|one, other| one.extent().largest_first(&other.extent()));
    let most = most.and_then(|item| {
        let name = shortened(&clean(item.name()));
        Some(match item.extent() {
            Extent::NotFinite(_) => format!("; {} in {name}", style.paint(Label::Bad, "other NaN or infinities")),
            Extent::Relative(relative) => format!("; {name} by {} of its norm", style.number(relative)),
            _ => return None,
        })
    });
    format!("{}{}", parts.join(", "), most.unwrap_or_default())
}

/// The number that changed most, as a part of what it was.
fn furthest<'i>(items: &[&'i Item<Scalar>]) -> Option<&'i Item<Scalar>> {
    let part = |item: &Item<Scalar>| {
        let (a, b) = numbers(item)?;
        Some(if a == 0.0 { f64::INFINITY } else { ((b - a) / a).abs() })
    };
    let parts = items.iter().filter_map(|item| Some((part(item)?, *item)));
    parts.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, item)| item)
}

fn numbers(item: &Item<Scalar>) -> Option<(f64, f64)> {
    Some((item.a.as_ref()?.finite()?, item.b.as_ref()?.finite()?))
}

/// The one that changed most is named.
fn numbered(items: &[&Item<Scalar>], style: &Style) -> String {
    let most = furthest(items).and_then(|item| Some((item, numbers(item)?)));
    let most = most.map_or_else(String::new, |(item, (a, b))| {
        format!("; {} {} → {}", shortened(&clean(&item.name)), style.number(a), style.number(b))
    });
    format!("{}{most}", changes(items.iter().copied()))
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
