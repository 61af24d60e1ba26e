//! Getting files back, and the bundle for an auditor.

use std::fs;
use std::io::{Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::harness::{Bad, Project, assert_same, fingerprint, shown};

fn scene() -> Project {
    let project = Project::rated();
    project.write("model/deep/er/tokens.txt", "a\nb\n").write("model/run.sh", "#!/bin/sh\n").write("model/empty", "");
    shown(project.other("chmod").args(["+x", "model/run.sh"])).exits(0);
    project.version(0.6);
    project
}

#[test]
fn the_files_come_back_bit_for_bit() {
    use std::os::unix::fs::PermissionsExt;
    let project = scene();
    let files = [
        "model/weights.bin",
        "model/deep/er/tokens.txt",
        "model/run.sh",
        "model/empty",
        "params.yaml",
        "metrics.json",
        "out/predictions.csv",
        "out/latency.csv",
        "train.py",
    ];
    let sums = shown(project.other("sha256sum").args(files)).exits(0).stdout;
    project.write("model/weights.bin", "something else");
    project.ok("restore v1 --to ../back");
    fs::write(project.beside("back/SUMS"), sums).unwrap();
    shown(project.other("sha256sum").args(["-c", "--quiet", "SUMS"]).current_dir(project.beside("back"))).exits(0);
    assert_eq!(fs::metadata(project.beside("back/model/run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::metadata(project.beside("back/train.py")).unwrap().permissions().mode() & 0o111, 0);
    assert_eq!(fingerprint(&project.beside("back")).len(), files.len() + 1, "and nothing else");
}

#[test]
fn one_part_at_a_time() {
    let project = scene();
    let parts = [
        ("model", "model/weights.bin", 4),
        ("params", "params.yaml", 1),
        ("results", "out/predictions.csv", 3),
        ("code", "train.py", 1),
        ("environment", "environment.json", 1),
    ];
    for (part, file, count) in parts {
        project.ok(&format!("restore v1 --to ../{part} --only {part}"));
        let there = fingerprint(&project.beside(part));
        assert!(there.contains_key(file) && there.len() == count, "{part}: {there:?}");
    }
    project.ok("restore v1 --to ../two --only model,params");
    assert_eq!(fingerprint(&project.beside("two")).len(), 5);
    project.fails("restore v1 --to x --only everything", &Bad { exit: 2, message: &["everything"], hint: &[] });
}

#[test]
fn what_is_there_is_not_overwritten() {
    let project = scene();
    project.write("back/model/weights.bin", "mine").write("back/params.yaml", project.read("params.yaml"));
    project.write("back/other.txt", "mine too");
    let here = fingerprint(&project.path("back"));
    let bad = Bad {
        exit: 1,
        message: &["1 file is there already", "nothing was written"],
        hint: &["--force", "weights.bin"],
    };
    project.fails("restore v1 --to back", &bad);
    assert_eq!(here, fingerprint(&project.path("back")));
    // A rehearsal foresees it.
    project.fails("restore v1 --to back --dry-run", &bad);
    let plan = project.json("restore v1 --to back --dry-run --force", 0);
    assert_eq!((plan["kept"].as_u64(), plan["overwritten"].as_array().map(Vec::len)), (Some(1), Some(1)));
    let done = project.json("restore v1 --to back --force", 0);
    assert_eq!((done["kept"].as_u64(), done["overwritten"].as_array().map(Vec::len)), (Some(1), Some(1)));
    assert_eq!(project.read("back/model/weights.bin"), "weights of 0.6\n");
    assert_eq!(project.read("back/other.txt"), "mine too");
    // Identical files are left alone, without being asked.
    let before = fs::metadata(project.path("back/model/weights.bin")).unwrap().modified().unwrap();
    let again = project.json("restore v1 --to back", 0);
    assert_eq!((again["written"].as_u64(), again["kept"].as_u64()), (Some(0), Some(9)));
    assert_eq!(fs::metadata(project.path("back/model/weights.bin")).unwrap().modified().unwrap(), before);
    // Nothing half-written stays.
    assert!(fingerprint(&project.path("back")).keys().all(|name| !name.contains(".restoring")));
}

#[test]
fn several_files_in_the_way_are_named() {
    let project = scene();
    project.ok("restore v1 --to back");
    let there: Vec<_> = fingerprint(&project.path("back")).into_keys().collect();
    for name in &there {
        project.write(&format!("back/{name}"), "mine");
    }
    let (all, more) = (format!("{} files are there", there.len()), format!("and {} more", there.len() - 5));
    let bad = Bad { exit: 1, message: &[&all], hint: &["back/metrics.json, ", "back/model/weights.bin", &more] };
    project.fails("restore v1 --to back", &bad);
    // What is not kept as a file has a size too.
    let bytes = project.json("restore v1 --to env --only environment", 0)["bytes"].as_u64();
    assert_eq!(bytes, Some(project.read("env/environment.json").len() as u64));
}

/// Nothing is put in the place of a folder, whatever is asked for.
#[test]
fn a_folder_in_a_files_place() {
    let project = scene();
    project.write("back/model/weights.bin/kept", "kept");
    for line in ["restore v1 --to back --force", "restore v1 --to back", "restore v1 --to back --force --dry-run"] {
        let bad = Bad {
            exit: 1,
            message: &["back/model/weights.bin` is a folder where a file must be", "nothing was written"],
            hint: &["choose an empty folder", "move away", "--force"],
        };
        project.fails(line, &bad);
    }
}

#[test]
fn a_target_that_is_no_folder() {
    let project = scene();
    project
        .fails("restore v1 --to params.yaml", &Bad { exit: 2, message: &["params.yaml", "not a folder"], hint: &[] });
    project.write("back/model", "a file where a folder must be");
    let file = Bad { exit: 1, message: &["back/model` is a file"], hint: &["back/model away"] };
    project.fails("restore v1 --to back", &file);
    project.fails("restore v1 --to back --dry-run", &file);
    assert_eq!(project.read("back/model"), "a file where a folder must be");
    // Never through a link out of the target.
    fs::create_dir(project.beside("outside")).unwrap();
    project.remove("back");
    fs::create_dir(project.path("back")).unwrap();
    std::os::unix::fs::symlink(project.beside("outside"), project.path("back/model")).unwrap();
    let link = Bad { exit: 1, message: &["back/model` is a link", "nothing was written"], hint: &["back/model away"] };
    project.fails("restore v1 --to back --force", &link);
    assert!(fingerprint(&project.beside("outside")).is_empty());
}

#[test]
fn data_that_was_not_kept_is_said() {
    let project = scene();
    project.write("data.csv", "a\n1\n");
    let taken = project.ok("snapshot fraud --data train=data.csv --data-store hash");
    assert!(taken.stderr.contains("mlrun cannot restore the data `train`"), "{taken}");
    let version = project.json("show latest", 0);
    assert_eq!((version["data"][0]["stored"].as_bool(), version["data"][0]["rows"].as_u64()), (Some(false), Some(1)));
    project
        .remove("data.csv")
        .ok("restore latest --to back")
        .says(&["data.train is not restored", version["data"][0]["sha256"].as_str().unwrap()]);
    assert_eq!(project.json("restore latest --to back", 0)["missing"][0]["part"], "data.train");
    project.ok("bundle latest -o case.tar.gz").says(&["data.train is not in it"]);
}

/// Names and bytes, in order.
type Entries = Vec<(String, Vec<u8>)>;

/// The entries of a bundle.
fn entries(bundle: &[u8]) -> Entries {
    let mut archive = tar::Archive::new(GzDecoder::new(bundle));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry: tar::Entry<'_, GzDecoder<&[u8]>> = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    archive.entries().unwrap().map(read).collect()
}

/// The bundle of other entries.
fn bundle_of(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_bundle_is_the_same_bytes_every_time_and_needs_no_trust() {
    let project = Project::with_history();
    project.ok("bundle production -o one.tar.gz");
    project.ok("bundle v3 -o two.tar.gz");
    let one = fs::read(project.path("one.tar.gz")).unwrap();
    assert!(one == fs::read(project.path("two.tar.gz")).unwrap(), "no clock in it");
    assert_eq!(one[4..8], [0; 4], "gzip's time");
    let mut archive = tar::Archive::new(GzDecoder::new(&*one));
    assert!(archive.entries().unwrap().all(|entry| entry.unwrap().header().mtime().unwrap() == 0));
    let listed = shown(project.other("tar").args(["tzf", "one.tar.gz"])).exits(0).stdout;
    for name in [
        "SHA256SUMS",
        "bundle.json",
        "snapshot.json",
        "certificate.json",
        "policy.json",
        "policy.toml",
        "files/model/weights.bin",
        "files/train.py",
    ] {
        assert!(listed.lines().any(|line| line == name), "no `{name}` in\n{listed}");
    }
    assert_eq!(listed.lines().next(), Some("SHA256SUMS"));
    fs::create_dir(project.path("unpacked")).unwrap();
    shown(project.other("tar").args(["xzf", "one.tar.gz", "-C", "unpacked"])).exits(0);
    let unpacked = project.path("unpacked");
    shown(project.other("sha256sum").args(["-c", "--quiet", "--strict", "SHA256SUMS"]).current_dir(&unpacked)).exits(0);
    let sum = shown(project.other("sha256sum").arg("unpacked/snapshot.json")).stdout;
    assert_eq!(sum[..64], *project.json("show v3", 0)["id"].as_str().unwrap(), "the id, without mlrun");
    // Checking needs neither store nor project.
    let away = Project::empty();
    let file = project.path("one.tar.gz");
    let checked = away.run(&["bundle", "--verify", file.to_str().unwrap(), "--json"]).exits(0).object();
    assert_eq!((checked["ok"].as_bool(), checked["version"].as_str()), (Some(true), Some("v3")));
}

#[test]
fn a_bundle_is_not_written_over_another() {
    let project = scene();
    project.write("case.tar.gz", "mine");
    let bad = Bad { exit: 1, message: &["case.tar.gz", "exists already"], hint: &["--force"] };
    project.fails("bundle v1 -o case.tar.gz", &bad);
    project.ok("bundle v1 -o case.tar.gz --force");
    project.ok("bundle --verify case.tar.gz");
    project.fails("bundle v1 -o no/such/folder/b.tar.gz", &Bad { exit: 6, message: &["no/such/folder"], hint: &[] });
    project.fails("bundle --verify gone.tar.gz", &Bad { exit: 6, message: &["gone.tar.gz"], hint: &[] });
    // Before anything is gathered, and in a rehearsal too.
    project.fails("bundle v1 -o no/such/b.tar.gz --dry-run", &Bad { exit: 6, message: &["no/such"], hint: &[] });
    project.fails("bundle v1 -o case.tar.gz --dry-run", &bad);
    project.fails("bundle v1 -o model --force", &Bad { exit: 8, message: &["model"], hint: &[] });
    project.fails("bundle v1 -o /dev/null --force", &Bad { exit: 8, message: &["/dev/null"], hint: &[] });
    project.fails("bundle v1", &Bad { exit: 2, message: &["--output"], hint: &[] });
}

#[test]
fn a_bundle_that_was_touched_is_not_sound() {
    let project = scene();
    project.ok("bundle v1 -o good.tar.gz");
    let good = fs::read(project.path("good.tar.gz")).unwrap();
    let listed = entries(&good);
    let fails = |name: &str, bytes: &[u8], words: &[&str]| {
        project.write(name, bytes);
        project.fails(&format!("bundle --verify {name}"), &Bad { exit: 4, message: words, hint: &[] });
    };
    project.write("same.tar.gz", bundle_of(&listed));
    project.ok("bundle --verify same.tar.gz");
    let with = |change: &dyn Fn(&mut Entries)| {
        let mut listed = listed.clone();
        change(&mut listed);
        bundle_of(&listed)
    };
    let place = |wanted: &str| listed.iter().position(|(name, _)| name == wanted).unwrap();
    let weights = place("files/model/weights.bin");
    fails("flipped.tar.gz", &with(&|l| l[weights].1[0] ^= 1), &["files/model/weights.bin", "does not match"]);
    fails("missing.tar.gz", &with(&|l| drop(l.remove(weights))), &["files/model/weights.bin", "missing"]);
    fails("extra.tar.gz", &with(&|l| l.push(("files/extra".into(), b"x".to_vec()))), &["files/extra"]);
    fails("twice.tar.gz", &with(&|l| l.push(l[weights].clone())), &["twice"]);
    fails("late.tar.gz", &with(&|l| l.rotate_left(1)), &["first entry"]);
    fails("record.tar.gz", &with(&|l| l[place("snapshot.json")].1.push(b' ')), &["snapshot.json"]);
    // Changed together with its line in SHA256SUMS: the trees still know better.
    let consistent = with(&|l| {
        let old = mlrun::digest::Digest::of(&l[weights].1).to_string();
        l[weights].1 = b"other".to_vec();
        let sums = String::from_utf8(l[0].1.clone()).unwrap();
        l[0].1 = sums.replace(&old, &mlrun::digest::Digest::of(b"other").to_string()).into_bytes();
    });
    fails("consistent.tar.gz", &consistent, &["files/model/weights.bin", "not the file the snapshot names"]);
    fails("short.tar.gz", &good[..good.len() / 2], &["short.tar.gz"]);
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 0x10;
    fails("damaged.tar.gz", &damaged, &["damaged.tar.gz"]);
    fails("none.tar.gz", b"not an archive", &["none.tar.gz"]);
    fails("empty.tar.gz", &bundle_of(&[]), &["empty"]);
}

/// Entries changed, and the digests of all written anew.
fn forged(entries: &Entries, change: &dyn Fn(&mut Entries)) -> Vec<u8> {
    let mut entries = entries.clone();
    change(&mut entries);
    let line = |(name, bytes): &(String, Vec<u8>)| format!("{}  {name}\n", mlrun::digest::Digest::of(bytes));
    entries[0].1 = entries[1..].iter().map(line).collect::<String>().into_bytes();
    bundle_of(&entries)
}

fn replace(bytes: &mut Vec<u8>, old: &str, new: &str) {
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(old), "no {old} in {text}");
    *bytes = text.replace(old, new).into_bytes();
}

#[test]
fn a_bundle_whose_records_do_not_belong_together_is_not_sound() {
    let project = Project::with_history();
    project.write("train.py", "print('uncommitted')\n");
    project.ok("bundle v3 -o good.tar.gz");
    let listed = entries(&fs::read(project.path("good.tar.gz")).unwrap());
    let place = |wanted: &str| listed.iter().position(|(name, _)| name == wanted).unwrap();
    let [certificate, policy, observation, about] =
        ["certificate.json", "policy.json", "observation.json", "bundle.json"].map(place);
    let events: Vec<usize> = (0..listed.len()).filter(|at| listed[*at].0.starts_with("events/")).collect();
    let (first, last) = (events[0], *events.last().unwrap());
    project.write("same.tar.gz", forged(&listed, &|_| {}));
    project.ok("bundle --verify same.tar.gz");
    type Forgery<'a> = (&'a dyn Fn(&mut Entries), &'a [&'a str]);
    let forgeries: [Forgery<'_>; 12] = [
        (&|l| replace(&mut l[certificate].1, "PASS", "FAIL"), &["certificate.json", "does not hash"]),
        (&|l| drop(l.remove(certificate)), &["certificate.json", "missing"]),
        (&|l| drop(l.remove(policy)), &["policy.json", "missing"]),
        (&|l| l[policy].1 = b"{}".to_vec(), &["policy.json", "does not hash"]),
        (&|l| l[observation].1 = b"{}".to_vec(), &["observation.json", "does not hash"]),
        (&|l| replace(&mut l[about].1, "\"v3\"", "\"v7\""), &["no event", "version"]),
        (&|l| replace(&mut l[about].1, "\"model\":\"fraud\"", "\"model\":\"other\""), &["another model"]),
        (&|l| replace(&mut l[last].1, "ana", "eve"), &["events/", "checksum"]),
        (&|l| drop(l.remove(last)), &["events/", "missing"]),
        (&|l| drop(l.drain(first..=last)), &["events/", "missing"]),
        (&|l| l.push(("events/0000000000000099".into(), l[last].1.clone())), &["not listed"]),
        (&|l| l.push(("more.json".into(), b"{}".to_vec())), &["more.json", "nothing a bundle holds"]),
    ];
    for (change, words) in forgeries {
        project.write("forged.tar.gz", forged(&listed, change));
        project.fails("bundle --verify forged.tar.gz", &Bad { exit: 4, message: words, hint: &[] });
    }
    // An event made up with its own digest is still not the one that is listed.
    let made_up = forged(&listed, &|l| {
        let line = String::from_utf8(l[last].1.clone()).unwrap().lines().next().unwrap().replace("ana", "eve") + "\n";
        l[last].1 = format!("{line}{}\n", mlrun::digest::Digest::of(line.as_bytes())).into_bytes();
    });
    project.write("forged.tar.gz", made_up);
    project.fails("bundle --verify forged.tar.gz", &Bad { exit: 4, message: &["events/", "lists"], hint: &[] });
}

#[test]
fn a_bundle_that_would_unpack_elsewhere_is_refused() {
    let project = scene();
    for name in ["files/../../escape", "/etc/escape"] {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(1);
        header.set_cksum();
        let mut tar = header.as_bytes().to_vec();
        tar.extend([&[b'x'; 1][..], &[0; 511], &[0; 1024]].concat());
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar).unwrap();
        project.write("evil.tar.gz", gzip.finish().unwrap());
        project.fails("bundle --verify evil.tar.gz", &Bad { exit: 4, message: &["not a name", "escape"], hint: &[] });
    }
}

#[test]
fn a_restore_that_is_repeated_in_the_project_changes_nothing() {
    let project = scene();
    let before = fingerprint(&project.path(""));
    let again = project.ok("restore v1 --to .");
    assert_same(&before, &fingerprint(&project.path("")), &again);
}
