//! `mlrun case`.

use std::path::PathBuf;

use clap::Subcommand;
use mlrun::format::cases::Match;
use mlrun::name::{ModelName, SetName};
use mlrun::ops::cases::{AddOptions, RemoveOptions, add, list, remove};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Rows that failed once, and that every later candidate must be right about
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun case add --set test --row 4711 --reason \"a chargeback in March\"\n  mlrun case add cases.csv\n  mlrun case list\n  mlrun case remove c7 --reason \"the label was wrong\""
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Add(AddArgs),
    List(ListArgs),
    Remove(RemoveArgs),
}

/// Add rows of an evaluation set
///
/// A row is named by its key. What is right there is its label now, and is kept: a set in
/// which it is another later cannot be judged. A class is right as it was predicted, or at the
/// threshold that the rules on the set share, a number within the tolerance.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mlrun case add [OPTIONS] [MODEL] FILE\n       mlrun case add [OPTIONS] [MODEL] --row KEY… --reason TEXT",
    after_help = "Examples:\n  mlrun case add --set test --row 4711 --row 4712 --reason \"chargebacks\"\n  mlrun case add fraud --row 'shop=7, day=3' --reason \"declined a regular\"\n  mlrun case add cases.csv      # the columns of the key, and `reason`\n  mlrun case add --row 12 --tolerance 50 --reason \"sold at a loss\"\n  mlrun case add --row q7 --match contains --reason \"named the wrong city\""
)]
struct AddArgs {
    /// The model, if there are several, and a csv, jsonl, parquet or arrow file with the columns of the key and `reason`
    #[arg(value_name = "MODEL|FILE", num_args = 0..=2)]
    words: Vec<String>,
    /// The evaluation set; the only one if left out
    #[arg(long, value_name = "NAME")]
    set: Option<SetName>,
    /// The key of a row: its value, or `column=value, column=value`; may be repeated
    #[arg(long = "row", value_name = "KEY")]
    rows: Vec<String>,
    /// Read the labels from this version; the newest that has the set if left out
    #[arg(long, value_name = "REVISION")]
    from: Option<String>,
    /// A score at or above it is positive; what the rules on the set say if left out
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// The largest error of a predicted number that is right
    #[arg(long, value_name = "ERROR")]
    tolerance: Option<f64>,
    /// When an answer in words is right: if it is the label, contains it, or ends in the same number; `exact` if left out
    #[arg(long = "match", value_name = "HOW", value_parser = ["exact", "contains", "numeric"])]
    answers: Option<String>,
    /// Why, for the record; of a file, for rows without a reason of their own
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// List the cases, with who added each, when and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun case list fraud\n  mlrun case list --all --json")]
struct ListArgs {
    /// The model; may be left out where there is one
    model: Option<ModelName>,
    /// Those that were removed, too
    #[arg(long)]
    all: bool,
}

/// Take cases off the list; the journal keeps what they were
///
/// That excuses every later candidate: where the stages' rules in force name roles in `waivers`, it takes one of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun case remove c7 --reason \"the label was wrong\"")]
struct RemoveArgs {
    /// The cases' ids
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// The model; may be left out where there is one
    #[arg(long, value_name = "MODEL")]
    model: Option<ModelName>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    match &args.action {
        Action::Add(args) => run_add(context, args),
        Action::List(args) => {
            let report = list(&context.repository()?, args.model.as_ref(), args.all)?;
            let human = |style: &_| human::evidence::cases(&report, style);
            Ok(context.shown(DONE, || json::evidence::cases(&report), human).paged())
        }
        Action::Remove(args) => {
            let options = RemoveOptions {
                model: args.model.clone(),
                ids: args.ids.clone(),
                reason: args.reason.clone(),
                dry_run: args.dry_run,
            };
            let report = remove(&context.repository()?, &options)?;
            Ok(context.shown(
                DONE,
                || json::evidence::case_removed(&report),
                |style| human::evidence::case_removed(&report, style),
            ))
        }
    }
}

fn run_add(context: &Context<'_>, args: &AddArgs) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let (model, file) = match (args.words.as_slice(), args.rows.is_empty()) {
        ([], false) => (None, None),
        ([model], false) => (Some(model), None),
        ([file], true) => (None, Some(file)),
        ([model, file], true) => (Some(model), Some(file)),
        ([], true) => {
            let hint = "`--row KEY --reason TEXT`, or a file of keys";
            return Err(Failure::usage("no row is named".to_owned(), Some(hint.to_owned())));
        }
        _ => {
            let hint = "a file, or `--row`, not both";
            return Err(Failure::usage("rows are named twice".to_owned(), Some(hint.to_owned())));
        }
    };
    let model = model.map(|name| ModelName::new(name)).transpose();
    let model = model.map_err(|error| Failure::usage(error.to_string(), None))?;
    let options = AddOptions {
        model,
        set: args.set.clone(),
        rows: args.rows.clone(),
        file: file.map(|file| (context.path(&PathBuf::from(file)), file.clone())),
        revision: args.from.clone(),
        threshold: args.threshold,
        tolerance: args.tolerance,
        answers: args.answers.as_ref().and_then(|word| Match::ALL.into_iter().find(|known| known.name() == word)),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = add(&repository, &options, &context.ui.reporter())?;
    Ok(context.shown(DONE, || json::evidence::case_added(&report), |style| human::evidence::case_added(&report, style)))
}
