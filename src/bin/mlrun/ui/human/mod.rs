//! One text view for each report: for people, at 80 columns, readable without colour.

pub mod bisect;
pub mod certify;
pub mod collect;
mod dashboard;
pub mod deployed;
pub mod diff;
pub mod event;
pub mod evidence;
pub mod exec;
pub mod explain;
mod fitness;
pub mod history;
pub mod hooks;
pub mod policy;
pub mod profile;
pub mod project;
pub mod purge;
pub mod recheck;
pub mod registry;
pub mod report;
pub mod reproduce;
pub mod signoff;
pub mod snapshot;
pub mod status;
pub mod stored;
mod waiting;

use mlrun::clock::describe_run;
use mlrun::format::certificate::Verdict;
use mlrun::format::observation::ExecutionRecord;
use mlrun::format::scalar::Scalar;
use mlrun::shell;

use super::extent::{clipped as cut, shortened};
use super::{Label, Style, bytes, clean, lines};

/// A verdict, coloured by what it means.
fn verdict(verdict: Verdict, style: &Style) -> String {
    let label = match verdict {
        Verdict::Pass => Label::Good,
        Verdict::Fail => Label::Bad,
        Verdict::Inconclusive | Verdict::Waived => Label::Warning,
        Verdict::NotApplicable => Label::Dim,
    };
    style.paint(label, if verdict == Verdict::NotApplicable { "n/a" } else { verdict.name() })
}

/// A measured value: to a few digits, and cut to a width a table can bear.
fn measured(scalar: &Scalar, style: &Style) -> String {
    match scalar {
        Scalar::Float(number) => style.number(*number),
        other => exact(other),
    }
}

/// A value somebody chose: as it was written, and cut to a width a table can bear.
fn exact(scalar: &Scalar) -> String {
    const WIDEST: usize = 32;
    cut(&clean(&scalar.to_string()), WIDEST)
}

/// Words over as many lines as they need, all but the first set in.
fn wrapped(text: &str) -> String {
    let words = text.trim_start_matches(' ');
    let lead = text.len() - words.len();
    format!("{}{}", " ".repeat(lead), lines::wrapped(words, lead, 4))
}

/// Words set in by so much, over as many lines as they need.
fn set_in(text: &str, indent: usize) -> String {
    format!("{}{}", " ".repeat(indent), lines::wrapped(text, indent, indent + 2))
}

/// `1 file`, `3 files`.
fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A command as a shell would take it, on one line.
fn command_line(argv: &[String]) -> String {
    shell::line(&argv.iter().map(|word| clean(word)).collect::<Vec<_>>())
}

/// What a run took: `in 2m10s, 4.1 GiB peak`.
fn usage(run: &ExecutionRecord) -> String {
    let peak = run.peak_memory.map_or_else(String::new, |peak| format!(", {} peak", bytes(peak)));
    format!("in {}{peak}", describe_run(std::time::Duration::from_millis(run.duration_ms)))
}

/// How a run that failed ended: `ended with status 3 after 2m10s`.
fn ending(run: &ExecutionRecord, asked_to_end: Option<i32>) -> String {
    let how = match (run.exit, run.signal, asked_to_end) {
        (_, Some(signal), _) => format!("was ended by {}", signal_name(signal)),
        (Some(0), _, Some(signal)) => format!("ended at {}", signal_name(signal)),
        (Some(status), ..) => format!("ended with status {status}"),
        (None, None, _) => "ended without a status".to_owned(),
    };
    format!("{how} after {}", describe_run(std::time::Duration::from_millis(run.duration_ms)))
}

/// Signals that end programs have names that people know; of the others the number is one.
fn signal_name(signal: i32) -> String {
    let known = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (15, "SIGTERM"),
    ];
    let name = known.iter().find(|(number, _)| *number == signal).map(|(_, name)| (*name).to_owned());
    name.unwrap_or_else(|| format!("signal {signal}"))
}
