//! Rust: the crates that cargo builds, which are those of `Cargo.lock`, and the compiler, without starting either.
//!
//! Sources: the Cargo book ("Cargo.toml vs Cargo.lock"), the rustup book ("The toolchain file").

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::format::snapshot::RuntimeRecord;

use crate::bounded;

const LOCK_LIMIT: u64 = 16 << 20;
const SMALL_LIMIT: u64 = 256 << 10;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
}

#[derive(Deserialize)]
struct ToolchainFile {
    toolchain: Toolchain,
}

#[derive(Deserialize)]
struct Toolchain {
    channel: Option<String>,
}

/// What is known of a Rust project; none if there is no `Cargo.toml`. Origins are not redacted yet.
///
/// # Errors
/// A `Cargo.lock` that is missing or cannot be read, in words.
pub(super) fn find(project: &Path) -> Option<Result<RuntimeRecord, String>> {
    project.join("Cargo.toml").is_file().then(|| {
        let text = text(&project.join("Cargo.lock"), LOCK_LIMIT).map_err(|error| format!("Cargo.lock: {error}"))?;
        let lock: Lock = toml::from_str(&text).map_err(|error| format!("Cargo.lock: {}", error.message()))?;
        let mut packages: BTreeMap<String, String> = BTreeMap::new();
        let mut origins = BTreeMap::new();
        for package in lock.package {
            let version = packages.entry(package.name.clone()).or_default();
            // Several versions of a crate may be built into one program.
            *version = if version.is_empty() { package.version } else { format!("{version}, {}", package.version) };
            let source = package.source.filter(|source| source.starts_with("git+"));
            origins.extend(source.map(|source| (package.name, super::secrets::strip_userinfo(&source))));
        }
        Ok(RuntimeRecord { language: "rust".to_owned(), version: compiler(project), packages, origins })
    })
}

/// The compiler that cargo last used here, or the toolchain that the project asks for.
fn compiler(project: &Path) -> Option<String> {
    let used = || {
        let told = text(&project.join("target/.rustc_info.json"), SMALL_LIMIT).ok()?;
        let version = told.split("rustc ").skip(1).find(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?;
        let end = version.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))?;
        Some(version[..end].to_owned())
    };
    let asked = || {
        let modern = text(&project.join("rust-toolchain.toml"), SMALL_LIMIT);
        let written = modern.or_else(|_| text(&project.join("rust-toolchain"), SMALL_LIMIT)).ok()?;
        match toml::from_str::<ToolchainFile>(&written) {
            Ok(file) => file.toolchain.channel,
            Err(_) => Some(written.trim().to_owned()).filter(|name| !name.is_empty() && name.lines().count() == 1),
        }
    };
    used().or_else(asked)
}

fn text(path: &Path, limit: u64) -> std::io::Result<String> {
    Ok(String::from_utf8_lossy(&bounded::read(path, limit)?).into_owned())
}
