//! Waivers, as the journal tells of them.
//!
//! One is about a version's content: the same content under another number is the same candidate, and has the same certificate.

use super::State;
use crate::clock::Time;
use crate::format::checkpoint::WaiverRow;
use crate::format::event::{EventBody, EventRecord, EventRef};
use crate::id::SnapshotId;

impl State {
    /// Every waiver that was given to a snapshot, in the order they were.
    pub fn waivers_of(&self, snapshot: SnapshotId) -> impl DoubleEndedIterator<Item = &WaiverRow> {
        self.waivers.iter().filter(move |row| row.snapshot == snapshot)
    }

    /// The waivers of a snapshot that count at `now`: of each rule the newest, unless it has expired.
    pub fn waivers_in_force(&self, snapshot: SnapshotId, now: Time) -> Vec<&WaiverRow> {
        let mut newest: Vec<&WaiverRow> = Vec::new();
        for row in self.waivers_of(snapshot).rev() {
            if !newest.iter().any(|known| known.rule == row.rule) {
                newest.push(row);
            }
        }
        newest.retain(|row| row.expires > now);
        newest.sort_by(|a, b| a.rule.cmp(&b.rule));
        newest
    }

    /// The waiver that an event gave.
    pub fn waiver(&self, seq: u64) -> Option<&WaiverRow> {
        self.waivers.iter().find(|row| row.event.seq == seq)
    }

    pub(super) fn add_waiver(&mut self, event: &EventRecord, reference: EventRef) -> Result<(), &'static str> {
        let EventBody::Waive { version, snapshot, rule, reason, expires, signature, .. } = &event.body else {
            return Err("it is no waiver");
        };
        if self.version(*version).is_none_or(|row| row.snapshot != *snapshot) {
            return Err("it waives a rule for a version that does not exist");
        }
        self.waivers.push(WaiverRow {
            version: *version,
            snapshot: *snapshot,
            rule: rule.clone(),
            reason: reason.clone(),
            expires: *expires,
            actor: event.actor.name.clone(),
            email: event.actor.email.clone(),
            signature: *signature,
            event: reference,
            time: event.time,
        });
        Ok(())
    }
}
