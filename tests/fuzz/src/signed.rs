//! SSH signatures, and lists of who may sign.

use mlrun::clock::Time;
use mlrun::format::allowed_signers::AllowedSigners;
use mlrun::signature::ssh::SshKey;
use mlrun::signature::sshsig::SshSignature;

const NAMESPACE: &str = "sign-off@mlrun-cli";
/// What the seeds sign.
const STATEMENT: &[u8] = br#"{"format":"mlrun/approval/1"}"#;

/// A signature, and behind a NUL a list of signers. What is read is written again; a signature holds for one statement and one purpose;
/// a list allows nobody a key that it does not have.
pub fn signatures(data: &[u8]) {
    let (text, list) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let signature = SshSignature::read(text).ok();
    if let Some(signature) = &signature {
        assert_eq!(SshSignature::read(signature.armoured().as_bytes()).as_ref(), Ok(signature));
        assert_eq!(SshKey::from_blob(signature.key().blob()).as_ref(), Ok(signature.key()));
        if signature.check(NAMESPACE, STATEMENT).is_ok() {
            assert!(signature.check("git", STATEMENT).is_err());
            assert!(signature.check(NAMESPACE, &STATEMENT[1..]).is_err());
        }
    }
    let Ok(list) = AllowedSigners::read(list.get(1..).unwrap_or_default()) else { return };
    for time in [i64::MIN, 0, 1_782_000_000_000, i64::MAX].into_iter().filter_map(Time::from_milliseconds) {
        for signer in &list.signers {
            let _ = SshKey::from_blob(&signer.key);
            let _ = list.allows("ana@example.org", &signer.key, NAMESPACE, time);
        }
        let unknown =
            signature.iter().filter(|signature| list.signers.iter().all(|signer| signer.key != signature.key().blob()));
        for signature in unknown {
            assert!(list.allows("ana@example.org", signature.key().blob(), NAMESPACE, time).is_err());
        }
    }
}
