//! Keys that nobody here has: those of security keys, whose part is played by the libraries that elsewhere only verify; and bytes
//! that are no keys.

use ed25519_dalek::Signer as _;
use mlrun::format::allowed_signers::AllowedSigners;
use mlrun::format::signoff::NAMESPACE;
use mlrun::signature::ssh::{SshKey, SshKeyError};
use mlrun::signature::sshsig::SshSignature;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256, Sha512};

use crate::support::cases;

use super::{ANA, Keys, Question, STATEMENT, armoured, string};

/// What is signed, as `PROTOCOL.sshsig` says.
fn to_be_signed(message: &[u8]) -> Vec<u8> {
    let hashed = Sha512::digest(message);
    [b"SSHSIG".to_vec(), string(NAMESPACE.as_bytes()), string(b""), string(b"sha512"), string(&hashed)].concat()
}

/// What a security key signs of that, as `PROTOCOL.u2f` says: touched, for the fifth time.
fn in_security_key(application: &[u8], message: &[u8]) -> Vec<u8> {
    let (application, message) = (Sha256::digest(application), Sha256::digest(to_be_signed(message)));
    [application.as_slice(), &[1, 0, 0, 0, 5], message.as_slice()].concat()
}

fn sshsig(key: &[u8], signature: &[u8]) -> Vec<u8> {
    let parts = [string(key), string(NAMESPACE.as_bytes()), string(b""), string(b"sha512"), string(signature)];
    armoured(&[b"SSHSIG\0\0\0\x01".to_vec(), parts.concat()].concat())
}

fn line(kind: &str, key: &[u8]) -> String {
    format!("{ANA} {kind} {}\n", mlrun::format::dsse::encode_base64(key))
}

#[test]
fn a_security_key_with_ed25519() {
    let keys = Keys::new();
    let kind = "sk-ssh-ed25519@openssh.com";
    let private = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let key = [string(kind.as_bytes()), string(private.verifying_key().as_bytes()), string(b"ssh:")].concat();
    let signature = |application: &[u8], message: &[u8]| {
        let bytes = private.sign(&in_security_key(application, message)).to_bytes();
        sshsig(&key, &[string(kind.as_bytes()), string(&bytes), vec![1, 0, 0, 0, 5]].concat())
    };
    let list = line(kind, &key);
    Question::new(&list, &signature(b"ssh:", STATEMENT)).is(&keys, true);
    Question::new(&list, &signature(b"ssh:", b"another")).is(&keys, false);
    Question::new(&list, &signature(b"https://example.org", STATEMENT)).is(&keys, false);
    // Said to be touched more often than was signed.
    let bytes = private.sign(&in_security_key(b"ssh:", STATEMENT)).to_bytes();
    let counted = sshsig(&key, &[string(kind.as_bytes()), string(&bytes), vec![1, 0, 0, 0, 6]].concat());
    Question::new(&list, &counted).is(&keys, false);
    // Signed without a security key.
    let plain = private.sign(&to_be_signed(STATEMENT)).to_bytes();
    let plain = sshsig(&key, &[string(b"ssh-ed25519"), string(&plain)].concat());
    Question::new(&list, &plain).is(&keys, false);
}

#[test]
fn a_security_key_with_ecdsa() {
    let keys = Keys::new();
    let kind = "sk-ecdsa-sha2-nistp256@openssh.com";
    let private = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
    let point = private.verifying_key().to_sec1_point(false);
    let key = [string(kind.as_bytes()), string(b"nistp256"), string(point.as_bytes()), string(b"ssh:")].concat();
    let mpint = |bytes: &[u8]| {
        let trimmed: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = trimmed.first().is_some_and(|first| first & 0x80 != 0);
        string(&[if sign { vec![0] } else { Vec::new() }, trimmed].concat())
    };
    let signature = |message: &[u8]| {
        let made: p256::ecdsa::Signature = private.sign(&in_security_key(b"ssh:", message));
        let (r, s) = made.split_bytes();
        let numbers = string(&[mpint(&r), mpint(&s)].concat());
        sshsig(&key, &[string(kind.as_bytes()), numbers, vec![1, 0, 0, 0, 5]].concat())
    };
    let list = line(kind, &key);
    Question::new(&list, &signature(STATEMENT)).is(&keys, true);
    Question::new(&list, &signature(b"another")).is(&keys, false);
}

/// The fingerprint is the one `ssh-keygen -l` prints.
#[test]
fn fingerprints() {
    let keys = Keys::new();
    for (name, kind) in [("ed", "ed25519"), ("ec", "ecdsa"), ("rsa", "rsa")] {
        keys.make(name, kind, None);
        let public = keys.public(name);
        let (kind, base64) = public.split_once(' ').unwrap();
        let key = SshKey::from_text(kind, base64).unwrap();
        let file = keys.path(&format!("{name}.pub")).display().to_string();
        let said = crate::support::says("ssh-keygen", &["-l", "-f", &file], keys.0.path());
        assert_eq!(said.split(' ').nth(1), Some(&*key.fingerprint()));
        assert!(matches!(SshKey::from_text("ssh-dss", base64), Err(SshKeyError::OtherType { .. })));
    }
}

#[test]
fn bytes_that_are_no_keys() {
    let ed = |length: usize| [string(b"ssh-ed25519"), string(&vec![0; length])].concat();
    assert!(SshKey::from_blob(&ed(32)).is_ok());
    let too_long = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&vec![0x7f; 4096])].concat();
    let even = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&[vec![0], vec![0xff; 255], vec![2]].concat())].concat();
    let negative = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&[0xff; 256])].concat();
    let compressed = [string(b"ecdsa-sha2-nistp256"), string(b"nistp256"), string(&[2; 33])].concat();
    let nowhere =
        [string(b"ecdsa-sha2-nistp256"), string(b"nistp256"), string(&[[4].as_slice(), &[1; 64]].concat())].concat();
    let other = [string(b"ecdsa-sha2-nistp256"), string(b"nistp384"), string(&[4; 65])].concat();
    let endless = [&[0xff, 0xff, 0xff, 0xff], b"ssh-ed25519".as_slice()].concat();
    for (what, blob) in [
        ("nothing", Vec::new()),
        ("too short", ed(31)),
        ("more behind", [ed(32), vec![0]].concat()),
        ("a length that is none", endless),
        ("too long", too_long),
        ("an even modulus", even),
        ("a negative modulus", negative),
        ("a compressed point", compressed),
        ("a point that is not on the curve", nowhere),
        ("another curve", other),
        ("very long", vec![0; 1 << 20]),
    ] {
        assert_eq!(SshKey::from_blob(&blob), Err(SshKeyError::Malformed), "{what}");
    }
    let dss = [string(b"ssh-dss"), string(&[1])].concat();
    assert_eq!(SshKey::from_blob(&dss), Err(SshKeyError::Type { found: "ssh-dss".to_owned() }));
}

proptest! {
    #![proptest_config(cases(3000))]

    /// Whatever strangers write is read to its end or refused, and what is read is written again to the byte.
    #[test]
    fn any_bytes(
        parts in proptest::collection::vec(
            prop_oneof![
                Just(b"SSHSIG\0\0\0\x01".to_vec()),
                Just(string(b"sha512")),
                Just(string(b"ssh-ed25519")),
                Just(string(&[string(b"ssh-ed25519"), string(&[7; 32])].concat())),
                Just(string(&[string(b"ssh-rsa"), string(&[3]), string(&[0x7f; 256])].concat())),
                Just(vec![0xff; 4]),
                proptest::collection::vec(any::<u8>(), 0..40),
            ],
            0..9,
        ),
    ) {
        let bytes = parts.concat();
        let _ = SshKey::from_blob(&bytes);
        if let Ok(read) = SshSignature::read(&armoured(&bytes)) {
            prop_assert_eq!(read.armoured().into_bytes(), armoured(&bytes));
            prop_assert!(read.check(NAMESPACE, STATEMENT).is_err());
        }
    }

    #[test]
    fn any_list(text in "([!*?a@,\"\\\\ \t\r\n#=Z0-9]|valid-after=|valid-before=|namespaces=|ssh-ed25519 AAAA|2026){0,30}") {
        if let Ok(list) = AllowedSigners::read(text.as_bytes()) {
            let _ = list.allows("a@a", b"", NAMESPACE, super::instant("20260301120000"));
        }
    }
}
