//! The bundle for an auditor: the same bytes everywhere, checked by programs that are not ours, and sound or refused.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use mlrun::digest::Digest;
use serde_json::{Value, json};

use super::harness::{Bad, PROGRAM, Project, shown};

fn scene() -> Project {
    let project = Project::rated();
    project.write("model/deep/er/tokens.txt", "a\nb\n").write("model/empty", "");
    project.version(0.6);
    project
}

/// Names and bytes, in order.
pub type Entries = Vec<(String, Vec<u8>)>;

/// The entries of a bundle.
pub fn entries(bundle: &[u8]) -> Entries {
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
pub fn bundle_of(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
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
        "README.txt",
        "index.html",
        "journal.jsonl",
        "diff.json",
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
    assert_eq!((place("SHA256SUMS"), place("bundle.json")), (0, 1));
    fails("flipped.tar.gz", &with(&|l| l[weights].1[0] ^= 1), &["files/model/weights.bin", "does not match"]);
    fails("missing.tar.gz", &with(&|l| drop(l.remove(weights))), &["files/model/weights.bin", "missing"]);
    fails("extra.tar.gz", &with(&|l| l.push(("files/extra".into(), b"x".to_vec()))), &["files/extra"]);
    fails("twice.tar.gz", &with(&|l| l.push(l[weights].clone())), &["twice"]);
    fails("late.tar.gz", &with(&|l| l.rotate_left(1)), &["first entry"]);
    fails("second.tar.gz", &with(&|l| l.swap(1, 2)), &["second entry"]);
    // All that is wrong is said at once.
    let two = with(&|l| {
        l[weights].1[0] ^= 1;
        l[place("observation.json")].1[0] ^= 1;
    });
    fails("two.tar.gz", &two, &["`files/model/weights.bin` does not match", "`observation.json` does not match"]);
    fails("record.tar.gz", &with(&|l| l[place("snapshot.json")].1[0] ^= 1), &["snapshot.json"]);
    // Changed together with its line in SHA256SUMS: the trees still know better.
    let consistent = with(&|l| {
        let old = Digest::of(&l[weights].1).to_string();
        l[weights].1 = b"other".to_vec();
        let sums = String::from_utf8(l[0].1.clone()).unwrap();
        l[0].1 = sums.replace(&old, &Digest::of(b"other").to_string()).into_bytes();
    });
    fails("consistent.tar.gz", &consistent, &["files/model/weights.bin", "not the file the snapshot names"]);
    fails("short.tar.gz", &good[..good.len() / 2], &["short.tar.gz", "it ends too early"]);
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 0x10;
    fails("damaged.tar.gz", &damaged, &["damaged.tar.gz"]);
    fails("none.tar.gz", b"not an archive", &["none.tar.gz` is no bundle of mlrun: it is not compressed with gzip"]);
    let mut text = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    text.write_all(b"a log\n").unwrap();
    fails("log.gz", &text.finish().unwrap(), &["log.gz` is no bundle", "no archive"]);
    fails("empty.tar.gz", &bundle_of(&[]), &["empty"]);
}

/// Entries changed, and everything that is only counted or hashed written anew.
pub fn forged(entries: &Entries, change: &dyn Fn(&mut Entries)) -> Vec<u8> {
    let mut entries = entries.clone();
    change(&mut entries);
    let about = entries.iter().position(|(name, _)| name == "bundle.json").unwrap();
    let mut value: Value = serde_json::from_slice(&entries[about].1).unwrap();
    value["entries"] = json!(entries.len() - 2);
    let is_counted = |name: &str| !["SHA256SUMS", "bundle.json"].contains(&name);
    value["bytes"] = json!(entries.iter().filter(|(name, _)| is_counted(name)).map(|(_, b)| b.len()).sum::<usize>());
    // Keys in order, which is how canonical JSON has them, too.
    entries[about].1 = value.to_string().into_bytes();
    let line = |(name, bytes): &(String, Vec<u8>)| format!("{}  {name}\n", Digest::of(bytes));
    let listed = entries.iter().filter(|(name, _)| name != "SHA256SUMS");
    entries[0].1 = listed.map(line).collect::<String>().into_bytes();
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
    let [certificate, policy, observation, about, page, journal] =
        ["certificate.json", "policy.json", "observation.json", "bundle.json", "index.html", "journal.jsonl"]
            .map(place);
    let events: Vec<usize> = (0..listed.len()).filter(|at| listed[*at].0.starts_with("events/")).collect();
    let (first, last) = (events[0], *events.last().unwrap());
    project.write("same.tar.gz", forged(&listed, &|_| {}));
    project.ok("bundle --verify same.tar.gz");
    type Forgery<'a> = (&'a dyn Fn(&mut Entries), &'a [&'a str]);
    let forgeries: [Forgery<'_>; 17] = [
        (&|l| replace(&mut l[certificate].1, "PASS", "FAIL"), &["certificate.json", "does not hash"]),
        (&|l| drop(l.remove(certificate)), &["certificate.json", "missing"]),
        (&|l| drop(l.remove(policy)), &["policy.json", "missing"]),
        (&|l| l[policy].1 = b"{}".to_vec(), &["policy.json", "does not hash"]),
        (&|l| l[observation].1 = b"{}".to_vec(), &["observation.json", "does not hash"]),
        (&|l| replace(&mut l[about].1, "\"v3\"", "\"v7\""), &["no event", "version"]),
        (&|l| replace(&mut l[about].1, "\"model\":\"fraud\"", "\"model\":\"other\""), &["another model"]),
        (&|l| replace(&mut l[last].1, "ana", "eve"), &["events/", "not that event"]),
        (&|l| drop(l.remove(last)), &["events/", "missing"]),
        (&|l| drop(l.drain(first..=last)), &["events/", "missing"]),
        (&|l| l.push(("events/0000000000000099".into(), l[last].1.clone())), &["does not concern"]),
        (&|l| l.push(("more.json".into(), b"{}".to_vec())), &["more.json", "nothing a bundle holds"]),
        (&|l| replace(&mut l[page].1, "PASS", "FAIL"), &["index.html", "does not say what the records say"]),
        (&|l| replace(&mut l[journal].1, "ana", "eve"), &["line 2 of the journal"]),
        (&|l| cut(&mut l[journal].1, 5), &["line 5 of the journal"]),
        (&|l| cut_behind(&mut l[journal].1), &["does not end with the event"]),
        (&|l| l.push((format!("records/{}.json", Digest::of(b"{}")), b"{}".to_vec())), &["which no event names"]),
    ];
    for (change, words) in forgeries {
        project.write("forged.tar.gz", forged(&listed, change));
        project.fails("bundle --verify forged.tar.gz", &Bad { exit: 4, message: words, hint: &[] });
    }
    // What another version of the program wrote is not worded here: that is said, and everything else is checked.
    let other = forged(&listed, &|l| {
        replace(&mut l[about].1, &format!("\"tool\":\"{}\"", mlrun::ops::TOOL), "\"tool\":\"0.0.9\"");
        replace(&mut l[page].1, "PASS", "FAIL");
    });
    project.write("forged.tar.gz", other);
    project.ok("bundle --verify forged.tar.gz").says(&["`index.html`", "written by mlrun 0.0.9"]);
    // An event made up with its own digest is still not the one in the journal.
    let made_up = forged(&listed, &|l| {
        let line = String::from_utf8(l[last].1.clone()).unwrap().lines().next().unwrap().replace("ana", "eve") + "\n";
        l[last].1 = format!("{line}{}\n", Digest::of(line.as_bytes())).into_bytes();
    });
    project.write("forged.tar.gz", made_up);
    project
        .fails("bundle --verify forged.tar.gz", &Bad { exit: 4, message: &["events/", "not that event"], hint: &[] });
}

/// Takes a line out.
fn cut(bytes: &mut Vec<u8>, line: usize) {
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines = text.split_inclusive('\n').enumerate().filter(|(at, _)| at + 1 != line);
    *bytes = lines.map(|(_, line)| line).collect::<String>().into_bytes();
}

/// Takes the last line away.
fn cut_behind(bytes: &mut Vec<u8>) {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    cut(bytes, lines);
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

/// Everything in a bundle, unpacked by tar beside the project.
#[track_caller]
fn unpacked(project: &Project, bundle: &str, name: &str) -> std::path::PathBuf {
    let folder = project.beside(name);
    fs::create_dir(&folder).unwrap();
    shown(project.other("tar").args(["xzf", bundle, "-C", folder.to_str().unwrap()])).exits(0);
    folder
}

#[track_caller]
fn bash(project: &Project, folder: &Path, line: &str) -> String {
    shown(project.other("bash").args(["-euo", "pipefail", "-c", line]).current_dir(folder)).exits(0).stdout
}

/// What stands between `<pre>` and `</pre>`, as a browser shows it.
fn commands(page: &str) -> Vec<String> {
    let plain = |text: &str| {
        let replaced = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        replaced.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
    };
    page.split("<pre>").skip(1).map(|rest| plain(rest.split("</pre>").next().unwrap())).collect()
}

#[test]
fn what_the_page_says_can_be_checked_is_checked_by_these_commands() {
    let project = Project::with_history();
    let key = project.beside("key.pem").display().to_string();
    let curve = "ec_paramgen_curve:P-256";
    shown(project.other("openssl").args(["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out", &key])).exits(0);
    project.ok("certify v3 --sign ../key.pem");
    project.ok("bundle v3 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz").says(&["what it cannot prove", "whose keys", "head"]);
    let folder = unpacked(&project, "case.tar.gz", "case");
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    let commands = commands(&page);
    let commands: Vec<&String> = commands.iter().filter(|c| !c.starts_with("diff --git")).collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    let said: Vec<String> = commands.iter().map(|line| bash(&project, &folder, line)).collect();
    let version = project.json("show v3", 0);
    assert!(said[1].starts_with(version["id"].as_str().unwrap()), "{said:?}");
    let head = project.events().last().unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(said[2].trim(), head, "the chain, without mlrun");
    assert!(said[3].contains("PASS") && said[3].contains(version["id"].as_str().unwrap()), "{said:?}");
    assert_eq!(said[4].trim(), "Verified OK");
    // Every command fails where what it is about was touched.
    for (touched, command) in [("journal.jsonl", 2), ("certificate.json", 4), ("README.txt", 0), ("snapshot.json", 0)] {
        let before = fs::read(folder.join(touched)).unwrap();
        let text = String::from_utf8(before.clone()).unwrap();
        fs::write(folder.join(touched), text.replacen("fraud", "freud", 1)).unwrap();
        let mut again = project.other("bash");
        again.args(["-euo", "pipefail", "-c", commands[command]]).current_dir(&folder);
        let again = shown(&mut again);
        assert_ne!(again.code, Some(0), "{touched}: {again}");
        fs::write(folder.join(touched), before).unwrap();
    }
}

#[test]
fn a_copy_of_the_store_on_another_machine_gives_the_same_bytes() {
    let project = Project::with_history();
    project.ok("bundle v2 -o one.tar.gz");
    let other = Project::empty();
    let store = other.beside("copied").display().to_string();
    let from = project.store().display().to_string();
    shown(project.other("cp").args(["-r", &from, &store])).exits(0);
    for cached in ["cache", "index"] {
        let _ = fs::remove_dir_all(Path::new(&store).join(cached));
    }
    for (threads, name) in [("1", "a.tar.gz"), ("5", "b.tar.gz")] {
        let mut command = other.command(&["-R", &store, "bundle", "v2", "-o", name]);
        command.env("RAYON_NUM_THREADS", threads).env("TZ", "Asia/Tokyo").env("USER", "eve").env("LC_ALL", "de_DE");
        shown(&mut command).exits(0);
        assert!(fs::read(other.path(name)).unwrap() == fs::read(project.path("one.tar.gz")).unwrap(), "{name}");
    }
}

#[test]
fn a_bundle_may_be_longer_than_what_is_compressed_at_once() {
    let project = Project::tiny();
    let mut draw = super::scene::Draw::new(3);
    let bytes: Vec<u8> = (0..1_300_000).flat_map(|_| draw.bits().to_le_bytes()).collect();
    project.write("model/weights.bin", &bytes);
    project.write(&format!("model/{}/{}.bin", "d".repeat(120), "n".repeat(90)), "far down");
    project.ok("snapshot fraud");
    project.ok("bundle v1 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz");
    let folder = unpacked(&project, "case.tar.gz", "case");
    bash(&project, &folder, "sha256sum -c --quiet --strict SHA256SUMS");
    assert!(fs::read(folder.join("files/model/weights.bin")).unwrap() == bytes);
    // One member, as a reader that knows no more expects.
    let mut tar = Vec::new();
    GzDecoder::new(fs::File::open(project.path("case.tar.gz")).unwrap()).read_to_end(&mut tar).unwrap();
    assert!(tar.len() > bytes.len());
    bash(
        &project,
        &project.path(""),
        "gzip -t case.tar.gz && python3 -c 'import tarfile; tarfile.open(\"case.tar.gz\").getnames()'",
    );
}

#[test]
fn a_page_tells_the_life_of_a_version() {
    let project = Project::with_history();
    project.ok("rollback fraud --reason slow");
    project.ok("block v1 --reason leak");
    let page = |version: &str| {
        project.ok(&format!("bundle {version} -o {version}.tar.gz"));
        let entries = entries(&fs::read(project.path(&format!("{version}.tar.gz"))).unwrap());
        let page = entries.into_iter().find(|(name, _)| name == "index.html").unwrap().1;
        String::from_utf8(page).unwrap()
    };
    let has = |page: &str, words: &[&str]| {
        let missing: Vec<_> = words.iter().filter(|word| !page.contains(**word)).collect();
        assert!(missing.is_empty(), "{missing:?} not in {page}");
    };
    let shown = project.json("show v3", 0);
    let third = page("v3");
    has(&third, &["fraud@v3", shown["id"].as_str().unwrap(), "ana", "rollback to v2: slow", "certificate.json"]);
    has(&third, &["in no stage when this was written", "auc-floor", "p95", "roc_auc of test", "skill", "weights.bin"]);
    has(
        &third,
        &["fraud@v2; all of it is in", "params.yaml" /* its file */, "sha256sum -c --quiet SHA256SUMS"]
            .map(|w| if w == "params.yaml" { "parameter" } else { w }),
    );
    let second = page("v2");
    has(&second, &["still there", "promote of v3", "in production when this was written", "rollback"]);
    let first = page("v1");
    has(&first, &["leak", "every stage", "There was none before it", "begin"]);
    for page in [&first, &second, &third] {
        let urls: Vec<_> = page.match_indices("://").collect();
        assert!(urls.is_empty() && !page.contains("<script") && !page.contains("src="), "no network, no script");
    }
}

#[test]
fn standard_output_takes_a_bundle() {
    let project = scene();
    project.ok("bundle v1 -o case.tar.gz");
    bash(
        &project,
        &project.path(""),
        &format!("{PROGRAM} bundle v1 -o - > piped.tar.gz && cmp piped.tar.gz case.tar.gz"),
    );
    // Whoever has seen enough does not make it fail.
    bash(
        &project,
        &project.path(""),
        &format!("set +o pipefail; {PROGRAM} bundle v1 -o - | head -c 10 > /dev/null; test ${{PIPESTATUS[0]}} = 0"),
    );
    assert_eq!(project.mlrun("bundle v1 -o - --json").exits(2).object()["kind"], "usage");
    assert_eq!(project.json("bundle v1 -o - --dry-run", 0)["dry_run"], true);
}

#[test]
fn what_is_cut_short_leaves_nothing_behind() {
    let project = scene();
    let unfinished = || -> Vec<String> {
        let names =
            fs::read_dir(project.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("bundling") || name.contains("tar.gz")).collect()
    };
    let place = project.store().join("case.tar.gz").display().to_string();
    project
        .run_fails(&["bundle", "v1", "-o", &place], &Bad { exit: 2, message: &["in the store"], hint: &["outside"] });
    // What a killed process left goes with the next one; what is not ours stays.
    let left = format!(".{}.bundling", "0".repeat(32));
    project.write(&left, "half").write(".mine.bundling", "mine");
    project.ok("bundle v1 -o case.tar.gz");
    assert_eq!(
        unfinished().into_iter().collect::<std::collections::BTreeSet<_>>(),
        [".mine.bundling", "case.tar.gz"].map(str::to_owned).into()
    );
    project.remove(".mine.bundling");
    // A file that is damaged in the store is found while it is written.
    let packs = fs::read_dir(project.store().join("packs")).unwrap();
    for pack in packs {
        let path = pack.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x55;
        let _ = fs::remove_file(&path);
        fs::write(&path, bytes).unwrap();
    }
    let failed = project.mlrun("bundle v1 -o other.tar.gz");
    assert_eq!(failed.code, Some(4), "{failed}");
    assert_eq!(unfinished(), ["case.tar.gz"]);
}

/// An approval with an SSH signature: whoever has the bundle checks it with `ssh-keygen`, as the page says.
#[test]
fn signed_approvals_are_checked_by_ssh_keygen() {
    use mlrun::format::event::{ActorRecord, EventBody, SubjectRecord};
    use mlrun::format::signoff::{APPROVAL, ApprovalRecord, NAMESPACE};
    use mlrun::name::{ModelName, StageName, Version};
    use mlrun::registry::Decision;
    let project = Project::with_history();
    let beside = |name: &str| project.beside(name).display().to_string();
    shown(project.other("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &beside("ben")])).exits(0);
    let options = mlrun::repository::OpenOptions {
        start: project.path(""),
        store: None,
        clock: std::sync::Arc::new(mlrun::clock::SystemClock),
    };
    let repository = mlrun::repository::Repository::open(&options).unwrap();
    let model = ModelName::new("fraud").unwrap();
    let snapshot = repository.registry().state(&model).unwrap().unwrap().versions[2].snapshot;
    let subject = SubjectRecord::Version { version: Version(3), snapshot };
    let statement = ApprovalRecord {
        format: APPROVAL.to_owned(),
        repository: repository.store().repository().to_owned(),
        model: model.clone(),
        snapshot: None,
        rules: None,
        certificate: None,
        stage: StageName::new("production").unwrap(),
        role: "risk".to_owned(),
        text: Some("<b>fine</b>".to_owned()),
    };
    let statement = statement.of(&subject).encode().unwrap();
    fs::write(project.beside("statement"), &statement).unwrap();
    let sign = ["-Y", "sign", "-f", &beside("ben"), "-n", NAMESPACE, &beside("statement")];
    shown(project.other("ssh-keygen").args(sign)).exits(0);
    let armoured = fs::read_to_string(project.beside("statement.sig")).unwrap();
    let mut writer = repository.store().writer();
    let statement_id = writer.put_record(&statement).unwrap();
    let signature = writer.put_record(armoured.as_bytes()).unwrap();
    writer.finish().unwrap();
    let body = EventBody::Approve {
        subject,
        stage: StageName::new("production").unwrap(),
        role: "risk".to_owned(),
        person: "ben@example.org".to_owned(),
        certificate: None,
        statement: statement_id,
        signature: Some(signature),
    };
    let commit = |body: EventBody| {
        repository
            .registry()
            .commit::<(), mlrun::registry::JournalError>(&model, &ActorRecord::default(), |_| {
                Ok(Decision::Append(body.clone(), ()))
            })
            .unwrap();
    };
    commit(body);
    let approval = repository.registry().state(&model).unwrap().unwrap().seq();
    commit(EventBody::Withdraw { approval, reason: Some("seen too late".to_owned()) });
    project.ok("bundle v3 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz").says(&[&format!("ssh/{approval}.sig"), "ssh-keygen -Y verify"]);
    let folder = unpacked(&project, "case.tar.gz", "case");
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.contains("ben@example.org") && page.contains("seen too late") && page.contains("withdrawn"));
    let commands = commands(&page);
    let command = commands.iter().find(|line| line.starts_with("ssh-keygen")).unwrap();
    bash(&project, &folder, command);
    fs::write(
        folder.join("allowed_signers"),
        format!("ben@example.org {}", fs::read_to_string(project.beside("ben.pub")).unwrap()),
    )
    .unwrap();
    let whose = command.replace("-Y check-novalidate", "-Y verify -f allowed_signers -I ben@example.org");
    assert!(bash(&project, &folder, &whose).contains("Good"));
    // The statement is kept under its digest, as the event names it; another one does not pass.
    let listed = entries(&fs::read(project.path("case.tar.gz")).unwrap());
    let place = |start: &str| listed.iter().position(|(name, _)| name.starts_with(start)).unwrap();
    let name = format!("records/{statement_id}.json");
    assert_eq!(listed[place(&name)].1, statement);
    let verify = |bytes: Vec<u8>, words: &[&str]| {
        project.write("forged.tar.gz", bytes);
        project.fails("bundle --verify forged.tar.gz", &Bad { exit: 4, message: words, hint: &[] });
    };
    verify(forged(&listed, &|l| drop(l.remove(place(&name)))), &["missing, which event"]);
    verify(forged(&listed, &|l| l[place("ssh/")].1[60] ^= 1), &["ssh/", "not the signature of that event"]);
    verify(forged(&listed, &|l| drop(l.remove(place("ssh/")))), &["ssh/", "is missing"]);
}

#[test]
fn names_that_some_systems_cannot_keep_apart_are_kept() {
    let project = Project::tiny();
    project
        .write("model/README", "upper")
        .write("model/readme", "lower")
        .write("model/e\u{301}", "two")
        .write("model/\u{e9}", "one");
    project.ok("snapshot fraud");
    project.ok("bundle v1 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz");
    let names: BTreeMap<String, Vec<u8>> =
        entries(&fs::read(project.path("case.tar.gz")).unwrap()).into_iter().collect();
    assert!(names.contains_key("files/model/README") && !names.contains_key("files/model/readme"));
    assert_eq!(names[&format!("apart/{}", Digest::of(b"lower"))], b"lower");
    assert_eq!(names.keys().filter(|name| name.starts_with("apart/")).count(), 2);
}
