//! Several versions side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{maybe, toned};
use super::super::html::{Column, Document, Text, Tone, column, words};
use super::{
    Curve, HistoryRow, Life, Quality, Samples, Sliced, Version, changes, document, history, life, quality, samples,
    slices as by_slice,
};
use crate::certify::wording::{grouped, significant};
use crate::format::certificate::ResultRecord;
use crate::format::snapshot::SnapshotRecord;

/// A row: its name, and a cell for each version.
type Row = (String, Vec<Text>);

pub(super) fn html(versions: &[Version]) -> String {
    let labels: Vec<&str> = versions.iter().map(|version| version.case.label.as_str()).collect();
    let mut page = document(&labels.join(", "));
    page.section("what", "What they are");
    across(&mut page, "Versions", versions, &facts(versions));
    lives(&mut page, versions);
    page.section("certificate", "Certificates, rule by rule");
    across(&mut page, "Every rule, and how it came out", versions, &rules(versions));
    histories(&mut page, versions);
    quality::section(&mut page, &overlaid(versions));
    slices(&mut page, versions);
    samples::section(&mut page, &sampled(versions));
    changed(&mut page, versions);
    page.section("values", "Metrics and parameters");
    let of = |view: fn(&SnapshotRecord) -> BTreeMap<String, String>| {
        versions.iter().map(|version| view(&version.case.record)).collect::<Vec<_>>()
    };
    let text = |map: &BTreeMap<String, crate::format::scalar::Scalar>| -> BTreeMap<String, String> {
        map.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
    };
    let metrics: Vec<_> = versions.iter().map(|version| text(&version.case.record.metrics)).collect();
    let params: Vec<_> = versions.iter().map(|version| text(&version.case.record.params)).collect();
    values(&mut page, "Metrics, as their training reported them", versions, &metrics);
    values(&mut page, "Parameters", versions, &params);
    page.section("data", "Data");
    values(&mut page, "SHA-256 of the training data", versions, &of(data));
    page.section("environment", "Code and environment");
    values(&mut page, "Code and seeds", versions, &of(code));
    values(&mut page, "Packages", versions, &of(packages));
    let head =
        versions.iter().map(|version| Text::plain(&format!("event {} of {}", version.case.head.0, version.case.label)));
    let lead = Text::plain("Versions of machine-learning models, side by side. As of ")
        .then(&Text::list(head))
        .then(&Text::plain("; times are UTC."));
    page.finish(&lead)
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
        .map(|(name, cells)| [Text::plain(name)].into_iter().chain(cells.iter().cloned()).collect())
        .collect();
    page.table(caption, &heads("", versions), &rows);
}

fn facts(versions: &[Version]) -> Vec<Row> {
    let row = |name: &str, cell: &dyn Fn(&Version) -> Text| (name.to_owned(), versions.iter().map(cell).collect());
    vec![
        row("snapshot", &|v| Text::code(&v.case.snapshot)),
        row("made", &|v| v.case.made.time.map_or_else(Text::default, Text::time)),
        row("by", &|v| Text::plain(&v.case.made.who)),
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

fn model_of(version: &Version) -> &str {
    version.case.label.rsplit_once('@').map_or(&version.case.label, |(model, _)| model)
}

/// One version of each model, the first; with all that are asked for marked.
fn of_each_model(versions: &[Version]) -> Vec<&Version> {
    let mut seen = BTreeSet::new();
    versions.iter().filter(|version| seen.insert(model_of(version))).collect()
}

fn lives(page: &mut Document, versions: &[Version]) {
    page.section("life", "Where they are in their lives");
    for first in of_each_model(versions) {
        let model = model_of(first);
        let own: Vec<(usize, &str)> = versions
            .iter()
            .enumerate()
            .filter(|(_, version)| model_of(version) == model)
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
        let mut merged = first.history.clone();
        let labels: Vec<&String> = versions.iter().map(|version| &version.case.label).collect();
        let mark = |row: &mut HistoryRow| row.is_own = labels.contains(&&row.label);
        merged.versions.iter_mut().for_each(mark);
        page.heading(&Text::plain(model_of(first)));
        page.charts(&history::charts(&merged));
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
            toned(result.verdict).then(&Text::plain(&value.unwrap_or_default()))
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
    let names: BTreeSet<&String> = maps.iter().flat_map(BTreeMap::keys).collect();
    if names.is_empty() {
        return;
    }
    let (mut differ, mut same): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for name in names {
        let found: Vec<Option<&String>> = maps.iter().map(|map| map.get(name)).collect();
        let is_same = found.windows(2).all(|pair| pair.first() == pair.last());
        let cells = found.iter().map(|value| value.map_or_else(Text::default, |value| Text::code(value))).collect();
        if is_same { same.push((name.clone(), cells)) } else { differ.push((name.clone(), cells)) }
    }
    across(page, &format!("{caption}: what differs"), versions, &differ);
    if differ.is_empty() {
        page.paragraph(&Text::plain(&format!("{caption}: nothing differs.")));
    }
    if !same.is_empty() {
        let summary = format!("{caption}: {} that are the same", grouped(same.len() as u64));
        page.folded(&summary, |page| across(page, caption, versions, &same));
    }
}

fn data(record: &SnapshotRecord) -> BTreeMap<String, String> {
    let digest = |data: &crate::format::snapshot::DataRecord| {
        data.sha256.map_or_else(|| "not known".to_owned(), |digest| digest.to_string())
    };
    record.data.iter().map(|data| (data.name.to_string(), digest(data))).collect()
}

fn code(record: &SnapshotRecord) -> BTreeMap<String, String> {
    let seeds = record.seeds.iter().map(|seed| (format!("seed {}", seed.name), seed.value.to_string()));
    let uncommitted = if record.code.dirty { "yes" } else { "no" };
    let mut all: BTreeMap<String, String> = seeds.collect();
    all.insert("uncommitted changes".to_owned(), uncommitted.to_owned());
    all.extend(record.code.commit.clone().map(|commit| ("commit".to_owned(), commit)));
    all.extend(record.argv.as_ref().map(|argv| ("command".to_owned(), argv.join(" "))));
    all
}

fn packages(record: &SnapshotRecord) -> BTreeMap<String, String> {
    let of_runtime = |runtime: &crate::format::snapshot::RuntimeRecord| {
        let own = (runtime.language.clone(), runtime.version.clone().unwrap_or_default());
        let packages = runtime.packages.iter();
        let packages = packages.map(|(name, version)| (format!("{}: {name}", runtime.language), version.clone()));
        [own].into_iter().chain(packages.collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    record.environment.runtimes.iter().flat_map(of_runtime).collect()
}

/// Each against the one before it on the page.
fn changed(page: &mut Document, versions: &[Version]) {
    page.section("changes", "What changed");
    let known = versions.iter().filter_map(|version| Some((version, version.changes.as_ref()?)));
    let mut is_none = true;
    for (version, changes) in known {
        is_none = false;
        page.heading(&Text::plain(&version.case.label));
        changes::one(page, changes);
    }
    if is_none {
        page.paragraph(&Text::plain("They are of models of their own: nothing is compared."));
    }
}

/// The slices of all versions, side by side.
fn slices(page: &mut Document, versions: &[Version]) {
    page.section("slices", "Slices");
    by_slice::of_predictions(page, &overlaid(versions), &[]);
}

/// The curves of all versions, set by set, in one chart each; slices, too.
fn overlaid(versions: &[Version]) -> Vec<Quality> {
    let mut sets: Vec<Quality> = Vec::new();
    for quality in versions.iter().flat_map(|version| &version.quality) {
        let Some(known) = sets.iter_mut().find(|known| known.set == quality.set) else {
            sets.push(quality.clone());
            continue;
        };
        known.rows = known.rows.max(quality.rows);
        known.notes.extend(quality.notes.iter().cloned());
        for sliced in &quality.slices {
            let same = |other: &&mut Sliced| other.column == sliced.column && other.metric == sliced.metric;
            match known.slices.iter_mut().find(same) {
                Some(other) => beside(other, sliced),
                None => known.slices.push(sliced.clone()),
            }
        }
        for curve in &quality.curves {
            let same = |other: &&mut Curve| other.kind == curve.kind && other.of == curve.of;
            match known.curves.iter_mut().find(same) {
                Some(other) => other.lines.extend(curve.lines.iter().cloned()),
                None => known.curves.push(curve.clone()),
            }
        }
    }
    sets
}

/// What another model comes to in the same slices; those that only it has come last.
fn beside(known: &mut Sliced, other: &Sliced) {
    for row in &other.rows {
        match known.rows.iter_mut().find(|own| own.slice == row.slice) {
            Some(own) => own.values.extend(row.values.iter().cloned()),
            None => known.rows.push(row.clone()),
        }
    }
}

fn sampled(versions: &[Version]) -> Vec<Samples> {
    let mut sets: Vec<Samples> = Vec::new();
    for samples in versions.iter().flat_map(|version| &version.samples) {
        match sets.iter_mut().find(|known| known.set == samples.set) {
            Some(known) => {
                known.lines.extend(samples.lines.iter().cloned());
                known.notes.extend(samples.notes.iter().cloned());
            }
            None => sets.push(samples.clone()),
        }
    }
    sets
}
