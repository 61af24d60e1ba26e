//! The signatures that a certificate bears, and what is known of each.

use super::subject::{Subject, unreadable};
use super::{BorneSignature, Standing, short};
use crate::format::dsse::{PAYLOAD_TYPE, pae};
use crate::format::signature::SignatureRecord;
use crate::ops::{VerbError, signing};
use crate::signature::PublicKey;

/// The signatures that a certificate bears, in its envelope or beside it in the store; and which key that was given signed
/// nothing.
pub(super) fn borne(
    subject: &Subject,
    records: &[SignatureRecord],
    keys: &[PublicKey],
) -> Result<(Vec<BorneSignature>, Vec<String>), VerbError> {
    let unreadable = |source| unreadable(&subject.id.to_string(), source);
    let message = pae(PAYLOAD_TYPE, &subject.bytes);
    let mut all: Vec<(String, Vec<u8>, Option<bool>)> = Vec::new();
    for record in records {
        let sound = signing::holds(record, &subject.bytes);
        all.push((record.keyid.to_string(), record.bytes().map_err(unreadable)?, Some(sound)));
    }
    for signature in subject.envelope.iter().flat_map(|envelope| &envelope.signatures) {
        let known = all.iter().any(|(keyid, bytes, _)| *keyid == signature.keyid && *bytes == signature.signature);
        if !known {
            // What this store knows of the key says whether the envelope was tampered with.
            let named = records.iter().find(|record| record.keyid.to_string() == signature.keyid);
            let key = named.and_then(|record| PublicKey::from_pem(&record.public_key).ok());
            let sound = key.map(|key| key.verifies(&message, &signature.signature));
            all.push((signature.keyid.clone(), signature.signature.clone(), sound));
        }
    }
    let ids: Vec<String> =
        keys.iter().map(|key| key.id().map_or_else(|_| String::new(), |id| id.to_string())).collect();
    let mut made = vec![false; keys.len()];
    let mut found = Vec::with_capacity(all.len());
    for (keyid, bytes, sound) in all {
        let signer = keys.iter().position(|key| key.verifies(&message, &bytes));
        let standing = match (signer, sound) {
            (Some(at), _) => {
                made[at] = true;
                Standing::Trusted
            }
            // It says that it is of a key that was given, and is not.
            (None, _) if ids.contains(&keyid) => Standing::Broken,
            (None, Some(true)) => Standing::Sound,
            (None, Some(false)) => Standing::Broken,
            (None, None) => Standing::Unchecked,
        };
        found.push(BorneSignature { keyid, standing });
    }
    let missing = ids.iter().zip(made).filter(|(_, made)| !made);
    let unsigned = missing.map(|(id, _)| format!("the key {} that was given did not sign it", short(id))).collect();
    Ok((found, unsigned))
}
