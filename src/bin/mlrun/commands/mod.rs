//! One file for each verb: arguments as typed → options → operation → what to show. Nothing here writes to a stream.

mod after_move;
pub mod approve;
pub mod at;
pub mod attach;
pub mod bisect;
pub mod block;
mod blocking;
pub mod bundle;
pub mod case;
pub mod certify;
pub mod completions;
mod context;
pub mod diff;
pub mod doctor;
pub mod drop;
pub mod exec;
pub mod export;
pub mod gc;
mod given;
pub mod import;
pub mod init;
pub mod list;
pub mod log;
mod next_step;
pub mod policy;
mod policy_reference;
pub mod promote;
pub mod purge;
pub mod rename;
pub mod report;
mod report_file;
pub mod reproduce;
pub mod restore;
pub mod retire;
pub mod rollback;
pub mod seed;
pub mod show;
mod sign;
pub mod snapshot;
pub mod status;
pub mod unblock;
pub mod verify;
pub mod waive;
pub mod withdraw;

use std::time::Instant;

use anyhow::Context as _;
use clap::CommandFactory;

pub use self::context::Context;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::ui::{Shown, Ui};

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
        shown.notes.extend(context.notes(began.elapsed()));
    }
    Ok(shown)
}

fn dispatch(context: &Context<'_>, command: &Command) -> Result<Shown, Failure> {
    match command {
        Command::Init(args) => init::run(context, args),
        Command::Snapshot(args) => snapshot::run(context, args),
        Command::Exec(args) => exec::run(context, args),
        Command::Status(args) => status::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Log(args) => log::run(context, args),
        Command::Show(args) => show::run(context, args),
        Command::Diff(args) => diff::run(context, args),
        Command::Certify(args) => certify::run(context, args),
        Command::Attach(args) => attach::run(context, args),
        Command::Case(args) => case::run(context, args),
        Command::Waive(args) => waive::run(context, args),
        Command::Approve(args) => approve::run(context, args),
        Command::Withdraw(args) => withdraw::run(context, args),
        Command::Promote(args) => promote::run(context, args),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Retire(args) => retire::run(context, args),
        Command::Policy(args) => policy::run(context, args),
        Command::Bisect(args) => bisect::run(context, args),
        Command::Block(args) => block::run(context, args),
        Command::Unblock(args) => unblock::run(context, args),
        Command::Rename(args) => rename::run(context, args),
        Command::Drop(args) => drop::run(context, args),
        Command::Purge(args) => purge::run(context, args),
        Command::Gc(args) => gc::run(context, args),
        Command::At(args) => at::run(context, args),
        Command::Restore(args) => restore::run(context, args),
        Command::Reproduce(args) => reproduce::run(context, args),
        Command::Bundle(args) => bundle::run(context, args),
        Command::Import(args) => import::run(context, args),
        Command::Export(args) => export::run(context, args),
        Command::Report(args) => report::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Seed(args) => seed::run(context, args),
        Command::Doctor(args) => doctor::run(context, args),
        Command::Completions(args) => completions::run(context, args, Cli::command()),
    }
}
