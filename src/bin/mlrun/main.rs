//! `mlrun`: argv → command → report → exit code.

#![expect(unreachable_pub, reason = "in a binary, `pub` says what the other modules may use")]

mod args;
mod commands;
mod failure;
mod global;
mod ui;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// What the last panic said. Libraries' panics are caught where they are called and never reach a person.
static PANIC: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    panic::set_hook(Box::new(|what| *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = what.to_string()));
    let parsed = match args::parse() {
        Ok(parsed) => parsed,
        Err(refused) => return refused.finish(),
    };
    let ui = ui::Ui::new(parsed.global.ui_options());
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| commands::run(&parsed, &ui)));
    let bug = || failure::Failure::bug(&PANIC.lock().unwrap_or_else(PoisonError::into_inner));
    let code = match outcome.unwrap_or_else(|_| Err(bug())) {
        Ok(shown) => ui.show(shown),
        Err(failure) => ui.fail(&failure),
    };
    ExitCode::from(code)
}
