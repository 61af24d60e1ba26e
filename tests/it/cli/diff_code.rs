//! `diff` of code: the patch, as `git apply` takes it, and what people see of it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::code_scene::tree;
use super::harness::{Project, shown};

/// What `git apply` makes of the code in `folder`.
#[track_caller]
fn apply(project: &Project, folder: &Path, patch: &[u8]) {
    let mut command = project.other("git");
    command.args(["apply", "--whitespace=nowarn"]).current_dir(folder).stdin(Stdio::piped()).stderr(Stdio::piped());
    command.env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap());
    let mut git = command.spawn().unwrap();
    git.stdin.take().unwrap().write_all(patch).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(patch));
}

fn patch(project: &Project, line: &str) -> Vec<u8> {
    let output = project.command(&line.split(' ').collect::<Vec<_>>()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Two versions with uncommitted work: a notebook, binaries, links, modes, names, ends of lines.
fn changed() -> Project {
    let project = Project::code(&[("train.py", "lr = 0.1\nfit()\n"), ("gone.py", "x\n"), ("moved.py", "one\ntwo\n")]);
    project.write("notes.ipynb", notebook("x = 1", "1")).write("windows.txt", "a\r\nb\r\n").write("run.sh", "echo");
    project.write("binary", b"\0\x01\n\xff").write("latin.txt", b"na\xefve\n").link("link", "train.py");
    project.write("same/other.py", "same\n");
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v1\n");
    project.write("train.py", "lr = 0.2\nfit()\nscore()").remove("gone.py").write("new dir/new.py", "new\n");
    project.write("notes.ipynb", notebook("x = 2", "2")).write("windows.txt", "a\r\nc\r\n").executable("run.sh", true);
    project.write("binary", b"\0\x02\n\xff\0").write("latin.txt", b"na\xefve!\n").remove("link").link("link", "run.sh");
    fs::rename(project.path("moved.py"), project.path("there.py")).unwrap();
    project.git("add --all");
    project.git("commit --quiet --message second");
    project.edit("train.py", "score()", "score(1)");
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v2\n");
    project
}

fn notebook(source: &str, output: &str) -> String {
    let cell = serde_json::json!({
        "cell_type": "code", "id": "c", "source": source, "metadata": {}, "execution_count": 1,
        "outputs": [{ "output_type": "stream", "name": "stdout", "text": output }],
    });
    serde_json::json!({ "cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5 }).to_string() + "\n"
}

#[test]
fn git_apply_makes_the_one_code_out_of_the_other() {
    let project = changed();
    project.write("train.py", "lr = 0.3\n").write("more.py", "more\n");
    let sides = ["v1", "v2"];
    for version in sides {
        project.ok(&format!("restore fraud@{version} --to {} --only code", project.beside(version).display()));
    }
    // The workspace, without what belongs to git and the store.
    let copy =
        "mkdir -p \"$1\" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp -P --parents -t \"$1\"";
    shown(project.other("bash").args(["-c", copy, "copy"]).arg(project.beside("workspace"))).exits(0);
    for (a, b) in [("v1", "v2"), ("v2", "v1"), ("v1", "workspace"), ("workspace", "v1"), ("v2", "workspace")] {
        let bytes = patch(
            &project,
            &format!("diff fraud@{a} fraud@{b} --only code --patch").replace("fraud@workspace", "workspace"),
        );
        let folder = project.beside(&format!("{a}-{b}"));
        shown(project.other("cp").arg("-a").arg(project.beside(a)).arg(&folder)).exits(0);
        apply(&project, &folder, &bytes);
        assert_eq!(tree(&folder), tree(&project.beside(b)), "{a} → {b}");
    }
    assert_eq!(patch(&project, "diff v2 v2 --patch"), b"");
    project.mlrun("diff v1 v2 --patch --exit-code").exits(1);
    project.mlrun("diff v2 v2 --patch --exit-code").exits(0);
    project.mlrun("diff v1 v2 --patch --only metrics").exits(2).says(&["error: ", "`--only`", "hint: add `code`"]);
    project.mlrun("diff v1 v2 --patch --json").exits(2);
}

#[test]
fn people_see_files_lines_and_cells() {
    let project = changed();
    let text = project.ok("diff v1 v2 --only code").stdout;
    for line in [
        "  ~  train.py        +2 -1\n",
        "  -  gone.py         +0 -1\n",
        "  >  there.py        was moved.py\n",
        "  ~  notes.ipynb     1 cell changed, outputs of 1 cell differ\n",
        "  ~  run.sh          executable now\n",
        "  ~  binary          4 B → 5 B, binary\n",
        "\n  train.py\n    @@ -1,2 +1,3 @@\n    -lr = 0.1\n    +lr = 0.2\n     fit()\n    +score(1)\n",
        "    cell 1, code, changed\n    -x = 1\n    +x = 2\n",
        "    -b\n    +c\n",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let json = project.json("diff v1 v2 --only code", 0);
    let files = json["code"]["files"].as_array().unwrap();
    let inside = |path: &str| files.iter().find(|file| file["path"] == path).unwrap()["inside"].clone();
    assert_eq!(inside("train.py")["hunks"][0]["lines"][1], "+lr = 0.2");
    assert_eq!((&inside("train.py")["added"], &inside("train.py")["removed"]), (&2.into(), &1.into()));
    assert_eq!(inside("notes.ipynb")["cells"][0]["change"], "changed");
    assert_eq!(inside("binary")["reason"], "binary");
}

/// What was erased does not come back out of git.
#[test]
fn what_is_not_there_is_said() {
    let project = changed();
    project.mlrun("purge fraud@v1 --path gone.py --reason wrong").exits(0);
    let text = project.ok("diff v1 v2 --only code").stdout;
    assert!(text.contains("gone.py         2 B, not here any more: it was erased"), "{text}");
    let refused = project.mlrun("diff v1 v2 --patch").exits(1).says(&["error: ", "`gone.py`", "erased", "--only code"]);
    assert_eq!(refused.stdout, "", "no half of a patch");
}

/// A file that the store has lost is in git, if it was committed; what git has must be what was recorded.
#[test]
fn git_has_what_was_committed() {
    use mlrun::capture::git::Git;
    let project = changed();
    let commit = project.git("rev-parse HEAD").stdout.trim().to_owned();
    let git = Git::find(&project.path("")).unwrap().unwrap();
    assert_eq!(git.committed(&commit, "train.py", 100), Some(b"lr = 0.2\nfit()\nscore()".to_vec()));
    assert_eq!(git.committed(&commit, "binary", 100), Some(b"\0\x02\n\xff\0".to_vec()));
    assert_eq!(git.committed(&commit, "train.py", 3), None, "longer than asked for");
    assert_eq!(git.committed(&commit, "none.py", 100), None);
    assert_eq!(git.committed(&"0".repeat(40), "train.py", 100), None, "a commit that is not here");
    assert_eq!(git.committed("HEAD", "train.py", 100), None, "no commit by its digits");
    assert_eq!(git.committed("--output=x", "train.py", 100), None);
}

/// What is copied or searched for has to be whole: only a terminal breaks a line of code, or its pager.
#[test]
fn a_line_of_code_is_one_line() {
    let project = changed();
    let long = format!("names = [{}]", (0..60).map(|n| format!("\"column {n}\"")).collect::<Vec<_>>().join(", "));
    project.write("train.py", format!("{long}\n\nlr = 1 \n"));
    project.ok("snapshot fraud");
    project.write("train.py", format!("{long} # \n\nlr = 1\n"));
    let text = project.ok("diff v3 workspace --only code").stdout;
    assert!(text.contains(&format!("\n    -{long}\n    +{long} # \n")), "{text}");
    // A blank at the end of a line that changed is what changed.
    assert!(text.contains("\n    -lr = 1 \n    +lr = 1\n"), "{text}");
    let page = project.ok("diff v1 v2 --only code --format markdown").stdout;
    assert!(page.contains("(1 cell changed") && !page.contains("1 cells"), "{page}");
}

#[test]
fn uncommitted_work_is_said_once() {
    let project = Project::tiny_in_git();
    project.ok("snapshot fraud");
    project.write("train.py", "print('other')\n");
    let page = project.ok("diff --only code --format markdown").stdout;
    assert!(page.contains("\nWith uncommitted work now\n") && !page.contains("Now: "), "{page}");
}

/// What `--patch` prints and what the sections say have one answer for scripts.
#[test]
fn outputs_of_notebooks_are_a_difference() {
    let project = Project::code(&[("look.ipynb", &notebook("x = 1", "1"))]);
    project.ok("snapshot fraud");
    project.write("look.ipynb", notebook("x = 1", "2"));
    project
        .mlrun("diff v1 workspace --exit-code")
        .exits(1)
        .says(&["the same but for outputs of notebooks", "look.ipynb"]);
    project.mlrun("diff v1 workspace --exit-code --only seeds").exits(0);
    project.mlrun("diff v1 workspace --exit-code --json").exits(1);
    project.mlrun("diff v1 workspace --patch --exit-code").exits(1);
}
