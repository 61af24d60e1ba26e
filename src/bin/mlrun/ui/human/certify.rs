//! `certify`: a table, then why.

use mlrun::certify::{FlipSummary, NamedRows};
use mlrun::format::certificate::{ResultRecord, Verdict};
use mlrun::format::policy::{DemandRecord, Severity};
use mlrun::ops::certify::{CertifyReport, Conflict};

use super::super::{Align, Label, Style, Table, clean, time};
use super::{verdict, wrapped};

pub fn certify(report: &CertifyReport, style: &Style) -> String {
    let predicate = &report.statement.predicate;
    let stage = &predicate.baseline.stage;
    let against = match (&report.baseline, &predicate.baseline.first_release) {
        (Some(baseline), _) => format!("against {baseline} in {stage}"),
        (None, Some(reason)) => format!("first release to {stage}: {}", clean(reason)),
        (None, None) => format!("{stage} is empty"),
    };
    let mut text = format!("{}  {against}\n\n", style.paint(Label::Strong, &report.label));
    let mut table =
        Table::new(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Left, Align::Right]);
    let dim = |word: &str| style.paint(Label::Dim, word);
    table.row(["", "rule", "new", "base", "Δ", "bounds", "limit"].map(dim));
    for result in &predicate.results {
        let rule = predicate.policy.rules.iter().find(|rule| rule.id == result.rule);
        let is_ratio = rule
            .is_some_and(|rule| matches!(rule.demand, DemandRecord::MaxRatio { .. } | DemandRecord::MinRatio { .. }));
        table.row(row(result, is_ratio, style));
    }
    text += &table.render(0);
    let why: Vec<&ResultRecord> = predicate
        .results
        .iter()
        .filter(|r| !matches!(r.verdict, Verdict::Pass | Verdict::NotApplicable) && r.reason.is_some())
        .collect();
    if !why.is_empty() {
        text.push('\n');
    }
    for result in why {
        let warn = if result.severity == Severity::Warn { " (does not block)" } else { "" };
        let reason = clean(result.reason.as_deref().unwrap_or_default());
        text += &format!("{}\n", wrapped(&format!("{}{warn}: {reason}", name(result))));
    }
    for named in &report.rows {
        text += &rows(named, style);
    }
    for flips in &report.flips {
        text += &format!("{}\n", wrapped(&format!("{} {}", style.paint(Label::Dim, "flips:"), changed_sides(flips))));
    }
    for remark in &predicate.remarks {
        text += &format!("{}\n", wrapped(&format!("{} {}", style.paint(Label::Dim, "note:"), clean(remark))));
    }
    text.push('\n');
    if let Some(stage) = &report.proposed {
        text += &format!(
            "{}: these are not the rules in force for {stage}; this certificate\nis a proposal and never promotes. In force → here:\n",
            style.paint(Label::Warning, "other rules")
        );
        for line in &report.not_in_force {
            text += &format!("  {}\n", clean(line));
        }
    }
    match &report.conflict {
        Some(Conflict::NotFirst { stage, holder }) => {
            text += &format!("{stage} holds {holder}: this is no first release; nothing was written\n");
        }
        Some(Conflict::BaselineMoved { stage }) => {
            text += &format!("{stage} moved while this was judged; no certificate was issued, try again\n");
        }
        Some(Conflict::Changed) => {
            text += "evidence, cases or waivers went on changing while this was judged; no certificate was issued, try again\n";
        }
        None => {}
    }
    let expires = match (report.check, report.expires) {
        (true, _) => "  (a look; nothing was written)".to_owned(),
        (_, Some(at)) => format!("  certificate {}, expires {}", report.certificate.short(), time(at)),
        _ => String::new(),
    };
    let unchanged = if report.unchanged { ", in force already" } else { "" };
    text += &format!("{}{}{unchanged}\n", verdict(report.verdict(), style), style.paint(Label::Dim, &expires));
    text
}

/// The rows behind a rule.
fn rows(named: &NamedRows, style: &Style) -> String {
    let place = named.slice.as_ref().map_or_else(String::new, |slice| format!(" [{}]", clean(slice)));
    let mut text = format!("{}{place}: rows of {}\n", clean(&named.rule), clean(named.set.as_str()));
    let mut table = Table::new(&[Align::Left; 5]);
    table.row(["", "key", "label", "new", "base"].map(|word| style.paint(Label::Dim, word)));
    for row in &named.rows {
        let new = if row.new { "new" } else { "" };
        let baseline = row.baseline.as_deref().unwrap_or("–");
        let words = [&row.key, &row.label, &row.candidate].map(|word| clean(word));
        let [key, label, candidate] = words;
        table.row(vec![new.to_owned(), key, label, candidate, clean(baseline)]);
    }
    text += &table.render(2);
    text
}

/// `3 rows of test were right and are wrong, 5 the other way round; most in country=DE: 2 of 300`.
fn changed_sides(flips: &FlipSummary) -> String {
    let most = flips.most.as_ref().map_or_else(String::new, |most| {
        format!("; most in {}: {} of {}", clean(&most.slice), most.right_to_wrong, most.rows)
    });
    format!(
        "{} of {} rows of {} were right and are wrong, {} the other way round{most}",
        flips.right_to_wrong, flips.rows, flips.set, flips.wrong_to_right
    )
}

fn name(result: &ResultRecord) -> String {
    match &result.slice {
        // A rule is often called after the column it slices by.
        Some(slice) if slice.starts_with(&format!("{}=", result.rule)) => clean(slice),
        Some(slice) => format!("{} [{}]", clean(&result.rule), clean(slice)),
        None => clean(&result.rule),
    }
}

fn row(result: &ResultRecord, is_ratio: bool, style: &Style) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| style.number(v));
    let delta = match result.delta {
        None => "–".to_owned(),
        Some(delta) if is_ratio => format!("×{}", style.number(delta)),
        Some(delta) if delta >= 0.0 => format!("+{}", style.number(delta)),
        Some(delta) => style.number(delta),
    };
    let bounds = match (result.lower, result.upper) {
        (None, None) => String::new(),
        (lower, upper) => format!("[{}, {}]", number(lower), number(upper)),
    };
    vec![
        verdict(result.verdict, style),
        name(result),
        number(result.candidate),
        number(result.baseline),
        delta,
        bounds,
        number(result.margin),
    ]
}
