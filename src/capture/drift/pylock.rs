//! `pylock.toml` and `pylock.NAME.toml` (PyPA "pylock.toml specification", PEP 751).

use serde::Deserialize;

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::{MarkerEnvironment, Truth};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    lock_version: String,
    #[serde(default)]
    environments: Vec<String>,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    directory: Option<toml::Table>,
}

pub(super) fn read(text: &str, _: &str, markers: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let lock: Lock = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if !lock.lock_version.starts_with("1.") {
        return Err(format!("version {} is not known here", lock.lock_version));
    }
    let any = |so_far: Truth, marker: &String| so_far.or(markers.holds(marker));
    if !lock.environments.is_empty() && lock.environments.iter().fold(Truth::False, any) == Truth::False {
        return Err("it is for other environments than this one".to_owned());
    }
    let pin = |package: Package| {
        let wanted = match package.marker.as_ref().map_or(Truth::True, |marker| markers.holds(marker)) {
            Truth::True => Wanted::Surely,
            Truth::False | Truth::Unknown => Wanted::Elsewhere,
        };
        let version = package.version.filter(|_| package.directory.is_none());
        Pin { name: package.name, version, wanted }
    };
    Ok(Pins::of_python(lock.packages.into_iter().map(pin).collect()))
}
