//! `mlrun purge`.

use std::collections::BTreeSet;

use mlrun::ops::Remaining;
use mlrun::ops::purge::{PurgeOptions, PurgeReport, Target, Touched, purge};
use mlrun::shell;

use super::Context;
use crate::failure::{DONE, Failure, INTEGRITY};
use crate::ui::{Shown, human, json};

/// Erase a file's bytes or a record's field for good, everywhere; the record and the reason stay
///
/// For secrets and personal data. The bytes of FILE go at once from every model and version that holds them, from the trash
/// too, and do not come back; a field goes from every version in which it has the same value. Look first with `--dry-run`.
/// Copies elsewhere (backups, restored folders, bundles, git) are not touched, and a secret that was stored must be replaced.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("target").required(true)))]
#[command(
    override_usage = "mlrun purge [OPTIONS] --path <FILE> --reason <TEXT> <REVISION>\n       mlrun purge [OPTIONS] --field <NAME> --reason <TEXT> <REVISION>"
)]
#[command(
    after_help = "Fields: notes, argv, params.KEY, seeds.NAME, data.NAME.path, data.NAME.profile, environment.variables.NAME, \
environment.origins.PACKAGE, environment.image, observation.branch, .remote, .interpreter, .host, .paths.NAME, .found.FILE\n\n\
Examples:\n  mlrun purge fraud@v3 --path data/train.csv --reason \"request 4711\" --dry-run\n  \
mlrun purge fraud@v3 --path data/train.csv --reason \"request 4711\"\n  \
mlrun purge fraud@v3 --field params.db.password --reason \"a password\""
)]
pub struct Args {
    /// A version that has it
    revision: String,
    /// The file, as `mlrun show` names it or where it lies; the patch is `code.patch`
    #[arg(long, value_name = "FILE", group = "target")]
    path: Option<String>,
    /// The field
    #[arg(long, value_name = "NAME", group = "target")]
    field: Option<String>,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Why, for the record: it stays for ever
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would go, and from where
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let field = args.field.clone().map(Target::Field);
    let options = PurgeOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        target: field.unwrap_or_else(|| Target::File {
            path: args.path.clone().unwrap_or_default(),
            folder: context.folder.clone(),
        }),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = purge(&repository, &options, &context.ui.reporter())?;
    // What may still hold it could not be looked at.
    let exit = if report.unreadable.is_empty() && report.not_searched.is_empty() { DONE } else { INTEGRITY };
    let mut shown =
        context.shown(exit, || json::purge::purge(&report, exit), |style| human::purge::purge(&report, style));
    shown.warnings = human::purge::warnings(&report);
    shown.hints = hints(&report, args);
    Ok(shown)
}

/// Commands for what else holds the text; the rest is counted.
const MOST: usize = 5;

fn also(one: &Remaining) -> String {
    let option = if one.file.is_some() { "--path" } else { "--field" };
    let name = shell::word(&one.name);
    format!("`mlrun purge {}@{} {option} {name} --reason …` erases that too", one.model, one.version)
}

fn hints(report: &PurgeReport, args: &Args) -> Vec<String> {
    let mut hints = Vec::new();
    for touched in report.touched.iter().filter(|touched| touched.model_file) {
        let Touched { model, version, .. } = touched;
        let back =
            |stage| format!("`mlrun rollback {model} --stage {stage} --from {version} --reason …` brings {stage} back");
        hints.extend(touched.stages.iter().map(back));
    }
    // One command erases a file from every version that has it, and a value from every version in which the field has it.
    let mut told = BTreeSet::new();
    let others = report.also_in.iter().filter(|one| told.insert((one.name.clone(), one.file.map(|id| id.to_string()))));
    let mut erase: Vec<String> = others.map(also).collect();
    if erase.len() > MOST {
        let more = erase.split_off(MOST).len();
        erase.push(format!("and {more} more like these; `--json` has them all"));
    }
    hints.append(&mut erase);
    if !report.unreadable.is_empty() || !report.not_searched.is_empty() {
        hints.push("`mlrun verify --full` names what is wrong there".to_owned());
    }
    if !report.dry_run && !report.unchanged && args.path.is_some() {
        hints.push("take it out of the workspace, too: a snapshot that would store it again is refused".to_owned());
    }
    hints
}
