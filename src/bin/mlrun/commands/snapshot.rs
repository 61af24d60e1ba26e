//! `mlrun snapshot`.

use mlrun::ops::snapshot::save::save;
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};

use super::Context;
use super::given::VersionArgs;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Capture model, parameters, data, results, code, environment, seeds as the next version
///
/// What mlrun.toml names is captured; flags take its place. Where standard output is no terminal it is exactly
/// the new version's name, so `rev=$(mlrun snapshot fraud)` works. If nothing changed there is no new version.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun snapshot fraud -m \"more trees\"\n  mlrun snapshot fraud --files model/ --params params.yaml --data train=data.csv"
)]
pub struct Args {
    #[command(flatten)]
    version: VersionArgs,
    /// Write these flags into mlrun.toml, as the model's section
    #[arg(long, requires = "model")]
    save: bool,
    /// Say what would be captured
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let version = &args.version;
    let repository = context.repository()?;
    let options = SnapshotOptions {
        model: version.model.clone(),
        given: version.given.inputs(context),
        new_version: version.new_version,
        allow_erased: version.allow_erased,
        execution: None,
        dry_run: args.dry_run,
    };
    let report = match version.model.as_ref().filter(|_| args.save && !args.dry_run) {
        None => snapshot(&repository, &options, &context.ui.reporter())?,
        Some(model) => {
            let before = save(&repository, model, &options.given)?;
            match snapshot(&context.repository()?, &options, &context.ui.reporter()) {
                Ok(report) => report,
                Err(error) => {
                    before.put_back()?;
                    return Err(error.into());
                }
            }
        }
    };
    let mut shown =
        context.shown(DONE, || json::snapshot::snapshot(&report), |style| human::snapshot::snapshot(&report, style));
    // A program that captures the answer gets the name of the version and nothing else.
    if !context.ui.wants_json() && !context.ui.stdout_is_terminal() {
        shown.answer = format!("{}@{}\n", report.model, report.version);
    }
    shown.warnings = human::snapshot::warnings(&report);
    shown.hints = hints(&report);
    if context.global.verbose {
        let words = "weights, tables, training data and binary files are not looked at for secrets";
        shown.notes.push(words.to_owned());
    }
    Ok(shown)
}

pub(super) fn hints(report: &SnapshotReport) -> Vec<String> {
    let label = format!("{}@{}", report.model, report.version);
    match (report.dry_run, report.unchanged) {
        (true, _) => vec!["this was a rehearsal; nothing was written".to_owned()],
        (_, true) => vec!["nothing changed; `--new-version` makes one all the same".to_owned()],
        _ => vec![format!("next: `mlrun certify {label}`, or `mlrun show {label}`")],
    }
}
