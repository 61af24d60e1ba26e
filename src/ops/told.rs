//! Events, people and times in stages in words, for the pages that tell of a version.

use crate::format::checkpoint::StageRow;
use crate::format::event::{ActorRecord, EventBody, EventRecord, SubjectRecord};
use crate::id::EventId;
use crate::name::Version;
use crate::page::case::{Happening, Stay};

/// A person, a machine, a job: as far as the machine knew.
pub(super) fn who(actor: &ActorRecord) -> String {
    let mut text = actor.name.clone().unwrap_or_default();
    if let Some(email) = &actor.email {
        text += &format!(" <{email}>");
    }
    if let Some(host) = &actor.host {
        text += &format!(" on {host}");
    }
    if let Some(ci) = &actor.ci {
        text += &format!(" in {}", ci.provider);
        ci.run_url.iter().for_each(|url| text += &format!(", {url}"));
        ci.begun_by.iter().for_each(|person| text += &format!(", begun by {person}"));
    }
    text.trim().to_owned()
}

/// An event.
pub(super) fn happening(event: &EventRecord, id: EventId) -> Happening {
    Happening {
        seq: event.seq,
        id: id.to_string(),
        time: Some(event.time),
        kind: event.body.kind().to_owned(),
        who: who(&event.actor),
        what: what(&event.body),
    }
}

/// What an event says beyond its kind.
fn what(body: &EventBody) -> String {
    let because = |reason: &Option<String>| reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    match body {
        EventBody::Create { repository } => format!("the journal begins, in history {repository}"),
        EventBody::Snapshot { version, .. } => version.to_string(),
        EventBody::Import { version, origin, .. } => {
            format!("{version}, which is {}@{} of history {}", origin.model, origin.version, origin.repository)
        }
        EventBody::Certify { verdict, stage, certificate, proposed, .. } => {
            let by = if *proposed { ", by rules that are not in force" } else { "" };
            format!("{} against {stage}, certificate {}{by}", verdict.name(), certificate.short())
        }
        EventBody::Sign { keyid, .. } => format!("with the key {keyid}"),
        EventBody::Attach { evidence, reason, .. } => {
            format!("{} `{}`{}", evidence.kind(), evidence.set(), because(reason))
        }
        EventBody::Waive { rule, reason, expires, .. } => format!("{rule} until {}: {reason}", expires.for_people()),
        EventBody::Block { stage, reason, .. } => {
            let stage = stage.as_ref().map_or("every stage", |stage| stage.as_str());
            format!("{stage}: {reason}")
        }
        EventBody::Unblock { stage, reason, .. } => {
            let stage = stage.as_ref().map_or("every stage", |stage| stage.as_str());
            format!("{stage}{}", because(reason))
        }
        EventBody::Drop { version, reason, .. } => format!("{version}: {reason}"),
        EventBody::Purge { erased, reason, .. } => format!("{}: {reason}", erased.name()),
        EventBody::Promote { stage, version, reason, .. } => format!("{version} to {stage}{}", because(reason)),
        EventBody::Force { stage, version, overruled, reason, .. } => {
            format!("{version} to {stage}, against {}: {reason}", overruled.join("; "))
        }
        EventBody::Rollback { stage, version, reason, .. } => format!("{stage} to {version}: {reason}"),
        EventBody::Retire { stage, version, reason, .. } => format!("{version} from {stage}: {reason}"),
        EventBody::Approve { subject, stage, role, person, .. } => {
            format!("{} for {stage}, as {role}, by {person}", subject_of(*subject))
        }
        EventBody::Withdraw { approval, reason } => format!("the approval of event {approval}{}", because(reason)),
        EventBody::Adopt { stage, reason, .. } => format!("rules of {stage}: {reason}"),
        EventBody::Hook { stage, command, outcome, .. } => {
            format!("of {stage}: `{command}` {outcome:?}").to_lowercase()
        }
        EventBody::Observed { stage, place, version, expected, .. } => match version {
            Some(version) => format!("{place} served {version} as {stage}, which held {expected}"),
            None => format!("{place} served no known version as {stage}, which held {expected}"),
        },
        EventBody::Case { reason, .. } => format!("regression cases{}", because(reason)),
        EventBody::Rename { from, to, reason, .. } => format!("{from} is called {to}{}", because(reason)),
        EventBody::Clock { from, reason, .. } => format!("times from event {from} on were wrong: {reason}"),
        EventBody::Failed { argv, .. } => argv.join(" "),
        EventBody::Gc { .. } => String::new(),
    }
}

/// What was approved.
pub(super) fn subject_of(subject: SubjectRecord) -> String {
    match subject {
        SubjectRecord::Version { version, .. } => version.to_string(),
        SubjectRecord::Rules(digest) => format!("rules {}", digest.short()),
    }
}

/// The times of a version in a stage; `moved` tells of an event who made it.
pub(super) fn stays(stage: &StageRow, version: Version, moved: impl Fn(u64) -> Option<String>) -> Vec<Stay> {
    let own = stage.timeline.iter().enumerate().filter(|(_, row)| row.version == version);
    let stay = |(at, row): (usize, &crate::format::checkpoint::OccupancyRow)| {
        let (until, ended) = match (&row.retired, stage.timeline.get(at + 1)) {
            (Some(retired), _) => (Some(retired.time), format!("retire: {}", retired.reason)),
            (None, Some(next)) => {
                let word = if next.kind == "rollback" { "to" } else { "of" };
                let why = next.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
                (Some(next.since), format!("{} {word} {}{why}", next.kind, next.version))
            }
            (None, None) => (None, String::new()),
        };
        Stay {
            stage: stage.stage.to_string(),
            since: row.since,
            until,
            kind: row.kind.clone(),
            who: moved(row.event.seq).or_else(|| row.actor.clone()).unwrap_or_default(),
            ended,
            certificate: row.certificate.map(|id| id.to_string()),
            approvals: row.approvals.clone(),
            overruled: row.overruled.clone(),
            reason: row.reason.clone(),
            event: row.event.seq,
        }
    };
    own.map(stay).collect()
}
