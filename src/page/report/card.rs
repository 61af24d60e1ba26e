//! A model card: the report as Markdown, under the front matter that model hubs read.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::case::{self, Case};
use super::super::{Context, escape, markdown};
use super::samples::quantile_name;
use super::{Bounded, MARK_CARD, Quality, Version, comparison};
use crate::certify::wording::{count, grouped, significant};
use crate::format::certificate::StatementRecord;
use crate::format::policy::Task;

/// Rows of a table; the rest is counted.
const MOST: usize = 50;
/// Characters of a cell.
const LONGEST: usize = 200;

/// The card of a version.
pub(super) fn markdown(version: &Version) -> String {
    format!("{}{}", front_matter(&version.case), body(version))
}

/// Words in a line or a cell.
pub(super) fn words(text: &str) -> String {
    escape::markdown(text, LONGEST)
}

/// A digest, ready to be copied.
pub(super) fn digest(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        format!("`{text}`")
    } else {
        words(text)
    }
}

/// A text as YAML: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    let clean = escape::plain(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    Value::String(clean).to_string()
}

fn front_matter(case: &Case) -> String {
    let (model, version) = case.label.rsplit_once('@').unwrap_or((&case.label, ""));
    let mut text =
        format!("---{MARK_CARD}tags:\n- mlrun\nmodel_name: {}\nversion: {}\n", quoted(model), quoted(version));
    let results = results(case);
    if !results.is_empty() {
        let _ = write!(text, "model-index:\n- name: {}\n  results:\n", quoted(&case.label));
        results.iter().for_each(|(dataset, metrics)| {
            let _ = write!(
                text,
                "  - task:\n      type: {}\n    dataset:\n      type: private\n      name: {}\n    metrics:\n",
                quoted(task(case)),
                quoted(dataset)
            );
            for (name, value) in metrics {
                let _ = write!(text, "    - type: {}\n      value: {value}\n", quoted(name));
            }
        });
    }
    text + "---\n\n"
}

fn statement(case: &Case) -> Option<&StatementRecord> {
    case.certificate.as_ref().map(|known| &known.statement)
}

fn task(case: &Case) -> &'static str {
    match statement(case).map(|statement| statement.predicate.policy.task) {
        Some(Task::Binary | Task::Multiclass) => "classification",
        Some(Task::Regression) => "regression",
        Some(Task::Ranking) => "ranking",
        Some(Task::Text) => "text-generation",
        None => "other",
    }
}

/// By data set: metrics of all its rows that the certificate measured; what training reported, by itself.
fn results(case: &Case) -> Vec<(String, Vec<(String, f64)>)> {
    let mut sets: Vec<(String, Vec<(String, f64)>)> = Vec::new();
    let mut add = |set: &str, name: &str, value: f64| {
        if !value.is_finite() {
            return;
        }
        let place = sets.iter().position(|(known, _)| known == set).unwrap_or_else(|| {
            sets.push((set.to_owned(), Vec::new()));
            sets.len() - 1
        });
        if let Some((_, metrics)) = sets.get_mut(place).filter(|(_, known)| !known.iter().any(|(n, _)| n == name)) {
            metrics.push((name.to_owned(), value));
        }
    };
    for result in statement(case).into_iter().flat_map(|statement| &statement.predicate.results) {
        if let (None, Some(set), Some(value)) = (&result.slice, &result.set, result.candidate) {
            add(set.as_str(), &result.metric, value);
        }
    }
    for (name, value) in &case.record.metrics {
        if let Some(value) = value.finite() {
            add("reported by its training", name, value);
        }
    }
    sets
}

fn table(text: &mut String, heads: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>()));
    text.push_str(&format!("|{}\n", "---|".repeat(heads.len())));
    rows.iter().take(MOST).for_each(|row| text.push_str(&line(row)));
    if let Some(more @ 1..) = rows.len().checked_sub(MOST) {
        text.push_str(&format!("\n{} more are not shown here.\n", grouped(more as u64)));
    }
    text.push('\n');
}

fn body(version: &Version) -> String {
    let case = &version.case;
    let mut text = format!("# {}\n\n", words(&case.label));
    if let Some(description) = &version.description {
        text += &format!("{}\n\n", words(description));
    }
    if let Some(notes) = &case.record.notes {
        text += &format!("{}\n\n", escape::markdown(notes, 4000));
    }
    let held: Vec<String> =
        case.stays.iter().filter(|stay| stay.until.is_none()).map(|stay| words(&stay.stage)).collect();
    let held = if held.is_empty() { "no stage".to_owned() } else { held.join(", ") };
    let made = case
        .made
        .time
        .map_or_else(String::new, |time| format!("Made {} by {}. ", time.for_people(), words(&case.made.who)));
    text += &format!("{made}In {held}, as of event {} of its journal.\n\n", case.head.0);
    for (stage, why, _) in &case.blocks {
        text += &format!("**Kept out of {}:** {}\n\n", words(stage), words(why));
    }
    for words in &version.stale {
        text += &format!("**Note:** {}\n\n", self::words(words));
    }
    model(&mut text, case);
    certificate(&mut text, case);
    let rows = |values: &std::collections::BTreeMap<String, crate::format::scalar::Scalar>| -> Vec<Vec<String>> {
        values.iter().map(|(name, value)| vec![words(name), words(&value.to_string())]).collect()
    };
    section(&mut text, "Metrics, as its training reported them", &["metric", "value"], &rows(&case.record.metrics));
    section(&mut text, "Parameters", &["parameter", "value"], &rows(&case.record.params));
    let stays: Vec<Vec<String>> = case
        .stays
        .iter()
        .map(|stay| {
            let until = stay.until.map_or_else(|| "still there".to_owned(), crate::clock::Time::for_people);
            vec![words(&stay.stage), stay.since.for_people(), until, words(&stay.who), words(&stay.ended)]
        })
        .collect();
    section(&mut text, "Stages", &["stage", "since", "until", "who", "ended by"], &stays);
    let data: Vec<Vec<String>> = case
        .record
        .data
        .iter()
        .map(|data| {
            let rows = data.rows.map_or_else(String::new, grouped);
            let digest = data.sha256.map_or_else(String::new, |digest| format!("`{digest}`"));
            vec![words(data.name.as_str()), words(&data.path), rows, digest]
        })
        .collect();
    section(&mut text, "Training data", &["name", "path", "rows", "SHA-256"], &data);
    slices(&mut text, &version.quality);
    samples(&mut text, version);
    drift(&mut text, version);
    comparison::changed(&mut text, version);
    code(&mut text, case);
    let reasons: Vec<Vec<String>> = version
        .reproducibility
        .iter()
        .map(|(part, is_good, why)| vec![words(part), if *is_good { "for" } else { "against" }.to_owned(), words(why)])
        .collect();
    section(&mut text, "Can it be made again?", &["part", "speaks", "why"], &reasons);
    let missing: Vec<Vec<String>> = case.missing.iter().map(|(what, why)| vec![words(what), words(why)]).collect();
    section(&mut text, "What is not kept", &["what", "why"], &missing);
    let mut files = vec![vec!["snapshot".to_owned(), digest(&case.snapshot)]];
    files.extend(case.certificate.iter().map(|known| vec!["certificate".to_owned(), digest(&known.id)]));
    files.extend(case.files.iter().map(|file| vec![words(&file.path), digest(&file.sha256)]));
    section(&mut text, "Hashes to check", &["what", "SHA-256"], &files);
    text
}

pub(super) fn section(text: &mut String, title: &str, heads: &[&str], rows: &[Vec<String>]) {
    if !rows.is_empty() {
        text.push_str(&format!("## {title}\n\n"));
        table(text, heads, rows);
    }
}

/// As on a pull request.
fn certificate(text: &mut String, case: &Case) {
    let Some(known) = &case.certificate else {
        text.push_str("## Certificate\n\nIt has none: nobody compared it with anything by rules.\n\n");
        return;
    };
    let context = Context {
        candidate: case.label.clone(),
        baseline: known.baseline.clone(),
        certificate: Some(known.id.clone()),
        not_certified: known.proposed.then(|| "the rules are not those in force".to_owned()),
        expires: known.counts().then(|| known.expires.for_people()),
        ..Context::default()
    };
    text.push_str(&markdown::certificate(&known.statement, &context));
    text.push('\n');
}

/// What the stored predictions come to by slice.
pub(super) fn slices(text: &mut String, sets: &[Quality]) {
    for (set, sliced) in sets.iter().flat_map(|set| set.slices.iter().map(move |sliced| (set, sliced))) {
        let said = |found: &Result<Bounded, String>| match found {
            Ok(found) => {
                format!("{} ({} to {})", significant(found.value), significant(found.lower), significant(found.upper))
            }
            Err(why) => words(why),
        };
        let rows: Vec<Vec<String>> = sliced
            .rows
            .iter()
            .flat_map(|row| row.values.iter().map(move |value| (row, value)))
            .map(|(row, value)| {
                let slice = row.slice.as_deref().unwrap_or("all rows");
                vec![words(slice), words(&value.model), said(&value.value), grouped(value.rows)]
            })
            .collect();
        let title = format!("{} by {}, {}", words(&sliced.metric), words(&sliced.column), words(&set.set));
        section(text, &title, &["slice", "model", "value with interval", "rows"], &rows);
    }
}

/// What it is, as its own files say.
fn model(text: &mut String, case: &Case) {
    let row = |file: &crate::format::found::FoundFileRecord| {
        vec![words(&file.path), words(&case::model::what_it_holds(file)), words(&case::model::foremost_words(file))]
    };
    let rows: Vec<Vec<String>> = case::model::files(case).map(row).collect();
    section(text, "The model", &["file", "what it holds", "set to"], &rows);
}

/// Latency and the like, of each model.
fn samples(text: &mut String, version: &Version) {
    for set in version.samples.iter().filter(|set| !set.lines.is_empty()) {
        let mut heads = vec!["model".to_owned(), "samples".to_owned()];
        let shares = set.lines.first().map(|line| line.quantiles.clone()).unwrap_or_default();
        heads.extend(shares.iter().map(|(share, _)| quantile_name(*share)));
        let row = |line: &super::SampleLine| {
            let values = line.quantiles.iter().map(|(_, value)| significant(*value));
            [words(&line.model), grouped(line.n)].into_iter().chain(values).collect()
        };
        let rows: Vec<Vec<String>> = set.lines.iter().map(row).collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        section(text, &format!("Samples of {} ({})", words(&set.set), words(&set.column)), &heads, &rows);
    }
}

fn drift(text: &mut String, version: &Version) {
    for data in version.data.iter().filter(|data| !data.is_same) {
        let Some(against) = &data.against else { continue };
        let rows: Vec<Vec<String>> = data
            .columns
            .iter()
            .filter_map(|column| {
                let drift = column.drift.as_ref()?;
                let psi = |drift: &super::ColumnDrift| {
                    let about = if drift.is_estimated { "≈ " } else { "" };
                    format!("{about}{}", significant(drift.psi))
                };
                let p = drift.as_ref().ok().map(|drift| drift.p).filter(|p| p.is_finite());
                let mean = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), significant);
                let (missing, before) = column.before.unwrap_or((f64::NAN, None));
                let means = before.or(column.mean).map(|_| format!("{} → {}", mean(before), mean(column.mean)));
                let part = |share: f64| format!("{} %", significant(100.0 * share));
                Some(vec![
                    words(&column.name),
                    drift.as_ref().map_or_else(|why| words(why), psi),
                    p.map_or_else(String::new, significant),
                    means.unwrap_or_default(),
                    if missing.is_finite() {
                        format!("{} → {}", part(missing), part(column.missing))
                    } else {
                        String::new()
                    },
                ])
            })
            .collect();
        let title = format!("Drift of {} against {}", words(&data.name), words(against));
        section(text, &title, &["column", "PSI", "p", "mean", "missing"], &rows);
    }
}

fn code(text: &mut String, case: &Case) {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| rows.extend(value.map(|value| vec![name.to_owned(), value]));
    row("command", case.record.argv.as_ref().map(|argv| words(&argv.join(" "))));
    row("commit", case.record.code.commit.as_ref().map(|commit| words(commit)));
    row("uncommitted changes", Some(if case.record.code.dirty { "yes" } else { "no" }.to_owned()));
    for seed in &case.record.seeds {
        row("seed", Some(format!("{} = {}", words(&seed.name), words(&seed.value.to_string()))));
    }
    for runtime in &case.record.environment.runtimes {
        let version = runtime.version.as_deref().unwrap_or("unknown");
        let packages = count(runtime.packages.len() as u64, "package");
        row(&words(&runtime.language), Some(format!("{}, {packages}", words(version))));
    }
    section(text, "Code and environment", &["", ""], &rows);
}
