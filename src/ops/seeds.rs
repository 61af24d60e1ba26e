//! All seeds of a version, wherever they were found, and those that a model should have and has not.

use super::declared::Contradiction;
use crate::capture::seeds::of_model as names_seed;
use crate::format::found::FoundRecord;
use crate::format::scalar::Scalar;
use crate::format::snapshot::{SeedSource, SnapshotRecord};

/// A seed.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownSeed {
    /// Its name: a parameter's, a variable's, or that it was given under.
    pub name: String,
    /// Its value.
    pub value: Scalar,
    /// Where it was found.
    pub origin: SeedOrigin,
}

/// Where a seed was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedOrigin {
    /// It was recorded as one.
    Recorded(SeedSource),
    /// In one of the model's files.
    Model {
        /// Which.
        path: String,
    },
}

impl SeedOrigin {
    /// One word for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Recorded(SeedSource::Parameters) => "parameters",
            Self::Recorded(SeedSource::Given) => "given",
            Self::Recorded(SeedSource::Environment) => "environment",
            Self::Recorded(SeedSource::Issued) => "issued",
            Self::Model { .. } => "model",
        }
    }

    /// The model's file it was found in.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Recorded(_) => None,
            Self::Model { path } => Some(path),
        }
    }
}

/// A seed that a model's file has a place for, and none in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsetSeed {
    /// The file.
    pub path: String,
    /// What it calls the seed.
    pub name: String,
}

/// What is known of a version's seeds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seeds {
    /// Those that there are: the recorded ones, then those in the model's files.
    pub known: Vec<KnownSeed>,
    /// Those that a file without any has a place for.
    pub unset: Vec<UnsetSeed>,
}

/// The seeds of a version.
pub fn of(record: &SnapshotRecord, found: Option<&FoundRecord>) -> Seeds {
    let recorded = record.seeds.iter().map(|seed| KnownSeed {
        name: seed.name.clone(),
        value: seed.value.clone(),
        origin: SeedOrigin::Recorded(seed.source),
    });
    let mut seeds = Seeds { known: recorded.collect(), unset: Vec::new() };
    for file in found.map(|found| &found.files).into_iter().flatten() {
        seeds.known.extend(file.seeds.iter().map(|(name, value)| KnownSeed {
            name: name.clone(),
            value: value.clone(),
            origin: SeedOrigin::Model { path: file.path.clone() },
        }));
        if file.seeds.is_empty() {
            let unset = file.params.iter().filter(|(name, value)| **value == Scalar::Null && names_seed(name));
            let unset = unset.map(|(name, _)| UnsetSeed { path: file.path.clone(), name: name.clone() });
            seeds.unset.extend(unset);
        }
    }
    seeds
}

impl Seeds {
    /// Seeds that are not set, and that nothing else is said of.
    pub fn unset_beside<'s>(&'s self, said: &'s [Contradiction]) -> impl Iterator<Item = &'s UnsetSeed> {
        let is_said = |unset: &UnsetSeed| said.iter().any(|c| c.path == unset.path && c.found == unset.name);
        self.unset.iter().filter(move |unset| !is_said(unset))
    }
}
