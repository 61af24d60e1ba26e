//! `verify --deployed`.

use mlrun::ops::deployed::DeployedReport;

use super::super::{Label, Style, bytes, clean};
use super::count;

pub fn deployed(report: &DeployedReport, style: &Style) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        text += &format!(
            "{} {}  {}\n      expected {}\n      found {}\n",
            style.paint(Label::Bad, "✗"),
            problem.kind,
            clean(&problem.name),
            clean(&problem.expected),
            clean(&problem.found),
        );
    }
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let held = report.stage.as_ref().map_or_else(String::new, |stage| format!(", held by {stage}"));
    let folder = clean(&report.folder.display().to_string());
    let same = format!("{}, {} the same", count(report.same, "file"), bytes(report.bytes));
    let verdict = match report.problems.len() as u64 {
        0 => style.paint(Label::Good, "is"),
        n => format!("{} from", style.paint(Label::Bad, &format!("differs in {}", count(n, "file")))),
    };
    text + &format!("{folder} {verdict} {label}{held}: {same}\n")
}
