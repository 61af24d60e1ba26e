//! `init`, `status`, `doctor`, `seed`.

use mlrun::format::store::Access;
use mlrun::ops::doctor::{Finding, Health};
use mlrun::ops::init::InitReport;
use mlrun::ops::status::{ModelStatus, StatusReport};

use super::super::{Align, Label, Style, Table, clean, time};
use super::verdict;
use crate::failure::obstacle;

pub fn init(report: &InitReport, style: &Style) -> String {
    let store = report.store.display();
    if report.unchanged {
        return format!("everything is there already: {store}\n");
    }
    let would = if report.dry_run { "would write" } else { "wrote" };
    let mut text = String::new();
    for path in &report.written {
        let shown = path.strip_prefix(&report.project).unwrap_or(path);
        text += &format!("{would} {}\n", style.paint(Label::Strong, &shown.display().to_string()));
    }
    if !report.found.is_empty() {
        text += &format!("found {}\n", clean(&report.found.join(", ")));
    }
    let whose = match report.access {
        None => "",
        Some(Access::Group) => ", for the group that its folder belongs to",
        Some(Access::Private) => ", for you alone",
    };
    text + &format!("the store is {store}{whose}\n")
}

pub fn status(report: &StatusReport, style: &Style) -> String {
    let mut text = String::new();
    for model in &report.models {
        text += &one(model, style);
        text.push('\n');
    }
    if report.models.is_empty() {
        text += "no models yet; `mlrun snapshot NAME --files PATH` makes the first version of one\n\n";
    }
    text + &style.paint(Label::Dim, &format!("store {}; no copy of it is known anywhere else\n", report.store))
}

fn one(status: &ModelStatus, style: &Style) -> String {
    let latest =
        status.latest.map_or_else(|| "no version yet".to_owned(), |l| format!("{}, taken {}", l.version, time(l.time)));
    let mut text = format!("{}  {latest}\n", style.paint(Label::Strong, status.model.as_str()));
    let mut table = Table::new(&[]);
    match &status.workspace {
        None => {}
        Some(Ok(changed)) if changed.is_empty() => table.row(["workspace".to_owned(), "unchanged".to_owned()]),
        Some(Ok(changed)) => {
            table.row(["workspace".to_owned(), format!("{} changed", style.paint(Label::Warning, &changed.join(", ")))])
        }
        Some(Err(error)) => table.row(["workspace".to_owned(), style.paint(Label::Bad, &clean(error))]),
    }
    for stage in &status.stages {
        let words = match &stage.occupancy {
            None => "empty".to_owned(),
            Some(o) => {
                let how = if o.kind == "rollback" { " by rollback" } else { "" };
                let back =
                    stage.rollback_to.map_or_else(|| "nothing to go back to".to_owned(), |v| format!("rollback → {v}"));
                format!("{} since {}{how}; {back}", style.paint(Label::Good, &o.version.to_string()), time(o.since))
            }
        };
        table.row([stage.stage.to_string(), words]);
        if let [first, more @ ..] = stage.erased.as_slice() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let words = format!("it lost {}{more} for good", clean(first));
            table.row([String::new(), format!("{}; {words}", style.paint(Label::Warning, "erased"))]);
        }
    }
    if let Some(c) = &status.certificate {
        table.row(["certificate".to_owned(), format!("{}, expires {}", verdict(c.verdict, style), time(c.expires))]);
    }
    text += &table.render(2);
    if let (Some((stage, against)), Some(latest)) = (&status.next, status.latest) {
        let label = format!("{}@{}", status.model, latest.version);
        if against.is_empty() {
            text += &format!(
                "  nothing stands between {} and {stage}:\n    mlrun promote {label} --to {stage}\n",
                latest.version
            );
        } else {
            text += &format!("  between {} and {stage}:\n", latest.version);
        }
        for one in against {
            let (_, message, cure) = obstacle(one, &label, stage.as_str(), status.needed);
            // A command to copy stands on a line of its own.
            text += &format!("    {}\n        {}\n", clean(&message), style.paint(Label::Dim, &clean(&cure)));
        }
    }
    text
}

pub fn doctor(findings: &[Finding], style: &Style) -> String {
    let mut table = Table::new(&[]);
    for finding in findings {
        let mark = match finding.health {
            Health::Good => style.paint(Label::Good, "ok"),
            Health::Warning => style.paint(Label::Warning, "look"),
            Health::Bad => style.paint(Label::Bad, "bad"),
        };
        table.row([mark, finding.what.to_owned(), clean(&finding.text)]);
        if let Some(cure) = &finding.cure {
            table.row([String::new(), String::new(), style.paint(Label::Dim, &format!("→ {cure}"))]);
        }
    }
    table.render(0)
}

/// One seed stands alone: whoever asks for it is a script.
pub fn seeds(seeds: &[(String, u32)]) -> String {
    if let [(_, seed)] = seeds {
        return format!("{seed}\n");
    }
    let mut table = Table::new(&[Align::Left, Align::Right]);
    for (name, seed) in seeds {
        table.row([clean(name), seed.to_string()]);
    }
    table.render(0)
}
