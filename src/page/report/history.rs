//! Metrics over versions.

use super::super::case::toned;
use super::super::chart::{Axis, Chart, Guide, Hue, Mark, Plot, Series, Ticks};
use super::super::html::{Document, Text, Tone, column, words};
use super::History;
use super::metrics::{NOT_REPORTED, value};
use crate::certify::wording::significant;

/// Charts of metrics; the table has all of them.
const MOST_CHARTS: usize = 6;

pub(super) fn section(page: &mut Document, history: &History) {
    page.section("history", "Metrics over versions");
    if history.metrics.is_empty() {
        page.paragraph(&Text::plain("No metric was recorded with it."));
        return;
    }
    page.charts(&charts(history));
    table(page, history);
}

/// A chart for each metric that was another in some version.
pub(super) fn charts(history: &History) -> Vec<Chart> {
    let charts = history.metrics.iter().enumerate().filter_map(|(place, metric)| {
        let value = |row: &super::HistoryRow| row.values.get(place).copied().flatten().filter(|v| v.is_finite());
        let points: Vec<(f64, f64)> =
            history.versions.iter().filter_map(|row| Some((f64::from(row.number), value(row)?))).collect();
        let (first, last) = (points.first()?, points.last()?);
        // One value is no line; always the same is a line that tells nobody anything: the table has both.
        if points.iter().all(|point| point.1.to_bits() == first.1.to_bits()) {
            return None;
        }
        let own: Vec<_> = history.versions.iter().filter_map(|row| Some((row.own?, row))).collect();
        let mut description =
            format!("From v{} with {} to v{} with {}.", first.0, significant(first.1), last.0, significant(last.1));
        let mut series = vec![Series {
            name: "all versions".to_owned(),
            hue: Hue::Dim,
            mark: if points.len() > 80 { Mark::Line } else { Mark::Both },
            points,
        }];
        for (at, row) in &own {
            let Some(value) = value(row) else { continue };
            description += &format!(" {}: {}.", row.label, significant(value));
            series.push(Series {
                name: format!("{}: {}", row.label, significant(value)),
                hue: Hue::Nth(*at),
                mark: Mark::Large,
                points: vec![(f64::from(row.number), value)],
            });
        }
        let x = Axis { name: "version".to_owned(), range: None, ticks: Ticks::Versions };
        let plot = Plot { title: metric.clone(), description, x, y: Axis::numbers(metric), series, guide: Guide::None };
        plot.chart()
    });
    charts.take(MOST_CHARTS).collect()
}

/// The same as a table, the newest first.
pub(super) fn table(page: &mut Document, history: &History) {
    let fixed = [words("Version"), words("Made"), words("Stages"), words("Certificate")];
    let mut columns: Vec<_> = fixed.into_iter().collect();
    columns.extend(history.metrics.iter().map(|metric| column(metric, true)));
    let rows: Vec<Vec<Text>> = history
        .versions
        .iter()
        .rev()
        .map(|row| {
            let label = match &row.page {
                Some(page) => Text::link(page, &row.label),
                None => Text::plain(&row.label),
            };
            let label = if row.own.is_some() { label.then(&Text::toned(Tone::Dim, " (this page)")) } else { label };
            let verdict = row.verdict.map_or_else(|| Text::toned(Tone::Dim, "none"), toned);
            let fixed =
                [label, Text::time(row.made), Text::list(row.stages.iter().map(|stage| Text::plain(stage))), verdict];
            let values = row.values.iter().map(|found| value(*found));
            fixed.into_iter().chain(values).collect()
        })
        .collect();
    // A version that is not listed could not be found.
    page.long_table(
        &format!("What their training reported, newest first ({NOT_REPORTED})"),
        &columns,
        &rows,
        usize::MAX,
    );
    if history.older > 0 {
        page.paragraph(&Text::toned(Tone::Dim, &format!("{} older versions are not listed here.", history.older)));
    }
}
