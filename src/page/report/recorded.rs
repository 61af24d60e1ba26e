//! What a version's record holds by name, as words that stand beside those of other versions.

use std::collections::BTreeMap;

use crate::format::snapshot::{DataRecord, RuntimeRecord, SnapshotRecord};

/// Parameters.
pub(super) fn params(record: &SnapshotRecord) -> BTreeMap<String, String> {
    record.params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// SHA-256 of the training data.
pub(super) fn data(record: &SnapshotRecord) -> BTreeMap<String, String> {
    let digest = |data: &DataRecord| data.sha256.map_or_else(|| "not known".to_owned(), |digest| digest.to_string());
    record.data.iter().map(|data| (data.name.to_string(), digest(data))).collect()
}

/// Seeds, commit, command.
pub(super) fn code(record: &SnapshotRecord) -> BTreeMap<String, String> {
    let seeds = record.seeds.iter().map(|seed| (format!("seed {}", seed.name), seed.value.to_string()));
    let uncommitted = if record.code.dirty { "yes" } else { "no" };
    let mut all: BTreeMap<String, String> = seeds.collect();
    all.insert("uncommitted changes".to_owned(), uncommitted.to_owned());
    all.extend(record.code.commit.clone().map(|commit| ("commit".to_owned(), commit)));
    all.extend(record.argv.as_ref().map(|argv| ("command".to_owned(), argv.join(" "))));
    all
}

/// Runtimes and their packages.
pub(super) fn packages(record: &SnapshotRecord) -> BTreeMap<String, String> {
    let of_runtime = |runtime: &RuntimeRecord| {
        let own = (runtime.language.clone(), runtime.version.clone().unwrap_or_default());
        let packages = runtime.packages.iter();
        let packages = packages.map(|(name, version)| (format!("{}: {name}", runtime.language), version.clone()));
        [own].into_iter().chain(packages.collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    record.environment.runtimes.iter().flat_map(of_runtime).collect()
}
