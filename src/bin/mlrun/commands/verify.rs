//! `mlrun verify`.

use std::path::{Path, PathBuf};

use mlrun::format::event::EventRef;
use mlrun::name::{ModelName, StageName};
use mlrun::ops::deployed::{DeployedOptions, deployed};
use mlrun::ops::known_heads::heads_in;
use mlrun::ops::verify::{Repairs, VerifyOptions, verify};
use mlrun::repository::Repository;

use super::Context;
use crate::failure::{DONE, Failure, INTEGRITY};
use crate::ui::{Shown, human, json};

/// Check that what is stored is whole
///
/// Without REVISION: journals, packs, index, and that every version can be reached. `--full` reads and hashes every byte.
/// Exit 4 if anything is wrong; each problem names the versions that need it, and the paths in them.
///
/// `--repair` stores again what is damaged or missing, from other packs, from the trash, and from files of the workspace
/// that still have the same bytes. Damaged packs then go into the trash. Exit 0 only if nothing is left.
///
/// `--journal` prints the newest event of each journal. Written down elsewhere and given back as `--head`, it shows any change to
/// what came before; so does `--known` with a certificate or a bundle that somebody else was given.
///
/// `--deployed DIR` compares the folder that a server reads with what the stage holds, or with REVISION: exit 0 if every model
/// file is there byte for byte and none besides, 4 with each difference otherwise. `--where web-1 --record` writes down what was found:
/// `status` and `at` show it beside what the stage holds. The same finding is written down again only after a day.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mlrun verify --full\n  mlrun verify --full --resume\n  mlrun verify fraud@production\n  mlrun verify --journal\n  mlrun verify --full --repair --from /backup/fraud\n  mlrun verify fraud --deployed /srv/fraud --where web-1 --record"
)]
pub struct Args {
    /// One version, every byte of it
    revision: Option<String>,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME", requires = "revision")]
    at: Option<String>,
    /// Read and hash every byte of the store
    #[arg(long, conflicts_with = "revision")]
    full: bool,
    /// Go on with a `--full` that was cut short; if there was none, begin
    #[arg(long, requires = "full")]
    resume: bool,
    /// Store again what is damaged, from wherever its bytes still are
    #[arg(long, conflicts_with_all = ["revision", "journal"])]
    repair: bool,
    /// Look for lost files in DIR, too
    #[arg(long, value_name = "DIR", requires = "repair")]
    from: Vec<PathBuf>,
    /// Say what could be repaired
    #[arg(long, requires = "repair")]
    dry_run: bool,
    /// Only the journals
    #[arg(long, conflicts_with_all = ["revision", "full"])]
    journal: bool,
    /// An event that was in the journal, as written down elsewhere; may be repeated
    #[arg(long = "head", value_name = "[MODEL@]SEQ:HASH", value_parser = head, conflicts_with = "revision")]
    heads: Vec<(Option<ModelName>, EventRef)>,
    /// A certificate or a bundle: the events that it names were in the journal; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "revision")]
    known: Vec<PathBuf>,
    /// Whether DIR, which a server reads, is what the stage holds
    #[arg(long, value_name = "DIR", conflicts_with_all = ["full", "repair", "journal"])]
    deployed: Option<PathBuf>,
    /// The stage that DIR serves; the only one, else `production`, if left out
    #[arg(long, value_name = "STAGE", requires = "deployed")]
    stage: Option<StageName>,
    /// What the place is called that reads DIR
    #[arg(long = "where", value_name = "PLACE", requires = "record")]
    place: Option<String>,
    /// Write down what was found
    #[arg(long, requires_all = ["deployed", "place"])]
    record: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    if let Some(folder) = &args.deployed {
        return serves(context, &repository, args, folder);
    }
    let repair = match (args.repair, args.dry_run) {
        (false, _) => Repairs::None,
        (true, true) => Repairs::Rehearsed,
        (true, false) => Repairs::Made,
    };
    let mut heads = args.heads.clone();
    for file in &args.known {
        heads.extend(heads_in(&repository, &context.path(file))?);
    }
    let options = VerifyOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        full: args.full,
        resume: args.resume,
        journal: args.journal,
        heads,
        repair,
        from: args.from.iter().map(|folder| context.path(folder)).collect(),
    };
    let report = verify(&repository, &options, &context.ui.reporter())?;
    let exit = if report.problems.is_empty() { DONE } else { INTEGRITY };
    let mut shown =
        context.shown(exit, || json::stored::verify(&report, exit), |style| human::stored::verify(&report, style));
    shown.hints = human::stored::verify_hints(&report);
    Ok(shown)
}

/// Reads `fraud@41:$(cat head.txt)`, as `verify --journal` prints it.
fn head(text: &str) -> Result<(Option<ModelName>, EventRef), String> {
    let (model, rest) = match text.rsplit_once('@') {
        None => (None, text),
        Some((model, rest)) => (Some(ModelName::new(model).map_err(|error| error.to_string())?), rest),
    };
    let wrong =
        || "it is a number, a colon and 64 hexadecimal digits, as `mlrun verify --journal` prints it".to_owned();
    let (seq, hash) = rest.split_once(':').ok_or_else(wrong)?;
    let seq = seq.parse().map_err(|_| wrong())?;
    let id = hash.parse().map_err(|_| wrong())?;
    Ok((model, EventRef { seq, id }))
}

fn serves(context: &Context<'_>, repository: &Repository, args: &Args, folder: &Path) -> Result<Shown, Failure> {
    let options = DeployedOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        stage: args.stage.clone(),
        folder: context.path(folder),
        record_as: args.place.clone(),
    };
    let report = deployed(repository, &options, &context.ui.reporter())?;
    let exit = if report.problems.is_empty() { DONE } else { INTEGRITY };
    let mut shown = context.shown(
        exit,
        || json::deployed::deployed(&report, exit),
        |style| human::deployed::deployed(&report, style),
    );
    if exit != DONE {
        let label = format!("{}@{}", report.model, report.version);
        shown.hints.push(format!(
            "`mlrun restore {label} --to DIR --only model` writes what should be served into a new folder"
        ));
    }
    Ok(shown)
}
