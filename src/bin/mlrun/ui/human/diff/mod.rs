//! `diff`.

mod code;
mod command;
mod data;
mod environment;
mod files;
mod items;
mod layers;
mod metrics;
mod predictions;
mod results;
mod settings;
mod stat;
mod tensors;
mod values;

use mlrun::compare::Section;
use mlrun::ops::ErasedPart;
use mlrun::ops::diff::{DiffReport, Unread};

use self::code::{code, outputs};
use self::command::command;
use self::data::data;
use self::environment::environment;
use self::files::file_line;
use self::items::lines;
use self::metrics::metrics;
use self::predictions::predictions;
use self::results::results;
use self::stat::stat;
use self::tensors::tensors;
use self::values::values;
use super::super::lines::fitted_here;
use super::super::{Label, Style, clean, clean_code};
use super::purge::words;
use super::{set_in, wrapped};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What differs, section by section.
    Sections,
    /// A line for each section.
    Stat,
}

pub fn diff(report: &DiffReport, detail: Detail, style: &Style) -> String {
    let (a, b) = (style.paint(Label::Strong, &report.a), style.paint(Label::Strong, &report.b));
    let diff = &report.diff;
    let outputs = if report.sections.has(Section::Code) { outputs(&diff.code) } else { String::new() };
    if diff.is_empty() && report.identical {
        let but = if outputs.is_empty() { "" } else { " but for outputs of notebooks" };
        return format!("{a} and {b} are the same{but}\n{outputs}{}", gone(report));
    }
    if diff.is_empty() {
        let is_read = |section: &Section| report.unread.iter().all(|one| one.section != *section);
        let chosen: Vec<&str> = report.sections.chosen().into_iter().filter(is_read).map(title).collect();
        let place = match chosen.as_slice() {
            [] => "what can be compared".to_owned(),
            chosen => chosen.join(", "),
        };
        let others = if report.differs { "; other sections differ" } else { "" };
        let said = wrapped(&format!("nothing differs in {place}{others}"));
        return format!("{a} → {b}\n{said}\n{outputs}{}", gone(report));
    }
    let mut text = fitted_here(format!("{a} → {b}\n"));
    if detail == Detail::Stat && report.sections.is_only(Section::Tensors) {
        return text + &tensors(&diff.tensors, style, true) + &gone(report);
    }
    if detail == Detail::Stat {
        return text + &stat(report, style) + &outputs + &gone(report);
    }
    for section in Section::ALL {
        let body = body(report, section, style) + &unread_in(report, |of| of == section, 2);
        // Lines of code are as long as they are.
        let body = if section == Section::Code { body } else { fitted_here(body) };
        if !body.is_empty() {
            text += &format!("\n{}\n{body}", style.paint(Label::Strong, title(section)));
        }
        if section == Section::Code {
            text += &outputs;
        }
    }
    text + &known(report)
}

const fn title(section: Section) -> &'static str {
    match section {
        Section::Params => "parameters",
        other => other.name(),
    }
}

/// What is different in a section, as lines; nothing where nothing is.
fn body(report: &DiffReport, section: Section, style: &Style) -> String {
    let diff = &report.diff;
    match section {
        Section::Metrics => metrics(diff, style),
        Section::Params => values(&diff.params, style),
        Section::Files => lines(style, &diff.files, file_line),
        Section::Tensors => tensors(&diff.tensors, style, false),
        Section::Predictions => predictions(diff, style),
        Section::Data => data(diff, style),
        Section::Results => results(diff, (&report.a, &report.b), style),
        Section::Code => code(&diff.code, &format!("mlrun diff {} {} --patch", report.a, report.b), style),
        Section::Environment => environment(diff, (&report.a, &report.b), style),
        Section::Seeds => values(&diff.seeds, style),
        Section::Command => command(diff.command.as_ref(), style),
        Section::Notes => notes(diff.notes.as_ref()),
    }
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

/// A patch for a terminal: what is in it must not steer that.
pub fn patch(bytes: &[u8], style: &Style) -> String {
    let line = |line: &str| {
        let label = match line.bytes().next() {
            _ if line.starts_with("diff --git ") || line.starts_with("--- ") || line.starts_with("+++ ") => {
                Label::Strong
            }
            Some(b'+') => Label::Good,
            Some(b'-') => Label::Bad,
            Some(b'@') => Label::Dim,
            _ => return format!("{}\n", clean_code(line)),
        };
        format!("{}\n", style.paint(label, &clean_code(line)))
    };
    String::from_utf8_lossy(bytes).split_terminator('\n').map(line).collect()
}

/// What was erased from a side, in words.
pub fn erased((label, part): &(String, ErasedPart)) -> String {
    format!("{label} {}", words(part))
}

/// What could not be read, in words.
pub fn unread(one: &Unread) -> String {
    format!("not compared: {}", clean(&one.reason))
}

/// What could not be read of some sections, as lines.
fn unread_in(report: &DiffReport, is_meant: impl Fn(Section) -> bool, indent: usize) -> String {
    let own = report.unread.iter().filter(|one| is_meant(one.section));
    own.map(|one| format!("{}\n", set_in(&format!("! {}", unread(one)), indent))).collect()
}

/// Everything that no section says.
fn gone(report: &DiffReport) -> String {
    let unread = unread_in(report, |_| true, 0);
    let blank = if unread.is_empty() { "" } else { "\n" };
    format!("{blank}{unread}{}", known(report))
}

/// What was erased from a side, and is not compared but by digest; and what else is to be known.
fn known(report: &DiffReport) -> String {
    let lines = report.erased.iter().map(|part| format!("{}\n", wrapped(&erased(part))));
    let remark = |remark: &String| format!("{}\n", wrapped(&format!("note: {}", clean(remark))));
    let lines: String = lines.chain(report.remarks.iter().map(remark)).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
