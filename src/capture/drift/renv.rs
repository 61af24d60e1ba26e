//! `renv.lock`: the version of R, and those of its packages.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::MarkerEnvironment;

/// What R itself is called beside its packages; no package of one letter exists.
pub(super) const R: &str = "R";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lock {
    r: Option<Itself>,
    #[serde(default)]
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Itself {
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    version: Option<String>,
}

pub(super) fn read(text: &str, _: &str, _: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let lock: Lock = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let itself = lock.r.and_then(|itself| itself.version);
    let mut all: Vec<Pin> = lock
        .packages
        .into_iter()
        .map(|(name, package)| Pin { name, version: package.version, wanted: Wanted::Surely })
        .collect();
    all.extend(itself.map(|version| Pin { name: R.to_owned(), version: Some(version), wanted: Wanted::Perhaps }));
    Ok(vec![Pins { language: "r", all }])
}
