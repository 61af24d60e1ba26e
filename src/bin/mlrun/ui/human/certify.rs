//! `certify`: why, then a table.

use mlrun::certify::{FlipSummary, NamedRows};
use mlrun::format::certificate::{CertificateRecord, ResultRecord, Verdict};
use mlrun::format::policy::{DemandRecord, Severity};
use mlrun::ops::certify::{CertifyReport, Conflict};

use super::super::{Align, Label, Style, Table, clean, time};
use super::{cut, verdict, wrapped};

/// Reasons that are given; the rest is counted.
const MOST_REASONS: usize = 20;
/// Rows that are named where every rule is passed.
const FEW_ROWS: usize = 3;
/// Rows of the table; the rest is counted.
const MOST_ROWS: usize = 60;

pub fn certify(report: &CertifyReport, style: &Style) -> String {
    let predicate = &report.statement.predicate;
    let stage = &predicate.baseline.stage;
    let against = match (&report.baseline, &predicate.baseline.first_release) {
        (Some(baseline), _) => format!("against {baseline} in {stage}"),
        (None, Some(reason)) => {
            let after = predicate.baseline.retired.as_ref();
            let after = after.map_or_else(String::new, |retired| {
                let (model, why) = (&predicate.model, clean(&retired.reason));
                format!(" after {model}@{} was retired ({why})", retired.version)
            });
            format!("first release to {stage}{after}: {}", clean(reason))
        }
        (None, None) => format!("{stage} is empty"),
    };
    let mut text = format!("{}\n\n", wrapped(&format!("{}  {against}", style.paint(Label::Strong, &report.label))));
    text += &why(&predicate.results, style);
    let listed = listed(&report.rows);
    for named in &listed {
        text += &rows(named, style);
    }
    for flips in &report.flips {
        text += &format!("{}\n", wrapped(&format!("{} {}", style.paint(Label::Dim, "flips:"), changed_sides(flips))));
    }
    if !listed.is_empty() || !report.flips.is_empty() {
        text.push('\n');
    }
    text += &table(predicate, style);
    for remark in &predicate.remarks {
        text += &format!("{}\n", wrapped(&format!("{} {}", style.paint(Label::Dim, "note:"), clean(remark))));
    }
    text.push('\n');
    if let Some(stage) = &report.proposed {
        let (those, whose) = if report.adopted {
            (format!("in force for {stage}"), "In force")
        } else {
            (format!("that mlrun.toml names, by which {stage} begins"), "Named")
        };
        text += &format!(
            "{}: these are not the rules {those}; this certificate\nis a proposal and never promotes. {whose} → here:\n",
            style.paint(Label::Warning, "other rules")
        );
        for line in &report.not_in_force {
            text += &format!("  {}\n", clean(line));
        }
    }
    let expires = match (report.check, report.expires) {
        (true, _) => "  (a look; nothing was written)".to_owned(),
        // What no promotion counts cannot expire.
        (_, Some(_)) if !report.verdict().counts() => format!("  certificate {}", report.certificate.short()),
        (_, Some(at)) => format!("  certificate {}, expires {}", report.certificate.short(), time(at)),
        _ => String::new(),
    };
    let unchanged = if report.unchanged { ", in force already" } else { "" };
    text += &match not_certified(report) {
        // Whatever the rules say: nobody is to read this as a certificate.
        Some(why) => format!("{}: {why}\n", style.paint(Label::Bad, "not certified")),
        None => format!("{}{}{unchanged}\n", verdict(report.verdict(), style), style.paint(Label::Dim, &expires)),
    };
    text
}

/// Why this certifies nothing, whatever the rules say.
pub fn not_certified(report: &CertifyReport) -> Option<String> {
    let proposed = || {
        let (stage, verdict) = (report.proposed.as_ref()?, report.verdict().name());
        let rules = if report.adopted { "in force for" } else { "that begin" };
        Some(format!("{verdict} by other rules than those {rules} {stage}"))
    };
    report.conflict.as_ref().map(refused).or_else(proposed)
}

/// Why there is no certificate.
fn refused(conflict: &Conflict) -> String {
    match conflict {
        Conflict::NotFirst { stage, holder } => {
            format!("{stage} holds {holder}, this is no first release; nothing was written")
        }
        Conflict::BaselineMoved { stage } => {
            format!("{stage} moved while this was judged; nothing was written, try again")
        }
        Conflict::Changed => {
            "evidence, cases or waivers went on changing while this was judged; nothing was written, try again"
                .to_owned()
        }
    }
}

/// Those behind what is not passed; where that is nothing, a few of the first rule's.
fn listed(all: &[NamedRows]) -> Vec<NamedRows> {
    let open: Vec<NamedRows> = all.iter().filter(|named| named.open).cloned().collect();
    if !open.is_empty() {
        return open;
    }
    let short = |named: &NamedRows| {
        let rows = named.rows.iter().take(FEW_ROWS).cloned().collect();
        NamedRows { rows, ..named.clone() }
    };
    all.first().map(short).into_iter().collect()
}

/// The rows behind a rule; of one that passed its largest failures.
fn rows(named: &NamedRows, style: &Style) -> String {
    let place = named.slice.as_ref().map_or_else(String::new, |slice| format!(" [{}]", clean(slice)));
    let what = if named.open { "rows" } else { "largest failures" };
    let mut text = format!("{}{place}: {what} of {}\n", clean(&named.rule), clean(named.set.as_str()));
    let mut table = Table::new(&[Align::Left; 5]).named_by(2);
    table.head(["", "key", "label", "new", "base"].map(|word| style.paint(Label::Dim, word)));
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

/// What is not good, the gravest first, and why: before any number.
fn why(results: &[ResultRecord], style: &Style) -> String {
    let quiet = |r: &&ResultRecord| matches!(r.verdict, Verdict::Pass | Verdict::NotApplicable) || r.reason.is_none();
    let mut reasons: Vec<&ResultRecord> = results.iter().filter(|r| !quiet(r)).collect();
    reasons.sort_by_key(|r| (r.severity == Severity::Warn, r.verdict));
    let mut text = String::new();
    for result in reasons.iter().take(MOST_REASONS) {
        let warn = if result.severity == Severity::Warn { " (does not block)" } else { "" };
        let reason = clean(result.reason.as_deref().unwrap_or_default());
        let word = verdict(result.verdict, style);
        text += &format!("{}\n", wrapped(&format!("{word}  {}{warn}: {reason}", cut(&name(result), 200))));
    }
    if reasons.len() > MOST_REASONS {
        text += &format!("and {} more\n", reasons.len() - MOST_REASONS);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn table(predicate: &CertificateRecord, style: &Style) -> String {
    let good = |result: &&ResultRecord| matches!(result.verdict, Verdict::Pass | Verdict::NotApplicable);
    let mut order: Vec<usize> = (0..predicate.results.len()).collect();
    // The good ones make room first; what is shown stands in its own order.
    order.sort_by_key(|at| good(&&predicate.results[*at]));
    order.truncate(MOST_ROWS);
    order.sort_unstable();
    let shown: Vec<&ResultRecord> = order.iter().map(|at| &predicate.results[*at]).collect();
    let align = [Align::Whole, Align::Left, Align::Right, Align::Right, Align::Right, Align::Whole, Align::Right];
    let mut table = Table::new(&align).named_by(2);
    table.head(["", "rule", "new", "base", "Δ", "bounds", "limit"].map(|word| style.paint(Label::Dim, word)));
    for result in &shown {
        let rule = predicate.policy.rules.iter().find(|rule| rule.id == result.rule);
        let is_ratio = rule
            .is_some_and(|rule| matches!(rule.demand, DemandRecord::MaxRatio { .. } | DemandRecord::MinRatio { .. }));
        table.row(row(result, is_ratio, style));
    }
    let mut text = table.render(0);
    let left_out = predicate.results.len() - shown.len();
    if left_out > 0 {
        let all_good = predicate.results.iter().filter(|result| !good(result)).count() <= MOST_ROWS;
        let what = if all_good { " that are good" } else { "" };
        text += &format!("and {left_out} more{what}: `--json` has them all\n");
    }
    text
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
