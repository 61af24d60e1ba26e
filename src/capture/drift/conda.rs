//! `conda-lock.yml` (version 1): `package` lists name, version, manager and platform; those of pip are Python's.

use std::collections::BTreeMap;

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::MarkerEnvironment;
use crate::capture::python::normalised;
use crate::capture::values::{self, Syntax};
use crate::format::scalar::Scalar;

pub(super) fn read(text: &str, _: &str, here: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let values = values::parse(Syntax::Yaml, text.as_bytes()).map_err(|error| error.to_string())?;
    let Some(platform) = platform(here) else { return Err("conda has no name for this platform".to_owned()) };
    // `package.12.name`: the fields of one package have its number.
    let mut packages: BTreeMap<&str, BTreeMap<&str, &Scalar>> = BTreeMap::new();
    for (key, value) in &values {
        if let Some((number, field)) = key.strip_prefix("package.").and_then(|rest| rest.split_once('.')) {
            packages.entry(number).or_default().insert(field, value);
        }
    }
    let (mut conda, mut pip) = (Vec::new(), Vec::new());
    let mut is_for_here = packages.is_empty();
    for package in packages.values() {
        let text = |field: &str| package.get(field).map(|value| value.to_string());
        if text("platform").as_deref() != Some(platform) {
            continue;
        }
        is_for_here = true;
        let is_main = text("category").is_none_or(|category| category == "main");
        let is_optional = matches!(package.get("optional"), Some(Scalar::Bool(true)));
        let wanted = if is_main && !is_optional { Wanted::Surely } else { Wanted::Perhaps };
        let Some(name) = text("name") else { continue };
        let version = text("version");
        if text("manager").as_deref() == Some("pip") {
            pip.push(Pin { name: normalised(&name), version, wanted });
        } else {
            conda.push(Pin { name, version, wanted });
        }
    }
    if !is_for_here {
        return Err(format!("it is not for {platform}"));
    }
    Ok(vec![Pins { language: "conda", all: conda }, Pins { language: "python", all: pip }])
}

fn platform(here: &MarkerEnvironment) -> Option<&'static str> {
    match (here.system, here.architecture) {
        ("linux", "x86_64") => Some("linux-64"),
        ("linux", "aarch64") => Some("linux-aarch64"),
        ("linux", "powerpc64") => Some("linux-ppc64le"),
        ("macos", "x86_64") => Some("osx-64"),
        ("macos", "aarch64") => Some("osx-arm64"),
        ("windows", "x86_64") => Some("win-64"),
        _ => None,
    }
}
