//! Judging a candidate: everything a policy asks for is gathered, and the certifier says what it thinks of it.

pub(super) mod evidence;
mod facts;
pub(super) mod history;
pub(super) mod listed_keys;
pub(super) mod measured;
mod past_evidence;
mod provenance;
mod replaced;
mod reports;
mod said_before;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::evidence::{Gathered, Tables, gather, unnamed_set};
use self::facts::Judged;
use self::history::Seen;
use self::measured::{Files, Measured, Side, Wanted};
use self::past_evidence::gather_past;
use super::certify::Candidate;
use super::rules::Policy;
use super::snapshot::stale_evidence;
use super::{VerbError, erasures, records, waive};
use crate::certify::{self, Case, Explanation, FlipSummary, History, NamedRows, Warning};
use crate::evidence::Defect;
use crate::format::certificate::{BaselineRecord, StatementRecord};
use crate::format::event::UsedSetRecord;
use crate::format::measurement::Role;
use crate::format::observation::ObservationRecord;
use crate::format::policy::{MeasureRecord, PolicyRecord, RuleRecord};
use crate::format::snapshot::SnapshotRecord;
use crate::name::{ModelName, SetName, Version};
use crate::progress::Progress;
use crate::registry::State;
use crate::repository::Repository;

/// Equal models that a rule is tried on; fewer where there are many rows.
const EQUAL_MODELS: u32 = 200;

/// What is judged, by what.
#[derive(Clone, Copy)]
pub(super) struct ToJudge<'a> {
    pub repository: &'a Repository,
    /// None of a model that has no journal yet.
    pub state: Option<&'a State>,
    pub model: &'a ModelName,
    pub candidate: &'a Candidate,
    pub baseline: &'a BaselineRecord,
    /// Version and record of the baseline, where there is one.
    pub against: Option<(Version, &'a SnapshotRecord)>,
    pub policy: &'a Policy,
    /// Whether it is asked what each rule does here.
    pub explain: bool,
    /// Whether models may be run where the policy asks for that.
    pub runs: bool,
}

/// What came out.
pub(super) struct Judgement {
    pub statement: StatementRecord,
    /// The largest failures by each rule on rows.
    pub rows: Vec<NamedRows>,
    /// How many rows changed sides.
    pub flips: Vec<FlipSummary>,
    /// What is odd about the rules.
    pub warnings: Vec<Warning>,
    /// What each rule does here, where that was asked for.
    pub explained: Option<Explanation>,
    /// Sets that were asked for and the baseline does not have.
    pub baseline_lacks: Vec<SetName>,
    /// Those whose evidence was read.
    pub versions: Vec<Version>,
    /// The evaluation sets that were used.
    pub sets: Vec<UsedSetRecord>,
    /// What was seen of the journal.
    pub seen: Option<Seen>,
    /// What was seen while models ran.
    pub measured: Measured,
}

/// Judges. What was measured `before` is not measured again, if it is of the same models and rules.
pub(super) fn judge(
    what: &ToJudge<'_>,
    before: Option<Measured>,
    progress: &dyn Progress,
) -> Result<Judgement, VerbError> {
    let ToJudge { repository, state, model, candidate, baseline, against, policy, .. } = *what;
    let unborn = State::before_creation(model.clone());
    let mut tables = Tables { store: repository.store(), workspace: candidate.tables.clone(), erased: HashMap::new() };
    let ours = candidate.version.map(|version| (version, &candidate.record));
    for (version, record) in ours.into_iter().chain(against) {
        if let Some(state) = state {
            tables.erased.extend(erasures::evidence(state, version, record));
        }
    }
    let needs = certify::needs(&policy.record);
    let (cases, case_lists) = history::cases_in_force(repository, state)?;
    let files = match (&candidate.run_with, state, candidate.version) {
        (Some(with), ..) => Some(Files::Workspace(with)),
        (None, Some(state), Some(version)) => Some(Files::Stored { state, version }),
        _ => None,
    };
    let ours = files.map(|files| Side {
        role: Role::Candidate,
        label: candidate.label.clone(),
        id: candidate.id,
        record: &candidate.record,
        files,
    });
    let theirs = match (against, baseline.snapshot, state) {
        (Some((version, record)), Some(id), Some(state)) => Some(Side {
            role: Role::Baseline,
            label: format!("{model}@{version}"),
            id,
            record,
            files: Files::Stored { state, version },
        }),
        _ => None,
    };
    let wanted = ours.as_ref().map(|ours| Wanted {
        repository,
        model,
        policy: &policy.record,
        policy_sha256: policy.sha256,
        needs: &needs,
        state,
        candidate: ours,
        baseline: theirs.as_ref(),
        tables: &tables,
    });
    let obtain = |wanted| measured::obtain(wanted, what.runs, before, progress);
    let measured = wanted.as_ref().map(obtain).transpose()?.unwrap_or_default();
    let (parity, compared) = wanted.as_ref().map(|wanted| measured.parity(wanted)).transpose()?.unwrap_or_default();
    let applied = |role, record| measured.applied(role, record, &candidate.record);
    let (our_evidence, their_evidence) =
        (applied(Role::Candidate, &candidate.record), against.map(|(_, record)| applied(Role::Baseline, record)));
    tables.workspace.extend(measured.places());
    let task = policy.record.task;
    let unnamed = unnamed_set(&candidate.record, against.map(|(_, record)| record));
    let mut gathered = gather(&tables, &needs, task, &our_evidence, their_evidence.as_ref(), &cases)?;
    if let Some((set, defect)) = measured.defect() {
        if let Some(rows) = gathered.case_rows.get_mut(&set) {
            rows.rows = rows.rows.clone().map_err(|known| match known {
                Defect::SetMissing { .. } => defect.clone(),
                other => other,
            });
        }
        gathered.sets.insert(set, Err(defect));
    }
    let mut changed = Vec::new();
    if let Some(state) = state {
        let mut held = state.stages.get(&baseline.stage).into_iter().flat_map(|row| &row.timeline);
        let held = held.rfind(|held| Some(held.event) == baseline.event && against.is_some());
        for (set, defect) in held.map_or_else(
            || Ok(BTreeMap::new()),
            |held| replaced::since_certified(repository, state, (Role::Baseline.name(), held)),
        )? {
            refuse_replaced(&mut gathered, &policy.record, measured.set(), set, defect);
        }
        let ours = candidate.version.map(|version| (Role::Candidate, version));
        for side in ours.into_iter().chain(against.map(|(version, _)| (Role::Baseline, version))) {
            changed.extend(replaced::of_version(repository, state, side)?);
        }
        changed.retain(|one| {
            let read = gathered.sets.contains_key(&one.set)
                || gathered.samples.contains_key(&one.set)
                || gathered.case_rows.contains_key(&one.set);
            read && measured.set() != Some(&one.set)
        });
    }
    measured.mark(&mut gathered.evidence, &policy.record.rules, unnamed);
    gathered.evidence.extend(compared);
    let their_row = against.and_then(|(version, record)| Some((state?.version(version)?, record)));
    if let Some((theirs, record)) = their_row {
        let observation = records::observation(repository, theirs.observation)?;
        let ours = Times { version: candidate.version, record: &candidate.record, observation: &candidate.observation };
        let theirs = Times { version: Some(theirs.version), record, observation: &observation };
        refuse_other_hardware(&mut gathered, state, &ours, &theirs);
    }
    let judged = Judged {
        record: &candidate.record,
        observation: &candidate.observation,
        version: candidate.version,
        data_tables: &candidate.data_tables,
    };
    let mut facts = facts::gather(repository, &tables, &needs, (&judged, state, their_row), &mut gathered, progress)?;
    let provenance = provenance::lacking(&needs.provenance, &candidate.record, &candidate.observation);
    if !provenance.is_empty() {
        gathered.evidence.push(provenance::evidence(&candidate.observation, provenance.len()));
    }
    let known: Vec<_> = baseline.snapshot.into_iter().chain([candidate.id]).collect();
    let whose = (&candidate.record, state, &baseline.stage);
    let (past, read) = gather_past(repository, &mut tables, &needs, policy.record.task, whose, &known)?;
    gathered.evidence.extend(read);
    let mut stale =
        stale_evidence_of(&candidate.record, candidate.ancestors.iter().chain(against.map(|(_, record)| record)));
    // What was made now is nobody else's.
    stale.retain(|stale| measured.set().is_none_or(|set| set.as_str() != stale));
    let whose = (candidate, baseline, against.map(|(_, record)| record));
    facts.not_refreshed = said_before::find(repository, state, whose, &gathered)?;
    facts
        .not_refreshed
        .retain(|set, _| measured.set() != Some(set) && !stale.iter().any(|stale| stale == set.as_str()));
    stale.extend(facts.not_refreshed.keys().map(ToString::to_string));
    let candidate_sets: Vec<_> = candidate.record.predictions.iter().map(|p| p.name.clone()).collect();
    let candidate_samples: Vec<_> = candidate.record.samples.iter().map(|s| s.name.clone()).collect();
    let mut baseline_lacks = against.map_or_else(Vec::new, |(_, record)| lacking(&gathered, record));
    baseline_lacks.retain(|set| measured.set() != Some(set));
    let sets = history::used_sets(&gathered, &changed);
    let judged_at = state.map_or_else(|| repository.registry().now(), |state| repository.registry().now_in(state));
    let stage_rules = waive::rules_of(repository, state.unwrap_or(&unborn), &baseline.stage)?;
    let versions: Vec<Version> = candidate.version.into_iter().chain(against.map(|(version, _)| version)).collect();
    let seen = state.map(|state| Seen::of(state, candidate.id, &versions, &sets, judged_at));
    let mut history = History {
        cases,
        case_lists,
        case_rows: gathered.case_rows,
        replaced: changed,
        ..history::history(repository, state, candidate.id, &sets, (&baseline.stage, &stage_rules), judged_at)?
    };
    history.remarks.append(&mut gathered.remarks);
    history.remarks.extend(state.and_then(|state| forced(state, baseline)));
    if let Some(state) = state {
        history.waived = history::waived(repository, state, &history.waivers)?;
    }
    history.label = candidate.version.map(|_| candidate.label.clone());
    let case = Case {
        policy: &policy.record,
        policy_file_sha256: policy.file_sha256,
        policy_file_kept: policy.file.is_some(),
        model,
        candidate: candidate.id,
        baseline: baseline.clone(),
        sets: &gathered.sets,
        past: &past,
        candidate_sets: &candidate_sets,
        unnamed_set: unnamed,
        candidate_samples: &candidate_samples,
        samples: &gathered.samples,
        metrics: (&candidate.record.metrics, against.map(|(_, record)| &record.metrics)),
        provenance: &provenance,
        facts: &facts,
        model_bytes: (Some(candidate.record.model_files.bytes), against.map(|(_, record)| record.model_files.bytes)),
        measurement: measured.record.as_ref(),
        parity: &parity,
        evidence: gathered.evidence,
        stale_evidence: stale,
        history: &history,
        tool_version: super::TOOL,
    };
    let statement = certify::certify(&case)?;
    let results = &statement.predicate.results;
    let (rows, flips) = (certify::named_rows(&case, results)?, certify::flip_summaries(&case));
    let warnings = certify::lint(&policy.record, results);
    let explained = what.explain.then(|| certify::explain(&case, results, EQUAL_MODELS)).transpose()?;
    Ok(Judgement { rows, flips, warnings, explained, baseline_lacks, versions, sets, seen, statement, measured })
}

/// That what is compared with was itself never good enough: whoever reads of a candidate that is no worse should know.
fn forced(state: &State, baseline: &BaselineRecord) -> Option<String> {
    let held = state.occupant(&baseline.stage)?;
    let is_forced = held.kind == "force" && baseline.event == Some(held.event);
    is_forced.then(|| {
        format!(
            "the baseline {} was forced into {} against {}",
            held.version,
            baseline.stage,
            held.overruled.join(", ")
        )
    })
}

/// Evidence that is that of another model, byte for byte.
fn stale_evidence_of<'a>(record: &SnapshotRecord, others: impl Iterator<Item = &'a SnapshotRecord>) -> Vec<String> {
    let all: BTreeSet<String> = others.flat_map(|other| stale_evidence(record, other)).collect();
    all.into_iter().collect()
}

/// Sets that were asked for and a version does not have.
fn lacking(gathered: &Gathered, record: &SnapshotRecord) -> Vec<SetName> {
    let predictions = gathered.sets.keys().filter(|set| record.predictions.iter().all(|p| p.name != **set));
    let samples = gathered.samples.keys().filter(|set| record.samples.iter().all(|s| s.name != **set));
    predictions.chain(samples).cloned().collect()
}

/// What somebody put in the place of what the baseline was certified with is not judged by.
fn refuse_replaced(
    gathered: &mut Gathered,
    policy: &PolicyRecord,
    measured: Option<&SetName>,
    set: SetName,
    defect: Defect,
) {
    // A command is handed the file; no rule on rows need read the set beside.
    let handed = |rule: &RuleRecord| match &rule.measure {
        MeasureRecord::Command { command, set: named, .. } => {
            command.contains("{predictions}") && named.as_ref().is_none_or(|named| *named == set)
        }
        _ => false,
    };
    let is_handed = policy.rules.iter().any(handed);
    if let Some((_, samples)) = gathered.samples.get_mut(&set) {
        *samples = Some(Err(defect.clone()));
    }
    if (is_handed || gathered.sets.contains_key(&set)) && measured != Some(&set) {
        gathered.sets.insert(set, Err(defect));
    }
}

/// Whose times, and where they were taken.
struct Times<'a> {
    version: Option<Version>,
    record: &'a SnapshotRecord,
    observation: &'a ObservationRecord,
}

impl Times<'_> {
    /// The hardware that the samples of a set were taken on; of what was attached later that is not where the version was taken.
    fn hardware(&self, state: Option<&State>, set: &SetName) -> Option<String> {
        let attached = self.version.and_then(|version| state?.attached_set(version, set));
        match attached {
            Some(_) => self.record.samples.iter().find(|samples| samples.name == *set)?.machine.clone(),
            None => measured::known_hardware(&self.observation.machine),
        }
    }
}

/// Times taken on other hardware say nothing about the model, nor do those of which nobody knows where.
fn refuse_other_hardware(gathered: &mut Gathered, state: Option<&State>, ours: &Times<'_>, theirs: &Times<'_>) {
    for (set, (_, baseline)) in &mut gathered.samples {
        let (candidate, other) = (ours.hardware(state, set), theirs.hardware(state, set));
        if candidate.is_some() && candidate == other {
            continue;
        }
        if let Some(samples @ Ok(_)) = baseline {
            let named = |machine: Option<String>| machine.unwrap_or_else(|| "an unknown machine".to_owned());
            let (candidate, baseline) = (named(candidate), named(other));
            *samples = Err(Defect::OtherMachine { set: set.clone(), candidate, baseline });
        }
    }
}
