//! Sign-offs that do not count, and approvals that are missing: why, exit code, and the command that helps.

use std::io::ErrorKind;

use mlrun::ops::ApprovalError;
use mlrun::registry::promote::{ApprovalFlaw, RejectedApproval};

use super::{CONFLICT, INTEGRITY, MACHINE, Meaning, NO, NOT_FOUND, USAGE, interrupted_by, says};

pub(super) fn approval(error: &ApprovalError) -> Meaning {
    let roles = |known: &[String]| (USAGE, Some(format!("name it with `--role`; there are: {}", known.join(", "))));
    match error {
        ApprovalError::NoneAsked { stage, .. } => (
            USAGE,
            Some(format!(
                "`approvals` of `[stage.{stage}]` asks for some, `[roles]` says by whom; `mlrun policy show` prints what is in force"
            )),
        ),
        ApprovalError::NoRole { known, .. } | ApprovalError::WhichRole { known, .. } => roles(known),
        ApprovalError::NotInRole { unknown: true, .. } => {
            says(NO, "`git config user.email` says who you are; roles are lists of addresses in `[roles]`")
        }
        ApprovalError::NotInRole { stage, .. } => (
            NO,
            Some(format!(
                "`mlrun policy show --stage {stage}` prints who has, once a stage was promoted to; before, `[roles]` does"
            )),
        ),
        ApprovalError::Own { .. } => says(NO, "somebody else with the role must; `self_approval = true` allows it"),
        ApprovalError::AuthorUnknown { .. } => says(
            NO,
            "`git config user.email` says who takes the next snapshot; of this one `mlrun promote --force --reason …` is on the record",
        ),
        ApprovalError::Uncertified { label, .. } => (NO, Some(format!("`mlrun certify {label}` comes first"))),
        ApprovalError::Unsigned { .. } => {
            says(NO, "add `--sign`, or `--sign=KEY`; `--print-statement` and `--signature FILE` sign it elsewhere")
        }
        ApprovalError::Signature { .. } => {
            says(INTEGRITY, "sign what `--print-statement` prints, to the last byte, with the same words")
        }
        ApprovalError::NotSigner { .. } => says(
            NO,
            "a line of the allowed signers names the address, in lower case, and the key; one in force changes by `mlrun policy adopt`",
        ),
        ApprovalError::WhichPerson { .. } => says(USAGE, "`git config user.email` says which of them you are"),
        ApprovalError::SameKey { .. } => {
            says(NO, "one key is one person, whatever the list of signers says; use your own")
        }
        ApprovalError::Replaced { .. } => says(NO, "give the reason in other words: a statement is signed for once"),
        ApprovalError::Again { .. } => says(NO, "say it in other words, with `-m`: a statement is signed for once"),
        ApprovalError::OtherRules { .. } => says(CONFLICT, "`mlrun policy diff` prints the digest to name"),
        ApprovalError::NotGiven { .. } => {
            says(NOT_FOUND, "`mlrun show` lists the approvals of a version; only your own can be withdrawn")
        }
        ApprovalError::Changed => says(CONFLICT, "look at it again, then approve what it is now"),
        ApprovalError::Signers { .. } => says(USAGE, "`ssh-keygen(1)`, ALLOWED SIGNERS, says how a line looks"),
        ApprovalError::NoKey => says(
            USAGE,
            "name it, `--sign=$HOME/.ssh/id_ed25519` (of a key that an agent has its public half, `….pub`), or `git config gpg.format ssh` and `git config user.signingkey ~/.ssh/id_ed25519.pub`",
        ),
        ApprovalError::NoProgram { source } if source.kind() == ErrorKind::NotFound => {
            says(NOT_FOUND, "it comes with OpenSSH; `--print-statement` and `--signature FILE` sign on another machine")
        }
        ApprovalError::NoProgram { .. } | ApprovalError::NotMade { .. } => {
            says(MACHINE, "`ssh-add -l` lists the keys that an agent has; nothing was recorded")
        }
        ApprovalError::Interrupted { signal } => (interrupted_by(*signal), None),
        _ => (NO, None),
    }
}

/// What is missing of the approvals in a role, in words.
pub(super) fn missing(
    role: &str,
    needed: u32,
    missing: u32,
    people: &[String],
    rejected: &[RejectedApproval],
) -> String {
    let have = needed.saturating_sub(missing);
    let by = match people {
        [] => "; nobody is left who could".to_owned(),
        people => format!("; it takes {}", people.join(" or ")),
    };
    let but = rejected.iter().map(|one| {
        format!("; the one by {} (event {}) does not count: {}", one.person, one.event.seq, approval_flaw(&one.flaw))
    });
    format!("it has {have} of {needed} approvals as {role}{by}{}", but.collect::<String>())
}

/// What gives an approval that is missing. A statement is signed for once: where one was withdrawn or used, it takes other words.
pub(super) fn approve(label: &str, role: &str, stage: &str, signed: bool, rejected: &[RejectedApproval]) -> String {
    let is_spent =
        |one: &RejectedApproval| matches!(one.flaw, ApprovalFlaw::Used | ApprovalFlaw::Again | ApprovalFlaw::Withdrawn);
    let sign = if signed { " --sign" } else { "" };
    let words = if signed && rejected.iter().any(is_spent) { " -m …" } else { "" };
    format!("mlrun approve {label} --role {role} --for {stage}{sign}{words}")
}

/// What helps where nobody who has the role could still approve.
pub(super) fn nobody_left(label: &str, role: &str, stage: &str) -> String {
    let model = label.split(['@', ' ']).next().unwrap_or_default();
    format!(
        "name one more person as `{role}` in [roles]; what is in force then changes by `mlrun policy adopt {model} --stage {stage} --reason …`"
    )
}

/// Why an approval does not count.
pub fn approval_flaw(flaw: &ApprovalFlaw) -> String {
    match flaw {
        ApprovalFlaw::NotInRole => "they do not have that role".to_owned(),
        ApprovalFlaw::Own => "they took the snapshot".to_owned(),
        ApprovalFlaw::AuthorUnknown => "who took the snapshot is not known, and nobody approves their own".to_owned(),
        ApprovalFlaw::Lapsed { certificate: Some(certificate) } => {
            format!("the certificate {} it rests on is not in force any more", certificate.short())
        }
        ApprovalFlaw::Lapsed { certificate: None } => "it rests on no certificate".to_owned(),
        ApprovalFlaw::Unsigned => "it is not signed".to_owned(),
        ApprovalFlaw::Signature { reason } => reason.clone(),
        ApprovalFlaw::Used => "other rules were put in force since".to_owned(),
        ApprovalFlaw::Again => "the same statement was withdrawn or used before".to_owned(),
        ApprovalFlaw::Elsewhere => "they fill another role".to_owned(),
        ApprovalFlaw::SameKey { of } => format!("the key is that of {of}, whose approval counts already"),
        ApprovalFlaw::Withdrawn => "it was withdrawn".to_owned(),
        _ => "it is not known why".to_owned(),
    }
}
