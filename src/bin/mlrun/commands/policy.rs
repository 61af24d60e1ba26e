//! `mlrun policy`.

use std::path::PathBuf;

use clap::Subcommand;
use mlrun::name::{ModelName, StageName};
use mlrun::ops::policy::{PolicyOptions, adopt, show};

use super::Context;
use crate::failure::{DONE, Failure, NO};
use crate::ui::{Shown, human, json};

/// The rules in force for a stage, and how they change
///
/// The first promotion to a stage puts the rules in force that it was made under. From then on an edit of the policy or of
/// mlrun.toml is a proposal, until somebody adopts it.
///
/// What mlrun.toml states of a stage is `[stage.NAME]`; over it `[model."acme/*".stage.NAME]`, for every model whose name begins with
/// `acme/`, of several the longest over the others; over that `[model.NAME.stage.NAME]`. `roles` and `policy` of these sections go the same way.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun policy show\n  mlrun policy diff fraud --stage production\n  mlrun policy adopt fraud --reason \"the floor was too low\""
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the rules in force
    Show(Which),
    /// Show in what the rules of the project differ from those in force
    #[command(after_help = "Exit 1 with `--exit-code` if they differ.")]
    Diff(DiffArgs),
    /// Put the rules of the project in force
    ///
    /// Certificates that were made under the rules before do not promote any more. Where those ask for approvals, it takes them:
    /// `mlrun approve --rules SHA256`, with the digest that `mlrun policy diff` prints.
    Adopt(AdoptArgs),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The model, if there are several
    model: Option<ModelName>,
    /// The stage; the only one, else `production`, if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Another policy than the configured one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    #[command(flatten)]
    which: Which,
    /// Exit 1 if there are differences
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, clap::Args)]
struct AdoptArgs {
    #[command(flatten)]
    which: Which,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

impl Which {
    fn options(&self, context: &Context<'_>) -> PolicyOptions {
        PolicyOptions {
            model: self.model.clone(),
            stage: self.stage.clone(),
            policy: self.policy.as_deref().map(|path| context.path(path)),
        }
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    match &args.action {
        Action::Show(which) => {
            let report = show(&repository, &which.options(context))?;
            let human = |style: &_| human::policy::show(&report, style);
            Ok(context.shown(DONE, || json::policy::show(&report), human).paged())
        }
        Action::Diff(args) => {
            let report = show(&repository, &args.which.options(context))?;
            let exit = if args.exit_code && !report.differences.is_empty() { NO } else { DONE };
            let human = |style: &_| human::policy::diff(&report, style);
            Ok(context.shown(exit, || json::policy::diff(&report, exit), human).paged())
        }
        Action::Adopt(args) => {
            let options = args.which.options(context);
            let report = adopt(&repository, &options, &args.reason, args.dry_run, &context.ui.reporter())?;
            let exit = if report.missing.is_empty() { DONE } else { NO };
            let (json, human) =
                (|| json::policy::adopt(&report, exit), |style: &_| human::policy::adopt(&report, style));
            Ok(context.shown(exit, json, human))
        }
    }
}
