//! What somebody types after a move whose hooks did not all do what they should.

use mlrun::format::event::HookOutcome;
use mlrun::name::StageName;
use mlrun::ops::hooks::Deployed;

/// The command that runs the hooks behind a move again: the move itself is made, and is not made twice.
pub fn again(deployed: &Deployed, label: &str, stage: &StageName) -> Option<String> {
    let command = format!("`mlrun promote {label} --to {stage}`");
    let open = deployed.hooks.iter().any(|hook| hook.outcome != HookOutcome::Succeeded) || !deployed.open.is_empty();
    if !deployed.is_settled() {
        Some(format!("{label} holds {stage}; what is left to be done behind that: {command}"))
    } else if open {
        Some(format!("the hooks were skipped, for want of a checkout; in one, {command} runs them"))
    } else {
        None
    }
}
