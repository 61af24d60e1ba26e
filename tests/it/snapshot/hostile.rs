//! Stored names that mean harm: nothing is ever written outside the target, and nothing at all where a name is refused.

use std::fs;
use std::path::Path;

use mlrun::digest::Digest;
use mlrun::format::tree::{EntryKind, TreeEntry, TreeRecord};
use mlrun::id::TreeId;
use mlrun::snapshot::restore::RestoreError;
use mlrun::snapshot::{TreeFile, files_of};
use mlrun::store::StoreError;

use super::{file, link, named, planned, restore};
use crate::support::memory_store;
use crate::support::project::contents;

#[track_caller]
fn refused(files: &[TreeFile]) {
    let temp = tempfile::tempdir().unwrap();
    let found = planned(temp.path(), files);
    assert!(matches!(found, Err(RestoreError::Unsafe { .. })), "{files:?}: {found:?}");
}

/// A link that leads elsewhere is named and left out; the rest is rebuilt.
#[track_caller]
fn left_out(files: &[TreeFile]) {
    let temp = tempfile::tempdir().unwrap();
    let plan = planned(temp.path(), files).unwrap();
    let name = &files.last().unwrap().path;
    assert!(plan.left_out.iter().any(|(path, _)| path == name), "{files:?}: {plan:?}");
    assert!(plan.to_write().all(|file| file.path != *name), "{plan:?}");
}

#[test]
fn paths_that_lead_elsewhere() {
    for path in [
        "",
        "..",
        ".",
        "../x",
        "a/../x",
        "a/../../x",
        "./x",
        "a/./b",
        "/etc/passwd",
        "//x",
        "a//b",
        "a/",
        "/",
        "a\\..\\x",
        "..\\x",
        "C:\\x",
        "a\0b",
        "a/..",
    ] {
        refused(&[named(path)]);
        refused(&[named("fine"), named(path)]);
        refused(&[link(path, "x")]);
    }
    refused(&[named(&"x".repeat(256))]);
    refused(&[named(&format!("{}x", "a/".repeat(2100)))]);
}

#[test]
fn links_that_lead_elsewhere() {
    for (path, target) in [
        ("l", "/etc/passwd"),
        ("l", ".."),
        ("l", "../x"),
        ("l", "a/../../x"),
        ("a/l", "../../x"),
        ("a/b/l", "../../../x"),
        ("l", "a/b/../../../x"),
        ("l", "./.././x"),
        ("l", "a\0b"),
    ] {
        left_out(&[link(path, target)]);
    }
}

/// Each link alone stays inside; together they lead out, because `..` behind a link is not where it looks.
#[test]
fn links_through_links_that_lead_elsewhere() {
    left_out(&[link("deep/er/up", "../.."), link("out", "deep/er/up/..")]);
    left_out(&[link("deep/er/up", "../.."), link("out", "deep/er/up/../x")]);
    left_out(&[link("a/b/c/up", "../../.."), link("a/out", "b/c/up/../../etc")]);
}

#[test]
fn links_that_stay() {
    let temp = tempfile::tempdir().unwrap();
    for (path, target) in
        [("l", "x"), ("l", "a/b"), ("a/l", "../x"), ("a/b/l", "../../x"), ("l", "a/../x"), ("l", ""), ("l", "...")]
    {
        planned(temp.path(), &[link(path, target)]).unwrap();
    }
}

/// A link and a file behind it in one tree: the name would be a link and a folder at once.
#[test]
fn a_name_is_one_thing() {
    refused(&[link("d", "elsewhere"), named("d/x")]);
    refused(&[named("d/x"), link("d", "elsewhere")]);
    refused(&[named("d"), named("d/x")]);
    refused(&[named("a/b/c"), named("a/b")]);
}

#[test]
fn names_that_some_systems_cannot_keep_apart() {
    let temp = tempfile::tempdir().unwrap();
    for (a, b) in [
        ("readme", "README"),
        ("A/x", "a/y"),
        ("a/B/x", "a/b"),
        ("Dir/a", "dir/a"),
        ("caf\u{e9}", "cafe\u{301}"),
        ("CAF\u{c9}", "cafe\u{301}"),
        ("\u{212b}ngstrom", "\u{e5}ngstrom"),
        ("x/caf\u{e9}/1", "x/cafe\u{301}/2"),
        ("\u{c9}TE", "\u{e9}te"),
    ] {
        // Only where the file system of the target takes them for one is there something to refuse.
        let apart = std::fs::File::create(temp.path().join("Case")).is_ok() && !temp.path().join("cASE").exists();
        for files in [[named(a), named(b)], [named(b), named(a)]] {
            assert_eq!(planned(&temp.path().join("target"), &files).is_ok(), apart, "{a} {b}");
        }
    }
    planned(temp.path(), &[named("a"), named("b"), named("a.b"), named("dir/a"), named("dir/b"), named("cafe")])
        .unwrap();
}

/// A folder in the target that is a link to somewhere else: nothing is written through it.
#[cfg(unix)]
#[test]
fn a_way_that_leads_through_a_link() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let (target, elsewhere) = (temp.path().join("target"), temp.path().join("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    fs::create_dir(&target).unwrap();
    for name in ["a", "deep/b"] {
        fs::create_dir_all(target.join(name).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&elsewhere, target.join(name)).unwrap();
    }
    for path in ["a/x", "a/deep/x", "deep/b/x"] {
        for force in [false, true] {
            let tried = restore(&store, &target, &[file(&store, path, b"x")], force);
            assert!(matches!(tried, Err(RestoreError::NotAFolder { link: true, .. })), "{path}: {tried:?}");
        }
    }
    assert!(contents(&elsewhere).is_empty());
    // A link in the very place of a file is not followed either: it is replaced, if that was asked for.
    fs::write(elsewhere.join("victim"), b"precious").unwrap();
    std::os::unix::fs::symlink(elsewhere.join("victim"), target.join("model.bin")).unwrap();
    let model = [file(&store, "model.bin", b"new")];
    assert!(matches!(restore(&store, &target, &model, false), Err(RestoreError::InTheWay { .. })));
    restore(&store, &target, &model, true).unwrap();
    assert_eq!(fs::read(target.join("model.bin")).unwrap(), b"new");
    assert!(!fs::symlink_metadata(target.join("model.bin")).unwrap().is_symlink());
    assert_eq!(fs::read(elsewhere.join("victim")).unwrap(), b"precious");
}

/// A file where a folder must be.
#[test]
fn a_way_that_leads_through_a_file() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("a"), b"mine").unwrap();
    for force in [false, true] {
        let tried = restore(&store, temp.path(), &[file(&store, "a/x", b"x")], force);
        assert!(matches!(tried, Err(RestoreError::NotAFolder { link: false, .. })), "{tried:?}");
    }
    assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"mine");
}

/// A folder where a file must be is never removed, with force neither.
#[test]
fn a_folder_in_the_way_stays() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("model")).unwrap();
    fs::write(temp.path().join("model/mine"), b"mine").unwrap();
    for force in [false, true] {
        assert!(restore(&store, temp.path(), &[file(&store, "model", b"x")], force).is_err());
        assert!(restore(&store, temp.path(), &[link("model", "x")], force).is_err());
        assert_eq!(contents(temp.path()).into_keys().collect::<Vec<_>>(), ["model/mine"]);
    }
}

/// A tree whose bytes are hostile never becomes a list of files.
#[test]
fn a_stored_tree_that_is_hostile_is_not_read() {
    let (_, store) = memory_store();
    for name in ["..", "a/b", "", ".", "a\\b"] {
        let entry = TreeEntry {
            name: name.to_owned(),
            kind: EntryKind::File,
            id: Some(Digest::of(b"x")),
            size: 1,
            target: None,
        };
        let mut writer = store.writer();
        let tree = TreeRecord::new(vec![entry]);
        assert!(matches!(writer.put_tree(&tree), Err(StoreError::Format { .. })), "{name:?}");
        let bytes = mlrun::format::canonical::encode("tree", &tree).unwrap();
        assert!(TreeRecord::decode(&bytes).is_err(), "{name:?}");
    }
}

/// A plan is looked at before anything is written: one bad name among many good ones, and the target is as it was.
#[test]
fn nothing_is_written_where_anything_is_refused() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let good: Vec<TreeFile> = (0..20).map(|n| file(&store, &format!("d{n}/f"), b"x")).collect();
    for bad in [named("../x"), named("d3"), named("a//b")] {
        let files = [good.clone(), vec![bad]].concat();
        assert!(restore(&store, temp.path(), &files, true).is_err());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    }
    let everything = |path: &Path| contents(path).len();
    restore(&store, temp.path(), &good, false).unwrap();
    assert_eq!(everything(temp.path()), 20);
}

/// Folders within folders without end are a loop somebody made, or close to one.
#[test]
fn a_tree_that_is_deep() {
    let (_, store) = memory_store();
    let mut writer = store.writer();
    let mut tree: TreeId = writer.put_tree(&TreeRecord::new(Vec::new())).unwrap();
    for _ in 0..3000 {
        let entry =
            TreeEntry { name: "d".to_owned(), kind: EntryKind::Folder, id: Some(tree.digest()), size: 0, target: None };
        tree = writer.put_tree(&TreeRecord::new(vec![entry])).unwrap();
    }
    writer.finish().unwrap();
    if let Ok(files) = files_of(&store, tree) {
        refused(&files);
    }
}
