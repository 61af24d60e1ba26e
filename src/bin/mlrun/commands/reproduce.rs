//! `mlrun reproduce`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mlrun::clock::parse_duration;
use mlrun::name::SetName;
use mlrun::ops::reproduce::{EnvironmentChoice, ReproduceOptions, ReproduceReport, Reproduced, TOLERANCE, reproduce};

use super::Context;
use super::given::named_path;
use crate::failure::{Failure, reproduced_code};
use crate::ui::{Shown, human, json};

/// Train a version again in a folder of its own, and compare
///
/// Code, parameters and data are restored into a scratch folder; the recorded command runs there with the recorded seeds; then
/// the model's bytes, its tensors, metrics and predictions are compared with the version's. Exit 0: exact or equivalent. 1:
/// different, or the command failed. 3: something to compare was not there.
///
/// This runs the version's own code as you, with your rights: nothing keeps it from your files or the network. Reproduce only
/// what you would run yourself.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun reproduce fraud@v7\n  mlrun reproduce fraud@v7 --command 'python train.py' --timeout 2h\n  mlrun reproduce fraud@v7 --env recreate --data train=/mnt/train.csv"
)]
pub struct Args {
    /// The version
    revision: String,
    /// See it as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Run this line with `sh -c` instead of the recorded command, in that one's folder, or else in the project's
    #[arg(long, value_name = "LINE")]
    command: Option<String>,
    /// Which software to use
    #[arg(long = "env", value_name = "WHICH", value_enum, default_value = "current")]
    environment: Which,
    /// Do it in DIR, which is new or empty, and leave everything there
    #[arg(long, value_name = "DIR", conflicts_with = "keep")]
    to: Option<PathBuf>,
    /// Leave the scratch folder, and say where it is
    #[arg(long)]
    keep: bool,
    /// Where data lies that was not kept: a file or folder, taken only if its digest is the recorded one
    #[arg(long, value_name = "NAME=PATH", value_parser = named_path)]
    data: Vec<(SetName, String)>,
    /// By how much metrics may differ, relative to the larger value
    #[arg(long, value_name = "REL", default_value_t = TOLERANCE)]
    tolerance: f64,
    /// A metric that says nothing, such as how long it took; may be repeated
    #[arg(long, value_name = "METRIC")]
    ignore: Vec<String>,
    /// How long each program that is started may run: `90s`, `30m`, `2h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Say what would be run, and with what
    #[arg(long)]
    dry_run: bool,
}

/// Which software to use.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Which {
    /// What is installed here; what is another than recorded is listed
    Current,
    /// A virtual environment with the recorded packages, by uv or pip, from their index
    Recreate,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).filter(|length| !length.is_zero()).ok_or_else(|| "say it as 90s, 30m or 2h".to_owned())
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = ReproduceOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        command: args.command.clone(),
        environment: match args.environment {
            Which::Current => EnvironmentChoice::Current,
            Which::Recreate => EnvironmentChoice::Recreate,
        },
        to: args.to.as_deref().map(|path| context.path(path)),
        keep: args.keep,
        data: args.data.iter().map(|(name, path)| (name.clone(), context.path(Path::new(path)))).collect(),
        tolerance: args.tolerance,
        ignored: args.ignore.clone(),
        limit: args.timeout,
        dry_run: args.dry_run,
    };
    let report = reproduce(&repository, &options, &mut context.ui.passes_on(), &context.ui.reporter())?;
    let exit = reproduced_code(report.verdict);
    let mut shown = context.shown(
        exit,
        || json::reproduce::reproduce(&report, exit),
        |style| human::reproduce::reproduce(&report, style),
    );
    if let Some((path, error)) = &report.left {
        shown.warnings.push(format!("the folder {} could not be removed: {error}", path.display()));
    }
    shown.hints = hints(&report);
    Ok(shown)
}

fn hints(report: &ReproduceReport) -> Vec<String> {
    let label = format!("{}@{}", report.model, report.version);
    let data = report.missing.iter().find_map(|(name, _)| name.strip_prefix("data."));
    match (report.verdict, data) {
        (None, _) => vec!["this was a rehearsal; nothing was run".to_owned()],
        (Some(Reproduced::Inconclusive), Some(name)) => {
            vec![format!("if you have it elsewhere: `mlrun reproduce {label} --data {name}=PATH`")]
        }
        (Some(Reproduced::Inconclusive), None) if report.run.is_some() => {
            vec![
                "if other commands make the rest, run them, too: `--command 'python train.py && python evaluate.py'`"
                    .to_owned(),
            ]
        }
        (Some(Reproduced::Different | Reproduced::Failed), _) if report.kept.is_none() => {
            vec!["`--keep` leaves the folder, to look into".to_owned()]
        }
        _ => Vec::new(),
    }
}
