//! Flags every verb takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::ui::UiOptions;

/// Flags every verb takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', global = true, value_name = "DIR", help_heading = "Global options")]
    pub folder: Option<PathBuf>,
    /// Use the store in STORE, with or without a checkout
    #[arg(short = 'R', long = "store-at", global = true, value_name = "STORE", help_heading = "Global options")]
    pub store: Option<PathBuf>,
    /// Print exactly one JSON object
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Print the answer only: no progress, no hints
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Say which project and store were used, and how long it took
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: When,
    /// Never show a long answer in a pager
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_pager: bool,
    /// Decimals of numbers for people
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    pub precision: Option<usize>,
}

impl Global {
    /// How to answer.
    pub const fn ui_options(&self) -> UiOptions {
        let colour = match self.color {
            When::Auto => None,
            When::Always => Some(true),
            When::Never => Some(false),
        };
        UiOptions { json: self.json, quiet: self.quiet, colour, precision: self.precision, plain: self.no_pager }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
