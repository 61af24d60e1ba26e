//! Waivers: what a rule does not pass becomes WAIVED, never PASS.

use super::case::Case;
use crate::format::certificate::{ResultRecord, Verdict, WaiverRecord};

/// Excuses what the waivers are about; those that excuse anything.
pub(super) fn apply(case: &Case<'_>, results: &mut [ResultRecord]) -> Vec<WaiverRecord> {
    let mut used = Vec::new();
    for waiver in &case.history.waivers {
        let open = |result: &&mut ResultRecord| {
            result.rule == waiver.rule && matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive)
        };
        let mut any = false;
        for result in results.iter_mut().filter(open) {
            let found = result.reason.take().map_or_else(String::new, |reason| format!("; {reason}"));
            let (by, reason) = (&waiver.approver, &waiver.reason);
            let exceeded = match case.history.waived.get(&waiver.event.seq) {
                None => None,
                Some(Ok(waived)) => waived.exceeded_by(case.policy, case.baseline.snapshot, result),
                Some(Err(why)) => Some(format!("what it was given for is not known: {why}")),
            };
            if let Some(why) = exceeded {
                let (label, rule) = (case.history.label.as_deref().unwrap_or("VERSION"), &waiver.rule);
                result.reason = Some(format!(
                    "the waiver of {by} does not excuse this: {why}; `mlrun waive {label} --rule {rule}` would{found}"
                ));
                continue;
            }
            result.reason = Some(format!(
                "waived by {by} until {}: {reason}; without that {}{found}",
                waiver.expires.for_people(),
                result.verdict.name()
            ));
            result.waived = Some(result.verdict);
            result.verdict = Verdict::Waived;
            any = true;
        }
        if any {
            used.push(waiver.clone());
        }
    }
    used
}
