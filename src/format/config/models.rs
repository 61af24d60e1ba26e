//! The sections about models: `[model.NAME]` of one, `[model."PREFIX/*"]` of all whose names begin with the prefix.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{ModelFile, StageFile};
use crate::name::{ModelName, ModelPrefix, StageName};

/// Everything below `[model]`.
#[derive(Debug, Clone, Default)]
pub struct ModelsFile {
    /// `[model.NAME]`.
    pub named: BTreeMap<ModelName, ModelFile>,
    /// `[model."PREFIX/*"]`.
    pub prefixes: BTreeMap<ModelPrefix, PrefixFile>,
}

/// `[model."PREFIX/*"]`: what holds for every model of a team or tenant. What a model is made of it says itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixFile {
    /// The policy file.
    #[serde(default)]
    pub policy: Option<String>,
    /// `[model."PREFIX/*".stage.STAGE]`: overrides for these models.
    #[serde(default)]
    pub stage: BTreeMap<StageName, StageFile>,
    /// `[model."PREFIX/*".roles]`: who has a role for these models.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<String>>,
}

impl ModelsFile {
    /// The prefixes that a name, or another prefix, begins with: the shortest first.
    pub fn prefixes_of(&self, name: &str) -> impl DoubleEndedIterator<Item = (&ModelPrefix, &PrefixFile)> {
        // Each of them begins with the one before it, so that their order is that of their lengths.
        self.prefixes.iter().filter(move |(prefix, _)| name.starts_with(prefix.as_str()))
    }
}

impl<'de> Deserialize<'de> for ModelsFile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Sections)
    }
}

struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = ModelsFile;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("sections of models, such as `[model.fraud]`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut sections: A) -> Result<ModelsFile, A::Error> {
        let mut models = ModelsFile::default();
        while let Some(key) = sections.next_key()? {
            match key {
                Key::Name(name) => drop(models.named.insert(name, sections.next_value()?)),
                Key::Prefix(prefix) => drop(models.prefixes.insert(prefix, sections.next_value()?)),
            }
        }
        Ok(models)
    }
}

enum Key {
    Name(ModelName),
    Prefix(ModelPrefix),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let key = match text.contains('*') {
            true => ModelPrefix::new(&text).map(Self::Prefix),
            false => ModelName::new(&text).map(Self::Name),
        };
        key.map_err(D::Error::custom)
    }
}
