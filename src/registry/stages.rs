//! Stages, as the journal tells of them: who moved in, who was fled, which rules are in force, what became of it outside.

use super::State;
use crate::format::checkpoint::{EventAt, HookRow, ObservedRow, OccupancyRow, RetiredRow, StageRow};
use crate::format::event::{EventBody, EventRecord, EventRef, RulesRecord};
use crate::format::rows::Rows;
use crate::id::SnapshotId;
use crate::name::{StageName, Version};

impl StageRow {
    /// Who holds it now.
    pub fn occupant(&self) -> Option<&OccupancyRow> {
        self.timeline.last().filter(|newest| newest.retired.is_none())
    }

    /// Whether a snapshot holds it or held it.
    pub fn has_held(&self, snapshot: SnapshotId) -> bool {
        self.timeline.places_of(snapshot).next().is_some()
    }

    /// When a time in it ended: with the next one, or when it was emptied. None: it goes on.
    pub fn end_of(&self, index: usize) -> Option<EventAt> {
        let retired = self.timeline.get(index)?.retired.as_ref();
        let next = || self.timeline.get(index + 1).map(|next| EventAt { event: next.event, time: next.since });
        retired.map(|retired| EventAt { event: retired.event, time: retired.time }).or_else(next)
    }
}

impl State {
    pub(super) fn move_stage(&mut self, event: &EventRecord, reference: EventRef) -> Result<(), &'static str> {
        match &event.body {
            EventBody::Promote {
                stage, version, snapshot, replaces, certificate, adopts, approvals, reason, ..
            } => {
                self.check_move(stage, *version, *snapshot, *replaces)?;
                let row = self.stage_mut(stage);
                row.enter(OccupancyRow {
                    certificate: *certificate,
                    approvals: approvals.clone(),
                    reason: reason.clone(),
                    ..occupancy(event, reference, *version, *snapshot)
                });
                if let Some(rules) = adopts {
                    row.rules = Some(rules.clone());
                }
            }
            EventBody::Force {
                stage, version, snapshot, replaces, certificate, approvals, overruled, reason, ..
            } => {
                self.check_move(stage, *version, *snapshot, *replaces)?;
                self.stage_mut(stage).enter(OccupancyRow {
                    certificate: *certificate,
                    approvals: approvals.clone(),
                    overruled: overruled.clone(),
                    reason: Some(reason.clone()),
                    ..occupancy(event, reference, *version, *snapshot)
                });
            }
            EventBody::Rollback { stage, version, snapshot, replaces, reason, blocks, unblocks, .. } => {
                self.check_move(stage, *version, *snapshot, *replaces)?;
                for blocked in blocks {
                    self.add_block(*blocked, Some(stage.clone()), reason, reference, event.time);
                }
                for unblocked in unblocks {
                    self.let_into(*unblocked, stage);
                }
                let row = self.stage_mut(stage);
                let index = row.timeline.len() as u32;
                let before = row.timeline.about(*snapshot).next_back();
                let (certificate, approvals) = before.map(|o| (o.certificate, o.approvals.clone())).unwrap_or_default();
                pop_to(row, *snapshot, index);
                row.hooks.clear();
                row.timeline.push(OccupancyRow {
                    certificate,
                    approvals,
                    reason: Some(reason.clone()),
                    ..occupancy(event, reference, *version, *snapshot)
                });
                row.last_rollback = Some(EventAt { event: reference, time: event.time });
            }
            EventBody::Retire { stage, snapshot, reason, .. } => {
                let row =
                    self.stages.get_mut(stage).filter(|row| row.occupant().is_some_and(|o| o.snapshot == *snapshot));
                let newest = row.and_then(|row| row.timeline.last_mut());
                let newest = newest.ok_or("it empties a stage of what that does not hold")?;
                let (actor, reason) = (event.actor.name.clone(), reason.clone());
                newest.retired = Some(RetiredRow { event: reference, time: event.time, actor, reason });
            }
            _ => return Err("it moves no stage"),
        }
        Ok(())
    }

    /// A move must be of a known version, and from what the stage holds.
    fn check_move(
        &self,
        stage: &StageName,
        version: Version,
        snapshot: SnapshotId,
        replaces: Option<SnapshotId>,
    ) -> Result<(), &'static str> {
        if self.version(version).is_none_or(|v| v.snapshot != snapshot) {
            return Err("it moves a stage to a version that does not exist");
        }
        if self.version(version).is_some_and(|v| v.dropped.is_some()) {
            return Err("it moves a stage to a version that was dropped");
        }
        if self.occupant(stage).map(|o| o.snapshot) != replaces {
            return Err("it replaces another version than the one the stage holds");
        }
        Ok(())
    }

    pub(super) fn adopt(&mut self, stage: &StageName, rules: &RulesRecord) -> Result<(), &'static str> {
        let row = self.stages.get_mut(stage).filter(|row| row.rules.is_some());
        row.ok_or("it changes the rules of a stage that has none")?.rules = Some(rules.clone());
        Ok(())
    }

    /// Only what ran for the newest move says something of what is there now.
    pub(super) fn add_hook(&mut self, event: &EventRecord, reference: EventRef) {
        let EventBody::Hook { stage, when, of, command, outcome, .. } = &event.body else { return };
        let Some(row) = self.stages.get_mut(stage) else { return };
        if of.is_some() && row.timeline.last().map(|newest| newest.event.seq) == *of {
            let (command, event_time) = (command.clone(), event.time);
            row.hooks.push(HookRow { when: *when, command, outcome: *outcome, event: reference, time: event_time });
        }
    }

    pub(super) fn observe(&mut self, event: &EventRecord, reference: EventRef) -> Result<(), &'static str> {
        let EventBody::Observed { stage, place, version, expected, differences } = &event.body else {
            return Err("it observes nothing");
        };
        if [Some(*expected), *version].into_iter().flatten().any(|version| self.version(version).is_none()) {
            return Err("it observes a version that does not exist");
        }
        self.observed.retain(|row| row.stage != *stage || row.place != *place);
        self.observed.push(ObservedRow {
            stage: stage.clone(),
            place: place.clone(),
            version: *version,
            expected: *expected,
            differences: *differences,
            event: reference,
            time: event.time,
        });
        Ok(())
    }

    fn stage_mut(&mut self, stage: &StageName) -> &mut StageRow {
        self.stages.entry(stage.clone()).or_insert_with(|| StageRow {
            stage: stage.clone(),
            timeline: Rows::default(),
            stack: Vec::new(),
            rules: None,
            last_rollback: None,
            hooks: Vec::new(),
        })
    }
}

impl StageRow {
    fn enter(&mut self, occupancy: OccupancyRow) {
        self.stack.push(self.timeline.len() as u32);
        self.hooks.clear();
        self.timeline.push(occupancy);
    }
}

/// What every way into a stage has.
fn occupancy(event: &EventRecord, reference: EventRef, version: Version, snapshot: SnapshotId) -> OccupancyRow {
    OccupancyRow {
        version,
        snapshot,
        since: event.time,
        event: reference,
        kind: event.body.kind().to_owned(),
        actor: event.actor.name.clone(),
        certificate: None,
        approvals: Vec::new(),
        overruled: Vec::new(),
        reason: None,
        retired: None,
    }
}

/// Rollback pops the stack down to its target; a target that is not on it is pushed in the fled version's place.
fn pop_to(row: &mut StageRow, target: SnapshotId, index: u32) {
    let place = row.stack.iter().rposition(|i| row.timeline[*i as usize].snapshot == target);
    match place {
        Some(place) => row.stack.truncate(place),
        None => {
            row.stack.pop();
        }
    }
    row.stack.push(index);
}
