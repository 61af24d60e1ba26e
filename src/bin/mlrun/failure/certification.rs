//! Evidence, cases and waivers that are refused: exit code and the command that helps.

use mlrun::certify::{CertifyError, FIRST_RELEASE};
use mlrun::ops::CertificationError;
use mlrun::registry::promote::{Since, WaiverFlaw};

use super::{Meaning, NO, NOT_FOUND, USAGE, says, there_are};

/// A rule that asks for what the evidence does not have.
pub(super) fn unfit(error: &CertifyError) -> Meaning {
    match error {
        CertifyError::SeveralSets { known, .. } => {
            let example = known.first().map_or_else(|| "test".to_owned(), ToString::to_string);
            (USAGE, Some(format!("say `set = \"{example}\"` in the rule")))
        }
        CertifyError::UnknownColumn { known, .. } if known.is_empty() => {
            says(USAGE, "columns to slice by are named in `slices = […]` of the set in mlrun.toml")
        }
        CertifyError::UnknownColumn { known, .. } => {
            const MOST: usize = 12;
            let more = if known.len() > MOST { ", …" } else { "" };
            let known: Vec<&str> = known.iter().take(MOST).map(String::as_str).collect();
            (USAGE, Some(format!("its columns are {}{more}", known.join(", "))))
        }
        _ => (USAGE, None),
    }
}

pub(super) fn certification(error: &CertificationError) -> Meaning {
    match error {
        CertificationError::OwnSet { .. } => says(NO, "attach it under another name, or take a new snapshot with it"),
        CertificationError::NoColumns { set, known, .. } => {
            let known = if known.is_empty() { String::new() } else { format!("; mlrun.toml has {}", known.join(", ")) };
            let words = format!(
                "`--key row_id --label y --score p`, or `--column ms` for samples, or `[model.NAME.predictions.{set}]`"
            );
            (USAGE, Some(format!("say it with {words}{known}")))
        }
        CertificationError::ColumnsIncomplete { .. } => {
            says(USAGE, "for example `--key row_id --label y --score p`, or `--prediction yhat`")
        }
        CertificationError::Erased { .. } => says(NO, "attach a file without what had to go"),
        CertificationError::NoSet { known, .. } | CertificationError::WhichSet { known, .. } => {
            let code = if matches!(error, CertificationError::NoSet { .. }) { NOT_FOUND } else { USAGE };
            (code, there_are(known).map(|known| format!("name it with `--set`; {known}")))
        }
        CertificationError::NoRow { .. } => {
            says(NOT_FOUND, "a case is a row of the set; `--from REVISION` looks into another version's")
        }
        CertificationError::Key { columns, .. } => {
            let example: Vec<String> = columns.iter().map(|column| format!("{column}=…")).collect();
            (USAGE, Some(format!("`--row '{}'`", example.join(", "))))
        }
        CertificationError::OtherTerms { id, .. } => {
            (NO, Some(format!("`mlrun case remove {id} --reason …` first, then add it anew")))
        }
        CertificationError::NoCase { .. } => says(NOT_FOUND, "`mlrun case list --all` shows every case there was"),
        CertificationError::NoRule { known, .. } => (USAGE, there_are(known)),
        CertificationError::Past { .. } => {
            says(USAGE, "`--expires` is a time to come, such as the day of the next release")
        }
        CertificationError::MayNotWaive { unknown: true, .. }
        | CertificationError::MayNotRemove { unknown: true, .. }
        | CertificationError::MayNotBegin { unknown: true, .. } => {
            says(NO, "`git config user.email` says who you are; roles are lists of addresses in `[roles]`")
        }
        CertificationError::MayNotWaive { stage, .. } | CertificationError::MayNotRemove { stage, .. } => (
            NO,
            Some(format!(
                "`waivers` of `[stage.{stage}]` names roles, `[roles]` their people; once a stage was promoted to, its rules in force count"
            )),
        ),
        CertificationError::MayNotBegin { label, stage, .. } => (
            NO,
            Some(format!(
                "somebody whom the rules in force for {stage} let waive (`mlrun policy show`) types this, or `{}` first",
                excuses(label)
            )),
        ),
        CertificationError::WaivesOwn { .. } => {
            says(NO, "somebody else whom `waivers` names must; `self_approval = true` of the stage allows it")
        }
        CertificationError::BeginsUnsigned { label, .. } => {
            (NO, Some(format!("`{} --sign` first, then this command", excuses(label))))
        }
        CertificationError::Dropped { .. } => says(NOT_FOUND, "name another version with `--from`"),
        _ => (USAGE, None),
    }
}

/// What somebody types who may excuse a version from being compared.
fn excuses(label: &str) -> String {
    format!("mlrun waive {label} --rule {FIRST_RELEASE} --reason … --expires …")
}

/// Why a version that is compared with nothing may not hold a stage, and what would help.
pub(super) fn uncompared(
    (of, held): (&str, Option<&str>),
    flaw: &WaiverFlaw,
    label: &str,
    stage: &str,
) -> (String, String) {
    let before = held.map_or_else(String::new, |held| format!(", and {of} has held {held}"));
    let what = format!("it is compared with nothing{before}");
    match flaw {
        WaiverFlaw::Unsigned { reason } => (
            format!("{what}: that it is a first release is not signed for: {reason}"),
            format!("{} --sign", excuses(label)),
        ),
        WaiverFlaw::NotAllowed { roles, .. } if roles.is_empty() => (
            format!("{what}: the rules in force for {stage} name nobody in `waivers` who may excuse that"),
            format!(
                "mlrun promote {label} --to {stage} --force --reason …   # for the record, and for everybody to see"
            ),
        ),
        WaiverFlaw::NotAllowed { by, roles } => {
            let by = by.as_deref().unwrap_or("somebody unknown");
            let takes = format!("{by} declared it a first release, which takes the role {}", roles.join(" or "));
            (format!("{what}: {takes}"), format!("{}   # by one of them", excuses(label)))
        }
        WaiverFlaw::Own { .. } => (
            format!("{what}: it was declared a first release by whoever took it, or nobody knows who took it"),
            format!("{}   # by somebody else who may", excuses(label)),
        ),
        _ => (format!("{what}: what excused that counts no more"), excuses(label)),
    }
}

/// What a certificate was issued without: the newest few, and how many more there are.
pub(super) fn since(since: &[Since]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = since
        .iter()
        .rev()
        .take(NAMED)
        .map(|since| match since {
            Since::Cases { count: 1, event } => format!("a regression case was added (event {})", event.seq),
            Since::Cases { count, event } => format!("{count} regression cases were added (event {})", event.seq),
            Since::Attached { version, set, event } => {
                format!("`{set}` was attached to {version} (event {})", event.seq)
            }
        })
        .collect();
    let more = match since.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("since it was certified, {}{more}", named.join(", "))
}

/// Why a waiver does not count for a stage, and what would help.
pub(super) fn flaw(rule: &str, flaw: &WaiverFlaw, label: &str, stage: &str, certify: &str) -> (String, String) {
    let again = format!("mlrun waive {label} --rule {rule} --reason … --expires …");
    match flaw {
        WaiverFlaw::NotAllowed { by, roles } => {
            let by = by.as_deref().unwrap_or("somebody unknown");
            let who = match roles.as_slice() {
                [] => "nobody may".to_owned(),
                roles => format!("that takes the role {}", roles.join(" or ")),
            };
            (format!("its certificate counts a waiver of `{rule}` by {by}, and for {stage} {who}"), again)
        }
        WaiverFlaw::Expired { at } => (format!("the waiver of `{rule}` expired {}", at.for_people()), again),
        WaiverFlaw::Unsigned { reason } => (
            format!("its certificate counts a waiver of `{rule}` whose signature does not: {reason}"),
            format!("{again} --sign"),
        ),
        WaiverFlaw::Own { .. } => (
            format!("its certificate counts a waiver of `{rule}` by whoever took it, or nobody knows who took it"),
            format!("{again}   # by somebody else who may"),
        ),
        WaiverFlaw::Superseded => {
            (format!("its certificate counts a waiver of `{rule}` that counts no more"), certify.to_owned())
        }
    }
}
