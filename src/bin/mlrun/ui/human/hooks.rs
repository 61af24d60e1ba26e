//! Hooks: how they went, and what is left to be done.

use mlrun::clock::describe_run;
use mlrun::format::event::HookOutcome;
use mlrun::ops::hooks::{Deployed, HookReport, OpenHook};

use super::super::{Label, Style, clean, time};

/// How it ended, as a word.
pub fn outcome(outcome: HookOutcome) -> &'static str {
    match outcome {
        HookOutcome::Succeeded => "succeeded",
        HookOutcome::Failed => "failed",
        HookOutcome::TimedOut => "took too long",
        HookOutcome::NotStarted => "could not be started",
        HookOutcome::Skipped => "was skipped",
    }
}

/// A hook that ran just now. What it said was passed on as it came; of what it did not say itself there is a word.
pub fn ran(report: &HookReport, style: &Style) -> String {
    let label = match report.outcome {
        HookOutcome::Succeeded => Label::Good,
        HookOutcome::Skipped => Label::Warning,
        _ => Label::Bad,
    };
    let status =
        report.exit.filter(|status| *status != 0).map_or_else(String::new, |status| format!(" (status {status})"));
    let how = style.paint(label, outcome(report.outcome));
    let why = match report.outcome {
        HookOutcome::Skipped => ": there is no checkout to run it in".to_owned(),
        HookOutcome::Succeeded => format!(" in {}", describe_run(report.took)),
        HookOutcome::Failed => format!("{status} after {}", describe_run(report.took)),
        HookOutcome::TimedOut | HookOutcome::NotStarted => report
            .said
            .as_deref()
            .and_then(|said| said.lines().last())
            .map_or_else(String::new, |why| format!(": {}", clean(why))),
    };
    let unrecorded = report.unrecorded.as_ref().map_or_else(String::new, |why| {
        format!("\n  {} this could not be recorded: {}", style.paint(Label::Bad, "!"), clean(why))
    });
    format!("hook `{}` {how}{why}{unrecorded}\n", clean(&report.command))
}

/// What came of the hooks behind a move.
pub fn deployed(deployed: &Deployed, style: &Style) -> String {
    let mut text: String = deployed.hooks.iter().map(|hook| ran(hook, style)).collect();
    deployed.open.iter().for_each(|hook| text += &format!("{}\n", open(hook, style)));
    text
}

/// A hook of an earlier run that has not succeeded.
pub fn open(hook: &OpenHook, style: &Style) -> String {
    let how = match (hook.outcome, hook.may_run_until) {
        (Some(HookOutcome::Skipped), _) => style.paint(Label::Warning, "was skipped, for want of a checkout"),
        (Some(how), _) => style.paint(Label::Bad, outcome(how)),
        (None, Some(until)) => {
            format!(
                "{}; it may still be running, until {} at most",
                style.paint(Label::Warning, "has no outcome yet"),
                time(until)
            )
        }
        (None, None) => style.paint(Label::Bad, "has no outcome: it was not run, or not to its end"),
    };
    format!("hook `{}` {how}", clean(&hook.command))
}

/// Hooks that somebody did not want to run.
pub fn passed_over(commands: &[String], style: &Style) -> String {
    let line = |command: &String| {
        format!("hook `{}` {}\n", clean(command), style.paint(Label::Warning, "was passed over (--no-hooks)"))
    };
    commands.iter().map(line).collect()
}
