//! Times that a wrong clock wrote. Times never run backward in a journal, so a clock that was ahead once keeps every later event
//! there; a `clock` event says what is taken for the times of the events before it, and the count begins anew from those.

use super::State;
use crate::clock::Time;
use crate::format::event::{EventBody, EventRecord};

impl State {
    /// The time that the next event must not be earlier than.
    pub(super) fn not_before(&self, next: &EventBody) -> Option<Time> {
        match next {
            EventBody::Clock { times, .. } => times.last().copied(),
            _ => self.time(),
        }
    }

    /// The event as it is to be read: with the time that is taken for its own.
    pub fn with_time(&self, event: &mut EventRecord) {
        let Some(time) = self.corrected.get(&event.seq) else { return };
        if let EventBody::Certify { expires, .. } = &mut event.body {
            *expires = shifted(*expires, event.time, *time);
        }
        event.time = *time;
    }

    pub(super) fn correct(&mut self, from: u64, times: &[Time]) -> Result<(), &'static str> {
        if from == 0 || times.is_empty() || from.checked_add(times.len() as u64) != Some(self.seq() + 1) {
            return Err("it corrects other times than those of the events before it");
        }
        if !times.is_sorted() {
            return Err("the times it takes run backward");
        }
        self.corrected.extend((from..).zip(times.iter().copied()));
        let of = |seq: u64| seq.checked_sub(from).and_then(|index| times.get(index as usize)).copied();
        let set = |time: &mut Time, seq: u64| {
            if let Some(corrected) = of(seq) {
                *time = corrected;
            }
        };
        self.versions.to_mut().iter_mut().for_each(|row| set(&mut row.time, row.seq));
        self.blocks.to_mut().iter_mut().for_each(|row| set(&mut row.time, row.event.seq));
        self.erased.iter_mut().for_each(|row| set(&mut row.time, row.event.seq));
        self.waivers.iter_mut().for_each(|row| set(&mut row.time, row.event.seq));
        self.cases.iter_mut().for_each(|row| set(&mut row.time, row.event.seq));
        self.observed.iter_mut().for_each(|row| set(&mut row.time, row.event.seq));
        for row in &mut self.approvals {
            set(&mut row.time, row.event.seq);
            row.withdrawn.iter_mut().for_each(|at| set(&mut at.time, at.event.seq));
        }
        for row in self.certificates.to_mut().values_mut().chain(self.proposals.to_mut().values_mut()) {
            if let Some(corrected) = of(row.event.seq) {
                row.expires = shifted(row.expires, row.issued, corrected);
                row.issued = corrected;
            }
            row.signatures.iter_mut().for_each(|signature| set(&mut signature.time, signature.event.seq));
        }
        for row in self.stages.values_mut() {
            for occupancy in row.timeline.to_mut() {
                set(&mut occupancy.since, occupancy.event.seq);
                occupancy.retired.iter_mut().for_each(|retired| set(&mut retired.time, retired.event.seq));
            }
            row.last_rollback.iter_mut().for_each(|at| set(&mut at.time, at.event.seq));
            row.hooks.iter_mut().for_each(|hook| set(&mut hook.time, hook.event.seq));
        }
        Ok(())
    }
}

/// What counts for a while counts for as long from the corrected time.
fn shifted(expires: Time, before: Time, corrected: Time) -> Time {
    corrected.after(expires.since(before))
}
