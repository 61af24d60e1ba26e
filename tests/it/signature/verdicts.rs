//! Good and bad signatures by every kind of key, one thing wrong at a time.

use std::fs;
use std::process::{Child, Command, Stdio};

use mlrun::format::signoff::NAMESPACE;
use mlrun::signature::sshsig::{SshSigError, SshSignature};

use super::{ANA, Keys, Question, STATEMENT, armoured, blob};

const KINDS: [(&str, &str, Option<u32>); 6] = [
    ("ed25519", "ed25519", None),
    ("p256", "ecdsa", Some(256)),
    ("p384", "ecdsa", Some(384)),
    ("p521", "ecdsa", Some(521)),
    ("rsa", "rsa", Some(2048)),
    ("rsa3072", "rsa", Some(3072)),
];

#[test]
fn every_kind_of_key_good_and_bad() {
    let keys = Keys::new();
    for (name, kind, bits) in KINDS {
        keys.make(name, kind, bits);
        let line = format!("{ANA} {}\n", keys.public(name));
        let signature = keys.signed(name);
        let good = Question::new(&line, &signature);
        good.is(&keys, true);
        for hash in ["sha256", "sha512"] {
            let other = keys.sign(&keys.path(name), NAMESPACE, STATEMENT, &["-O", &format!("hashalg={hash}")]);
            Question::new(&line, &other).is(&keys, true);
        }
        Question { principal: "ben@example.org", ..good.clone() }.is(&keys, false);
        Question { namespace: "git", ..good.clone() }.is(&keys, false);
        let for_git = keys.sign(&keys.path(name), "git", STATEMENT, &[]);
        Question::new(&line, &for_git).is(&keys, false);
        Question { namespace: "git", ..Question::new(&line, &for_git) }.is(&keys, true);
        let messages: [&[u8]; 4] = [b"", b"another", &[STATEMENT, b"\n"].concat(), &[STATEMENT, b"\r\n"].concat()];
        for message in messages {
            Question { message, ..good.clone() }.is(&keys, false);
        }
        // What we store is what they read, and the same however its lines ended.
        let stored = SshSignature::read(&signature).unwrap().armoured();
        assert_eq!(stored.as_bytes(), signature);
        let crlf = String::from_utf8(signature.clone()).unwrap().replace('\n', "\r\n");
        let but_for_the_first = crlf.replacen("\r\n", "\n", 1).into_bytes();
        Question::new(&line, &but_for_the_first).is(&keys, true);
        // Not every release of OpenSSH takes one behind the first line; what we store of it every one does.
        let crlf = crlf.into_bytes();
        assert_eq!(SshSignature::read(&crlf).unwrap().armoured(), stored);
    }
}

/// Wherever a signature is cut or changed, both refuse it, or both do not mind.
#[test]
fn cut_and_altered_signatures() {
    let keys = Keys::new();
    let (mut asked, mut minded) = (0, 0);
    for (name, kind, bits) in [("ed25519", "ed25519", None), ("p256", "ecdsa", Some(256)), ("rsa", "rsa", Some(2048))] {
        keys.make(name, kind, bits);
        let line = format!("{ANA} {}\n", keys.public(name));
        let whole = blob(&keys.signed(name));
        let step = whole.len() / 40 + 1;
        for at in (0..whole.len()).step_by(step) {
            let mut altered = whole.clone();
            altered[at] ^= 1 << (at % 8);
            let altered = armoured(&altered);
            let cut = armoured(&whole[..at]);
            for (signature, what) in [(&altered, "altered"), (&cut, "cut")] {
                let good = Question::new(&line, signature).agrees(&keys, &format!("{name}, {what} at {at}"));
                (asked, minded) = (asked + 1, minded + usize::from(!good));
            }
        }
        let longer = armoured(&[whole.as_slice(), b"x"].concat());
        Question::new(&line, &longer).is(&keys, false);
    }
    assert!(asked > 150 && minded > asked - 10, "{minded} of {asked}");
}

#[test]
fn what_is_no_signature() {
    let keys = Keys::new();
    keys.make("key", "ed25519", None);
    let line = format!("{ANA} {}\n", keys.public("key"));
    let good = String::from_utf8(keys.signed("key")).unwrap();
    let cases = [
        String::new(),
        "-----BEGIN SSH SIGNATURE-----".to_owned(),
        format!(" {good}"),
        good.replace("BEGIN SSH", "BEGIN PGP"),
        good.replace("-----END", "-----ENDE"),
        good.replacen('\n', " ", 1),
        good.replacen("U1NI", "U1N!", 1),
        good.lines().take(1).chain(good.lines().last()).collect::<Vec<_>>().join("\n"),
    ];
    for case in cases {
        Question::new(&line, case.as_bytes()).is(&keys, false);
    }
    // What stands behind it is nothing to anybody.
    Question::new(&line, format!("{good}and more").as_bytes()).is(&keys, true);
    let whole = blob(good.as_bytes());
    let newer = armoured(&[b"SSHSIG\0\0\0\x02", &whole[10..]].concat());
    Question::new(&line, &newer).is(&keys, false);
    assert_eq!(SshSignature::read(&newer), Err(SshSigError::Version { found: 2 }));
    let text = |from: &[u8], to: &[u8]| {
        let at = whole.windows(from.len()).position(|window| window == from).unwrap();
        armoured(&[&whole[..at], to, &whole[at + from.len()..]].concat())
    };
    let hash = text(b"sha512", b"sha384");
    Question::new(&line, &hash).is(&keys, false);
    assert_eq!(SshSignature::read(&hash), Err(SshSigError::Hash { found: "sha384".to_owned() }));
    // The other hash that is known, but not the one it was made with.
    Question::new(&line, &text(b"sha512", b"sha256")).is(&keys, false);
    assert_eq!(SshSignature::read(&vec![b'-'; 1 << 20]), Err(SshSigError::Armour));
}

/// Shorter than anybody should believe: here we are stricter, and say so.
#[test]
fn an_rsa_key_that_is_too_short() {
    let keys = Keys::new();
    keys.make("short", "rsa", Some(1024));
    let signature = keys.signed("short");
    let error = SshSignature::read(&signature).unwrap_err();
    assert!(mlrun::ops::chain(&error).contains("1024 bits; 2048 are the least"), "{error}");
}

/// The private half is in an agent, and nowhere else.
#[test]
fn a_key_that_an_agent_has() {
    struct Agent(Child);
    impl Drop for Agent {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let keys = Keys::new();
    keys.make("key", "ed25519", None);
    let socket = keys.path("agent.sock");
    let mut command = Command::new("ssh-agent");
    command.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _agent = Agent(command.spawn().unwrap());
    while !socket.exists() {
        std::thread::yield_now();
    }
    let with_agent = |program: &str| {
        let mut command = Command::new(program);
        command.env("SSH_AUTH_SOCK", &socket);
        command
    };
    super::succeeds(with_agent("ssh-add").arg("-q").arg(keys.path("key")));
    fs::remove_file(keys.path("key")).unwrap();
    fs::write(keys.path("message"), STATEMENT).unwrap();
    let mut sign = with_agent("ssh-keygen");
    sign.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(keys.path("key.pub")).arg(keys.path("message"));
    super::succeeds(&mut sign);
    let signature = fs::read(keys.path("message.sig")).unwrap();
    Question::new(&format!("{ANA} {}\n", keys.public("key")), &signature).is(&keys, true);
}
