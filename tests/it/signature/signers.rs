//! Lists of allowed signers: patterns, namespaces, times, and lines that are none.

use mlrun::format::allowed_signers::{AllowedSigners, SignerFlaw};
use mlrun::format::signoff::NAMESPACE;

use super::{ANA, Keys, Question, instant};

#[test]
fn patterns_namespaces_and_times() {
    let keys = Keys::new();
    keys.make("key", "ed25519", None).make("other", "ed25519", None);
    let (key, other) = (keys.public("key"), keys.public("other"));
    let signature = keys.signed("key");
    // A line, and whether ana may sign with it on 2026-03-01 12:00:00Z.
    let cases: &[(String, bool)] = &[
        (format!("{ANA} {key}"), true),
        (format!("{ANA} {key} and a comment"), true),
        (format!("{ANA}\t{key}\r"), true),
        (format!("# {ANA} {key}"), false),
        (format!("\n \t# nothing\n\n  {ANA} {key}\n"), true),
        (format!("{ANA} {other}"), false),
        (format!("{ANA} {other}\n{ANA} {key}"), true),
        (format!("ANA@example.org {key}"), false),
        (format!("*@example.org {key}"), true),
        (format!("*@example.com {key}"), false),
        (format!("a?a@example.org {key}"), true),
        (format!("a?@example.org {key}"), false),
        (format!("*a*@*.org {key}"), true),
        (format!("** {key}"), true),
        (format!("ben@example.org,{ANA} {key}"), true),
        (format!("!{ANA},*@example.org {key}"), false),
        (format!("*@example.org,!{ANA} {key}"), false),
        (format!("!ben@example.org,*@example.org {key}"), true),
        (format!("!ben@example.org {key}"), false),
        (format!("\"ben@example.org,{ANA}\" {key}"), true),
        (format!("{ANA} namespaces=\"{NAMESPACE}\" {key}"), true),
        (format!("{ANA} NameSpaces=\"{NAMESPACE}\" {key}"), true),
        (format!("{ANA} namespaces=\"git\" {key}"), false),
        (format!("{ANA} namespaces=\"git,sign-off@*\" {key}"), true),
        (format!("{ANA} namespaces=\"*,!{NAMESPACE}\" {key}"), false),
        (format!("{ANA} namespaces=\"git\" {key}\n{ANA} {key}"), true),
        (format!("{ANA} valid-after=\"20260301Z\" {key}"), true),
        (format!("{ANA} valid-after=\"20260301120000Z\" {key}"), true),
        (format!("{ANA} valid-after=\"20260301120001Z\" {key}"), false),
        (format!("{ANA} valid-after=\"202603011201Z\" {key}"), false),
        (format!("{ANA} valid-before=\"20260302Z\" {key}"), true),
        (format!("{ANA} valid-before=\"20260301120000z\" {key}"), true),
        (format!("{ANA} valid-before=\"20260301115959Z\" {key}"), false),
        (format!("{ANA} valid-before=\"202603011159Z\" {key}"), false),
        (format!("{ANA} valid-after=\"20260101Z\",valid-before=\"20270101Z\",namespaces=\"*\" {key}"), true),
        (format!("{ANA} valid-before=\"20260101Z\" {key}\n*@example.org {key}"), true),
        (String::new(), false),
    ];
    for (line, good) in cases {
        Question::new(line, &signature).is(&keys, *good);
    }
    let two = format!("{ANA} {key}\nben@example.org {other}\n");
    for (principal, good) in [(ANA, true), ("ben@example.org", false), ("", false), ("ana", false)] {
        Question { principal, ..Question::new(&two, &signature) }.is(&keys, good);
    }
}

/// What `ssh-keygen` stumbles over when it comes to the line we refuse at once, and name the line.
#[test]
fn lines_that_are_none() {
    let keys = Keys::new();
    keys.make("key", "ed25519", None);
    let key = keys.public("key");
    let signature = keys.signed("key");
    let cases: &[(String, &str)] = &[
        (ANA.to_owned(), "a key is missing"),
        (format!("{ANA} ssh-ed25519"), "a key is missing"),
        (format!("{ANA} ssh-ed25519 AAAA!"), "not base64"),
        (format!("{ANA} namespaces=\"git {key}"), "quotation mark"),
        (format!("{ANA} namespaces=git {key}"), "quotation marks"),
        (format!("{ANA} restrict {key}"), "`restrict` is no option"),
        (format!("{ANA} namespaces=\"a\",namespaces=\"b\" {key}"), "twice"),
        (format!("{ANA} valid-after=\"tomorrow\" {key}"), "`tomorrow` is no time"),
        (format!("{ANA} valid-after=\"2026\" {key}"), "`2026` is no time"),
        (format!("{ANA} valid-after=\"20261301Z\" {key}"), "`20261301Z` is no time"),
        (format!("{ANA} valid-after=\"20270101Z\",valid-before=\"20260101Z\" {key}"), "before it begins"),
        (format!("\"{ANA} {key}"), "quotation mark"),
        (format!("{ANA} namespaces=\"a\", {key}"), "no option"),
    ];
    for (line, reason) in cases {
        let text = format!("# first\n{line}\n");
        let error = AllowedSigners::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains(reason), "{line}: {error}");
        Question::new(&text, &signature).is(&keys, false);
    }
    // Understood by them, and refused by us: in words.
    let authority = format!("{ANA} cert-authority {key}\n");
    assert!(
        AllowedSigners::read(authority.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("`cert-authority` is not supported")
    );
    assert!(AllowedSigners::read(&vec![b'#'; (1 << 20) + 1]).is_err());
    assert!(AllowedSigners::read(b"\xff\xfe").is_err());
}

#[test]
fn why_somebody_may_not() {
    let keys = Keys::new();
    keys.make("key", "ed25519", None);
    let key = mlrun::format::dsse::decode_base64(keys.public("key").split(' ').nth(1).unwrap()).unwrap();
    let flaw = |options: &str| {
        let list = AllowedSigners::read(format!("{ANA} {options} {}", keys.public("key")).as_bytes()).unwrap();
        list.allows(ANA, &key, NAMESPACE, instant("20260301120000")).unwrap_err()
    };
    assert_eq!(flaw("namespaces=\"git\""), SignerFlaw::Namespace);
    assert_eq!(flaw("valid-after=\"20260302Z\""), SignerFlaw::NotYet);
    assert_eq!(flaw("valid-before=\"20260201Z\""), SignerFlaw::Expired);
    let nobody = AllowedSigners::read(b"").unwrap();
    assert_eq!(nobody.allows(ANA, &key, NAMESPACE, instant("20260301120000")), Err(SignerFlaw::Unknown));
}

/// Stars that could be tried in many ways are not.
#[test]
fn a_pattern_made_to_take_for_ever() {
    let keys = Keys::new();
    keys.make("key", "ed25519", None);
    let pattern = "*a".repeat(500);
    let list = AllowedSigners::read(format!("{pattern}b {}", keys.public("key")).as_bytes()).unwrap();
    let key = mlrun::format::dsse::decode_base64(keys.public("key").split(' ').nth(1).unwrap()).unwrap();
    assert!(list.allows(&"a".repeat(5000), &key, NAMESPACE, instant("20260301120000")).is_err());
}
