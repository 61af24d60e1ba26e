//! The sections of a comparison, by the names people choose them with.

use std::collections::BTreeSet;

/// A kind of thing that two versions differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The model's files.
    Files,
    /// What is in them: weights, hyper-parameters of estimators.
    Tensors,
    /// Parameters.
    Params,
    /// Metrics.
    Metrics,
    /// Predictions, row by row.
    Predictions,
    /// Training data.
    Data,
    /// Other results.
    Results,
    /// Code.
    Code,
    /// Runtimes, packages, lock files, variables.
    Environment,
    /// Seeds.
    Seeds,
    /// The training command.
    Command,
    /// Notes.
    Notes,
}

impl Section {
    /// All of them, in the order they are shown in.
    pub const ALL: [Self; 12] = [
        Self::Metrics,
        Self::Predictions,
        Self::Params,
        Self::Files,
        Self::Tensors,
        Self::Data,
        Self::Code,
        Self::Environment,
        Self::Seeds,
        Self::Command,
        Self::Results,
        Self::Notes,
    ];

    /// Its name, as typed and as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Tensors => "tensors",
            Self::Params => "params",
            Self::Metrics => "metrics",
            Self::Predictions => "predictions",
            Self::Data => "data",
            Self::Results => "results",
            Self::Code => "code",
            Self::Environment => "environment",
            Self::Seeds => "seeds",
            Self::Command => "command",
            Self::Notes => "notes",
        }
    }

    /// The section of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

/// Which sections somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sections(BTreeSet<Section>);

impl Default for Sections {
    fn default() -> Self {
        Self(Section::ALL.into())
    }
}

impl Sections {
    /// These; without one, all.
    pub fn only(chosen: impl IntoIterator<Item = Section>) -> Self {
        let chosen: BTreeSet<Section> = chosen.into_iter().collect();
        if chosen.is_empty() { Self::default() } else { Self(chosen) }
    }

    /// Those that are wanted, in the order they are shown in; empty if that is all of them.
    pub fn chosen(&self) -> Vec<Section> {
        let all = self.0.len() == Section::ALL.len();
        Section::ALL.into_iter().filter(|section| !all && self.has(*section)).collect()
    }

    /// Whether it is the only one.
    pub fn is_only(&self, section: Section) -> bool {
        self.0.len() == 1 && self.has(section)
    }

    /// Whether it is one of them.
    pub fn has(&self, section: Section) -> bool {
        self.0.contains(&section)
    }
}
