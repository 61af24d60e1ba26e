//! Signing with a program that is not there, does not come to an end, or makes nothing: nothing is on record then.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use mlrun::ops::approve::{ApproveOptions, PATIENCE, Subject, approve};
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::ops::{ApprovalError, SignWith, VerbError};
use mlrun::progress::Silent;

use crate::support::project::TestRepo;

/// A version of somebody else's that waits for a signature, and a program that makes none.
fn scene(program: Option<&str>) -> TestRepo {
    let repo = TestRepo::new();
    repo.write("model/w", "0").write("signers", "# nobody yet\n");
    fs::write(repo.beside("key"), "a key\n").unwrap();
    repo.git(&["init", "--quiet"]);
    init(&repo.options(), &InitOptions::default()).unwrap();
    let config = String::from_utf8(repo.read("mlrun.toml")).unwrap();
    let stage = "[stage.production]\ncertificate = \"none\"\napprovals = { risk = 1 }\nsigners = \"signers\"\n\
        self_approval = true\n[roles]\nrisk = [\"ana@example.org\"]\n";
    repo.write("mlrun.toml", config.replace("[stage.production]", stage));
    snapshot(&repo.open(), &SnapshotOptions::default(), &Silent).unwrap();
    let place = repo.beside("signs");
    if let Some(program) = program {
        fs::write(&place, format!("#!/bin/sh\n{program}\n")).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    }
    repo.git(&["config", "gpg.ssh.program", place.to_str().unwrap()]);
    repo.git(&["config", "user.email", "ana@example.org"]);
    repo
}

/// What comes of it; the journal is what it was.
fn refused(repo: &TestRepo, patience: Duration) -> ApprovalError {
    let repository = repo.open();
    let models = repository.registry().models().unwrap();
    let seq = || repository.registry().state(&models[0]).unwrap().unwrap().seq();
    let known = seq();
    let options = ApproveOptions {
        subject: Subject::Version("v1".to_owned(), None),
        stage: None,
        role: None,
        text: None,
        sign: SignWith::Key(repo.beside("key")),
        patience,
        statement_only: false,
        dry_run: false,
    };
    let error = match approve(&repository, &options, &Silent, &mut |_| {}).unwrap_err() {
        VerbError::Approval(error) => *error,
        other => panic!("{other:?}"),
    };
    assert_eq!(seq(), known);
    error
}

#[test]
fn a_program_that_is_not_there() {
    let error = refused(&scene(None), PATIENCE);
    assert!(matches!(&error, ApprovalError::NoProgram { source } if source.kind() == ErrorKind::NotFound), "{error:?}");
}

#[test]
fn a_program_that_hangs_is_ended_when_its_time_is_up() {
    let began = Instant::now();
    let error = refused(&scene(Some("echo touch it; exec sleep 1000")), Duration::from_millis(300));
    assert!(began.elapsed() < Duration::from_secs(100), "{:?}", began.elapsed());
    let ApprovalError::NotMade { said, timed_out } = &error else { panic!("{error:?}") };
    assert_eq!((said.as_str(), *timed_out), ("touch it", true));
    assert!(error.to_string().contains("in the time it was given"), "{error}");
}

#[test]
fn a_program_that_makes_nothing() {
    let failed = refused(&scene(Some("echo no such key >&2; exit 255")), PATIENCE);
    assert!(
        matches!(&failed, ApprovalError::NotMade { said, timed_out: false } if said == "no such key"),
        "{failed:?}"
    );
    let nothing = refused(&scene(Some("exit 0")), PATIENCE);
    assert!(nothing.to_string().contains("there is none"), "{nothing}");
    let wrong = refused(&scene(Some("for last; do :; done; echo signed > \"$last.sig\"")), PATIENCE);
    assert!(matches!(wrong, ApprovalError::Signature { .. }), "{wrong:?}");
}
