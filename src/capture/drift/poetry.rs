//! `poetry.lock` and `pdm.lock`: a list of packages, each with its groups and the marker under which it is wanted.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use toml::{Table, Value};

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::{MarkerEnvironment, Truth};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    /// pdm's: with `inherit_metadata` the packages have groups and markers of their own.
    #[serde(default)]
    strategy: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    #[serde(default)]
    optional: bool,
    groups: Option<Vec<String>>,
    /// Poetry before 1.5.
    category: Option<String>,
    /// Poetry 2: one marker, or one for each group.
    markers: Option<Value>,
    /// pdm's.
    marker: Option<String>,
    source: Option<Table>,
    /// Poetry's is a table of names, pdm's a list of requirements.
    dependencies: Option<Value>,
}

impl Package {
    /// A folder, a commit or a file: its version says nothing of what is in it.
    fn pinned_version(&self) -> Option<String> {
        let kind = self.source.as_ref().and_then(|source| source.get("type")).and_then(Value::as_str);
        self.version.clone().filter(|_| !matches!(kind, Some("directory" | "git" | "url" | "file")))
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.as_ref().is_some_and(|groups| groups.iter().any(|known| known == group))
    }
}

fn parse(text: &str) -> Result<Lock, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

pub(super) fn read(text: &str, _: &str, markers: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let lock = parse(text)?;
    let conditional = conditional(&lock.package, markers);
    let pin = |package: &Package| {
        let holds = match &package.markers {
            None => Truth::True,
            Some(Value::String(marker)) => markers.holds(marker),
            // A group that is not named has none.
            Some(Value::Table(by_group)) => match by_group.get("main").and_then(Value::as_str) {
                Some(marker) => markers.holds(marker),
                None if package.is_in("main") => Truth::True,
                None => Truth::Unknown,
            },
            Some(_) => Truth::Unknown,
        };
        let is_main = package.is_in("main") || package.category.as_deref() == Some("main");
        let wanted = match holds {
            Truth::True if conditional.contains(package.name.as_str()) => Wanted::Elsewhere,
            // Before Poetry 2 a marker of the project itself is not in the lock file.
            Truth::True if is_main && !package.optional && package.groups.is_some() => Wanted::Surely,
            Truth::True => Wanted::Perhaps,
            Truth::False | Truth::Unknown => Wanted::Elsewhere,
        };
        Pin { name: package.name.clone(), version: package.pinned_version(), wanted }
    };
    Ok(Pins::of_python(lock.package.iter().map(pin).collect()))
}

/// Packages of a lock file before Poetry 2 that others depend on, but none of them here.
fn conditional<'a>(packages: &'a [Package], markers: &MarkerEnvironment) -> HashSet<&'a str> {
    if packages.iter().any(|package| package.groups.is_some()) {
        return HashSet::new();
    }
    let mut holds: HashMap<&str, bool> = HashMap::new();
    for (name, wanted) in packages.iter().filter_map(|p| p.dependencies.as_ref()?.as_table()).flatten() {
        let any = match wanted {
            Value::Array(several) => several.iter().any(|one| dependency_holds(one, markers)),
            one => dependency_holds(one, markers),
        };
        *holds.entry(name).or_default() |= any;
    }
    holds.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name).collect()
}

fn dependency_holds(wanted: &Value, markers: &MarkerEnvironment) -> bool {
    let table = wanted.as_table();
    let is_optional = table.and_then(|t| t.get("optional")).and_then(Value::as_bool).unwrap_or(false);
    let marker = table.and_then(|table| table.get("markers")).and_then(Value::as_str);
    !is_optional && marker.is_none_or(|marker| markers.holds(marker) == Truth::True)
}

pub(super) fn read_pdm(text: &str, _: &str, markers: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let lock = parse(text)?;
    let tells = lock.metadata.strategy.iter().any(|word| word == "inherit_metadata");
    let pin = |package: &Package| {
        let wanted = match package.marker.as_ref().map_or(Truth::True, |marker| markers.holds(marker)) {
            Truth::True if tells && package.is_in("default") => Wanted::Surely,
            Truth::True => Wanted::Perhaps,
            Truth::False | Truth::Unknown => Wanted::Elsewhere,
        };
        Pin { name: package.name.clone(), version: package.pinned_version(), wanted }
    };
    Ok(Pins::of_python(lock.package.iter().map(pin).collect()))
}
