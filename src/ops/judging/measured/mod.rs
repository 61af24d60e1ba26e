//! Measured evidence: candidate and baseline, restored from the store into a folder of their own, are run by turns on the held-out
//! rows, and what they predict, how long that takes and how much memory it needs becomes evidence. So do the numbers that a
//! rule's own command makes of each model.
//!
//! The commands are the project's own, and part of the rules. They run in a folder made for this, which goes at the end, however
//! that comes: nothing of what they write is in the project or the store but the predictions, if a certificate is made of them.
//! Nothing keeps them from what the person who certifies may do.
//!
//! What a candidate brings along does not judge it: the held-out rows are those of the baseline ([`pinned`]), labels are those of the
//! rows or of what was recorded before, a rule's command runs the baseline's code on both models, and what was restored must still
//! be what it was after every run ([`intact`]).
//!
//! Two measurements of the same models are never the same. So that nobody measures until it suits, the first one that a certificate
//! rests on is taken again for the same candidate, baseline and commands, as long as that certificate counts and nothing failed.

mod found;
mod intact;
mod line;
mod made;
mod pinned;
mod runs;
mod side;
mod stored;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

pub(in crate::ops) use self::side::{Files, Side, holding};
pub(in crate::ops) use self::stored::{all as stored, of_snapshot};

use self::line::Shell;
use self::runs::Runs;
use self::values::Scoring;
use super::evidence::{Tables, read_table};
use crate::capture::machine;
use crate::capture::python::Asked;
use crate::capture::source_file::SourceFile;
use crate::certify::Needs;
use crate::digest::Digest;
use crate::evidence::{self, Defect, JoinedRows};
use crate::format::canonical;
use crate::format::certificate::{EvidenceRecord, MEASUREMENT};
use crate::format::measurement::{self, FreshRecord, MeasurementRecord, Role};
use crate::format::observation::MachineRecord;
use crate::format::policy::{MeasureRecord, Origin, PolicyRecord, RuleRecord};
use crate::format::snapshot::{PredictionsRecord, SnapshotRecord};
use crate::id::FileId;
use crate::name::{ModelName, SetName};
use crate::ops::error::MeasureError;
use crate::ops::scratch::Scratch;
use crate::ops::{VerbError, snapshot};
use crate::process::Interruption;
use crate::progress::{Progress, Silent};
use crate::registry::State;
use crate::repository::Repository;
use crate::store::{Source, Writer};

/// What is to be measured.
pub(in crate::ops) struct Wanted<'a> {
    pub repository: &'a Repository,
    pub model: &'a ModelName,
    pub policy: &'a PolicyRecord,
    pub policy_sha256: Digest,
    pub needs: &'a Needs,
    pub state: Option<&'a State>,
    pub candidate: &'a Side<'a>,
    pub baseline: Option<&'a Side<'a>>,
    /// Where recorded predictions are.
    pub tables: &'a Tables<'a>,
}

/// What was seen, and the predictions that were made.
#[derive(Default)]
pub(in crate::ops) struct Measured {
    /// None: nothing was to be run.
    pub record: Option<MeasurementRecord>,
    digest: Option<Digest>,
    bytes: Vec<u8>,
    /// Predictions that no store holds yet.
    fresh: HashMap<FileId, PathBuf>,
    /// The folder those lie in.
    scratch: Option<Scratch>,
    /// What was run, with the evidence it had then: candidate and baseline.
    ran: Option<(SnapshotRecord, Option<SnapshotRecord>)>,
}

/// Whether a policy asks for anything to be run.
pub(in crate::ops) fn is_wanted(policy: &PolicyRecord) -> bool {
    policy.predict.is_some() || policy.rules.iter().any(|rule| matches!(rule.measure, MeasureRecord::Command { .. }))
}

/// Runs what the policy asks for; or takes what a certificate in force rests on, or what was measured `before`, when something
/// else changed while it was judged.
///
/// # Errors
/// There is no project, no folder, no such data or predictions set, or a signal came. Whatever goes wrong with a command is
/// recorded, and inconclusive.
pub(in crate::ops) fn obtain(
    wanted: &Wanted<'_>,
    runs: bool,
    before: Option<Measured>,
    progress: &dyn Progress,
) -> Result<Measured, VerbError> {
    if !is_wanted(wanted.policy) {
        return Ok(Measured::default());
    }
    if let Some(known) = stored::known(wanted, runs)? {
        return Ok(known);
    }
    if let Some(before) = before.filter(|before| before.is_of(wanted)) {
        return Ok(before);
    }
    if !runs {
        return Err(MeasureError::NotAgain { model: wanted.model.clone() }.into());
    }
    let Some(project) = wanted.repository.project() else {
        return Err(MeasureError::NoProject { model: wanted.model.clone() }.into());
    };
    refuse_place(project)?;
    // From here on a signal ends what runs, and then us, with nothing left behind.
    let interruption = Interruption::begin();
    let scratch = Scratch::temporary("certify")?;
    let measured = run(wanted, project, &scratch, &interruption, progress);
    if let Some(signal) = interruption.signal() {
        // Whatever else went wrong went wrong because of that.
        return Err(MeasureError::Interrupted { signal }.into());
    }
    let (record, fresh) = measured?;
    let unreadable = |source| VerbError::Record { kind: "measurement", id: wanted.candidate.label.clone(), source };
    let bytes = canonical::encode(measurement::FORMAT, &record).map_err(unreadable)?;
    let ran = Some((wanted.candidate.record.clone(), wanted.baseline.map(|side| side.record.clone())));
    let digest = Some(Digest::of(&bytes));
    Ok(Measured { digest, bytes, record: Some(record), fresh, scratch: Some(scratch), ran })
}

/// Commands must not write into the project by writing where they are.
fn refuse_place(project: &Path) -> Result<(), VerbError> {
    let temporary = std::env::temp_dir();
    let real = temporary.canonicalize().unwrap_or(temporary);
    match project.canonicalize() {
        Ok(project) if real.starts_with(&project) => Err(MeasureError::InProject { path: real }.into()),
        _ => Ok(()),
    }
}

type Ran = (MeasurementRecord, HashMap<FileId, PathBuf>);

fn run(
    wanted: &Wanted<'_>,
    project: &Path,
    scratch: &Scratch,
    interruption: &Interruption,
    progress: &dyn Progress,
) -> Result<Ran, VerbError> {
    let Wanted { repository, policy, candidate, baseline, .. } = *wanted;
    // Before anything is run.
    let name = policy.predict.as_ref().map(|predict| runs::output_name(wanted, predict)).transpose()?;
    let input = side::input(wanted, progress)?;
    let mut laid = BTreeMap::new();
    for side in [Some(candidate), baseline].into_iter().flatten() {
        laid.insert(side.role, side::lay_out(repository, scratch, side, input.as_ref(), progress)?);
    }
    let configured = repository.config().and_then(|config| config.file.environment.python.as_ref());
    let configured = configured.map(|path| project.join(path));
    let asked = Asked { configured: configured.as_deref(), ..Asked::default() };
    let prefix = snapshot::interpreter::hidden(project, asked, &scratch.files());
    // The rules are one: whatever a model's own copy of the code says of itself, both are scored by the baseline's.
    let scorer = baseline.unwrap_or(candidate);
    let scoring = policy.rules.iter().any(|rule| matches!(rule.measure, MeasureRecord::Command { .. }));
    let code =
        if scoring { Some(side::lay_out_code(repository, scratch, scorer, input.as_ref(), progress)?) } else { None };
    let shell = Shell { scratch, interruption, prefix: prefix.as_deref() };
    let mut record = MeasurementRecord {
        format: measurement::FORMAT.to_owned(),
        candidate: candidate.id,
        baseline: baseline.map(|side| side.id),
        policy: wanted.policy_sha256,
        machine: hardware(&machine::observe(Path::new("/"))),
        environment: prefix.as_ref().map(|prefix| prefix.display().to_string()),
        input: input.as_ref().map(|input| input.record.clone()),
        set: None,
        sides: BTreeMap::new(),
        commands: BTreeMap::new(),
        remarks: input.iter().filter_map(|input| input.remark.clone()).collect(),
    };
    let mut fresh = HashMap::new();
    if let (Some(predict), Some(name)) = (&policy.predict, &name) {
        tell(&predict.command, wanted, progress);
        let runs = Runs { wanted, predict, name, shell: &shell, laid: &laid, input: input.as_ref() };
        let done = runs.run(progress)?;
        record.set = Some(predict.set.clone());
        (record.sides, fresh) = done;
    }
    if let Some(code) = &code {
        let at = Scoring { code, scorer, laid: &laid };
        record.commands = values::compute(wanted, &shell, &at, &record, &fresh, progress)?;
        record.remarks.extend(other_code(wanted)?);
    }
    Ok((record, fresh))
}

/// Of a machine whose processor has no name.
const UNKNOWN_PROCESSOR: &str = "an unknown processor";

/// What a reader should know where the code that scored is not the candidate's.
fn other_code(wanted: &Wanted<'_>) -> Result<Option<String>, VerbError> {
    const NAMED: usize = 3;
    let Some(baseline) = wanted.baseline else { return Ok(None) };
    let (named, differing) = side::differing_code(wanted.repository, wanted.candidate, baseline, NAMED)?;
    let more = if differing > named.len() { format!(" and {} more", differing - named.len()) } else { String::new() };
    Ok((differing > 0).then(|| {
        format!(
            "the rules' own commands ran the code of {} on both models; {} has another `{}`{more}",
            baseline.label,
            wanted.candidate.label,
            named.join("`, `"),
        )
    }))
}

/// Whose commands are run, on what: before they are.
fn tell(command: &str, wanted: &Wanted<'_>, progress: &dyn Progress) {
    let against = wanted.baseline.map_or_else(String::new, |side| format!(" and {}", side.label));
    progress.tell(&format!("running `{command}` for {}{against}", wanted.candidate.label));
}

/// What times depend on.
pub(in crate::ops) fn hardware(machine: &MachineRecord) -> String {
    known_hardware(machine)
        .unwrap_or_else(|| format!("{} × {UNKNOWN_PROCESSOR} ({})", machine.cpus, machine.architecture))
}

/// What times depend on, if all of it is known: two processors that nobody can name are not the same one.
pub(in crate::ops) fn known_hardware(machine: &MachineRecord) -> Option<String> {
    let cpu = machine.cpu.as_deref()?;
    Some(format!("{} × {cpu} ({})", machine.cpus, machine.architecture))
}

impl Measured {
    /// Whether it was measured here, of the same models with the same evidence, by the same commands.
    fn is_of(&self, wanted: &Wanted<'_>) -> bool {
        let (Some(record), Some((candidate, baseline))) = (&self.record, &self.ran) else { return false };
        record.candidate == wanted.candidate.id
            && record.baseline == wanted.baseline.map(|side| side.id)
            && record.policy == wanted.policy_sha256
            && candidate == wanted.candidate.record
            && baseline.as_ref() == wanted.baseline.map(|side| side.record)
    }

    /// The record of a version with the predictions that were made in the place of those reported. Those of a model that could
    /// not be run are none: what it reports says nothing of what it does.
    pub(in crate::ops) fn applied(
        &self,
        role: Role,
        record: &SnapshotRecord,
        columns: &SnapshotRecord,
    ) -> SnapshotRecord {
        let mut record = record.clone();
        let Some(set) = self.record.as_ref().and_then(|known| known.set.clone()) else { return record };
        let find = |record: &SnapshotRecord| record.predictions_of(&set).map(|p| p.columns.clone());
        let columns = find(&record).or_else(|| find(columns));
        record.predictions.retain(|predictions| predictions.name != set);
        if let (Some(FreshRecord { path, file, size, .. }), Some(columns)) = (self.fresh(role), columns) {
            let (path, file, size) = (path.clone(), *file, *size);
            record.predictions.push(PredictionsRecord { name: set, path, file, size, columns });
        }
        record
    }

    fn fresh(&self, role: Role) -> Option<&FreshRecord> {
        self.record.as_ref()?.sides.get(&role)?.predictions.as_ref()
    }

    /// Where predictions lie that no store holds yet.
    pub(in crate::ops) fn places(&self) -> impl Iterator<Item = (FileId, PathBuf)> {
        self.fresh.iter().map(|(id, path)| (*id, path.clone()))
    }

    /// Why the predictions of the set that was to be made cannot be used.
    pub(in crate::ops) fn defect(&self) -> Option<(SetName, Defect)> {
        let record = self.record.as_ref()?;
        let failed = |(role, side): (&Role, &measurement::SideRecord)| {
            Some(Defect::NotMeasured { role: role.name(), reason: side.failed.clone()? })
        };
        Some((record.set.clone()?, record.sides.iter().find_map(failed)?))
    }

    /// The set that was made.
    pub(in crate::ops) fn set(&self) -> Option<&SetName> {
        self.record.as_ref()?.set.as_ref()
    }

    /// Adds the recorded predictions that commands were handed: what they rest on must not be changed behind them.
    fn mark_handed(&self, evidence: &mut Vec<EvidenceRecord>, rules: &[RuleRecord], unnamed: Option<&SetName>) {
        for (id, made) in self.record.iter().flat_map(|record| &record.commands) {
            let rule = rules.iter().find(|rule| rule.id == *id).map(|rule| &rule.measure);
            let Some(MeasureRecord::Command { set, .. }) = rule else { continue };
            let Some(set) = set.as_ref().or(unnamed) else { continue };
            for (role, file) in made.iter().filter_map(|(role, values)| Some((role.name(), values.read?))) {
                let is_it = |known: &EvidenceRecord| {
                    known.role == role && known.kind == "predictions" && known.set.as_ref() == Some(set)
                };
                if !evidence.iter().any(is_it) {
                    evidence.push(EvidenceRecord {
                        role: role.to_owned(),
                        kind: "predictions".to_owned(),
                        set: Some(set.clone()),
                        sha256: file.digest(),
                        rows: 0,
                        origin: None,
                    });
                }
            }
        }
    }

    /// Says of what was read that it was measured, and adds the measurement.
    pub(in crate::ops) fn mark(
        &self,
        evidence: &mut Vec<EvidenceRecord>,
        rules: &[RuleRecord],
        unnamed: Option<&SetName>,
    ) {
        let (Some(record), Some(sha256)) = (&self.record, self.digest) else { return };
        self.mark_handed(evidence, rules, unnamed);
        let is_made = |known: &EvidenceRecord| {
            let file = [Role::Candidate, Role::Baseline].into_iter().find(|role| role.name() == known.role);
            let file = file.and_then(|role| self.fresh(role)).map(|made| made.file.digest());
            known.kind == "predictions" && known.set.as_ref() == self.set() && file == Some(known.sha256)
        };
        for known in evidence.iter_mut().filter(|known| is_made(known)) {
            known.origin = Some(Origin::Measured);
        }
        let role = if record.baseline.is_some() { "both" } else { "candidate" };
        // What later candidates are held to.
        evidence.extend(record.input.iter().filter_map(|input| {
            Some(EvidenceRecord {
                role: role.to_owned(),
                kind: "data".to_owned(),
                set: Some(input.name.clone()),
                sha256: input.sha256?,
                rows: self.fresh(Role::Candidate).map_or(0, |made| made.rows),
                origin: None,
            })
        }));
        evidence.push(EvidenceRecord {
            role: role.to_owned(),
            kind: MEASUREMENT.to_owned(),
            set: record.set.clone(),
            sha256,
            rows: record.sides.values().map(|side| side.runs.len() as u64).sum(),
            origin: Some(Origin::Measured),
        });
    }

    /// The fresh predictions beside the recorded ones, of each set that rules want to be the same; what was read for it.
    pub(in crate::ops) fn parity(&self, wanted: &Wanted<'_>) -> Result<(Parity, Vec<EvidenceRecord>), VerbError> {
        let mut parity = Parity::new();
        let mut read = Vec::new();
        let Some(set) = self.set().filter(|set| wanted.needs.parity.contains(*set)) else { return Ok((parity, read)) };
        let recorded = wanted.candidate.record.predictions_of(set);
        let made = self.fresh(Role::Candidate);
        let (Some(recorded), Some(made)) = (recorded, made) else {
            let defect = self.defect().map(|(_, defect)| defect);
            let missing = Defect::SetMissing { role: "candidate", kind: "predictions", set: set.clone() };
            parity.insert(set.clone(), Err(defect.unwrap_or(missing)));
            return Ok((parity, read));
        };
        let table = |id: FileId, path: &str| -> Result<_, VerbError> {
            let bytes = match self.fresh.get(&id) {
                Some(place) => read_table(place)?,
                None => wanted.tables.bytes(id)?,
            };
            Ok(evidence::read_predictions(bytes, path, &recorded.columns, wanted.policy.task, &[]))
        };
        let fresh = table(made.file, &made.path)?;
        let then = table(recorded.file, &recorded.path)?;
        read.push(EvidenceRecord {
            role: Role::Candidate.name().to_owned(),
            kind: "predictions".to_owned(),
            set: Some(set.clone()),
            sha256: recorded.file.digest(),
            rows: then.as_ref().map_or(0, |table| table.rows() as u64),
            origin: None,
        });
        let joined = fresh
            .and_then(|fresh| evidence::join(set, wanted.policy.task, fresh, Some(then?)))
            .map_err(|defect| made::said_of_recorded(&defect).unwrap_or(defect));
        parity.insert(set.clone(), joined);
        Ok((parity, read))
    }

    /// Hands the measurement and the predictions to a writer; not if they came from the store.
    pub(in crate::ops) fn put(&self, state: Option<&State>, writer: &mut Writer<'_>) -> Result<(), VerbError> {
        if self.record.is_none() || self.scratch.is_none() {
            return Ok(());
        }
        // What was erased does not come back because a model says it again.
        let erased = |id: &FileId| {
            state.is_some_and(|state| state.erased.iter().any(|row| row.file().is_some_and(|file| file.sha256 == *id)))
        };
        for (_, path) in self.fresh.iter().filter(|(id, _)| !erased(id)) {
            let file = SourceFile::describe(path.display().to_string(), path.clone())?;
            let file: &dyn Source = &file;
            writer.put_files(&[file], &Silent)?;
        }
        writer.put_record(&self.bytes)?;
        Ok(())
    }
}

/// Fresh predictions, joined with the recorded ones.
pub(in crate::ops) type Parity = BTreeMap<SetName, Result<JoinedRows, Defect>>;
