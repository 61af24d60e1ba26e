//! What happened, in words: one line for each kind of event.

use mlrun::format::checkpoint::OccupancyRow;
use mlrun::format::event::{CaseChangeRecord, EventBody, EventRecord, HookOutcome, HookWhen, SubjectRecord};
use mlrun::id::SnapshotId;
use mlrun::ops::log::LogEntry;

use super::super::{Label, Style, bytes, clean, time};
use super::{command_line, count, cut, ending, verdict};

/// Its kind, coloured by what it means.
pub fn kind(event: &EventRecord, style: &Style) -> String {
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

/// What happened.
pub fn words(entry: &LogEntry, event: &EventRecord, style: &Style) -> String {
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
            let packs = count(*packs, "pack");
            let emptied =
                if *emptied > 0 { format!("; {} removed from the trash", bytes(*emptied)) } else { String::new() };
            let erased = erased.map_or_else(String::new, |erased| format!("; {} erased", bytes(erased)));
            format!("{packs}, {} {went}{emptied}{erased}", bytes(*freed))
        }
        EventBody::Promote { stage, version, approvals, adopts, no_hooks, reason: why, .. } => {
            let rules = if adopts.is_some() { ", rules adopted" } else { "" };
            let on = resting(approvals);
            format!("{stage} → {version}{}{on}{rules}{}", without_hooks(*no_hooks, style), reason(why))
        }
        EventBody::Rollback { stage, version, reason, blocks, unblocks, skipped, no_hooks, .. } => {
            let fled = entry.about.map_or_else(|| "what it held".to_owned(), |version| version.to_string());
            let block = if blocks.is_empty() { String::new() } else { format!(", {fled} blocked") };
            let unblock = if unblocks.is_empty() { "" } else { ", unblocked" };
            let passed: Vec<String> = skipped.iter().map(|one| one.version.to_string()).collect();
            let passed = if passed.is_empty() { String::new() } else { format!(", past {}", passed.join(", ")) };
            let hooks = without_hooks(*no_hooks, style);
            format!("{stage} → {version}{hooks}{unblock}{passed}{block}: {}", clean(reason))
        }
        EventBody::Force { stage, version, overruled, approvals, no_hooks, reason, .. } => {
            let against = style.paint(Label::Bad, &clean(&overruled.join(", ")));
            let hooks = without_hooks(*no_hooks, style);
            let on = resting(approvals);
            format!("{stage} → {version}{hooks} against {against}: {}{on}", clean(reason))
        }
        EventBody::Retire { stage, version, reason, .. } => format!("{stage} emptied of {version}: {}", clean(reason)),
        EventBody::Approve { subject: of, stage, role, person, signature, .. } => {
            let what = subject(of);
            let how = if signature.is_some() { ", signed" } else { "" };
            format!("{what} for {stage}, {} as {}{how}", clean(person), clean(role))
        }
        EventBody::Withdraw { approval, reason: why } => {
            let whose = entry.approval.as_ref().map(|row| {
                let what = subject(&row.subject);
                format!(" of {what} for {}, {} as {}", row.stage, clean(&row.person), clean(&row.role))
            });
            format!("the approval in event {approval}{}{}", whose.unwrap_or_default(), reason(why))
        }
        EventBody::Adopt { stage, approvals, reason, .. } => {
            format!("other rules for {stage}{}: {}", resting(approvals), clean(reason))
        }
        EventBody::Hook { stage, version, when, command, outcome, exit, .. } => {
            let when = match when {
                HookWhen::Before => "before",
                HookWhen::After => "after",
            };
            let status = exit.filter(|status| *status != 0).map_or_else(String::new, |s| format!(" (status {s})"));
            let command = cut(&clean(command), 60);
            format!("`{command}` {when} {stage} → {version} {}{status}", went(*outcome, style))
        }
        EventBody::Observed { stage, place, version, expected, differences } => {
            let found = version.map_or_else(|| "no known version".to_owned(), |version| version.to_string());
            let differ = match *differences {
                0 => String::new(),
                n => format!(", {} different", count(n, "file")),
            };
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
                count(times.len() as u64, "event"),
                clean(reason)
            )
        }
    }
}

/// What somebody agrees with.
fn subject(subject: &SubjectRecord) -> String {
    match subject {
        SubjectRecord::Version { version, .. } => version.to_string(),
        SubjectRecord::Rules(digest) => format!("the rules {}", digest.short()),
    }
}

/// The approvals that a move rests on.
fn resting(approvals: &[u64]) -> String {
    match approvals.len() as u64 {
        0 => String::new(),
        n => format!(", {}", count(n, "approval")),
    }
}

/// An event on a line, behind its time and kind.
pub fn line(entry: &LogEntry, style: &Style) -> Vec<String> {
    let seq = style.paint(Label::Dim, &entry.seq.to_string());
    let Some(event) = &entry.event else {
        let kind = entry.raw.get("kind").and_then(|k| k.as_str()).unwrap_or("unknown");
        return vec![seq, String::new(), clean(kind), style.paint(Label::Warning, "needs a newer mlrun; see --json")];
    };
    let actor = event.actor.name.as_deref().or(event.actor.email.as_deref()).unwrap_or("unknown");
    let recorded = entry.disowned_time().map_or_else(String::new, |said| {
        format!("  {}", style.paint(Label::Warning, &format!("recorded as {}", time(said))))
    });
    let words = format!("{}  {}{recorded}", words(entry, event, style), style.paint(Label::Dim, &clean(actor)));
    vec![seq, time(event.time), kind(event, style), words]
}

fn without_hooks(passed_over: bool, style: &Style) -> String {
    if passed_over { format!(", {}", style.paint(Label::Warning, "without its hooks")) } else { String::new() }
}

/// How a hook went.
pub fn went(outcome: HookOutcome, style: &Style) -> String {
    let (label, word) = match outcome {
        HookOutcome::Succeeded => (Label::Good, "succeeded"),
        HookOutcome::Failed => (Label::Bad, "failed"),
        HookOutcome::TimedOut => (Label::Bad, "took too long"),
        HookOutcome::NotStarted => (Label::Bad, "could not be started"),
        HookOutcome::Skipped => (Label::Warning, "was skipped"),
    };
    style.paint(label, word)
}

/// Against what a version was put where it is, and why.
pub fn forced(occupancy: &OccupancyRow, style: &Style) -> String {
    format!("forced {}", overruled(occupancy, style))
}

/// By whom, against what and why.
pub fn overruled(occupancy: &OccupancyRow, style: &Style) -> String {
    let against = style.paint(Label::Bad, &clean(&occupancy.overruled.join(", ")));
    let by = occupancy.actor.as_deref().map_or_else(String::new, |actor| format!("by {} ", clean(actor)));
    format!("{by}against {against}: {}", clean(occupancy.reason.as_deref().unwrap_or_default()))
}
