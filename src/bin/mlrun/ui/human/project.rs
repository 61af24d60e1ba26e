//! `init`, `doctor`, `seed`.

use mlrun::format::store::Access;
use mlrun::ops::doctor::{Finding, Health};
use mlrun::ops::init::InitReport;
use mlrun::ops::wrong_clock::ClockReport;

use super::super::{Align, Label, Style, Table, clean, time};
use super::count;

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

pub fn doctor(findings: &[Finding], style: &Style) -> String {
    let mut table = Table::new(&[Align::Whole]);
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
        let mut table = Table::new(&[Align::Right, Align::Whole, Align::Whole, Align::Whole]);
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
