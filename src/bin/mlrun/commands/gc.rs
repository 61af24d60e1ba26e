//! `mlrun gc`.

use mlrun::ops::gc::{GcOptions, gc};

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Free what no version needs
///
/// First lets go of versions by the rules of `[model.NAME.keep]`. What goes rests in the store's trash for 14 days, or what
/// `[store] trash = "30d"` says. Every version that is not dropped stays whole, and so does the record of every other. Many
/// small packs become few larger ones. What went is written down: `mlrun log --of-store`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  mlrun gc --dry-run\n  mlrun gc --now")]
pub struct Args {
    /// Say what would go, and why
    #[arg(long)]
    dry_run: bool,
    /// Free the space at once, and that of the trash
    #[arg(long)]
    now: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let repository = context.repository()?;
    let report = gc(&repository, &GcOptions { dry_run: args.dry_run, now: args.now }, &context.ui.reporter())?;
    let mut shown =
        context.shown(DONE, || json::collect::gc(&report), |style| human::collect::gc(&report, args.now, style));
    if !report.unknown.is_empty() {
        let names = report.unknown.join(", ");
        shown
            .warnings
            .push(format!("{names} cannot be read: what it holds or needs is not known; the trash is not emptied"));
        shown.hints.push("`mlrun verify --full --repair` stores again what is still to be found".to_owned());
    }
    Ok(shown)
}
