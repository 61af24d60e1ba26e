//! `snapshot --save`: what was given by hand becomes the model's section of the configuration.

use std::fs;
use std::path::{Path, PathBuf};

use super::inputs::{GivenInputs, is_pointer};
use crate::capture::files::lexically_clean;
use crate::format::config::DataStore;
use crate::name::ModelName;
use crate::ops::{UsageError, VerbError};
use crate::repository::{CONFIG, Repository};

/// The configuration as it was before [`save`].
#[derive(Debug)]
pub struct Before {
    path: PathBuf,
    text: String,
}

impl Before {
    /// Puts it back: what could not be captured is not worth a section.
    pub fn put_back(self) -> Result<(), VerbError> {
        let failed = |source| VerbError::Io { action: "write", path: self.path.clone(), source };
        crate::ops::init::write_whole(&self.path, &self.text).map_err(failed)
    }
}

/// Adds `[model.NAME]` to the configuration, which is code: so it is written before the snapshot is taken. A model that
/// has a section keeps it: that is an error.
pub fn save(repository: &Repository, model: &ModelName, given: &GivenInputs) -> Result<Before, VerbError> {
    let refuse = |reason: String| UsageError::Option { option: "save".to_owned(), reason };
    let Some(project) = repository.project() else {
        return Err(refuse(format!("there is no `{CONFIG}` to write to")).into());
    };
    if repository.section(model).is_some() {
        return Err(refuse(format!("`{model}` has a section in `{CONFIG}` already; edit it")).into());
    }
    let path = project.join(CONFIG);
    let failed = |action| {
        let path = path.clone();
        move |source| VerbError::Io { action, path, source }
    };
    let text = fs::read_to_string(&path).map_err(failed("read"))?;
    let section = section(model, given, project);
    let longer = format!("{}\n\n{section}", text.trim_end_matches('\n'));
    crate::ops::init::write_whole(&path, &longer).map_err(failed("write"))?;
    Ok(Before { path: path.clone(), text })
}

/// A path where `${` stands for itself.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

fn relative_path(typed: &str, given: &GivenInputs, project: &Path) -> String {
    let absolute = lexically_clean(&given.folder.join(typed));
    absolute.strip_prefix(project).unwrap_or(&absolute).display().to_string()
}

fn section(model: &ModelName, given: &GivenInputs, project: &Path) -> String {
    let relative = |typed: &String| -> toml::Value {
        let (path, rename) = typed.rsplit_once('=').map_or((typed.as_str(), None), |(path, new)| (path, Some(new)));
        let shown = relative_path(path, given, project);
        rename.map_or_else(|| shown.clone(), |new| format!("{shown}={new}")).into()
    };
    let lists = [
        ("files", &given.files),
        ("params", &given.params),
        ("metrics", &given.metrics),
        ("results", &given.results),
        ("code", &given.code),
    ];
    let mut table = toml::Table::new();
    for (key, paths) in lists.into_iter().filter(|(_, paths)| !paths.is_empty()) {
        table.insert(key.to_owned(), paths.iter().map(relative).collect::<Vec<_>>().into());
    }
    let mut data = toml::Table::new();
    for (name, place) in &given.data {
        let mut source = toml::Table::new();
        if place.contains("://") {
            source.insert("uri".to_owned(), literal(place).into());
        } else {
            let key = if is_pointer(place) { "dvc" } else { "path" };
            source.insert(key.to_owned(), literal(&relative_path(place, given, project)).into());
        }
        match given.data_store {
            Some(DataStore::Copy) => source.insert("store".to_owned(), "copy".into()),
            Some(DataStore::Hash) => source.insert("store".to_owned(), "hash".into()),
            _ => None,
        };
        data.insert(name.to_string(), source.into());
    }
    if !data.is_empty() {
        table.insert("data".to_owned(), data.into());
    }
    let mut models = toml::Table::new();
    models.insert(model.to_string(), table.into());
    let mut file = toml::Table::new();
    file.insert("model".to_owned(), models.into());
    file.to_string()
}
