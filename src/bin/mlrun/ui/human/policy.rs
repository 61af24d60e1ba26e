//! `policy`, `retire`.

use mlrun::ops::policy::{AdoptReport, PolicyReport};
use mlrun::ops::retire::RetireReport;
use mlrun::ops::rules::Needed;

use super::super::{Label, Style, clean};
use crate::failure::{adopted_label, obstacle};

pub fn show(report: &PolicyReport, style: &Style) -> String {
    let PolicyReport { model, stage, .. } = report;
    let Some(rules) = &report.in_force else {
        return format!(
            "no rules are in force for {stage} of {model}: the first promotion adopts those it is made under\n"
        );
    };
    let sha256 = style.paint(Label::Dim, &rules.sha256.to_string());
    let mut text = format!("rules in force for {stage} of {model}\n  {sha256}\n");
    let written = serde_json::to_value(&rules.record.stage).unwrap_or_default();
    for (key, value) in written.as_object().into_iter().flatten() {
        text += &format!("  {key}: {}\n", clean(&value.to_string()));
    }
    let Some(policy) = &rules.policy else { return text + "  no certificate is asked for\n" };
    text += &format!("policy, {} %, against {}\n", policy.confidence * 100.0, policy.baseline);
    for rule in &policy.rules {
        let written = serde_json::to_value(rule.demand).unwrap_or_default();
        text += &format!("  {}  {}\n", style.paint(Label::Strong, &clean(&rule.id)), clean(&written.to_string()));
    }
    if !report.differences.is_empty() {
        text += &format!("{} those of the project differ: `mlrun policy diff`\n", style.paint(Label::Warning, "note:"));
    }
    text
}

pub fn diff(report: &PolicyReport, style: &Style) -> String {
    let PolicyReport { model, stage, .. } = report;
    match (&report.in_force, &report.stated) {
        (None, _) => show(report, style),
        (_, None) => format!("the project states no rules for {stage} of {model}\n"),
        _ if report.differences.is_empty() => {
            format!("the rules of the project are those in force for {stage} of {model}\n")
        }
        (Some(_), Some(stated)) => format!(
            "in force for {stage} of {model} → stated\n{}{} {}\n",
            lines(&report.differences),
            style.paint(Label::Dim, "stated:"),
            stated.sha256
        ),
    }
}

pub fn adopt(report: &AdoptReport, style: &Style) -> String {
    let PolicyReport { model, stage, differences, .. } = &report.rules;
    if report.unchanged {
        return format!("these rules are in force for {stage} of {model} already\n");
    }
    if !report.missing.is_empty() {
        let label = adopted_label(report);
        let mut text = format!("{stage} of {model}\n{}", lines(differences));
        for one in &report.missing {
            let (_, message, cure) = obstacle(one, &label, stage.as_str(), Needed::default());
            text += &format!(
                "  {} {}\n      {}\n",
                style.paint(Label::Bad, "✗"),
                clean(&message),
                style.paint(Label::Dim, &clean(&cure))
            );
        }
        return text + &format!("{}\n", style.paint(Label::Bad, "REFUSED"));
    }
    let word = if report.dry_run { "nothing was written" } else { "ADOPTED" };
    format!("{stage} of {model}\n{}{}\n", lines(differences), style.paint(Label::Good, word))
}

pub fn retire(report: &RetireReport, style: &Style) -> String {
    let RetireReport { model, stage, .. } = report;
    match report.held {
        None => format!("{stage} of {model} holds nothing already\n"),
        Some((version, _)) => {
            let word = if report.dry_run { "would hold" } else { "holds" };
            let label = style.paint(Label::Strong, &format!("{model}@{version}"));
            format!("{stage} {word} nothing; before: {label}\n")
        }
    }
}

fn lines(differences: &[String]) -> String {
    differences.iter().map(|line| format!("  {}\n", clean(line))).collect()
}
