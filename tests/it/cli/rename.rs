//! `rename`: whatever a model was ever called means it, in every verb and in mlrun.toml.

use mlrun::clock::SystemClock;
use mlrun::format::event::ActorRecord;
use mlrun::name::ModelName;
use mlrun::repository::{OpenOptions, Repository};

use super::harness::{Bad, Project};

fn name(text: &str) -> ModelName {
    ModelName::new(text).unwrap()
}

/// The project, opened with the library: another process.
fn open(project: &Project) -> Repository {
    let clock = std::sync::Arc::new(SystemClock);
    Repository::open(&OpenOptions { start: project.path(""), store: None, clock }).unwrap()
}

/// A project whose model was called wrong from the beginning: v1 in production, v2 behind it.
fn misnamed() -> Project {
    let project = Project::tiny();
    project.edit("mlrun.toml", "[model.fraud]", "[model.fruad]");
    project.ok("snapshot fruad");
    project.ok("certify fruad@v1 --first-release --reason begin");
    project.ok("promote fruad@v1 --to production");
    project.write("model/weights.bin", "w1").write("metrics.json", "{\"auc\": 0.91}\n");
    project.ok("snapshot fruad");
    project
}

#[test]
fn every_verb_takes_every_name() {
    let project = misnamed();
    project.ok("certify fruad@v2");
    project.leaves_alone("rename fruad fraud --dry-run", 0).says(&["would be called fraud", "nothing was written"]);
    let renamed = project.json("rename fruad fraud", 0);
    assert_eq!(renamed["schema"], "mlrun/rename/1");
    assert_eq!((renamed["from"].as_str(), renamed["model"].as_str()), (Some("fruad"), Some("fraud")));
    assert_eq!((renamed["configured_as"].as_str(), renamed["unchanged"].as_bool()), (Some("fruad"), Some(false)));
    // A certificate from before counts.
    project.ok("promote fruad@v2 --to production --dry-run");
    project.ok("promote fraud@v2 --to production");
    let list = project.json("list", 0);
    assert_eq!(list["models"].as_array().unwrap().len(), 1);
    assert_eq!(list["models"][0]["model"], "fraud");
    for model in ["fruad", "fraud"] {
        for line in [
            format!("show {model}@v1"),
            format!("show {model}@production"),
            format!("show {model}@production~1"),
            format!("at now {model}"),
            format!("list {model}"),
            format!("log {model}"),
            format!("status {model}"),
            format!("diff {model}@v1 {model}@v2"),
            format!("verify {model}@v1"),
            format!("policy show {model}"),
            format!("rollback {model} --reason x --dry-run"),
        ] {
            let shown = project.json(&line, 0);
            for (field, at) in [("model", shown["model"].as_str()), ("stages", shown["stages"][0]["model"].as_str())] {
                assert!(at.is_none_or(|at| at == "fraud"), "{line}: {field} {at:?}");
            }
        }
        // The section of mlrun.toml is found by either name, and nothing has changed.
        assert_eq!(project.json(&format!("snapshot {model}"), 0)["unchanged"], true);
        assert_eq!(project.ok(&format!("snapshot {model} --dry-run")).stdout, "fraud@v2\n");
    }
    assert_eq!(project.ok("show production --print version").stdout, "fraud@v2\n");
    // So is the section by the new name.
    project.edit("mlrun.toml", "[model.fruad]", "[model.fraud]");
    for line in ["snapshot", "snapshot fruad", "snapshot fraud"] {
        assert_eq!(project.json(line, 0)["unchanged"], true, "{line}");
    }
    project.ok("certify fruad@v2 --check");
    project.ok("restore fruad@v1 --to back");
    project.ok("bundle fruad@v1 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz");
    for line in ["verify", "verify --full", "verify --journal", "doctor", "gc --now"] {
        project.ok(line);
    }
    // Without a checkout.
    let store = project.store().display().to_string();
    for model in ["fruad", "fraud"] {
        let shown = project.run(&["-C", "/", "-R", &store, "show", &format!("{model}@v1"), "--print", "version"]);
        assert_eq!(shown.exits(0).stdout, "fraud@v1\n");
    }
    let renames = project.json("log --kind rename", 0);
    assert_eq!(renames["events"][0]["to"], "fraud");
}

#[test]
fn a_new_version_has_the_first_name_in_its_record_and_the_new_one_for_people() {
    let project = misnamed();
    project.ok("rename fruad fraud --reason slip");
    project.write("model/weights.bin", "w2").write("metrics.json", "{\"auc\": 0.92}\n");
    let taken = project.json("snapshot fraud", 0);
    assert_eq!((taken["model"].as_str(), taken["version"].as_str()), (Some("fraud"), Some("v3")));
    let id = taken["id"].as_str().unwrap();
    let raw = project.ok(&format!("show --raw {id}")).stdout;
    assert!(raw.contains("\"model\":\"fruad\""), "{raw}");
    // The same content again is the same version.
    project.ok("certify fraud@v3").says(&["fraud@v3"]);
    project.ok("promote fraud@v3 --to production");
    project.ok("bundle fraud@v3 -o case.tar.gz");
    assert_eq!(project.json("bundle --verify case.tar.gz", 0)["version"], "v3");
    project.ok("rollback fraud --reason worse");
    assert_eq!(project.production(), "v1");
}

#[test]
fn again_back_and_on() {
    let project = misnamed();
    project.ok("rename fruad fraud");
    for line in ["rename fraud fraud", "rename fruad fraud"] {
        let again = project.leaves_alone(&format!("{line} --json"), 0).object();
        assert_eq!((again["unchanged"].as_bool(), again["event"].is_null()), (Some(true), true), "{line}");
    }
    project.ok("rename fraud payments/fraud");
    project.ok("rename fruad fruad").says(&["payments/fraud → fruad"]);
    project.ok("rename payments/fraud risk");
    for name in ["fruad", "fraud", "payments/fraud", "risk"] {
        assert_eq!(project.ok(&format!("show {name}@v1 --print version")).stdout, "risk@v1\n");
    }
    project.ok("verify --journal");
    let heads = project.json("verify --journal", 0);
    assert_eq!(heads["heads"].as_array().map_or(1, Vec::len), 1, "{heads:#}");
}

/// A head that was written down under any name is of the one journal there is.
#[test]
fn heads_that_were_written_down() {
    let project = misnamed();
    let head = |project: &Project| {
        let head = project.json("verify --journal", 0)["heads"][0].clone();
        (head["model"].as_str().unwrap().to_owned(), format!("{}:{}", head["seq"], head["id"].as_str().unwrap()))
    };
    let before = head(&project);
    assert_eq!(before.0, "fruad");
    project.ok("rename fruad fraud");
    let after = head(&project);
    assert_eq!(after.0, "fraud");
    for known in [&before.1, &after.1] {
        for given in [format!("fruad@{known}"), format!("fraud@{known}"), known.clone()] {
            project.ok(&format!("verify --journal --head {given}"));
        }
        let other = known.replace(&known[known.len() - 4..], "0000");
        project.mlrun(&format!("verify --journal --head fraud@{other}")).exits(4);
    }
    // The name cannot be taken away from it.
    std::fs::remove_file(project.store().join("journal/fraud/0000000000000001")).unwrap();
    project.mlrun("verify --journal").exits(4);
}

#[test]
fn a_name_of_another_model() {
    let project = misnamed();
    project.ok("snapshot churn --files model/");
    let bad = Bad { exit: 1, message: &["`churn`", "another model"], hint: &["mlrun drop", "mlrun snapshot churn"] };
    project.fails("rename fruad churn", &bad);
    project.ok("rename churn leavers");
    let bad = Bad { exit: 1, message: &["`churn`", "now called `leavers`"], hint: &["another one"] };
    project.fails("rename fruad churn", &bad);
    project.fails("rename nobody fraud", &Bad { exit: 6, message: &["`nobody`"], hint: &[] });
    project.fails("rename fruad latest", &Bad { exit: 2, message: &["latest"], hint: &[] });
    // A section that has no version yet is another model, too.
    project.write("mlrun.toml", project.read("mlrun.toml") + "\n[model.limits]\nfiles = [\"model/\"]\n");
    project.fails("rename fruad limits", &Bad { exit: 1, message: &["`limits`"], hint: &["sections"] });
}

#[test]
fn the_section_may_be_renamed_first() {
    let project = misnamed();
    project.edit("mlrun.toml", "[model.fruad]", "[model.fraud]");
    let renamed = project.json("rename fruad fraud", 0);
    assert!(renamed["configured_as"].is_null());
    assert_eq!(project.json("snapshot", 0)["unchanged"], true);
}

#[test]
fn cut_short_and_repeated() {
    let project = misnamed();
    let repository = open(&project);
    let state = repository.registry().state(&name("fruad")).unwrap().unwrap();
    repository.registry().claim(&name("fraud"), &state, &ActorRecord::default()).unwrap();
    // The name leads to the model already.
    assert_eq!(project.ok("show fraud@v1 --print version").stdout, "fruad@v1\n");
    project.ok("verify");
    assert_eq!(project.json("rename fruad fraud", 0)["unchanged"], false);
    assert_eq!(project.ok("show fruad@v1 --print version").stdout, "fraud@v1\n");
    assert_eq!(project.json("rename fruad fraud", 0)["unchanged"], true);
}

#[test]
fn of_two_renames_at_once_one_counts() {
    let project = misnamed();
    let run = |to: &str| project.command(&["rename", "fruad", to, "--json"]).spawn_quietly();
    let codes: Vec<i32> = ["fraud", "risk", "churn"]
        .map(run)
        .into_iter()
        .map(|mut child| child.wait().unwrap().code().unwrap())
        .collect();
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 5].contains(code)), "{codes:?}");
    let renames = project.json("log fruad --kind rename", 0)["events"].as_array().unwrap().len();
    assert_eq!(renames, codes.iter().filter(|code| **code == 0).count());
    project.ok("verify --journal");
}

/// Starts a program that says nothing.
trait Quiet {
    fn spawn_quietly(&mut self) -> std::process::Child;
}

impl Quiet for std::process::Command {
    fn spawn_quietly(&mut self) -> std::process::Child {
        let nothing = std::process::Stdio::null;
        self.stdout(nothing()).stderr(nothing()).spawn().unwrap()
    }
}
