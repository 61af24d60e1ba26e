//! How slices came out: a forest plot for each rule that has any, and what the stored predictions come to by slice.

mod predicted;

use std::collections::BTreeMap;

use super::super::case::Case;
use super::super::chart::{Chart, Forest, ForestRow, Hue};
use super::super::html::{Document, Text, number, words};
use super::Quality;
use crate::certify::wording::{count, grouped, significant};
use crate::certify::{self, limit_of_difference};
use crate::format::certificate::{CertificateRecord, PartOf, ResultRecord, Verdict};

pub(super) fn section(page: &mut Document, case: &Case, sets: &[Quality]) {
    page.section("slices", "Slices");
    let known = case.certificate.as_ref().map(|known| &known.statement.predicate);
    let charts = known.map(charts).unwrap_or_default();
    if charts.is_empty() {
        page.paragraph(&Text::plain(match known {
            Some(certificate) if has_slices(certificate) => {
                "Rules of its certificate look at slices, and found no numbers for them."
            }
            _ => "No rule of its certificate looks at slices.",
        }));
    } else {
        page.charts(&charts);
        known.into_iter().for_each(|certificate| table(page, certificate));
    }
    let judged = known.map(judged_by).unwrap_or_default();
    predicted::section(page, sets, &judged);
}

pub(super) use self::predicted::section as of_predictions;

/// Whether some rule asks for slices.
fn has_slices(certificate: &CertificateRecord) -> bool {
    certify::needs(&certificate.policy).predictions.values().any(|columns| !columns.is_empty())
}

/// Metrics and the columns by whose slices some rule judged them one by one: their differences stand with it.
fn judged_by(certificate: &CertificateRecord) -> Vec<(String, String)> {
    let differences = certificate.results.iter().filter(|result| result.delta.is_some());
    let of = |result: &ResultRecord| {
        let (column, _) = result.slice.as_ref()?.rsplit("; ").next()?.split_once('=')?;
        Some((result.metric.clone(), column.to_owned()))
    };
    differences.filter_map(of).collect()
}

/// What the slices of a rule are held against: one chart each, in the order of the rules.
fn charts(certificate: &CertificateRecord) -> Vec<Chart> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_rule: BTreeMap<&str, Vec<&ResultRecord>> = BTreeMap::new();
    for result in &certificate.results {
        if !order.contains(&result.rule.as_str()) {
            order.push(&result.rule);
        }
        by_rule.entry(&result.rule).or_default().push(result);
    }
    order.iter().filter_map(|rule| by_rule.get(rule)).filter_map(|results| chart(certificate, results)).collect()
}

/// What a bar of a rule is: other charts have intervals.
const BARS: &str = "A bar ends at the rule's two bounds, each by itself at the policy's confidence.";

fn chart(certificate: &CertificateRecord, results: &[&ResultRecord]) -> Option<Chart> {
    let first = results.first()?;
    let is_difference = results.iter().any(|result| result.delta.is_some());
    let mut rows: Vec<ForestRow> = if results.iter().any(|result| result.slice.is_some()) {
        results.iter().map(|result| of_slice(certificate, result)).collect()
    } else {
        parts(first)
    };
    if rows.is_empty() {
        return None;
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let of = if is_difference { "candidate minus baseline" } else { "candidate" };
    let failed: Vec<&str> = rows.iter().filter(|row| row.hue == Hue::Bad).map(|row| row.name.as_str()).collect();
    let description = match failed.as_slice() {
        [] => format!("{}, none of which failed. {BARS}", count(rows.len() as u64, "slice")),
        failed => format!("{}, of which failed: {}. {BARS}", count(rows.len() as u64, "slice"), failed.join(", ")),
    };
    let forest = Forest {
        title: format!("Rule {}: {} by slice", first.rule, first.metric),
        description,
        axis: format!("{} ({of}), between the rule's bounds", first.metric),
        against: is_difference.then_some(0.0),
        limits: Vec::new(),
        rows,
    };
    forest.chart()
}

fn of_slice(certificate: &CertificateRecord, result: &ResultRecord) -> ForestRow {
    let limit = match result.delta {
        Some(_) => limit_of_difference(&certificate.policy, result),
        None => result.margin,
    };
    ForestRow {
        name: format!("{} ({})", result.slice.as_deref().unwrap_or("all rows"), grouped(result.n)),
        value: result.delta.or(result.candidate),
        bounds: bounds(result.lower, result.upper),
        limit,
        hue: hue(result.verdict),
        note: result.verdict.words().to_owned(),
    }
}

/// What a gap or a worst slice was put together from.
fn parts(result: &ResultRecord) -> Vec<ForestRow> {
    let part = |part: &crate::format::certificate::PartRecord| {
        let widest = part.bounds.last().map(|bounds| (bounds.lower, bounds.upper));
        let slice = part.slice.as_deref().unwrap_or("all rows");
        let metric = part.metric.as_ref().map_or_else(String::new, |metric| format!(" {metric}"));
        ForestRow {
            name: format!("{slice}{metric} ({})", grouped(part.n)),
            value: Some(part.value),
            bounds: widest,
            limit: None,
            hue: Hue::Nth(0),
            note: significant(part.value),
        }
    };
    // Those of the candidate, or of the difference where that is what was judged.
    let wanted = |of: PartOf| result.parts.iter().filter(move |part| part.of == of);
    let differences: Vec<ForestRow> = wanted(PartOf::Difference).map(part).collect();
    if differences.is_empty() { wanted(PartOf::Candidate).map(part).collect() } else { differences }
}

fn bounds(lower: Option<f64>, upper: Option<f64>) -> Option<(f64, f64)> {
    match (lower, upper) {
        (None, None) => None,
        (lower, upper) => Some((lower.unwrap_or(f64::NEG_INFINITY), upper.unwrap_or(f64::INFINITY))),
    }
}

const fn hue(verdict: Verdict) -> Hue {
    match verdict {
        Verdict::Pass => Hue::Good,
        Verdict::Fail => Hue::Bad,
        Verdict::Inconclusive | Verdict::Waived => Hue::Open,
        Verdict::NotApplicable => Hue::Dim,
    }
}

/// The parts of rules that were put together from several: those with a result of their own stand with the rules.
fn table(page: &mut Document, certificate: &CertificateRecord) {
    let rows: Vec<Vec<Text>> = certificate
        .results
        .iter()
        .flat_map(|result| result.parts.iter().map(move |part| (result, part)))
        .map(|(result, part)| {
            let of = match part.of {
                PartOf::Candidate => "candidate",
                PartOf::Baseline => "baseline",
                PartOf::Difference => "difference",
            };
            let bounds = part.bounds.last();
            let bounds =
                bounds.map_or_else(String::new, |b| format!("{} to {}", significant(b.lower), significant(b.upper)));
            vec![
                Text::plain(&result.rule),
                Text::plain(part.slice.as_deref().unwrap_or("all rows")),
                Text::plain(part.metric.as_deref().unwrap_or(&result.metric)),
                Text::plain(of),
                Text::plain(&significant(part.value)),
                Text::plain(&bounds),
                Text::plain(&grouped(part.n)),
            ]
        })
        .collect();
    if rows.is_empty() {
        page.paragraph(&Text::within("certificate", "The numbers stand with the rules."));
        return;
    }
    let columns = [
        words("Rule"),
        words("Slice"),
        words("Measured"),
        words("Of"),
        number("Value"),
        number("Bounds"),
        number("Rows"),
    ];
    page.folded("The numbers of these charts", |page| {
        page.table("What gaps and worst slices were put together from", &columns, &rows);
    });
}
