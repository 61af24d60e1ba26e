//! Numbers that a rule's own command makes of each model: one JSON object, `{"value": 0.9}` or `{"values": [0.9, 0.8]}`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::line::{Line, Shell};
use super::side::{Laid, Place, set_of};
use super::{Side, Wanted, tell};
use crate::format::answer;
use crate::format::measurement::{MeasurementRecord, Role, ValuesRecord};
use crate::format::policy::{MeasureRecord, RuleRecord};
use crate::id::FileId;
use crate::name::SetName;
use crate::ops::VerbError;
use crate::ops::evidence::unnamed_set;
use crate::progress::{Progress, Silent};

/// No answer is longer.
const MAX_ANSWER: u64 = 1 << 20;
const ANSWER: &str = "answer.json";

/// What the command of each rule makes of each model.
pub(super) fn compute(
    wanted: &Wanted<'_>,
    shell: &Shell<'_>,
    laid: &BTreeMap<Role, Laid>,
    record: &MeasurementRecord,
    fresh: &HashMap<FileId, PathBuf>,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, BTreeMap<Role, ValuesRecord>>, VerbError> {
    let mut all = BTreeMap::new();
    for rule in &wanted.policy.rules {
        let MeasureRecord::Command { command, set, timeout, .. } = &rule.measure else { continue };
        tell(command, wanted, progress);
        let mut made = BTreeMap::new();
        for side in [Some(wanted.candidate), wanted.baseline].into_iter().flatten() {
            let one = One { wanted, shell, rule, command, timeout: *timeout, side, record, fresh };
            let values = match laid.get(&side.role) {
                Some(Ok(at)) => one.run(at, set.as_ref())?,
                Some(Err(why)) => Err(why.clone()),
                None => Err("it was not restored".to_owned()),
            };
            let (values, failed) = values.map_or_else(|why| (Vec::new(), Some(why)), |values| (values, None));
            made.insert(side.role, ValuesRecord { values, failed });
        }
        all.insert(rule.id.clone(), made);
    }
    Ok(all)
}

/// One rule's command for one model.
struct One<'a> {
    wanted: &'a Wanted<'a>,
    shell: &'a Shell<'a>,
    rule: &'a RuleRecord,
    command: &'a str,
    timeout: u64,
    side: &'a Side<'a>,
    record: &'a MeasurementRecord,
    fresh: &'a HashMap<FileId, PathBuf>,
}

impl One<'_> {
    fn run(&self, at: &Place, set: Option<&SetName>) -> Result<Result<Vec<f64>, String>, VerbError> {
        let out = self.shell.out(&format!("{}-{}", self.rule.id, self.side.role.name()))?;
        let (written, printed) = (out.join(ANSWER), out.join("printed"));
        let mut places = vec![("model", at.model.as_path()), ("output", &written)];
        places.extend(at.input.as_deref().map(|input| ("input", input)));
        let predictions = if self.command.contains("{predictions}") {
            match self.predictions(set, &out)? {
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
            at,
            out: &out,
            variables: &[],
            timeout: self.timeout,
            answer: Some(&answer),
        })?;
        drop(answer);
        if let Some(why) = ended.failed {
            return Ok(Err(why));
        }
        let is_written = self.command.contains("{output}");
        Ok(read(if is_written { &written } else { &printed }))
    }

    /// The model's predictions as a file: those that were made, else those recorded.
    fn predictions(&self, set: Option<&SetName>, out: &Path) -> Result<Result<PathBuf, String>, VerbError> {
        let theirs = self.wanted.baseline.map(|baseline| baseline.record);
        let only = unnamed_set(self.wanted.candidate.record, theirs);
        let Some(set) = set.or(self.record.set.as_ref()).or(only) else {
            return Ok(Err("its rule names no predictions set, and there are several".to_owned()));
        };
        if self.record.set.as_ref() == Some(set) {
            let made = self.record.sides.get(&self.side.role).and_then(|side| side.predictions.as_ref());
            let place = made.and_then(|made| self.fresh.get(&made.file));
            return Ok(place.cloned().ok_or_else(|| format!("its predictions `{set}` could not be made")));
        }
        let Some(recorded) = set_of(self.side.record, set) else {
            return Ok(Err(format!("it has no predictions `{set}`")));
        };
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
