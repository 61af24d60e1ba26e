//! What models run in, as facts that compare one by one.

use std::collections::BTreeMap;

use crate::format::snapshot::EnvironmentRecord;

/// Runtimes, packages, lock files, variables by name.
pub(super) fn environment_facts(environment: &EnvironmentRecord) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    for runtime in &environment.runtimes {
        let version = runtime.version.clone().unwrap_or_else(|| "unknown".to_owned());
        facts.insert(runtime.language.clone(), version);
        for (name, version) in &runtime.packages {
            let origin = runtime.origins.get(name).map_or_else(String::new, |o| format!(" ({o})"));
            facts.insert(format!("{}:{name}", runtime.language), format!("{version}{origin}"));
        }
    }
    for lock in &environment.locks {
        facts.insert(format!("lock:{}", lock.path), lock.sha256.to_string());
    }
    facts.extend(environment.image.iter().map(|image| ("image".to_owned(), image.clone())));
    for (name, value) in &environment.variables {
        facts.insert(format!("variable:{name}"), value.clone());
    }
    facts
}
