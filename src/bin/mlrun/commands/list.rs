//! `mlrun list`.

use mlrun::name::ModelName;
use mlrun::ops::list::{ListOptions, list};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, is_wide, json};

/// List models, or the versions of one
///
/// With `--metrics`, `--params`, `--sort` or `-n` and without MODEL: the versions of the only model.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun list\n  mlrun list fraud --metrics auc --params model.depth --sort -auc -n 20"
)]
pub struct Args {
    /// The model whose versions are listed
    model: Option<ModelName>,
    /// List models, too, that were taken by mistake: all their versions were dropped, and none ever held a stage
    #[arg(long, conflicts_with = "model")]
    all: bool,
    /// Metrics to show
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metrics: Vec<String>,
    /// Parameters to show
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    params: Vec<String>,
    /// Sort by a metric or parameter; `-NAME`: the greatest first
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most N versions
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    /// Draw each number over the versions listed; on a wide terminal that is done for `--metrics`
    #[arg(long)]
    trend: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let options = ListOptions {
        model: args.model.clone(),
        all: args.all,
        metrics: args.metrics.clone(),
        params: args.params.clone(),
        sort: args.sort.clone(),
        limit: args.limit,
    };
    let report = list(&repository, &options)?;
    let trend = args.trend || context.ui.stdout_is_terminal() && is_wide() && !args.metrics.is_empty();
    let human = |style: &_| human::history::list(&report, trend, style);
    Ok(context.shown(DONE, || json::history::list(&report), human).paged())
}
