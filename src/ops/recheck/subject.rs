//! Which certificate is meant, where its bytes are, and what the journal says of it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::RecheckOptions;
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::certificate::StatementRecord;
use crate::format::dsse::{Envelope, PAYLOAD_TYPE};
use crate::format::event::EventBody;
use crate::format::signature::SignatureRecord;
use crate::id::{CertificateId, EventId};
use crate::name::ModelName;
use crate::ops::VerbError;
use crate::ops::export::newest;
use crate::ops::resolve;
use crate::registry::State;
use crate::repository::Repository;

/// No certificate is longer: 256 MiB.
const LONGEST: u64 = 256 << 20;

/// A certificate, read.
pub(super) struct Subject {
    pub id: CertificateId,
    pub bytes: Vec<u8>,
    pub statement: StatementRecord,
    pub file: Option<PathBuf>,
    /// Of an envelope.
    pub envelope: Option<Envelope>,
}

/// What the journal of a store says of a certificate.
pub(super) struct Issued {
    pub state: State,
    pub body: EventBody,
    pub time: Time,
    pub event: EventId,
    pub signatures: Vec<Digest>,
}

/// The certificate that is meant.
pub(super) fn subject(repository: Option<&Repository>, options: &RecheckOptions) -> Result<Subject, VerbError> {
    let path = options.folder.join(&options.certificate);
    if path.is_file() || repository.is_none() {
        return from_file(&path);
    }
    let Some(repository) = repository else { return from_file(&path) };
    let text = options.certificate.as_str();
    let mut found = Vec::new();
    if (4..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        each_event(repository, &mut |_, event, _, _| {
            if let EventBody::Certify { certificate, .. } = event
                && certificate.to_string().starts_with(text)
                && !found.contains(certificate)
            {
                found.push(*certificate);
            }
        })?;
    }
    let id = match found.as_slice() {
        [only] => *only,
        [] => {
            let found = match resolve::revision(repository, text, options.at.as_deref()) {
                // Nothing but a file could be called that.
                Err(VerbError::Resolve(resolve::ResolveError::Form(_))) if text.contains(['/', '.']) => {
                    return from_file(&path);
                }
                found => found?,
            };
            newest(&found)?.certificate
        }
        several => {
            let candidates = several.iter().map(CertificateId::short).collect();
            return Err(resolve::ResolveError::AmbiguousId { prefix: text.to_owned(), candidates }.into());
        }
    };
    let bytes = repository.store().record(id.digest())?;
    let statement = StatementRecord::decode(&bytes).map_err(|source| unreadable(&id.to_string(), source))?;
    Ok(Subject { id, bytes, statement, file: None, envelope: None })
}

pub(super) fn unreadable(id: &str, source: FormatError) -> VerbError {
    VerbError::Record { kind: "certificate", id: id.to_owned(), source }
}

/// A file with a statement, or with one in an envelope.
pub(super) fn from_file(path: &Path) -> Result<Subject, VerbError> {
    let failed = |source| VerbError::Io { action: "read the certificate", path: path.to_path_buf(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    std::io::Read::by_ref(&mut file).take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    let name = path.display().to_string();
    if bytes.len() as u64 > LONGEST {
        let reason = format!("it has more than {LONGEST} bytes");
        return Err(unreadable(&name, FormatError::Malformed { kind: "certificate", reason }));
    }
    let envelope = if is_envelope(&bytes) {
        let envelope = Envelope::decode(&bytes).map_err(|source| unreadable(&name, source))?;
        if envelope.payload_type != PAYLOAD_TYPE {
            let found = envelope.payload_type.chars().take(80).collect();
            return Err(unreadable(&name, FormatError::Kind { expected: PAYLOAD_TYPE, found }));
        }
        Some(envelope)
    } else {
        // An editor or a download may have ended the line.
        while bytes.last().is_some_and(u8::is_ascii_whitespace) {
            bytes.pop();
        }
        None
    };
    let payload = envelope.as_ref().map_or(bytes.as_slice(), |envelope| &envelope.payload).to_vec();
    let statement = StatementRecord::decode(&payload).map_err(|source| unreadable(&name, source))?;
    let id = CertificateId::new(Digest::of(&payload));
    Ok(Subject { id, bytes: payload, statement, file: Some(path.to_path_buf()), envelope })
}

/// A statement has a `_type`, an envelope a `payloadType`.
fn is_envelope(bytes: &[u8]) -> bool {
    let key = b"\"payloadType\"";
    bytes.windows(key.len()).any(|window| window == key) && !bytes.starts_with(b"{\"_type\"")
}

/// Every event of every model that this program understands, oldest first.
fn each_event(
    repository: &Repository,
    look: &mut dyn FnMut(&ModelName, &EventBody, Time, EventId),
) -> Result<(), VerbError> {
    let registry = repository.registry();
    for model in registry.models()? {
        let Some(state) = registry.state(&model)? else { continue };
        for seq in 1..=state.seq() {
            let Some(file) = registry.event(&model, seq)? else { break };
            if let Ok(mut event) = file.event {
                state.with_time(&mut event);
                look(&model, &event.body, event.time, file.id);
            }
        }
    }
    Ok(())
}

/// The newest event that issued this certificate, and those that say it is signed.
pub(super) fn issued(repository: &Repository, subject: &Subject) -> Result<Option<Issued>, VerbError> {
    let mut found: Option<(ModelName, EventBody, Time, EventId)> = None;
    let mut signatures = Vec::new();
    each_event(repository, &mut |model, body, time, id| match body {
        EventBody::Certify { certificate, .. } if *certificate == subject.id => {
            found = Some((model.clone(), body.clone(), time, id));
        }
        EventBody::Sign { certificate, signature, .. } if *certificate == subject.id => signatures.push(*signature),
        _ => {}
    })?;
    let Some((model, body, time, event)) = found else { return Ok(None) };
    let state = resolve::state(repository, &model)?;
    Ok(Some(Issued { state, body, time, event, signatures }))
}

/// What speaks against a certificate that no event issued: its candidate was made here, and so would its certificate be.
pub(super) fn never_issued(repository: &Repository, subject: &Subject) -> Result<Option<String>, VerbError> {
    let predicate = &subject.statement.predicate;
    let registry = repository.registry();
    let Some(state) = registry.state(&predicate.model)? else { return Ok(None) };
    let Some(row) = state.version_of(predicate.candidate) else { return Ok(None) };
    let made = registry.event(&state.model, row.seq)?.and_then(|file| file.event.ok());
    let made_here = made.is_some_and(|event| matches!(event.body, EventBody::Snapshot { .. }));
    Ok(made_here.then(|| format!("{}@{} was made here, and no event here issued it", state.model, row.version)))
}

pub(super) fn signatures(repository: &Repository, ids: &[Digest]) -> Result<Vec<SignatureRecord>, VerbError> {
    let read = |id: &Digest| {
        let bytes = repository.store().record(*id)?;
        let unreadable = |source| VerbError::Record { kind: "signature", id: id.to_string(), source };
        SignatureRecord::decode(&bytes).map_err(unreadable)
    };
    ids.iter().map(read).collect()
}
