//! A folder of pages over everything: all models, each model, each version.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{VerbError, resolve};
use super::ReportError;
use super::life;
use super::output::{self, Written};
use super::teller::Teller;
use super::version::{Depth, described};
use crate::format::checkpoint::VersionRow;
use crate::page::report::MARKS;
use crate::page::report::site::{self as page, Holder, INDEX, LISTING, Model};
use crate::progress::{Progress, Unit};
use crate::registry::State;
use crate::repository::Repository;

/// Of a version's page: versions around it, times in each stage, and the largest table that is read for curves, 16 MiB. Its own
/// report shows more.
const AROUND: usize = 24;
const TIMES: usize = 24;
const LARGEST: u64 = 16 << 20;
/// No list of pages is longer.
const MOST_LISTING: u64 = 64 << 20;

/// A site.
#[derive(Debug, Clone)]
pub struct SiteReport {
    /// The folder.
    pub output: PathBuf,
    /// Models.
    pub models: usize,
    /// Their versions.
    pub versions: usize,
    /// Pages in all.
    pub pages: usize,
    /// Those that are new or other than they were.
    pub written: usize,
    /// Pages of an earlier site that are no longer part of it.
    pub removed: usize,
    /// Versions whose page could not be made, and why.
    pub failed: Vec<(String, String)>,
    /// Whether nothing was written because that was asked for.
    pub dry_run: bool,
}

/// Writes a site into a folder that is empty, not there, or a site; or, with `force`, among other files.
pub fn site(
    repository: &Repository,
    output: &Path,
    (force, dry_run): (bool, bool),
    progress: &dyn Progress,
) -> Result<SiteReport, VerbError> {
    output::outside_store(repository, output)?;
    let before = listed(output, force)?;
    let mut states = Vec::new();
    for model in resolve::models(repository)? {
        states.extend(repository.registry().state(&model)?.filter(|state| !state.versions.is_empty()));
    }
    let versions = states.iter().map(|state| state.versions.len()).sum();
    let mut report = SiteReport {
        output: output.to_path_buf(),
        models: states.len(),
        versions,
        pages: 0,
        written: 0,
        removed: 0,
        failed: Vec::new(),
        dry_run,
    };
    let folder = Folder { root: output, dry_run, written: AtomicUsize::new(0) };
    let pages: BTreeSet<String> = states.iter().flat_map(pages_of).chain([INDEX.to_owned()]).collect();
    folder.create("")?;
    // Said first: what is cut short is a site all the same, and the next one finishes it.
    if before != pages {
        folder.write(LISTING, page::listing(&before.union(&pages).cloned().collect()).as_bytes())?;
    }
    let mut models = Vec::new();
    progress.begin("reporting", versions as u64, Unit::Items);
    for state in &states {
        folder.create(&page::folder(state.model.as_str()))?;
        let teller = Teller::of_all(repository, state)?;
        report.failed.extend(of_versions(&folder, &teller, progress)?);
        let model = model(repository, state, &teller);
        let home = page::folder(state.model.as_str());
        folder.write(&format!("{home}/{INDEX}"), page::model(&model).as_bytes())?;
        models.push(model);
    }
    progress.end();
    folder.write(INDEX, page::index(&models).as_bytes())?;
    folder.write(LISTING, page::listing(&pages).as_bytes())?;
    report.pages = pages.len();
    report.written = folder.written.into_inner();
    for name in before.difference(&pages).filter(|_| !dry_run) {
        let path = output.join(name);
        let removed = output::remove_page(&path);
        report.removed += usize::from(removed.map_err(|source| failed_at(&path, source))?);
    }
    Ok(report)
}

/// The pages of a model.
fn pages_of(state: &State) -> Vec<String> {
    let home = page::folder(state.model.as_str());
    let versions = state.versions.iter().map(|row| page::file(&row.version.to_string()));
    versions.chain([INDEX.to_owned()]).map(|file| format!("{home}/{file}")).collect()
}

/// The pages of a model's versions; those that could not be made, and why.
///
/// On threads of their own, each of which takes the next version: reading tables and ranking rows is shared among processors, too,
/// and who waits for that in a pool begins with another version meanwhile, and in that with the next.
fn of_versions(
    folder: &Folder<'_>,
    teller: &Teller<'_>,
    progress: &dyn Progress,
) -> Result<Vec<(String, String)>, VerbError> {
    let rows: Vec<VersionRow> = teller.state.versions.iter().copied().collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(String, String)>, VerbError> {
        let mut failed = Vec::new();
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            failed.extend(of_version(folder, teller, row)?);
            progress.advance(1);
        }
        Ok(failed)
    };
    let mut failed = Vec::new();
    std::thread::scope(|scope| -> Result<(), VerbError> {
        let threads: Vec<_> = (1..rayon::current_num_threads()).map(|_| scope.spawn(work)).collect();
        let own = work();
        for thread in threads {
            // One that panicked goes on panicking here.
            failed.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        failed.extend(own?);
        Ok(())
    })?;
    failed.sort();
    Ok(failed)
}

/// The page of a version; why it could not be made.
fn of_version(
    folder: &Folder<'_>,
    teller: &Teller<'_>,
    row: &VersionRow,
) -> Result<Option<(String, String)>, VerbError> {
    let model = teller.state.model.as_str();
    let depth = Depth { around: AROUND, times: TIMES, largest: LARGEST, ..Depth::default() };
    let (text, failed) = match teller.tell(row, depth) {
        Ok(version) => (page::version(model, &version), None),
        // One version that is damaged keeps nobody from reading of the others.
        Err(error) => {
            let (label, why) = (format!("{model}@{}", row.version), super::super::chain(&error));
            (page::unread(model, &label, &why), Some((label, why)))
        }
    };
    folder.write(&format!("{}/{}", page::folder(model), page::file(&row.version.to_string())), text.as_bytes())?;
    Ok(failed)
}

fn failed_at(path: &Path, source: io::Error) -> VerbError {
    VerbError::Io { action: "write", path: path.to_path_buf(), source }
}

/// The folder that is written to.
struct Folder<'a> {
    root: &'a Path,
    dry_run: bool,
    written: AtomicUsize,
}

impl Folder<'_> {
    fn create(&self, name: &str) -> Result<(), VerbError> {
        let path = self.root.join(name);
        if self.dry_run { Ok(()) } else { output::create_folder(&path).map_err(|source| failed_at(&path, source)) }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), VerbError> {
        let path = self.root.join(name);
        if !self.dry_run && output::write(&path, bytes).map_err(|source| failed_at(&path, source))? == Written::New {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The pages of the site that is in a folder already.
fn listed(output: &Path, force: bool) -> Result<BTreeSet<String>, VerbError> {
    let failed = |source| failed_at(output, source);
    let mut entries = match fs::read_dir(output) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        other => other.map_err(failed)?,
    };
    let listing = output.join(LISTING);
    let known = fs::metadata(&listing).ok().filter(|data| data.is_file() && data.len() <= MOST_LISTING);
    let text = known.and_then(|_| fs::read_to_string(&listing).ok());
    let text = text.filter(|text| MARKS.iter().any(|mark| text.starts_with(mark)));
    match text {
        // A list may have been tampered with: nothing in it leads out of the folder.
        Some(text) => Ok(text.lines().skip(1).filter(|name| is_inside(name)).map(str::to_owned).collect()),
        None if !force && entries.next().is_some() => Err(ReportError::NotASite { path: output.to_path_buf() }.into()),
        None => Ok(BTreeSet::new()),
    }
}

fn is_inside(name: &str) -> bool {
    name.ends_with(".html") && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn model(repository: &Repository, state: &State, teller: &Teller<'_>) -> Model {
    let holder = |stage: &crate::format::checkpoint::StageRow| {
        let held = stage.occupant()?;
        Some(Holder {
            stage: stage.stage.to_string(),
            version: held.version.to_string(),
            since: held.since,
            verdict: state.certificates.get(&held.snapshot).map(|known| known.verdict),
        })
    };
    Model {
        name: state.model.to_string(),
        description: described(repository, &state.model),
        life: life::life(state, None, usize::MAX),
        stages: state.stages.values().filter_map(holder).collect(),
        newest: state.latest().map(|row| (row.version.to_string(), row.time)),
        history: teller.history(),
        head: life::head(state),
    }
}
