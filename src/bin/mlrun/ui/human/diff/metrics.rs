//! Metrics: what was written down, then what follows from predictions.

use mlrun::certify::ComparedMetric;
use mlrun::compare::{Diff, SetMetrics, Verdict};
use mlrun::format::scalar::{Scalar, is_safe};
use mlrun::measure::Comparison;

use super::super::super::style::number as shown;
use super::super::super::terminal::width;
use super::super::super::{Align, Label, Style, Table, clean};
use super::super::{cut, measured, wrapped};
use super::items::{MOST, both, mark, more, room};

/// The widest name at 80 columns.
const NAME: usize = 24;
/// Tables are set in by this.
const INDENT: usize = 2;
/// Names are not cut to less.
const LEAST: usize = 13;

pub(super) fn metrics(diff: &Diff, style: &Style) -> String {
    let reported = reported(diff, style);
    let measured: Vec<String> = diff.measured.iter().map(|set| of_set(diff, set, style)).collect();
    let blank = if reported.is_empty() || measured.is_empty() { "" } else { "\n" };
    format!("{reported}{blank}{}", measured.join("\n"))
}

/// What was written down and follows from no rows.
fn reported(diff: &Diff, style: &Style) -> String {
    let align = [Align::Left, Align::Left, Align::Right, Align::Left, Align::Right, Align::Right, Align::Left];
    let mut table = Table::new(&align);
    let items = diff.only_reported();
    let widest = room(NAME, LEAST);
    for item in items.iter().take(MOST) {
        let show = |value: &Option<Scalar>| value.as_ref().map(|v| measured(v, style));
        let mut cells = vec![mark(&item.change, style), cut(&clean(&item.name), widest)];
        cells.extend(both(show(&item.a), show(&item.b)));
        let delta = item.difference();
        cells.extend(delta.as_ref().map(|delta| difference(delta, style)));
        let undefined = |value: &Option<Scalar>| matches!(value, Some(Scalar::Float(number)) if !number.is_finite());
        match (diff.verdict(item), delta) {
            (Some((verdict, _)), Some(_)) => cells.push(without_interval(verdict).to_owned()),
            // Below the changes, not among them.
            (Some(_), None) if undefined(&item.a) || undefined(&item.b) => {
                cells.extend([String::new(), style.paint(Label::Warning, "n/a")]);
            }
            _ => {}
        }
        table.row(cells);
    }
    table.render(2) + &more(items.len())
}

/// A change of a number that was written down: whole numbers to the last digit.
fn difference(delta: &Scalar, style: &Style) -> String {
    match delta {
        Scalar::Int(delta) if !is_safe(*delta) => format!("{delta:+}"),
        delta => delta.finite().map_or_else(String::new, |value| signed(style.number(value), value)),
    }
}

/// A change by its sign; a minus is there already.
pub(super) fn signed(text: String, value: f64) -> String {
    if value > 0.0 { format!("+{text}") } else { text }
}

/// Of a number that stands alone: nothing says how much of its change chance makes, so no colour does.
const fn without_interval(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "looks better",
        Verdict::Worse => "looks worse",
        other => plain(other),
    }
}

const fn plain(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoClearDifference => "no clear difference",
        Verdict::Same => "the same",
        Verdict::Neutral => "",
        Verdict::Unknown => "direction unknown",
    }
}

/// What there is room for in the table of a set.
#[derive(Clone, Copy)]
struct Layout {
    name: usize,
    /// Whether a word stands where three could.
    short: bool,
    /// Whether values have no more decimals than people read; their difference keeps its own.
    few_decimals: bool,
    /// Whether the difference has a column beside its interval.
    difference: bool,
}

impl Layout {
    const fn columns(self) -> usize {
        if self.difference { 6 } else { 5 }
    }
}

/// From the widest to the narrowest.
fn layouts() -> [Layout; 5] {
    let all = Layout { name: room(NAME, LEAST), short: false, few_decimals: false, difference: true };
    let few = Layout { few_decimals: true, ..all };
    let short = Layout { short: true, ..few };
    let narrow = Layout { name: LEAST, ..short };
    [all, few, short, narrow, Layout { difference: false, ..narrow }]
}

fn of_set(diff: &Diff, set: &SetMetrics, style: &Style) -> String {
    let metrics = match &set.metrics {
        Ok(metrics) => metrics,
        Err(reason) => {
            return format!("{}\n", wrapped(&format!("  from {}: n/a, {}", set.set, clean(reason))));
        }
    };
    // Standing as close together as a table may.
    let fits = |layout: &Layout, table: &Table| INDENT + table.width() <= width() + layout.columns() + 1;
    let tables = layouts().map(|layout| (layout, table(set, metrics, layout, style)));
    let [.., last] = &tables;
    let (_, table) = tables.iter().find(|(layout, table)| fits(layout, table)).unwrap_or(last);
    let mut text = table.render(INDENT);
    for metric in metrics {
        if let Err(reason) = &metric.found {
            text += &format!("{}\n", wrapped(&format!("  {}: {}", clean(&name(metric)), clean(reason))));
        }
    }
    let written = diff.metrics.iter().filter(|item| diff.measured_as(item).is_some_and(|(of, _)| of.set == set.set));
    let written: Vec<String> = written.map(|item| clean(&item.name)).collect();
    if !written.is_empty() {
        text += &format!("{}\n", wrapped(&format!("  written down as well: {}", written.join(", "))));
    }
    text
}

fn table(set: &SetMetrics, metrics: &[ComparedMetric], layout: Layout, style: &Style) -> Table {
    let number = if layout.difference { Align::Right } else { Align::Left };
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, number, Align::Left, Align::Left]);
    let of = if layout.difference { "" } else { " of Δ" };
    let mut heads = vec![format!("from {}", set.set), "a".into(), "b".into()];
    heads.extend(layout.difference.then(|| "Δ".to_owned()));
    heads.push(format!("{} % interval{of}", shown(100.0 * set.confidence)));
    table.row(heads.into_iter().map(|head| style.paint(Label::Dim, &head)));
    for metric in metrics {
        let name = cut(&clean(&name(metric)), layout.name);
        match &metric.found {
            Ok(found) => {
                table.row([vec![name], numbers(found, layout, style), vec![said(metric, layout, style)]].concat())
            }
            Err(_) => table.row([name, "n/a".to_owned()]),
        }
    }
    table
}

fn said(metric: &ComparedMetric, layout: Layout, style: &Style) -> String {
    match Verdict::of_measured(metric) {
        verdict @ Verdict::Better => style.paint(Label::Good, plain(verdict)),
        verdict @ Verdict::Worse => style.paint(Label::Bad, plain(verdict)),
        Verdict::NoClearDifference if layout.short => "unclear".to_owned(),
        verdict => plain(verdict).to_owned(),
    }
}

/// `recall at 0.35 [country=DE]`.
fn name(metric: &ComparedMetric) -> String {
    let at = metric.threshold.map_or_else(String::new, |threshold| format!(" at {threshold}"));
    let slice = metric.slice.as_ref().map_or_else(String::new, |slice| format!(" [{slice}]"));
    format!("{}{at}{slice}", metric.metric)
}

/// Values, difference and bounds, with so many decimals that the bounds are told apart, and if two more are enough from nothing, too.
fn numbers(found: &Comparison, layout: Layout, style: &Style) -> Vec<String> {
    let width = found.upper - found.lower;
    let places = if width > 0.0 { (1.0 - width.log10().floor()).clamp(0.0, 9.0) as usize } else { 4 };
    let places = places.clamp(4.min(if found.candidate.abs() >= 100.0 { 1 } else { 4 }), 9);
    let changes = [found.delta, found.lower, found.upper];
    let looks_like_nothing =
        |places: usize| changes.iter().any(|value| *value != 0.0 && value.abs() < 0.5 / 10_f64.powi(places as i32));
    let places = (places..=places + 2).find(|places| !looks_like_nothing(*places)).unwrap_or(places);
    let change = |value: f64| style.signed(value, places);
    let of_values = if layout.few_decimals { places.min(4) } else { places };
    let mut cells = vec![style.fixed(found.baseline, of_values), style.fixed(found.candidate, of_values)];
    cells.extend(layout.difference.then(|| change(found.delta)));
    cells.push(format!("[{}, {}]", change(found.lower), change(found.upper)));
    cells
}
