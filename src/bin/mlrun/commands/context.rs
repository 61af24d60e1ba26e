//! What every command needs: where it runs, how to open the project, how to show the answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mlrun::capture::files::lexically_clean;
use mlrun::clock::SystemClock;
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::repository::{OpenOptions, Repository};

use crate::failure::Failure;
use crate::global::Global;
use crate::ui::{Answer, Shown, Style, Ui};

/// What every command needs.
pub struct Context<'a> {
    /// How to report and show.
    pub ui: &'a Ui,
    /// The folder commands run in; paths as typed are relative to it.
    pub folder: PathBuf,
    /// The flags every verb takes.
    pub global: &'a Global,
}

impl Context<'_> {
    /// Where to look for the project.
    pub fn open_options(&self) -> OpenOptions {
        OpenOptions {
            start: self.folder.clone(),
            store: self.global.store.as_ref().map(|s| self.folder.join(s)),
            clock: Arc::new(SystemClock),
        }
    }

    /// The project.
    pub fn repository(&self) -> Result<Repository, Failure> {
        Ok(Repository::open(&self.open_options())?)
    }

    /// Nothing given by hand, seen from this folder.
    pub fn nothing_given(&self) -> GivenInputs {
        GivenInputs { folder: self.folder.clone(), ..GivenInputs::default() }
    }

    /// A path as typed.
    pub fn path(&self, typed: &Path) -> PathBuf {
        lexically_clean(&self.folder.join(typed))
    }

    /// The answer, for a program or for a person.
    pub fn shown<J: Answer>(&self, exit: u8, json: impl FnOnce() -> J, human: impl FnOnce(&Style) -> String) -> Shown {
        let answer = if self.ui.wants_json() { json().line() } else { self.ui.fitted(human(self.ui.style())) };
        Shown { answer, exit, ..Shown::default() }
    }

    /// How a command was carried out.
    pub fn notes(&self, took: Duration) -> Vec<String> {
        let mut notes = vec![format!("took {} ms", took.as_millis())];
        if let Ok(repository) = self.repository() {
            let project = repository.project().map_or_else(|| "none".to_owned(), |p| p.display().to_string());
            notes.push(format!("project {project}"));
            notes.push(format!(
                "store {}, history {}",
                repository.store_path().display(),
                repository.store().repository()
            ));
        }
        notes
    }
}
