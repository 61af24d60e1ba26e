//! `bisect`: the version that broke something.

use std::fs;

use serde_json::Value;

use super::harness::{Bad, Project};

/// Versions 1 to `n`, of which the first `good` are good: their weights say so, and their `auc`.
fn versions(n: u32, good: u32) -> Project {
    let project = Project::tiny();
    for version in 1..=n {
        let (word, auc) = if version <= good { ("good", 0.95) } else { ("bad", 0.85) };
        project.write("model/weights.bin", format!("{word} {version}\n"));
        project.write("metrics.json", format!("{{\"auc\": {}}}\n", auc + f64::from(version) / 1000.0));
        project.ok("snapshot fraud");
    }
    project
        .write("check.sh", "#!/bin/sh\necho looked at $MODEL_VERSION >> seen\nexec grep -q good \"$1/weights.bin\"\n");
    project.executable("check.sh", true);
    project
}

impl Project {
    /// A check that is another shell line.
    fn check(&self, line: &str) -> &Self {
        self.write("check.sh", format!("#!/bin/sh\n{line}\n"));
        self.executable("check.sh", true)
    }
}

const LINE: &str = "bisect --good v1 --bad v9 --json -- ./check.sh {model}";

fn tested(found: &Value) -> Vec<&str> {
    found["tested"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap()).collect()
}

/// Wherever it broke, it is found, and in as many runs as halving takes.
#[test]
fn wherever_it_broke() {
    let project = versions(9, 9);
    for good in 1..9 {
        // Which version is bad is the check's to say.
        project.check(&format!("test ${{MODEL_VERSION#v}} -le {good}"));
        let shown = project.leaves_alone(LINE, 0);
        let found = shown.object();
        assert_eq!(found["first_bad"], format!("v{}", good + 1), "{found:#}");
        assert_eq!((found["good"].as_str(), found["most_runs"].as_u64()), (Some(&*format!("v{good}")), Some(3)));
        assert!(found["runs"].as_u64().unwrap() <= 3, "⌈log2 8⌉: {found:#}");
        assert!(!tested(&found).contains(&"v1") && !tested(&found).contains(&"v9"), "those are known");
        assert_eq!(found["id"], project.json(&format!("show v{}", good + 1), 0)["id"]);
    }
}

#[test]
fn a_command_sees_the_restored_model() {
    let project = versions(6, 4);
    let temporary = project.beside("scratch");
    fs::create_dir(&temporary).unwrap();
    let mut command = project.command(&["bisect", "fraud", "--good", "v1", "--", "./check.sh", "{model}"]);
    let shown = super::harness::shown(command.env("TMPDIR", &temporary)).exits(0);
    assert_eq!(shown.last_line(), "fraud@v5 is the first bad version, found in 4 runs");
    shown.says(&["`mlrun diff fraud@v4 fraud@v5`"]);
    assert_eq!(project.read("seen"), "looked at v6\nlooked at v3\nlooked at v4\nlooked at v5\n");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "no state is left behind");
    // The command's words, and nothing else of the user's, was run: the restored file is the stored one.
    project.check("cp \"$1/weights.bin\" \"$2-$3\"");
    let line = "bisect --good v1 --bad v3 -- ./check.sh {model} copy {version}";
    project.ok(line);
    assert_eq!(project.read("copy-v2"), "good 2\n");
}

#[test]
fn what_a_command_cannot_tell_is_skipped() {
    let project = versions(9, 4);
    project.check("case $MODEL_VERSION in v5|v6) exit 125;; esac\ngrep -q good \"$1/weights.bin\"");
    let shown = project.leaves_alone(LINE, 3);
    let found = shown.object();
    assert_eq!(
        (found["exit"].as_i64(), found["first_bad"].as_str(), found["good"].as_str()),
        (Some(3), Some("v7"), Some("v4"))
    );
    assert_eq!(found["suspects"], serde_json::json!(["v5", "v6"]));
    assert_eq!(found["skipped"].as_array().unwrap().len(), 2);
    project.mlrun(&LINE.replace("--json ", "")).exits(3).says(&["v5 was skipped", "one of v5, v6, fraud@v7"]);
    // What was dropped is not run; on the far side it does not matter.
    let project = versions(9, 4);
    project.ok("drop v7 --reason diverged");
    project.ok("drop v2 --reason diverged");
    let found = project.mlrun(LINE).exits(0).object();
    assert_eq!(found["first_bad"], "v5");
    let skipped: Vec<_> =
        found["skipped"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap()).collect();
    assert_eq!(skipped, ["v2", "v7"]);
}

#[test]
fn a_command_that_breaks_says_nothing() {
    let project = versions(9, 4);
    for (check, how) in [("exit 127", "could not be run"), ("exit 200", "status 200"), ("kill -9 $$", "signal 9")] {
        project.check(check);
        let shown = project.leaves_alone("bisect --good v1 --bad v9 -- ./check.sh {model}", 8);
        shown.says(&[how, "fraud@v5", "says nothing of the model", "hint: ", "125"]);
    }
    project.leaves_alone("bisect --good v1 -- ./none.sh {model}", 6).says(&["none.sh"]);
}

/// Nobody has said that the newest is bad: it is asked, and where it cannot tell the one before.
#[test]
fn no_version_is_bad() {
    let project = versions(7, 7);
    let found = project.mlrun("bisect --good v1 --json -- ./check.sh {model}").exits(1).object();
    assert_eq!((&found["first_bad"], found["good"].as_str(), tested(&found)), (&Value::Null, Some("v7"), vec!["v7"]));
    project.mlrun("bisect --good v1 -- ./check.sh {model}").exits(1).says(&["no version is bad"]);
    project.check("case $MODEL_VERSION in v7|v6) exit 125;; esac\nexit 0");
    let found = project.mlrun("bisect --good v1 --json -- ./check.sh {model}").exits(1).object();
    assert_eq!((&found["first_bad"], found["good"].as_str()), (&Value::Null, Some("v5")));
}

/// The folder it runs in holds the files of today, whichever version is asked about.
#[test]
fn a_command_that_is_not_told_the_version() {
    let project = versions(7, 4);
    let untold = |line: &str, label: &str| {
        project.leaves_alone(line, 2).says(&[label, "nothing in it says which version", "write `{model}`"]);
    };
    untold("bisect --good v1 --bad v7 -- grep -q good model/weights.bin", "fraud@v1 is good");
    untold("bisect --good v1 --bad v7 -- true", "fraud@v7 is bad");
    // One that reads its environment is as good as any other.
    project.check("test ${MODEL_VERSION#v} -le 4");
    let found = project.mlrun("bisect --good v1 --bad v7 --json -- ./check.sh").exits(0).object();
    assert_eq!(
        (found["first_bad"].as_str(), found["runs"].as_u64() <= found["most_runs"].as_u64()),
        (Some("v5"), true)
    );
}

#[test]
fn a_rule_on_what_was_recorded() {
    let project = versions(7, 4);
    project.ok("drop v2 --reason diverged");
    let found = |rule: &str, more: &str, code: i32| {
        let words: Vec<_> = more.split_whitespace().collect();
        let shown =
            project.run(&[["bisect", "fraud", "--metric", rule, "--json"].as_slice(), &words].concat()).exits(code);
        shown.object()
    };
    for (rule, more) in [("auc >= 0.9", ""), ("auc > 0.9", "--good v3"), ("auc>=0.9", "--good v1 --bad v6")] {
        let found = found(rule, more, 0);
        assert_eq!(
            (found["first_bad"].as_str(), found["good"].as_str(), found["runs"].as_u64()),
            (Some("v5"), Some("v4"), Some(0))
        );
    }
    assert_eq!(found("auc < 0.9", "", 0)["first_bad"], "v1");
    assert_eq!(found("auc <= 2", "", 1)["first_bad"], Value::Null);
    let again = found("auc < 0.9525", "", 0);
    assert_eq!((again["first_bad"].as_str(), again["good_again"].as_array().unwrap().len()), (Some("v3"), 3));
    // A version that recorded nothing may be the one.
    project.write("metrics.json", "{\"other\": 1}\n").ok("snapshot fraud");
    project.write("metrics.json", "{\"auc\": 0.1}\n").ok("snapshot fraud");
    let one_of = found("auc >= 0.8", "", 3);
    assert_eq!((one_of["first_bad"].as_str(), one_of["suspects"][0].as_str()), (Some("v9"), Some("v8")));
}

#[test]
fn slips() {
    let project = versions(3, 2);
    project.fails(
        "bisect --good v3 --bad v1 --metric auc>0.9",
        &Bad { exit: 2, message: &["fraud@v3", "before"], hint: &["mlrun list"] },
    );
    project.fails(
        "bisect --good v2 --metric auc>0.99",
        &Bad { exit: 2, message: &["fraud@v2", "is not"], hint: &["earlier"] },
    );
    project.fails("bisect --metric auc", &Bad { exit: 2, message: &["auc >= 0.9"], hint: &[] });
    project.fails("bisect --metric acu>1", &Bad { exit: 2, message: &["`acu`"], hint: &["`auc`"] });
    project.fails("bisect --good v1", &Bad { exit: 2, message: &["CMD"], hint: &[] });
    project.fails("bisect --good v9 --metric auc>1", &Bad { exit: 6, message: &["v9"], hint: &[] });
}
