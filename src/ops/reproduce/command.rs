//! What is run, and with which variables: as it was recorded.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::ReproduceError;
use crate::capture::environment::VARIABLES;
use crate::format::scalar::Scalar;
use crate::format::snapshot::{SeedRecord, SeedSource, SnapshotRecord};
use crate::shell;

/// A command to train with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingCommand {
    /// The program.
    pub program: String,
    /// What it is given.
    pub arguments: Vec<String>,
    /// As a person would type it.
    pub shown: String,
    /// Whether the version records it; if not, a person gave it.
    pub recorded: bool,
}

impl TrainingCommand {
    /// The line a person gave, for the shell; else the words that were recorded, as they are.
    ///
    /// # Errors
    /// Nothing is recorded, or a secret was taken out of it.
    pub fn of(record: &SnapshotRecord, given: Option<&str>) -> Result<Self, ReproduceError> {
        if let Some(line) = given {
            let (program, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
            let arguments = vec![option.to_owned(), line.to_owned()];
            return Ok(Self { program: program.to_owned(), arguments, shown: line.to_owned(), recorded: false });
        }
        let label = || record.model.to_string();
        let words = record.argv.as_deref().unwrap_or_default();
        let Some((program, arguments)) = words.split_first() else {
            return Err(ReproduceError::NoCommand { model: label() });
        };
        if let Some(word) = words.iter().find(|word| word.contains("<redacted:")) {
            return Err(ReproduceError::Redacted { model: label(), word: word.clone() });
        }
        let shown = shell::line(words);
        Ok(Self { program: program.clone(), arguments: arguments.to_vec(), shown, recorded: true })
    }

    /// The program to start in `folder`. One that was the project's own and is no part of the version, such as `.venv/bin/python`,
    /// is taken from the same folder of the project, `there`.
    pub(super) fn program_in(&self, folder: &Path, there: Option<&Path>) -> OsString {
        let name = Path::new(&self.program);
        if name.is_absolute() || name.components().count() < 2 {
            return self.program.clone().into();
        }
        let own = folder.join(name);
        match there.map(|there| there.join(name)) {
            Some(there) if !own.exists() && there.exists() => there.into(),
            _ => own.into(),
        }
    }
}

/// The variables that move results, as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// Those that were set.
    pub set: BTreeMap<String, String>,
    /// Those that were not.
    pub unset: Vec<String>,
    /// Those that were and cannot be set again, because their values are not known.
    pub unknown: Vec<String>,
}

/// Variables that choose among the machine's own devices: which there are here is not recorded.
const DEVICES: [&str; 4] =
    ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"];

/// The variables of a version: recorded ones as they were, others of the same kind not at all, and its seed.
pub fn variables(record: &SnapshotRecord) -> Variables {
    let recorded = &record.environment.variables;
    let mut variables = Variables::default();
    for (name, value) in recorded.iter().filter(|(name, _)| !DEVICES.contains(&name.as_str())) {
        if value.contains("<redacted:") || value.contains('\0') {
            variables.unknown.push(name.clone());
        } else {
            variables.set.insert(name.clone(), value.clone());
        }
    }
    // Others than these the code reads where it did then.
    let of = |source| record.seeds.iter().filter(move |seed| seed.source == source);
    let given: Vec<&SeedRecord> = of(SeedSource::Given).collect();
    // Those that were issued are called as the variables they were, and were all that the command was told.
    let issued = of(SeedSource::Issued).map(|seed| (seed.name.clone(), seed.value.to_string()));
    variables.set.extend(issued);
    if of(SeedSource::Issued).next().is_none()
        && let Some(seed) = of_the_run(&given)
    {
        variables.set.insert("MODEL_SEED".to_owned(), seed.to_string());
        if !recorded.contains_key("PYTHONHASHSEED")
            && let Ok(seed) = u32::try_from(seed)
        {
            variables.set.insert("PYTHONHASHSEED".to_owned(), seed.to_string());
        }
    }
    let absent = VARIABLES.into_iter().filter(|name| !DEVICES.contains(name) && !recorded.contains_key(*name));
    variables.unset = absent.filter(|name| !variables.set.contains_key(*name)).map(str::to_owned).collect();
    variables
}

/// The one seed that was given for the run as a whole: the one called so, else the only one.
fn of_the_run(given: &[&SeedRecord]) -> Option<i128> {
    let called = given.iter().find(|seed| matches!(seed.name.to_ascii_lowercase().as_str(), "seed" | "model_seed"));
    let only = if given.len() == 1 { given.first() } else { None };
    match called.or(only)?.value {
        Scalar::Int(value) => Some(value),
        _ => None,
    }
}
