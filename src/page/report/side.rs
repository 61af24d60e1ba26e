//! Several versions side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{self, maybe, toned};
use super::super::html::{Column, Document, Text, Tone, column, shorten, words};
use super::{
    Life, MOST_METRICS, Version, changes, data as profiles, document, history, life, metrics, model_of, overlaid,
    quality, recorded, samples, slices as by_slice, tensors,
};
use crate::certify::wording::{grouped, significant};
use crate::format::certificate::ResultRecord;
use crate::format::policy::Severity;
use crate::format::snapshot::SnapshotRecord;

/// A row: its name, and a cell for each version.
type Row = (String, Vec<Text>);

pub(super) fn html(versions: &[Version]) -> String {
    let labels: Vec<&str> = versions.iter().map(|version| version.case.label.as_str()).collect();
    let mut page = document(&labels.join(", "));
    summary(&mut page, versions);
    page.section("what", "What they are");
    across(&mut page, "Versions", versions, &facts(versions));
    metrics::section(&mut page, versions);
    page.section("certificate", "Certificates, rule by rule");
    across(&mut page, "Every rule, and how it came out", versions, &rules(versions));
    lives(&mut page, versions);
    changed(&mut page, versions);
    let sets = overlaid::quality(versions);
    page.section("slices", "Slices");
    by_slice::of_predictions(&mut page, &sets, &[]);
    quality::section(&mut page, &sets);
    samples::section(&mut page, &overlaid::samples(versions));
    layers(&mut page, versions);
    histories(&mut page, versions);
    page.section("values", "Parameters");
    let of = |view: fn(&SnapshotRecord) -> BTreeMap<String, String>| {
        versions.iter().map(|version| view(&version.case.record)).collect::<Vec<_>>()
    };
    beside_changes(&mut page, "Parameters", versions, &of(recorded::params));
    page.section("data", "Data");
    values(&mut page, "SHA-256 of the training data", versions, &of(recorded::data));
    tables(&mut page, versions);
    page.section("environment", "Code and environment");
    values(&mut page, "Code and seeds", versions, &of(recorded::code));
    beside_changes(&mut page, "Packages", versions, &of(recorded::packages));
    let head =
        versions.iter().map(|version| Text::plain(&format!("event {} of {}", version.case.head.0, version.case.label)));
    let lead = Text::plain(
        "Versions of machine-learning models, side by side; what is different is told from the first on. As of ",
    )
    .then(&Text::list(head))
    .then(&Text::plain("; times are UTC."));
    page.finish(&lead)
}

/// Of each: whether it is good, and where it is; then of each but the first, how its metrics are different.
fn summary(page: &mut Document, versions: &[Version]) {
    let standing = versions.iter().enumerate().map(|(place, version)| {
        let case = &version.case;
        // Who else holds a stage is told of once.
        let others = if place == 0 { holders_beside(versions) } else { Vec::new() };
        let mut lines = case::is_it_good(case, &[]);
        lines.extend(case::where_is_it(case, &others));
        (case.label.clone(), lines)
    });
    let difference = |place: usize| {
        let (first, later) = (versions.first()?, versions.get(place)?);
        let question = format!("{} against {}", later.case.label, first.case.label);
        Some((question, metrics::foremost(versions, place, MOST_METRICS)))
    };
    let answers: Vec<(String, Vec<Text>)> = standing.chain((1..versions.len()).filter_map(difference)).collect();
    page.summary(&answers.iter().map(|(question, lines)| (question.as_str(), lines.clone())).collect::<Vec<_>>());
}

/// Stages that are held by none of these versions, and by which.
fn holders_beside(versions: &[Version]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for version in versions {
        let model = model_of(&version.case.label);
        for (stage, holder) in life::holders(&version.life) {
            let label = format!("{model}@{holder}");
            if versions.iter().all(|other| other.case.label != label)
                && !found.contains(&(stage.clone(), label.clone()))
            {
                found.push((stage, label));
            }
        }
    }
    found
}

fn heads(first: &'static str, versions: &[Version]) -> Vec<Column> {
    let named = versions.iter().map(|version| column(&version.case.label, false));
    [words(first)].into_iter().chain(named).collect()
}

/// What is known of none of them is no row.
fn across(page: &mut Document, caption: &str, versions: &[Version], rows: &[Row]) {
    let rows: Vec<Vec<Text>> = rows
        .iter()
        .filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()))
        .map(|(name, cells)| [Text::plain(&shorten(name))].into_iter().chain(cells.iter().cloned()).collect())
        .collect();
    page.table(caption, &heads("", versions), &rows);
}

fn facts(versions: &[Version]) -> Vec<Row> {
    let row = |name: &str, cell: &dyn Fn(&Version) -> Text| (name.to_owned(), versions.iter().map(cell).collect());
    vec![
        row("snapshot", &|v| Text::code(&v.case.snapshot)),
        row("made", &|v| v.case.made.time.map_or_else(Text::default, Text::time)),
        row("by", &|v| Text::plain(&v.case.made.who)),
        row("model", &|v| {
            let files = case::model::files(&v.case).filter(|file| file.class.is_some() || file.tensors.is_some());
            Text::list(files.take(MOST_METRICS).map(|file| Text::plain(&shorten(&case::model::what_it_holds(file)))))
        }),
        row("not its own", &|v| Text::list(v.stale.iter().map(|words| Text::toned(Tone::Open, words)))),
        row("notes", &|v| maybe(v.case.record.notes.as_ref())),
        row("in", &|v| {
            let held = v.case.stays.iter().filter(|stay| stay.until.is_none());
            Text::list(held.map(|stay| Text::plain(&stay.stage)))
        }),
        row("certificate", &|v| match &v.case.certificate {
            Some(known) => toned(known.statement.predicate.verdict),
            None => Text::toned(Tone::Open, "none"),
        }),
        row("compared with", &|v| maybe(v.case.certificate.as_ref().and_then(|known| known.baseline.as_ref()))),
        row("files", &|v| Text::plain(&grouped(v.case.record.model_files.files))),
        row("bytes", &|v| Text::plain(&grouped(v.case.record.model_files.bytes))),
        row("kept out of", &|v| Text::list(v.case.blocks.iter().map(|(stage, ..)| Text::toned(Tone::Bad, stage)))),
        row("not kept", &|v| Text::list(v.case.missing.iter().map(|(what, _)| Text::code(what)))),
    ]
}

/// One version of each model, the first; with all that are asked for marked.
fn of_each_model(versions: &[Version]) -> Vec<&Version> {
    let mut seen = BTreeSet::new();
    versions.iter().filter(|version| seen.insert(model_of(&version.case.label))).collect()
}

fn lives(page: &mut Document, versions: &[Version]) {
    page.section("life", "Where they are in their lives");
    for first in of_each_model(versions) {
        let model = model_of(&first.case.label);
        let own: Vec<(usize, &str)> = versions
            .iter()
            .enumerate()
            .filter(|(_, version)| model_of(&version.case.label) == model)
            .filter_map(|(place, version)| Some((place, version.case.label.rsplit_once('@')?.1)))
            .collect();
        let mut life: Life = first.life.clone();
        for stretch in life.lanes.iter_mut().flat_map(|lane| &mut lane.stretches) {
            stretch.own = own.iter().find(|(_, name)| *name == stretch.name).map(|(place, _)| *place);
        }
        page.heading(&Text::plain(model));
        page.charts(&life::chart(&life, &format!("Stages of {model} over time")));
        life::folded(page, &life);
    }
}

fn histories(page: &mut Document, versions: &[Version]) {
    page.section("history", "Metrics over versions");
    for first in of_each_model(versions) {
        let model = model_of(&first.case.label);
        page.heading(&Text::plain(model));
        let history = overlaid::history(model, versions);
        page.charts(&history::charts(&history));
        page.folded("The numbers of these charts", |page| history::table(page, &history));
    }
}

fn rules(versions: &[Version]) -> Vec<Row> {
    let name = |result: &ResultRecord| match &result.slice {
        Some(slice) => format!("{} [{slice}]", result.rule),
        None => result.rule.clone(),
    };
    let results = |version: &Version| -> Vec<(String, ResultRecord)> {
        let known = version.case.certificate.as_ref();
        let results = known.map(|known| known.statement.predicate.results.clone()).unwrap_or_default();
        results.into_iter().map(|result| (name(&result), result)).collect()
    };
    let all: Vec<Vec<(String, ResultRecord)>> = versions.iter().map(results).collect();
    let mut order: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, _) in all.iter().flatten() {
        if seen.insert(name.clone()) {
            order.push(name.clone());
        }
    }
    let cell = |found: Option<&(String, ResultRecord)>| {
        found.map_or_else(Text::default, |(_, result)| {
            let baseline = result.baseline.map(|value| format!(" (baseline {})", significant(value)));
            let value =
                result.candidate.map(|value| format!(" {}{}", significant(value), baseline.unwrap_or_default()));
            let warns = if result.severity == Severity::Warn { " (does not block)" } else { "" };
            toned(result.verdict).then(&Text::plain(&format!("{warns}{}", value.unwrap_or_default())))
        })
    };
    order
        .into_iter()
        .map(|rule| {
            let cells = all.iter().map(|results| cell(results.iter().find(|(name, _)| *name == rule))).collect();
            (rule, cells)
        })
        .collect()
}

/// Names and values of several versions: those that differ, then the others, folded away.
fn values(page: &mut Document, caption: &str, versions: &[Version], maps: &[BTreeMap<String, String>]) {
    let (differ, same) = sorted(maps);
    across(page, &format!("{caption}: what differs"), versions, &differ);
    the_same(page, caption, versions, (&differ, &same));
}

/// The same, where what differs between two stands with what changed already.
fn beside_changes(page: &mut Document, caption: &str, versions: &[Version], maps: &[BTreeMap<String, String>]) {
    let (differ, same) = sorted(maps);
    let is_told = matches!(versions, [_, second] if second.changes.is_some());
    if !is_told {
        values(page, caption, versions, maps);
        return;
    }
    if !differ.is_empty() {
        let differing = format!("{caption}: what differs ({}) stands under ", grouped(differ.len() as u64));
        page.paragraph(&Text::plain(&differing).then(&Text::within("changes", "What changed")).then(&Text::plain(".")));
    }
    the_same(page, caption, versions, (&differ, &same));
}

/// Those that differ, and those that do not.
fn sorted(maps: &[BTreeMap<String, String>]) -> (Vec<Row>, Vec<Row>) {
    let names: BTreeSet<&String> = maps.iter().flat_map(BTreeMap::keys).collect();
    let (mut differ, mut same): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for name in names {
        let found: Vec<Option<&String>> = maps.iter().map(|map| map.get(name)).collect();
        let is_same = found.windows(2).all(|pair| pair.first() == pair.last());
        let cells =
            found.iter().map(|value| value.map_or_else(Text::default, |value| Text::code(&shorten(value)))).collect();
        if is_same { same.push((name.clone(), cells)) } else { differ.push((name.clone(), cells)) }
    }
    (differ, same)
}

fn the_same(page: &mut Document, caption: &str, versions: &[Version], (differ, same): (&[Row], &[Row])) {
    if differ.is_empty() && !same.is_empty() {
        page.paragraph(&Text::plain(&format!("{caption}: nothing differs.")));
    }
    if !same.is_empty() {
        let summary = format!("{caption}: {} that are the same", grouped(same.len() as u64));
        page.folded(&summary, |page| across(page, caption, versions, same));
    }
}

/// Each against the first: who chooses among several holds all of them against the same, and so do the other sections of the page. What
/// changed from each to the next is a page of those two.
fn changed(page: &mut Document, versions: &[Version]) {
    page.section("changes", "What changed");
    for version in versions.iter().skip(1) {
        page.heading(&Text::plain(&version.case.label));
        match &version.changes {
            Some(changes) => changes::beside_metrics(page, changes),
            None => page.paragraph(&Text::plain("It cannot be compared.")),
        }
    }
}

fn layers(page: &mut Document, versions: &[Version]) {
    let known: Vec<_> = versions.iter().filter_map(|version| Some((version, version.tensors.as_ref()?))).collect();
    if known.is_empty() {
        return;
    }
    page.section("tensors", "Tensor changes by layer");
    for (version, found) in known {
        page.heading(&Text::plain(&version.case.label));
        tensors::one(page, found);
    }
}

/// The profiles of each but the first, with how far they are from the first one's; of that the tables that no other has.
fn tables(page: &mut Document, versions: &[Version]) {
    let Some((first, later)) = versions.split_first() else { return };
    let is_known = |name: &str| later.iter().flat_map(|version| &version.data).any(|table| table.name == name);
    for version in later {
        page.heading(&Text::plain(&version.case.label));
        profiles::tables(page, &version.data);
        if version.data.is_empty() {
            page.paragraph(&Text::plain("There is no profile of its data."));
        }
    }
    let alone: Vec<_> = first.data.iter().filter(|table| !is_known(&table.name)).cloned().collect();
    if !alone.is_empty() {
        page.heading(&Text::plain(&first.case.label));
        profiles::tables(page, &alone);
    }
}
