//! What a model's history comes to: enough to tell the state before a verb from the one after it.

use mlrun::format::checkpoint::VersionRow;
use mlrun::name::Version;
use mlrun::registry::State;

use super::journal::stage;

/// What a store says of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Events in the journal.
    pub events: u64,
    /// Every version, and whether it was dropped.
    pub versions: Vec<(Version, bool)>,
    /// What production holds.
    pub production: Option<Version>,
}

impl Seen {
    /// Of a model that may have no journal yet.
    pub fn of(state: Option<&State>) -> Self {
        let Some(state) = state else { return Self::default() };
        let row = |row: &VersionRow| (row.version, row.dropped.is_some());
        Self {
            events: state.seq(),
            versions: state.versions.iter().map(row).collect(),
            production: state.occupant(&stage("production")).map(|o| o.version),
        }
    }

    /// The versions whose files must be there.
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = Version> {
        self.versions.iter().filter(|(_, dropped)| !dropped).map(|(version, _)| *version)
    }
}
