//! Julia: the packages it loads, which are those of the project's manifest, without starting it.
//!
//! Source: Pkg's documentation, "`Manifest.toml`" (formats 1.0 and 2.x; `Manifest-v1.11.toml` for one minor version).

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::format::snapshot::RuntimeRecord;

use super::secrets::strip_userinfo;
use crate::bounded;

const LIMIT: u64 = 16 << 20;
const PROJECTS: [&str; 2] = ["JuliaProject.toml", "Project.toml"];
const MANIFESTS: [&str; 2] = ["JuliaManifest.toml", "Manifest.toml"];

/// What is known of a Julia project; none if there is no project file with a manifest. Origins are not redacted yet.
///
/// # Errors
/// A manifest that cannot be read, in words.
pub(super) fn find(project: &Path) -> Option<Result<RuntimeRecord, String>> {
    PROJECTS.iter().find(|name| project.join(name).is_file())?;
    let name = MANIFESTS.into_iter().find(|name| project.join(name).is_file())?;
    let read = || {
        let bytes = bounded::read(&project.join(name), LIMIT).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        text.parse::<Table>().map_err(|error| error.message().to_owned())
    };
    Some(read().map(|manifest| runtime(&manifest)).map_err(|reason| format!("{name}: {reason}")))
}

fn runtime(manifest: &Table) -> RuntimeRecord {
    let (mut packages, mut origins) = (BTreeMap::new(), BTreeMap::new());
    // Format 1 has no `deps` around its packages.
    let all = manifest.get("deps").and_then(Value::as_table).unwrap_or(manifest);
    for (name, entries) in all {
        let entry = entries.as_array().and_then(|entries| entries.first()).and_then(Value::as_table);
        let field = |field: &str| entry?.get(field)?.as_str();
        // What comes with Julia has no version of its own.
        let Some(version) = field("version") else { continue };
        packages.insert(name.clone(), version.to_owned());
        let commit = field("git-tree-sha1").map_or_else(String::new, |tree| format!("@{tree}"));
        origins.extend(field("repo-url").map(|url| (name.clone(), format!("git {}{commit}", strip_userinfo(url)))));
    }
    let version = manifest.get("julia_version").and_then(Value::as_str).map(str::to_owned);
    RuntimeRecord { language: "julia".to_owned(), version, packages, origins }
}
