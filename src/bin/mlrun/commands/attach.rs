//! `mlrun attach`.

use std::path::PathBuf;

use mlrun::format::scalar::Scalar;
use mlrun::name::SetName;
use mlrun::ops::attach::{AttachOptions, GivenColumns, attach};

use super::Context;
use super::given::scalar;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Add evidence to a version that was made after it was taken
///
/// Predictions or samples, as a dated event: the version itself stays what it is. What the columns mean says mlrun.toml, or the flags.
/// Of evidence that was attached under one name the newest counts; a set that the version was taken with is never replaced.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun attach fraud@production --set test out/test-v7.parquet\n  mlrun attach fraud@v7 --set may may.csv --key row_id --label y --score p\n  mlrun attach fraud@v7 --set latency latency.csv --column ms --machine unknown"
)]
pub struct Args {
    /// The version
    revision: String,
    /// The table: csv, tsv, jsonl, parquet or arrow
    file: PathBuf,
    /// The set's name
    #[arg(long, value_name = "NAME")]
    set: SetName,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A column that identifies a row; may be repeated
    #[arg(long, value_name = "COLUMN")]
    key: Vec<String>,
    /// The column with the truth
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// The column with the score of the positive class
    #[arg(long, value_name = "COLUMN")]
    score: Option<String>,
    /// The column with the predicted class or value
    #[arg(long, value_name = "COLUMN")]
    prediction: Option<String>,
    /// The column with the probability of a class; may be repeated
    #[arg(long, value_name = "CLASS=COLUMN", value_parser = class_column)]
    scores: Vec<(String, String)>,
    /// The label that counts as positive
    #[arg(long, value_name = "LABEL", value_parser = label)]
    positive: Option<Scalar>,
    /// A column whose values are slices; may be repeated
    #[arg(long, value_name = "COLUMN")]
    slice: Vec<String>,
    /// The column with the rows' weights
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// The column whose rows of one value are dependent
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The column whose rows of one value are ranked against each other
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// The column with the samples: then it is no table of predictions
    #[arg(
        long,
        value_name = "COLUMN",
        conflicts_with_all = ["key", "label", "score", "prediction", "scores", "positive", "slice", "weight", "cluster", "group"]
    )]
    column: Option<String>,
    /// The machine that samples were taken on: `this`, or `unknown`, whose times are compared with nobody's
    #[arg(long, value_name = "MACHINE", default_value = "this", value_parser = ["this", "unknown"], hide_default_value = true)]
    machine: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = AttachOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        set: args.set.clone(),
        file: (context.path(&args.file), args.file.display().to_string()),
        columns: GivenColumns {
            key: args.key.clone(),
            label: args.label.clone(),
            score: args.score.clone(),
            prediction: args.prediction.clone(),
            scores: args.scores.iter().cloned().collect(),
            positive: args.positive.clone(),
            slices: args.slice.clone(),
            weight: args.weight.clone(),
            cluster: args.cluster.clone(),
            group: args.group.clone(),
            samples: args.column.clone(),
        },
        machine_unknown: args.machine == "unknown",
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let report = attach(&repository, &options, &context.ui.reporter())?;
    Ok(context.shown(DONE, || json::evidence::attach(&report), |style| human::evidence::attach(&report, style)))
}

fn class_column(text: &str) -> Result<(String, String), String> {
    let (class, column) = text.split_once('=').ok_or("say CLASS=COLUMN")?;
    Ok((class.to_owned(), column.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "what clap wants of a parser")]
fn label(text: &str) -> Result<Scalar, String> {
    Ok(scalar(text))
}
