//! `init`, `status`, `doctor`, `seed`.

use mlrun::format::store::Access;
use mlrun::ops::doctor::{Finding, Health};
use mlrun::ops::init::InitReport;
use mlrun::ops::status::{ModelStatus, StatusReport};
use mlrun::ops::wrong_clock::ClockReport;

use super::super::{Align, Label, Style, Table, clean, time};
use super::{count, verdict};
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
                let how = match o.kind.as_str() {
                    "rollback" => " by rollback".to_owned(),
                    "force" => format!(", {}", style.paint(Label::Bad, "FORCED")),
                    _ => String::new(),
                };
                let back =
                    stage.rollback_to.map_or_else(|| "nothing to go back to".to_owned(), |v| format!("rollback → {v}"));
                format!("{} since {}{how}; {back}", style.paint(Label::Good, &o.version.to_string()), time(o.since))
            }
        };
        table.row([stage.stage.to_string(), words]);
        if let Some(o) = stage.occupancy.as_ref().filter(|o| o.kind == "force") {
            table.row([String::new(), super::event::forced(o, style)]);
        }
        for hook in &stage.open_hooks {
            table.row([String::new(), super::hooks::open(hook, style)]);
        }
        if let Some(o) = stage.occupancy.as_ref().filter(|_| !stage.open_hooks.is_empty()) {
            let again = format!("mlrun promote {}@{} --to {}", status.model, o.version, stage.stage);
            table.row([String::new(), style.paint(Label::Dim, &again)]);
        }
        for (row, standing) in &stage.observed {
            table.row([String::new(), super::deployed::observed(row, *standing, style)]);
        }
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
        if !status.checks.is_empty() {
            let checks: Vec<String> = status.checks.iter().map(|check| format!("`{}`", clean(check))).collect();
            text += &format!("    then {} must agree\n", checks.join(" and "));
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

/// Events whose times a wrong clock wrote: of many the first and the last.
pub fn corrected(report: &ClockReport, style: &Style) -> String {
    if report.journals.is_empty() {
        return format!("no event is later than now, {}\n", time(report.now));
    }
    let mut text = String::new();
    for found in &report.journals {
        let whose = if found.model.is_store() { "the store" } else { found.model.as_str() };
        let many = count(found.times.len() as u64, "event");
        text += &format!("{}: {many} from {} on\n", style.paint(Label::Strong, whose), found.from);
        let mut table = Table::new(&[Align::Right]);
        for (index, (seq, (recorded, taken))) in (found.from..).zip(&found.times).enumerate() {
            match index {
                0..3 => table.row([seq.to_string(), time(*recorded), "→".to_owned(), time(*taken)]),
                n if n + 1 == found.times.len() => {
                    table.row([seq.to_string(), time(*recorded), "→".to_owned(), time(*taken)]);
                }
                3 => table.row(["…".to_owned()]),
                _ => {}
            }
        }
        text += &table.render(2);
    }
    let word = if report.dry_run { "nothing was written" } else { "CORRECTED" };
    text + &format!("{}\n", style.paint(Label::Good, word))
}
