//! `list`, `log`, `at`, `rename`.

use mlrun::clock::describe_age;
use mlrun::ops::at::{AtReport, Occupied};
use mlrun::ops::list::{ListReport, VersionLine};
use mlrun::ops::log::LogReport;
use mlrun::ops::rename::RenameReport;

use super::super::spark::{fitted, sparkline};
use super::super::{Align, Label, Style, Table, clean, terminal, time};
use super::{count, cut, event, measured, shortened, verdict};

/// The widest name of a metric on a terminal.
const WIDEST: usize = 24;
/// A line is no place for longer notes; `show` has all of them.
const NOTES: usize = 72;

/// With each number over the versions, if `trend`.
pub fn list(report: &ListReport, trend: bool, style: &Style) -> String {
    let dim = |word: &str| style.paint(Label::Dim, word);
    match report {
        ListReport::Models { lines, left_out: 0 } if lines.is_empty() => "no models yet\n".to_owned(),
        ListReport::Models { lines, left_out } => {
            let mut table = Table::new(&[Align::Left, Align::Whole, Align::Right]);
            table.head(["model", "newest", "age", "stages"].map(dim));
            for line in lines {
                let forced =
                    |s| if line.forced.contains(s) { style.paint(Label::Bad, " FORCED") } else { String::new() };
                let mut stages: Vec<String> =
                    line.stages.iter().map(|(s, v)| format!("{s} {v}{}", forced(s))).collect();
                stages.extend(line.abandoned.then(|| style.paint(Label::Warning, "dropped")));
                let latest = line.latest.map_or_else(|| "–".to_owned(), |l| l.version.to_string());
                let age = line.age.map_or_else(String::new, describe_age);
                table.row([line.model.to_string(), latest, age, stages.join(", ")]);
            }
            let more = match left_out {
                0 => String::new(),
                left_out => dim(&format!(
                    "{} dropped altogether left out; `mlrun list --all`\n",
                    count(*left_out as u64, "model")
                )),
            };
            table.render(0) + &more
        }
        ListReport::Versions { columns, lines, total, .. } => {
            let mut align = vec![Align::Whole, Align::Whole, Align::Left, Align::Whole];
            align.extend(columns.iter().map(|_| Align::Right));
            align.push(Align::Spare);
            let mut rows: Vec<Vec<String>> = Vec::new();
            let named =
                |column: &String| terminal::room().map_or_else(|| clean(column), |_| shortened(&clean(column), WIDEST));
            let columns: Vec<String> = columns.iter().map(named).collect();
            let head = ["version", "taken", "stage", "certificate"].into_iter();
            let head = head.chain(columns.iter().map(String::as_str)).chain(["notes"]);
            let head: Vec<String> = head.map(dim).collect();
            for line in lines {
                let stages: Vec<_> = line.stages.iter().map(ToString::to_string).collect();
                let mut cells = vec![
                    line.row.version.to_string(),
                    time(line.row.time),
                    style.paint(Label::Good, &stages.join(", ")),
                ];
                let mut certificate = line.verdict.map_or_else(String::new, |v| verdict(v, style));
                let words = [
                    (!line.forced.is_empty(), Label::Bad, "FORCED"),
                    (line.blocked, Label::Bad, "blocked"),
                    (line.row.is_unreadable(), Label::Bad, "cannot be read"),
                    (line.row.dropped.is_some() && !line.row.is_unreadable(), Label::Warning, "dropped"),
                    (line.erased, Label::Warning, "erased"),
                ];
                for (_, label, word) in words.into_iter().filter(|(is_so, ..)| *is_so) {
                    certificate = format!("{certificate} {}", style.paint(label, word)).trim_start().to_owned();
                }
                cells.push(certificate);
                cells.extend(
                    line.values.iter().map(|v| v.as_ref().map_or_else(|| "–".to_owned(), |v| measured(v, style))),
                );
                rows.push(cells);
            }
            let most = terminal::room().map_or(usize::MAX, |_| NOTES);
            let notes = lines.iter().map(|line| cut(&clean(line.notes.as_deref().unwrap_or_default()), most));
            let mut table = Table::new(&align);
            // A head over nothing is as wide as notes.
            let noted = lines.iter().any(|line| line.notes.is_some());
            table.head(head.into_iter().take(if noted { align.len() } else { align.len() - 1 }));
            for (row, notes) in rows.into_iter().zip(notes) {
                table.row(row.into_iter().chain(noted.then_some(notes)));
            }
            let more =
                if lines.len() < *total { format!("{} of {total} versions\n", lines.len()) } else { String::new() };
            table.render(0) + &more + &if trend { trends(&columns, lines, style) } else { String::new() }
        }
    }
}

/// Each number, called by names fit to be shown, over the versions listed, the oldest first, with its least and greatest value.
fn trends(columns: &[String], lines: &[VersionLine], style: &Style) -> String {
    let mut versions: Vec<&VersionLine> = lines.iter().collect();
    versions.sort_by_key(|line| line.row.version);
    let ([oldest, .., newest], false) = (versions.as_slice(), columns.is_empty()) else { return String::new() };
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Whole, Align::Right]);
    for (column, name) in columns.iter().enumerate() {
        let number = |line: &&VersionLine| line.values.get(column)?.as_ref()?.finite();
        let values: Vec<f64> = versions.iter().map(|line| number(line).unwrap_or(f64::NAN)).collect();
        let drawn = sparkline(&fitted(&values, terminal::width().saturating_sub(44).clamp(8, 80)), None);
        // What says nothing in numbers has no shape.
        let Some((low, high)) = drawn.range else { continue };
        let ends = [low, high].map(|end| style.paint(Label::Dim, &style.number(end)));
        let [low, high] = ends;
        table.row([name.clone(), low, drawn.text, high]);
    }
    let over = format!("over {} … {}", oldest.row.version, newest.row.version);
    format!("\n{}\n{}", style.paint(Label::Dim, &over), table.render(2))
}

pub fn log(report: &LogReport, style: &Style) -> String {
    if report.events.is_empty() {
        return "no such events\n".to_owned();
    }
    let mut table = Table::new(&[Align::Right, Align::Whole, Align::Whole]);
    for entry in &report.events {
        table.row(event::line(entry, style));
    }
    table.render(0) + if report.more { "… older events were left out\n" } else { "" }
}

pub fn at(report: &AtReport, style: &Style) -> String {
    let when = match (report.timeline, report.since) {
        (false, _) => time(report.time),
        (true, Some(since)) => format!("from {} to {}", time(since), time(report.time)),
        (true, None) => format!("up to {}", time(report.time)),
    };
    let ahead = if report.ahead { "that time is still to come: this is how it stands now\n" } else { "" };
    if report.stages.is_empty() {
        return format!("{when}: nothing was in any stage\n{ahead}");
    }
    let mut text = format!("{when}\n{ahead}");
    report.stages.iter().for_each(|held| text += &occupied(held, style));
    text
}

/// A version's time in a stage, and below it what is to be said of it.
fn occupied(held: &Occupied, style: &Style) -> String {
    let o = &held.occupancy;
    let version = style.paint(Label::Strong, &format!("{}@{}", held.model, o.version));
    let until = match (held.until, &o.retired) {
        (None, _) => "still there".to_owned(),
        (Some(until), None) => format!("until {}", time(until)),
        (Some(until), Some(retired)) => format!("emptied{} {}", by(retired.actor.as_deref()), time(until)),
    };
    let id = style.paint(Label::Dim, &o.snapshot.short());
    let mut text = format!("  {}  {version}  {id}\n", held.stage);
    let mut say = |words: String| text += &format!("{}\n", super::set_in(&words, 6));
    say(format!("since {}, {until}", time(o.since)));
    let why = o.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", clean(reason)));
    match o.kind.as_str() {
        "force" => say(format!("{} {}", style.paint(Label::Bad, "FORCED"), event::overruled(o, style))),
        "rollback" => say(format!("{}{}{why}", style.paint(Label::Bad, "rollback"), by(o.actor.as_deref()))),
        _ => say(format!("promoted{}{why}", by(o.actor.as_deref()))),
    }
    if let Some(certificate) = o.certificate {
        let word = held.verdict.map_or_else(String::new, |said| format!(" {}", verdict(said, style)));
        say(format!("certificate {}{word}", certificate.short()));
    }
    for waiver in &held.waivers {
        let [rule, by, why] = [&waiver.rule, &waiver.approver, &waiver.reason].map(|text| clean(text));
        say(format!(
            "{} `{rule}` by {by} until {}: {why}",
            style.paint(Label::Warning, "waived"),
            time(waiver.expires)
        ));
    }
    for approval in &held.approvals {
        let signed = if approval.signature.is_some() { ", signed" } else { "" };
        let withdrawn = approval.withdrawn.map_or_else(String::new, |at| format!(", withdrawn {}", time(at.time)));
        let (person, role) = (clean(&approval.person), clean(&approval.role));
        say(format!("approved by {person} as {role} {}{signed}{withdrawn}", time(approval.time)));
    }
    for hook in &held.hooks {
        let command = cut(&clean(&hook.command), 60);
        say(format!("`{command}` {} {}", event::went(hook.outcome, style), time(hook.time)));
    }
    held.observed.iter().for_each(|(row, standing)| say(super::deployed::observed(row, *standing, style)));
    if let Some(retired) = &o.retired {
        say(format!("emptied because: {}", clean(&retired.reason)));
    }
    if held.cut {
        say("there are too many events to look through all of them for hooks and findings".to_owned());
    }
    text
}

fn by(actor: Option<&str>) -> String {
    actor.map_or_else(String::new, |actor| format!(" by {}", clean(actor)))
}

pub fn rename(report: &RenameReport, style: &Style) -> String {
    let to = style.paint(Label::Strong, report.to.as_str());
    let mut text = match (report.unchanged, report.dry_run) {
        (true, _) => format!("{to} is called so already\n"),
        (false, true) => format!("{} would be called {to}; nothing was written\n", report.from),
        (false, false) => format!("{} → {to}\n", report.from),
    };
    if !report.unchanged {
        text += &format!("{} goes on meaning it\n", report.from);
    }
    text
}
