//! Hooks: how they went, and what is left to be done.

use mlrun::ops::hooks::{Deployed, HookReport, OpenHook};
use serde_json::{Value, json};

use super::{made_event, value};

/// A hook that ran just now.
pub fn ran(report: &HookReport) -> Value {
    json!({
        "when": value(&report.when),
        "command": report.command,
        "outcome": value(&report.outcome),
        "exit": report.exit,
        "milliseconds": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "said": report.said,
        "event": made_event(report.event.as_ref()),
        "unrecorded": report.unrecorded,
        "may_run_until": Value::Null,
    })
}

/// A hook of an earlier run that has not succeeded.
pub fn open(hook: &OpenHook) -> Value {
    json!({
        "when": "after",
        "command": hook.command,
        "outcome": value(&hook.outcome),
        "may_run_until": hook.may_run_until.map(|time| time.to_string()),
    })
}

/// What came of the hooks behind a move.
pub fn deployed(deployed: &Deployed) -> impl Iterator<Item = Value> {
    deployed.hooks.iter().map(ran).chain(deployed.open.iter().map(open))
}
