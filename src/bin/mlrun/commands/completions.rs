//! `mlrun completions`.

use clap_complete::Shell;

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, json};

/// Print completions for a shell
///
/// The folder must be there, and for zsh it must be in `fpath` before `compinit` runs. They hold from the next shell on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun completions bash > ~/.local/share/bash-completion/completions/mlrun\n  mlrun completions zsh > ~/.zfunc/_mlrun\n  mlrun completions fish > ~/.config/fish/completions/mlrun.fish"
)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// `program` is the command line that is completed.
pub fn run(context: &Context<'_>, args: &Args, mut program: clap::Command) -> Result<Shown, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "mlrun", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let shell = args.shell.to_string();
    Ok(context.shown(DONE, || json::project::completions(&shell, &script), |_| script.clone()))
}
