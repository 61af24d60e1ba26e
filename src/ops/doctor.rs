//! `doctor`: git, store, permissions, journals, clock, space and other programs of the same name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::capture::CaptureError;
use crate::capture::git::Git;
use crate::format::store::Access;
use crate::host;
use crate::process;
use crate::repository::{OpenOptions, Repository, RepositoryError};
use crate::store::access::Exposed;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but look at it.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: `git`, `store` …
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// In words.
    pub text: String,
    /// What would make it better.
    pub cure: Option<String>,
}

/// Less free space than this is worth a word: 1 GiB.
const LITTLE_SPACE: u64 = 1 << 30;
/// Files with a wrong mode are counted up to here.
const MANY: usize = 1000;
/// With less than this nothing can be recorded: 1 MiB.
const NO_SPACE: u64 = 1 << 20;

/// Clocks of machines that share a store may differ by this much.
const SKEW: Duration = Duration::from_secs(60);

/// Looks at everything; a project that cannot be opened is a finding, not an error.
pub fn doctor(options: &OpenOptions, program: Option<&Path>) -> Vec<Finding> {
    let mut findings = vec![git(&options.start)];
    match Repository::open(options) {
        Ok(repository) => {
            findings.extend(store(&repository));
            findings.extend(journals(&repository));
        }
        Err(error) => findings.push(Finding {
            what: "store",
            health: Health::Bad,
            text: super::chain(&error),
            cure: no_store(&error),
        }),
    }
    findings.push(other_programs(program));
    findings
}

fn git(start: &Path) -> Finding {
    let good = |text: String| Finding { what: "git", health: Health::Good, text, cure: None };
    let version = process::run("git", ["--version"], start, &[], 1 << 10);
    let Ok(version) = version else {
        return Finding {
            what: "git",
            health: Health::Warning,
            text: "there is no `git` program; code is captured as plain files".to_owned(),
            cure: Some("install git".to_owned()),
        };
    };
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    match Git::find(start) {
        Ok(Some(git)) => good(format!("{version}; repository {}", git.root.display())),
        Ok(None) => good(format!("{version}; this folder is in no repository")),
        Err(error) => Finding {
            what: "git",
            health: Health::Bad,
            text: error.to_string(),
            cure: Some(match &error {
                CaptureError::GitRefused { cure: Some(cure), .. } => format!("if you trust it: {cure}"),
                _ => "do what git says".to_owned(),
            }),
        },
    }
}

fn store(repository: &Repository) -> Vec<Finding> {
    let place = repository.store_path().display().to_string();
    let backend = repository.store().backend();
    let writable = backend.stage();
    let mut findings = vec![match writable {
        Ok(_) => Finding {
            what: "store",
            health: Health::Good,
            text: format!("{place}; history {}", repository.store().repository()),
            cure: None,
        },
        Err(error) => Finding {
            what: "store",
            health: Health::Warning,
            text: format!("{place} can be read, not written ({})", super::chain(&error)),
            cure: Some("reading works; to write, change its permissions".to_owned()),
        },
    }];
    findings.extend(repository.store().access().map(|access| permissions(backend.exposed(access, MANY), access)));
    if let Some(free) = backend.free() {
        let health = match free {
            0..NO_SPACE => Health::Bad,
            NO_SPACE..LITTLE_SPACE => Health::Warning,
            _ => Health::Good,
        };
        findings.push(Finding {
            what: "space",
            health,
            text: format!("{:.1} GiB free for the store", free as f64 / (1_u64 << 30) as f64),
            cure: (health != Health::Good).then(|| "make room on that disk".to_owned()),
        });
    }
    findings
}

/// Whether a store is open to those it was made for, and to nobody else.
fn permissions(exposed: Vec<Exposed>, access: Access) -> Finding {
    let whom = match access {
        Access::Group => "the group of its folder",
        Access::Private => "its owner alone",
    };
    let Some(first) = exposed.first() else {
        let text = format!("the store is for {whom}, and so is everything in it");
        return Finding { what: "permissions", health: Health::Good, text, cure: None };
    };
    let number = if exposed.len() < MANY { exposed.len().to_string() } else { format!("{MANY} or more") };
    let wrong = match (first.foreign, first.found == first.expected) {
        (true, true) => "belongs to another group".to_owned(),
        _ => format!("has mode {:04o}, not {:04o}", first.found, first.expected),
    };
    let path = first.path.display();
    Finding {
        what: "permissions",
        health: Health::Bad,
        text: format!("the store is for {whom}; of what is in it, {number} are otherwise: `{path}` {wrong}"),
        cure: Some(match first.foreign {
            true => format!("`chgrp` gives it the group of the store's folder: `{path}`"),
            false => format!("`chmod {:04o} {path}`", first.expected),
        }),
    }
}

/// What helps where there is no store to open.
fn no_store(error: &RepositoryError) -> Option<String> {
    let cure = match error {
        RepositoryError::NoProject { .. } | RepositoryError::NotInitialised { .. } => {
            "`mlrun init` makes a store; `-R STORE` names one that is elsewhere"
        }
        RepositoryError::ForeignHistory { .. } => "`-R STORE` names the store that holds it",
        RepositoryError::Config(_) => "correct that file; until then nothing is read or written",
        _ => return None,
    };
    Some(cure.to_owned())
}

/// The journals, and this machine's clock against them.
fn journals(repository: &Repository) -> Vec<Finding> {
    let registry = repository.registry();
    let now = registry.now();
    let damaged = |error: &dyn std::error::Error| Finding {
        what: "journal",
        health: Health::Bad,
        text: super::chain(error),
        cure: Some("`mlrun verify --journal` names every event that is not as it was written".to_owned()),
    };
    let models = match registry.models() {
        Ok(models) => models,
        Err(error) => return vec![damaged(&error)],
    };
    let mut findings = Vec::new();
    let mut clock = Finding { what: "clock", health: Health::Good, text: now.for_people(), cure: None };
    for model in models {
        match registry.state(&model) {
            Err(error) => findings.push(damaged(&error)),
            Ok(state) => {
                let (name, newest) = state.map_or((None, None), |state| (Some(state.model.clone()), state.time()));
                let model = name.unwrap_or(model);
                if let Some(newest) = newest.filter(|newest| newest.since(now) > SKEW) {
                    clock.health = Health::Warning;
                    clock.text = format!(
                        "it is {} here, but the newest event of `{model}` is of {}",
                        now.for_people(),
                        newest.for_people()
                    );
                    let cure = "if this machine's clock is wrong, set it; if another one's was: `mlrun doctor --clock --reason …` \
                                disowns that time, which new events get until then";
                    clock.cure = Some(cure.to_owned());
                }
            }
        }
    }
    findings.push(clock);
    findings
}

/// Another project installs a program of the same name.
fn other_programs(program: Option<&Path>) -> Finding {
    let own = program.and_then(|p| p.canonicalize().ok());
    let path = host::variable("PATH").unwrap_or_default();
    let first = std::env::split_paths(&path).map(|folder| folder.join("mlrun")).find(|p| p.is_file());
    let real: Option<PathBuf> = first.as_ref().and_then(|p| p.canonicalize().ok());
    match (first, real) {
        (Some(first), real) if real != own => Finding {
            what: "PATH",
            health: Health::Warning,
            text: format!("`mlrun` on PATH is {}, not this program", first.display()),
            cure: Some("put this program's folder first, or call it by its path".to_owned()),
        },
        (Some(first), _) => Finding {
            what: "PATH",
            health: Health::Good,
            text: format!("{} is this program", first.display()),
            cure: None,
        },
        (None, _) => Finding {
            what: "PATH",
            health: Health::Good,
            text: "no program of this name is on PATH; this one was called by its path".to_owned(),
            cure: None,
        },
    }
}
