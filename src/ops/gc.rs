//! `gc`: frees what no version needs. First a plan, with a reason for every object; what goes rests in a trash for a while.

pub(super) mod keep;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::promote::{kept_files, stored_files};
use super::{Asked, MadeEvent, VerbError};
use super::{erasures, judging};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::checkpoint::VersionRow;
use crate::format::collection::CollectionRecord;
use crate::format::event::EventBody;
use crate::format::pack::ObjectHeader;
use crate::id::FileId;
use crate::name::{ModelName, Version};
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::{Repository, config};
use crate::store::collect::{self, Collected, Fate, PackPlan};
use crate::store::repair::pack_path;
use crate::store::{Came, Key, Lock, StoreError};

/// How to collect.
#[derive(Debug, Clone, Copy, Default)]
pub struct GcOptions {
    /// Stops at the plan.
    pub dry_run: bool,
    /// Frees the space at once, and that of the trash.
    pub now: bool,
}

/// A version that the rules of its model let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// The rule.
    pub reason: String,
}

/// The plan, and what came of it.
#[derive(Debug, Clone)]
pub struct GcReport {
    /// Versions that the rules of the configuration let go of.
    pub dropped: Vec<Dropped>,
    /// Packs that hold something nobody needs.
    pub plan: Vec<PackPlan>,
    /// Why each object is not needed.
    pub reasons: HashMap<Key, String>,
    /// What has gone; none in a dry run.
    pub collected: Option<Collected>,
    /// Bytes of what was erased before, and was still there because that was cut short.
    pub erased: u64,
    /// Packs that were needed, and taken back from the trash.
    pub taken_back: usize,
    /// What cannot be read, and may need what is taken for superfluous: packs and files. Nothing is removed for good then.
    pub unknown: Vec<String>,
    /// Bytes that were removed from the trash for good.
    pub emptied: u64,
    /// Bytes that lie in the trash now.
    pub trash: u64,
    /// How long what goes can be taken back.
    pub grace: Duration,
    /// When what went today is removed for good.
    pub until: Time,
    /// The event in the journal of the store; none if nothing went.
    pub event: Option<MadeEvent>,
}

/// A pack of the plan, as it is told.
#[derive(Debug, Clone)]
pub struct PackLine<'r> {
    /// Its name.
    pub pack: Digest,
    /// Its bytes.
    pub bytes: u64,
    /// `keep`, `rewrite`, `merge`, `discard`.
    pub action: &'static str,
    /// Why it goes, if not for what is in it.
    pub reason: Option<&'static str>,
    /// Bytes that are free afterwards.
    pub frees: u64,
    /// What of it is not needed.
    pub objects: Vec<ObjectLine<'r>>,
}

/// An object that is not needed, as it is told.
#[derive(Debug, Clone)]
pub struct ObjectLine<'r> {
    /// `block`, `file`.
    pub kind: &'static str,
    /// Its id.
    pub id: Digest,
    /// Bytes it takes.
    pub bytes: u64,
    /// Why it is not needed.
    pub reason: &'r str,
}

impl GcReport {
    /// The plan, pack by pack.
    pub fn packs(&self) -> impl Iterator<Item = PackLine<'_>> {
        self.plan.iter().map(|pack| PackLine {
            pack: Digest::from_bytes(pack.name),
            bytes: pack.length,
            action: match pack.fate {
                Fate::Keep => "keep",
                Fate::Rewrite => "rewrite",
                Fate::Merge => "merge",
                Fate::Discard => "discard",
            },
            reason: (pack.fate == Fate::Merge).then_some("small packs: merged"),
            frees: pack.freed(),
            objects: pack
                .dead
                .iter()
                .map(|(key, bytes)| ObjectLine {
                    kind: key.0.name(),
                    id: Digest::from_bytes(key.1),
                    bytes: *bytes,
                    reason: self.reason(key),
                })
                .collect(),
        })
    }

    /// Bytes that the plan frees.
    pub fn freed(&self) -> u64 {
        self.plan.iter().map(PackPlan::freed).sum()
    }

    /// Bytes that are not needed and stay, because of what shares a pack with them.
    pub fn kept_back(&self) -> u64 {
        let kept = self.plan.iter().filter(|pack| pack.fate == Fate::Keep);
        kept.flat_map(|pack| pack.dead.iter().map(|(_, bytes)| bytes)).sum()
    }

    /// Small packs that become larger ones.
    pub fn merged(&self) -> usize {
        self.plan.iter().filter(|pack| pack.fate == Fate::Merge).count()
    }

    /// Bytes that go, by reason, the most first.
    pub fn by_reason(&self) -> Vec<(&str, u64)> {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for pack in self.plan.iter().filter(|pack| pack.freed() > 0) {
            for (key, bytes) in &pack.dead {
                *sums.entry(self.reason(key)).or_default() += bytes;
            }
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by_key(|(reason, bytes)| (std::cmp::Reverse(*bytes), *reason));
        sums
    }

    /// Why an object is not needed.
    pub fn reason(&self, key: &Key) -> &str {
        self.reasons.get(key).map_or("named by no version, or stored twice", String::as_str)
    }
}

/// Collects.
pub fn gc(repository: &Repository, options: &GcOptions, progress: &dyn Progress) -> Result<GcReport, VerbError> {
    let store = repository.store();
    let now = repository.registry().now();
    // Whoever is writing holds it shared until the event is in the journal: what nobody names then is in nobody's hands.
    let lock = if options.dry_run { Lock::Shared } else { Lock::Exclusive };
    let _held = store.hold(lock, progress)?;
    let grace = repository.config().map_or(config::TRASH, config::Config::trash);
    // What went could not be written down in a journal that is broken.
    let seq = repository.registry().state(&ModelName::of_store())?.map_or(0, |state| state.seq());
    let seq = if options.dry_run { seq } else { write_down_begun(repository, seq)? };
    if !options.dry_run {
        store.reindex()?;
    }
    let states = states(repository)?;
    if !options.dry_run {
        // What goes by an event must not go before that is there for good.
        states.iter().try_for_each(|state| repository.registry().settle(&state.model))?;
    }
    // First of all: what was to be erased must not come back from the trash.
    let erased = if options.dry_run { 0 } else { erasures::finish(repository, &states, progress)? };
    let mut dropped = Vec::new();
    for state in &states {
        dropped.extend(by_rule(repository, state, now)?);
    }
    if !options.dry_run {
        dropped = record(repository, dropped)?;
    }
    let gone = |state: &State, version: Version| {
        let is_it = |d: &Dropped| d.model == state.model && d.version == version;
        dropped.iter().find(|d| is_it(d)).map(|d| d.reason.clone())
    };
    let mut live: HashSet<FileId> = HashSet::new();
    let mut dead: Vec<(String, &State, &VersionRow)> = Vec::new();
    for state in &states {
        for row in &state.versions {
            match (row.dropped, gone(state, row.version)) {
                (None, None) => live.extend(kept_files(repository, state, row)?.iter().filter_map(|f| f.id)),
                (Some(_), _) => dead.push((format!("of {}@{}, dropped", state.model, row.version), state, row)),
                (None, Some(rule)) => dead.push((format!("of {}@{}, by {rule}", state.model, row.version), state, row)),
            }
        }
        let is_kept = |row: &VersionRow| row.dropped.is_none() && gone(state, row.version).is_none();
        // Predictions that were made for a certificate are kept as long as a version that it is about.
        for stored in judging::measured::stored(store, state)? {
            if state.versions.about(stored.snapshot).any(is_kept) {
                live.extend(stored.ids());
            }
        }
    }
    let Needed { keys, taken_back, mut unknown } = needed(repository, &live, options.dry_run)?;
    unknown.extend(store.unreadable_packs()?);
    // What was in lost packs may be a difference to what is taken for superfluous.
    let is_content = |header: &ObjectHeader| keys.contains(&(header.kind, header.id));
    unknown.extend(store.lost_packs(&is_content)?.iter().map(pack_path));
    if options.now && !options.dry_run && !unknown.is_empty() {
        return Err(VerbError::Unknown { names: unknown });
    }
    let plan = store.plan_collection(&keys)?;
    let reasons = reasons(repository, &dead, &keys);
    let mut report = GcReport {
        dropped,
        plan,
        reasons,
        collected: None,
        taken_back,
        erased,
        unknown,
        emptied: 0,
        trash: 0,
        grace,
        until: now.after(grace),
        event: None,
    };
    if !options.dry_run {
        store.forget_lost_packs(&|header| collect::is_needed(&keys, header))?;
        let folder = format!("{:016}", now.milliseconds().max(0));
        // A folder's name is when it was filled; behind every digit comes the tilde.
        let before = now.milliseconds().saturating_sub(i64::try_from(grace.as_millis()).unwrap_or(i64::MAX));
        let before = if options.now { "~".to_owned() } else { format!("{:016}", before.max(0)) };
        let emptied = report.unknown.is_empty().then_some(before.as_str());
        let (grace, at_once) = (grace.as_secs(), options.now);
        let begun = CollectionRecord { seq, grace, at_once, erased, ..CollectionRecord::default() };
        store.begin_collection(begun.clone(), &report.plan, emptied)?;
        let collected = store.collect(&report.plan, &folder, options.now, progress)?;
        report.collected = Some(collected);
        if let Some(before) = emptied {
            report.emptied = store.empty_trash(before)?;
        }
        report.event = write_down(repository, &begun, Came { collected, emptied: report.emptied })?;
        store.end_collections()?;
    }
    report.trash = store.trash_size()?;
    Ok(report)
}

/// Writes down how far collections came that were cut short; the newest event of the store's journal then.
fn write_down_begun(repository: &Repository, seq: u64) -> Result<u64, VerbError> {
    let store = repository.store();
    let mut newest = seq;
    for begun in store.begun_collections()? {
        // One that had come to its end but for its note.
        if is_written_down(repository, &begun, seq)? {
            continue;
        }
        let event = write_down(repository, &begun, store.how_far(&begun)?)?;
        newest = event.map_or(newest, |made| made.event.seq);
    }
    store.end_collections()?;
    Ok(newest)
}

/// Whether a collection is among the events up to `newest` that came after it had begun: nobody else collects meanwhile.
fn is_written_down(repository: &Repository, begun: &CollectionRecord, newest: u64) -> Result<bool, VerbError> {
    for seq in begun.seq + 1..=newest {
        let event = repository.registry().event(&ModelName::of_store(), seq)?.map(|file| file.event);
        if matches!(event, Some(Ok(event)) if matches!(event.body, EventBody::Gc { .. })) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes down what went, if anything did.
fn write_down(
    repository: &Repository,
    begun: &CollectionRecord,
    Came { collected, emptied }: Came,
) -> Result<Option<MadeEvent>, VerbError> {
    if collected.packs == 0 && emptied == 0 && begun.erased == 0 {
        return Ok(None);
    }
    let body = EventBody::Gc {
        packs: collected.packs,
        objects: collected.objects,
        freed: collected.freed,
        emptied,
        grace: begun.grace,
        at_once: begun.at_once,
        erased: Some(begun.erased).filter(|bytes| *bytes > 0),
    };
    let actor = Asked::begin(repository).answer();
    let journal = ModelName::of_store();
    let committed =
        repository.registry().commit::<(), VerbError>(&journal, &actor, |_| Ok(Decision::Append(body.clone(), ())))?;
    Ok(committed.event.map(|(event, record)| MadeEvent { event, time: record.time }))
}

/// Every model's state, folded from its first event: nothing is let go of on the word of a cache.
pub(super) fn states(repository: &Repository) -> Result<Vec<State>, VerbError> {
    let registry = repository.registry();
    let mut states = Vec::new();
    for model in registry.models()? {
        // A journal that was cut short is an error here, and named.
        registry.state(&model)?;
        states.extend(registry.replay(&model)?);
    }
    Ok(states)
}

fn by_rule(repository: &Repository, state: &State, now: Time) -> Result<Vec<Dropped>, VerbError> {
    let Some(rules) = repository.section(&state.model).and_then(|section| section.keep.as_ref()) else {
        return Ok(Vec::new());
    };
    let said =
        [rules.last.map(|n| format!("last = {n}")), rules.best.as_ref().map(|best| format!("best = \"{best}\""))];
    let reason = format!("keep: {}", said.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let gone = keep::superfluous(repository, state, rules, now)?.into_iter();
    Ok(gone.map(|version| Dropped { model: state.model.clone(), version, reason: reason.clone() }).collect())
}

/// Writes down what the rules let go of, before anything goes; those that were let go of.
fn record(repository: &Repository, dropped: Vec<Dropped>) -> Result<Vec<Dropped>, VerbError> {
    if dropped.is_empty() {
        return Ok(dropped);
    }
    let actor = Asked::begin(repository).answer();
    let mut gone = Vec::new();
    for Dropped { model, version, reason } in &dropped {
        let committed = repository.registry().commit::<(), VerbError>(model, &actor, |state| {
            let row = state.version(*version).filter(|row| row.dropped.is_none());
            Ok(match row.filter(|row| state.ever_held(row.snapshot).is_none()) {
                Some(row) => {
                    let (version, snapshot, reason) = (row.version, row.snapshot, reason.clone());
                    Decision::Append(EventBody::Drop { version, snapshot, reason }, ())
                }
                None => Decision::Keep(()),
            })
        })?;
        if committed.event.is_some() {
            gone.push(Dropped { model: model.clone(), version: *version, reason: reason.clone() });
        }
    }
    Ok(gone)
}

/// What files need.
struct Needed {
    keys: HashSet<Key>,
    /// Packs that were taken back from the trash.
    taken_back: usize,
    /// Files that do not tell.
    unknown: Vec<String>,
}

/// Everything that `files` need. What of it lies in the trash is taken back.
fn needed(repository: &Repository, files: &HashSet<FileId>, dry_run: bool) -> Result<Needed, VerbError> {
    let store = repository.store();
    let mut taken = 0;
    loop {
        let mut keys = HashSet::new();
        let mut missing = HashSet::new();
        let mut unknown = Vec::new();
        for file in files {
            let of_file = store.keys_of(*file)?;
            let whole = match store.missing_part(*file) {
                Ok(part) => part.is_none(),
                // Which blocks it is made of nobody can say.
                Err(StoreError::Missing { .. } | StoreError::Damaged { .. } | StoreError::Format { .. }) => {
                    unknown.push(format!("file {file}"));
                    false
                }
                Err(other) => return Err(other.into()),
            };
            if !whole {
                missing.extend(of_file.iter().copied());
            }
            keys.extend(of_file);
        }
        let back = if missing.is_empty() || dry_run { 0 } else { store.take_back(&missing)? };
        if back == 0 {
            unknown.sort();
            return Ok(Needed { keys, taken_back: taken, unknown });
        }
        taken += back;
    }
}

/// Which version an object was of. What cannot be read any more has no better reason than that.
fn reasons(
    repository: &Repository,
    dead: &[(String, &State, &VersionRow)],
    live: &HashSet<Key>,
) -> HashMap<Key, String> {
    let mut reasons = HashMap::new();
    for (reason, state, row) in dead {
        let files = stored_files(repository, state, row).unwrap_or_default();
        for file in files.iter().filter_map(|file| file.id) {
            let keys = repository.store().keys_of(file).unwrap_or_default();
            for key in keys.into_iter().filter(|key| !live.contains(key)) {
                reasons.entry(key).or_insert_with(|| reason.clone());
            }
        }
    }
    reasons
}
