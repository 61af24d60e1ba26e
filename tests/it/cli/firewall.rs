//! Secrets of every kind in every place: what a person wrote stops the snapshot, what is generated is cleaned, and nothing of
//! them is in the store, as it lies on the disk or as any verb decodes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::harness::{Project, fingerprint, shown};
use crate::support::planted::{Planted, kinds};

/// A line for each kind; the break inside of a key is kept by what a format calls it.
fn lines(kinds: &[Planted], form: impl Fn(usize, &str) -> String) -> String {
    kinds.iter().enumerate().map(|(at, kind)| form(at, &kind.line) + "\n").collect()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Keys over several lines as one line, as configurations hold them.
fn flat(text: &str) -> String {
    text.replace('\n', "\\n")
}

fn notebook(source: &[String], output: &[String]) -> String {
    let ends = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>();
    let cell = json!({
        "cell_type": "code", "execution_count": 1, "id": "a1", "metadata": {}, "source": ends(source),
        "outputs": [{"name": "stdout", "output_type": "stream", "text": ends(output)}],
    });
    let whole = json!({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    serde_json::to_string_pretty(&whole).unwrap()
}

/// Every secret of `kinds` that stands somewhere below `folder`, in a file or in its name.
fn held(folder: &Path, kinds: &[Planted]) -> Vec<String> {
    let mut found = Vec::new();
    for name in fingerprint(folder).keys() {
        let mut bytes = fs::read(folder.join(name)).unwrap_or_default();
        bytes.extend(name.as_bytes());
        found.extend(in_bytes(&bytes, kinds).into_iter().map(|rule| format!("{rule} in {name}")));
    }
    found
}

/// Fails the test with what stands around a secret.
#[track_caller]
fn in_no_text(text: &str, kinds: &[Planted]) {
    for kind in kinds {
        for piece in kind.secret.split('\n') {
            if let Some(at) = text.find(piece) {
                let from = text.floor_char_boundary(at.saturating_sub(150));
                panic!("{}: …{}…", kind.rule, &text[from..at + piece.len()]);
            }
        }
    }
}

fn in_bytes(bytes: &[u8], kinds: &[Planted]) -> Vec<&'static str> {
    let pieces = |secret: &str| secret.split('\n').map(|piece| piece.as_bytes().to_vec()).collect::<Vec<_>>();
    let holds = |kind: &&Planted| {
        pieces(&kind.secret).iter().any(|piece| bytes.windows(piece.len()).any(|window| window == piece))
    };
    kinds.iter().filter(holds).map(|kind| kind.rule).collect()
}

/// What verbs decode of the store: everything they print, and everything they restore.
fn decoded(project: &Project) -> (String, Vec<PathBuf>) {
    let mut text = String::new();
    let mut folders = Vec::new();
    for line in ["list fraud --json", "log --json", "log", "status --json", "at --json"] {
        text += &format!("{}\n", project.ok(line));
    }
    let listed = project.json("list fraud", 0)["versions"].as_array().unwrap().clone();
    let ids: std::collections::BTreeSet<_> = listed.iter().map(|v| v["id"].as_str().unwrap().to_owned()).collect();
    for (at, id) in ids.iter().enumerate() {
        for line in [format!("show {id} --json"), format!("show {id}"), format!("show --raw {id}")] {
            text += &format!("{}\n", project.ok(&line));
        }
        // What differs between many versions is in their records: a few of them are restored.
        if at >= 5 {
            continue;
        }
        let target = project.beside(&format!("decoded-{id}"));
        let to = target.to_str().unwrap();
        project.run(&["restore", id.as_str(), "--to", to]).exits(0);
        let parts = format!("{to}-parts");
        project.run(&["restore", id.as_str(), "--to", &parts, "--only", "environment"]).exits(0);
        let bundle = project.beside(&format!("bundle-{id}.tar.gz"));
        project.run(&["bundle", id.as_str(), "-o", bundle.to_str().unwrap()]).exits(0);
        let unpacked = project.beside(&format!("unpacked-{id}"));
        fs::create_dir(&unpacked).unwrap();
        shown(Command::new("tar").arg("-xzf").arg(&bundle).arg("-C").arg(&unpacked)).exits(0);
        folders.extend([target, parts.into(), unpacked]);
    }
    (text, folders)
}

/// Takes a snapshot that must be refused because of so many secrets; what is wrong with how it was, if anything is.
fn stops(project: &Project, arguments: &[&str], place: &str, count: usize) -> Option<String> {
    let all: Vec<&str> = ["snapshot", "fraud", "--json"].iter().chain(arguments).copied().collect();
    let refused = project.run(&all);
    let said = refused.object()["message"].as_str().unwrap_or_default().to_owned();
    let found = match said.split(' ').next() {
        Some("a") if said.starts_with("a secret") => 1,
        Some(number) => number.parse::<usize>().unwrap_or(0),
        None => 0,
    };
    let repeated = in_bytes(format!("{}{}", refused.stdout, refused.stderr).as_bytes(), &kinds()).len();
    let is_right = refused.code == Some(1) && found == count && repeated == 0;
    let shown: String = refused.stdout.chars().take(600).collect();
    (!is_right).then(|| format!("{place}: {found} of {count}, exit {:?}: {shown}", refused.code))
}

#[test]
fn what_people_wrote_stops_the_snapshot() {
    let kinds = kinds();
    let all = kinds.len();
    assert!(all >= 40);
    // Every place is tried before it fails.
    let mut wrong: Vec<String> = Vec::new();
    let project = Project::tiny_in_git();
    project.edit("mlrun.toml", "code = [\"train.py\"]\n", "");
    let params = lines(&kinds, |at, line| format!("k{at}: {}", quoted(line)));
    let object = |indent: &str| {
        let entries: Vec<_> =
            kinds.iter().enumerate().map(|(at, k)| format!("{indent}\"k{at}\": {}", quoted(&k.line))).collect();
        format!("{{\n{}\n}}\n", entries.join(",\n"))
    };
    let text = lines(&kinds, |_, line| flat(line));
    let cells: Vec<String> = kinds.iter().map(|kind| flat(&kind.line)).collect();
    let nothing = vec!["x = 1".to_owned()];
    let toml = lines(&kinds, |at, line| format!("k{at} = {}", quoted(line)));
    let html = lines(&kinds, |_, line| format!("<p>{}</p>", flat(line)));

    // Each place by itself: what is planted, and the flags that make it count.
    let places: Vec<(&str, String, Vec<&str>)> = vec![
        ("p/params.yaml", params, vec!["--params", "p/params.yaml"]),
        ("p/params.json", object("  "), vec!["--params", "p/params.json"]),
        ("p/params.toml", toml, vec!["--params", "p/params.toml"]),
        ("p/metrics.json", object(""), vec!["--metrics", "p/metrics.json"]),
        ("out/report.md", text.clone(), vec!["--results", "out"]),
        ("out/report.html", html, vec!["--results", "out"]),
        ("out/table.csv", lines(&kinds, |at, line| format!("{at},{}", flat(line))), vec!["--results", "out"]),
        ("out/log.txt", text.clone(), vec!["--results", "out"]),
        ("model/config.json", object("  "), vec![]),
        ("src/train.py", lines(&kinds, |at, line| format!("x{at} = {}", quoted(line))), vec![]),
        ("notebook.ipynb", notebook(&cells, &nothing), vec![]),
        ("printed.ipynb", notebook(&nothing, &cells), vec![]),
        ("settings/any.conf", text.clone(), vec![]),
        ("uv.lock", text.clone(), vec![]),
        ("requirements.txt", lines(&kinds, |_, line| format!("# {}", flat(line))), vec![]),
        (".mlrunignore", lines(&kinds, |_, line| flat(line)), vec![]),
    ];
    for (path, planted, flags) in &places {
        project.write(path, planted);
        wrong.extend(stops(&project, flags, path, all));
        // Tracked as well as untracked, and taken away again: then the patch still has it.
        let is_code = flags.is_empty() && !path.starts_with("model/") && !path.starts_with('.');
        if is_code {
            project.git("add --all");
            wrong.extend(stops(&project, flags, &format!("{path}, tracked"), all));
            project.git("commit --quiet --message oops");
            project.write(path, "");
            wrong.extend(stops(&project, flags, &format!("{path}, taken away"), all));
            project.git("commit --quiet --all --message better");
        }
        project.remove(path);
        if is_code {
            project.git("commit --quiet --all --message gone");
        }
    }
    for kind in &kinds {
        let given = format!("key={}", flat(&kind.line));
        wrong.extend(stops(&project, &["--param", &given], &format!("--param {}", kind.rule), 1));
    }
    wrong.extend(stops(&project, &["-m", &text], "notes", all));
    project.write("NOTES.md", &text);
    let config = project.read("mlrun.toml");
    project.edit("mlrun.toml", "[model.fraud]\n", "[model.fraud]\nnotes = \"NOTES.md\"\n");
    wrong.extend(stops(&project, &[], "the notes' file", all));
    project.remove("NOTES.md").write("mlrun.toml", config);

    // In the names of files, of links' targets, and of what is kept elsewhere.
    let nameable: Vec<&Planted> =
        kinds.iter().filter(|kind| kind.line.len() < 200 && !kind.line.contains(['/', '\n'])).collect();
    assert!(nameable.len() >= 40);
    for (folder, flags) in
        [("src", vec![]), ("out", vec!["--results", "out"]), ("rows", vec!["--data", "train=rows"]), ("model", vec![])]
    {
        for kind in &nameable {
            project.write(&format!("{folder}/{}", kind.line), "x");
        }
        wrong.extend(stops(&project, &flags, &format!("names in {folder}"), nameable.len()));
        project.remove(folder);
        project.write("model/weights.bin", "w0");
    }
    fs::create_dir_all(project.path("links")).unwrap();
    for (at, kind) in kinds.iter().enumerate() {
        std::os::unix::fs::symlink(flat(&kind.line), project.path(&format!("links/l{at}"))).unwrap();
    }
    wrong.extend(stops(&project, &[], "targets of links", all));
    project.remove("links");
    project.write(&format!("src/x-{}/train.py", kinds[1].secret), "x");
    wrong.extend(stops(&project, &[], "the name of a folder", 1));
    project.remove("src");

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(held(&project.store(), &kinds), [""; 0]);
    // All of it was refused, and without it the snapshot is taken.
    project.ok("snapshot fraud");
    for kind in &kinds {
        project.run(&["block", "v1", &format!("--reason={}", flat(&kind.line))]).exits(1);
    }
    let (text, folders) = decoded(&project);
    in_no_text(&text, &kinds);
    for folder in folders.iter().chain([&project.store()]) {
        assert_eq!(held(folder, &kinds), [""; 0]);
    }
}

#[test]
fn what_is_generated_is_cleaned() {
    let kinds = kinds();
    let project = Project::tiny_in_git();
    let config = project.read("mlrun.toml");
    let names: Vec<String> = (0..kinds.len()).map(|at| format!("SETTING_{at}")).collect();
    project.write("mlrun.toml", format!("{config}\n[environment]\nvariables = {}\n", json!(names)));
    // Packages that pip would have installed from a place with a secret in it.
    project.write(".venv/pyvenv.cfg", "home = /nowhere\nversion = 3.11.7\n").write(".gitignore", ".venv/\n");
    for (at, kind) in kinds.iter().enumerate() {
        let info = format!(".venv/lib/python3.11/site-packages/package_{at}-1.dist-info");
        project.write(&format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: package-{at}\nVersion: 1\n"));
        let url = format!("https://example.org/{}/package.zip", flat(&kind.line));
        project.write(&format!("{info}/direct_url.json"), json!({"url": url, "archive_info": {}}).to_string());
    }
    project.write("requirements.txt", "absent==1.0\n");
    project.git("add --all");
    project.git("commit --quiet --message environment");
    let take = |flags: &[&str]| {
        let mut command = project.command(&["snapshot", "fraud", "--new-version"]);
        command.args(flags);
        for (name, kind) in names.iter().zip(&kinds) {
            command.env(name, &kind.line);
        }
        shown(&mut command).exits(0)
    };
    take(&[]).says(&["redacted"]);
    let redacted = project.json("show latest", 0)["redactions"].as_array().unwrap().clone();
    for part in ["environment.variables.SETTING_", "environment.python.origins.package-"] {
        let of_part = redacted.iter().filter(|r| r["field"].as_str().unwrap().starts_with(part));
        let fields: std::collections::BTreeSet<_> = of_part.map(|r| r["field"].as_str().unwrap()).collect();
        assert_eq!(fields.len(), kinds.len(), "{part}");
    }
    // One at a time: a repository has one remote, one branch, one image.
    let mut branches = 0;
    for kind in kinds.iter().filter(|kind| !kind.line.contains('\n')) {
        let line = &kind.line;
        let word = line.replace(' ', "");
        let mut set = project.other("git");
        set.args(["config", "remote.origin.url", &format!("https://ana:{}@example.org/{line}/x.git", kind.secret)]);
        shown(&mut set).exits(0);
        let mut switch = project.other("git");
        switch.args(["symbolic-ref", "HEAD", &format!("refs/heads/{word}")]);
        let head = project.git("rev-parse HEAD").stdout;
        let mut make = project.other("git");
        make.args(["update-ref", &format!("refs/heads/{word}"), head.trim()]);
        if shown(&mut make).code == Some(0) {
            shown(&mut switch).exits(0);
            branches += 1;
        }
        let data = format!("train=s3://bucket/{word}/x.parquet?X-Amz-Credential={}", kind.secret);
        take(&["--data", &data, "--image", &format!("registry/{word}")]);
    }
    assert!(branches >= 40, "{branches}");
    let mut command = project.command(&["snapshot", "fraud", "--new-version"]);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), &kinds[1].line);
    }
    let mut named = project.other("git");
    named.args(["config", "user.name", &kinds[2].line]);
    shown(&mut named).exits(0);
    shown(&mut command).exits(0);

    let (text, folders) = decoded(&project);
    in_no_text(&text, &kinds);
    for folder in folders.iter().chain([&project.store()]) {
        assert_eq!(held(folder, &kinds), [""; 0]);
    }
    detect_secrets_finds_none(&project, &text, &folders, &kinds);
}

/// Another program's opinion, where it is installed: `tests/all.sh` does that.
fn detect_secrets_finds_none(project: &Project, text: &str, folders: &[PathBuf], kinds: &[Planted]) {
    let beside = Path::new(super::harness::PROGRAM).ancestors().nth(2).unwrap().join("test-venv/bin/detect-secrets");
    let program = if beside.is_file() { beside } else { PathBuf::from("detect-secrets") };
    let found = |folder: &Path| -> Option<usize> {
        let mut command = Command::new(&program);
        // Digests are as random as secrets: every record is full of them.
        let plain = ["--disable-plugin", "HexHighEntropyString", "--disable-plugin", "Base64HighEntropyString"];
        command.arg("scan").arg("--all-files").arg("--no-verify").args(plain).arg(".").current_dir(folder);
        let output = command.output().ok()?;
        let report: Value = serde_json::from_slice(&output.stdout).ok()?;
        let results = report["results"].as_object().unwrap();
        assert!(results.is_empty() || folder.ends_with("planted"), "{results:#?}");
        Some(results.values().map(|found| found.as_array().unwrap().len()).sum())
    };
    let planted = project.beside("planted");
    fs::create_dir(&planted).unwrap();
    fs::write(planted.join("train.py"), lines(kinds, |_, line| quoted(line))).unwrap();
    let Some(known) = found(&planted) else {
        crate::support::lacking("detect-secrets is not installed");
        return;
    };
    assert!(known >= 10, "it finds what was planted: {known}");
    let printed = project.beside("printed");
    fs::create_dir(&printed).unwrap();
    fs::write(printed.join("everything.txt"), text).unwrap();
    found(&printed);
    for folder in folders.iter().take(3) {
        found(folder);
    }
}
