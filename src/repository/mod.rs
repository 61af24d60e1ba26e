//! A project, its configuration and its store, opened together. Hands them out; knows no verb.

pub mod config;
mod error;
mod hooks;
mod location;
mod predict;
mod stages;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::config::Config;
pub use self::error::{ConfigError, RepositoryError};
pub use self::location::{CONFIG, LOCAL_CONFIG, default_store, find_project, is_in_git};

use crate::clock::Clock;
use crate::format::config::{ModelFile, StageFile};
use crate::format::policy::PredictRecord;
use crate::name::{ModelName, StageName};
use crate::registry::Registry;
use crate::store::disk::Disk;
use crate::store::{Backend, Store, StoreError};

/// Where to look.
#[derive(Clone)]
pub struct OpenOptions {
    /// The folder to begin in.
    pub start: PathBuf,
    /// A store named outright: then no configuration is needed.
    pub store: Option<PathBuf>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// An open project.
pub struct Repository {
    project: Option<PathBuf>,
    config: Option<Config>,
    store_path: PathBuf,
    store: Store,
    registry: Registry,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("store", &self.store_path).finish_non_exhaustive()
    }
}

impl Repository {
    /// Opens the project around `options.start`, or the store named.
    pub fn open(options: &OpenOptions) -> Result<Self, RepositoryError> {
        Self::open_in(options, |store| Arc::new(Disk::new(store.to_owned())))
    }

    /// The same, with the store that lies at a path kept in the backend that `at` gives for it.
    pub fn open_in(options: &OpenOptions, at: impl FnOnce(&Path) -> Arc<dyn Backend>) -> Result<Self, RepositoryError> {
        let project = find_project(&options.start);
        let read = project.as_deref().map(Config::read).transpose();
        // A store named outright needs no configuration: one that cannot be read, or is another history's, is passed over.
        let config = if options.store.is_some() { read.unwrap_or(None) } else { read? };
        let store_path = match &options.store {
            Some(store) => store.clone(),
            None => {
                let from = project.as_deref().unwrap_or(&options.start);
                location::find_store(from, project.is_some())?
                    .ok_or_else(|| RepositoryError::NoProject { start: options.start.clone() })?
            }
        };
        let backend = at(&store_path);
        let wanted = config.as_ref().and_then(|c| c.file.repository.clone());
        let store = match (Store::open(Arc::clone(&backend)), &project) {
            (Err(StoreError::NotAStore { .. }), Some(project)) if options.store.is_none() => {
                return Err(match wanted {
                    Some(wanted) => RepositoryError::ForeignHistory {
                        project: project.clone(),
                        wanted,
                        store: store_path,
                        found: None,
                    },
                    None => RepositoryError::NotInitialised { project: project.clone() },
                });
            }
            (other, _) => other?,
        };
        if let (Some(wanted), Some(project)) = (wanted, &project)
            && wanted != store.repository()
        {
            if options.store.is_some() {
                let registry = Registry::new(backend, store.repository().to_owned(), Arc::clone(&options.clock));
                let clock = Arc::clone(&options.clock);
                return Ok(Self { project: None, config: None, store_path, store, registry, clock });
            }
            let found = Some(store.repository().to_owned());
            return Err(RepositoryError::ForeignHistory { project: project.clone(), wanted, store: store_path, found });
        }
        let registry = Registry::new(backend, store.repository().to_owned(), Arc::clone(&options.clock));
        Ok(Self { project, config, store_path, store, registry, clock: Arc::clone(&options.clock) })
    }

    /// The folder of `mlrun.toml`, if there is one.
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// What `mlrun.toml` says, if there is one.
    pub const fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// The section about a model in `mlrun.toml`: the one called as the model is, else one with a name it had.
    pub fn section(&self, model: &ModelName) -> Option<&ModelFile> {
        self.config.as_ref()?.model(&self.called(model))
    }

    /// What `stage` asks of `model`; none if the configuration declares no such stage.
    pub fn stage(&self, model: &ModelName, stage: &StageName) -> Option<StageFile> {
        self.config.as_ref()?.stage(&self.called(model), stage)
    }

    /// Every stage declared for any model, or for `model`.
    pub fn stages(&self, model: &ModelName) -> Vec<StageName> {
        self.config.as_ref().map_or_else(Vec::new, |config| config.stages(&self.called(model)))
    }

    /// Who has which role for `model`; nobody has one where there is no configuration.
    pub fn roles(&self, model: &ModelName) -> BTreeMap<String, Vec<String>> {
        self.config.as_ref().map_or_else(BTreeMap::new, |config| config.roles(&self.called(model)))
    }

    /// The policy file that the configuration names for `model`.
    pub fn policy(&self, model: &ModelName) -> Option<&str> {
        self.config.as_ref()?.policy(&self.called(model))
    }

    /// How this program runs a model itself.
    pub fn predict(&self, model: &ModelName) -> Option<PredictRecord> {
        self.config.as_ref()?.predict(&self.called(model))
    }

    /// What `mlrun.toml` calls a model: people rename one thing at a time. One that no section names keeps the name it was born with, and
    /// so the sections of that name's prefixes: a rename is no way out of them.
    pub fn called(&self, model: &ModelName) -> ModelName {
        let Some(config) = &self.config else { return model.clone() };
        if config.model(model).is_some() {
            return model.clone();
        }
        let Ok(first) = self.registry.first_name(model) else { return model.clone() };
        let is_it = |name: &&ModelName| self.registry.first_name(name).is_ok_and(|other| other == first);
        config.file.model.named.keys().find(is_it).cloned().unwrap_or(first)
    }

    /// Where the store is.
    pub fn store_path(&self) -> &Path {
        &self.store_path
    }

    /// The store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The journals.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}
