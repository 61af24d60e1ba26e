//! `certify --recheck`, `export`.

use std::path::Path;

use mlrun::ops::export::ExportReport;
use mlrun::ops::recheck::{RecheckReport, Shown, Standing};

use super::super::{Label, Style, clean, time};
use super::{count, cut, verdict, wrapped};

/// Results that are named; the rest is counted.
const NAMED: usize = 3;
const LEVELS: [&str; 4] = ["bindings, signatures", "its own numbers", "the evidence", "today's rules"];

pub fn recheck(report: &RecheckReport, style: &Style) -> String {
    let said = report.statement.predicate.verdict;
    let name = report.label.clone().unwrap_or_else(|| report.statement.predicate.model.to_string());
    let place = report.file.as_ref().map_or_else(String::new, |p| format!(" in {}", clean(&p.display().to_string())));
    let mut text =
        wrapped(&format!("{}  certificate {}{place}", style.paint(Label::Strong, &name), report.certificate.short()));
    text.push('\n');
    let predicate = &report.statement.predicate;
    text += &format!("  candidate {}\n", predicate.candidate);
    let stage = &predicate.baseline.stage;
    text += &match predicate.baseline.snapshot {
        Some(baseline) => format!("  against   {baseline}\n            in {stage}\n"),
        None => format!("  against nothing in {stage}\n"),
    };
    if let Some((issued, expires)) = report.issued {
        text += &format!("  issued {}, expires {}\n", time(issued), time(expires));
    }
    text.push('\n');
    for (level, (shown, about)) in report.levels.iter().zip(LEVELS).enumerate() {
        let (label, word, what) = match shown {
            Shown::Agrees { what } => (Label::Good, "agrees", what.clone()),
            Shown::NotReached { why } => (Label::Dim, "not reached", why.clone()),
            Shown::Differs { what } => (Label::Bad, "differs", what.first().cloned().unwrap_or_default()),
        };
        let word = style.paint(label, &format!("{word:<11}"));
        text += &format!("{}\n", wrapped(&format!("  {level} {about:<20}  {word}  {}", clean(&what))));
        if let Shown::Differs { what } = shown {
            for more in what.iter().skip(1) {
                text += &format!("{}\n", wrapped(&format!("    {}", clean(more))));
            }
        }
    }
    text.push('\n');
    for signature in &report.signatures {
        let words = match signature.standing {
            Standing::Trusted => style.paint(Label::Good, "made with a key that was given"),
            Standing::Sound => "sound; whose key it is, nobody here can say".to_owned(),
            Standing::Unchecked => style.paint(Label::Warning, "not checked: `--key PUBLIC.pem` does"),
            Standing::Broken => style.paint(Label::Bad, "broken"),
        };
        text += &format!("signed by {}: {words}\n", cut(&clean(&signature.keyid), 12));
    }
    let unknown = report.examination.unknown();
    for (result, why) in unknown.iter().take(NAMED) {
        text += &format!("{}\n", wrapped(&format!("{}: not derived again: {}", clean(&result.name()), clean(why))));
    }
    if unknown.len() > NAMED {
        text += &format!("and {} more: `--json` has them all\n", unknown.len() - NAMED);
    }
    for remark in &report.remarks {
        text += &format!("{}\n", wrapped(&format!("{} {}", style.paint(Label::Dim, "note:"), clean(remark))));
    }
    let said = verdict(said, style);
    text += &match (report.is_broken(), report.level(), report.is_outdated()) {
        (true, ..) => format!("{}: {said} is recorded, and does not hold\n", style.paint(Label::Bad, "BROKEN")),
        (_, Some(level), false) => format!("{said} shown again up to level {level}\n"),
        (_, Some(level), true) => format!("{said} shown again up to level {level}; not by today's rules\n"),
        (_, None, _) => format!("{said} not shown again\n"),
    };
    text
}

pub fn export(report: &ExportReport, place: Option<&Path>, style: &Style) -> String {
    let place = place.map_or_else(String::new, |path| format!(" → {}", clean(&path.display().to_string())));
    let signed = match report.signed_by.len() {
        0 => String::new(),
        n => format!(", {}", count(n as u64, "signature")),
    };
    let label = style.paint(Label::Strong, &report.label);
    format!("{label}  certificate {}{signed}{place}\n", report.certificate.short())
}
