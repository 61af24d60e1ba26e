//! The command line as typed: the only list of verbs, and what to say of a line that was not understood.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::failure::Failure;
use crate::global::Global;
use crate::ui::Ui;

/// git for the life of a machine-learning model
///
/// snapshot ─▶ diff ─▶ certify ─▶ promote ─▶ (rollback) ─▶ at / restore
#[derive(Debug, Parser)]
#[command(name = "mlrun", version, max_term_width = 100, propagate_version = false, disable_help_subcommand = true)]
#[command(after_help = "A version is `fraud@v7`, `fraud@latest`, a stage `fraud@production`, what it held then \
`fraud@production@{2026-03-01T12:00Z}`, an id `3fa9c2d`; `~1` goes one back. The model may be left out where there is one.\n\n\
Exit codes: 0 done · 1 a well-formed no · 2 usage · 3 inconclusive · 4 integrity · 5 conflict · 6 not found · 8 this machine")]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs. What each does stands at its arguments: a comment here would hide it from `--help`.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(commands::init::Args),
    Snapshot(commands::snapshot::Args),
    Exec(commands::exec::Args),
    Status(commands::status::Args),
    List(commands::list::Args),
    Log(commands::log::Args),
    Show(commands::show::Args),
    Diff(commands::diff::Args),
    Certify(commands::certify::Args),
    Attach(commands::attach::Args),
    Case(commands::case::Args),
    Waive(commands::waive::Args),
    Approve(commands::approve::Args),
    Withdraw(commands::withdraw::Args),
    Promote(commands::promote::Args),
    Rollback(commands::rollback::Args),
    Retire(commands::retire::Args),
    Policy(commands::policy::Args),
    Block(commands::block::Args),
    Unblock(commands::unblock::Args),
    Rename(commands::rename::Args),
    Drop(commands::drop::Args),
    Purge(commands::purge::Args),
    Gc(commands::gc::Args),
    At(commands::at::Args),
    Bisect(commands::bisect::Args),
    Restore(commands::restore::Args),
    Reproduce(commands::reproduce::Args),
    Bundle(commands::bundle::Args),
    Import(commands::import::Args),
    Export(commands::export::Args),
    Report(commands::report::Args),
    Verify(commands::verify::Args),
    Seed(commands::seed::Args),
    Doctor(commands::doctor::Args),
    Completions(commands::completions::Args),
}

/// Words people bring from other tools, and what they mean here.
const OTHER_WORDS: [(&str, &str); 43] = [
    ("commit", "snapshot"),
    ("save", "snapshot"),
    ("add", "snapshot"),
    ("register", "snapshot"),
    ("run", "exec"),
    ("train", "exec"),
    ("execute", "exec"),
    ("checkout", "restore"),
    ("pull", "restore"),
    ("download", "restore"),
    ("unbundle", "import"),
    ("load", "import"),
    ("ls", "list"),
    ("versions", "list"),
    ("models", "list"),
    ("history", "log"),
    ("logs", "log"),
    ("info", "show"),
    ("describe", "show"),
    ("compare", "diff"),
    ("validate", "certify"),
    ("evaluate", "certify"),
    ("except", "waive"),
    ("override", "waive"),
    ("sign", "approve"),
    ("signoff", "approve"),
    ("review", "approve"),
    ("reject", "withdraw"),
    ("deploy", "promote"),
    ("assign", "promote"),
    ("archive", "retire"),
    ("rules", "policy"),
    ("mv", "rename"),
    ("when", "at"),
    ("revert", "rollback"),
    ("undo", "rollback"),
    ("fsck", "verify"),
    ("repro", "reproduce"),
    ("retrain", "reproduce"),
    ("erase", "purge"),
    ("redact", "purge"),
    ("card", "report"),
    ("dashboard", "report"),
];

/// A command line that was not understood, or that asked for help.
pub struct Refused {
    error: clap::Error,
    json: bool,
}

/// Reads the command line.
pub fn parse() -> Result<Cli, Refused> {
    // Behind `--` stands a command, whose flags are its own.
    let json = std::env::args_os().take_while(|a| a != "--").any(|a| a == "--json");
    Cli::try_parse().map_err(|error| Refused { error, json })
}

impl Refused {
    /// Prints what there is to say.
    pub fn finish(self) -> ExitCode {
        let lists_verbs = matches!(
            self.error.kind(),
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        );
        if !self.error.use_stderr() || !self.json && lists_verbs {
            let code = self.error.exit_code();
            return ExitCode::from(match self.error.print() {
                // A closed pipe is no reason to say more.
                Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
                    Ui::new(Global::default().ui_options()).fail(&Failure::unwritten(&source))
                }
                _ => u8::try_from(code).unwrap_or(2),
            });
        }
        let rendered = self.error.render().to_string();
        let lines =
            rendered.lines().map(str::trim).take_while(|l| !l.starts_with("Usage:") && !l.starts_with("For more"));
        let (tips, facts): (Vec<_>, Vec<_>) = lines.filter(|l| !l.is_empty()).partition(|l| l.starts_with("tip: "));
        let message = if lists_verbs {
            "a verb is needed".to_owned()
        } else {
            facts.join(" ").trim_start_matches("error: ").replace('\'', "`")
        };
        // How to pass a flag as a value is what nobody asks who has misspelt one.
        let tip = || tips.iter().find(|tip| tip.contains("similar")).filter(|_| !self.is_unknown_verb());
        let tip = || Some(tip()?.trim_start_matches("tip: ").replace('\'', "`"));
        let help = match verb_in(&rendered) {
            Some(verb) => format!("`mlrun {verb} --help` shows what it takes"),
            None => "`mlrun --help` lists the verbs".to_owned(),
        };
        let hint = self.hint(&rendered).or_else(tip).or(Some(help));
        let global = Global { json: self.json, ..Global::default() };
        ExitCode::from(Ui::new(global.ui_options()).fail(&Failure::usage(message, hint)))
    }

    fn is_unknown_verb(&self) -> bool {
        self.error.kind() == ErrorKind::InvalidSubcommand
    }

    fn hint(&self, rendered: &str) -> Option<String> {
        if !self.is_unknown_verb() {
            let is_command =
                verb_in(rendered).as_deref() == Some("exec") && std::env::args_os().all(|word| word != "--");
            return is_command.then(|| "the command stands behind two dashes: `mlrun exec [MODEL] -- CMD`".to_owned());
        }
        let given = self.error.get(clap::error::ContextKind::InvalidSubcommand)?.to_string();
        OTHER_WORDS
            .iter()
            .find(|(word, _)| *word == given)
            .map(|(_, verb)| format!("the word for that is `mlrun {verb}`"))
            .or_else(|| near_verb(&given).map(|verb| format!("did you mean `mlrun {verb}`?")))
    }
}

/// The verb most like a word, if it is one slip in three letters away.
fn near_verb(word: &str) -> Option<String> {
    let verbs: Vec<String> = Cli::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let slips = |verb: &String| strsim::damerau_levenshtein(word, verb);
    verbs.into_iter().filter(|verb| slips(verb) * 3 <= verb.len().max(3)).min_by_key(slips)
}

/// The verb of a command line that was not understood: from the usage that is printed with it, or from what was typed.
fn verb_in(rendered: &str) -> Option<String> {
    let command = Cli::command();
    let known = |word: &str| command.find_subcommand(word).map(|verb| verb.get_name().to_owned());
    let usage = rendered.lines().find_map(|line| line.trim().strip_prefix("Usage: mlrun "));
    let word = usage.and_then(|usage| usage.split_whitespace().next()).and_then(known);
    word.or_else(|| std::env::args_os().skip(1).find_map(|word| known(word.to_str()?)))
}
