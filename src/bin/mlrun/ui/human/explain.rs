//! `certify --explain-policy`: what each rule does on the rows there are.

use mlrun::certify::{EqualModels, ExplainedRule, Explanation};
use mlrun::format::policy::Severity;
use mlrun::ops::certify::CertifyReport;

use super::super::{Align, Label, Style, Table, clean};
use super::{verdict, wrapped};

pub fn explain(report: &CertifyReport, explanation: &Explanation, style: &Style) -> String {
    let stage = &report.statement.predicate.baseline.stage;
    let against = match &report.baseline {
        Some(baseline) => format!("against {baseline} in {stage}"),
        None => format!("{stage} is empty"),
    };
    let mut text = format!("{}  {against}\n\n", style.paint(Label::Strong, &report.label));
    let right = Align::Right;
    let mut table = Table::new(&[Align::Whole, Align::Left, Align::Left, right, right, right, right]).named_by(2);
    let dim = |word: &str| style.paint(Label::Dim, word);
    table.head(["now", "rule", "measures", "rows", "detectable", "equal: fails", "undecided"].map(dim));
    for rule in &explanation.rules {
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| style.number(value));
        let share = |pick: fn(EqualModels) -> u32| match rule.equal {
            Some(models) => format!("{:.0} %", 100.0 * f64::from(pick(models)) / f64::from(models.tried.max(1))),
            None => "–".to_owned(),
        };
        table.row(vec![
            rule.verdict.map_or_else(String::new, |found| verdict(found, style)),
            clean(&rule.rule),
            clean(&rule.measures),
            rows(rule),
            number(rule.detectable),
            share(|models| models.failed),
            share(|models| models.undecided),
        ]);
    }
    text += &table.render(0);
    text.push('\n');
    for rule in &explanation.rules {
        let warns = if rule.severity == Severity::Warn { "; does not block" } else { "" };
        let cannot = rule.fails_useless == Some(false);
        let warns = if cannot { format!("; did not fail a useless model{warns}") } else { warns.to_owned() };
        let untried = rule.untried.as_ref().map(|reason| format!("; equal models were not tried: {reason}"));
        let warns = format!("{}{warns}", untried.unwrap_or_default());
        let needs = rule.needs.join(", ");
        let needs = if needs.is_empty() { needs } else { format!("; needs {needs}") };
        text += &format!("{}\n", wrapped(&clean(&format!("{}: {}{needs}{warns}", rule.rule, rule.asks))));
    }
    let tried = explanation.rules.iter().filter_map(|rule| rule.equal).map(|models| models.tried).max();
    if let Some(tried) = tried {
        let about = format!(
            "equal: of {tried} models as good as the one they are compared with, on other rows like these, how many the rule \
             fails and how many it leaves undecided; of training data: of as many tables that did not drift. detectable: the smallest difference these rows tell from none."
        );
        text += &format!("\n{}\n", wrapped(&style.paint(Label::Dim, &about)));
    }
    text
}

/// `6,000`, or `12 × 300` of twelve slices, the smallest of which has 300 rows.
fn rows(rule: &ExplainedRule) -> String {
    let rows = rule.rows.filter(|rows| *rows > 0).map_or_else(|| "–".to_owned(), |rows| rows.to_string());
    if rule.results > 1 { format!("{} × ≥ {rows}", rule.results) } else { rows }
}
