//! `promote`, `rollback`, `block`, `unblock`. The last line names the verdict.

use mlrun::ops::block::BlockReport;
use mlrun::ops::promote::PromoteReport;
use mlrun::ops::rollback::RollbackReport;

use super::super::{Label, Style, clean};
use super::{hooks, wrapped};
use crate::failure::{obstacle, rollback_refusal};

pub fn promote(report: &PromoteReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &report.label);
    let stage = report.stage.as_str();
    let mut text = String::new();
    report.checks.iter().for_each(|check| text += &hooks::ran(check, style));
    if !report.is_promoted() {
        text += &format!("{label} cannot hold {stage}:\n");
        for one in &report.obstacles {
            let (_, message, cure) = obstacle(one, &report.label, stage, report.needed);
            let firm = if report.force && !one.can_be_overruled() { " (`--force` does not overrule this)" } else { "" };
            text += &format!(
                "  {} {}{firm}\n      {}\n",
                style.paint(Label::Bad, "✗"),
                clean(&message),
                style.paint(Label::Dim, &clean(&cure))
            );
        }
        text += &not_in_force(report, style);
        return text + &format!("{}\n", style.paint(Label::Bad, "REFUSED"));
    }
    if report.unchanged {
        text += &format!("{label} holds {stage} already\n");
        text += &hooks::deployed(&report.deployed, style);
        return text + &format!("{}\n", style.paint(Label::Good, "PROMOTED"));
    }
    let before = report.previous.map_or_else(|| "nothing".to_owned(), |v| v.to_string());
    text += &format!("{stage}: {before} → {label}\n");
    for row in &report.approvals {
        let signed = if row.signature.is_some() { ", signed" } else { "" };
        text += &format!("approved by {} as {}{signed}\n", clean(&row.person), clean(&row.role));
    }
    if !report.overruled.is_empty() {
        let word = style.paint(Label::Bad, if report.dry_run { "would be FORCED" } else { "FORCED" });
        text += &format!("{word} against:\n");
        for one in &report.overruled {
            let (code, message, _) = obstacle(one, &report.label, stage, report.needed);
            text += &format!("  {} {code}: {}\n", style.paint(Label::Bad, "!"), clean(&message));
        }
        text += &format!("because: {}\n", clean(report.reason.as_deref().unwrap_or_default()));
    } else if report.force {
        text += "nothing had to be overruled: it is a promotion like any other\n";
    }
    text += &hooks::passed_over(&report.passed_over, style);
    text += &hooks::deployed(&report.deployed, style);
    if report.adopted_rules && report.certificate.is_some() {
        let are = if report.dry_run { "would be" } else { "are" };
        text += &format!("the rules it was certified under {are} in force for {stage} from now on\n");
    }
    text += &not_in_force(report, style);
    let word = if report.dry_run { "nothing stands in the way; nothing was written" } else { "PROMOTED" };
    text + &format!("{}\n", style.paint(Label::Good, word))
}

/// What mlrun.toml asks for and does not get.
fn not_in_force(report: &PromoteReport, style: &Style) -> String {
    if report.not_in_force.is_empty() {
        return String::new();
    }
    let note = style.paint(Label::Dim, "note:");
    let mut text = format!("{note} mlrun.toml asks for other than the rules in force for {}:\n", report.stage);
    report.not_in_force.iter().for_each(|line| text += &format!("  {}\n", clean(line)));
    text
}

pub fn rollback(report: &RollbackReport, style: &Style) -> String {
    let stage = report.stage.as_str();
    let mut text = String::new();
    for skipped in &report.skipped {
        text += &format!("  passed over {}: {}\n", skipped.version, clean(&skipped.reason));
    }
    if let Some(refusal) = &report.refusal {
        let (_, _, cure) = rollback_refusal(refusal, report.model.as_str());
        text += &format!("{}\n  {}\n", clean(&refusal.to_string()), style.paint(Label::Dim, &cure));
        return text + &format!("{}\n", style.paint(Label::Bad, "REFUSED"));
    }
    let version = report.version.map_or_else(|| "nothing".to_owned(), |v| format!("{}@{v}", report.model));
    let version = style.paint(Label::Strong, &version);
    if report.unchanged {
        let why = if report.gone { "; the version to flee is gone already" } else { " already" };
        text += &format!("{stage} holds {version}{why}\n");
    } else {
        let before = report.previous.map_or_else(|| "nothing".to_owned(), |v| v.to_string());
        text += &format!("{stage}: {before} → {version}\n");
        if report.blocked {
            let lift = format!("`mlrun unblock {}@{before} --stage {stage}` lifts that", report.model);
            text += &format!("{}\n", wrapped(&format!("{before} is blocked from {stage}; {lift}")));
        }
    }
    text += &hooks::passed_over(&report.passed_over, style);
    text += &hooks::deployed(&report.deployed, style);
    let word = if report.dry_run { "this is what would happen; nothing was written" } else { "ROLLED_BACK" };
    text + &format!("{}\n", style.paint(Label::Good, word))
}

pub fn block(report: &BlockReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let place = report.stage.as_ref().map_or_else(|| "every stage".to_owned(), ToString::to_string);
    let already = if report.unchanged { " already" } else { "" };
    let mut text = if report.blocked {
        format!("{label} is blocked from {place}{already}\n")
    } else {
        format!("{label} may hold {place}{already}\n")
    };
    if report.blocked && !report.holds.is_empty() {
        let holds: Vec<_> = report.holds.iter().map(ToString::to_string).collect();
        let word = style.paint(Label::Warning, "it still holds");
        text += &format!(
            "{word} {}; `mlrun rollback {} --from {} --reason …` moves that\n",
            holds.join(", "),
            report.model,
            report.version
        );
    }
    if report.dry_run {
        text += "nothing was written\n";
    }
    text
}
