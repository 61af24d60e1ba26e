//! What is looked for only where a version is new: what its files say of themselves, and how its packages stand to its lock
//! files. It is without secrets, whoever asks.

use std::path::Path;

use crate::capture::redacted::Redacted;
use crate::capture::{Capture, CaptureError, drift};
use crate::format::found::{FoundFileRecord, FoundRecord};
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::RedactionRecord;

/// Adds it to `observation`: `found` in the files, of which `before` may have some already; `strict` stops where something
/// is odd or was not read.
pub(in crate::ops) fn look(
    observation: &mut ObservationRecord,
    (capture, project): (&Capture, &Path),
    found: FoundRecord,
    before: Option<&ObservationRecord>,
    strict: bool,
) -> Result<(), CaptureError> {
    let mut redacted = Redacted::default();
    let mut drift = drift::find(project, &capture.environment, &capture.markers);
    if strict {
        refuse_unread(&found)?;
        let unread = drift.locks.iter().find_map(|check| Some((check, check.unread.clone()?)));
        if let Some((check, reason)) = unread {
            return Err(CaptureError::Discovered { part: format!("environment.locks.{}", check.lock), reason });
        }
    }
    drift.clean(&mut redacted);
    if let Some(folder) = observation.execution.as_mut().and_then(|run| run.folder.as_mut()) {
        redacted.clean("execution.folder", folder);
    }
    let (found, counted) = clean(found, before, redacted);
    (observation.drift, observation.lock_checks) = (drift.packages, drift.locks);
    (observation.found, observation.redactions) = (Some(found), counted);
    Ok(())
}

/// What was found, without secrets, and how many were taken out: of what the version before had, too, as it was counted then.
pub(in crate::ops) fn clean(
    mut found: FoundRecord,
    before: Option<&ObservationRecord>,
    mut redacted: Redacted,
) -> (FoundRecord, Vec<RedactionRecord>) {
    redacted.found(&mut found);
    let mut counted = redacted.into_records();
    let taken_over = |record: &&RedactionRecord| {
        let same = |file: &FoundFileRecord| {
            let then = before.and_then(|before| before.found.as_ref()).into_iter().flat_map(|found| &found.files);
            record.field == format!("found.{}", file.path) && then.into_iter().any(|then| then == file)
        };
        found.files.iter().any(same)
    };
    let known = before.into_iter().flat_map(|before| &before.redactions).filter(taken_over).cloned();
    let known: Vec<RedactionRecord> =
        known.filter(|known| counted.iter().all(|new| new.field != known.field)).collect();
    counted.extend(known);
    counted.sort();
    (found, counted)
}

/// Stops where something of the model's files is odd or was not read.
fn refuse_unread(found: &FoundRecord) -> Result<(), CaptureError> {
    let of_file = |file: &FoundFileRecord| file.findings.first().map(|finding| format!("{}: {finding}", file.path));
    let too_many = || {
        (found.passed_over > 0).then(|| match found.passed_over {
            1 => "1 file was not looked into".to_owned(),
            more => format!("{more} files were not looked into"),
        })
    };
    match found.files.iter().find_map(of_file).or_else(too_many) {
        None => Ok(()),
        Some(reason) => Err(CaptureError::Discovered { part: "model".to_owned(), reason }),
    }
}
