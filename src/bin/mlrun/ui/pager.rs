//! Long answers in a pager, as git shows them: the program that `PAGER` names, else `less`. Variables called `MLRUN_…` are
//! another tool's, so there is none of ours.
//!
//! That there is no pager, that it does not start, or that somebody leaves it early is no failure and changes no exit code.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use mlrun::host::variable;
use mlrun::process::{Foreground, Program, on_path, run_in_foreground};

use super::extent::visible_width;
use super::terminal;

/// What is there where nobody has chosen one.
const USUAL: &str = "less";
/// What a shell says that could not start a program.
const NOT_STARTED: [Option<i32>; 2] = [Some(126), Some(127)];

/// Shows `answer` in a pager if it is longer than the screen; whether it was shown.
pub fn page(answer: &str) -> bool {
    let Some(rows) = terminal::height().filter(|rows| is_longer(answer, *rows)) else { return false };
    // Without a way to move about, the terminal itself scrolls best.
    if rows < 2 || variable("TERM").is_none_or(|terminal| terminal == "dumb") {
        return false;
    }
    let Some(pager) = chosen(variable("PAGER")) else { return false };
    if !is_there(&pager) {
        return false;
    }
    let mut set = Vec::new();
    // Leave where it fits on a screen, show colours, leave the screen as it is. Our answers are UTF-8, whatever a machine without a
    // language says.
    for (name, value) in [("LESS", "FRX"), ("LV", "-c"), ("LESSCHARSET", "utf-8")] {
        if variable(name).is_none() {
            set.push((name.to_owned(), OsString::from(value)));
        }
    }
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let arguments = [OsString::from(flag), OsString::from(pager)];
    let program = Program { set: &set, ..Program::new(OsStr::new(shell), &arguments, Path::new(".")) };
    let fed = Foreground { input: Some(answer.as_bytes()), ..Foreground::new(program) };
    run_in_foreground(&fed).is_ok_and(|ended| !NOT_STARTED.contains(&ended.status))
}

/// The pager somebody wants; none if that is none.
fn chosen(pager: Option<String>) -> Option<String> {
    let pager = pager.unwrap_or_else(|| USUAL.to_owned());
    let is_one = !matches!(pager.trim(), "" | "cat");
    is_one.then_some(pager)
}

/// Whether there is such a program, as far as that can be seen: what a shell has to make something of first is tried.
fn is_there(pager: &str) -> bool {
    let Some(program) = pager.split_whitespace().next() else { return false };
    let is_plain = program.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
    !is_plain
        || cfg!(windows)
        || on_path(&variable("PATH").unwrap_or_default(), Path::new("."), OsStr::new(program)).is_some()
}

/// Whether the answer takes more rows than there are, one of which is for the next prompt.
fn is_longer(answer: &str, rows: usize) -> bool {
    let columns = terminal::room().unwrap_or_else(terminal::width);
    let taken = |line: &str| visible_width(line).div_ceil(columns).max(1);
    answer.lines().map(taken).sum::<usize>() >= rows
}
