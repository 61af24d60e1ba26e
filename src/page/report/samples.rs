//! How samples such as latencies are distributed.

use super::super::chart::{Axis, Chart, Guide, Hue, Mark, Plot, Series};
use super::super::html::{Document, Text, Tone, column, number, words};
use super::{SampleLine, Samples};
use crate::certify::wording::{grouped, significant};

pub(super) fn section(page: &mut Document, sets: &[Samples]) {
    page.section("samples", "Latency and other samples");
    if sets.is_empty() {
        page.paragraph(&Text::plain("No samples are kept with it."));
        return;
    }
    let charts: Vec<Chart> = sets.iter().filter_map(chart).collect();
    page.charts(&charts);
    for set in sets {
        for note in &set.notes {
            let note = Text::plain(&format!("{}: {note}", set.set));
            page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&note));
        }
        beyond(page, set);
        table(page, set);
    }
}

fn chart(set: &Samples) -> Option<Chart> {
    let at = |line: &SampleLine, share: f64| {
        line.quantiles.iter().find(|(q, _)| (q - share).abs() < 1e-9).map(|(_, value)| significant(*value))
    };
    let name = |line: &SampleLine| match (at(line, 0.5), at(line, 0.95)) {
        (Some(median), Some(high)) => format!("{}: median {median}, p95 {high}", line.model),
        _ => line.model.clone(),
    };
    let series = set.lines.iter().rev().map(|line| Series {
        name: name(line),
        hue: Hue::Nth(line.place),
        mark: Mark::Line,
        points: line.points.clone(),
    });
    let plot = Plot {
        title: format!("Distribution of {}", set.set),
        description: set.lines.iter().map(name).collect::<Vec<_>>().join("; "),
        x: Axis::numbers(&set.column),
        y: Axis::share("share of samples with at most that"),
        series: series.collect(),
        guide: Guide::None,
    };
    plot.chart()
}

/// `p99`.
pub(super) fn quantile_name(share: f64) -> String {
    if share < 1.0 { format!("p{}", significant(share * 100.0)) } else { "greatest".to_owned() }
}

/// What no line of the chart shows.
fn beyond(page: &mut Document, set: &Samples) {
    let cut = set.lines.iter().filter_map(|line| {
        let (end, share) = line.points.last()?;
        let (_, greatest) = line.quantiles.iter().find(|(known, _)| *known >= 1.0)?;
        let more = format!("{} %", significant(100.0 * (1.0 - share)));
        (greatest > end && *share < 1.0).then(|| format!("{more} of {}, up to {}", line.model, significant(*greatest)))
    });
    let cut: Vec<String> = cut.collect();
    if !cut.is_empty() {
        page.paragraph(&Text::toned(Tone::Dim, &format!("Beyond the end of the chart: {}.", cut.join("; "))));
    }
}

fn table(page: &mut Document, set: &Samples) {
    let shares: Vec<f64> = set.lines.iter().flat_map(|line| &line.quantiles).map(|(share, _)| *share).collect();
    let mut kept: Vec<f64> = Vec::new();
    for share in shares {
        if !kept.iter().any(|known| (known - share).abs() < 1e-9) {
            kept.push(share);
        }
    }
    kept.sort_unstable_by(f64::total_cmp);
    let mut columns = vec![words("Model"), number("Samples")];
    columns.extend(kept.iter().map(|share| column(&quantile_name(*share), true)));
    let rows = set.lines.iter().map(|line| {
        let values = kept.iter().map(|share| {
            let found = line.quantiles.iter().find(|(known, _)| (known - share).abs() < 1e-9);
            found.map_or_else(Text::default, |(_, value)| Text::plain(&significant(*value)))
        });
        [Text::plain(&line.model), Text::plain(&grouped(line.n))].into_iter().chain(values).collect()
    });
    page.table(&format!("Quantiles of {} ({})", set.set, set.column), &columns, &rows.collect::<Vec<_>>());
}
