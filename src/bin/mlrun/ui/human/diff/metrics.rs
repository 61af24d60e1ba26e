//! Metrics: what was written down, then what follows from predictions.

use mlrun::certify::ComparedMetric;
use mlrun::compare::{Diff, Direction, SetMetrics, Verdict};
use mlrun::format::scalar::Scalar;
use mlrun::measure::Comparison;

use super::super::super::{Align, Label, Style, Table, clean};
use super::super::{cut, measured, wrapped};
use super::items::{MOST, both, mark, more};

/// The widest name.
const NAME: usize = 24;

pub(super) fn metrics(diff: &Diff, style: &Style) -> String {
    let reported = reported(diff, style);
    let measured: Vec<String> = diff.measured.iter().map(|set| of_set(set, style)).collect();
    let blank = if reported.is_empty() || measured.is_empty() { "" } else { "\n" };
    format!("{reported}{blank}{}", measured.join("\n"))
}

fn reported(diff: &Diff, style: &Style) -> String {
    let align = [Align::Left, Align::Left, Align::Right, Align::Left, Align::Right, Align::Right, Align::Left];
    let mut table = Table::new(&align);
    for item in diff.metrics.iter().take(MOST) {
        let show = |value: &Option<Scalar>| value.as_ref().map(|v| measured(v, style));
        let mut cells = vec![mark(&item.change, style), cut(&clean(&item.name), NAME)];
        cells.extend(both(show(&item.a), show(&item.b)));
        let finite = |value: &Option<Scalar>| value.as_ref().and_then(Scalar::finite);
        let delta = finite(&item.a).zip(finite(&item.b)).map(|(a, b)| b - a);
        cells.extend(delta.map(|delta| signed(style.number(delta), delta)));
        let direction = diff.directions.get(&item.name).copied().unwrap_or(Direction::Unknown);
        let undefined = |value: &Option<Scalar>| matches!(value, Some(Scalar::Float(number)) if !number.is_finite());
        match (Verdict::of_reported(item, direction), delta) {
            (Some(verdict), Some(_)) => cells.push(word(verdict, style)),
            // Below the changes, not among them.
            (Some(_), None) if undefined(&item.a) || undefined(&item.b) => {
                cells.extend([String::new(), style.paint(Label::Warning, "n/a")]);
            }
            _ => {}
        }
        table.row(cells);
    }
    table.render(2) + &more(diff.metrics.len())
}

/// A change by its sign; a minus is there already.
pub(super) fn signed(text: String, value: f64) -> String {
    if value > 0.0 { format!("+{text}") } else { text }
}

fn word(verdict: Verdict, style: &Style) -> String {
    match verdict {
        Verdict::Better => style.paint(Label::Good, "better"),
        Verdict::Worse => style.paint(Label::Bad, "worse"),
        Verdict::NoClearDifference => "no clear difference".to_owned(),
        Verdict::Same => "the same".to_owned(),
        Verdict::Neutral => String::new(),
        Verdict::Unknown => "direction unknown".to_owned(),
    }
}

fn of_set(set: &SetMetrics, style: &Style) -> String {
    let metrics = match &set.metrics {
        Ok(metrics) => metrics,
        Err(reason) => {
            return format!("{}\n", wrapped(&format!("  from {}: n/a, {}", set.set, clean(reason))));
        }
    };
    let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left, Align::Left];
    let mut table = Table::new(&align);
    let percent = style.fixed(100.0 * set.confidence, 0);
    let heads = [format!("from {}", set.set), "a".into(), "b".into(), "Δ".into(), format!("{percent} % bounds")];
    table.row(heads.map(|head| style.paint(Label::Dim, &head)));
    let mut reasons = String::new();
    for metric in metrics {
        let name = cut(&clean(&name(metric)), NAME);
        match &metric.found {
            Ok(found) => table.row([vec![name], numbers(found, style), vec![said(metric, style)]].concat()),
            Err(reason) => {
                table.row([name, "n/a".to_owned()]);
                reasons += &format!("{}\n", wrapped(&format!("  {}: {}", clean(&self::name(metric)), clean(reason))));
            }
        }
    }
    table.render(2) + &reasons
}

fn said(metric: &ComparedMetric, style: &Style) -> String {
    word(Verdict::of_measured(metric), style)
}

/// `recall at 0.35 [country=DE]`.
fn name(metric: &ComparedMetric) -> String {
    let at = metric.threshold.map_or_else(String::new, |threshold| format!(" at {threshold}"));
    let slice = metric.slice.as_ref().map_or_else(String::new, |slice| format!(" [{slice}]"));
    format!("{}{at}{slice}", metric.metric)
}

/// Values, difference and bounds, with so many decimals that the bounds are told apart, and if two more are enough from nothing, too.
fn numbers(found: &Comparison, style: &Style) -> Vec<String> {
    let width = found.upper - found.lower;
    let places = if width > 0.0 { (1.0 - width.log10().floor()).clamp(0.0, 9.0) as usize } else { 4 };
    let places = places.clamp(4.min(if found.candidate.abs() >= 100.0 { 1 } else { 4 }), 9);
    let changes = [found.delta, found.lower, found.upper];
    let looks_like_nothing =
        |places: usize| changes.iter().any(|value| *value != 0.0 && value.abs() < 0.5 / 10_f64.powi(places as i32));
    let places = (places..=places + 2).find(|places| !looks_like_nothing(*places)).unwrap_or(places);
    let change = |value: f64| style.signed(value, places);
    vec![
        style.fixed(found.baseline, places),
        style.fixed(found.candidate, places),
        change(found.delta),
        format!("[{}, {}]", change(found.lower), change(found.upper)),
    ]
}
