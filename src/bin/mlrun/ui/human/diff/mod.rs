//! `diff`.

mod code;
mod data;
mod files;
mod items;
mod metrics;
mod tensors;
mod values;

use mlrun::compare::{Command, Section};
use mlrun::ops::ErasedPart;
use mlrun::ops::diff::DiffReport;

use self::code::{code, outputs};
use self::data::data_line;
use self::files::file_line;
use self::items::lines;
use self::metrics::metric_line;
use self::tensors::tensors;
use self::values::{text_line, value_line};
use super::super::{Label, Style, clean};
use super::purge::words;
use super::{command_line, wrapped};

pub fn diff(report: &DiffReport, style: &Style, stat: bool) -> String {
    let (a, b) = (style.paint(Label::Strong, &report.a), style.paint(Label::Strong, &report.b));
    let diff = &report.diff;
    let outputs = if report.sections.has(Section::Code) { outputs(&diff.code) } else { String::new() };
    if diff.is_empty() {
        return format!("{a} and {b} are the same\n{outputs}{}", gone(report));
    }
    let mut text = format!("{a} → {b}\n");
    for section in Section::ALL {
        let body = body(report, section, style, stat);
        if !body.is_empty() {
            text += &format!("\n{}\n{body}", style.paint(Label::Strong, title(section)));
        }
        if section == Section::Code {
            text += &outputs;
        }
    }
    text + &gone(report)
}

const fn title(section: Section) -> &'static str {
    match section {
        Section::Params => "parameters",
        other => other.name(),
    }
}

/// What is different in a section, as lines; nothing where nothing is.
fn body(report: &DiffReport, section: Section, style: &Style, stat: bool) -> String {
    let diff = &report.diff;
    match section {
        Section::Metrics => lines(style, &diff.metrics, metric_line),
        Section::Params => lines(style, &diff.params, value_line),
        Section::Files => lines(style, &diff.files, file_line),
        Section::Tensors => tensors(&diff.tensors, style, stat),
        Section::Predictions => String::new(),
        Section::Data => lines(style, &diff.data, data_line),
        Section::Results => lines(style, &diff.results, file_line),
        Section::Code => code(&diff.code, style),
        Section::Environment => lines(style, &diff.environment, text_line),
        Section::Seeds => lines(style, &diff.seeds, value_line),
        Section::Command => command(diff.command.as_ref()),
        Section::Notes => notes(diff.notes.as_ref()),
    }
}

fn command(change: Option<&(Option<Command>, Option<Command>)>) -> String {
    let line = |mark: &str, command: &Command| {
        let folder = command.folder.as_ref().map_or_else(String::new, |folder| format!(" (in {})", clean(folder)));
        format!("{}\n", wrapped(&format!("  {mark} {}{folder}", command_line(&command.argv))))
    };
    marked(change, |mark, command| line(mark, command))
}

fn notes(change: Option<&(Option<String>, Option<String>)>) -> String {
    marked(change, |mark, notes| notes.lines().map(|line| format!("  {mark} {}\n", clean(line))).collect())
}

/// What was there behind a `-`, what is there behind a `+`.
fn marked<T>(change: Option<&(Option<T>, Option<T>)>, show: impl Fn(&str, &T) -> String) -> String {
    let Some((old, new)) = change else { return String::new() };
    let side = |mark: &str, side: &Option<T>| side.as_ref().map_or_else(String::new, |side| show(mark, side));
    side("-", old) + &side("+", new)
}

/// What was erased from a side, and is not compared but by digest.
fn gone(report: &DiffReport) -> String {
    let line = |(label, part): &(String, ErasedPart)| format!("{}\n", wrapped(&format!("{label} {}", words(part))));
    let lines: String = report.erased.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
