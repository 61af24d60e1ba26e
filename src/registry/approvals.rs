//! Approvals, as the journal tells of them. Whether one counts is decided where it is needed: by the rules in force then.

use super::State;
use crate::clock::Time;
use crate::format::checkpoint::{ApprovalRow, EventAt};
use crate::format::event::{EventBody, EventRecord, EventRef, SubjectRecord};

impl State {
    /// The approval that an event gave.
    pub fn approval(&self, seq: u64) -> Option<&ApprovalRow> {
        self.approvals.iter().find(|row| row.event.seq == seq)
    }

    pub(super) fn add_approval(&mut self, event: &EventRecord, reference: EventRef) -> Result<(), &'static str> {
        let EventBody::Approve { subject, stage, role, person, certificate, statement, signature } = &event.body else {
            return Err("it is no approval");
        };
        if let SubjectRecord::Version { version, snapshot } = subject
            && self.version(*version).is_none_or(|row| row.snapshot != *snapshot)
        {
            return Err("it approves a version that does not exist");
        }
        self.approvals.push(ApprovalRow {
            subject: *subject,
            stage: stage.clone(),
            role: role.clone(),
            person: person.clone(),
            certificate: *certificate,
            statement: *statement,
            signature: *signature,
            event: reference,
            time: event.time,
            withdrawn: None,
        });
        Ok(())
    }

    pub(super) fn withdraw(&mut self, approval: u64, event: EventRef, time: Time) -> Result<(), &'static str> {
        let row = self.approvals.iter_mut().find(|row| row.event.seq == approval && row.withdrawn.is_none());
        row.ok_or("it withdraws an approval that is not there")?.withdrawn = Some(EventAt { event, time });
        Ok(())
    }
}
