//! The only printer. The answer goes to standard output; progress, warnings and hints to standard error.
//!
//! A closed pipe silences output and changes no exit code.

pub mod human;
pub mod json;
mod progress;
mod style;
mod table;

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;
use serde_json::{Value, json};

pub use self::progress::Reporter;
pub use self::style::{Label, Style, bytes, clean, time};
pub use self::table::{Align, Table};

use crate::args::{Global, When};
use crate::failure::Failure;

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
}

/// How and where to print.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    quiet: bool,
    stdout_is_terminal: bool,
    style: Style,
    error_style: Style,
}

impl Ui {
    /// As the flags, the terminal and `NO_COLOR` say.
    pub fn new(global: &Global) -> Self {
        let colour = |terminal: bool, choice: ColorChoice| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && choice != ColorChoice::Never,
        };
        let stdout_is_terminal = io::stdout().is_terminal();
        let out = colour(stdout_is_terminal, anstream::AutoStream::choice(&io::stdout()));
        let err = colour(io::stderr().is_terminal(), anstream::AutoStream::choice(&io::stderr()));
        Self {
            json: global.json,
            quiet: global.quiet,
            stdout_is_terminal,
            style: Style::new(out, global.precision),
            error_style: Style::new(err, global.precision),
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

    /// How the answer is styled.
    pub const fn style(&self) -> &Style {
        &self.style
    }

    /// Reports long work.
    pub fn reporter(&self) -> Reporter {
        Reporter::new(self.quiet || self.json)
    }

    /// Prints what a command has to say; returns the exit code.
    pub fn show(&self, shown: Shown) -> u8 {
        print(&mut io::stdout(), &shown.answer);
        if !self.quiet {
            let mut text = String::new();
            for warning in &shown.warnings {
                text += &format!("{} {warning}\n", self.error_style.paint(Label::Warning, "warning:"));
            }
            for note in &shown.notes {
                text += &format!("{} {}\n", self.error_style.paint(Label::Dim, "note:"), clean(note));
            }
            for hint in &shown.hints {
                text += &format!("{} {hint}\n", self.error_style.paint(Label::Dim, "hint:"));
            }
            print(&mut io::stderr(), &text);
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
                "retryable": failure.is_retryable(),
            });
            print(&mut io::stdout(), &json_text(&error));
            return failure.exit;
        }
        let mut text = format!("{} {}\n", self.error_style.paint(Label::Bad, "error:"), clean(&failure.message));
        if let Some(hint) = &failure.hint {
            text += &format!("{} {}\n", self.error_style.paint(Label::Dim, "hint:"), clean(hint));
        }
        print(&mut io::stderr(), &text);
        failure.exit
    }
}

/// A JSON answer, on one line.
pub fn json_text(value: &Value) -> String {
    format!("{value}\n")
}

fn print(stream: &mut dyn Write, text: &str) {
    // Nobody is left to tell if this fails.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
