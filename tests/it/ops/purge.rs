//! `purge` in the library: by which path a file is named, and where else an erased value still stands.

use std::path::Path;

use mlrun::digest::Digest;
use mlrun::format::event::{ActorRecord, EventBody, SubjectRecord};
use mlrun::format::scalar::Scalar;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::purge::{PurgeError, PurgeOptions, PurgeReport, Target, purge};
use mlrun::ops::show::raw;
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};
use mlrun::ops::{VerbError, drop, gc, resolve};
use mlrun::progress::Silent;
use mlrun::registry::{Decision, JournalError, State};
use mlrun::store::Writer;
use serde_json::json;

use crate::support::noise::{noise, text};
use crate::support::project::TestRepo;

/// Stands somewhere else, too.
const OWNER: &str = "jane.doe.of.accounting";

fn begun() -> TestRepo {
    let repo = TestRepo::new();
    init(&repo.options(), &InitOptions::default()).unwrap();
    repo
}

fn take(repo: &TestRepo, more: impl FnOnce(&mut SnapshotOptions)) -> Result<SnapshotReport, VerbError> {
    let files = vec!["model/".to_owned()];
    let params = if repo.path().join("params.yaml").exists() { vec!["params.yaml".to_owned()] } else { Vec::new() };
    let given = GivenInputs { folder: repo.path(), files, params, ..GivenInputs::default() };
    let mut options = SnapshotOptions { model: Some("fraud".parse().unwrap()), given, ..SnapshotOptions::default() };
    more(&mut options);
    snapshot(&repo.open(), &options, &Silent)
}

fn erase(repo: &TestRepo, revision: &str, target: Target, dry_run: bool) -> Result<PurgeReport, VerbError> {
    let (revision, reason) = (revision.to_owned(), "request 4711".to_owned());
    purge(&repo.open(), &PurgeOptions { revision, at: None, target, reason, dry_run }, &Silent)
}

fn field(name: &str) -> Target {
    Target::Field(name.to_owned())
}

fn file(path: &str, folder: &Path) -> Target {
    Target::File { path: path.to_owned(), folder: folder.to_path_buf() }
}

/// `v2 params.yaml`, `v3 notes`.
fn places(report: &PurgeReport) -> Vec<String> {
    report.also_in.iter().map(|one| format!("{} {}", one.version, one.name)).collect()
}

/// In every version, however large the file is and wherever in it: where two blocks meet, at its end. Files are told by what
/// is in them: that one is in several versions is no reason to read it again, and none to leave one out.
#[test]
fn a_value_is_found_wherever_it_stands() {
    let repo = begun();
    repo.write("params.yaml", format!("owner: {OWNER}\n")).write("model/clean.bin", noise(1, 50_000));
    take(&repo, |_| {}).unwrap();
    // Long enough to be many blocks: one of these lies across two of them.
    let long = text(3, 4 << 20);
    let mut table = Vec::new();
    long.chunks(997).for_each(|line| table.extend([line, OWNER.as_bytes()].concat()));
    repo.write("model/table.txt", &table).write("model/late.bin", [&noise(2, 3 << 20)[..], OWNER.as_bytes()].concat());
    repo.write("params.yaml", "owner: nobody\n");
    take(&repo, |options| options.given.notes = Some(format!("asked {OWNER} about it"))).unwrap();
    std::fs::remove_file(repo.path().join("model/table.txt")).unwrap();
    take(&repo, |options| options.given.notes = Some("without".to_owned())).unwrap();
    let wanted = ["v1 params.yaml", "v2 model/late.bin", "v2 model/table.txt", "v2 notes", "v3 model/late.bin"];
    for dry_run in [true, false] {
        let mut found = places(&erase(&repo, "v1", field("params.owner"), dry_run).unwrap());
        found.sort();
        assert_eq!(found, wanted);
    }
}

/// What people wrote for the record is named, too: reasons, and what stands in records that events name. Digests and kinds are nobody's words.
#[test]
fn a_value_that_somebody_wrote_for_the_record() {
    let repo = begun();
    repo.write("params.yaml", format!("owner: {OWNER}\n")).write("model/w", "1");
    take(&repo, |_| {}).unwrap();
    let opened = repo.open();
    let state = opened.registry().state(&"fraud".parse().unwrap()).unwrap().unwrap();
    let row = *state.latest().unwrap();
    let mut writer = opened.store().writer();
    let statement = |text: &str| {
        let said = json!({ "certificate": null, "format": "mlrun/approval/1", "model": "fraud", "repository": "r",
            "role": "risk", "snapshot": row.snapshot.to_string(), "stage": "production", "text": text });
        said.to_string()
    };
    let approve = |writer: &mut Writer<'_>, text: &str| EventBody::Approve {
        subject: SubjectRecord::Version { version: row.version, snapshot: row.snapshot },
        stage: "production".parse().unwrap(),
        role: "risk".to_owned(),
        person: "ana@example.org".to_owned(),
        certificate: None,
        statement: writer.put_record(statement(text).as_bytes()).unwrap(),
        signature: None,
    };
    let bodies = [
        approve(&mut writer, &format!("as {OWNER} wished")),
        approve(&mut writer, "read it"),
        EventBody::Withdraw { approval: 3, reason: Some(format!("{OWNER} \"asked\"")) },
        EventBody::Block { snapshot: row.snapshot, stage: None, reason: OWNER.to_owned() },
        EventBody::Unblock { snapshot: row.snapshot, stage: None, reason: None },
    ];
    writer.finish().unwrap();
    for body in bodies {
        let append = |_: &State| Ok::<_, JournalError>(Decision::Append(body.clone(), ()));
        opened.registry().commit(&state.model, &ActorRecord::default(), append).unwrap();
    }
    let found = |name: &str| {
        let report = erase(&repo, "v1", field(name), true).unwrap();
        assert_eq!((report.not_searched.len(), report.untold), (0, false));
        report.recorded.into_iter().map(|one| one.place).collect::<Vec<_>>()
    };
    let signed = Digest::of(statement(&format!("as {OWNER} wished")).as_bytes()).short();
    let wanted = ["event 5 (withdraw)".to_owned(), "event 6 (block)".to_owned(), format!("statement {signed}")];
    assert_eq!(found("params.owner"), wanted);
    repo.write("params.yaml", "owner: promote\n");
    take(&repo, |_| {}).unwrap();
    assert_eq!(erase(&repo, "v2", field("params.owner"), true).unwrap().recorded, []);
}

/// One text at every offset around the end of a block: no two pieces are read that it could hide between.
#[test]
fn a_value_between_two_pieces_is_found() {
    let repo = begun();
    repo.write("params.yaml", format!("owner: {OWNER}\n"));
    // A constant is cut into blocks of one length.
    for offset in 0..40 {
        let mut bytes = vec![b'a'; 3 << 20];
        let at = (1 << 20) - 30 + offset;
        bytes[at..at + OWNER.len()].copy_from_slice(OWNER.as_bytes());
        repo.write(&format!("model/{offset:02}.txt"), bytes);
    }
    take(&repo, |_| {}).unwrap();
    let report = erase(&repo, "v1", field("params.owner"), true).unwrap();
    assert_eq!(report.also_in.iter().filter(|one| one.name.starts_with("model/")).count(), 40);
    assert_eq!((report.not_searched.len(), report.untold), (0, false));
}

#[test]
fn what_is_too_short_or_not_there_is_not_looked_for() {
    let repo = begun();
    repo.write("params.yaml", "lr: 0.5\nowner: nobody.at.all\n").write("model/w", "0.5");
    take(&repo, |_| {}).unwrap();
    let report = erase(&repo, "v1", field("params.lr"), true).unwrap();
    assert_eq!((places(&report).len(), report.untold), (0, true));
    // What was dropped and collected holds nothing any more, and is not missed.
    repo.write("model/w", [&noise(6, 400_000)[..], b"nobody.at.all"].concat());
    take(&repo, |_| {}).unwrap();
    repo.write("model/w", "other").write("params.yaml", "lr: 0.6\n");
    take(&repo, |options| options.given.notes = Some("not by nobody.at.all".to_owned())).unwrap();
    for version in ["v1", "v2"] {
        let (revision, reason) = (version.to_owned(), "old".to_owned());
        drop::drop_version(&repo.open(), &drop::DropOptions { revision, reason, ..drop::DropOptions::default() })
            .unwrap();
    }
    assert_eq!(places(&erase(&repo, "v2", field("params.owner"), true).unwrap()).len(), 4, "still there");
    gc::gc(&repo.open(), &gc::GcOptions { dry_run: false, now: true }, &Silent).unwrap();
    // A small file shares its pack with records, and is still there.
    let report = erase(&repo, "v2", field("params.owner"), false).unwrap();
    let found = places(&report);
    assert!(found.contains(&"v3 notes".to_owned()) && !found.contains(&"v2 model/w".to_owned()), "{found:?}");
    assert_eq!(report.not_searched, [""; 0]);
}

/// What cannot be read may hold it: it is named, and the rest is looked into all the same.
#[test]
fn what_cannot_be_looked_into_is_named() {
    let repo = begun();
    repo.write("params.yaml", format!("owner: {OWNER}\n")).write("model/w.bin", noise(4, 400_000));
    take(&repo, |_| {}).unwrap();
    let part = noise(4, 400_000)[200_000..200_064].to_vec();
    let packs = std::fs::read_dir(repo.path().join(".mlrun/packs")).unwrap().map(|entry| entry.unwrap().path());
    for pack in packs {
        let mut bytes = std::fs::read(&pack).unwrap();
        if let Some(at) = bytes.windows(64).position(|window| window == part) {
            bytes[at] ^= 1;
            std::fs::write(&pack, bytes).unwrap();
        }
    }
    let report = erase(&repo, "v1", field("params.owner"), true).unwrap();
    assert_eq!(report.not_searched, ["fraud@v1 model/w.bin"]);
    assert_eq!(places(&report), ["v1 params.yaml"]);
}

#[test]
fn a_file_is_named_as_people_write_paths() {
    let repo = begun();
    repo.write("model/deep/w.bin", "w").write("model/w.bin", "v");
    take(&repo, |_| {}).unwrap();
    let root = repo.path();
    let whole = root.join("model/deep/w.bin");
    let whole = whole.to_str().unwrap();
    let deep = root.join("model/deep");
    for (typed, folder) in [
        ("model/deep/w.bin", &root),
        ("./model/deep/w.bin", &root),
        ("model//deep/./w.bin", &root),
        ("model/deep/w.bin/", &root),
        ("model/../model/deep/w.bin", &root),
        (whole, &root),
        ("w.bin", &deep),
        ("./w.bin", &deep),
        ("../deep/w.bin", &deep),
        // As the version names it, wherever one stands.
        ("model/deep/w.bin", &deep),
    ] {
        let report = erase(&repo, "v1", file(typed, folder), true).unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert_eq!(report.touched[0].paths, ["model/deep/w.bin"], "{typed}");
        assert_eq!(report.name, "model/deep/w.bin", "{typed}");
    }
    let refused = |typed: &str, folder: &Path| match erase(&repo, "v1", file(typed, folder), true) {
        Err(VerbError::Purge(error)) => error,
        other => panic!("{typed}: {other:?}"),
    };
    for typed in ["/etc/hostname", "../w.bin", "../../project/w"] {
        let error = refused(typed, &root);
        assert!(matches!(&error, PurgeError::Outside { project, .. } if *project == root), "{typed}: {error}");
    }
    for nothing in ["", ".", "model/.."] {
        assert!(matches!(refused(nothing, &root), PurgeError::NoFile { .. }), "{nothing}");
    }
    assert!(matches!(refused("model/", &root), PurgeError::NoBytes { path, .. } if path == "model"));
    assert!(matches!(refused("model/deep/x.bin", &root), PurgeError::NoFile { nearest, .. } if !nearest.is_empty()));
    assert!(matches!(refused("./w.bin", &root), PurgeError::NoFile { .. }));
}

/// Through a link to the project, too.
#[cfg(unix)]
#[test]
fn a_file_is_found_through_a_link_above_it() {
    let repo = begun();
    repo.write("model/w.bin", "w");
    take(&repo, |_| {}).unwrap();
    let link = repo.beside("link");
    std::os::unix::fs::symlink(repo.path(), &link).unwrap();
    let typed = link.join("model/w.bin");
    let report = erase(&repo, "v1", file(typed.to_str().unwrap(), &repo.path()), true).unwrap();
    assert_eq!(report.name, "model/w.bin");
}

/// The one that was asked for, not the newest that had it.
#[test]
fn the_version_that_was_purged_is_named() {
    let repo = begun();
    let mut taken = Vec::new();
    for (number, lr) in (1..).zip(["0.1", "0.2", "0.3"]) {
        repo.write("params.yaml", format!("owner: {OWNER}\nlr: {lr}\n")).write("model/w", "w");
        let report = take(&repo, |_| {}).unwrap();
        assert_eq!(report.version.0, number);
        taken.push(report.id);
    }
    erase(&repo, "v2", field("params.owner"), false).unwrap();
    for (id, version) in taken.iter().zip(["v1", "v2", "v3"]) {
        match raw(&repo.open(), &id.to_string()) {
            Err(VerbError::ErasedRecord { label, .. }) => assert_eq!(label, format!("fraud@{version}")),
            other => panic!("{other:?}"),
        }
    }
    // The very same record again: it is of v1.
    repo.write("params.yaml", format!("owner: {OWNER}\nlr: 0.1\n"));
    match take(&repo, |_| {}) {
        Err(VerbError::ErasedBefore { label, .. }) => assert_eq!(label, "fraud@v1"),
        other => panic!("{other:?}"),
    }
    // A file: the version it was purged by.
    erase(&repo, "v1", file("model/w", &repo.path()), false).unwrap();
    repo.write("params.yaml", "lr: 0.4\n");
    match take(&repo, |_| {}) {
        Err(VerbError::ErasedBefore { label, name, .. }) => {
            assert_eq!((label.as_str(), name.as_str()), ("fraud@v1", "model/w"));
        }
        other => panic!("{other:?}"),
    }
}

/// What was let through is in the report: each file, from where, and why it had gone.
#[test]
fn what_is_let_through_is_reported() {
    let repo = begun();
    repo.write("model/a", "first").write("model/b", "second").write("model/c", "third");
    assert_eq!(take(&repo, |_| {}).unwrap().erased_again, []);
    for path in ["model/a", "model/b"] {
        erase(&repo, "v1", file(path, &repo.path()), false).unwrap();
    }
    for dry_run in [true, false] {
        let report = take(&repo, |options| (options.allow_erased, options.dry_run) = (true, dry_run)).unwrap();
        let again: Vec<_> = report.erased_again.iter().map(|one| (one.name.as_str(), one.label.as_str())).collect();
        assert_eq!(again, [("model/a", "fraud@v1"), ("model/b", "fraud@v1")]);
        assert!(report.erased_again.iter().all(|one| one.why.contains("request 4711")));
    }
    // Nothing is stored again by a version that is there.
    let same = take(&repo, |options| options.allow_erased = true).unwrap();
    assert!(same.unchanged && same.erased_again.is_empty());
    let found = resolve::revision(&repo.open(), "v2", None).unwrap();
    assert!(found.state.erased_files(found.row.version).is_empty());
    assert!(matches!(same.record.params.get("owner"), None | Some(Scalar::Text(_))));
}
