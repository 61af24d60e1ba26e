//! What waits for somebody: in words, and the command that does it.

use mlrun::clock::describe_expiry;
use mlrun::format::event::HookOutcome;
use mlrun::name::Version;
use mlrun::ops::status::waiting::{Task, Waiting};
use mlrun::registry::promote::Obstacle;
use mlrun::shell;

use super::{approval_flaw, obstacle};

/// What is to be done, and how: a `…` or a word in capitals stands for what only a person knows.
pub fn waiting(one: &Waiting) -> (String, String) {
    let Waiting { model, version, stage, .. } = one;
    let label = format!("{model}@{version}");
    let policy = if one.needed.policy { " --policy FILE" } else { "" };
    let certify = format!("mlrun certify {label}{policy}");
    let promote = format!("mlrun promote {label} --to {stage}");
    let look = |place: &str| {
        let place = shell::word(place);
        format!("mlrun verify {model} --deployed DIR --stage {stage} --where {place} --record")
    };
    let name = |found: &Option<Version>| found.map_or_else(|| "no known version".to_owned(), |v| v.to_string());
    match &one.task {
        Task::Repair { reason } => {
            (format!("{label}, which holds {stage}, is damaged: {reason}"), "mlrun verify --full --repair".to_owned())
        }
        Task::Leave { reason, back } => {
            let command = match back {
                Some(_) => format!("mlrun rollback {model} --stage {stage} --from {version} --reason …"),
                None => format!("mlrun retire {model} --stage {stage} --reason …"),
            };
            (format!("{label} holds {stage} and is blocked from it: {reason}"), command)
        }
        Task::Judge { verdict } => (
            format!("{label} holds {stage}, and its newest certificate says {}", verdict.name()),
            format!("{certify}   # shows why"),
        ),
        Task::Deploy { hook, behind } => {
            let how = match hook.outcome {
                Some(HookOutcome::Failed) => "failed",
                Some(HookOutcome::TimedOut) => "took too long",
                Some(HookOutcome::NotStarted) => "could not be started",
                Some(HookOutcome::Skipped) => "was skipped, for want of a checkout,",
                Some(HookOutcome::Succeeded) | None => "was not run, or not to its end,",
            };
            let more = match behind {
                0 => String::new(),
                1 => ", and one behind it waits".to_owned(),
                more => format!(", and {more} behind it wait"),
            };
            (format!("hook `{}` {how} after {label} moved to {stage}{more}", hook.command), promote)
        }
        Task::Serve { place, found } => {
            (format!("{place} serves {}, {stage} of {model} says {version}", name(found)), look(place))
        }
        Task::Look { place, found } => {
            let words =
                format!("look at {place}: it served {} before {stage} of {model} moved to {version}", name(found));
            (words, look(place))
        }
        Task::Renew { expires, .. } => {
            let when = describe_expiry(*expires, one.now);
            (format!("{when}: re-certify {label}, which holds {stage}"), certify)
        }
        Task::Certify { because } => {
            let found: Vec<_> =
                because.iter().map(|one_of| obstacle(one_of, &label, stage.as_str(), one.needed)).collect();
            let why: Vec<&str> = found.iter().map(|(_, message, _)| message.as_str()).collect();
            let command = found.first().map_or(certify, |(.., cure)| cure.clone());
            (format!("certify {label} for {stage}: {}", why.join("; ")), command)
        }
        Task::Approve { obstacle: missing } => {
            let (_, _, cure) = obstacle(missing, &label, stage.as_str(), one.needed);
            (format!("approve {label} for {stage}{}", approvals(missing)), cure)
        }
        Task::Clear { obstacle: other } => {
            let (_, message, cure) = obstacle(other, &label, stage.as_str(), one.needed);
            (format!("{label} for {stage}: {message}"), cure)
        }
        Task::Promote => (format!("promote {label} to {stage}: nothing stands in the way"), promote),
        _ => (format!("look at {label} in {stage}"), format!("mlrun status {model}")),
    }
}

/// How far approvals are, where that is not plain.
fn approvals(obstacle: &Obstacle) -> String {
    let Obstacle::Approvals { needed, missing, people, rejected, .. } = obstacle else { return String::new() };
    let mut text = match needed {
        1 => String::new(),
        needed => format!(" ({} of {needed} are there)", needed.saturating_sub(*missing)),
    };
    if people.is_empty() {
        text += "; nobody is left who could";
    }
    for one in rejected {
        text += &format!("; the one by {} does not count: {}", one.person, approval_flaw(&one.flaw));
    }
    text
}
