//! Sign-offs in a bundle: that each statement says what its event does, and each signature is one of its statement.
//!
//! Whose key made it is not looked at: that is for a list of signers to say, which whoever reads the bundle has to have from elsewhere.

use crate::digest::Digest;
use crate::format::event::{EventBody, EventRecord};
use crate::format::signoff::{APPROVAL, ApprovalRecord, NAMESPACE, WAIVER, WaiverStatement};
use crate::signature::sshsig::SshSignature;

/// The statement of a waiver that is signed: its event does not name it, and says all that is in it.
pub(super) fn waiver(event: &EventRecord, repository: &str) -> Option<Vec<u8>> {
    let EventBody::Waive { snapshot, rule, reason, expires, signature: Some(_), certificate, .. } = &event.body else {
        return None;
    };
    let statement = WaiverStatement {
        format: WAIVER.to_owned(),
        certificate: *certificate,
        repository: repository.to_owned(),
        model: event.model.clone(),
        snapshot: *snapshot,
        rule: rule.clone(),
        reason: reason.clone(),
        expires: *expires,
    };
    statement.encode().ok()
}

/// What is wrong with the sign-off that an event records, of those whose records are there.
pub(super) fn problem<'r>(
    event: &EventRecord,
    repository: &str,
    record: impl Fn(Digest) -> Option<&'r [u8]>,
) -> Option<String> {
    let (bytes, signature) = match &event.body {
        EventBody::Approve { subject, stage, role, certificate, statement, signature, .. } => {
            let bytes = record(*statement)?;
            let text = match ApprovalRecord::decode(bytes) {
                Ok(said) => said.text,
                Err(error) => return Some(format!("the statement {statement}: {error}")),
            };
            let said = ApprovalRecord {
                format: APPROVAL.to_owned(),
                repository: repository.to_owned(),
                model: event.model.clone(),
                snapshot: None,
                rules: None,
                certificate: *certificate,
                stage: stage.clone(),
                role: role.clone(),
                text,
            };
            if said.of(subject).encode().ok().as_deref() != Some(bytes) {
                return Some(format!("the statement {statement} says something else than event {}", event.seq));
            }
            (bytes.to_vec(), *signature)
        }
        EventBody::Waive { signature, .. } => (waiver(event, repository)?, *signature),
        _ => return None,
    };
    let armoured = record(signature?)?;
    let checked = SshSignature::read(armoured).and_then(|read| read.check(NAMESPACE, &bytes));
    checked.err().map(|error| format!("the signature that event {} names: {error}", event.seq))
}
