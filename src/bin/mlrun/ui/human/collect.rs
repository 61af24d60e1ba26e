//! `drop`, `gc`.

use mlrun::ops::drop::DropReport;
use mlrun::ops::gc::GcReport;

use super::super::{Align, Label, Style, Table, bytes, clean, time};
use super::count;

pub fn dropped(report: &DropReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    if let Some(stage) = &report.held {
        return format!("{label} {}: it holds or held {stage}\n", style.paint(Label::Bad, "stays"));
    }
    let already = if report.unchanged { " already" } else { "" };
    if report.dry_run && !report.unchanged {
        return format!("{label} would be dropped; nothing was written\n");
    }
    format!("{label} is dropped{already}; `mlrun gc` frees the space\n")
}

pub fn gc(report: &GcReport, now: bool, style: &Style) -> String {
    let mut text = String::new();
    let done = report.collected.is_some();
    for dropped in &report.dropped {
        let word = if done { "dropped" } else { "would drop" };
        text += &format!("{word} {}@{}: {}\n", dropped.model, dropped.version, clean(&dropped.reason));
    }
    let mut table = Table::new(&[Align::Right]);
    for (reason, size) in report.by_reason() {
        table.row([bytes(size), clean(reason)]);
    }
    text += &table.render(2);
    if report.erased > 0 {
        text += &format!("erased {} for good: a purge had been cut short\n", bytes(report.erased));
    }
    if report.taken_back > 0 {
        text += &format!("{}, needed after all, came back from the trash\n", count(report.taken_back as u64, "pack"));
    }
    if report.merged() > 0 {
        let would = if done { "" } else { "would be " };
        text += &format!("{} {would}merged into larger ones\n", count(report.merged() as u64, "small pack"));
    }
    let freed = report.collected.map_or_else(|| report.freed(), |collected| collected.freed);
    let freed = style.paint(Label::Strong, &bytes(freed));
    text += &match (done, now) {
        _ if report.freed() == 0 && report.kept_back() > 0 => {
            let size = bytes(report.kept_back());
            format!("nothing to free: {size} are not needed, and too little of their packs to write those anew\n")
        }
        _ if report.freed() == 0 => "nothing to free: what is stored is needed\n".to_owned(),
        (false, _) => format!("{freed} would go; nothing was written\n"),
        (true, true) => format!("freed {freed}\n"),
        (true, false) => {
            format!("{freed} went into the trash until {}; `mlrun gc --now` frees it at once\n", time(report.until))
        }
    };
    if let Some(collected) = report.collected.filter(|collected| collected.postponed > 0) {
        let word = style.paint(Label::Warning, "left as they are");
        let packs = count(collected.postponed as u64, "pack");
        text += &format!("{word}: {packs}, damaged or without room for a copy\n");
    }
    if report.emptied > 0 {
        text += &format!("removed {} from the trash for good\n", bytes(report.emptied));
    }
    text
}
