//! One file for each verb: arguments as typed → options → operation → what to show. Nothing here writes to a stream.

pub mod at;
pub mod block;
pub mod bundle;
pub mod certify;
pub mod completions;
pub mod diff;
pub mod doctor;
pub mod init;
pub mod list;
pub mod log;
pub mod promote;
pub mod restore;
pub mod rollback;
pub mod show;
pub mod snapshot;
pub mod status;
pub mod unblock;
pub mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mlrun::capture::files::lexically_clean;
use mlrun::clock::SystemClock;
use mlrun::ops::inputs::GivenInputs;
use mlrun::repository::{OpenOptions, Repository};
use serde_json::Value;

use crate::args::{Cli, Command, Global};
use crate::failure::Failure;
use crate::ui::{Shown, Style, Ui, json_text};

/// What every command needs.
pub struct Context<'a> {
    /// How to report and show.
    pub ui: &'a Ui,
    /// The folder commands run in; paths as typed are relative to it.
    pub folder: PathBuf,
    global: &'a Global,
}

impl Context<'_> {
    /// Where to look for the project.
    pub fn open_options(&self) -> OpenOptions {
        OpenOptions {
            start: self.folder.clone(),
            store: self.global.store.as_ref().map(|s| self.folder.join(s)),
            clock: Arc::new(SystemClock),
        }
    }

    /// The project.
    pub fn repository(&self) -> Result<Repository, Failure> {
        Ok(Repository::open(&self.open_options())?)
    }

    /// Nothing given by hand, seen from this folder.
    pub fn nothing_given(&self) -> GivenInputs {
        GivenInputs { folder: self.folder.clone(), ..GivenInputs::default() }
    }

    /// A path as typed.
    pub fn path(&self, typed: &Path) -> PathBuf {
        lexically_clean(&self.folder.join(typed))
    }

    /// The answer, for a program or for a person.
    pub fn shown(&self, exit: u8, json: impl FnOnce() -> Value, human: impl FnOnce(&Style) -> String) -> Shown {
        let answer = if self.ui.wants_json() { json_text(&json()) } else { human(self.ui.style()) };
        Shown { answer, exit, ..Shown::default() }
    }
}

/// Runs a command.
pub fn run(cli: &Cli, ui: &Ui) -> Result<Shown, Failure> {
    let here = std::env::current_dir().context("cannot tell the working directory")?;
    let folder = cli.global.folder.as_ref().map_or_else(|| here.clone(), |f| here.join(f));
    if !folder.is_dir() {
        return Err(Failure::usage(format!("`{}` is not a folder", folder.display()), None));
    }
    let context = Context { ui, folder, global: &cli.global };
    let began = Instant::now();
    let mut shown = dispatch(&context, &cli.command)?;
    if cli.global.verbose {
        shown.notes = notes(&context, began.elapsed());
    }
    Ok(shown)
}

fn notes(context: &Context<'_>, took: Duration) -> Vec<String> {
    let mut notes = vec![format!("took {} ms", took.as_millis())];
    if let Ok(repository) = context.repository() {
        let project = repository.project().map_or_else(|| "none".to_owned(), |p| p.display().to_string());
        notes.push(format!("project {project}"));
        notes.push(format!("store {}, history {}", repository.store_path().display(), repository.store().repository()));
    }
    notes
}

fn dispatch(context: &Context<'_>, command: &Command) -> Result<Shown, Failure> {
    match command {
        Command::Init(args) => init::run(context, args),
        Command::Snapshot(args) => snapshot::run(context, args),
        Command::Status(args) => status::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Log(args) => log::run(context, args),
        Command::Show(args) => show::run(context, args),
        Command::Diff(args) => diff::run(context, args),
        Command::Certify(args) => certify::run(context, args),
        Command::Promote(args) => promote::run(context, args),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Block(args) => block::run(context, args),
        Command::Unblock(args) => unblock::run(context, args),
        Command::At(args) => at::run(context, args),
        Command::Restore(args) => restore::run(context, args),
        Command::Bundle(args) => bundle::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Doctor(args) => doctor::run(context, args),
        Command::Completions(args) => completions::run(context, args),
    }
}
