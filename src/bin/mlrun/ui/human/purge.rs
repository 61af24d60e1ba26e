//! `purge`, and what other verbs say of what was erased.

use std::collections::{BTreeSet, HashMap};

use mlrun::ops::purge::{PurgeReport, Touched};
use mlrun::ops::{ErasedPart, Remaining};

use super::super::{Label, Style, bytes, clean, time};
use super::{count, wrapped};

/// Lines of one list; the rest is counted.
const MOST: usize = 10;

pub fn purge(report: &PurgeReport, style: &Style) -> String {
    let name = style.paint(Label::Strong, &clean(&report.name));
    if report.unchanged {
        return format!("{name} is erased already from {}@{}\n", report.model, report.version);
    }
    let mut text = String::new();
    for touched in report.touched.iter().take(MOST) {
        text += &format!("  {}\n", line(touched, style));
    }
    if report.touched.len() > MOST {
        text += &format!("  and {} more\n", count((report.touched.len() - MOST) as u64, "version"));
    }
    let (packs, in_trash) = report.packs;
    let in_trash = if in_trash > 0 { format!(", {in_trash} of them in the trash") } else { String::new() };
    let went = if report.dry_run { "would go" } else { "went" };
    text += &wrapped(&format!(
        "  {} in {} {went}, from {}{in_trash}",
        bytes(report.bytes),
        count(report.objects as u64, "object"),
        count(packs as u64, "pack"),
    ));
    text.push('\n');
    if report.shared > 0 {
        let with = report.shared_with.iter().take(MOST).map(|file| format!("    {}\n", clean(file)));
        let stay = style.paint(Label::Warning, "stay");
        text += &format!("  {} {stay}: they are part of other files too\n", bytes(report.shared));
        text += &with.collect::<String>();
        if report.shared_with.len() > MOST {
            text += &format!("    and {} more\n", report.shared_with.len() - MOST);
        }
    }
    if !report.profiles.is_empty() {
        let goes = if report.dry_run { "would go" } else { "went" };
        let words = format!("  what was known of the data {goes} with it: {}", several(&report.profiles));
        text += &format!("{}\n", wrapped(&words));
    }
    if !report.other_values.is_empty() {
        let others = report.other_values.join(", ");
        text += &format!("{}\n", wrapped(&format!("  another value, which stays, is in {others}")));
    }
    if report.untold {
        let words = "  whether it stands anywhere else was not looked for: it is too short to tell from other text";
        text += &format!("{}\n", wrapped(words));
    }
    text + &match report.dry_run {
        true => format!("{name} would be erased for good; nothing was written\n"),
        false => format!("{name} is {}\n", style.paint(Label::Good, "erased for good")),
    }
}

fn line(touched: &Touched, style: &Style) -> String {
    let paths: BTreeSet<&str> = touched.paths.iter().map(String::as_str).collect();
    let paths: Vec<String> = paths.into_iter().map(clean).collect();
    let mut line = format!("{}@{}  {}", touched.model, touched.version, paths.join(", "));
    if !touched.stages.is_empty() {
        let stages: Vec<_> = touched.stages.iter().map(ToString::to_string).collect();
        line = format!("{}  {}", line.trim_end(), style.paint(Label::Warning, &format!("in {}", stages.join(", "))));
    }
    line.trim_end().to_owned()
}

pub fn warnings(report: &PurgeReport) -> Vec<String> {
    let mut lines = Vec::new();
    for touched in &report.touched {
        for stage in &touched.stages {
            let label = format!("{}@{}", touched.model, touched.version);
            let (loses, can) = if report.dry_run { ("would lose", "could not") } else { ("lost", "cannot") };
            lines.push(match touched.model_file {
                true => format!(
                    "{label} holds {stage} and {loses} a file of its model: it {can} be restored whole, nor moved back to"
                ),
                false => format!("{label} holds {stage} and {loses} `{}`", clean(&report.name)),
            });
        }
    }
    // By name and content: the versions that have it.
    let mut also: Vec<(&Remaining, Vec<String>)> = Vec::new();
    let mut places = HashMap::new();
    for one in &report.also_in {
        let at = *places.entry((&one.name, one.file)).or_insert(also.len());
        if at == also.len() {
            also.push((one, Vec::new()));
        }
        also[at].1.push(format!("{}@{}", one.model, one.version));
    }
    for (one, labels) in also.iter().take(MOST) {
        let (name, of) = (clean(&one.name), several(labels));
        lines.push(if !report.files.is_empty() {
            format!("lines of it stand in `{name}` of {of} too, which stays")
        } else if one.file.is_some() {
            format!("the same text stands in `{name}` of {of}, which stays")
        } else {
            format!("the same text stands in the field `{name}` of {of}, which stays")
        });
    }
    if also.len() > MOST {
        lines.push(format!("and in {} more; `--json` names them all", also.len() - MOST));
    }
    if !report.recorded.is_empty() {
        let places: Vec<String> = report.recorded.iter().map(|one| format!("{} of {}", one.place, one.model)).collect();
        lines.push(format!(
            "somebody wrote the same text for the record, where nothing erases it: {}",
            several(&places)
        ));
    }
    if !report.not_searched.is_empty() {
        let names = several(&report.not_searched);
        lines
            .push(format!("whether the same text stands there is not known, for it cannot be read: {}", clean(&names)));
    }
    for pack in &report.unreadable {
        lines.push(format!("{} cannot be read: whether it holds any of it is not known", clean(pack)));
    }
    for label in &report.unknown {
        lines.push(format!("the record of {label} cannot be read: whether it had it is not known"));
    }
    lines
}

/// `a, b, c and 4 more`.
fn several(names: &[String]) -> String {
    const NAMED: usize = 3;
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    format!("{}{more}", names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// Tombstones, one a paragraph.
pub fn erased(parts: &[ErasedPart]) -> String {
    parts.iter().map(|part| format!("{}\n", wrapped(&format!("  {}", words(part))))).collect()
}

/// `model/weights.bin: erased 2026-03-01 12:00 by Ana: a customer's name`.
pub fn words(part: &ErasedPart) -> String {
    let row = &part.row;
    let by = row.actor.as_deref().map_or_else(String::new, |actor| format!(" by {}", clean(actor)));
    format!("{}: erased {}{by}: {}", clean(row.what.name()), time(row.time), clean(&row.reason))
}
