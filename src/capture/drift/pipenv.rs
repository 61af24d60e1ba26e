//! `Pipfile.lock`: `default` is for everybody, every other section for who asks for it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::{MarkerEnvironment, Truth};

#[derive(Deserialize)]
struct Package {
    version: Option<String>,
    markers: Option<String>,
}

pub(super) fn read(text: &str, _: &str, markers: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let sections: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut pins = Vec::new();
    for (section, packages) in sections.into_iter().filter(|(section, _)| section != "_meta") {
        let packages: BTreeMap<String, Package> = serde_json::from_value(packages).map_err(|e| e.to_string())?;
        for (name, package) in packages {
            let wanted = match package.markers.as_ref().map_or(Truth::True, |marker| markers.holds(marker)) {
                Truth::True if section == "default" => Wanted::Surely,
                Truth::True => Wanted::Perhaps,
                Truth::False | Truth::Unknown => Wanted::Elsewhere,
            };
            let version = package.version.and_then(|version| Some(version.strip_prefix("==")?.to_owned()));
            pins.push(Pin { name, version, wanted });
        }
    }
    Ok(Pins::of_python(pins))
}
