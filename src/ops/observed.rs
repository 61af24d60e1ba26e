//! What a place that serves a stage was found to hold: which version that is, and its record in the journal.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::deployed::{DeployedReport, extra, without};
use super::{MadeEvent, VerbError};
use crate::digest::Digest;
use crate::format::checkpoint::{ObservedRow, OccupancyRow};
use crate::format::event::{ActorRecord, EventBody};
use crate::format::tree::EntryKind;
use crate::name::{StageName, Version};
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot::{TreeFile, files_of};

/// The same finding is news again after this time: a watch that looks every minute fills no journal, and yet the newest date says
/// something.
pub const NEWS_AGAIN: Duration = Duration::from_secs(86_400);
/// Versions that a folder is compared with.
const MOST: usize = 1000;

/// A finding in the journal.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The place.
    pub place: String,
    /// The event; none: the same was found there less than [`NEWS_AGAIN`] ago, since the stage was moved.
    pub event: Option<MadeEvent>,
}

/// How an observation stands to what its stage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is what the stage holds.
    Same,
    /// It is not.
    Other,
    /// It is not, and was made before the stage was moved: nobody has looked since.
    Before,
}

/// How an observation stands to what its stage holds; none where that holds nothing.
pub fn standing(state: &State, row: &ObservedRow) -> Option<Standing> {
    state.occupant(&row.stage).map(|occupant| beside(state, row, occupant))
}

/// How an observation stands to a version that held its stage.
pub(super) fn beside(state: &State, row: &ObservedRow, occupant: &OccupancyRow) -> Standing {
    let tree = |version: Version| state.version(version).map(|row| row.model_tree);
    let holds = row.version.and_then(tree);
    match holds.is_some() && holds == tree(occupant.version) {
        true => Standing::Same,
        false if row.event.seq < occupant.event.seq => Standing::Before,
        false => Standing::Other,
    }
}

/// What the places that serve a stage were last found to hold.
pub(super) fn of_stage(state: &State, stage: &StageName) -> Vec<(ObservedRow, Option<Standing>)> {
    let rows = state.observed.iter().filter(|row| row.stage == *stage);
    rows.map(|row| (row.clone(), standing(state, row))).collect()
}

/// Writes down what was found.
pub(super) fn record(
    repository: &Repository,
    report: &DeployedReport,
    place: &str,
    actor: &ActorRecord,
) -> Result<Option<Recorded>, VerbError> {
    let Some(stage) = &report.stage else { return Ok(None) };
    let (version, expected, differences) = (report.holds, report.version, report.problems.len() as u64);
    let committed = repository.registry().commit::<(), VerbError>(&report.model, actor, |state| {
        let moved = state.occupant(stage).map_or(0, |occupant| occupant.event.seq);
        let now = repository.registry().now_in(state);
        let known = state.observed.iter().find(|row| row.stage == *stage && row.place == place).is_some_and(|row| {
            (row.version, row.expected, row.differences) == (version, expected, differences)
                && row.event.seq > moved
                && now.since(row.time) < NEWS_AGAIN
        });
        Ok(if known {
            Decision::Keep(())
        } else {
            let (stage, place) = (stage.clone(), place.to_owned());
            Decision::Append(EventBody::Observed { stage, place, version, expected, differences }, ())
        })
    })?;
    let event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(Some(Recorded { place: place.to_owned(), event }))
}

/// The version whose model files a folder holds, and nothing among them: those that held the stage are looked at first, then the newest.
pub(super) fn version_in(
    repository: &Repository,
    state: &State,
    stage: Option<&StageName>,
    folder: &Path,
) -> Result<Option<Version>, VerbError> {
    let timeline = stage.and_then(|stage| state.stages.get(stage)).map(|row| &row.timeline);
    let held = timeline.into_iter().flat_map(|timeline| timeline.iter().rev());
    let held = held.filter_map(|held| state.version(held.version));
    let mut seen = HashSet::new();
    let versions = held.chain(state.versions.iter().rev()).filter(|row| seen.insert(row.model_tree)).take(MOST);
    let mut served = Served::default();
    for row in versions {
        // What cannot be read cannot be what is served.
        let Ok(files) = files_of(repository.store(), row.model_tree) else { continue };
        if served.are(folder, &files) {
            return Ok(Some(row.version));
        }
    }
    Ok(None)
}

/// The digests of files that were read once.
#[derive(Default)]
struct Served(HashMap<PathBuf, Option<Digest>>);

impl Served {
    /// Whether a folder holds these files, and none besides.
    fn are(&mut self, folder: &Path, files: &[TreeFile]) -> bool {
        let above = match without(folder, files) {
            above if above.is_empty() => 0,
            above => above.len() + 1,
        };
        let wanted: BTreeMap<&str, &TreeFile> = files.iter().map(|file| (&file.path[above..], file)).collect();
        !wanted.is_empty()
            && wanted.iter().all(|(path, file)| self.is(folder.join(path), file))
            && extra(folder, &wanted).is_empty()
    }

    fn is(&mut self, disk: PathBuf, file: &TreeFile) -> bool {
        if file.kind == EntryKind::Symlink {
            return fs::read_link(&disk).is_ok_and(|found| found.to_str() == file.target.as_deref());
        }
        let Some(id) = file.id else { return true };
        let found = fs::metadata(&disk);
        if !found.is_ok_and(|found| found.is_file() && found.len() == file.size) {
            return false;
        }
        let digest = self
            .0
            .entry(disk)
            .or_insert_with_key(|disk| File::open(disk).and_then(Digest::of_reader).ok().map(|(digest, _)| digest));
        *digest == Some(id.digest())
    }
}
