//! A comparison as Markdown, for a comment on a pull request: what differs as tables, the lines of code folded away.
//!
//! GitHub refuses comments over 65,536 characters. Tables come first; of the lines of code as much as there is room for.

mod code;
mod numbers;
mod results;
mod tables;
mod tensors;

pub(super) use self::code::cells;
pub(super) use self::numbers::{called, column, difference, signed, without_interval};
use super::escape;
use crate::compare::{Diff, Section, Sections};

/// Bytes, of which there are never fewer than characters.
const LONGEST: usize = 65_536;
/// Kept free for what says that something was left out.
const RESERVE: usize = 1024;
/// What a section's table may take of it.
const SECTION: usize = 8192;

/// What was compared.
#[derive(Debug, Clone, Copy)]
pub struct DiffPage<'d> {
    /// One side's name.
    pub a: &'d str,
    /// The other's.
    pub b: &'d str,
    /// What is different.
    pub diff: &'d Diff,
    /// What was compared.
    pub sections: &'d Sections,
    /// Whether both are the same in every section, whichever were chosen.
    pub identical: bool,
    /// What could not be read, in words, and the section it belongs to.
    pub unread: &'d [(Section, String)],
    /// What was erased from a side, or else is to be known, in words.
    pub erased: &'d [String],
}

/// The comparison as a page.
pub fn diff(page: &DiffPage<'_>) -> String {
    let mut text = format!("## {} → {}\n", name(page.a), name(page.b));
    let sections = page.diff.shown_sections();
    if sections.is_empty() {
        let chosen: Vec<&str> = page.sections.chosen().into_iter().map(title).collect();
        let but = if page.diff.code.outputs.is_empty() { "" } else { " but outputs of notebooks" };
        text += &match page.identical {
            true => format!("\nNothing differs{but}.\n"),
            false if chosen.is_empty() => "\nNothing differs in what can be compared.\n".to_owned(),
            false => format!("\nNothing differs in {}{but}.\n", chosen.join(", ")),
        };
    }
    let mut erased = Lines::new(SECTION);
    page.erased.iter().for_each(|words| erased.add(format!("- {}\n", escape::markdown(words, 300))));
    let erased = if page.erased.is_empty() { String::new() } else { format!("\n{}", erased.text("notes")) };
    let unread = |section: Section| {
        let mut lines = Lines::new(SECTION);
        let own = page.unread.iter().filter(|(of, _)| *of == section);
        own.for_each(|(_, words)| lines.add(format!("- {}\n", escape::markdown(words, 300))));
        lines.text("notes")
    };
    let body = |section: Section| {
        let table = if sections.contains(&section) { tables::section(page.diff, section) } else { String::new() };
        let unread = unread(section);
        let blank = if table.is_empty() || unread.is_empty() { "" } else { "\n" };
        format!("{table}{blank}{unread}")
    };
    let is_told = |section: &Section| sections.contains(section) || page.unread.iter().any(|(of, _)| of == section);
    let tables: Vec<(Section, String)> =
        Section::ALL.into_iter().filter(is_told).map(|section| (section, body(section))).collect();
    let taken: usize = tables.iter().map(|(section, table)| section.name().len() + table.len() + 8).sum();
    let mut room = LONGEST.saturating_sub(RESERVE + text.len() + erased.len() + taken);
    for (section, table) in tables {
        text += &format!("\n### {}\n\n{table}", title(section));
        if section == Section::Code {
            text += &code::insides(&page.diff.code, &mut room);
        }
        if section == Section::Results {
            text += &results::insides(&page.diff.of_results, &mut room);
        }
    }
    text + &erased
}

const fn title(section: Section) -> &'static str {
    match section {
        Section::Params => "parameters",
        other => other.name(),
    }
}

/// A name; a longer one tells nobody more.
fn name(text: &str) -> String {
    escape::markdown(text, 100)
}

/// Lines, as far as there is room for them.
struct Lines {
    text: String,
    room: usize,
    left_out: usize,
}

impl Lines {
    const fn new(room: usize) -> Self {
        Self { text: String::new(), room, left_out: 0 }
    }

    fn add(&mut self, line: String) {
        if self.left_out == 0 && line.len() <= self.room {
            self.room -= line.len();
            self.text.push_str(&line);
        } else {
            self.left_out += 1;
        }
    }

    fn text(self, what: &str) -> String {
        match self.left_out {
            0 => self.text,
            n => format!("{}\n{n} more of the {what} did not fit on this page.\n", self.text),
        }
    }
}
