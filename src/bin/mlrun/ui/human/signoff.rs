//! `approve`, `withdraw`.

use mlrun::format::event::SubjectRecord;
use mlrun::name::ModelName;
use mlrun::ops::approve::ApproveReport;
use mlrun::ops::withdraw::WithdrawReport;

use super::super::{Label, Style, clean};
use super::wrapped;

pub fn approve(report: &ApproveReport, style: &Style) -> String {
    let verb = match (report.unchanged, report.dry_run) {
        (true, _) => "is approved already",
        (false, true) => "would be approved",
        (false, false) => "is approved",
    };
    let what = subject(&report.model, &report.subject, style);
    let by = report.person.as_ref().map_or_else(String::new, |person| format!(" by {}", clean(person)));
    let key = report.key.as_ref().map_or_else(String::new, |key| format!(", signed with {key}"));
    let words = format!("{what} {verb} for {}{by} as {}{key}", report.stage, clean(&report.role));
    format!("{}\n{}", wrapped(&words), if report.dry_run { "nothing was written\n" } else { "" })
}

pub fn withdraw(report: &WithdrawReport, style: &Style) -> String {
    let what = subject(&report.model, &report.subject, style);
    let verb = match (report.unchanged, report.dry_run) {
        (true, _) => "is not approved any more already",
        (false, true) => "would not be approved any more",
        (false, false) => "is not approved any more",
    };
    let words = format!("{what} {verb} for {} by {} as {}", report.stage, clean(&report.person), clean(&report.role));
    format!("{}\n{}", wrapped(&words), if report.dry_run { "nothing was written\n" } else { "" })
}

fn subject(model: &ModelName, subject: &SubjectRecord, style: &Style) -> String {
    let text = match subject {
        SubjectRecord::Version { version, .. } => format!("{model}@{version}"),
        SubjectRecord::Rules(rules) => format!("{model} by the rules {}", rules.short()),
    };
    style.paint(Label::Strong, &text)
}
