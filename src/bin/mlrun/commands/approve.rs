//! `mlrun approve`.

use mlrun::name::{ModelName, StageName};
use mlrun::ops::approve::{ApproveOptions, PATIENCE, Subject, approve};

use super::Context;
use super::sign::{SignArgs, elsewhere};
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Agree that a version holds a stage, or that other rules are in force
///
/// How many people of which role it takes say `approvals` and `[roles]` in mlrun.toml, or the rules in force. Nobody fills two roles, and
/// nobody approves a snapshot of their own. With `signers` an approval must be signed. It counts while the certificate it rests on does, or
/// one that says PASS by the same rules.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mlrun approve <REVISION> --role <ROLE> --for <STAGE> [--sign[=<KEY>]]\n       mlrun approve [MODEL] --rules <SHA256> --role <ROLE> --for <STAGE>",
    after_help = "Examples:\n  mlrun approve fraud@v8 --role risk --for production --sign\n  mlrun approve fraud --rules 3fa9c2d1 --role risk --sign=$HOME/.ssh/id_ecdsa\n  mlrun approve v8 --role risk --print-statement > s\n  mlrun approve v8 --role risk --signature s.sig"
)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// What there is to say, for the record
    #[arg(short = 'm', long = "text", value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    sign: SignArgs,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// What is approved, or is not any more.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The version; with `--rules` the model, if there are several
    #[arg(required_unless_present = "rules", value_name = "REVISION")]
    subject: Option<String>,
    /// Rules that are to be in force, by the digest that `mlrun policy diff` prints: eight digits of it or more
    #[arg(long, value_name = "SHA256")]
    rules: Option<String>,
    /// In which role; the only one that is asked for if left out
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// For which stage; the only one, else `production`, if left out
    #[arg(long = "for", value_name = "STAGE", visible_alias = "stage")]
    pub stage: Option<StageName>,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME", conflicts_with = "rules")]
    at: Option<String>,
}

impl Which {
    pub fn subject(&self) -> Result<Subject, Failure> {
        let Some(rules) = &self.rules else {
            return Ok(Subject::Version(self.subject.clone().unwrap_or_default(), self.at.clone()));
        };
        let model = self.subject.as_deref().map(ModelName::new).transpose();
        let model = model.map_err(|error| Failure::usage(error.to_string(), None))?;
        Ok(Subject::Rules(rules.clone(), model))
    }

    /// As it is typed again.
    fn typed(&self) -> String {
        let rules = self.rules.as_ref().map_or_else(String::new, |rules| format!(" --rules {rules}"));
        let role = self.role.as_ref().map_or_else(String::new, |role| format!(" --role {role}"));
        let stage = self.stage.as_ref().map_or_else(String::new, |stage| format!(" --for {stage}"));
        let subject = self.subject.as_ref().map_or_else(String::new, |subject| format!(" {subject}"));
        format!("mlrun approve{subject}{rules}{role}{stage}")
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = ApproveOptions {
        subject: args.which.subject()?,
        stage: args.which.stage.clone(),
        role: args.which.role.clone(),
        text: args.text.clone(),
        sign: args.sign.with(context),
        patience: PATIENCE,
        statement_only: args.sign.print_statement,
        dry_run: args.dry_run,
    };
    let report = approve(&repository, &options, &context.ui.reporter(), &mut context.ui.passes_on())?;
    if args.sign.print_statement {
        let text = args.text.as_ref().map_or_else(String::new, |_| " -m …".to_owned());
        let shown = context.shown(
            DONE,
            || json::signoff::statement("approve", &report.statement),
            |_| report.statement.clone(),
        );
        return Ok(Shown { hints: elsewhere(&format!("{}{text}", args.which.typed())).into(), ..shown });
    }
    Ok(context.shown(DONE, || json::signoff::approve(&report), |style| human::signoff::approve(&report, style)))
}
