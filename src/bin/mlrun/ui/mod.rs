//! The only printer. The answer goes to standard output; progress, warnings and hints to standard error.
//!
//! A closed pipe silences output and changes no exit code. Any other answer that cannot be written is a failure.

mod extent;
pub mod human;
pub mod json;
mod lines;
mod pager;
mod progress;
mod spark;
mod style;
mod table;
mod terminal;

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;
use serde_json::json;

pub use self::json::Answer;
pub use self::progress::Reporter;
pub use self::style::{Label, Style, bytes, clean, clean_code, time};
pub use self::table::{Align, Table};
pub use self::terminal::is_wide;

use crate::failure::Failure;

/// Further lines of a sentence are set in by this much.
const INDENT: usize = 6;

/// What a command has to say.
#[derive(Debug, Default)]
pub struct Shown {
    /// For standard output.
    pub answer: String,
    /// Warnings, one line each.
    pub warnings: Vec<String>,
    /// How it was done, one line each; only if that was asked for.
    pub notes: Vec<String>,
    /// What to do next, one line each.
    pub hints: Vec<String>,
    /// The exit code.
    pub exit: u8,
    /// Whether an answer longer than the screen is shown in a pager.
    pub paged: bool,
}

impl Shown {
    /// The same, for people to read at leisure.
    #[must_use]
    pub fn paged(self) -> Self {
        Self { paged: true, ..self }
    }
}

/// How a person asked to be answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct UiOptions {
    /// One JSON object.
    pub json: bool,
    /// The answer only.
    pub quiet: bool,
    /// With or without colour; none: as the terminal says.
    pub colour: Option<bool>,
    /// Decimals of numbers.
    pub precision: Option<usize>,
    /// Without a pager.
    pub plain: bool,
}

/// How and where to print.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    quiet: bool,
    plain: bool,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    style: Style,
    error_style: Style,
}

impl Ui {
    /// As the flags, the terminal and `NO_COLOR` say.
    pub fn new(options: UiOptions) -> Self {
        let colour =
            |terminal: bool, choice: ColorChoice| options.colour.unwrap_or(terminal && choice != ColorChoice::Never);
        let stdout_is_terminal = io::stdout().is_terminal();
        let out = colour(stdout_is_terminal, anstream::AutoStream::choice(&io::stdout()));
        let stderr_is_terminal = io::stderr().is_terminal();
        let err = colour(stderr_is_terminal, anstream::AutoStream::choice(&io::stderr()));
        Self {
            json: options.json,
            quiet: options.quiet,
            plain: options.plain,
            stdout_is_terminal,
            stderr_is_terminal,
            style: Style::new(out, options.precision),
            error_style: Style::new(err, options.precision),
        }
    }

    /// Whether one JSON object is the whole answer.
    pub const fn wants_json(&self) -> bool {
        self.json
    }

    /// Whether a person reads the answer.
    pub const fn stdout_is_terminal(&self) -> bool {
        self.stdout_is_terminal
    }

    /// An answer for people, no line of which is wider than the terminal it is shown on.
    pub fn fitted(&self, answer: String) -> String {
        lines::fitted_here(answer)
    }

    /// How the answer is styled.
    pub const fn style(&self) -> &Style {
        &self.style
    }

    /// Passes on what a program says that was started: to standard error, because the answer is ours.
    pub fn passes_on(&self) -> impl FnMut(&[u8]) + use<> {
        let silent = self.quiet;
        move |bytes: &[u8]| {
            if !silent {
                let mut stream = io::stderr();
                // Nobody is left to tell if this fails.
                let _ = stream.write_all(bytes).and_then(|()| stream.flush());
            }
        }
    }

    /// Standard output itself, for an answer that is no text and may be longer than memory.
    pub fn stream(&self) -> io::StdoutLock<'static> {
        io::stdout().lock()
    }

    /// Reports long work.
    pub fn reporter(&self) -> Reporter {
        Reporter::new(self.quiet || self.json)
    }

    /// Prints what a command has to say; returns the exit code.
    pub fn show(&self, shown: Shown) -> u8 {
        let may_page = shown.paged && self.stdout_is_terminal && !self.json && !self.plain;
        if !(may_page && pager::page(&shown.answer))
            && let Err(source) = answer(&shown.answer)
        {
            return self.fail_in_words(&Failure::unwritten(&source));
        }
        if !self.quiet {
            let mut text = String::new();
            shown.warnings.iter().for_each(|warning| text += &self.sentence(Label::Warning, "warning:", warning));
            shown.notes.iter().for_each(|note| text += &self.sentence(Label::Dim, "note:", note));
            shown.hints.iter().for_each(|hint| text += &self.hint(hint));
            complain(&text);
        }
        shown.exit
    }

    /// Prints a failure; returns the exit code.
    pub fn fail(&self, failure: &Failure) -> u8 {
        if self.json {
            let error = json!({
                "schema": "mlrun/error/1",
                "exit": failure.exit,
                "kind": failure.kind,
                "message": failure.message,
                "hint": failure.hint,
                "retryable": failure.retryable,
            });
            if answer(&error.line()).is_ok() {
                return failure.exit;
            }
        }
        self.fail_in_words(failure)
    }

    fn fail_in_words(&self, failure: &Failure) -> u8 {
        let mut text = self.sentence(Label::Bad, "error:", &failure.message);
        text += &failure.hint.as_ref().map_or_else(String::new, |hint| self.hint(hint));
        complain(&text);
        failure.exit
    }

    /// A line for standard error; on a terminal as many as it takes.
    fn sentence(&self, label: Label, begins: &str, text: &str) -> String {
        let text = clean(text);
        let text = if self.stderr_is_terminal { lines::wrapped(&text, begins.len() + 1, INDENT) } else { text };
        format!("{} {text}\n", self.error_style.paint(label, begins))
    }

    fn hint(&self, hint: &str) -> String {
        if self.stderr_is_terminal {
            return self.sentence(Label::Dim, "hint:", hint);
        }
        format!("{} {}\n", self.error_style.paint(Label::Dim, "hint:"), hint_lines(hint))
    }
}

/// Writes the answer. That a reader has had enough is no failure.
pub fn answer(text: &str) -> io::Result<()> {
    let mut stream = io::stdout();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A hint; where a terminal would break it, commands to copy stand on lines of their own.
fn hint_lines(hint: &str) -> String {
    let hint = clean(hint);
    if hint.chars().count() + "hint: ".len() <= terminal::width() {
        hint
    } else {
        hint.replace(" `mlrun ", "\n      `mlrun ")
    }
}

fn complain(text: &str) {
    let mut stream = io::stderr();
    // Nobody is left to tell if this fails.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
