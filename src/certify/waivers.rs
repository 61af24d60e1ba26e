//! Waivers: what a rule does not pass becomes WAIVED, never PASS.

use crate::format::certificate::{ResultRecord, Verdict, WaiverRecord};

/// Excuses what the waivers are about; those that excuse anything.
pub(super) fn apply(waivers: &[WaiverRecord], results: &mut [ResultRecord]) -> Vec<WaiverRecord> {
    let mut used = Vec::new();
    for waiver in waivers {
        let excused = |result: &&mut ResultRecord| {
            result.rule == waiver.rule && matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive)
        };
        let mut any = false;
        for result in results.iter_mut().filter(excused) {
            let found = result.reason.take().map_or_else(String::new, |reason| format!("; {reason}"));
            let (by, reason) = (&waiver.approver, &waiver.reason);
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
