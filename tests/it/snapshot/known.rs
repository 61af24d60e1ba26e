//! Files that are not read again: every way in which their times could lie.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mlrun::capture::data::{self, DataInput, DataPlace};
use mlrun::capture::files::{PathSpec, SourceFile};
use mlrun::capture::ignored::Ignored;
use mlrun::capture::known::Known;
use mlrun::digest::Digest;
use mlrun::format::config::DataStore;
use mlrun::format::known::{DiskTime, KnownFilesRecord, decode, encode};
use mlrun::format::snapshot::DataRecord;
use mlrun::name::SetName;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};
use mlrun::ops::verify::{VerifyOptions, verify};
use mlrun::progress::Silent;
use mlrun::store::Backend;
use mlrun::store::disk::Disk;

use crate::support::project::{TestRepo, contents};
use crate::support::{says, sha256sum};

/// A file of eight bytes that was changed an hour ago, and one that has its size and time.
struct Pair {
    temp: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let pair = Self { temp };
        fs::write(pair.file(), "original").unwrap();
        fs::write(pair.other(), "replaced").unwrap();
        says("touch", &["-d", "1 hour ago", "file"], pair.temp.path());
        says("touch", &["-r", "file", "other"], pair.temp.path());
        pair
    }

    fn file(&self) -> PathBuf {
        self.temp.path().join("file")
    }

    fn other(&self) -> PathBuf {
        self.temp.path().join("other")
    }
}

fn described(path: &Path) -> SourceFile {
    SourceFile::describe("file".to_owned(), path.to_owned()).unwrap()
}

fn device(path: &Path) -> u64 {
    fs::metadata(path).unwrap().dev()
}

/// The later of a file's times.
fn latest(path: &Path) -> i64 {
    let data = fs::metadata(path).unwrap();
    let of = |seconds: i64, rest: i64| seconds * 1_000_000_000 + rest;
    of(data.mtime(), data.mtime_nsec()).max(of(data.ctime(), data.ctime_nsec()))
}

/// Reads a file at `now` of the file system with number `device`; what is kept for the next time.
fn read_at(path: &Path, nanoseconds: i64, device: u64) -> Option<KnownFilesRecord> {
    let known = Known::new(Path::new("/elsewhere"), KnownFilesRecord::default(), move || {
        Some(DiskTime { nanoseconds, device })
    });
    let file = described(path);
    assert_eq!(known.digest(&file), None);
    known.learn(&file, Digest::of(&fs::read(path).unwrap()));
    known.into_kept()
}

fn read_later(path: &Path) -> KnownFilesRecord {
    read_at(path, latest(path) + 1, device(path)).unwrap()
}

/// Whether the file is taken for what was kept.
fn is_known(path: &Path, kept: &KnownFilesRecord) -> bool {
    Known::new(Path::new("/elsewhere"), kept.clone(), || None).digest(&described(path)).is_some()
}

#[test]
fn what_was_not_touched_is_known() {
    let pair = Pair::new();
    let kept = read_later(&pair.file());
    let kept = decode(&encode(&kept).unwrap()).unwrap();
    let again = Known::new(Path::new("/elsewhere"), kept, || {
        panic!("nothing is read, so nobody needs to know what time it is")
    });
    assert_eq!(again.digest(&described(&pair.file())).unwrap().to_string(), sha256sum(b"original"));
    assert_eq!(again.into_kept(), None, "nothing new");
}

#[test]
fn what_is_gone_is_forgotten() {
    let pair = Pair::new();
    let mut kept = read_later(&pair.file());
    kept.append(read_later(&pair.other()));
    let again = Known::new(Path::new("/elsewhere"), kept, || None);
    again.digest(&described(&pair.file())).unwrap();
    assert_eq!(again.into_kept().unwrap().len(), 1);
}

/// Rows and columns of a table that is what it was are those of the version before: the table is not read for them.
#[test]
fn a_table_that_is_known_is_not_read_again() {
    let temp = tempfile::tempdir().unwrap();
    let project = temp.path().canonicalize().unwrap();
    let path = project.join("train.csv");
    fs::write(&path, "a\n1\n2\n").unwrap();
    let ignored = Ignored::read(&project).unwrap();
    let spec = PathSpec { text: "train.csv".to_owned(), path: path.clone(), rename: None };
    let input = |before| DataInput {
        name: SetName::new("train").unwrap(),
        place: DataPlace::Path(spec.clone()),
        store: DataStore::Hash,
        before,
    };
    let (now, device) = (latest(&path) + 1, device(&path));
    let known = Known::new(&project, KnownFilesRecord::default(), || Some(DiskTime { nanoseconds: now, device }));
    let first = data::capture(&input(None), &project, &ignored, &known, &Silent).unwrap();
    let (rows, schema) = first.shape.clone().unwrap();
    assert_eq!((rows, schema.len()), (2, 1));
    let kept = known.into_kept().unwrap();
    // Nobody who reads it finds so many rows.
    let before = |sha256| DataRecord {
        name: first.name.clone(),
        kind: first.kind,
        path: first.path.clone(),
        sha256: Some(sha256),
        size: first.size,
        files: 1,
        rows: Some(99),
        schema: Some(schema.clone()),
        stored: None,
        not_stored: None,
        declared: None,
    };
    let rows = |sha256, kept: KnownFilesRecord| {
        let known = Known::new(&project, kept, || None);
        let again = data::capture(&input(Some(before(sha256))), &project, &ignored, &known, &Silent).unwrap();
        again.shape.unwrap().0
    };
    let digest = first.digests[0];
    assert_eq!(rows(digest, kept.clone()), 99);
    assert_eq!(rows(Digest::of(b"another table"), kept), 2);
    assert_eq!(rows(digest, KnownFilesRecord::default()), 2, "a file that nobody knows is read");
}

type Lie = (&'static str, fn(&Pair));

/// Each leaves another content of the same length behind, and the time of before.
const LIES: [Lie; 6] = [
    ("written over, and the time set back", |pair| {
        let mut file = fs::File::options().write(true).open(pair.file()).unwrap();
        file.write_all(b"replaced").unwrap();
        says("touch", &["-r", "other", "file"], pair.temp.path());
    }),
    ("cp -p over it", |pair| {
        says("cp", &["-p", "other", "file"], pair.temp.path());
    }),
    ("renamed over it", |pair| fs::rename(pair.other(), pair.file()).unwrap()),
    ("a link to another", |pair| {
        fs::remove_file(pair.file()).unwrap();
        fs::hard_link(pair.other(), pair.file()).unwrap();
    }),
    ("a symbolic link to another", |pair| {
        fs::remove_file(pair.file()).unwrap();
        std::os::unix::fs::symlink(pair.other(), pair.file()).unwrap();
    }),
    ("unpacked from an archive", |pair| {
        says("tar", &["-H", "posix", "-cf", "a.tar", "--transform=s/other/file/", "other"], pair.temp.path());
        says("tar", &["-xf", "a.tar"], pair.temp.path());
    }),
];

#[test]
fn times_that_were_set_deceive_nobody() {
    for (what, lie) in LIES {
        let pair = Pair::new();
        let kept = read_later(&pair.file());
        assert!(is_known(&pair.file(), &kept), "{what}");
        let modified = fs::metadata(pair.file()).unwrap().modified().unwrap();
        lie(&pair);
        let after = fs::metadata(pair.file()).unwrap();
        assert_eq!(fs::read(pair.file()).unwrap(), b"replaced", "{what}");
        assert_eq!((after.len(), after.modified().unwrap()), (8, modified), "{what}: it does not lie");
        assert!(!is_known(&pair.file(), &kept), "{what}");
    }
}

#[test]
fn what_may_change_within_the_same_tick_is_not_kept() {
    let pair = Pair::new();
    let (path, latest, device) = (pair.file(), latest(&pair.file()), device(&pair.file()));
    assert_eq!(read_at(&path, latest - 1, device), None, "changed after it was asked what time it is");
    assert_eq!(read_at(&path, latest, device), None, "changed in the same moment");
    assert!(read_at(&path, latest + 1, device).is_some());
    // Another file system may count in steps of two seconds.
    assert_eq!(read_at(&path, latest + 2_000_000_000, device + 1), None);
    assert!(read_at(&path, latest + 2_000_000_001, device + 1).is_some());
}

#[test]
fn a_list_that_was_damaged_is_none() {
    let pair = Pair::new();
    let bytes = encode(&read_later(&pair.file())).unwrap();
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        assert_eq!(decode(&bytes), None, "byte {at}");
    }
    assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
    assert_eq!(decode(b""), None);
}

#[test]
fn the_disk_tells_its_own_time() {
    let temp = tempfile::tempdir().unwrap();
    let disk = Disk::new(temp.path().to_owned());
    let (before, path) = (disk.now().unwrap(), temp.path().join("after"));
    fs::write(&path, "x").unwrap();
    assert_eq!(before.device, device(&path));
    assert!(before.nanoseconds <= latest(&path));
    assert!(disk.now().unwrap().nanoseconds >= latest(&path));
}

fn project() -> TestRepo {
    let project = TestRepo::new();
    project.write("model/weights", "0000");
    init(&project.options(), &InitOptions::default()).unwrap();
    project
}

fn take(project: &TestRepo) -> SnapshotReport {
    snapshot(&project.open(), &SnapshotOptions::default(), &Silent).unwrap()
}

/// Faster than any file system's clock ticks.
#[test]
fn edits_right_behind_each_other_are_all_seen() {
    let project = project();
    for n in 0..200 {
        let bytes = format!("{n:04}");
        let mut file = fs::File::options().write(true).open(project.path().join("model/weights")).unwrap();
        file.write_all(bytes.as_bytes()).unwrap();
        drop(file);
        assert_eq!(take(&project).files[0].id.unwrap().to_string(), sha256sum(bytes.as_bytes()));
    }
}

#[test]
fn what_is_known_is_not_therefore_stored() {
    let project = project();
    project.write("model/large", crate::support::noise::noise(1, 600_000));
    says("touch", &["-d", "1 hour ago", "model/weights", "model/large"], &project.path());
    let known = project.path().join(".mlrun/cache/known");
    // Until the clock of the file system has moved on, for every file.
    loop {
        let before = known.exists().then(|| contents(&known));
        take(&project);
        if before.is_some_and(|before| before == contents(&known)) {
            break;
        }
    }
    assert!(take(&project).unchanged);
    fs::rename(project.path().join(".mlrun"), project.beside("away")).unwrap();
    fs::remove_file(project.path().join("mlrun.toml")).unwrap();
    init(&project.options(), &InitOptions::default()).unwrap();
    fs::create_dir_all(project.path().join(".mlrun/cache")).unwrap();
    fs::rename(project.beside("away/cache/known"), &known).unwrap();
    let report = take(&project);
    assert!(report.written.new >= 600_004, "{:?}", report.written);
    let options = VerifyOptions { full: true, ..VerifyOptions::default() };
    assert_eq!(verify(&project.open(), &options, &Silent).unwrap().problems, []);
}

/// A version is what it was, but a part of it was lost: taking it again brings it back.
#[test]
fn an_unchanged_version_is_made_whole_again() {
    let project = project();
    project.write("model/large", crate::support::noise::noise(2, 600_000));
    take(&project);
    let packs = project.path().join(".mlrun/packs");
    let first: Vec<_> = fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path()).collect();
    project.write("params.yaml", "lr: 1\n");
    let config = String::from_utf8(project.read("mlrun.toml")).unwrap();
    let config = config.replacen("files = [", "params = [\"params.yaml\"]\nfiles = [", 1);
    project.write("mlrun.toml", config.replacen("params = []\n", "", 1));
    let second = take(&project);
    assert!(!second.unchanged);
    for pack in first {
        fs::rename(&pack, project.beside("lost")).unwrap();
    }
    let again = take(&project);
    assert!(again.unchanged && again.written.new >= 600_000, "{:?}", again.written);
    let options = VerifyOptions { revision: Some("v2".to_owned()), ..VerifyOptions::default() };
    assert_eq!(verify(&project.open(), &options, &Silent).unwrap().problems, []);
}

/// A list of files that became folders before is told by every file's name, kind and bytes.
#[test]
fn lists_that_became_folders() {
    let project = project();
    project.write("model/deep/a.bin", b"a");
    project.write("model/b.bin", b"b");
    let first = take(&project);
    let trees = |at: &SnapshotReport| at.record.model_files;
    assert!(take(&project).unchanged);

    let [b, c] = ["model/b.bin", "model/c.bin"].map(|path| project.path().join(path));
    fs::rename(&b, &c).unwrap();
    assert_ne!(trees(&take(&project)), trees(&first));
    fs::rename(&c, &b).unwrap();
    assert_eq!(trees(&take(&project)), trees(&first));
    says("chmod", &["+x", "model/b.bin"], &project.path());
    assert_ne!(trees(&take(&project)), trees(&first));
    says("chmod", &["-x", "model/b.bin"], &project.path());
    assert_eq!(trees(&take(&project)), trees(&first));
}

#[test]
fn a_workspace_that_has_moved_knows_its_files_by_their_place_in_it() {
    let pair = Pair::new();
    let latest_of_both = latest(&pair.file()).max(latest(&pair.other()));
    let now = DiskTime { nanoseconds: latest_of_both + 1, device: device(&pair.file()) };
    let known = Known::new(pair.temp.path(), KnownFilesRecord::default(), move || Some(now));
    for path in [pair.other(), pair.file()] {
        assert_eq!(known.digest(&described(&path)), None);
        known.learn(&described(&path), Digest::of(&fs::read(&path).unwrap()));
    }
    let kept = known.into_kept().unwrap();
    assert_eq!(kept.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["file", "other"]);
    // What was learned later counts; what nobody asked for is let go of, its path with it.
    fs::write(pair.file(), "rewritten").unwrap();
    let now = DiskTime { nanoseconds: latest(&pair.file()) + 1, device: device(&pair.file()) };
    let known = Known::new(pair.temp.path(), kept, move || Some(now));
    assert_eq!(known.digest(&described(&pair.file())), None);
    known.learn(&described(&pair.file()), Digest::of(b"rewritten"));
    let kept = known.into_kept().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept.file(0).sha256.to_string(), sha256sum(b"rewritten"));
    assert_eq!(decode(&encode(&kept).unwrap()), Some(kept));
}

#[test]
fn a_time_beyond_all_counting_is_not_known() {
    let pair = Pair::new();
    says("touch", &["-d", "2400-01-01", "file"], pair.temp.path());
    // Not every file system takes it.
    if fs::metadata(pair.file()).unwrap().mtime() > i64::MAX / 1_000_000_000 {
        assert_eq!(described(&pair.file()).stamp(), None);
    }
    assert!(described(&pair.other()).stamp().is_some());
}
