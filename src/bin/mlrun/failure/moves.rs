//! Stages that do not move: why, exit code, and the command that helps.

use mlrun::format::event::HookOutcome;
use mlrun::ops::hooks::Deployed;
use mlrun::ops::policy::{AdoptError, AdoptReport};
use mlrun::ops::rules::Needed;
use mlrun::registry::promote::Obstacle;
use mlrun::registry::rollback::RollbackRefusal;

use super::{
    CONFLICT, DONE, INTEGRITY, MACHINE, Meaning, NO, NOT_FOUND, SET_POLICY, USAGE, certification, interrupted_by, says,
    signoff,
};

/// A reason against a promotion: code, words, and what would cure it.
pub fn obstacle(obstacle: &Obstacle, label: &str, stage: &str, needed: Needed) -> (&'static str, String, String) {
    let policy = if needed.policy { " --policy FILE" } else { "" };
    let first = if needed.first_release { " --first-release --reason …" } else { "" };
    let certify = format!("mlrun certify {label}{policy}{first}");
    match obstacle {
        Obstacle::Blocked { reason, stage: blocked } => {
            let place = blocked.as_ref().map_or_else(|| "every stage".to_owned(), ToString::to_string);
            let option = blocked.as_ref().map_or_else(String::new, |s| format!(" --stage {s}"));
            ("blocked", format!("it is blocked from {place}: {reason}"), format!("mlrun unblock {label}{option}"))
        }
        Obstacle::NotFrom { stages } => {
            let names: Vec<String> = stages.iter().map(ToString::to_string).collect();
            let first = names.first().cloned().unwrap_or_default();
            (
                "not-from",
                format!("it has not held {} by the rules, or is kept out of it since", names.join(" or ")),
                format!("mlrun promote {label} --to {first}"),
            )
        }
        Obstacle::NoCertificate => ("no-certificate", "it has no certificate".to_owned(), certify),
        Obstacle::Verdict { verdict, .. } => {
            ("verdict", format!("its certificate says {}", verdict.name()), format!("{certify}   # shows why"))
        }
        Obstacle::Waiver { rule, flaw, .. } => {
            let (message, cure) = certification::flaw(rule, flaw, label, stage, &certify);
            ("waiver", message, cure)
        }
        Obstacle::Expired { at, .. } => ("expired", format!("its certificate expired {}", at.for_people()), certify),
        Obstacle::OtherRules { .. } => (
            "other-rules",
            format!("it was certified under other rules than those in force for {stage}"),
            format!("{certify}   # with the policy in force; `mlrun policy diff` shows how yours differs"),
        ),
        Obstacle::Stale { stage, certified, now, .. } => {
            let name = |v: &Option<mlrun::name::Version>| v.map_or_else(|| "nothing".to_owned(), |v| v.to_string());
            let text = format!(
                "it was certified against {} in {stage}, which holds {} by a later move",
                name(certified),
                name(now)
            );
            ("stale", text, certify)
        }
        Obstacle::Uncompared { stage: of, held, flaw, .. } => {
            let held = held.map(|held| held.to_string());
            let (message, cure) = certification::uncompared((of.as_str(), held.as_deref()), flaw, label, stage);
            (obstacle.code(), message, cure)
        }
        Obstacle::Outdated { since, .. } => ("outdated", certification::since(since), certify),
        Obstacle::Erased { paths, why } => {
            let more = if paths.len() > 1 { format!(" and {} more", paths.len() - 1) } else { String::new() };
            let path = paths.first().map_or("", String::as_str);
            ("erased", format!("`{path}`{more} of its model: {why}"), format!("mlrun show {label}"))
        }
        Obstacle::Unexpected { current } => {
            let [now, named] =
                ["nothing", "none"].map(|word| current.map_or_else(|| word.to_owned(), |v| v.to_string()));
            let cure =
                format!("mlrun promote {label} --to {stage} --expect-current {named}   # if that may be replaced, too");
            ("moved", format!("{stage} holds {now}, which is not what was expected"), cure)
        }
        Obstacle::Approvals { role, needed, missing, people, rejected, signed } => {
            let message = signoff::missing(role, *needed, *missing, people, rejected);
            let cure = match people.as_slice() {
                [] => signoff::nobody_left(label, role, stage),
                _ => signoff::approve(label, role, stage, *signed, rejected),
            };
            ("approvals", message, cure)
        }
        Obstacle::Damaged { reason } => {
            ("damaged", format!("it is not whole: {reason}"), "mlrun verify --full --repair".to_owned())
        }
        Obstacle::Hook { command, outcome, exit, said } => {
            let how = match (outcome, exit) {
                (HookOutcome::TimedOut, _) => "took too long".to_owned(),
                (HookOutcome::NotStarted, _) => "could not be started".to_owned(),
                (_, Some(status)) => format!("says no (status {status})"),
                (_, None) => "ended without a status".to_owned(),
            };
            let last = said.as_deref().and_then(|said| said.lines().rev().find(|line| !line.trim().is_empty()));
            let last = last.map_or_else(String::new, |last| format!(": {}", last.trim()));
            let cure = format!("mlrun promote {label} --to {stage} --dry-run   # runs it again and shows what it says");
            (obstacle.code(), format!("the check `{command}` {how}{last}"), cure)
        }
        Obstacle::OtherChecks { files } if files.is_empty() => {
            let cure = format!("mlrun promote {label} --to {stage}   # asks the checks in force now");
            (obstacle.code(), "other rules were put in force while its checks ran".to_owned(), cure)
        }
        Obstacle::OtherChecks { files } => {
            let which = files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
            let model = label.split('@').next().unwrap_or_default();
            let message = format!("a check is not what it was when the rules of {stage} were put in force: {which}");
            let cure =
                format!("mlrun policy adopt {model} --stage {stage} --reason …   # puts it in force; or take it back");
            (obstacle.code(), message, cure)
        }
        Obstacle::PassedOver { commands } => {
            let which = commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ");
            let cure = format!(
                "mlrun promote {label} --to {stage}   # in a checkout runs them; `--force --reason …` goes on without"
            );
            (obstacle.code(), format!("its checks were not asked: {which}"), cure)
        }
        _ => ("refused", "it may not hold this stage".to_owned(), "mlrun status".to_owned()),
    }
}

/// What `approve` is to be given for the rules that are to be in force.
pub fn adopted_label(report: &AdoptReport) -> String {
    let sha256 = report.rules.stated.as_ref().map_or_else(String::new, |rules| rules.sha256.to_string());
    format!("{} --rules {sha256}", report.rules.model)
}

/// The exit code of a refused promotion: a conflict wins over a plain no.
pub fn obstacles_code(obstacles: &[Obstacle]) -> u8 {
    match obstacles {
        [] => DONE,
        some if some.iter().any(|obstacle| matches!(obstacle, Obstacle::Damaged { .. })) => INTEGRITY,
        some if some.iter().any(Obstacle::is_conflict) => CONFLICT,
        some if some
            .iter()
            .all(|one| matches!(one, Obstacle::Hook { outcome, .. } if *outcome != HookOutcome::Failed)) =>
        {
            MACHINE
        }
        _ => NO,
    }
}

/// The exit code of a move that was made, by what came of the hooks behind it.
pub fn deployed_code(deployed: &Deployed) -> u8 {
    match deployed.interrupted {
        Some(signal) => interrupted_by(signal),
        None if deployed.is_settled() => DONE,
        None => MACHINE,
    }
}

/// A refused rollback: exit code, code for programs, what to do.
pub fn rollback_refusal(refusal: &RollbackRefusal, model: &str) -> (u8, &'static str, String) {
    match refusal {
        RollbackRefusal::Empty { stage, retired: Some(version) } => (
            NO,
            "empty",
            format!("mlrun rollback {model} --stage {stage} --to {version} --reason …   # puts it there again"),
        ),
        RollbackRefusal::Empty { .. } => (NO, "empty", format!("mlrun log {model} --kind promote")),
        RollbackRefusal::NothingLeft { stage, skipped } => {
            let of = |what: &str| skipped.iter().find(|s| s.reason.starts_with(what)).map(|s| s.version);
            let cure = match (of("blocked"), of("damaged")) {
                (Some(version), _) => {
                    format!("mlrun rollback {model} --stage {stage} --to {version} --unblock --reason …")
                }
                (None, Some(version)) => {
                    format!("mlrun verify {model}@{version}   # names the files to bring back from a backup")
                }
                (None, None) => {
                    format!(
                        "mlrun retire {model} --stage {stage} --reason …   # empties it; `mlrun list {model}` shows what else there is"
                    )
                }
            };
            (NO, "nothing-left", cure)
        }
        RollbackRefusal::Guarded { stage, current, .. } => (
            CONFLICT,
            "guarded",
            format!("mlrun rollback {model} --stage {stage} --from {current} --reason …   # if that one is bad too"),
        ),
        RollbackRefusal::NeverHeld { .. } => (NO, "never-held", format!("mlrun log {model} --kind promote")),
        RollbackRefusal::GoneElsewhere { stage, current, to, .. } => {
            let (from, bad) = current.map_or_else(Default::default, |current| {
                (format!(" --from {current}"), format!("   # if {current} is bad too"))
            });
            (
                CONFLICT,
                "gone-elsewhere",
                format!("mlrun rollback {model} --stage {stage}{from} --to {to} --reason …{bad}"),
            )
        }
        RollbackRefusal::Same { .. } => (NO, "same", format!("mlrun at now {model}")),
        RollbackRefusal::Blocked { version, .. } => {
            (NO, "blocked", format!("mlrun rollback {model} --to {version} --unblock --reason …"))
        }
        RollbackRefusal::Erased { version, .. } => (NO, "erased", format!("mlrun show {model}@{version}")),
        RollbackRefusal::Damaged { version, .. } => (INTEGRITY, "damaged", format!("mlrun verify {model}@{version}")),
        _ => (NO, "refused", format!("mlrun status {model}")),
    }
}

/// Rules that are not put in force.
pub(super) fn adopt(error: &AdoptError) -> Meaning {
    match error {
        AdoptError::NoneYet { .. } => says(NOT_FOUND, "`mlrun certify` and `mlrun promote` come first"),
        AdoptError::NoneStated { .. } => says(USAGE, SET_POLICY),
        AdoptError::Changed { .. } => says(CONFLICT, "`mlrun policy diff` shows what is in force now"),
        _ => (NO, None),
    }
}
