//! Archives that were made to do harm: each is refused by `bundle --verify` and by `import` before a byte reaches the store.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use mlrun::digest::Digest;
use serde_json::{Value, json};

use super::bundle::{Entries, bundle_of, entries, forged};
use super::harness::{Bad, Project};

/// A sound bundle's entries, and a store of another history to bring it to.
fn scene() -> (Entries, Project) {
    let project = Project::with_history();
    project.ok("bundle v3 -o good.tar.gz");
    let listed = entries(&fs::read(project.path("good.tar.gz")).unwrap());
    let other = Project::tiny();
    (listed, other)
}

/// Both verbs refuse it with these words, and nothing is written; the store's temp files included.
#[track_caller]
fn refused(project: &Project, bundle: &[u8], words: &[&str]) {
    let file = project.beside("evil.tar.gz");
    fs::write(&file, bundle).unwrap();
    let name = file.display().to_string();
    let bad = Bad { exit: 4, message: words, hint: &[] };
    project.run_fails(&["bundle", "--verify", &name], &bad);
    project.run_fails(&["import", &name], &bad);
    let written = super::harness::temp_files(&project.store().join("tmp"));
    assert!(written.is_empty(), "{written:?}");
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

/// The tar of a bundle without its end.
fn tar_of(entries: &Entries) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, bytes) in entries {
        tar.extend(entry(name, bytes, |_| {}));
    }
    tar
}

/// One entry, its header changed before its checksum is made.
fn entry(name: &str, bytes: &[u8], change: impl FnOnce(&mut tar::Header)) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..name.len().min(100)].copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
    header.set_mode(0o644);
    header.set_size(bytes.len() as u64);
    header.set_entry_type(tar::EntryType::Regular);
    change(&mut header);
    header.set_cksum();
    let mut entry = header.as_bytes().to_vec();
    entry.extend(bytes);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

const END: [u8; 1024] = [0; 1024];

#[test]
fn entries_that_no_bundle_has() {
    let (listed, other) = scene();
    let (head, tail) = listed.split_at(2);
    let begun = tar_of(&head.to_vec());
    let rest = tar_of(&tail.to_vec());
    let with = |evil: Vec<u8>| gzip(&[&begun[..], &evil, &rest, &END].concat());
    for name in
        ["../escape", "/etc/escape", "files/../../escape", "files//x", "files/./x", "files/a\\b", "files/a\nb", ""]
    {
        refused(&other, &with(entry(name, b"x", |_| {})), &["not a name that could be unpacked safely"]);
    }
    let kinds = [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Char,
        tar::EntryType::Block,
        tar::EntryType::Fifo,
        tar::EntryType::Directory,
        tar::EntryType::Continuous,
        tar::EntryType::GNUSparse,
        tar::EntryType::XGlobalHeader,
        tar::EntryType::XHeader,
        tar::EntryType::GNULongLink,
        tar::EntryType::new(b'V'),
    ];
    for kind in kinds {
        let evil = entry("files/x", b"", |header| {
            header.set_entry_type(kind);
            header.as_gnu_mut().unwrap().linkname[..11].copy_from_slice(b"/etc/passwd");
        });
        refused(&other, &with(evil), &["of a kind", "no bundle holds"]);
    }
    for mode in [0o4755, 0o2755, 0o1644, 0o666, 0o777, 0] {
        refused(&other, &with(entry("files/x", b"", |header| header.set_mode(mode))), &["`files/x` has permissions"]);
    }
    let wrong = |header: &mut tar::Header| header.as_old_mut().mode = *b"not one.";
    refused(&other, &with(entry("files/x", b"", wrong)), &["`files/x` has permissions"]);
    // Names told in other ways: a long name for a link, one that is too long, one that says something else, one behind which nothing is.
    let long = |name: &[u8]| entry("././@LongLink", name, |header| header.set_entry_type(tar::EntryType::GNULongName));
    let behind = |name: &[u8], kind| [long(name), entry("files/x", b"", |header| header.set_entry_type(kind))].concat();
    refused(&other, &with(behind(b"files/y\0", tar::EntryType::Symlink)), &["of a kind"]);
    refused(&other, &with(behind(b"files/../y\0", tar::EntryType::Regular)), &["not a name"]);
    refused(&other, &with(behind(b"files/y\0z\0", tar::EntryType::Regular)), &["not a name"]);
    refused(&other, &with(behind(&[b'a'; 5000], tar::EntryType::Regular)), &["a name in it has 5000 bytes"]);
    refused(&other, &with(behind(b"files/y\0", tar::EntryType::GNULongName)), &["of a kind"]);
    refused(&other, &gzip(&[&begun[..], &long(b"files/y\0"), &END].concat()), &["ends behind a name"]);
    // Sizes that are none, or more than there ever was.
    let huge = |header: &mut tar::Header| header.set_size(u64::MAX >> 1);
    refused(&other, &with(entry("snapshot.json", b"x", huge)), &["more than `bundle.json` says"]);
    let wrong = |header: &mut tar::Header| header.as_old_mut().size = *b"not a number";
    refused(&other, &with(entry("snapshot.json", b"x", wrong)), &["is not a number"]);
    // A header that was touched, something in the room behind a file, behind the end, behind the compressed bytes.
    let mut touched = entry("snapshot.json", b"x", |_| {});
    touched[0] ^= 1;
    refused(&other, &with(touched), &["wrong checksum"]);
    let mut hidden = entry(&tail[0].0, &tail[0].1, |_| {});
    *hidden.last_mut().unwrap() = b'h';
    assert_ne!(tail[0].1.len() % 512, 0);
    refused(&other, &gzip(&[&begun[..], &hidden, &END].concat()), &["hidden"]);
    refused(&other, &gzip(&[&begun[..], &rest, &END, b"more"].concat()), &["stands behind its end"]);
    let sound = gzip(&[&begun[..], &rest, &END].concat());
    refused(&other, &[&sound[..], b"garbage"].concat(), &["behind its compressed bytes"]);
    refused(&other, &[&sound[..], &gzip(&END)].concat(), &["behind its compressed bytes"]);
    for cut in [1, 8, 12, 4000] {
        refused(&other, &sound[..sound.len() - cut], &["cannot read"]);
    }
    refused(&other, &gzip(&[&begun[..], &rest].concat()), &["cannot read"]);
    refused(&other, &gzip(&[&begun[..], &rest, &[0; 512]].concat()), &["no end"]);
    // The same again without anything wrong.
    fs::write(other.beside("sound.tar.gz"), &sound).unwrap();
    other.ok("bundle --verify ../sound.tar.gz");
}

#[test]
fn names_that_meet() {
    let (listed, other) = scene();
    let weights = listed.iter().find(|(name, _)| name == "files/model/weights.bin").unwrap().1.clone();
    let with = |name: &str| forged(&listed, &|l| l.push((name.to_owned(), weights.clone())));
    refused(&other, &with("files/model/weights.bin"), &["twice"]);
    refused(&other, &with("files/model/WEIGHTS.bin"), &["kept apart"]);
    refused(&other, &with("files/Model/other.bin"), &["kept apart"]);
    refused(&other, &with("files/model/weights.bin/x"), &["kept apart"]);
    refused(&other, &with("files/model"), &["kept apart"]);
    let accents = forged(&listed, &|l| {
        l.push(("files/e\u{301}".to_owned(), b"a".to_vec()));
        l.push(("files/\u{e9}".to_owned(), b"b".to_vec()));
    });
    refused(&other, &accents, &["kept apart"]);
    refused(&other, &with("files/other.bin"), &["is not in the snapshot"]);
}

/// What is to come is said before it comes, and nothing is read beyond it.
#[test]
fn bombs() {
    let (listed, other) = scene();
    let zeros = vec![0u8; 64 << 20];
    let about = |l: &Entries| -> Value { serde_json::from_slice(&l[1].1).unwrap() };
    // Not listed at all, listed but not announced, announced but nothing that a bundle has.
    let mut evil = listed.clone();
    evil.insert(2, ("files/zeros".to_owned(), zeros.clone()));
    refused(&other, &bundle_of(&evil), &["`files/zeros` is not listed"]);
    let listing = format!("{}  files/zeros\n", Digest::of(&zeros));
    evil[0].1.extend(listing.into_bytes());
    refused(&other, &bundle_of(&evil), &["more than `bundle.json` says"]);
    let announced = forged(&listed, &|l| l.insert(2, ("files/zeros".to_owned(), zeros.clone())));
    refused(&other, &announced, &["`files/zeros` is not in the snapshot"]);
    // A list of digests, or a record, without end.
    let endless = entry("SHA256SUMS", b"", |header| header.set_size(600 << 20));
    refused(&other, &gzip(&endless), &["`SHA256SUMS` has 629145600 bytes"]);
    // Folders that hold each other twice, thirty deep: a thousand million files of nothing.
    let deep = forged(&listed, &|l| {
        let mut below = json!({"entries": [{"id": Digest::of(b"").to_string(), "kind": "file", "name": "f", "size": 0}], "format": "mlrun/tree/1"});
        for _ in 0..30 {
            let bytes = below.to_string().into_bytes();
            let id = Digest::of(&bytes).to_string();
            l.push((format!("trees/{id}.json"), bytes));
            let folder = |name: &str| json!({"id": id, "kind": "folder", "name": name, "size": 0});
            below = json!({"entries": [folder("a"), folder("b")], "format": "mlrun/tree/1"});
        }
        let bytes = below.to_string().into_bytes();
        let id = Digest::of(&bytes).to_string();
        l.push((format!("trees/{id}.json"), bytes));
        rename_snapshot(l, &|snapshot| snapshot["model_files"]["tree"] = json!(id));
    });
    refused(&other, &deep, &["more than is listed"]);
    assert!(about(&listed)["bytes"].as_u64().unwrap() > 0);
}

/// Another snapshot record in the place of the one there is, with a journal of one version that fits it.
fn rename_snapshot(l: &mut Entries, change: &dyn Fn(&mut Value)) {
    let at = |l: &Entries, wanted: &str| l.iter().position(|(name, _)| name == wanted).unwrap();
    let snapshot = at(l, "snapshot.json");
    let mut record: Value = serde_json::from_slice(&l[snapshot].1).unwrap();
    change(&mut record);
    l[snapshot].1 = record.to_string().into_bytes();
    let id = Digest::of(&l[snapshot].1).to_string();
    let observation = Digest::of(&l[at(l, "observation.json")].1).to_string();
    let journal = at(l, "journal.jsonl");
    let text = String::from_utf8(l[journal].1.clone()).unwrap();
    let first = text.lines().next().unwrap().to_owned() + "\n";
    let mut second: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    second["snapshot"] = json!(id);
    second["observation"] = json!(observation);
    second["model_tree"] = record["model_files"]["tree"].clone();
    second["version"] = json!("v1");
    let second = second.to_string() + "\n";
    let head = json!({"id": Digest::of(second.as_bytes()).to_string(), "seq": 2});
    l[journal].1 = (first + &second).into_bytes();
    let mut about: Value = serde_json::from_slice(&l[1].1).unwrap();
    about["snapshot"] = json!(id);
    about["version"] = json!("v1");
    about["head"] = head;
    about["certificate"] = Value::Null;
    l[1].1 = about.to_string().into_bytes();
    let gone = ["certificate.json", "policy.json", "policy.toml", "events/", "records/"];
    l.retain(|(name, _)| !gone.iter().any(|start| name.starts_with(start)));
}

/// Records whose ids lie, and words that would steer a terminal or a journal.
#[test]
fn records_that_lie() {
    let (listed, other) = scene();
    let place = |l: &Entries, wanted: &str| l.iter().position(|(name, _)| name == wanted).unwrap();
    let tree = listed.iter().find(|(name, _)| name.starts_with("trees/")).unwrap().0.clone();
    let lies = forged(&listed, &|l| {
        let at = place(l, &tree);
        l[at].1 = b"{\"entries\":[],\"format\":\"mlrun/tree/1\"}".to_vec();
    });
    refused(&other, &lies, &["trees/", "does not hash to its name"]);
    let lies = forged(&listed, &|l| rename_snapshot(l, &|snapshot| snapshot["notes"] = json!("other")));
    refused(&other, &lies, &["index.html"]);
    let lies = forged(&listed, &|l| {
        let mut about: Value = serde_json::from_slice(&l[1].1).unwrap();
        about["snapshot"] = json!(Digest::of(b"other").to_string());
        l[1].1 = about.to_string().into_bytes();
    });
    refused(&other, &lies, &["no event in it made this version of this snapshot"]);
    let newer = forged(&listed, &|l| {
        let text = String::from_utf8(l[1].1.clone()).unwrap();
        l[1].1 = text.replace("mlrun/bundle/2", "mlrun/bundle/9").into_bytes();
    });
    refused(&other, &newer, &["bundle", "9"]);
    let extra = forged(&listed, &|l| {
        let mut about: Value = serde_json::from_slice(&l[1].1).unwrap();
        about["extra"] = json!(1);
        l[1].1 = about.to_string().into_bytes();
    });
    refused(&other, &extra, &["bundle.json"]);
}

/// Whatever byte of the archive is touched: it is refused. The compressed form alone has bytes that say nothing (who made it, and when).
#[test]
fn any_touched_byte_is_noticed() {
    let project = Project::with_history();
    project.ok("bundle v1 -o good.tar.gz");
    let mut tar = Vec::new();
    let good = fs::read(project.path("good.tar.gz")).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*good), &mut tar).unwrap();
    let path = project.path("touched.tar.gz");
    let mut draw = super::scene::Draw::new(11);
    for _ in 0..120 {
        let at = (draw.bits() % tar.len() as u64) as usize;
        let bit = 1 << (draw.bits() % 8);
        tar[at] ^= bit;
        fs::write(&path, gzip(&tar)).unwrap();
        assert!(mlrun::ops::bundle::check::verify_bundle(&path).is_err(), "byte {at} of {}", tar.len());
        tar[at] ^= bit;
    }
    fs::write(&path, gzip(&tar)).unwrap();
    mlrun::ops::bundle::check::verify_bundle(&path).unwrap();
}
