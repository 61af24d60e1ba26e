//! Patches: git makes the second folder out of the first with them, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use mlrun::compare::{Inside, Mode, PatchFile, Sign, look_inside, write_patch};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{cases, says};

/// Files by path: what each is, and its bytes.
type Tree = BTreeMap<String, (Mode, Vec<u8>)>;

fn tree(files: &[(&str, Mode, &[u8])]) -> Tree {
    files.iter().map(|(path, mode, bytes)| ((*path).to_owned(), (*mode, bytes.to_vec()))).collect()
}

fn write(folder: &Path, tree: &Tree) {
    for (path, (mode, bytes)) in tree {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if *mode == Mode::Link {
            symlink(std::str::from_utf8(bytes).unwrap(), &path).unwrap();
            continue;
        }
        fs::write(&path, bytes).unwrap();
        let bits = if *mode == Mode::Executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
    }
}

fn read(folder: &Path) -> Tree {
    let mut found = Tree::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if data.is_dir() {
                open.push(path);
            } else if data.is_symlink() {
                found.insert(name, (Mode::Link, fs::read_link(&path).unwrap().to_str().unwrap().as_bytes().to_vec()));
            } else {
                let is_executable = data.permissions().mode() & 0o111 != 0;
                let mode = if is_executable { Mode::Executable } else { Mode::File };
                found.insert(name, (mode, fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// The patch between two folders; `renamed` are files of both under other names.
fn patch(a: &Tree, b: &Tree, renamed: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = |tree: &'_ Tree, path: &str| tree.get(path).map(|(mode, bytes)| (path.to_owned(), *mode, bytes.clone()));
    let mut add = |old: Option<(String, Mode, Vec<u8>)>, new: Option<(String, Mode, Vec<u8>)>| {
        let of = |file: &'_ Option<(String, Mode, Vec<u8>)>| file.clone();
        let (old, new) = (of(&old), of(&new));
        write_patch(
            &mut bytes,
            old.as_ref().map(|(path, mode, bytes)| PatchFile { path, mode: *mode, bytes }),
            new.as_ref().map(|(path, mode, bytes)| PatchFile { path, mode: *mode, bytes }),
        );
    };
    for path in a.keys().chain(b.keys().filter(|path| !a.contains_key(*path))) {
        if renamed.iter().any(|(from, _)| from == path) {
            continue;
        }
        let from = renamed.iter().find(|(_, to)| to == path).map_or(path.as_str(), |(from, _)| from);
        add(file(a, from), file(b, path));
    }
    bytes
}

/// What `git apply` makes out of a folder.
#[track_caller]
fn applied(a: &Tree, patch: &[u8]) -> Tree {
    let folder = TempDir::new().unwrap();
    write(folder.path(), a);
    if !patch.is_empty() {
        let mut command = Command::new("git");
        command.args(["apply", "--whitespace=nowarn", "-"]).current_dir(folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap());
        let mut git = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        git.stdin.take().unwrap().write_all(patch).unwrap();
        let output = git.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(patch));
    }
    read(folder.path())
}

#[test]
fn git_makes_the_second_out_of_the_first() {
    use Mode::{Executable, File, Link};
    let long: Vec<u8> = (0..300).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    let changed: Vec<u8> = (0..300)
        .filter(|n| n % 97 != 5)
        .flat_map(|n| format!("line {}{n}\n", if n == 150 { "number " } else { "" }).into_bytes())
        .collect();
    let a = tree(&[
        ("long.py", File, &long),
        ("gone.py", File, b"a\nb\n"),
        ("gone-empty", File, b""),
        ("gone-link", Link, b"long.py"),
        ("no-end.py", File, b"a\nb"),
        ("an-end.py", File, b"a\nb\n"),
        ("windows.txt", File, b"a\r\nb\r\nc\r\n"),
        ("mixed.txt", File, b"a\r\nb\nc\r\n"),
        ("latin.txt", File, b"na\xefve\n\xff\xfe\n"),
        ("binary", File, b"\0\x01\n\0\x02"),
        ("run.sh", File, b"echo\n"),
        ("unrun.sh", Executable, b"echo\n"),
        ("both.sh", File, b"echo\n"),
        ("with blank/and more.txt", File, b"x\n"),
        ("quote\"back\\slash\ttab.txt", File, b"x\n"),
        ("umlaut-\u{fc}.txt", File, b"x\n"),
        ("kind", File, b"a file\n"),
        ("folder", File, b"a file, a folder later\n"),
        ("was/a/folder", File, b"x\n"),
        ("a b/a b", File, b"x\n"),
        ("dashes", File, b"-- a\n++ b\n--- a/x\n+++ b/x\n"),
        ("same", File, b"same\n"),
        ("from.py", File, b"renamed\nas it is\n"),
        ("from name", Executable, b"renamed and no longer run\n"),
    ]);
    let b = tree(&[
        ("long.py", File, &changed),
        ("new.py", File, b"a\nb\n"),
        ("new-empty", File, b""),
        ("new-run", Executable, b"#!/bin/sh"),
        ("new-link", Link, b"../elsewhere with blank"),
        ("no-end.py", File, b"a\nb\n"),
        ("an-end.py", File, b"a\nb"),
        ("windows.txt", File, b"a\r\nB\r\nc\r\n"),
        ("mixed.txt", File, b"a\nb\r\nc"),
        ("latin.txt", File, b"na\xefve!\n\xff\xfe\n"),
        ("binary", File, b"\0\x01\n\0\x03\n\0"),
        ("run.sh", Executable, b"echo\n"),
        ("unrun.sh", File, b"echo\n"),
        ("both.sh", Executable, b"echo 1\n"),
        ("with blank/and more.txt", File, b"y\n"),
        ("quote\"back\\slash\ttab.txt", File, b"y\n"),
        ("umlaut-\u{fc}.txt", File, b"y\n"),
        ("kind", Link, b"same"),
        ("folder/inside", File, b"x\n"),
        ("was", File, b"a file now\n"),
        ("a b/a b", Executable, b"x\n"),
        ("dashes", File, b"-- a\n+++ b/x\n--- a/y\n"),
        ("same", File, b"same\n"),
        ("to/another place.py", File, b"renamed\nas it is\n"),
        ("to name", File, b"renamed and no longer run\n"),
    ]);
    let renamed = [("from.py", "to/another place.py"), ("from name", "to name")];
    let patch_of_both = patch(&a, &b, &renamed);
    assert_eq!(applied(&a, &patch_of_both), b);
    let back: Vec<(&str, &str)> = renamed.iter().map(|(from, to)| (*to, *from)).collect();
    assert_eq!(applied(&b, &patch(&b, &a, &back)), a);
    assert!(patch(&a, &a, &[]).is_empty());
    let text = String::from_utf8_lossy(&patch_of_both).into_owned();
    assert!(text.contains("rename from from.py\nrename to to/another place.py\n"), "{text}");
    assert!(!text.contains("same\n+++"), "what is the same is in no patch");
}

proptest! {
    #![proptest_config(cases(60))]

    /// Lines of few kinds repeat, which is where hunks are easily put wrongly.
    #[test]
    fn any_text_becomes_any_other(a in "([ab\r]?\n){0,40}[ab]?", b in "([ab\r]?\n){0,40}[ab]?") {
        let (one, other) = (tree(&[("f", Mode::File, a.as_bytes())]), tree(&[("f", Mode::File, b.as_bytes())]));
        prop_assert_eq!(applied(&one, &patch(&one, &other, &[])), other);
    }
}

/// GNU diff counts the same lines where there is one way to see it.
#[test]
fn lines_are_counted_as_diff_does() {
    let a: String = (0..200).map(|n| format!("line {n}\n")).collect();
    let b: String = (0..220).filter(|n| n % 31 != 3).map(|n| format!("line {n}\n")).collect();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a"), &a).unwrap();
    fs::write(folder.path().join("b"), &b).unwrap();
    let numbers = says("bash", &["-c", "git diff --no-index --numstat a b || true"], folder.path());
    let Inside::Text(diff) = look_inside("x.py", Some(a.as_bytes()), Some(b.as_bytes())) else { panic!("no text") };
    assert!(numbers.starts_with(&format!("{}\t{}\t", diff.added, diff.removed)), "{numbers} {diff:?}");
    let shown: String = diff
        .hunks
        .iter()
        .flat_map(|hunk| {
            let lines = hunk.lines.iter().map(|(sign, line)| format!("{}{line}\n", sign.mark()));
            std::iter::once(format!("{}\n", hunk.head)).chain(lines).collect::<Vec<_>>()
        })
        .collect();
    let unified = says("bash", &["-c", "diff -U3 a b | tail -n +3"], folder.path());
    assert_eq!(shown, unified);
}

#[test]
fn what_is_no_text_for_people_is_one_line() {
    let opaque = |a: &[u8], b: &[u8]| match look_inside("x", Some(a), Some(b)) {
        Inside::Opaque(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(opaque(b"a\n", b"a\0b\n"), "binary");
    assert_eq!(opaque(b"a\n", "x".repeat(5000).as_bytes()), "a line of 5,000 bytes, too long to show");
    assert_eq!(opaque(b"a\n", "x\n".repeat(600_000).as_bytes()), "too large to show");
}

/// Every second line of a table is gone. A histogram of lines takes minutes here; what is found is what went, and no more.
#[test]
fn a_table_that_was_thinned_out_takes_no_quadratic_time() {
    const LINES: usize = 400_000;
    let every = |step: usize| (0..LINES).step_by(step).map(|n| format!("{n}\n")).collect::<String>().into_bytes();
    let (all, half) = (every(1), every(2));
    let gone: usize = (1..LINES).step_by(2).map(|n| format!("-{n}\n").len()).sum();
    for (a, b, sign) in [(&all, &half, '-'), (&half, &all, '+')] {
        let mut patch = Vec::new();
        let file = |bytes| Some(PatchFile { path: "train.csv", mode: Mode::File, bytes });
        write_patch(&mut patch, file(a), file(b));
        let patch = String::from_utf8(patch).unwrap();
        let lines = patch.split_inclusive('\n').skip_while(|line| !line.starts_with("@@")).skip(1);
        let changed: Vec<&str> = lines.filter(|line| !line.starts_with([' ', '@'])).collect();
        assert_eq!(changed.len(), LINES / 2);
        assert!(changed.iter().all(|line| line.starts_with(sign)));
        assert_eq!(changed.iter().map(|line| line.len()).sum::<usize>(), gone);
    }
}

/// Of few kinds of lines, none of which stands once, parts are compared: git makes the second out of the first all the same.
#[test]
fn long_texts_of_few_kinds_of_lines_are_compared_in_parts() {
    let text = |n: u64, by: u64| (0..n).map(|n| format!("{}\n", n * by % 99_991 % 3)).collect::<String>();
    for (a, b) in [
        (text(200_000, 7919), text(200_000, 104_729)),
        (text(30_000, 7919), format!("new\n{}", text(29_000, 7919))),
        ("\n".repeat(50_000), format!("{}x\n{}", "\n".repeat(20_000), "\n".repeat(10_000))),
    ] {
        let (one, other) = (tree(&[("f", Mode::File, a.as_bytes())]), tree(&[("f", Mode::File, b.as_bytes())]));
        assert!(applied(&one, &patch(&one, &other, &[])) == other);
    }
}

/// Two files of which no line is the other's, and two of which nearly all are alike: neither takes long.
#[test]
fn nothing_takes_quadratic_time() {
    let numbered = |from: u64, n: u64| (from..from + n).map(|n| format!("{n}\n")).collect::<String>();
    let shuffled = |by: u64| (0..100_000u64).map(|n| format!("{}\n", n * by % 99_991 % 300)).collect::<String>();
    let thinned = (0..65_000).map(|n| format!("{}\n", 2 * n)).collect::<String>();
    let pairs = [
        (numbered(0, 130_000), numbered(500_000, 130_000)),
        (shuffled(7919), shuffled(104_729)),
        (numbered(0, 130_000), thinned),
    ];
    for (a, b) in pairs {
        let Inside::Text(diff) = look_inside("x", Some(a.as_bytes()), Some(b.as_bytes())) else { panic!("no text") };
        assert!(diff.added > 1000 || (diff.added, diff.removed) == (0, 65_000));
        let removed: usize =
            diff.hunks.iter().flat_map(|hunk| &hunk.lines).filter(|(sign, _)| *sign == Sign::Removed).count();
        assert_eq!(removed as u64, diff.removed);
    }
}
