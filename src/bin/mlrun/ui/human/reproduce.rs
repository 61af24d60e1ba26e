//! `reproduce`.

use mlrun::ops::reproduce::{FileOutcome, Likeness, MetricOutcome, ReproduceReport, Reproduced, Sameness};

use super::super::{Label, Style, Table, clean};
use super::snapshot::reasons;
use super::{count, exact, wrapped};

/// Lines of one kind; JSON has all of them.
const MOST: usize = 10;

pub fn reproduce(report: &ReproduceReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let mut text = format!("{label}  {}\n", report.id.short());
    let mut facts = Table::new(&[]);
    let whence = if report.command.recorded { "" } else { "  (given)" };
    facts.row(["command".to_owned(), format!("{}{whence}", clean(&report.command.shown))]);
    let folder = if report.folder.is_empty() { "." } else { report.folder.as_str() };
    facts.row(["in".to_owned(), clean(folder)]);
    for (name, value) in &report.variables.set {
        facts.row(["with".to_owned(), clean(&format!("{name}={value}"))]);
    }
    if !report.variables.unknown.is_empty() {
        let names = format!("{}: their values are not known", report.variables.unknown.join(", "));
        facts.row(["without".to_owned(), clean(&names)]);
    }
    let interpreter = report.environment.interpreter.as_deref().unwrap_or("no interpreter was looked at");
    facts.row(["software".to_owned(), format!("{}: {}", report.choice.name(), clean(interpreter))]);
    if let Some(run) = &report.run {
        facts.row(["took".to_owned(), format!("{:.1} s", run.took.as_secs_f64())]);
    }
    text += &facts.render(2);
    let environment = report.environment.differences.iter().map(|line| clean(line));
    let skipped =
        report.environment.skipped.iter().map(|(name, why)| clean(&format!("{name} is not installed: {why}")));
    list(&mut text, style, "another environment", environment.chain(skipped).collect());
    list(
        &mut text,
        style,
        "not there",
        report.missing.iter().map(|(what, why)| clean(&format!("{what}: {why}"))).collect(),
    );
    list(&mut text, style, "note", report.notes.iter().chain(&report.unreadable).map(|note| clean(note)).collect());
    list(&mut text, style, "model", report.files.iter().map(|one| file(one, style)).collect());
    list(&mut text, style, "metrics", metrics(&report.metrics, style));
    list(&mut text, style, "predictions", report.predictions.iter().map(|one| file(one, style)).collect());
    let not_compared = report.not_compared.iter().map(|(what, why)| clean(&format!("{what}: {why}")));
    list(&mut text, style, "not compared", not_compared.collect());
    if report.verdict == Some(Reproduced::Failed) && !report.said.is_empty() {
        list(
            &mut text,
            style,
            "the last it said",
            report.said.lines().rev().take(MOST).map(clean).collect::<Vec<_>>().into_iter().rev().collect(),
        );
    }
    let against: Vec<_> = report.reasons.iter().filter(|reason| !reason.good).cloned().collect();
    if report.verdict != Some(Reproduced::Exact) && !against.is_empty() {
        text += &format!("\n{}\n{}", style.paint(Label::Strong, "what speaks against it"), reasons(&against, style));
    }
    if let Some(kept) = &report.kept {
        text += &format!("\nkept: {}\n", clean(&kept.display().to_string()));
    }
    if let Some(verdict) = report.verdict {
        let because = wrapped(&format!("  {}", clean(&report.because)));
        text += &format!("\n{because}\n{}\n", style.paint(colour(verdict), verdict.name()));
    }
    text
}

const fn colour(verdict: Reproduced) -> Label {
    match verdict {
        Reproduced::Exact | Reproduced::Equivalent => Label::Good,
        Reproduced::Different | Reproduced::Failed => Label::Bad,
        Reproduced::Inconclusive => Label::Warning,
    }
}

fn list(text: &mut String, style: &Style, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    *text += &format!("\n{}\n", style.paint(Label::Strong, title));
    for line in lines.iter().take(MOST) {
        *text += &format!("{}\n", wrapped(&format!("  {line}")));
    }
    if lines.len() > MOST {
        *text += &format!("  and {} more; `--json` has them all\n", lines.len() - MOST);
    }
}

fn file(file: &FileOutcome, style: &Style) -> String {
    let (label, words) = match file.likeness {
        Likeness::Bytes => (Label::Good, "the same bytes"),
        Likeness::Tensors => (Label::Good, "other bytes"),
        Likeness::Structure => (Label::Warning, "other bytes"),
        Likeness::Different => (Label::Bad, "different"),
        Likeness::Missing => (Label::Warning, "not written"),
    };
    let notes = if file.notes.is_empty() { String::new() } else { format!(": {}", clean(&file.notes.join("; "))) };
    format!("{}  {}{notes}", clean(&file.path), style.paint(label, words))
}

/// Those that came out the same are counted.
fn metrics(all: &[MetricOutcome], style: &Style) -> Vec<String> {
    let value = |value: &Option<mlrun::format::scalar::Scalar>| value.as_ref().map_or_else(|| "none".to_owned(), exact);
    let line = |metric: &MetricOutcome| {
        let (label, words) = match metric.sameness {
            Sameness::Equal | Sameness::Close => (Label::Good, "within the tolerance"),
            Sameness::Different => (Label::Bad, "different"),
            Sameness::Undefined => (Label::Warning, "no number to compare"),
            Sameness::Missing => (Label::Warning, "not written"),
            Sameness::Ignored => (Label::Dim, "ignored"),
        };
        format!(
            "{} {} → {}  {}",
            clean(&metric.name),
            value(&metric.then),
            value(&metric.now),
            style.paint(label, words)
        )
    };
    let same = all.iter().filter(|metric| metric.sameness == Sameness::Equal).count() as u64;
    let others = all.iter().filter(|metric| metric.sameness != Sameness::Equal);
    let mut lines: Vec<String> = others.map(line).collect();
    if same > 0 {
        lines.push(style.paint(Label::Good, &format!("{} the same", count(same, "metric"))));
    }
    lines
}
