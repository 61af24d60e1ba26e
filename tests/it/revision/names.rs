//! Names and numbers: checked once, when they are made.

use mlrun::digest::{Digest, Hasher};
use mlrun::id::{CertificateId, SnapshotId};
use mlrun::name::{ModelName, ModelPrefix, NameError, SetName, StageName, Version};
use proptest::prelude::*;

use crate::support::{cases, noise, sha256sum};

#[test]
fn what_is_a_name() {
    for name in [
        "a",
        "fraud",
        "a.b-c_d",
        "v",
        "vx",
        "v7x",
        "abc",
        "deadbeefs",
        "commit",
        "com",
        "con1",
        "com10",
        "nul0x",
        "x.con",
    ] {
        assert!(StageName::new(name).is_ok(), "{name}");
        assert_eq!(StageName::new(name).unwrap().to_string(), name);
    }
    assert!(StageName::new(&"x".repeat(64)).is_ok());
    for name in ["payments/fraud", "a/b/c"] {
        assert!(ModelName::new(name).is_ok(), "{name}");
        assert!(StageName::new(name).is_err() && SetName::new(name).is_err(), "{name}");
    }
}

#[test]
fn what_is_none() {
    let grammar =
        ["", "A", "1a", ".a", "-a", "a b", "a\n", "ä", "a.", "a/", "/a", "a//b", "a/../b", "a\\b", "a:b", "a\0"];
    for name in grammar {
        assert!(matches!(ModelName::new(name), Err(NameError::Grammar { .. })), "{name:?}");
    }
    assert!(matches!(StageName::new(&"x".repeat(65)), Err(NameError::Grammar { .. })));
    let long = [&*"x".repeat(64); 4].join("/");
    assert!(matches!(ModelName::new(&long), Err(NameError::TooLong { .. })));
    assert!(ModelName::new(&long[..255]).is_ok());
    let reserved = [
        ("latest", "a fixed word"),
        ("workspace", "a fixed word"),
        ("v1", "a version"),
        ("v007", "a version"),
        ("cafe", "an id"),
        ("decade", "an id"),
        ("con", "a device"),
        ("nul", "a device"),
        ("aux.txt", "a device"),
        ("com1", "a device"),
        ("lpt9.log", "a device"),
        ("x/latest", "a fixed word"),
        ("x/v1/y", "a version"),
    ];
    for (name, what) in reserved {
        let Err(NameError::Reserved { reads_as, .. }) = ModelName::new(name) else { panic!("{name}") };
        assert!(reads_as.starts_with(what), "{name}: {reads_as}");
    }
}

#[test]
fn prefixes() {
    let prefix = ModelPrefix::new("acme/*").unwrap();
    assert_eq!((prefix.as_str(), prefix.to_string().as_str()), ("acme/", "acme/*"));
    assert_eq!(ModelPrefix::new("acme/eu/*").unwrap().as_str(), "acme/eu/");
    for bad in ["*", "/*", "acme*", "acme/", "acme/**", "*/fraud", "acme/*/fraud", "a*/*", "acme/f*"] {
        assert!(matches!(ModelPrefix::new(bad), Err(NameError::Prefix { .. } | NameError::Grammar { .. })), "{bad}");
    }
    assert!(matches!(ModelPrefix::new("latest/*"), Err(NameError::Reserved { .. })));
}

#[test]
fn versions() {
    for (text, expected) in [
        ("v1", Some(1)),
        ("v42", Some(42)),
        ("v4294967295", Some(u32::MAX)),
        ("v4294967296", None),
        ("v0", None),
        ("v01", None),
        ("v", None),
        ("1", None),
        ("V1", None),
        ("v1 ", None),
        ("v+1", None),
    ] {
        assert_eq!(Version::parse(text).map(|v| v.0), expected, "{text}");
    }
    assert_eq!(Version(7).to_string(), "v7");
    assert_eq!(format!("{:>4}", Version(7)), "  v7");
}

#[test]
fn digests_are_those_of_sha256sum() {
    for length in [0, 1, 55, 56, 63, 64, 65, 1 << 20, (1 << 20) + 1] {
        let bytes = noise::noise(length as u64, length);
        let expected = sha256sum(&bytes);
        assert_eq!(Digest::of(&bytes).to_string(), expected);
        let (read, total) = Digest::of_reader(bytes.as_slice()).unwrap();
        assert_eq!((read.to_string(), total), (expected.clone(), length as u64));
        let mut hasher = Hasher::default();
        bytes.chunks(1000).for_each(|part| hasher.update(part));
        assert_eq!(hasher.finish().to_string(), expected);
    }
}

#[test]
fn digests_as_text() {
    let digest = Digest::of(b"x");
    let text = digest.to_string();
    assert_eq!(text.parse::<Digest>(), Ok(digest));
    assert_eq!(digest.short(), text[..12]);
    assert_eq!(text.parse::<SnapshotId>().unwrap().digest(), text.parse::<CertificateId>().unwrap().digest());
    for bad in
        [&text[..63], &format!("{text}0"), &text.to_uppercase(), &text.replace(&text[..1], "g"), "", &"é".repeat(32)]
    {
        assert!(bad.parse::<Digest>().is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(cases(500))]

    /// Whatever is a name can stand in a path and in a revision without being taken for something else.
    #[test]
    fn a_name_is_nothing_else(text in "[a-z0-9._-]{1,12}") {
        if let Ok(name) = StageName::new(&text) {
            prop_assert_eq!(Version::parse(&text), None);
            prop_assert!(!(text.len() >= 4 && text.bytes().all(|b| b.is_ascii_hexdigit())));
            let revision = mlrun::revision::Revision::parse(&text, &|_| false);
            // Fewer than four hex digits are neither an id nor worth being misread as one.
            if let Ok(revision) = revision {
                prop_assert_eq!(revision.target, mlrun::revision::Target::Stage(name));
            }
        }
    }
}
