//! The Python that is looked at, and the software that a command finds first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::capture::CaptureOptions;
use crate::capture::python::{self, Asked};
use crate::format::observation::PYTHON;
use crate::host;
use crate::ops::records;
use crate::registry::State;
use crate::repository::Repository;

/// A virtual or other environment that a command is to find first.
pub(in crate::ops) type Prefix = PathBuf;

/// The environment of the interpreter that is asked for, where a command that runs in `folder` would not find it by itself.
pub(in crate::ops) fn hidden(project: &Path, asked: Asked<'_>, folder: &Path) -> Option<Prefix> {
    let chosen = python::choose(project, asked, &host::variable).ok()?;
    let path_only = |name: &str| host::variable(name).filter(|_| name == "PATH");
    let first = python::choose(folder, Asked::default(), &path_only).ok();
    first.is_none_or(|first| first.prefix != chosen.prefix).then_some(chosen.prefix)
}

/// Tells a capture with which environment the newest version was made, if that was in this project and the environment is still there.
/// A command that was run says itself what it ran with.
pub(in crate::ops) fn tell(repository: &Repository, options: &mut CaptureOptions) {
    if options.python.is_some() || options.argv.is_some() {
        return;
    }
    let state = repository.registry().state(&options.model).ok().flatten();
    let latest = state.as_ref().and_then(State::latest);
    let before = latest.and_then(|row| records::observation(repository, row.observation).ok());
    options.python_before = before.and_then(|before| {
        let path = |name: &str| before.paths.get(name).map(PathBuf::from);
        path(PYTHON).filter(|prefix| prefix.is_absolute() && path("project").as_ref() == Some(&options.project))
    });
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
