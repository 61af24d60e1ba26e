//! The fields of a record that can be erased, by name. Each is something a person wrote or a machine told about itself; what
//! certificates rest on (metrics, digests) and names of files cannot be erased from a record.
//!
//! | name | what it is | left in the copy |
//! |---|---|---|
//! | `notes`, `argv`, `cwd` | what was written about it, the training command and its folder | nothing |
//! | `params.KEY`, `seeds.NAME` | a value; a seed that is a parameter is one with it | the key, its value erased |
//! | `data.NAME.path` | where data lay, and its `.dvc` file; in the observation too | an empty path |
//! | `data.NAME.profile` | the profile of data: its categories and figures | its name and the data's digest |
//! | `environment.variables.NAME`, `environment.origins.PACKAGE` | a variable, where a package came from | nothing |
//! | `environment.image` | the container image | nothing |
//! | `observation.found.FILE` | what a file of the model says of itself | its name, format and digest |
//! | `observation.branch`, `.remote`, `.interpreter`, `.host`, `.paths.NAME`, `.execution.folder` | what surrounded it | nothing |

use crate::format::found::FoundFileRecord;
use crate::format::observation::ObservationRecord;
use crate::format::profile::ProfileRecord;
use crate::format::scalar::Scalar;
use crate::format::snapshot::{DataRecord, SeedRecord, SeedSource, SnapshotRecord};
use crate::name::SetName;

/// The forms of names, for messages.
pub const FORMS: [&str; 17] = [
    "notes",
    "argv",
    "cwd",
    "params.KEY",
    "seeds.NAME",
    "data.NAME.path",
    "data.NAME.profile",
    "environment.variables.NAME",
    "environment.origins.PACKAGE",
    "environment.image",
    "observation.branch",
    "observation.remote",
    "observation.interpreter",
    "observation.host",
    "observation.paths.NAME",
    "observation.execution.folder",
    "observation.found.FILE",
];

/// Every field of a version that could be erased: name and value.
pub fn fields(record: &SnapshotRecord, observation: &ObservationRecord) -> Vec<(String, Scalar)> {
    let text = |text: &String| Scalar::Text(text.clone());
    let mut all: Vec<(String, Scalar)> = Vec::new();
    all.extend(record.notes.as_ref().map(|notes| ("notes".to_owned(), text(notes))));
    let argv = record.argv.as_ref().map(|argv| Scalar::List(argv.iter().map(text).collect()));
    all.extend(argv.map(|argv| ("argv".to_owned(), argv)));
    all.extend(record.cwd.as_ref().map(|cwd| ("cwd".to_owned(), text(cwd))));
    all.extend(record.params.iter().map(|(key, value)| (format!("params.{key}"), value.clone())));
    all.extend(record.seeds.iter().map(|seed| (format!("seeds.{}", seed.name), seed.value.clone())));
    all.extend(record.data.iter().map(|data| (format!("data.{}.path", data.name), text(&data.path))));
    // A profile is a record of its own: its id stands for it.
    let profiles = observation.profiles.iter().filter_map(|(name, profile)| Some((name, profile.id?)));
    all.extend(profiles.map(|(name, id)| (profile_of(name), Scalar::Text(id.to_string()))));
    let environment = &record.environment;
    all.extend(environment.variables.iter().map(|(name, v)| (format!("environment.variables.{name}"), text(v))));
    let origins = environment.runtimes.iter().flat_map(|runtime| &runtime.origins);
    all.extend(origins.map(|(package, origin)| (format!("environment.origins.{package}"), text(origin))));
    all.extend(environment.image.as_ref().map(|image| ("environment.image".to_owned(), text(image))));
    let single = [
        ("branch", &observation.branch),
        ("remote", &observation.remote),
        ("interpreter", &observation.interpreter),
        ("host", &observation.machine.host),
    ];
    all.extend(single.into_iter().filter_map(|(name, v)| Some((format!("observation.{name}"), text(v.as_ref()?)))));
    all.extend(observation.paths.iter().map(|(name, path)| (format!("observation.paths.{name}"), text(path))));
    let folder = observation.execution.as_ref().and_then(|run| run.folder.as_ref());
    all.extend(folder.map(|folder| ("observation.execution.folder".to_owned(), text(folder))));
    let files = observation.found.iter().flat_map(|found| &found.files);
    all.extend(files.filter_map(|file| Some((format!("observation.found.{}", file.path), said(file)?))));
    all.retain(|(_, value)| !matches!(value, Scalar::Erased) && *value != Scalar::Text(String::new()));
    all
}

/// What a file says of itself, as one list; none if that is nothing.
fn said(file: &FoundFileRecord) -> Option<Scalar> {
    let text = |text: &String| Scalar::Text(text.clone());
    let values = file.params.iter().chain(&file.state).chain(&file.seeds);
    let mut all: Vec<Scalar> = values.flat_map(|(name, value)| [text(name), value.clone()]).collect();
    all.extend(file.class.iter().chain(&file.findings).map(text));
    all.extend(file.imports.iter().flat_map(|import| [text(&import.module), text(&import.name)]));
    (!all.is_empty()).then_some(Scalar::List(all))
}

/// Erases it.
fn erase_said(file: &mut FoundFileRecord) -> bool {
    let left = FoundFileRecord {
        path: file.path.clone(),
        sha256: file.sha256,
        format: file.format.clone(),
        danger: file.danger,
        ..FoundFileRecord::default()
    };
    let was_there = *file != left;
    *file = left;
    was_there
}

/// The name of the profile of some data.
pub fn profile_of(data: &SetName) -> String {
    format!("data.{data}.profile")
}

/// Whether a field is a profile.
pub fn is_profile(name: &str) -> bool {
    name.starts_with("data.") && name.ends_with(".profile")
}

/// Erases what a profile tells of its data.
pub fn erase_profile(profile: &mut ProfileRecord) {
    (profile.logical, profile.rows) = (None, 0);
    profile.columns.clear();
    profile.redactions.clear();
}

/// Erases a field from the record of a version; whether it was in it.
pub fn erase(record: &mut SnapshotRecord, name: &str) -> bool {
    let before = record.clone();
    match name {
        "notes" => record.notes = None,
        "argv" => record.argv = None,
        "environment.image" => record.environment.image = None,
        "cwd" => record.cwd = None,
        _ => {
            if let Some(key) = name.strip_prefix("params.") {
                erase_param(record, key);
            } else if let Some(seed) = name.strip_prefix("seeds.") {
                let is_param = |s: &SeedRecord| s.name == seed && s.source == SeedSource::Parameters;
                if record.seeds.iter().any(is_param) {
                    erase_param(record, seed);
                }
                record.seeds.iter_mut().filter(|s| s.name == seed).for_each(|s| s.value = Scalar::Erased);
            } else if let Some(data) = name.strip_prefix("data.").and_then(|rest| rest.strip_suffix(".path")) {
                record.data.iter_mut().filter(|d| d.name.as_str() == data).for_each(erase_path);
            } else if let Some(variable) = name.strip_prefix("environment.variables.") {
                record.environment.variables.remove(variable);
            } else if let Some(package) = name.strip_prefix("environment.origins.") {
                record.environment.runtimes.iter_mut().for_each(|r| drop(r.origins.remove(package)));
            }
        }
    }
    *record != before
}

/// The `.dvc` file lies where the data does.
fn erase_path(data: &mut DataRecord) {
    data.path.clear();
    if let Some(dvc) = data.declared.as_mut().and_then(|declared| declared.dvc.as_mut()) {
        dvc.clear();
    }
}

/// A seed that was found among the parameters is the same value.
fn erase_param(record: &mut SnapshotRecord, key: &str) {
    if let Some(value) = record.params.get_mut(key) {
        *value = Scalar::Erased;
    }
    let same = record.seeds.iter_mut().filter(|s| s.name == key && s.source == SeedSource::Parameters);
    same.for_each(|seed| seed.value = Scalar::Erased);
}

/// Erases a field from what surrounded a version; whether it was in it.
pub fn erase_observed(observation: &mut ObservationRecord, name: &str) -> bool {
    if let Some(data) = name.strip_suffix(".path").filter(|name| name.starts_with("data.")) {
        return observation.paths.remove(data).is_some();
    }
    if let Some(data) = name.strip_prefix("data.").and_then(|rest| rest.strip_suffix(".profile")) {
        let profile = observation.profiles.iter_mut().find(|(name, _)| name.as_str() == data);
        let gone = profile.and_then(|(_, profile)| {
            profile.logical = None;
            profile.id.take()
        });
        return gone.is_some();
    }
    match name.strip_prefix("observation.") {
        Some("branch") => observation.branch.take().is_some(),
        Some("remote") => observation.remote.take().is_some(),
        Some("interpreter") => observation.interpreter.take().is_some(),
        Some("host") => observation.machine.host.take().is_some(),
        Some("execution.folder") => observation.execution.as_mut().is_some_and(|run| run.folder.take().is_some()),
        Some(other) => match (other.strip_prefix("paths."), other.strip_prefix("found.")) {
            (Some(path), _) => observation.paths.remove(path).is_some(),
            (None, Some(path)) => {
                let mut files = observation.found.iter_mut().flat_map(|found| &mut found.files);
                files.find(|file| file.path == path).is_some_and(erase_said)
            }
            (None, None) => false,
        },
        None => false,
    }
}
