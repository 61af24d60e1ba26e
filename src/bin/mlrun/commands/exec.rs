//! `mlrun exec`.

use std::ffi::OsString;

use mlrun::ops::exec::{ExecOptions, ExecReport, exec};

use super::Context;
use super::given::VersionArgs;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Run a training command, then capture what it made as the next version
///
/// What can be checked is checked before the command runs: the configuration, secrets in code and parameters, the store. Its
/// terminal, input and output are yours; where standard output is no terminal, or with `--json`, what it prints goes to standard
/// error, because standard output is the answer: exactly the new version's name, so `rev=$(mlrun exec fraud -- ./train.sh)`
/// works, and `2>&1 | tee log` keeps both.
///
/// Its exit status is passed on, and 128 and a signal's number if one ended it; such a run is no version. Command, folder,
/// duration, processor time and peak of memory are recorded, secrets among the arguments replaced.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("seeds", |arg| arg.help("Issue N as a seed: MODEL_SEED=N and PYTHONHASHSEED=N (modulo 2³²) for the command; \
NAME=N records a seed that it uses by itself")),
    after_help = "Without `--seed` no variable is set: seeds among the parameters and in the model are found by themselves, and that \
there is none is a warning. In Python: `rng = numpy.random.default_rng(int(os.environ[\"MODEL_SEED\"]))`; for several, `mlrun \
seed --help` has a formula.

Where the command could not be started at all: 6 if it was not found, 8 if it cannot be executed. Where it succeeded and the \
snapshot did not, the exit code is the snapshot's.

Examples:
  mlrun exec fraud --seed 42 -- python train.py
  mlrun exec -m \"more trees\" -- python train.py --trees 500
  mlrun exec fraud --keep-failed -- ./train.sh"
)]
pub struct Args {
    #[command(flatten)]
    version: VersionArgs,
    /// Record a run that fails in the journal, as `mlrun log --kind failed` shows it
    #[arg(long)]
    keep_failed: bool,
    /// Check what can be checked and say what would be run
    #[arg(long)]
    dry_run: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let version = &args.version;
    let mut given = version.given.inputs(context);
    // One without a name is handed to the command.
    let (unnamed, named): (Vec<_>, Vec<_>) = given.seeds.drain(..).partition(|(name, _)| name == "seed");
    given.seeds = named;
    if unnamed.len() > 1 {
        let hint = "`mlrun seed --help`: many follow from one; `--seed NAME=N` records others".to_owned();
        return Err(Failure::usage("one seed is issued, not several".to_owned(), Some(hint)));
    }
    let for_program = context.ui.wants_json() || !context.ui.stdout_is_terminal();
    let options = ExecOptions {
        model: version.model.clone(),
        given,
        command: args.command.clone(),
        seed: unnamed.first().map(|(_, value)| *value),
        new_version: version.new_version,
        allow_erased: version.allow_erased,
        keep_failed: args.keep_failed,
        output_to_error: for_program,
        dry_run: args.dry_run,
    };
    let report = exec(&context.repository()?, &options, &context.ui.reporter())?;
    let status = report.status();
    if status != 0 && !context.ui.wants_json() {
        return Err(Failure::command(status, human::exec::failed(&report), Some(hint_of_failure(&report))));
    }
    let folder = context.folder.display().to_string();
    let exit = u8::try_from(status).unwrap_or(DONE);
    let mut shown =
        context.shown(exit, || json::exec::exec(&report), |style| human::exec::exec(&report, &folder, style));
    if let (Some(taken), true) = (&report.snapshot, for_program && !context.ui.wants_json()) {
        shown.answer = format!("{}@{}\n", taken.model, taken.version);
    }
    shown.warnings = human::exec::warnings(&report);
    shown.hints = match (&report.snapshot, &report.run) {
        (Some(taken), _) => super::snapshot::hints(taken),
        (None, Some(_)) => vec![format!("{}; {}", human::exec::failed(&report), hint_of_failure(&report))],
        (None, None) => vec!["this was a rehearsal; nothing was run".to_owned()],
    };
    Ok(shown)
}

fn hint_of_failure(report: &ExecReport) -> String {
    let model = &report.model;
    match &report.failed {
        Some(made) => format!("it is event {} of {model}: `mlrun log {model} --kind failed`", made.event.seq),
        None => "`--keep-failed` records such a run".to_owned(),
    }
}
