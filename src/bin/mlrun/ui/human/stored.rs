//! `restore`, `bundle`, `import`, `verify`.

use mlrun::ops::bundle::BundleReport;
use mlrun::ops::bundle::check::BundleCheck;
use mlrun::ops::import::ImportReport;
use mlrun::ops::restore::{DataFrom, RestoreReport, RestoredData};
use mlrun::ops::verify::{Looked, Place, Repairs, VerifyReport};

use super::super::{Label, Style, bytes, clean, time};
use super::purge::words;
use super::{count, wrapped};

/// Lines of what was erased; the rest is counted.
const MOST_ERASED: usize = 10;

pub fn restore(report: &RestoreReport, style: &Style) -> String {
    let plan = &report.plan;
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let would = if report.dry_run { "would write" } else { "wrote" };
    let written = count((plan.write.len() + plan.generated.len()) as u64, "file");
    let mut text = format!("{label} → {}\n  {would} {written}, {}", report.to.display(), bytes(plan.bytes));
    if plan.kept > 0 {
        text += &format!("; {} there already", count(plan.kept as u64, "file"));
    }
    if !plan.modes.is_empty() {
        let would = if report.dry_run { "would set" } else { "set" };
        text += &format!("; {would} the executable bit of {}", count(plan.modes.len() as u64, "file"));
    }
    if !plan.overwrite.is_empty() {
        text += &format!("; {} over others", count(plan.overwrite.len() as u64, "file"));
    }
    text.push('\n');
    report.data.iter().for_each(|source| text += &data(source));
    text
}

/// Where data was found that the store does not hold.
fn data(source: &RestoredData) -> String {
    let from = match source.from {
        DataFrom::Store => return String::new(),
        DataFrom::Given => "as given",
        DataFrom::Target => "there already",
        DataFrom::Recorded => "where it was captured",
        DataFrom::Project => "the project",
        DataFrom::DvcCache => "DVC's cache",
        DataFrom::Workspace => "another file of the workspace",
    };
    let path = source.path.as_ref().map_or_else(String::new, |path| clean(&path.display().to_string()));
    let checked = if source.by_md5 { "; only its MD5 could be checked" } else { "" };
    format!("  data {} from {path} ({from}{checked})\n", source.name)
}

pub fn bundle(report: &BundleReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let entries = count(report.entries as u64, "entry").replace("entrys", "entries");
    match (report.size, report.sha256) {
        (Some(size), Some(sha256)) => {
            format!("{label} → {}\n  {entries}, {}\n  SHA-256 {sha256}\n", report.output.display(), bytes(size))
        }
        _ => format!("{label} would become {} with {entries}\n", report.output.display()),
    }
}

pub fn bundle_check(check: &BundleCheck, style: &Style) -> String {
    let entries = count(check.entries as u64, "entry").replace("entrys", "entries");
    let mut text = format!(
        "{}  {}@{}, snapshot {}\n  {entries}, {}: everything matches SHA256SUMS, the journal, the records and the trees\n",
        style.paint(Label::Good, "ok"),
        clean(&check.model),
        clean(&check.version),
        clean(&check.snapshot),
        bytes(check.bytes),
    );
    if !check.not_checked.is_empty() {
        text += "  what it cannot prove by itself:\n";
        check.not_checked.iter().for_each(|line| text += &format!("  – {}\n", clean(line)));
    }
    text
}

pub fn import(report: &ImportReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let there = format!("{}@{} of history {}", report.origin.0, report.origin.1, clean(&report.repository));
    let how = match (report.unchanged, report.dry_run) {
        (true, _) => "was here already",
        (false, true) => "would be imported",
        (false, false) => "imported",
    };
    let files = count(report.files as u64, "file");
    let mut text = format!(
        "{label} {how}: {there}\n  snapshot {}, {files}, {}; {} stored anew\n",
        report.id,
        bytes(report.bytes),
        bytes(report.written.stored),
    );
    if !report.unchanged {
        text += "  its certificates and approvals count there, not here\n";
    }
    text
}

/// More paths than these are only counted; JSON has all of them.
const PATHS: usize = 5;

pub fn verify(report: &VerifyReport, style: &Style) -> String {
    let mut text = String::new();
    for mended in &report.repaired {
        // The index is a cache, which every check writes anew if it is wrong.
        let is_done = report.repairs == Repairs::Made || mended.kind == "index";
        let done = if is_done { "repaired" } else { "could be repaired" };
        let from = mended.from.iter().map(|from| clean(from)).collect::<Vec<_>>().join(", ");
        text += &format!("{} {} {}\n", style.paint(Label::Good, done), mended.kind, clean(&mended.name));
        text += &match &mended.gone_to {
            Some(place) => format!("      what was sound in it was copied; it lies in {}\n", clean(place)),
            None => format!("      from {from}\n"),
        };
        text += &places(&mended.places);
    }
    for problem in &report.problems {
        let versions = if problem.versions.is_empty() {
            String::new()
        } else {
            format!("\n      needed by {}", problem.versions.join(", "))
        };
        text += &format!(
            "{} {} {}\n      expected {}, found {}{versions}\n",
            style.paint(Label::Bad, "✗"),
            problem.kind,
            clean(&problem.name),
            clean(&problem.expected),
            clean(&problem.found),
        );
        text += &places(&problem.paths);
    }
    for (model, part) in report.erased.iter().take(MOST_ERASED) {
        let versions: Vec<_> = part.row.versions.iter().map(ToString::to_string).collect();
        let line = format!("{} {model}@{} {}", style.paint(Label::Dim, "–"), versions.join(","), words(part));
        text += &format!("{}\n", wrapped(&line));
    }
    if report.erased.len() > MOST_ERASED {
        text += &format!("  and {} more were erased; `--json` has them all\n", report.erased.len() - MOST_ERASED);
    }
    if let Some((model, version)) = &report.version {
        let label = style.paint(Label::Strong, &format!("{model}@{version}"));
        let read = format!("{} read, {}", count(report.objects, "file"), bytes(report.bytes));
        return text
            + &match report.problems.len() as u64 {
                0 if report.erased.is_empty() => format!("{label} is {}: {read}\n", style.paint(Label::Good, "whole")),
                0 => format!("{label} is {} but for what was erased: {read}\n", style.paint(Label::Good, "whole")),
                n => format!("{label} has {}: {read}\n", style.paint(Label::Bad, &count(n, "problem"))),
            };
    }
    if report.looked == Looked::Journals {
        for (model, head) in &report.heads {
            text += &format!("  {model}@{}:{}\n", head.seq, head.id);
        }
    }
    let checked = if report.looked == Looked::Journals {
        count(report.events, "event")
    } else {
        format!(
            "{}, {} of packs, {}, {}",
            count(report.objects, "object"),
            bytes(report.bytes),
            count(report.events, "event"),
            count(report.versions, "version")
        )
    };
    let verdict = match (report.problems.len() as u64, report.looked) {
        (0, Looked::Journals | Looked::Bytes) => style.paint(Label::Good, "whole"),
        (0, Looked::Structure) => style.paint(Label::Good, "whole, seen from outside"),
        (n, _) => style.paint(Label::Bad, &count(n, "problem")),
    };
    text += &format!("{verdict}: {checked}\n");
    if let Some(left) = &report.not_read {
        let when = if time(left.oldest) == time(left.newest) {
            format!("on {}", time(left.oldest))
        } else {
            format!("from {} to {}", time(left.oldest), time(left.newest))
        };
        text += &format!("not read again: {}, {}, found sound {when}\n", count(left.packs, "pack"), bytes(left.bytes));
    }
    text
}

/// What to do about what was found, and about what was not looked at.
pub fn verify_hints(report: &VerifyReport) -> Vec<String> {
    let any = |kinds: &[&str]| report.problems.iter().any(|problem| kinds.contains(&problem.kind));
    let mut hints = Vec::new();
    let mut hint = |words: &str| hints.push(words.to_owned());
    if report.looked == Looked::Structure {
        hint("what is inside the packs was not read; `mlrun verify --full` reads every byte");
    }
    if any(&["erased"]) {
        hint("`mlrun gc` ends the erasing that was cut short");
    }
    if any(&["event"]) {
        hint(
            "put the journal's files back from a backup of the store: nothing else has them. What is newer than this mlrun is whole: install a newer one",
        );
    }
    if any(&["index"]) {
        hint(
            "the index is a cache and everything works without it; who may write to the store writes it anew with `mlrun verify`",
        );
    }
    match report.repairs {
        _ if !any(&["pack", "object", "file"]) => {}
        Repairs::None => hint("`mlrun verify --full --repair` stores again what is still to be found"),
        Repairs::Rehearsed => {
            if !report.repaired.is_empty() {
                hint("`mlrun verify --full --repair` does it");
            }
            hint(
                "what is found nowhere may be in another folder: `mlrun verify --full --repair --from DIR` looks there, too",
            );
        }
        Repairs::Made => {
            hint(
                "what is left was found nowhere; if another folder has those files: `mlrun verify --full --repair --from DIR`",
            );
            if any(&["pack"]) {
                hint(
                    "a pack of the same name from a backup of the store may be put in the place of one that is damaged",
                );
            }
            if let Some(label) = report.problems.iter().flat_map(|problem| &problem.versions).next() {
                hint(&format!("if nobody has them any more: `mlrun drop {label} --reason …` lets go of that version"));
            }
        }
    }
    hints
}

fn places(places: &[Place]) -> String {
    let mut text = String::new();
    for place in places.iter().filter(|place| !place.path.is_empty()).take(PATHS) {
        text += &format!("      {}: {}\n", clean(&place.version), clean(&place.path));
    }
    match places.len().saturating_sub(PATHS) {
        0 => text,
        more => text + &format!("      and {more} more\n"),
    }
}
