//! `list`, `log`, `at`.

use mlrun::format::event::{CaseChangeRecord, EventBody, EventRecord, HookOutcome, HookWhen, SubjectRecord};
use mlrun::id::SnapshotId;
use mlrun::ops::at::AtReport;
use mlrun::ops::list::ListReport;
use mlrun::ops::log::{LogEntry, LogReport};

use super::super::{Align, Label, Style, TERMINAL, Table, bytes, clean, time};
use super::{command_line, cut, ending, measured, verdict};

pub fn list(report: &ListReport, style: &Style) -> String {
    let dim = |word: &str| style.paint(Label::Dim, word);
    match report {
        ListReport::Models(lines) if lines.is_empty() => "no models yet\n".to_owned(),
        ListReport::Models(lines) => {
            let mut table = Table::new(&[]);
            table.row(["model", "latest", "stages"].map(dim));
            for line in lines {
                let stages: Vec<String> = line.stages.iter().map(|(s, v)| format!("{s} {v}")).collect();
                let latest = line.latest.map_or_else(|| "–".to_owned(), |l| l.version.to_string());
                table.row([line.model.to_string(), latest, stages.join(", ")]);
            }
            table.render(0)
        }
        ListReport::Versions { columns, lines, total, .. } => {
            let mut align = vec![Align::Left; 3];
            align.extend(columns.iter().map(|_| Align::Right));
            let mut rows: Vec<Vec<String>> = Vec::new();
            let head = ["version", "taken", "stage"].into_iter().chain(columns.iter().map(String::as_str));
            rows.push(head.chain(["certificate"]).map(dim).collect());
            for line in lines {
                let stages: Vec<_> = line.stages.iter().map(ToString::to_string).collect();
                let mut cells = vec![
                    line.row.version.to_string(),
                    time(line.row.time),
                    style.paint(Label::Good, &stages.join(", ")),
                ];
                cells.extend(
                    line.values.iter().map(|v| v.as_ref().map_or_else(|| "–".to_owned(), |v| measured(v, style))),
                );
                let mut certificate = line.verdict.map_or_else(String::new, |v| verdict(v, style));
                let words = [
                    (line.blocked, Label::Bad, "blocked"),
                    (line.row.dropped.is_some(), Label::Warning, "dropped"),
                    (line.erased, Label::Warning, "erased"),
                ];
                for (_, label, word) in words.into_iter().filter(|(is_so, ..)| *is_so) {
                    certificate = format!("{certificate} {}", style.paint(label, word)).trim_start().to_owned();
                }
                cells.push(certificate);
                rows.push(cells);
            }
            let mut bare = Table::new(&align);
            rows.iter().for_each(|row| bare.row(row.clone()));
            let room = TERMINAL.saturating_sub(bare.width()).clamp(12, 40);
            let notes = lines.iter().map(|line| cut(&clean(line.notes.as_deref().unwrap_or_default()), room));
            let mut table = Table::new(&align);
            for (row, notes) in rows.into_iter().zip([dim("notes")].into_iter().chain(notes)) {
                table.row(row.into_iter().chain([notes]));
            }
            let more =
                if lines.len() < *total { format!("{} of {total} versions\n", lines.len()) } else { String::new() };
            table.render(0) + &more
        }
    }
}

pub fn log(report: &LogReport, style: &Style) -> String {
    if report.events.is_empty() {
        return "no such events\n".to_owned();
    }
    let mut table = Table::new(&[Align::Right]);
    for entry in &report.events {
        table.row(log_line(entry, style));
    }
    table.render(0) + if report.more { "… older events were left out\n" } else { "" }
}

fn log_line(entry: &LogEntry, style: &Style) -> Vec<String> {
    let seq = style.paint(Label::Dim, &entry.seq.to_string());
    let Some(event) = &entry.event else {
        let kind = entry.raw.get("kind").and_then(|k| k.as_str()).unwrap_or("unknown");
        return vec![seq, String::new(), clean(kind), style.paint(Label::Warning, "needs a newer mlrun; see --json")];
    };
    let actor = event.actor.name.as_deref().or(event.actor.email.as_deref()).unwrap_or("unknown");
    vec![
        seq,
        time(event.time),
        kind(event, style),
        format!("{}  {}", words(entry, event, style), style.paint(Label::Dim, &clean(actor))),
    ]
}

fn kind(event: &EventRecord, style: &Style) -> String {
    let label = match &event.body {
        EventBody::Promote { .. } => Label::Good,
        EventBody::Rollback { .. } | EventBody::Block { .. } | EventBody::Failed { .. } | EventBody::Force { .. } => {
            Label::Bad
        }
        EventBody::Waive { .. } | EventBody::Retire { .. } | EventBody::Clock { .. } => Label::Warning,
        _ => Label::Strong,
    };
    style.paint(label, event.body.kind())
}

fn words(entry: &LogEntry, event: &EventRecord, style: &Style) -> String {
    let named = |id: &SnapshotId| entry.about.map_or_else(|| id.short(), |version| version.to_string());
    let reason = |r: &Option<String>| r.as_ref().map_or_else(String::new, |r| format!(": {}", clean(r)));
    let place =
        |s: &Option<mlrun::name::StageName>| s.as_ref().map_or_else(|| "every stage".to_owned(), ToString::to_string);
    match &event.body {
        EventBody::Create { repository } => format!("history {}", repository.get(..8).unwrap_or(repository)),
        EventBody::Snapshot { version, snapshot, .. } => format!("{version}  {}", snapshot.short()),
        EventBody::Failed { argv, run, .. } => {
            format!("`{}` {}", cut(&command_line(argv), 60), ending(run, None))
        }
        EventBody::Certify { snapshot, verdict: v, stage, proposed, .. } => {
            let note = if *proposed { ", under other rules" } else { "" };
            format!("{} for {}, against {stage}{note}", verdict(*v, style), named(snapshot))
        }
        EventBody::Attach { version, evidence, reason: why, .. } => {
            format!("{} `{}` to {version}{}", evidence.kind(), evidence.set(), reason(why))
        }
        EventBody::Waive { version, rule, reason, expires, .. } => {
            format!("`{}` for {version} until {}: {}", clean(rule), time(*expires), clean(reason))
        }
        EventBody::Case { change: CaseChangeRecord::Add { first, count, set, .. }, reason: why } => {
            let last = first.saturating_add(*count).saturating_sub(1);
            let ids = if *count == 1 { format!("c{first}") } else { format!("c{first} to c{last}") };
            format!("{ids} of `{set}` must be right{}", reason(why))
        }
        EventBody::Case { change: CaseChangeRecord::Remove { cases }, reason: why } => {
            let ids: Vec<String> = cases.iter().map(|number| format!("c{number}")).collect();
            format!("{} removed{}", cut(&ids.join(", "), 60), reason(why))
        }
        EventBody::Sign { snapshot, certificate, keyid, .. } => {
            format!("{} certificate {} with the key {}", named(snapshot), certificate.short(), keyid.short())
        }
        EventBody::Block { snapshot, stage, reason } => {
            format!("{} from {}: {}", named(snapshot), place(stage), clean(reason))
        }
        EventBody::Unblock { snapshot, stage, reason: why } => {
            format!("{} in {}{}", named(snapshot), place(stage), reason(why))
        }
        EventBody::Drop { version, reason, .. } => format!("{version}: {}", clean(reason)),
        EventBody::Purge { version, versions, erased, reason } => {
            let more = versions.len() - usize::from(versions.contains(version));
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{} from {version}{more}: {}", clean(erased.name()), clean(reason))
        }
        EventBody::Gc { packs, freed, emptied, at_once, erased, .. } => {
            let went = if *at_once { "freed" } else { "into the trash" };
            let packs = super::count(*packs, "pack");
            let emptied =
                if *emptied > 0 { format!("; {} removed from the trash", bytes(*emptied)) } else { String::new() };
            let erased = erased.map_or_else(String::new, |erased| format!("; {} erased", bytes(erased)));
            format!("{packs}, {} {went}{emptied}{erased}", bytes(*freed))
        }
        EventBody::Promote { stage, version, reason: why, .. } => format!("{stage} → {version}{}", reason(why)),
        EventBody::Rollback { stage, version, reason, .. } => format!("{stage} → {version}: {}", clean(reason)),
        EventBody::Force { stage, version, overruled, reason, .. } => {
            format!("{stage} → {version} against {}: {}", clean(&overruled.join(", ")), clean(reason))
        }
        EventBody::Retire { stage, version, reason, .. } => format!("{stage} emptied of {version}: {}", clean(reason)),
        EventBody::Approve { subject, stage, role, person, signature, .. } => {
            let what = match subject {
                SubjectRecord::Version { version, .. } => version.to_string(),
                SubjectRecord::Rules(digest) => format!("the rules {}", digest.short()),
            };
            let how = if signature.is_some() { ", signed" } else { "" };
            format!("{what} for {stage}, {} as {}{how}", clean(person), clean(role))
        }
        EventBody::Withdraw { approval, reason: why } => format!("the approval in event {approval}{}", reason(why)),
        EventBody::Adopt { stage, reason, .. } => format!("other rules for {stage}: {}", clean(reason)),
        EventBody::Hook { stage, version, when, command, outcome, .. } => {
            let when = match when {
                HookWhen::Before => "before",
                HookWhen::After => "after",
            };
            let outcome = match outcome {
                HookOutcome::Succeeded => "succeeded",
                HookOutcome::Failed => "failed",
                HookOutcome::TimedOut => "took too long",
                HookOutcome::NotStarted => "could not be started",
                HookOutcome::Skipped => "was skipped",
            };
            format!("`{}` {when} {stage} → {version} {outcome}", cut(&clean(command), 60))
        }
        EventBody::Observed { stage, place, version, expected, differences } => {
            let found = version.map_or_else(|| "no known version".to_owned(), |version| version.to_string());
            let differ = if *differences == 0 { String::new() } else { format!(", {differences} files differ") };
            format!("{} serves {found} for {stage}, which held {expected}{differ}", clean(place))
        }
        EventBody::Import { version, snapshot, origin, .. } => {
            format!("{version}  {}, {} of {}", snapshot.short(), origin.version, origin.model)
        }
        EventBody::Rename { folder, from, to, reason: why } => {
            let first = if folder == from { String::new() } else { format!(", first {folder}") };
            format!("{from} → {to}{first}{}", reason(why))
        }
        EventBody::Clock { from, times, reason } => {
            format!(
                "the times of {} from {from} on are not what they say: {}",
                super::count(times.len() as u64, "event"),
                clean(reason)
            )
        }
    }
}

pub fn at(report: &AtReport, style: &Style) -> String {
    let when = match report.since {
        Some(since) => format!("from {} to {}", time(since), time(report.time)),
        None => time(report.time),
    };
    if report.stages.is_empty() {
        return format!("{when}: nothing was in any stage\n");
    }
    let mut text = format!("{when}\n");
    for held in &report.stages {
        let o = &held.occupancy;
        let until = held.until.map_or_else(|| "still there".to_owned(), |t| format!("until {}", time(t)));
        let by = o.actor.as_deref().map_or_else(String::new, |a| format!(" by {}", clean(a)));
        let how = if o.kind == "rollback" { style.paint(Label::Bad, "rollback") } else { "promoted".to_owned() };
        let version = style.paint(Label::Strong, &format!("{}@{}", held.model, o.version));
        let id = style.paint(Label::Dim, &o.snapshot.short());
        text += &format!("  {}  {version}  {id}\n", held.stage);
        text += &format!("      {how}{by} {}, {until}\n", time(o.since));
        if let Some(certificate) = o.certificate {
            text += &format!("      certificate {}\n", certificate.short());
        }
        for row in &held.approvals {
            let signed = if row.signature.is_some() { ", signed" } else { "" };
            text += &format!("      approved by {} as {}{signed}\n", clean(&row.person), clean(&row.role));
        }
        if let Some(reason) = &o.reason {
            text += &format!("      {}\n", clean(reason));
        }
    }
    text
}
