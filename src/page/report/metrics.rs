//! Metrics of several versions, each against the first: as training reported them, and as they follow from stored predictions.
//!
//! One reading for the page and for Markdown. What a later version is measured by is read on the rows that it shares with the first.

use std::collections::BTreeSet;

use super::super::case::order;
use super::super::diff::{called, difference, signed, without_interval};
use super::super::html::{Column, Document, Text, Tone, column, shorten, words};
use super::{Changes, Version};
use crate::certify::ComparedMetric;
use crate::certify::wording::significant;
use crate::compare::{Change, Item, SetMetrics, Verdict};
use crate::format::scalar::Scalar;

/// A metric as training reported it.
pub(super) struct Reported<'v> {
    pub(super) name: &'v str,
    /// Of each version.
    pub(super) values: Vec<Option<&'v Scalar>>,
    /// Of each version but the first.
    pub(super) steps: Vec<Step>,
}

/// How a version's metric is different from the first one's.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    /// By how much, where both are numbers.
    pub(super) delta: Option<Scalar>,
    /// What that means, where it is known, and whether an interval says so.
    pub(super) verdict: Option<(Verdict, bool)>,
}

/// A metric that follows from predictions.
pub(super) struct Measured<'v> {
    /// `recall at 0.35 [country=DE]`.
    pub(super) name: String,
    /// What was found, or why nothing.
    pub(super) metric: &'v ComparedMetric,
    pub(super) verdict: Verdict,
}

/// Every metric that one of the versions reported.
pub(super) fn reported(versions: &[Version]) -> Vec<Reported<'_>> {
    let names: BTreeSet<&String> = versions.iter().flat_map(|version| version.case.record.metrics.keys()).collect();
    let of = |name: &'_ String| versions.iter().map(|v| v.case.record.metrics.get(name)).collect::<Vec<_>>();
    let row = |name| {
        let values = of(name);
        let first = values.first().copied().flatten();
        let steps = versions.iter().zip(&values).skip(1).map(|(version, value)| step(version, name, first, *value));
        Reported { name, steps: steps.collect(), values }
    };
    names.into_iter().map(row).collect()
}

fn step(version: &Version, name: &str, first: Option<&Scalar>, value: Option<&Scalar>) -> Step {
    let item = Item { name: name.to_owned(), change: Change::Changed, a: first.cloned(), b: value.cloned() };
    let is_known = first.and_then(Scalar::finite).is_some() && value.and_then(Scalar::finite).is_some();
    let verdict = match &version.changes {
        _ if !is_known => None,
        _ if first == value => Some((Verdict::Same, false)),
        Some(changes) => changes.diff.verdict(&item).or(Some((Verdict::Unknown, false))),
        None => Some((Verdict::Unknown, false)),
    };
    Step { delta: item.difference(), verdict }
}

/// The metrics of a set; or why there are none.
pub(super) fn measured(set: &SetMetrics) -> Result<Vec<Measured<'_>>, &str> {
    let of = |metric| Measured { name: called(metric), metric, verdict: Verdict::of_measured(metric) };
    set.metrics.as_ref().map(|metrics| metrics.iter().map(of).collect()).map_err(String::as_str)
}

/// What a verdict is called.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoClearDifference => "no clear difference",
        Verdict::Same => "the same",
        Verdict::Neutral => "",
        Verdict::Unknown => "direction unknown",
    }
}

fn toned(verdict: Verdict) -> Text {
    let tone = match verdict {
        Verdict::Better => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::NoClearDifference => Tone::Open,
        Verdict::Same | Verdict::Neutral | Verdict::Unknown => Tone::Dim,
    };
    Text::toned(tone, word(verdict))
}

/// Of a number that was written down: in colour only where an interval says so.
pub(super) fn of_written((verdict, is_measured): (Verdict, bool)) -> Text {
    match verdict {
        Verdict::Better | Verdict::Worse if !is_measured => Text::plain(looks(verdict)),
        verdict => toned(verdict),
    }
}

/// What it is called without an interval.
pub(super) const fn looks(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better | Verdict::Worse => without_interval(verdict),
        other => word(other),
    }
}

/// A metric that somebody reported, or did not: one that is NaN was reported.
pub(super) fn value(value: Option<f64>) -> Text {
    match value {
        Some(number) if number.is_finite() => Text::plain(&significant(number)),
        Some(number) => Text::toned(Tone::Open, &number.to_string()),
        None => Text::toned(Tone::Dim, "–"),
    }
}

/// What the dash of [`value`] says, for the caption of its table.
pub(super) const NOT_REPORTED: &str = "–: no number reported";

/// The most important differences of a version, in a line each.
pub(super) fn foremost(versions: &[Version], place: usize, most: usize) -> Vec<Text> {
    let Some(version) = versions.get(place) else { return Vec::new() };
    let lines: Vec<Text> = version.changes.iter().flat_map(of_predictions).take(most).collect();
    if !lines.is_empty() {
        return lines;
    }
    let known = reported(versions).into_iter().filter_map(|row| {
        let step = row.steps.get(place.checked_sub(1)?)?;
        let (from, to) =
            (row.values.first()?.and_then(Scalar::finite)?, row.values.get(place)?.and_then(Scalar::finite)?);
        let how = format!("{}, reported", difference(step.delta.as_ref()?));
        Some(line(row.name, &significant(from), &significant(to), &how, step.verdict.map(of_written)))
    });
    known.take(most).collect()
}

/// Of a version alone: that results are another model's; then the metrics that were measured on the rows of what it is held against;
/// where there are none, those that training reported.
pub(super) fn foremost_of_one(version: &Version, most: usize) -> Vec<Text> {
    let mut lines: Vec<Text> = version.stale.iter().map(|words| Text::toned(Tone::Open, words)).collect();
    let Some(changes) = &version.changes else { return lines };
    let measured = of_predictions(changes);
    let reported = || {
        let mut items: Vec<_> = changes.diff.metrics.iter().collect();
        let way = |item: &Item<Scalar>| changes.diff.directions.get(&item.name).copied();
        items.sort_by_key(|item| (order(way(item)), item.name.clone()));
        items.into_iter().filter_map(move |item| {
            let (from, to) = (item.a.as_ref()?.finite()?, item.b.as_ref()?.finite()?);
            let how = format!("{}, reported", difference(&item.difference()?));
            let verdict = changes.diff.verdict(item).map(of_written);
            Some(line(&item.name, &significant(from), &significant(to), &how, verdict))
        })
    };
    let found: Vec<Text> = if measured.is_empty() { reported().take(most).collect() } else { measured };
    if !found.is_empty() {
        lines.extend(found.into_iter().take(most));
        lines.push(Text::toned(Tone::Dim, &format!("against {}", changes.before)));
    }
    lines
}

fn line(name: &str, from: &str, to: &str, how: &str, verdict: Option<Text>) -> Text {
    Text::plain(&format!("{} {from} → ", shorten(name)))
        .then(&Text::strong(to))
        .then(&Text::plain(&format!(" ({how}) ")))
        .then(&verdict.unwrap_or_default())
}

/// What follows from predictions, each metric in a line.
fn of_predictions(changes: &Changes) -> Vec<Text> {
    let found = changes.diff.measured.iter().filter_map(|set| measured(set).ok()).flatten();
    let lines = found.filter_map(|metric| {
        let found = metric.metric.found.as_ref().ok()?;
        let how = format!("{}, {} to {}", signed(found.delta), signed(found.lower), signed(found.upper));
        let (from, to) = (significant(found.baseline), significant(found.candidate));
        Some(line(&metric.name, &from, &to, &how, Some(toned(metric.verdict))))
    });
    lines.collect()
}

/// The section.
pub(super) fn section(page: &mut Document, versions: &[Version]) {
    page.section("metrics", "Metrics");
    let rows: Vec<Vec<Text>> = reported(versions).iter().map(cells).collect();
    if rows.is_empty() {
        page.paragraph(&Text::plain("Training reported no metric of them."));
    }
    let mut columns: Vec<Column> = vec![words("Metric")];
    for (place, version) in versions.iter().enumerate() {
        columns.push(column(&version.case.label, true));
        if place > 0 {
            let name = if versions.len() == 2 { "Difference" } else { "Against the first" };
            columns.push(column(name, true));
            columns.push(words(""));
        }
    }
    page.table(&format!("As their training reported them ({NOT_REPORTED})"), &columns, &rows);
    for (first, version) in
        versions.first().into_iter().flat_map(|first| versions.iter().skip(1).map(move |v| (first, v)))
    {
        for set in version.changes.iter().flat_map(|changes| &changes.diff.measured) {
            of_set(page, (&first.case.label, &version.case.label), set);
        }
    }
}

fn cells(row: &Reported<'_>) -> Vec<Text> {
    let mut cells = vec![Text::code(row.name)];
    for (place, found) in row.values.iter().enumerate() {
        cells.push(match found {
            // Erased, or words.
            Some(other) if other.number().is_none() => Text::toned(Tone::Open, &shorten(&other.to_string())),
            found => value(found.and_then(Scalar::number)),
        });
        if let Some(step) = place.checked_sub(1).and_then(|place| row.steps.get(place)) {
            cells.push(step.delta.as_ref().map_or_else(Text::default, |delta| Text::plain(&difference(delta))));
            cells.push(step.verdict.map_or_else(Text::default, of_written));
        }
    }
    cells
}

/// A set of predictions that both have.
pub(super) fn of_set(page: &mut Document, (first, later): (&str, &str), set: &SetMetrics) {
    let metrics = match measured(set) {
        Ok(metrics) => metrics,
        Err(why) => {
            let what = Text::plain(&format!("{first} and {later} cannot be compared on the set {}: {why}", set.set));
            page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&what));
            return;
        }
    };
    let rows = metrics.iter().map(|metric| match &metric.metric.found {
        Ok(found) => vec![
            Text::code(&metric.name),
            Text::plain(&significant(found.baseline)),
            Text::plain(&significant(found.candidate)),
            Text::plain(&signed(found.delta)),
            Text::plain(&format!("{} to {}", signed(found.lower), signed(found.upper))),
            toned(metric.verdict),
        ],
        Err(why) => {
            let none = Text::default;
            vec![Text::code(&metric.name), none(), none(), none(), none(), Text::toned(Tone::Dim, why)]
        }
    });
    let percent = significant(100.0 * set.confidence);
    let caption = format!(
        "From the predictions of the set {} on the rows that both have: {first} and {later}, the {percent} % interval of the difference",
        set.set
    );
    let columns = [
        words("Metric"),
        column(first, true),
        column(later, true),
        column("Difference", true),
        column("Interval", true),
        words(""),
    ];
    page.table(&caption, &columns, &rows.collect::<Vec<_>>());
}
