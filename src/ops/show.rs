//! `show`: one version in full.

use std::collections::{BTreeMap, HashSet};

use super::declared::{Contradiction, contradictions};
use super::log::LogEntry;
use super::promote::stored_files;
use super::reproducibility::{Part, Reason, reasons};
use super::resolve::Dropped;
use super::seeds::{self, Seeds};
use super::signoffs::approvals::GivenApproval;
use super::signoffs::{self, Signers};
use super::snapshot::stale_evidence;
use super::{ErasedPart, VerbError, attached, erasures, imported, judging, life, profiles, records, resolve, waive};
use crate::clock::{Moment, Time};
use crate::digest::Digest;
use crate::format::checkpoint::{AttachedRow, BlockRow, CertificateRow, OccupancyRow, VersionRow, WaiverRow};
use crate::format::event::{ActorRecord, AttachedRecord, ErasedRecord, EventBody, EventRef, OriginRecord};
use crate::format::observation::ObservationRecord;
use crate::format::pack::ObjectKind;
use crate::format::profile::ProfileRecord;
use crate::format::snapshot::{DataRecord, SnapshotRecord};
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName, StageName, Version};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::{self, TreeFile};
use crate::store::index::Prefix;

/// What to show.
#[derive(Debug, Clone, Default)]
pub struct ShowOptions {
    /// The version.
    pub revision: String,
    /// The time to see it at.
    pub at: Option<String>,
}

/// A version in full.
#[derive(Debug, Clone)]
pub struct ShowReport {
    /// The model.
    pub model: ModelName,
    /// Its row in the journal's state.
    pub row: VersionRow,
    /// Its record.
    pub record: SnapshotRecord,
    /// What surrounded it.
    pub observation: ObservationRecord,
    /// The profiles of its data that can be read.
    pub profiles: BTreeMap<SetName, ProfileRecord>,
    /// Parameters of which its files say something else than what was declared.
    pub contradictions: Vec<Contradiction>,
    /// Its seeds, and where they were found.
    pub seeds: Seeds,
    /// The model's files.
    pub files: Vec<TreeFile>,
    /// Who took it.
    pub actor: ActorRecord,
    /// Where it was imported from; none: it was made here.
    pub origin: Option<OriginRecord>,
    /// The version before it.
    pub parent: Option<Version>,
    /// Stages it holds, or held at the time asked for.
    pub stages: Vec<StageName>,
    /// How it came into those it was moved to against the rules.
    pub forced: Vec<(StageName, OccupancyRow)>,
    /// Its newest certificate.
    pub certificate: Option<CertificateRow>,
    /// Blocks on it.
    pub blocks: Vec<BlockRow>,
    /// That its files are not kept any more.
    pub dropped: Option<Dropped>,
    /// Files and fields that were erased from it.
    pub erased: Vec<ErasedPart>,
    /// Other versions with the same content.
    pub same_as: Vec<Version>,
    /// What speaks for and against training it again with the same result.
    pub reproducibility: Vec<Reason>,
    /// Results that are the parent's although the model is not.
    pub stale_evidence: Vec<String>,
    /// Evidence that was attached later, in the order it was.
    pub attached: Vec<Attached>,
    /// Waivers, in the order they were given.
    pub waivers: Vec<GivenWaiver>,
    /// Approvals for any stage, in the order they were given.
    pub approvals: Vec<GivenApproval>,
    /// Every event about it, oldest first.
    pub life: Vec<LogEntry>,
}

/// A waiver of a version, and what became of it.
#[derive(Debug, Clone)]
pub struct GivenWaiver {
    /// As the journal tells.
    pub row: WaiverRow,
    /// Why it does not count; none: it does.
    pub flaw: Option<String>,
}

/// Evidence that was attached to a version.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The set, its file and columns.
    pub evidence: AttachedRecord,
    /// The event.
    pub event: EventRef,
    /// When.
    pub time: Time,
    /// Who.
    pub actor: ActorRecord,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// Whether newer evidence of the same set counts in its place.
    pub superseded: bool,
}

/// Shows a version.
pub fn show(repository: &Repository, options: &ShowOptions) -> Result<ShowReport, VerbError> {
    let mut found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    // What is gone is gone, whenever it is looked at.
    let erased = erasures::of_version(&found.state, found.row.version);
    // What was known of it then: certificates, blocks and stages of a later time are left out.
    let mut now = repository.registry().now_in(&found.state);
    let revision = resolve::parse(repository, &options.revision)?;
    let text = revision.time.as_deref().or(options.at.as_deref());
    if let Some(time) = resolve::past(repository, text)?.map(Moment::instant) {
        now = time;
        if let Some(then) = repository.registry().state_at(&found.state.model, time)? {
            found.state = then;
        }
    }
    let store = repository.store();
    let mut record = records::snapshot(repository, found.snapshot())?;
    say_erased_data(repository, &mut record, &erased)?;
    let observation = records::observation(repository, found.row.observation)?;
    let files = snapshot::files_of(store, record.model_files.tree)?;
    let state = &found.state;
    let event = repository.registry().event(&state.model, found.row.seq)?;
    let tree = Some(found.row.model_tree);
    let dropped = resolve::dropped(repository, &found)?;
    if dropped.is_some() {
        for data in record.data.iter_mut().filter(|data| data.stored.is_some()) {
            (data.stored, data.not_stored) = (None, Some("it was dropped".to_owned()));
        }
    }
    let seeds = seeds::of(&record, observation.found.as_ref());
    Ok(ShowReport {
        model: state.model.clone(),
        row: found.row,
        files,
        origin: imported::origin(repository, state, &found.row)?,
        actor: event.and_then(|file| file.event.ok()).map(|e| e.actor).unwrap_or_default(),
        parent: found.row.parent.and_then(|id| state.version_of(id)).map(|v| v.version),
        stages: state.stages_of(found.snapshot()),
        forced: forced(state, found.snapshot()),
        certificate: state.certificates.get(&found.snapshot()).cloned(),
        blocks: state
            .blocks
            .iter()
            .filter(|b| b.snapshot == found.snapshot() || b.model_tree == tree)
            .cloned()
            .collect(),
        same_as: state
            .versions
            .about(found.snapshot())
            .filter(|v| v.version != found.row.version)
            .map(|v| v.version)
            .collect(),
        reproducibility: reasons(&record, &observation, dropped.as_ref())
            .into_iter()
            .chain(erased.iter().map(against))
            .collect(),
        stale_evidence: stale_since_parent(repository, state, &found.row)?,
        attached: attached_to(repository, state, found.row.version)?,
        waivers: waivers_of(repository, state, found.snapshot(), now),
        approvals: signoffs::approvals::given(repository, state, found.snapshot()),
        life: life::of(repository, state, &found.row)?,
        dropped,
        erased,
        seeds,
        contradictions: observation.found.as_ref().map_or_else(Vec::new, |found| contradictions(&record, found)),
        profiles: profiles::of_version(repository, &record, &observation),
        record,
        observation,
    })
}

/// The training data of this name.
pub fn data<'r>(report: &'r ShowReport, name: &SetName) -> Result<&'r DataRecord, VerbError> {
    report.record.data.iter().find(|data| data.name == *name).ok_or_else(|| {
        let known = report.record.data.iter().map(|data| data.name.to_string()).collect();
        let label = format!("{}@{}", report.model, report.row.version);
        resolve::ResolveError::Data { label, name: name.to_string(), known }.into()
    })
}

/// Data that was kept and then erased is not kept.
pub(super) fn say_erased_data(
    repository: &Repository,
    record: &mut SnapshotRecord,
    erased: &[ErasedPart],
) -> Result<(), VerbError> {
    let gone: HashSet<_> = erased.iter().filter_map(|part| Some(part.row.file()?.sha256)).collect();
    for data in record.data.iter_mut().filter(|_| !gone.is_empty()) {
        let Some(tree) = data.stored else { continue };
        let files = snapshot::files_of(repository.store(), tree)?;
        let lost = files.iter().filter(|file| file.id.is_some_and(|id| gone.contains(&id))).count();
        if lost > 0 {
            data.not_stored = Some(if files.len() == 1 {
                "it was erased".to_owned()
            } else {
                format!("{lost} of its {} files were erased", files.len())
            });
            data.stored = data.stored.filter(|_| lost < files.len());
        }
    }
    Ok(())
}

/// A parent that cannot be read any more is `verify`'s to report.
fn stale_since_parent(repository: &Repository, state: &State, row: &VersionRow) -> Result<Vec<String>, VerbError> {
    let parent = row.parent.and_then(|id| state.version_of(id));
    let Some(parent) = parent.and_then(|row| attached::judged(repository, state, row).ok()) else {
        return Ok(Vec::new());
    };
    Ok(stale_evidence(&attached::judged(repository, state, row)?, &parent))
}

fn forced(state: &State, snapshot: SnapshotId) -> Vec<(StageName, OccupancyRow)> {
    let stages = state.forced(Some(snapshot)).into_iter();
    stages.filter_map(|stage| state.occupant(&stage).cloned().map(|occupant| (stage, occupant))).collect()
}

fn attached_to(repository: &Repository, state: &State, version: Version) -> Result<Vec<Attached>, VerbError> {
    let of_row = |row: &AttachedRow| {
        let (event, evidence) = attached::event(repository, state, row)?;
        let reason = match event.body {
            EventBody::Attach { reason, .. } => reason,
            _ => None,
        };
        let superseded = state.attached_set(version, &row.set) != Some(row);
        Ok(Attached { evidence, event: row.event, time: event.time, actor: event.actor, reason, superseded })
    };
    state.attached_to(version).map(of_row).collect()
}

/// Every waiver of a version, judged by the rules of the stage that its certificate is for, else of the one that is meant where none is named.
/// One that cannot be judged any more does not count, and says why.
fn waivers_of(repository: &Repository, state: &State, snapshot: SnapshotId, now: Time) -> Vec<GivenWaiver> {
    let counts: Vec<_> = state.waivers_in_force(snapshot, now).iter().map(|row| row.event).collect();
    let certified = state.certificates.get(&snapshot).map(|row| row.stage.clone());
    let stage = certified.map_or_else(|| resolve::stage(repository, state, None).ok(), Some);
    let judged = |row: &WaiverRow| -> Result<Option<String>, VerbError> {
        if row.expires <= now {
            return Ok(Some("it has expired".to_owned()));
        }
        if !counts.contains(&row.event) {
            return Ok(Some("a newer one of the rule took its place".to_owned()));
        }
        let Some(stage) = &stage else { return Ok(None) };
        let rules = waive::rules_of(repository, state, stage)?;
        if !rules.may_waive(row.email.as_deref()) {
            return Ok(Some(judging::history::nobody(stage, &rules)));
        }
        let signers = Signers::today(repository, (&state.model, stage), &rules)?;
        let flaw = signoffs::waiver_flaw(repository, state, row, (&rules, signers.as_ref()))?;
        Ok(flaw.as_ref().map(signoffs::words))
    };
    let given = |row: &WaiverRow| GivenWaiver {
        row: row.clone(),
        flaw: judged(row).unwrap_or_else(|error| Some(super::chain(&error))),
    };
    state.waivers_of(snapshot).map(given).collect()
}

/// That something was erased speaks against training a version again.
fn against(part: &ErasedPart) -> Reason {
    Reason { part: Part::Files, good: false, text: format!("`{}` was {}", part.row.what.name(), part.why()) }
}

/// Bytes that the files of a version take in the packs, those it shares with others included; none if any is missing that
/// was not erased.
pub fn stored_bytes(repository: &Repository, report: &ShowReport) -> Option<u64> {
    let store = repository.store();
    let mut objects = HashSet::new();
    let erased: HashSet<_> = report.erased.iter().filter_map(|part| Some(part.row.file()?.sha256)).collect();
    let state = repository.registry().state(&report.model).ok()??;
    let files = stored_files(repository, &state, &report.row).ok()?;
    for file in files.iter().filter_map(|file| file.id).filter(|id| !erased.contains(id)) {
        objects.insert((ObjectKind::Recipe, *file.digest().as_bytes()));
        objects.extend(store.parts(file).ok()?);
    }
    let mut total = 0;
    for (kind, object) in objects {
        match store.packed_length(kind, &object).ok()? {
            Some(length) => total += length,
            // A small file is one object and needs none.
            None if kind == ObjectKind::Recipe => {}
            None => return None,
        }
    }
    Some(total)
}

/// The exact bytes of a stored record or tree, by id or unique prefix.
pub fn raw(repository: &Repository, prefix: &str) -> Result<Vec<u8>, VerbError> {
    let missing = || resolve::ResolveError::Id { prefix: prefix.to_owned() };
    let wanted = Prefix::parse(prefix).ok_or_else(missing)?;
    let kinds = [ObjectKind::Record, ObjectKind::Tree];
    let found = repository.store().with_prefix(&kinds, &wanted, 10)?;
    match found.as_slice() {
        [] => match erased_record(repository, &wanted)? {
            Some(error) => Err(error),
            None => Err(missing().into()),
        },
        [(_, id)] => Ok(repository.store().raw(Digest::from_bytes(*id))?),
        several => {
            let candidates = several.iter().map(|(_, id)| Digest::from_bytes(*id).to_string()).collect();
            Err(resolve::ResolveError::AmbiguousId { prefix: prefix.to_owned(), candidates }.into())
        }
    }
}

/// What there is to say of a record whose bytes are gone, because something in it was erased.
fn erased_record(repository: &Repository, wanted: &Prefix) -> Result<Option<VerbError>, VerbError> {
    for model in repository.registry().erasing()? {
        let Some(state) = repository.registry().state(&model)? else { continue };
        for row in state.erased.iter().rev() {
            let ErasedRecord::Field(field) = &row.what else { continue };
            let Some(found) = field.copies.iter().find(|c| wanted.matches(c.record.as_bytes())) else { continue };
            let label = erasures::owner(repository, &state, row, found.record);
            let left = state.copy_of(found.record).unwrap_or(found.copy);
            return Ok(Some(VerbError::ErasedRecord { id: found.record, label, why: erasures::why(row), left }));
        }
    }
    Ok(None)
}
