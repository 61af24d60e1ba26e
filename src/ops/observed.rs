//! What a place that serves a stage was last found to hold, and how that stands to what the stage holds.

use std::time::Duration;

use super::MadeEvent;
use crate::format::checkpoint::{ObservedRow, OccupancyRow};
use crate::name::{StageName, Version};
use crate::registry::State;

/// The same finding is news again after this time: a watch that looks every minute fills no journal, and yet the newest date says
/// something.
pub const NEWS_AGAIN: Duration = Duration::from_secs(86_400);

/// A finding in the journal.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The place.
    pub place: String,
    /// The event; none: the same was found there less than [`NEWS_AGAIN`] ago, since the stage was moved.
    pub event: Option<MadeEvent>,
}

/// How an observation stands to what its stage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is what the stage holds.
    Same,
    /// It is not.
    Other,
    /// It is not, and was made before the stage was moved: nobody has looked since.
    Before,
}

/// How an observation stands to what its stage holds; none where that holds nothing.
pub fn standing(state: &State, row: &ObservedRow) -> Option<Standing> {
    state.occupant(&row.stage).map(|occupant| beside(state, row, occupant))
}

/// How an observation stands to a version that held its stage.
pub(super) fn beside(state: &State, row: &ObservedRow, occupant: &OccupancyRow) -> Standing {
    let tree = |version: Version| state.version(version).map(|row| row.model_tree);
    let holds = row.version.and_then(tree);
    match holds.is_some() && holds == tree(occupant.version) {
        true => Standing::Same,
        false if row.event.seq < occupant.event.seq => Standing::Before,
        false => Standing::Other,
    }
}

/// What the places that serve a stage were last found to hold.
pub(super) fn of_stage(state: &State, stage: &StageName) -> Vec<(ObservedRow, Option<Standing>)> {
    let rows = state.observed.iter().filter(|row| row.stage == *stage);
    rows.map(|row| (row.clone(), standing(state, row))).collect()
}
