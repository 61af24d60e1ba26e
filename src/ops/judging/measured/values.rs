//! Numbers that a rule's own command makes of each model: one JSON object, `{"value": 0.9}` or `{"values": [0.9, 0.8]}`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::intact::Intact;
use super::line;
use super::line::{Line, Shell};
use super::pinned::truth;
use super::side::{Laid, Place};
use super::{Side, Wanted, tell};
use crate::evidence;
use crate::format::answer;
use crate::format::measurement::{MeasurementRecord, Role, ValuesRecord};
use crate::format::policy::{MeasureRecord, RuleRecord};
use crate::format::snapshot::PredictionsRecord;
use crate::id::FileId;
use crate::name::SetName;
use crate::ops::VerbError;
use crate::ops::judging::evidence::unnamed_set;
use crate::progress::{Progress, Silent};

/// No answer is longer.
const MAX_ANSWER: u64 = 1 << 20;
const ANSWER: &str = "answer.json";

/// Where the models lie, and the one copy of the code that scores them.
pub(super) struct Scoring<'a> {
    pub code: &'a Laid,
    /// Whose code that is.
    pub scorer: &'a Side<'a>,
    pub laid: &'a BTreeMap<Role, Laid>,
}

/// What the command of each rule makes of each model.
pub(super) fn compute(
    wanted: &Wanted<'_>,
    shell: &Shell<'_>,
    scoring: &Scoring<'_>,
    record: &MeasurementRecord,
    fresh: &HashMap<FileId, PathBuf>,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, BTreeMap<Role, ValuesRecord>>, VerbError> {
    let mut all = BTreeMap::new();
    let places = scoring.laid.values().chain([scoring.code]).flatten();
    let mut restored: Vec<(&Place, Intact)> = places.map(|place| (place, place.intact())).collect();
    let mut changed = None;
    for rule in &wanted.policy.rules {
        let MeasureRecord::Command { command, set, timeout, .. } = &rule.measure else { continue };
        tell(command, wanted, progress);
        let mut made = BTreeMap::new();
        for side in [Some(wanted.candidate), wanted.baseline].into_iter().flatten() {
            let mut read = None;
            let one = One { wanted, shell, scoring, rule, command, timeout: *timeout, side, record, fresh };
            let values = match (scoring.laid.get(&side.role), scoring.code) {
                (Some(Ok(at)), Ok(code)) => one.run(at, code, set.as_ref(), &mut read)?,
                (Some(Err(why)), _) | (_, Err(why)) => Err(why.clone()),
                (None, _) => Err("it was not restored".to_owned()),
            };
            let (values, failed) = values.map_or_else(|why| (Vec::new(), Some(why)), |values| (values, None));
            made.insert(side.role, ValuesRecord { values, failed, read });
            // Whoever reaches into another's folder could put everything back before the end.
            let touched = |(place, intact): &mut (&Place, Intact)| intact.touched().map(|file| place.said_of(file));
            changed = changed.or_else(|| restored.iter_mut().find_map(touched));
        }
        all.insert(rule.id.clone(), made);
    }
    changed = changed
        .or_else(|| restored.iter().find_map(|(place, intact)| intact.changed().map(|file| place.said_of(file))));
    if let Some(why) = changed {
        for made in all.values_mut().flat_map(BTreeMap::values_mut) {
            (made.values, made.failed) = (Vec::new(), Some(why.clone()));
        }
    }
    Ok(all)
}

/// One rule's command for one model.
struct One<'a> {
    wanted: &'a Wanted<'a>,
    shell: &'a Shell<'a>,
    scoring: &'a Scoring<'a>,
    rule: &'a RuleRecord,
    command: &'a str,
    timeout: u64,
    side: &'a Side<'a>,
    record: &'a MeasurementRecord,
    fresh: &'a HashMap<FileId, PathBuf>,
}

impl One<'_> {
    fn run(
        &self,
        model: &Place,
        code: &Place,
        set: Option<&SetName>,
        read_from: &mut Option<FileId>,
    ) -> Result<Result<Vec<f64>, String>, VerbError> {
        let out = self.shell.out(&format!("{}-{}", self.rule.id, self.side.role.name()))?;
        let (written, printed) = (out.join(ANSWER), out.join("printed"));
        let mut places = vec![("model", model.model.as_path()), ("output", &written)];
        places.extend(code.input.as_deref().map(|input| ("input", input)));
        let predictions = if self.command.contains("{predictions}") {
            match self.predictions(set, &out, read_from)? {
                Ok(path) => Some(path),
                Err(why) => return Ok(Err(why)),
            }
        } else {
            None
        };
        places.extend(predictions.as_deref().map(|path| ("predictions", path)));
        let failed = |source| VerbError::Io { action: "create", path: printed.clone(), source };
        let answer = self.shell.scratch.begin_inside(&printed).map_err(failed)?;
        let ended = self.shell.run(&Line {
            command: self.command,
            places: &places,
            at: code,
            out: &out,
            variables: &[],
            timeout: self.timeout,
            answer: Some(&answer),
        })?;
        drop(answer);
        if let Some(why) = ended.failed {
            let hint = line::not_restored(self.wanted, self.command, code);
            // The code is the baseline's: what the candidate's adds does not help yet.
            let whose = if hint.is_empty() { String::new() } else { format!(" ({}'s)", self.scoring.scorer.label) };
            return Ok(Err(why + &hint + &whose));
        }
        let is_written = self.command.contains("{output}");
        Ok(read(if is_written { &written } else { &printed }))
    }

    /// Why a recorded set is not of the rows that the baseline's is of: whoever leaves out rows scores better.
    fn other_rows(&self, set: &SetName) -> Result<Option<String>, VerbError> {
        let theirs = self.wanted.baseline.and_then(|side| side.record.predictions_of(set));
        let (Some(ours), Some(theirs)) = (self.wanted.candidate.record.predictions_of(set), theirs) else {
            return Ok(None);
        };
        if ours.file == theirs.file {
            return Ok(None);
        }
        let task = self.wanted.policy.task;
        let read = |known: &PredictionsRecord| -> Result<_, VerbError> {
            let bytes = self.wanted.tables.bytes(known.file)?;
            Ok(evidence::read_predictions(bytes, &known.path, &truth(&known.columns), task, &[]))
        };
        let (ours, theirs) = (read(ours)?, read(theirs)?);
        let joined = ours.and_then(|ours| evidence::join(set, task, ours, Some(theirs?)));
        Ok(joined.err().map(|defect| defect.to_string()))
    }

    /// The model's predictions as a file: those that were made, else those recorded.
    fn predictions(
        &self,
        set: Option<&SetName>,
        out: &Path,
        read_from: &mut Option<FileId>,
    ) -> Result<Result<PathBuf, String>, VerbError> {
        let Some(set) = set_given(self.wanted, set, self.record.set.as_ref()) else {
            return Ok(Err("its rule names no predictions set, and there are several".to_owned()));
        };
        if self.record.set.as_ref() == Some(set) {
            let made = self.record.sides.get(&self.side.role).and_then(|side| side.predictions.as_ref());
            let place = made.and_then(|made| self.fresh.get(&made.file));
            return Ok(place.cloned().ok_or_else(|| format!("its predictions `{set}` could not be made")));
        }
        let Some(recorded) = self.side.record.predictions_of(set) else {
            return Ok(Err(format!("it has no predictions `{set}`")));
        };
        *read_from = Some(recorded.file);
        if let Some(why) = self.other_rows(set)? {
            return Ok(Err(why));
        }
        if let Some(place) = self.wanted.tables.workspace.get(&recorded.file) {
            return Ok(Ok(place.clone()));
        }
        let name = recorded.path.rsplit('/').next().unwrap_or_default();
        let path = out.join(format!("recorded-{name}"));
        let failed = |source| VerbError::Io { action: "write", path: path.clone(), source };
        let mut file = BufWriter::new(self.shell.scratch.begin_inside(&path).map_err(failed)?);
        let copied = self.wanted.repository.store().copy_file(recorded.file, &mut file, &Silent);
        if copied.is_err() {
            return Ok(Err(format!("its predictions `{set}` cannot be read from the store")));
        }
        file.flush().map_err(failed)?;
        Ok(Ok(path))
    }
}

/// The set that a command is given: its rule's, else that which was made, else the only one.
pub(super) fn set_given<'w>(
    wanted: &Wanted<'w>,
    set: Option<&'w SetName>,
    made: Option<&'w SetName>,
) -> Option<&'w SetName> {
    let only = || unnamed_set(wanted.candidate.record, wanted.baseline.map(|baseline| baseline.record));
    set.or(made).or_else(only)
}

/// The number or numbers, all finite. JSON has no NaN; what a program writes as one is no JSON.
fn read(path: &Path) -> Result<Vec<f64>, String> {
    let mut bytes = Vec::new();
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
    let opened = if is_file { File::open(path).ok() } else { None };
    let Some(file) = opened else { return Err("it wrote no answer".to_owned()) };
    file.take(MAX_ANSWER + 1).read_to_end(&mut bytes).map_err(|error| format!("its answer cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_ANSWER {
        return Err("its answer is longer than 1 MiB".to_owned());
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("it wrote no answer".to_owned());
    }
    answer::read(&bytes).map_err(|error| error.to_string())
}
