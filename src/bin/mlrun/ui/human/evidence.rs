//! `attach`, `case`, `waive`.

use mlrun::format::cases::{CaseRecord, NumberedCaseRecord};
use mlrun::format::event::AttachedRecord;
use mlrun::ops::attach::AttachReport;
use mlrun::ops::cases::{AddReport, ListReport, RemoveReport};
use mlrun::ops::waive::WaiveReport;

use super::super::{Align, Label, Style, Table, bytes, clean, time};
use super::{count, cut, wrapped};

/// New cases that are named one by one.
const SHOWN: usize = 20;

pub fn attach(report: &AttachReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let evidence = &report.evidence;
    let already = if report.unchanged { " already" } else { "" };
    let mut text = format!(
        "{} `{}` {} attached to {label}{already}\n",
        evidence.kind(),
        evidence.set(),
        if report.dry_run && !report.unchanged { "would be" } else { "is" }
    );
    text += &format!(
        "  {}  {}  {}\n",
        evidence.path(),
        bytes(evidence.size()),
        style.paint(Label::Dim, &evidence.file().short())
    );
    if let AttachedRecord::Samples(samples) = evidence {
        text += &match &samples.machine {
            Some(machine) => format!("  taken on this machine, {}; if not, say `--machine unknown`\n", clean(machine)),
            None => "  taken on an unknown machine: no times are compared with these\n".to_owned(),
        };
    }
    if let Some(file) = report.supersedes {
        text += &format!("  it counts in the place of {}, which was attached before and is kept\n", file.short());
    }
    text + &nothing(report.dry_run)
}

fn nothing(dry_run: bool) -> String {
    if dry_run { "nothing was written\n".to_owned() } else { String::new() }
}

/// `at 0.3`, `± 50`, `(contains)`: what is right besides the label itself.
fn terms(case: &CaseRecord) -> String {
    let answers = case.answers.map_or_else(String::new, |answers| format!(" ({})", answers.name()));
    match (case.threshold, case.tolerance) {
        (Some(threshold), _) => format!(" at {threshold}"),
        (_, Some(tolerance)) => format!(" ± {tolerance}{answers}"),
        (None, None) => answers,
    }
}

/// `c7 of test, row_id=4711: right is 1 (a chargeback of 9,000 in March)`.
fn case(one: &NumberedCaseRecord) -> String {
    let (key, expected, reason) = (clean(&one.key()), cut(&clean(&one.case.expected), 40), clean(&one.case.reason));
    let terms = terms(&one.case);
    format!("{} of {}, {key}: right is {expected}{terms} ({reason})", one.id(), one.set)
}

pub fn case_added(report: &AddReport, style: &Style) -> String {
    let model = style.paint(Label::Strong, report.model.as_str());
    let mut text = String::new();
    for one in report.added.iter().take(SHOWN) {
        text += &format!("  {}\n", case(one));
    }
    if report.added.len() > SHOWN {
        text += &format!("  … and {} more\n", report.added.len() - SHOWN);
    }
    if !report.known.is_empty() {
        let ids: Vec<String> = report.known.iter().take(SHOWN).map(NumberedCaseRecord::id).collect();
        text += &format!("  a case already: {}\n", ids.join(", "));
    }
    let cases = count(report.in_force, "case");
    let words = match (report.unchanged, report.dry_run) {
        (true, _) => format!("{model} has {cases}, these among them\n"),
        (false, true) => format!("the labels are those of {}\n", report.version),
        (false, false) => {
            format!("{model} has {cases} now; the labels are those of {}\n", report.version)
        }
    };
    text + &words + &nothing(report.dry_run)
}

pub fn case_removed(report: &RemoveReport, style: &Style) -> String {
    let model = style.paint(Label::Strong, report.model.as_str());
    let cases = count(report.in_force, "case");
    let ids: Vec<String> = report.removed.iter().map(|number| format!("c{number}")).collect();
    let text = match (report.unchanged, report.dry_run) {
        (true, _) => format!("{model} has {cases}; these were removed before\n"),
        (false, true) => format!("{} would be removed\n", ids.join(", ")),
        (false, false) => format!("{} removed; {model} has {cases} now\n", ids.join(", ")),
    };
    text + &nothing(report.dry_run)
}

pub fn cases(report: &ListReport, style: &Style) -> String {
    if report.cases.is_empty() {
        return format!("{} has no cases\n", report.model);
    }
    let mut table = Table::new(&[Align::Whole]);
    table.head(["case", "set", "row", "right", "added", "why"].map(|word| style.paint(Label::Dim, word)));
    for listed in &report.cases {
        let one = &listed.case;
        let by = listed.actor.as_deref().map_or_else(String::new, |name| format!(" by {}", clean(name)));
        let terms = terms(&one.case);
        let removed = listed.removed.as_ref().map_or_else(String::new, |removed| {
            let why = removed.reason.as_deref().map_or_else(String::new, |why| format!(": {}", clean(why)));
            let by = removed.actor.as_deref().map_or_else(String::new, |name| format!(" by {}", clean(name)));
            style.paint(Label::Warning, &format!("  removed {}{by}{why}", time(removed.time)))
        });
        table.row([
            style.paint(Label::Strong, &one.id()),
            one.set.to_string(),
            clean(&one.key()),
            format!("{}{terms}", cut(&clean(&one.case.expected), 24)),
            format!("{}{by}", time(listed.time)),
            format!("{}{removed}", clean(&one.case.reason)),
        ]);
    }
    table.render(0)
}

pub fn waive(report: &WaiveReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let verb = match (report.unchanged, report.dry_run) {
        (true, _) => "is waived already",
        (false, true) => "would be waived",
        (false, false) => "is waived",
    };
    let words = format!(
        "`{}` {verb} for {label} until {}, by {}: {}",
        clean(&report.rule),
        time(report.expires),
        clean(&report.approver),
        clean(&report.reason)
    );
    format!("{}\n{}", wrapped(&words), nothing(report.dry_run))
}
