//! Files that are longer than they may be are refused, never cut.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use mlrun::bounded;
use mlrun::ops::VerbError;
use mlrun::ops::rules::read_policy;
use mlrun::repository::{CONFIG, Config, ConfigError};

#[test]
fn a_file_is_read_whole_or_not_at_all() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("file");
    fs::write(&path, "12345").unwrap();
    for read in [bounded::read, bounded::read_named] {
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_eq!(read(&path, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
    assert_eq!(bounded::read_text(&path, 5).unwrap(), "12345");
    assert_eq!(bounded::read_text(&path, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(bounded::head(&path, 4).unwrap(), b"1234");
    fs::write(&path, [0xff]).unwrap();
    assert_eq!(bounded::read_text(&path, 5).unwrap_err().kind(), ErrorKind::InvalidData);
}

/// A device never ends: it is refused before it is opened, unless a person named it.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    assert_eq!(bounded::read(Path::new("/dev/zero"), 5).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(bounded::head(Path::new("/dev/zero"), 5).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(bounded::read_named(Path::new("/dev/zero"), 5).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(bounded::read_named(Path::new("/dev/null"), 5).unwrap(), b"");
}

/// What is left of a policy that was cut would be a policy: one with fewer rules.
#[test]
fn rules_behind_a_long_comment_are_not_lost() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("policy.toml");
    let rule = |id: &str| format!("[[rule]]\nid = \"{id}\"\nmetric = \"accuracy\"\nmin = 0.5\n");
    let begin = format!("schema = 1\ntask = \"binary\"\n{}", rule("first"));
    fs::write(&path, &begin).unwrap();
    assert_eq!(read_policy(&path, None).unwrap().record.rules.len(), 1);
    let comment = format!("# {}\n", "x".repeat(78)).repeat((4 << 20) / 81 + 1);
    fs::write(&path, format!("{begin}{comment}{}", rule("second"))).unwrap();
    match read_policy(&path, None).unwrap_err() {
        VerbError::Io { source, .. } => assert_eq!(source.kind(), ErrorKind::FileTooLarge),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_configuration_is_not_cut_either() {
    let temp = tempfile::tempdir().unwrap();
    let comment = format!("# {}\n", "x".repeat(78)).repeat((4 << 20) / 81 + 1);
    fs::write(temp.path().join(CONFIG), format!("schema = 1\n{comment}\n[model.fraud]\nfiles = [\"model\"]\n"))
        .unwrap();
    match Config::read(temp.path()).unwrap_err() {
        ConfigError::Io { source, .. } => assert_eq!(source.kind(), ErrorKind::FileTooLarge),
        other => panic!("{other:?}"),
    }
}
