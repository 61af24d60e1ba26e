//! Who tells of the versions of one model: its state, its rules, and what was read once for all of its versions.

use super::super::log::LogEntry;
use super::super::{VerbError, life as lives, records, rules};
use super::life::{self, Measures};
use crate::format::checkpoint::VersionRow;
use crate::format::observation::ObservationRecord;
use crate::format::policy::PolicyRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::registry::State;
use crate::repository::Repository;

/// Tells of the versions of one model.
pub(super) struct Teller<'r> {
    pub(super) repository: &'r Repository,
    pub(super) state: &'r State,
    /// What is gone by now.
    pub(super) now: &'r State,
    /// The rules that the project states.
    pub(super) policy: Option<PolicyRecord>,
    /// What was read once for all versions.
    pub(super) known: Option<Known>,
}

/// The whole journal, and the numbers of every version.
pub(super) struct Known {
    pub(super) entries: Vec<LogEntry>,
    pub(super) measures: Measures,
}

impl<'r> Teller<'r> {
    /// Of one version or a few.
    pub(super) fn of(repository: &'r Repository, state: &'r State, now: &'r State) -> Result<Self, VerbError> {
        // Rules that cannot be read are another verb's to refuse.
        let configured = rules::configured(repository, &state.model).ok().flatten();
        Ok(Self { repository, state, now, policy: configured.map(|policy| policy.record), known: None })
    }

    /// Of all versions: what they share is read once.
    pub(super) fn of_all(repository: &'r Repository, state: &'r State) -> Result<Self, VerbError> {
        let rows: Vec<VersionRow> = state.versions.iter().copied().collect();
        let known =
            Known { entries: lives::everything(repository, state)?, measures: life::measures(repository, &rows) };
        Ok(Self { known: Some(known), ..Self::of(repository, state, state)? })
    }

    pub(super) fn record(&self, row: &VersionRow) -> Result<SnapshotRecord, VerbError> {
        records::snapshot(self.repository, row.snapshot)
    }

    pub(super) fn observation(&self, row: &VersionRow) -> Result<ObservationRecord, VerbError> {
        records::observation(self.repository, row.observation)
    }
}
