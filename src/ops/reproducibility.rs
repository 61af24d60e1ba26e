//! What a version's records say for and against training it again with the same result. Pure: nothing is looked for.
//!
//! It is a claim; [`reproduce`](super::reproduce) measures it.

mod chance;

use super::resolve::Dropped;
use super::seeds::{self, SeedOrigin};
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::{CodeKind, CodeRecord, DataKind, DataRecord, SeedSource, SnapshotRecord};

/// Something that speaks for or against training a version again with the same result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is about.
    pub part: Part,
    /// Whether it speaks for it.
    pub good: bool,
    /// What it is.
    pub text: String,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The version's files as a whole: dropped, erased.
    Files,
    /// The code.
    Code,
    /// The training data.
    Data,
    /// The seeds.
    Seeds,
    /// Interpreter, packages, lock files.
    Environment,
    /// The training command.
    Command,
    /// The machine.
    Hardware,
    /// What is known to give other results from run to run.
    Nondeterminism,
}

impl Part {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Code => "code",
            Self::Data => "data",
            Self::Seeds => "seeds",
            Self::Environment => "environment",
            Self::Command => "command",
            Self::Hardware => "hardware",
            Self::Nondeterminism => "nondeterminism",
        }
    }
}

/// What has been said so far.
#[derive(Default)]
struct Reasons(Vec<Reason>);

impl Reasons {
    fn plus(&mut self, part: Part, text: impl Into<String>) {
        self.0.push(Reason { part, good: true, text: text.into() });
    }

    fn minus(&mut self, part: Part, text: impl Into<String>) {
        self.0.push(Reason { part, good: false, text: text.into() });
    }
}

/// What two records say about training a version again, and whether the files they name are kept.
pub fn reasons(record: &SnapshotRecord, observation: &ObservationRecord, dropped: Option<&Dropped>) -> Vec<Reason> {
    let mut reasons = Reasons::default();
    if let Some(dropped) = dropped {
        reasons.minus(Part::Files, format!("its files were {dropped}"));
    }
    code(&record.code, observation, dropped.is_some(), &mut reasons);
    data(&record.data, &mut reasons);
    seeds(record, observation, &mut reasons);
    environment(record, observation, &mut reasons);
    command(record, &mut reasons);
    hardware(observation, &mut reasons);
    chance::of(record, observation, &mut reasons);
    for part in &record.not_captured {
        reasons.minus(part_of(&part.part), format!("not captured: {}: {}", part.part, part.reason));
    }
    reasons.0
}

/// What a field of a record is about, by its name.
fn part_of(field: &str) -> Part {
    match field.split('.').next().unwrap_or(field) {
        "data" => Part::Data,
        "environment" | "locks" => Part::Environment,
        "machine" | "hardware" | "gpu" => Part::Hardware,
        _ => Part::Code,
    }
}

fn code(code: &CodeRecord, observation: &ObservationRecord, dropped: bool, reasons: &mut Reasons) {
    let (CodeKind::Git | CodeKind::Folder, Some(tree)) = (code.kind, code.tree) else {
        return reasons.minus(Part::Code, "no code was captured");
    };
    let (files, be) = if tree.files == 1 {
        ("1 file".to_owned(), ("is", "was"))
    } else {
        (format!("{} files", tree.files), ("are", "were"))
    };
    let work = if code.dirty { ", uncommitted work included" } else { "" };
    if dropped {
        reasons.minus(Part::Code, format!("{files} of code {} dropped{work}", be.1));
    } else {
        reasons.plus(Part::Code, format!("{files} of code {} kept{work}", be.0));
    }
    if let (Some(commit), false) = (&code.commit, code.dirty) {
        let commit = commit.get(..9).unwrap_or(commit);
        match observation.commit_on_remote {
            Some(true) => reasons.plus(Part::Code, format!("it is commit {commit}, which a remote has, too")),
            Some(false) if dropped => {
                reasons.minus(Part::Code, format!("no remote was known to have its commit {commit}"));
            }
            _ => {}
        }
    }
    match code.lfs.as_slice() {
        [] => {}
        [one] => reasons.minus(Part::Code, format!("{} is a pointer of git LFS: its bytes were not there", one.path)),
        several => {
            let n = several.len();
            reasons.minus(Part::Code, format!("{n} files of code are pointers of git LFS: their bytes were not there"));
        }
    }
    match code.left_out.as_slice() {
        [] => {}
        [one] => reasons.minus(Part::Code, format!("1 file of code was left out: {}: {}", one.path, one.reason)),
        [first, ..] => {
            let n = code.left_out.len();
            reasons.minus(
                Part::Code,
                format!("{n} files of code were left out, such as {}: {}", first.path, first.reason),
            );
        }
    }
}

fn locks(record: &SnapshotRecord, observation: &ObservationRecord, reasons: &mut Reasons) {
    if record.environment.locks.is_empty() {
        return reasons.minus(Part::Environment, "there is no lock file");
    }
    let off = |path: &str| {
        let check = observation.lock_checks.iter().find(|check| check.lock == path);
        check.map_or(0, |check| check.differ + check.missing)
    };
    for lock in &record.environment.locks {
        match off(&lock.path) {
            0 => reasons.plus(Part::Environment, format!("locked by {}", lock.path)),
            1 => reasons.minus(Part::Environment, format!("1 package is not as {} wants it", lock.path)),
            n => reasons.minus(Part::Environment, format!("{n} packages are not as {} wants them", lock.path)),
        }
    }
}

fn data(sources: &[DataRecord], reasons: &mut Reasons) {
    if sources.is_empty() {
        reasons.minus(Part::Data, "no training data was declared");
    }
    for data in sources {
        let name = &data.name;
        let Some(why) = &data.not_stored else {
            reasons.plus(Part::Data, format!("the data `{name}` is kept"));
            continue;
        };
        reasons.minus(Part::Data, format!("the data `{name}` cannot be restored from here: {why}"));
        match (data.kind, data.sha256) {
            (_, Some(_)) => {
                reasons.plus(
                    Part::Data,
                    format!("wherever the data `{name}` is found, its digest tells whether it is the same"),
                );
            }
            (DataKind::Uri, None) => {
                reasons.minus(Part::Data, format!("nothing can tell whether `{}` is still the same data", data.path));
            }
            _ => {}
        }
    }
}

fn seeds(record: &SnapshotRecord, observation: &ObservationRecord, reasons: &mut Reasons) {
    let seeds = seeds::of(record, observation.found.as_ref());
    for seed in &seeds.known {
        let whence = match &seed.origin {
            SeedOrigin::Recorded(SeedSource::Parameters) => "stands in the parameters".to_owned(),
            SeedOrigin::Recorded(SeedSource::Given) => "was given".to_owned(),
            SeedOrigin::Recorded(SeedSource::Environment) => "was a variable".to_owned(),
            SeedOrigin::Recorded(SeedSource::Issued) => "was issued to the training command".to_owned(),
            SeedOrigin::Model { path } => format!("stands in `{path}`"),
        };
        reasons.plus(Part::Seeds, format!("the seed `{}` = {} {whence}", seed.name, seed.value));
    }
    if seeds.known.is_empty() {
        reasons.minus(Part::Seeds, "no seed was found in the parameters or the model, or given");
    }
    for unset in &seeds.unset {
        reasons.minus(Part::Seeds, format!("the seed `{}` of `{}` is not set", unset.name, unset.path));
    }
}

fn environment(record: &SnapshotRecord, observation: &ObservationRecord, reasons: &mut Reasons) {
    let environment = &record.environment;
    let packages: usize = environment.runtimes.iter().map(|runtime| runtime.packages.len()).sum();
    match (packages, &observation.interpreter) {
        (0, None) => reasons.minus(Part::Environment, "no interpreter was found, and no packages"),
        (0, Some(_)) => reasons.minus(Part::Environment, "no installed packages were found"),
        (1, _) => reasons.plus(Part::Environment, "1 installed package is recorded"),
        (n, _) => reasons.plus(Part::Environment, format!("{n} installed packages are recorded")),
    }
    for runtime in
        environment.runtimes.iter().filter(|runtime| runtime.version.is_none() && runtime.language != "conda")
    {
        reasons.minus(Part::Environment, format!("the version of {} is not known", runtime.language));
    }
    let elsewhere: Vec<&str> = environment
        .runtimes
        .iter()
        .flat_map(|runtime| &runtime.origins)
        .filter(|(_, origin)| !origin.contains("://") || origin.starts_with("file:"))
        .map(|(name, _)| name.as_str())
        .collect();
    if !elsewhere.is_empty() {
        let text = format!("installed from this machine's own folders, not from an index: {}", elsewhere.join(", "));
        reasons.minus(Part::Environment, text);
    }
    locks(record, observation, reasons);
}

fn command(record: &SnapshotRecord, reasons: &mut Reasons) {
    match &record.argv {
        None => reasons.minus(Part::Command, "the training command is not known"),
        Some(words) if words.iter().any(|word| word.contains("<redacted:")) => {
            reasons.minus(Part::Command, "a secret was taken out of the training command: it must be given again");
        }
        Some(_) => reasons.plus(Part::Command, "the training command is recorded"),
    }
}

fn hardware(observation: &ObservationRecord, reasons: &mut Reasons) {
    let machine = &observation.machine;
    match (&machine.cpu, machine.cpu_features.is_empty()) {
        (None, true) => {
            reasons.minus(Part::Hardware, "the processor is not known: on another kind, sums end in other bits")
        }
        (cpu, _) => {
            let cpu = cpu.as_deref().unwrap_or(&machine.architecture);
            reasons.plus(
                Part::Hardware,
                format!("the processor is recorded: {cpu}; on another kind, sums may end in other bits"),
            );
        }
    }
    for gpu in &machine.gpus {
        let model = gpu.model.as_deref().unwrap_or("of unknown kind");
        reasons.plus(Part::Hardware, format!("the graphics processor is recorded: {} {model}", gpu.vendor));
    }
}
