//! `verify --deployed`.

use mlrun::format::checkpoint::ObservedRow;
use mlrun::ops::deployed::DeployedReport;
use mlrun::ops::observed::Standing;

use super::super::{Label, Style, bytes, clean, time};
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
    text += &format!("{folder} {verdict} {label}{held}: {same}\n");
    if !report.overruled.is_empty() {
        text += &format!("{} against {}\n", style.paint(Label::Bad, "FORCED"), clean(&report.overruled.join(", ")));
    }
    if let Some(version) = report.holds.filter(|version| *version != report.version) {
        text += &format!("it holds {}, whole\n", style.paint(Label::Strong, &format!("{}@{version}", report.model)));
    }
    match &report.recorded {
        None => text,
        Some(recorded) if recorded.event.is_some() => text + &format!("recorded of {}\n", clean(&recorded.place)),
        Some(recorded) => text + &format!("the same is on record of {} already\n", clean(&recorded.place)),
    }
}

/// What a place that serves a stage was last found to hold, beside what that holds.
pub fn observed(row: &ObservedRow, standing: Option<Standing>, style: &Style) -> String {
    let found = row.version.map_or_else(|| "no known version".to_owned(), |version| version.to_string());
    let differ =
        if row.version.is_none() { format!(", {} differ", count(row.differences, "file")) } else { String::new() };
    let word = match standing {
        Some(Standing::Same) => style.paint(Label::Good, "serves"),
        Some(Standing::Other) => style.paint(Label::Bad, "DIFFERS: it serves"),
        Some(Standing::Before) => style.paint(Label::Warning, "not looked at since the stage moved; it served"),
        None => "serves".to_owned(),
    };
    format!("{} {word} {found}{differ}, seen {}", clean(&row.place), time(row.time))
}
