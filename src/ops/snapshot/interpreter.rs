//! The software that a command finds first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::capture::python::{self, Asked};
use crate::host;

/// A virtual or other environment that a command is to find first.
pub(in crate::ops) type Prefix = PathBuf;

/// The environment of the interpreter that is asked for, where a command that runs in `folder` would not find it by itself.
pub(in crate::ops) fn hidden(project: &Path, asked: Asked<'_>, folder: &Path) -> Option<Prefix> {
    let chosen = python::choose(project, asked, &host::variable).ok()?;
    let path_only = |name: &str| host::variable(name).filter(|_| name == "PATH");
    let first = python::choose(folder, Asked::default(), &path_only).ok();
    first.is_none_or(|first| first.prefix != chosen.prefix).then_some(chosen.prefix)
}

/// The variables that make an environment the first one a command finds.
pub(in crate::ops) fn activated(prefix: &Path) -> Vec<(String, OsString)> {
    let programs = prefix.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let before = host::variable("PATH").unwrap_or_default();
    let all = std::iter::once(programs).chain(std::env::split_paths(&before));
    let mut variables = Vec::new();
    if let Ok(path) = std::env::join_paths(all) {
        variables.push(("PATH".to_owned(), path));
    }
    if prefix.join("pyvenv.cfg").is_file() {
        variables.push(("VIRTUAL_ENV".to_owned(), prefix.into()));
    }
    variables
}
