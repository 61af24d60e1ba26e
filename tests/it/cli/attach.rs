//! Evidence that is attached after a version was taken: what it decides, what it may not, and that nothing loses it.

use super::harness::{Bad, Project};
use super::scene::{latency, rows, rows_of, table};

const FLAGS: &str = "--key row_id --label y --score p --positive 1 --slice country";

/// v1 is in production without evidence; v2 has it.
fn scene() -> Project {
    let project = Project::rated();
    let config = project.read("mlrun.toml");
    let bare = config.split("[model.fraud.predictions").next().unwrap().to_owned();
    project.write("mlrun.toml", bare + "[stage.production]\ncertificate = \"none\"\n");
    project.version(0.60);
    project.ok("promote v1 --to production");
    project.write("mlrun.toml", config).version(0.65);
    project
}

#[test]
fn a_baseline_is_given_what_it_lacks() {
    let project = scene();
    let undecided = project.mlrun("certify v2").exits(3);
    undecided.says(&["hint: next: `mlrun attach fraud@v1 --set test FILE`"]);
    project.write("later.csv", table(&rows(0.60))).write("ms.csv", latency(10.0, 3));
    // The columns are those of mlrun.toml.
    let attached = project.json("attach v1 later.csv --set test", 0);
    assert_eq!((attached["schema"].as_str(), attached["kind"].as_str()), (Some("mlrun/attach/1"), Some("predictions")));
    assert_eq!((attached["unchanged"].as_bool(), attached["version"].as_str()), (Some(false), Some("v1")));
    assert_eq!(attached["evidence"]["predictions"]["columns"]["label"], "y");
    project.mlrun("certify v2").exits(3).says(&["mlrun attach fraud@v1 --set latency FILE"]);
    project.ok("attach v1 ms.csv --set latency").says(&["samples `latency` is attached to fraud@v1"]);
    let certificate = project.json("certify v2", 0);
    assert_eq!(certificate["verdict"], "PASS");
    let read = certificate["evidence"].as_array().unwrap();
    assert!(read.iter().any(|file| file["role"] == "baseline" && file["sha256"] == attached["sha256"]), "{read:?}");
    // A dated event, and the record is what it was.
    let event = project.events_of("attach").remove(0);
    assert_eq!((event["version"].as_str(), event["actor"]["name"].is_string()), (Some("v1"), true));
    project.ok("log --kind attach").says(&["predictions `test` to v1", "samples `latency` to v1"]);
    let shown = project.json("show v1", 0);
    let sets: Vec<_> = shown["evidence"].as_array().unwrap().iter().map(|e| e["set"].as_str().unwrap()).collect();
    assert_eq!(sets, ["test", "latency"]);
    assert_eq!(shown["evidence"][0]["attached"]["event"]["seq"], event["seq"]);
    project.ok("show v1").says(&["attached later", attached["path"].as_str().unwrap()]);
    // Before it was attached, it was not there.
    let before = event["time"].as_str().unwrap().replace("Z", "");
    let earlier = project.events_of("snapshot").remove(1)["time"].as_str().unwrap().to_owned();
    assert!(earlier < before);
    assert_eq!(project.json(&format!("show v1 --at {earlier}"), 0)["evidence"], serde_json::json!([]));
}

/// Of what was attached under one name the newest counts, and nothing is forgotten.
#[test]
fn the_newest_counts_and_all_is_kept() {
    let project = scene();
    project
        .write("a.csv", table(&rows(0.60)))
        .write("b.csv", table(&rows_of(0.90, 9)))
        .write("ms.csv", latency(10.0, 3));
    project.ok("attach v1 ms.csv --set latency");
    let a = project.json("attach v1 a.csv --set test --reason first", 0);
    project.ok("certify v2");
    let b = project.json("attach v1 b.csv --set test", 0);
    assert_eq!(b["supersedes"], a["sha256"]);
    // The better baseline is not beaten.
    let certificate = project.json("certify v2", 1);
    let read = certificate["evidence"].as_array().unwrap();
    assert!(read.iter().any(|f| f["sha256"] == b["sha256"]) && !read.iter().any(|f| f["sha256"] == a["sha256"]));
    let shown = project.json("show v1", 0);
    let of_test: Vec<_> = shown["evidence"].as_array().unwrap().iter().filter(|e| e["set"] == "test").collect();
    assert_eq!(
        (&of_test[0]["attached"]["superseded"], &of_test[1]["attached"]["superseded"]),
        (&true.into(), &false.into())
    );
    assert_eq!(of_test[0]["attached"]["reason"], "first");
    // What is older can be made to count again: that is another event.
    assert_eq!(project.json("attach v1 a.csv --set test", 0)["supersedes"], b["sha256"]);
    project.remove("a.csv").remove("b.csv").remove("ms.csv");
    project.ok("gc --now");
    project.ok("verify --full");
    for file in [&a, &b] {
        let path = file["path"].as_str().unwrap();
        project.ok("restore v1 --to back --force");
        let digest = mlrun::digest::Digest::of(&std::fs::read(project.path("back").join(path)).unwrap());
        assert_eq!(digest.to_string(), file["sha256"].as_str().unwrap());
    }
    project.ok("bundle v1 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz");
    let listed = super::harness::shown(project.other("tar").args(["tzf", "case.tar.gz"])).exits(0);
    listed.says(&[a["path"].as_str().unwrap(), b["path"].as_str().unwrap()]);
    // A bundle in which it is another file, list of sums and all, is none.
    forge(&project, "case.tar.gz", "forged.tar.gz", a["path"].as_str().unwrap());
    project.mlrun("bundle --verify forged.tar.gz").exits(4).says(&["is not the file the snapshot names"]);
}

/// The bundle again, with another byte in a file, and sums that agree.
fn forge(project: &Project, from: &str, to: &str, path: &str) {
    use std::io::Read as _;
    let open = |name: &str| std::fs::File::open(project.path(name)).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(open(from)));
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name.ends_with(path) {
            *bytes.last_mut().unwrap() ^= 1;
        }
        entries.push((name, bytes));
    }
    let line = |(name, bytes): &(String, Vec<u8>)| format!("{}  {name}\n", mlrun::digest::Digest::of(bytes));
    entries[0].1 = entries[1..].iter().map(line).collect::<String>().into_bytes();
    let file = std::fs::File::create(project.path(to)).unwrap();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}

/// A certificate says nothing of evidence that came after it, and is issued again where that changes nothing of what it says.
#[test]
fn attached_after_the_certificate() {
    let project = scene();
    project.write("later.csv", table(&rows(0.60))).write("ms.csv", latency(10.0, 3)).write("x.csv", latency(1.0, 4));
    project.ok("attach v1 later.csv --set test");
    project.ok("attach v1 ms.csv --set latency");
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", config.replace("certificate = \"none\"", ""));
    let before = project.json("certify v2", 0);
    for version in ["v1", "v2"] {
        let attached = project.json(&format!("attach {version} x.csv --set other --column ms"), 0);
        let event = attached["event"]["seq"].as_u64().unwrap();
        let refused = project.json("promote v2 --to production", 5);
        let message = format!("since it was certified, `other` was attached to {version} (event {event})");
        assert_eq!(
            (refused["reasons"][0]["code"].as_str(), &refused["reasons"][0]["message"]),
            (Some("outdated"), &message.into())
        );
        // No rule rests on it: the same statement, and another event.
        let again = project.json("certify v2", 0);
        assert_eq!((&again["certificate"], again["unchanged"].as_bool()), (&before["certificate"], Some(false)));
        assert_eq!(project.json("certify v2", 0)["unchanged"], true);
    }
    project.ok("promote v2 --to production");
}

/// Times are compared with those of the same hardware, wherever a version was taken.
#[test]
fn samples_carry_their_machine() {
    let project = scene();
    project.write("later.csv", table(&rows(0.60))).write("ms.csv", latency(10.0, 3)).write("now.csv", latency(10.0, 4));
    project.ok("attach v1 later.csv --set test");
    let unknown = project.json("attach v1 ms.csv --set latency --machine unknown", 0);
    assert_eq!(unknown["evidence"]["samples"].get("machine"), None);
    let certificate = project.json("certify v2", 3);
    let p95 = certificate["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "p95").unwrap().clone();
    assert_eq!(p95["verdict"], "INCONCLUSIVE");
    assert!(p95["reason"].as_str().unwrap().contains("the baseline's on an unknown machine"), "{p95:#}");
    let here = project.json("attach v1 ms.csv --set latency", 0);
    let machine = here["evidence"]["samples"]["machine"].as_str().unwrap();
    assert!(machine.contains(std::env::consts::ARCH), "{machine}");
    assert_eq!(project.json("certify v2", 0)["verdict"], "PASS");
    // Two that nobody knows are not the same one.
    project.edit("policy.toml", "of = \"latency\"", "of = \"times\"");
    for (place, verdict, exit) in [("unknown", "INCONCLUSIVE", 3), ("this", "PASS", 0)] {
        for (version, file) in [("v1", "ms.csv"), ("v2", "now.csv")] {
            project.ok(&format!("attach {version} {file} --set times --column ms --machine {place}"));
        }
        let certificate = project.json("certify v2", exit);
        let p95 = certificate["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "p95").unwrap().clone();
        assert_eq!(p95["verdict"], verdict, "{p95:#}");
    }
    project.fails("attach v1 ms.csv --set latency --machine moon", &Bad { exit: 2, message: &["moon"], hint: &[] });
}

/// v1 is in production on a certificate that judged a set which was attached to it; v2 is worse.
fn certified_scene() -> Project {
    let project = Project::rated();
    let config = project.read("mlrun.toml");
    let cut = config.find("[model.fraud.predictions").unwrap()..config.find("[model.fraud.samples").unwrap();
    project.write("mlrun.toml", config.replace(&config[cut], "")).version(0.65);
    project.write("good.csv", table(&rows(0.65))).write("bad.csv", table(&rows_of(0.30, 9)));
    project.write("mlrun.toml", config).ok("attach v1 good.csv --set test");
    project.release("fraud@v1").version(0.45);
    project
}

/// Whoever gives the baseline worse predictions than those it was promoted on is not compared with them.
#[test]
fn what_the_baseline_was_certified_with_stays() {
    let project = certified_scene();
    let honest = project.json("certify v2", 1);
    let worse = project.json("attach v1 bad.csv --set test", 0);
    let judged = project.json("certify v2", 3);
    let rule = |id: &str| judged["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap().clone();
    let (before, now) = (worse["supersedes"].as_str().unwrap(), worse["sha256"].as_str().unwrap());
    let event = worse["event"]["seq"].as_u64().unwrap();
    let how = format!("event {event} attached {} in the place of {}", &now[..12], &before[..12]);
    for id in ["auc", "auc-floor"] {
        assert_eq!(rule(id)["verdict"], "INCONCLUSIVE");
        let reason = format!("the baseline's `test` is not what it was certified with: {how}");
        assert_eq!(rule(id)["reason"], reason);
    }
    assert_eq!(judged["replaced"][0]["role"], "baseline");
    // The very file it was certified with, but read in another way, is other evidence too.
    project.json(&format!("attach v1 good.csv --set test {FLAGS} --cluster country"), 0);
    project.ok("log --kind attach");
    project.mlrun("certify v2").exits(3).says(&["to be read in another way"]);
    // Certifying the baseline anew by it changes nothing of what it was promoted on.
    project.mlrun("certify v1");
    project.mlrun("certify v2").exits(3);
    // Back to what it was.
    project.json("attach v1 good.csv --set test", 0);
    let again = project.json("certify v2", 1);
    let auc =
        |of: &serde_json::Value| of["rules"].as_array().unwrap().iter().find(|r| r["id"] == "auc").unwrap().clone();
    assert_eq!((&auc(&again)["delta"], auc(&again)["verdict"].as_str()), (&auc(&honest)["delta"], Some("FAIL")));
}

/// A candidate may be given other predictions; that it was is in every report, and is another use of the set.
#[test]
fn a_candidate_that_was_given_other_predictions() {
    let project = Project::rated();
    project.release(&project.version(0.60));
    let config = project.read("mlrun.toml");
    let cut = config.find("[model.fraud.predictions").unwrap()..config.find("[model.fraud.samples").unwrap();
    project.write("mlrun.toml", config.replace(&config[cut], "")).version(0.65);
    project.write("mlrun.toml", config);
    project.write("first.csv", table(&rows_of(0.30, 9))).write("second.csv", table(&rows(0.66)));
    let first = project.json("attach v2 first.csv --set test", 0);
    let failed = project.json("certify v2", 1);
    assert_eq!((&failed["replaced"], &failed["holdout"][0]["use"]), (&serde_json::json!([]), &2.into()));
    let second = project.json("attach v2 second.csv --set test", 0);
    let passed = project.json("certify v2 --report junit=c.xml --report markdown=c.md --report sarif=c.sarif", 0);
    assert_eq!(passed["holdout"][0]["use"], 3, "{:#}", passed["holdout"]);
    let replaced = &passed["replaced"][0];
    assert_eq!((&replaced["before"], &replaced["now"]), (&first["sha256"], &second["sha256"]));
    assert_eq!((replaced["role"].as_str(), &replaced["event"]["seq"]), (Some("candidate"), &second["event"]["seq"]));
    let short = |attached: &serde_json::Value| attached["sha256"].as_str().unwrap()[..12].to_owned();
    for report in ["c.xml", "c.md", "c.sarif"] {
        let text = project.read(report);
        assert!(text.contains(&short(&first)) && text.contains(&short(&second)), "{report}: {text}");
    }
    project.mlrun("certify v2").exits(0).says(&[&short(&first), &short(&second)]);
    // What it came with is no use more, and asking again is none either.
    assert_eq!(project.json("certify v2", 0)["holdout"][0]["use"], 3);
    project.ok("attach v2 first.csv --set test");
    assert_eq!(project.json("certify v2", 1)["holdout"][0]["use"], 2);
}

#[test]
fn it_may_be_repeated_and_rehearsed() {
    let project = scene();
    project.write("later.csv", table(&rows(0.60)));
    let line = "attach v1 later.csv --set test";
    project.leaves_alone(&format!("{line} --dry-run"), 0).says(&["would be attached", "nothing was written"]);
    project.ok(line);
    let before = project.fingerprint();
    assert_eq!(project.json(line, 0)["unchanged"], true);
    assert_eq!(before, project.fingerprint());
    // The same file read in another way is other evidence.
    let other = format!("{line} {FLAGS} --weight p");
    assert_eq!(project.json(&other, 0)["unchanged"], false);
}

#[test]
fn what_cannot_be_attached() {
    let project = scene();
    project.write("later.csv", table(&rows(0.60))).write("notes.txt", "x").write("bad.csv", "a,b\n1,2\n");
    let own = Bad { exit: 1, message: &["fraud@v2", "a set `test` of its own"], hint: &["another name"] };
    project.fails("attach v2 later.csv --set test", &own);
    let other_kind = Bad { exit: 1, message: &["a set `latency` of its own"], hint: &[] };
    project.fails(&format!("attach v2 later.csv --set latency {FLAGS}"), &other_kind);
    let unknown =
        Bad { exit: 2, message: &["what the columns of `drift` mean"], hint: &["--key", "--column", "test, latency"] };
    project.fails("attach v1 later.csv --set drift", &unknown);
    // What is known of a row is nothing that a model says of it, nor what the row counts.
    let answers = Bad { exit: 2, message: &["score: `y` is the label already"], hint: &[] };
    project.fails("attach v1 later.csv --set drift --key row_id --label y --score y", &answers);
    let weighed = Bad { exit: 2, message: &["weight: `row_id` is the key already"], hint: &[] };
    project.fails(&format!("attach v1 later.csv --set drift {FLAGS} --weight row_id"), &weighed);
    let missing = Bad { exit: 6, message: &["gone.csv"], hint: &[] };
    project.fails("attach v1 gone.csv --set test", &missing);
    project.fails("attach v1 model --set test", &Bad { exit: 2, message: &["model"], hint: &[] });
    let column = Bad { exit: 2, message: &["no column `row_id", "it has a, b"], hint: &[] };
    project.fails("attach v1 bad.csv --set test", &column);
    project.fails("attach v1 notes.txt --set test", &Bad { exit: 2, message: &["neither csv nor parquet"], hint: &[] });
    project.fails("attach v9 later.csv --set test", &Bad { exit: 6, message: &["no v9"], hint: &[] });
    let half = Bad { exit: 2, message: &["at least a key, a label"], hint: &["--key row_id"] };
    project.fails("attach v1 later.csv --set drift --key row_id --label y", &half);
    project.fails("attach v1 later.csv --set drift --key row_id", &half);
    let both = Bad { exit: 2, message: &["--column"], hint: &[] };
    project.fails("attach v1 later.csv --set drift --column p --key row_id", &both);
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let secret_reason = Bad { exit: 1, message: &["a secret"], hint: &[] };
    project.run_fails(&["attach", "v1", "later.csv", "--set", "test", "--reason", &secret], &secret_reason);
    project.fails("attach v1 later.csv --set Nope", &Bad { exit: 2, message: &["Nope"], hint: &[] });
    project.ok("snapshot fraud --new-version");
    project.ok("drop v3 --reason test");
    project.fails("attach v3 later.csv --set drift --column p", &Bad { exit: 6, message: &["dropped"], hint: &[] });
}

/// What goes for good goes from here, too, and does not come back by this door.
#[test]
fn erased_for_good() {
    let project = scene();
    project.write("later.csv", table(&rows(0.60)));
    let path = project.json("attach v1 later.csv --set test", 0)["path"].as_str().unwrap().to_owned();
    project.ok(&format!("purge v1 --path {path} --reason request")).says(&[&path]);
    project.ok("verify --full");
    project.fails("certify v2", &Bad { exit: 1, message: &[&path, "erased", "request"], hint: &[] });
    let again = Bad { exit: 1, message: &["fraud@v1", "erased", "request"], hint: &["without what had to go"] };
    project.fails("attach v1 later.csv --set test", &again);
    project.fails("restore v1 --to back", &Bad { exit: 1, message: &[&path], hint: &["--without-erased"] });
}

/// A version that is dropped lets go of it; until then no collection does.
#[test]
fn let_go_of_with_its_version() {
    let project = scene();
    project.write("later.csv", table(&rows(0.50)));
    project.ok("snapshot fraud --new-version");
    let path = project.json("attach v3 later.csv --set drift --column p", 0)["path"].as_str().unwrap().to_owned();
    project.ok("gc --now").says(&["nothing to free"]);
    project.ok("restore v3 --to back");
    assert_eq!(
        std::fs::read(project.path("back").join(&path)).unwrap(),
        std::fs::read(project.path("later.csv")).unwrap()
    );
    project.ok("drop v3 --reason test");
    assert!(project.json("gc --now", 0)["freed"].as_u64().unwrap_or(1) > 0);
    project.ok("verify --full");
}

/// Evidence that is the parent's, byte for byte, says nothing of another model, however it came.
#[test]
fn the_parents_evidence_attached() {
    let project = Project::rated();
    let first = project.version(0.60);
    project.release(&first);
    project.write("old.csv", project.read("out/predictions.csv"));
    let config = project.read("mlrun.toml");
    let cut = config.find("[model.fraud.predictions").unwrap()..config.find("[model.fraud.samples").unwrap();
    project.write("mlrun.toml", config.replace(&config[cut], "")).version(0.65);
    project.ok(&format!("attach v2 old.csv --set test {FLAGS}"));
    let certificate = project.json("certify v2", 3);
    assert!(
        certificate["rules"][0]["reason"].as_str().unwrap().contains("the parent's, byte for byte"),
        "{certificate:#}"
    );
    assert_eq!(project.json("show v2", 0)["evidence_not_refreshed"], serde_json::json!(["test"]));
}
