//! Events that are known from elsewhere: a certificate names those that it rests on, a bundle the newest one of its journal. Whoever
//! rewrites a journal cannot rewrite what others were given.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::bundle::check::{GZIP, verify_bundle_of};
use super::recheck::statement_in;
use super::{UsageError, VerbError};
use crate::format::event::EventRef;
use crate::name::ModelName;
use crate::repository::Repository;

/// The events that a file names, and the model whose they are.
///
/// # Errors
/// A file that cannot be read, is neither a certificate nor a sound bundle, is of another history or names no event.
pub fn heads_in(repository: &Repository, path: &Path) -> Result<Vec<(Option<ModelName>, EventRef)>, VerbError> {
    let failed = |source| VerbError::Io { action: "read", path: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut begin = [0; GZIP.len()];
    let is_bundle = file.read(&mut begin).map_err(failed)? == begin.len() && begin == GZIP;
    let refuse = |reason: &str| {
        let reason = format!("`{}` {reason}", path.display());
        VerbError::from(UsageError::Option { option: "known".to_owned(), reason })
    };
    if is_bundle {
        let (of, model, head) = verify_bundle_of(path)?;
        if of != repository.store().repository() {
            return Err(refuse("is of another history: it says nothing of this one"));
        }
        return Ok(vec![(Some(model), head)]);
    }
    let certificate = statement_in(path)?.predicate;
    let baseline =
        certificate.baseline.event.into_iter().chain(certificate.baseline.retired.map(|retired| retired.event));
    let replaced = certificate.replaced.iter().map(|replaced| replaced.event);
    let events = baseline.chain(replaced).chain(certificate.waivers.iter().map(|waiver| waiver.event));
    let known: Vec<_> = events.map(|event| (Some(certificate.model.clone()), event)).collect();
    if known.is_empty() {
        return Err(refuse("names no event: a first release was compared with nothing"));
    }
    Ok(known)
}
