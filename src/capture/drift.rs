//! Whether lock files agree with what is installed.
//!
//! Only what a lock file says for certain counts as missing: a package wanted by an extra, a group of developers or under a
//! condition that is false or not known here may be absent. Every package that is there in another version than all those
//! that the lock file may mean is named. What a lock file does not know is only counted.

mod conda;
mod pipenv;
mod poetry;
mod pylock;
mod renv;
mod requirements;
mod uv;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::format::observation::{DriftRecord, LockCheckRecord};
use crate::format::snapshot::{EnvironmentRecord, LockRecord, RuntimeRecord};

use super::python::marker::MarkerEnvironment;
use super::python::normalised;
use super::python::version::is_wanted;
use super::redacted::Redacted;
use crate::bounded;

/// Larger lock files are hashed, and not compared.
const BYTES_LIMIT: u64 = 16 << 20;
/// Differences that are named, of all lock files together; the others are counted.
const MOST_NAMED: usize = 200;
/// Of a name or a version.
const TEXT_LIMIT: usize = 200;

/// How lock files and packages go together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// Packages that are not as a lock file wants them.
    pub packages: Vec<DriftRecord>,
    /// Every lock file that was compared, with its numbers.
    pub locks: Vec<LockCheckRecord>,
}

/// A package, as a lock file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pin {
    name: String,
    /// None where it is pinned by something else, such as a commit.
    version: Option<String>,
    wanted: Wanted,
}

/// For whom a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    /// Under a condition that is false here, or that is not known.
    Elsewhere,
    /// By an extra or a group that may not have been chosen.
    Perhaps,
    /// By everybody.
    Surely,
}

/// The pins of one runtime in a lock file.
struct Pins {
    language: &'static str,
    all: Vec<Pin>,
}

impl Pins {
    fn of_python(mut all: Vec<Pin>) -> Vec<Self> {
        all.iter_mut().for_each(|pin| pin.name = normalised(&pin.name));
        vec![Self { language: "python", all }]
    }
}

/// Compares every lock file of `project` that is understood with what is installed.
pub fn find(project: &Path, environment: &EnvironmentRecord, markers: &MarkerEnvironment) -> Drift {
    let mut drift = Drift::default();
    for lock in &environment.locks {
        let Some(read) = reader_of(&lock.path) else { continue };
        let bytes = bounded::read(&project.join(&lock.path), BYTES_LIMIT).map_err(|error| error.to_string());
        let pins = bytes.and_then(|bytes| match std::str::from_utf8(&bytes) {
            Ok(text) => read(text.trim_start_matches('\u{feff}'), &lock.path, markers),
            Err(_) => Err("it is not UTF-8".to_owned()),
        });
        match pins {
            Ok(pins) => drift.add(lock, &pins, environment),
            Err(reason) => drift.locks.push(unread(lock, reason)),
        }
    }
    drift
}

type Reader = fn(&str, &str, &MarkerEnvironment) -> Result<Vec<Pins>, String>;

fn reader_of(path: &str) -> Option<Reader> {
    let is_requirements = path.starts_with("requirements") && path.ends_with(".txt");
    let is_pylock = path == "pylock.toml" || path.starts_with("pylock.") && path.ends_with(".toml");
    match path {
        "uv.lock" => Some(uv::read),
        "poetry.lock" => Some(poetry::read),
        "pdm.lock" => Some(poetry::read_pdm),
        "Pipfile.lock" => Some(pipenv::read),
        "conda-lock.yml" | "conda-lock.yaml" => Some(conda::read),
        "renv.lock" => Some(renv::read),
        _ if is_pylock => Some(pylock::read),
        _ if is_requirements => Some(requirements::read),
        // Cargo and Julia build and load what their lock files say, so there is nothing to compare; the others are hashed.
        _ => None,
    }
}

fn unread(lock: &LockRecord, reason: String) -> LockCheckRecord {
    LockCheckRecord { lock: lock.path.clone(), unread: Some(reason), ..LockCheckRecord::default() }
}

impl Drift {
    /// Takes secrets out of what comes from lock files.
    pub fn clean(&mut self, redacted: &mut Redacted) {
        for found in &mut self.packages {
            let versions = found.wanted.iter_mut().chain(&mut found.installed);
            versions.chain([&mut found.package]).for_each(|text| redacted.clean("drift", text));
        }
        let unread = self.locks.iter_mut().flat_map(|check| &mut check.unread);
        unread.for_each(|reason| redacted.clean("drift", reason));
    }

    fn add(&mut self, lock: &LockRecord, pins: &[Pins], environment: &EnvironmentRecord) {
        let runtime = |language| environment.runtimes.iter().find(|runtime| runtime.language == language);
        let mut check = LockCheckRecord { lock: lock.path.clone(), ..LockCheckRecord::default() };
        for pins in pins.iter().filter(|pins| !pins.all.is_empty()) {
            match runtime(pins.language) {
                Some(runtime) => self.compare(&mut check, pins, runtime),
                None => check.unread = Some(format!("no packages of {} were found to compare it with", pins.language)),
            }
        }
        self.locks.push(check);
    }

    fn compare(&mut self, check: &mut LockCheckRecord, pins: &Pins, runtime: &RuntimeRecord) {
        let mut by_name: BTreeMap<&str, Vec<&Pin>> = BTreeMap::new();
        for pin in &pins.all {
            by_name.entry(&pin.name).or_default().push(pin);
        }
        let r_itself = runtime.version.as_ref().filter(|_| runtime.language == "r");
        for (name, pins) in &by_name {
            let installed = runtime.packages.get(*name).or(if *name == renv::R { r_itself } else { None });
            let asked: Vec<&&Pin> = match installed {
                // A lock file that pins no version is content with any.
                Some(installed)
                    if pins.iter().any(|p| p.version.as_deref().is_none_or(|v| same(runtime, v, installed))) =>
                {
                    check.agree += u64::from(pins.iter().any(|pin| pin.version.is_some()));
                    continue;
                }
                Some(_) => pins.iter().filter(|pin| pin.wanted > Wanted::Elsewhere).collect(),
                None => pins.iter().filter(|pin| pin.wanted == Wanted::Surely).collect(),
            };
            if asked.is_empty() {
                continue;
            }
            *(if installed.is_some() { &mut check.differ } else { &mut check.missing }) += 1;
            let versions: BTreeSet<&str> = asked.iter().filter_map(|pin| pin.version.as_deref()).collect();
            if self.packages.len() < MOST_NAMED {
                self.packages.push(DriftRecord {
                    lock: check.lock.clone(),
                    package: short(name),
                    wanted: (!versions.is_empty())
                        .then(|| short(&versions.into_iter().collect::<Vec<_>>().join(" or "))),
                    installed: installed.cloned(),
                });
            }
        }
        let is_extra = |name: &&String| !by_name.contains_key(name.as_str());
        check.extra += runtime.packages.keys().filter(is_extra).count() as u64;
    }
}

/// Whether `installed` is what is `wanted`, in the way of the runtime's own tools.
fn same(runtime: &RuntimeRecord, wanted: &str, installed: &str) -> bool {
    match runtime.language.as_str() {
        "python" => is_wanted(wanted, installed),
        // R takes `1.0-2` and `1.0.2` for one version.
        "r" => wanted.replace('-', ".") == installed.replace('-', "."),
        _ => wanted == installed,
    }
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}
