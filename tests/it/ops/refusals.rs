//! What a verb will not begin, and what it says of a version that is gone.

use std::fs;

use mlrun::clock::Time;
use mlrun::format::event::EventBody;
use mlrun::ops::block::{BlockOptions, block};
use mlrun::ops::drop::{DropOptions, drop_version};
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::restore::{RestoreOptions, restore};
use mlrun::ops::show::{ShowOptions, show};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::ops::verify::{Repairs, VerifyOptions, verify};
use mlrun::ops::{UsageError, VerbError};
use mlrun::progress::Silent;

use crate::support::noise::noise;
use crate::support::project::{TestRepo, contents};

fn begun() -> TestRepo {
    let repo = TestRepo::new();
    init(&repo.options(), &InitOptions::default()).unwrap();
    repo
}

fn take(repo: &TestRepo, notes: Option<&str>) -> Result<(), VerbError> {
    let (files, data) = (vec!["model/".to_owned()], vec![("train".parse().unwrap(), "data.csv".to_owned())]);
    let given =
        GivenInputs { folder: repo.path(), files, data, notes: notes.map(str::to_owned), ..GivenInputs::default() };
    let options = SnapshotOptions { model: Some("fraud".parse().unwrap()), given, ..SnapshotOptions::default() };
    snapshot(&repo.open(), &options, &Silent).map(drop)
}

fn project() -> TestRepo {
    let repo = begun();
    repo.write("model/w.bin", noise(1, 300_000)).write("data.csv", "a\n1\n");
    take(&repo, None).unwrap();
    repo
}

/// An unreadable option, and its reason.
fn option(error: VerbError) -> String {
    match error {
        VerbError::Usage(UsageError::Option { option, reason }) => format!("{option}: {reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_to_look_in_is_looked_at_first() {
    let repo = project();
    repo.write("file", "");
    let pack = fs::read_dir(repo.path().join(".mlrun/packs")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&pack).unwrap();
    fs::write(&pack, &whole[..whole.len() - 30]).unwrap();
    let before = contents(&repo.path());
    let look = |folder: &str| {
        let from = vec![repo.path().join("model"), repo.path().join(folder)];
        let options = VerifyOptions { full: true, repair: Repairs::Made, from, ..VerifyOptions::default() };
        verify(&repo.open(), &options, &Silent)
    };
    let shown = |name: &str| repo.path().join(name).display().to_string();
    match look("nowhere") {
        Err(VerbError::Usage(UsageError::NoFolder(name))) => assert_eq!(name, shown("nowhere")),
        other => panic!("{other:?}"),
    }
    match look("file") {
        Err(VerbError::Usage(UsageError::NotAFolder(name))) => assert_eq!(name, shown("file")),
        other => panic!("{other:?}"),
    }
    assert!(contents(&repo.path()) == before, "nothing was done");
    assert_eq!(look("model").unwrap().problems, []);
}

/// A pack of a dropped version that lost its end: all of it is sound, and said once to be whole again.
#[test]
fn a_pack_is_repaired_once() {
    let repo = project();
    repo.write("model/w.bin", noise(2, 300_000));
    take(&repo, None).unwrap();
    let dropped = DropOptions { revision: "v1".into(), reason: "old".into(), ..DropOptions::default() };
    drop_version(&repo.open(), &dropped).unwrap();
    let part = &noise(1, 300_000)[100_000..100_064];
    let packs = fs::read_dir(repo.path().join(".mlrun/packs")).unwrap().map(|entry| entry.unwrap().path());
    let holds = |pack: &std::path::PathBuf| fs::read(pack).unwrap().windows(64).any(|window| window == part);
    let pack = packs.into_iter().find(holds).unwrap();
    let whole = fs::read(&pack).unwrap();
    fs::write(&pack, &whole[..whole.len() - 30]).unwrap();
    let options = VerifyOptions { repair: Repairs::Made, ..VerifyOptions::default() };
    let report = verify(&repo.open(), &options, &Silent).unwrap();
    let packs: Vec<_> = report.repaired.iter().filter(|mended| mended.kind == "pack").collect();
    assert_eq!((packs.len(), &report.problems), (1, &Vec::new()), "{packs:#?}");
    assert_eq!(packs[0].gone_to, None);
    assert_eq!(fs::read(&pack).unwrap(), whole);
}

/// An index is a cache: a check that writes it anew has mended it, and nothing is wrong any more.
#[test]
fn an_index_is_mended_by_every_check() {
    let repo = project();
    for repair in [Repairs::None, Repairs::Rehearsed, Repairs::Made] {
        let index = fs::read_dir(repo.path().join(".mlrun/index")).unwrap().next().unwrap().unwrap().path();
        let bytes = fs::read(&index).unwrap();
        fs::write(&index, &bytes[..bytes.len() / 2]).unwrap();
        let look = || verify(&repo.open(), &VerifyOptions { repair, ..VerifyOptions::default() }, &Silent).unwrap();
        let report = look();
        let kinds: Vec<_> = report.repaired.iter().map(|mended| mended.kind).collect();
        assert_eq!((kinds, &report.problems), (vec!["index"], &Vec::new()), "{repair:?}");
        assert_eq!(look().repaired, []);
    }
}

#[test]
fn control_characters_are_not_written_down() {
    let repo = project();
    let reason = |text: &str| {
        let (revision, reason) = ("v1".to_owned(), Some(text.to_owned()));
        block(&repo.open(), &BlockOptions { revision, reason, ..BlockOptions::default() })
    };
    for (text, place) in [
        ("a\u{1b}[31mb", "line 1, character 2 is the control character U+001B"),
        ("fine\nünd\u{7}", "line 2, character 4 is the control character U+0007"),
        ("over\rwritten", "line 1, character 5 is the control character U+000D"),
        ("\0", "line 1, character 1 is the control character U+0000"),
        ("next\u{85}line", "line 1, character 5 is the control character U+0085"),
        ("\u{9b}2J", "line 1, character 1 is the control character U+009B"),
    ] {
        let before = contents(&repo.path());
        assert_eq!(option(reason(text).map(drop).unwrap_err()), format!("the reason: {place}"));
        assert_eq!(option(take(&repo, Some(text)).unwrap_err()), format!("the notes: {place}"));
        assert!(contents(&repo.path()) == before);
    }
    // Lines end as they do on any system, and are set in.
    let text = "slow:\r\n\tsince Friday\n\u{202e}ok";
    reason(text).unwrap();
    take(&repo, Some(text)).unwrap();
    let state = repo.open().registry().state(&"fraud".parse().unwrap()).unwrap().unwrap();
    assert_eq!(state.blocks.last().unwrap().reason, text);
}

/// A file of notes is written down, too.
#[test]
fn control_characters_in_a_file_of_notes() {
    let repo = begun();
    let config = String::from_utf8(repo.read("mlrun.toml")).unwrap();
    repo.write("mlrun.toml", format!("{config}\n[model.fraud]\nfiles = [\"model/\"]\nnotes = \"NOTES.md\"\n"));
    repo.write("model/w", "w").write("NOTES.md", "# Notes\r\n\r\n\tmore trees\r\n");
    let model: Option<mlrun::name::ModelName> = Some("fraud".parse().unwrap());
    let take =
        || snapshot(&repo.open(), &SnapshotOptions { model: model.clone(), ..SnapshotOptions::default() }, &Silent);
    take().unwrap();
    repo.write("NOTES.md", "# Notes\n\u{8}\n");
    let said = option(take().map(drop).unwrap_err());
    assert!(
        said.contains("NOTES.md") && said.ends_with("line 2, character 1 is the control character U+0008"),
        "{said}"
    );
}

/// No file is put in the place of a folder, whatever is in it; asked for or not.
#[test]
fn a_folder_where_a_file_must_be() {
    let repo = project();
    let to = repo.path().join("out");
    repo.write("out/model/w.bin/kept", "kept");
    let before = contents(&to);
    for (force, dry_run) in [(false, false), (false, true), (true, false), (true, true)] {
        let options =
            RestoreOptions { revision: "v1".into(), to: to.clone(), force, dry_run, ..RestoreOptions::default() };
        match restore(&repo.open(), &options, &Silent) {
            Err(VerbError::FolderInTheWay { paths }) => assert_eq!(paths, [to.join("model/w.bin")]),
            other => panic!("{other:?}"),
        }
        assert_eq!(contents(&to), before);
    }
}

/// When it was dropped and why stands in its record; nothing of it is said to be kept.
#[test]
fn a_dropped_version_is_shown_as_one() {
    let repo = project();
    let look = || show(&repo.open(), &ShowOptions { revision: "v1".into(), at: None }).unwrap();
    assert_eq!(look().dropped, None);
    assert!(look().reproducibility.iter().any(|reason| reason.good && reason.text == "the data `train` is kept"));
    let options = DropOptions { revision: "v1".into(), reason: "diverged".into(), ..DropOptions::default() };
    let event = drop_version(&repo.open(), &options).unwrap().event.unwrap();
    let report = look();
    let dropped = report.dropped.unwrap();
    assert_eq!((dropped.reason.as_str(), dropped.time), ("diverged", Some(event.time)));
    let file = repo.open().registry().event(&report.model, event.event.seq).unwrap().unwrap().event.unwrap();
    assert!(matches!(file.body, EventBody::Drop { .. }));
    assert_eq!(dropped.actor, file.actor.name.or(file.actor.email));
    assert!(report.record.data.iter().all(|data| data.stored.is_none() && data.not_stored.is_some()));
    assert!(!report.reproducibility.iter().any(|reason| reason.good && reason.text.contains("kept")));
    assert!(report.reproducibility[0].text.starts_with("its files were dropped "), "{:?}", report.reproducibility);
}

#[test]
fn times_for_people_are_understood() {
    let time = Time::parse_rfc3339("2026-03-01T12:34:56.789Z").unwrap();
    assert_eq!(time.for_people(), "2026-03-01 12:34:56.789Z");
    let read = mlrun::clock::Moment::parse(&time.for_people(), time).unwrap();
    assert_eq!(read.instant(), time);
}
