//! `mlrun`: argv → command → report → exit code.

#![expect(unreachable_pub, reason = "in a binary, `pub` says what the other modules may use")]

mod args;
mod commands;
mod failure;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    let parsed = match args::parse() {
        Ok(parsed) => parsed,
        Err(refused) => return refused.finish(),
    };
    let ui = ui::Ui::new(&parsed.global);
    let code = match commands::run(&parsed, &ui) {
        Ok(shown) => ui.show(shown),
        Err(failure) => ui.fail(&failure),
    };
    ExitCode::from(code)
}
