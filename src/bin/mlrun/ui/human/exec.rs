//! `exec`.

use mlrun::ops::exec::ExecReport;

use super::super::{Label, Style, clean};
use super::{command_line, ending, snapshot};

/// The version that was made, or what would be run.
pub fn exec(report: &ExecReport, folder: &str, style: &Style) -> String {
    match &report.snapshot {
        Some(taken) => snapshot::snapshot(taken, style),
        None => {
            let seeds: String = report.issued.iter().map(|(name, value)| format!("{name}={value} ")).collect();
            let command = style.paint(Label::Strong, &format!("{seeds}{}", command_line(&report.argv)));
            format!("would run {command}\nin {}, then take a snapshot of {}\n", clean(folder), report.model)
        }
    }
}

/// Why there is no version.
pub fn failed(report: &ExecReport) -> String {
    let how = report.run.as_ref().map_or_else(String::new, |run| ending(run, report.asked_to_end));
    format!("no version: the command {how}")
}

/// What a person should know about the version.
pub fn warnings(report: &ExecReport) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for path in &report.unwritten {
        lines.push(format!("`{}` was not written by this run: it is what it was before", clean(path)));
    }
    if let [first, ..] = report.changed_code.as_slice() {
        let more = report.changed_code.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        lines.push(format!(
            "code was changed while the command ran, and is kept as it is now: `{}`{more}",
            clean(first)
        ));
    }
    lines.extend(report.snapshot.iter().flat_map(snapshot::warnings));
    lines
}
