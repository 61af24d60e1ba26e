//! Whether the stored files of versions are whole, each looked at once: the newest version is often the one in a stage.

use std::collections::BTreeMap;

use crate::id::SnapshotId;
use crate::ops::rollback::unfit;
use crate::registry::State;
use crate::registry::rollback::Unfit;
use crate::repository::Repository;

/// What is known of the files of one model's versions.
pub(super) struct Fitness<'a> {
    repository: &'a Repository,
    state: &'a State,
    known: BTreeMap<SnapshotId, Option<Unfit>>,
}

impl<'a> Fitness<'a> {
    pub(super) const fn new(repository: &'a Repository, state: &'a State) -> Self {
        Self { repository, state, known: BTreeMap::new() }
    }

    /// What is wrong with the files of a version; none: nothing is.
    pub(super) fn of(&mut self, id: SnapshotId) -> Option<&Unfit> {
        self.known.entry(id).or_insert_with(|| unfit(self.repository, self.state, id)).as_ref()
    }

    /// What is damaged of it. What was erased was meant to be.
    pub(super) fn damage(&mut self, id: SnapshotId) -> Option<String> {
        match self.of(id) {
            Some(Unfit::Damaged(reason)) => Some(reason.clone()),
            Some(Unfit::Erased(_)) | None => None,
        }
    }
}
