//! Several versions as one document of Markdown: how each stands, metrics, what changed, where each comes from.

use std::collections::BTreeMap;

use super::super::case::Case;
use super::super::diff::{DiffPage, diff, difference, signed};
use super::card::{digest, section, slices, words};
use super::metrics::{self, NOT_REPORTED, Reported, word};
use super::{Changes, MARK_CARDS, Version, overlaid, recorded};
use crate::certify::wording::{count, grouped, significant};
use crate::compare::{Diff, Section, Sections, SetMetrics, Verdict};
use crate::format::certificate::Verdict as Certified;
use crate::format::snapshot::{RuntimeRecord, SnapshotRecord};

/// The document.
pub(super) fn markdown(versions: &[Version]) -> String {
    let labels: Vec<String> = versions.iter().map(|version| words(&version.case.label)).collect();
    let mut text = format!("{MARK_CARDS}\n\n# {}\n\n", labels.join(", "));
    let mut told: Vec<&String> = Vec::new();
    for description in versions.iter().filter_map(|version| version.description.as_ref()) {
        if !told.contains(&description) {
            told.push(description);
            text += &format!("{}\n\n", words(description));
        }
    }
    let heads = || std::iter::once("").chain(labels.iter().map(String::as_str)).collect::<Vec<_>>();
    section(&mut text, "How they stand", &heads(), &across(versions, &standing()));
    reported(&mut text, versions, &labels);
    for version in versions.iter().skip(1) {
        changed_beside_metrics(&mut text, version);
    }
    slices(&mut text, &overlaid::quality(versions));
    section(&mut text, "Where they come from", &heads(), &across(versions, &provenance(versions)));
    text
}

/// Names and values of a record.
type View = fn(&SnapshotRecord) -> BTreeMap<String, String>;

/// What a row is called, and its cell for a version.
type Row<'a> = (String, Box<dyn Fn(&Version) -> String + 'a>);

/// Rows of which some version has something.
fn across(versions: &[Version], rows: &[Row<'_>]) -> Vec<Vec<String>> {
    let cells = |(name, cell): &Row<'_>| {
        let cells: Vec<String> = versions.iter().map(cell).collect();
        let is_known = cells.iter().any(|cell| !cell.is_empty());
        is_known.then(|| std::iter::once(words(name)).chain(cells).collect())
    };
    rows.iter().filter_map(cells).collect()
}

fn row<'a>(name: &str, cell: impl Fn(&Case) -> String + 'a) -> Row<'a> {
    (name.to_owned(), Box::new(move |version| cell(&version.case)))
}

fn standing() -> Vec<Row<'static>> {
    vec![
        row("certificate", |case| match &case.certificate {
            Some(known) => {
                let verdict = known.statement.predicate.verdict;
                let verdict = match verdict {
                    Certified::Pass => verdict.words().to_owned(),
                    other => format!("**{}**", other.words()),
                };
                format!("{verdict}{}", if known.proposed { ", by rules that are not in force" } else { "" })
            }
            None => "none".to_owned(),
        }),
        row("judged against", |case| {
            case.certificate.as_ref().and_then(|known| known.baseline.as_deref()).map_or_else(String::new, words)
        }),
        row("counts until", |case| {
            let counts = |verdict| matches!(verdict, Certified::Pass | Certified::Waived);
            let known = case.certificate.as_ref().filter(|known| counts(known.statement.predicate.verdict));
            known.map_or_else(String::new, |known| known.expires.for_people())
        }),
        row("in", |case| {
            let held: Vec<String> =
                case.stays.iter().filter(|stay| stay.until.is_none()).map(|stay| words(&stay.stage)).collect();
            if held.is_empty() { "no stage".to_owned() } else { held.join(", ") }
        }),
        row("kept out of", |case| {
            let blocks = case.blocks.iter().map(|(stage, why, _)| format!("**{}**: {}", words(stage), words(why)));
            blocks.collect::<Vec<_>>().join("; ")
        }),
        row("notes", |case| case.record.notes.as_deref().map_or_else(String::new, words)),
    ]
}

fn reported(text: &mut String, versions: &[Version], labels: &[String]) {
    let known = metrics::reported(versions);
    let mut heads = vec!["metric".to_owned()];
    for (place, label) in labels.iter().enumerate() {
        heads.push(label.clone());
        if place > 0 {
            heads.extend(["Δ".to_owned(), String::new()]);
        }
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let title = format!("Metrics, as their training reported them ({NOT_REPORTED})");
    section(text, &title, &heads, &known.iter().map(cells).collect::<Vec<_>>());
    for version in versions.iter().skip(1) {
        for set in version.changes.iter().flat_map(|changes| &changes.diff.measured) {
            measured(text, (labels.first().map_or("", String::as_str), &words(&version.case.label)), set);
        }
    }
}

fn cells(row: &Reported<'_>) -> Vec<String> {
    let mut cells = vec![words(row.name)];
    for (place, value) in row.values.iter().enumerate() {
        cells.push(match value {
            None => "–".to_owned(),
            Some(value) => value.finite().map_or_else(|| words(&value.to_string()), significant),
        });
        if let Some(step) = place.checked_sub(1).and_then(|place| row.steps.get(place)) {
            cells.push(step.delta.as_ref().map_or_else(String::new, difference));
            let word = |(verdict, is_measured)| {
                if is_measured { weighed(verdict) } else { metrics::looks(verdict).to_owned() }
            };
            cells.push(step.verdict.map_or_else(String::new, word));
        }
    }
    cells
}

fn weighed(verdict: Verdict) -> String {
    if verdict == Verdict::Worse { format!("**{}**", word(verdict)) } else { word(verdict).to_owned() }
}

fn measured(text: &mut String, (first, later): (&str, &str), set: &SetMetrics) {
    let title = format!("Metrics from the predictions of {}", words(set.set.as_str()));
    let found = match metrics::measured(set) {
        Ok(found) => found,
        Err(why) => {
            *text += &format!("## {title}\n\n{first} and {later} cannot be compared: {}\n\n", words(why));
            return;
        }
    };
    let rows = found.iter().map(|metric| match &metric.metric.found {
        Ok(found) => vec![
            words(&metric.name),
            significant(found.baseline),
            significant(found.candidate),
            signed(found.delta),
            format!("{} to {}", signed(found.lower), signed(found.upper)),
            weighed(metric.verdict),
        ],
        Err(why) => {
            let none = || "n/a".to_owned();
            vec![words(&metric.name), none(), none(), String::new(), String::new(), words(why)]
        }
    });
    let interval = format!("{} % interval", significant(100.0 * set.confidence));
    section(text, &title, &["metric", first, later, "Δ", &interval, ""], &rows.collect::<Vec<_>>());
}

/// Everything but metrics, which stand above: as a comparison shows it.
fn changed_beside_metrics(text: &mut String, version: &Version) {
    let Some(changes) = &version.changes else {
        *text += &format!("## What changed\n\n{} cannot be compared.\n\n", words(&version.case.label));
        return;
    };
    let rest = Sections::only(Section::ALL.into_iter().filter(|section| *section != Section::Metrics));
    let shown = Diff { metrics: Vec::new(), measured: Vec::new(), ..changes.diff.clone() };
    as_diff(text, version, changes, (&shown, &rest));
}

/// Everything that changed since what a version is held against, but for lines of code: no card is read for these.
pub(super) fn changed(text: &mut String, version: &Version) {
    if let Some(changes) = &version.changes {
        let mut shown = Diff { notes: None, ..changes.diff.clone() };
        shown.code.inside.clear();
        shown.of_results.inside.clear();
        as_diff(text, version, changes, (&shown, &Sections::default()));
    }
}

fn as_diff(text: &mut String, version: &Version, changes: &Changes, (shown, sections): (&Diff, &Sections)) {
    let page = DiffPage {
        a: &changes.before,
        b: &version.case.label,
        diff: shown,
        sections,
        identical: changes.diff.is_empty() && changes.notes.is_empty(),
        erased: &changes.notes,
        unread: &[],
    };
    *text += &format!("{}\n", diff(&page));
}

fn provenance(versions: &[Version]) -> Vec<Row<'_>> {
    let mut rows = vec![
        row("snapshot", |case| digest(&case.snapshot)),
        row("made", |case| case.made.time.map_or_else(String::new, |time| time.for_people())),
        row("by", |case| words(&case.made.who)),
        row("certificate", |case| case.certificate.as_ref().map_or_else(String::new, |known| digest(&known.id))),
        row("model's files", |case| {
            let files = &case.record.model_files;
            format!("{}, {}", count(files.files, "file"), count(files.bytes, "byte"))
        }),
    ];
    // Seeds and data have names of their own.
    let named = |view: View| {
        let mut names: Vec<String> =
            versions.iter().flat_map(|version| view(&version.case.record).into_keys()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(move |name| {
            let key = name.clone();
            let cell = move |case: &Case| view(&case.record).get(&key).map_or_else(String::new, |value| digest(value));
            (name, cell)
        })
    };
    rows.extend(named(recorded::code).map(|(name, cell)| row(&name, cell)));
    rows.extend(named(recorded::data).map(|(name, cell)| row(&format!("data {name}"), cell)));
    rows.push(row("environment", |case| {
        let runtime = |runtime: &RuntimeRecord| {
            let version = runtime.version.as_deref().unwrap_or("unknown");
            let packages = count(runtime.packages.len() as u64, "package");
            format!("{} {}, {packages}", words(&runtime.language), words(version))
        };
        case.record.environment.runtimes.iter().map(runtime).collect::<Vec<_>>().join("; ")
    }));
    rows.push(row("not kept", |case| {
        let missing = case.missing.iter().map(|(what, why)| format!("{}: {}", words(what), words(why)));
        missing.collect::<Vec<_>>().join("; ")
    }));
    rows.push(row("as of event", |case| grouped(case.head.0)));
    rows
}
