//! Secrets never enter the store: found before anything is written, and named without being repeated.

use super::harness::{Bad, Project, fingerprint, shown};

/// Made here, so that no scanner of this repository takes it for one.
fn token() -> String {
    format!("gh{}_{}", "p", "R4nd0mT0k3nF0rT3sts".repeat(2).chars().take(36).collect::<String>())
}

/// Whether any file of the store, as it lies on the disk or as `show` and `restore` decode it, holds `secret`.
#[track_caller]
fn nowhere(project: &Project, secret: &str) {
    let holds = |path: &std::path::Path| {
        fingerprint(path).keys().any(|name| {
            let bytes = std::fs::read(path.join(name)).unwrap_or_default();
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        })
    };
    assert!(!holds(&project.store()), "in the store's raw bytes");
    for version in project.json("list fraud", 0)["versions"].as_array().unwrap() {
        let id = version["id"].as_str().unwrap();
        for line in
            [format!("show {id} --json"), format!("show {id}"), format!("show --raw {id}"), "log --json".to_owned()]
        {
            assert!(!project.ok(&line).stdout.contains(secret), "in `{line}`");
        }
        let target = project.beside(&format!("decoded-{id}"));
        project.run(&["restore", id, "--to", target.to_str().unwrap()]).exits(0);
        assert!(!holds(&target), "in the files of {id}");
    }
}

#[test]
fn in_parameters() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let secret = token();
    project.write("params.yaml", format!("lr: 0.1\nseed: 7\nhub:\n  token: {secret}\n"));
    let bad = Bad {
        exit: 1,
        message: &["a secret in what would be stored"],
        hint: &["params.yaml line 4", "github-pat", "--allow-secret 'github-pat:params.yaml'"],
    };
    project.fails("snapshot fraud", &bad);
    project.fails("snapshot fraud --dry-run", &bad);
    assert!(!format!("{}", project.mlrun("snapshot fraud")).contains(&secret), "never repeated");
    nowhere(&project, &secret);
    // What the hint says works, and only where it says.
    project.fails("snapshot fraud --allow-secret github-pat:other.yaml", &bad);
    project.fails("snapshot fraud --allow-secret jwt", &bad);
    project.ok("snapshot fraud --allow-secret github-pat:params.yaml");
    project.edit("params.yaml", "lr: 0.1", "lr: 0.2");
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", config + "\n[secrets]\nallow = [\"github-pat:*.yaml\"]\n");
    project.ok("snapshot fraud");
}

/// Of a model that is a folder of data, files like settings are not read each time.
#[test]
fn settings_of_a_model_unless_they_are_its_data() {
    let project = Project::tiny();
    let files = |numbers: std::ops::Range<usize>| {
        for n in numbers {
            project.write(&format!("model/part/{n}.json"), "{}");
        }
    };
    project.ok("snapshot fraud");
    files(0..900);
    project.write("model/part/0.json", format!("{{\"token\": \"{}\"}}", token()));
    let bad = Bad { exit: 1, message: &["a secret in what would be stored"], hint: &["model/part/0.json line 1"] };
    project.fails("snapshot fraud --dry-run", &bad);
    files(900..1001);
    project.ok("snapshot fraud --dry-run");
    // What it was made with is looked at all the same.
    project.write("params.yaml", format!("lr: 0.1\nseed: 7\ntoken: {}\n", token()));
    let bad = Bad { exit: 1, message: &["a secret in what would be stored"], hint: &["params.yaml line 3"] };
    project.fails("snapshot fraud --dry-run", &bad);
}

#[test]
fn in_code_and_in_what_a_patch_takes_away() {
    let project = Project::tiny_in_git();
    let secret = token();
    project.write("train.py", format!("import hub\n\nhub.login('{secret}')\n"));
    let bad = Bad { exit: 1, message: &["a secret"], hint: &["train.py line 3", "github-pat"] };
    project.fails("snapshot fraud", &bad);
    project.git("commit --quiet --all --message oops");
    project.fails("snapshot fraud", &bad);
    // Gone from the file, still in the patch against the commit.
    project.write("train.py", "import hub\n");
    project.fails("snapshot fraud", &Bad { exit: 1, message: &["secret"], hint: &["train.py", "github-pat"] });
    project.git("commit --quiet --all --message better");
    project.ok("snapshot fraud");
    nowhere(&project, &secret);
}

#[test]
fn in_notes_reasons_metrics_and_flags() {
    let project = Project::with_history();
    let secret = token();
    let field = |field: &'static str| [field, "github-pat"];
    let lines: [(&[&str], [&str; 2]); 8] = [
        (&["snapshot", "fraud", "-m", &secret], field("notes")),
        (&["rollback", "--reason", &secret], field("reason")),
        (&["block", "v1", "--reason", &secret], field("reason")),
        (&["unblock", "v1", "--reason", &secret], field("reason")),
        (&["promote", "v2", "--to", "production", "--reason", &secret], field("reason")),
        (&["certify", "v2", "--first-release", "--reason", &secret], field("reason")),
        (&["snapshot", "fraud", "--param", &format!("key={secret}")], field("--param")),
        (&["snapshot", "fraud", "--params", "secret.json"], field("secret.json")),
    ];
    project.write("secret.json", format!("{{\"key\": \"{secret}\"}}"));
    for (words, hint) in lines {
        project.run_fails(words, &Bad { exit: 1, message: &["a secret"], hint: &hint });
        // What can be said in other words cannot be allowed.
        let said = project.run(words).stderr;
        assert_eq!(said.contains("--allow-secret"), hint[0] != "reason", "{said}");
    }
    project.write("metrics.json", format!("{{\"auc\": 0.9, \"run\": \"{secret}\"}}"));
    project.fails("snapshot fraud", &Bad { exit: 1, message: &["a secret"], hint: &["metrics.json line 1"] });
    nowhere(&project, &secret);
}

#[test]
fn in_the_url_of_a_remote() {
    let project = Project::tiny_in_git();
    let secret = token();
    project.git(&format!("remote add origin https://ana:{secret}@example.org/team/fraud.git"));
    project.ok("snapshot fraud");
    nowhere(&project, &secret);
    assert!(project.ok("show latest --json").stdout.contains("https://example.org/team/fraud.git"));
    assert!(!project.ok("show latest --json").stdout.contains("ana:"));
    // Where the token is no user, it is replaced.
    project.git(&format!("remote set-url origin https://example.org/{secret}/fraud.git"));
    project.ok("snapshot fraud --new-version");
    nowhere(&project, &secret);
    project.ok("show latest --json").says(&["<redacted:github-pat>"]);
}

#[test]
fn variables_are_not_read() {
    let project = Project::tiny();
    let secret = token();
    let mut command = project.command(&["snapshot", "fraud"]);
    for name in ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "MY_SETTING", "CUDA_HOME"] {
        command.env(name, &secret);
    }
    shown(&mut command).exits(0);
    nowhere(&project, &secret);
}

#[test]
fn a_hyper_parameter_is_no_secret() {
    let project = Project::tiny();
    project
        .write("params.yaml", "max_tokens: 512\ntokenizer: bert-base-uncased\nsecret_dim: 64\nauth: none\nseed: 1\n");
    project.ok("snapshot fraud");
}
