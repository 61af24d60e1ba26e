//! `mlrun show`.

use mlrun::name::SetName;
use mlrun::ops::show::{ShowOptions, data, raw, show, stored_bytes};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Show one version in full
#[derive(Debug, clap::Args)]
#[command(override_usage = "mlrun show [OPTIONS] <REVISION>\n       mlrun show --raw <ID>")]
#[command(
    after_help = "Examples:\n  mlrun show fraud@production\n  mlrun show fraud@v3 --data train\n  mlrun show --raw 3fa9c2d4 | sha256sum"
)]
pub struct Args {
    /// The version; not with `--raw`
    #[arg(required_unless_present = "raw")]
    revision: Option<String>,
    /// See it as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print one thing only
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with = "json")]
    print: Option<Print>,
    /// Show everything that is known of the columns of this training data
    #[arg(long, value_name = "NAME", conflicts_with = "print")]
    data: Option<SetName>,
    /// Print the exact stored bytes of a record or tree, named by its id or the beginning of it
    #[arg(long, value_name = "ID", conflicts_with_all = ["revision", "print", "data", "at", "json"])]
    raw: Option<String>,
}

/// What to print by itself.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Print {
    /// The snapshot's id
    Id,
    /// `fraud@v7`
    Version,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    if let Some(prefix) = &args.raw {
        // Records and trees are canonical JSON, so they are text.
        let answer = String::from_utf8_lossy(&raw(&repository, prefix)?).into_owned();
        return Ok(Shown { answer, ..Shown::default() });
    }
    let revision = args.revision.clone().unwrap_or_default();
    let report = show(&repository, &ShowOptions { revision, at: args.at.clone() })?;
    let one = args.data.as_ref().map(|name| data(&report, name)).transpose()?;
    let answer = match args.print {
        Some(Print::Id) => format!("{}\n", report.row.snapshot),
        Some(Print::Version) => format!("{}@{}\n", report.model, report.row.version),
        None => {
            let stored = || stored_bytes(&repository, &report);
            let json = || json::snapshot::show(&report, stored());
            let human = |style: &_| match one {
                Some(data) => human::profile::whole(&report, data, style),
                None => human::snapshot::show(&report, style),
            };
            return Ok(context.shown(DONE, json, human).paged());
        }
    };
    Ok(Shown { answer, ..Shown::default() })
}
