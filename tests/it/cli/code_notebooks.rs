//! Notebooks and pointers of git LFS in a project: what is a difference, and what is said.

use std::fs;

use serde_json::json;

use super::code_scene::{CONFIG, texts};
use super::harness::{Project, shown};

/// A notebook whose cells were run, with the counts of one run and its outputs.
fn notebook(sources: &[&str], counts: &[u32], output: &str) -> String {
    let cells: Vec<_> = sources
        .iter()
        .zip(counts)
        .map(|(source, count)| {
            json!({
                "cell_type": "code", "execution_count": count, "id": format!("id{count}"), "metadata": {"t": output},
                "outputs": [{"output_type": "stream", "name": "stdout", "text": [output]}], "source": [source],
            })
        })
        .collect();
    json!({"cells": cells, "metadata": {"kernelspec": {"name": output}}, "nbformat": 4, "nbformat_minor": 5})
        .to_string()
}

fn digest_by_jq(project: &Project, path: &str) -> String {
    let line = format!(
        "jq -cjS '[.cells[]|{{cell_type,source:(if (.source|type)==\"array\" then (.source|add // \"\") else .source end)}}]' \
         '{path}' | sha256sum"
    );
    shown(project.other("sh").args(["-c", &line])).exits(0).stdout[..64].to_owned()
}

/// Nothing is said to be the same that is not; a patch is of the files, whatever is in them.
#[test]
fn outputs_alone_are_named() {
    let project = Project::empty();
    let config = "schema = 1\n[model.m]\nfiles = [\"m.bin\"]\ncode = [\"nb.ipynb\"]\n";
    project.write("mlrun.toml", config).write("m.bin", "w").ok("init");
    project.write("nb.ipynb", notebook(&["x = 1\n"], &[1], "first")).ok("snapshot");
    project.write("nb.ipynb", notebook(&["x = 1\n"], &[2], "second"));
    project
        .mlrun("diff --exit-code")
        .exits(1)
        .says(&["are the same but for outputs of notebooks", "only outputs differ in nb.ipynb"]);
    project.ok("diff --format markdown").says(&["Nothing differs but outputs of notebooks."]);
    project.mlrun("diff --patch --exit-code").exits(1);
    project.write("nb.ipynb", notebook(&["x = 1\n"], &[1], "first"));
    assert!(!project.ok("diff --exit-code").stdout.contains("outputs"));
}

#[test]
fn outputs_are_no_difference() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.write("a nb.ipynb", notebook(&["x = 1\n", "y = 2"], &[1, 2], "first")).git("add --all");
    project.git("commit --quiet --message notebook");
    let taken = project.ok("snapshot fraud");
    assert!(!taken.stderr.contains("another order"), "{taken}");
    let code = project.json("show latest", 0)["code"].clone();
    assert_eq!(code["notebooks"], json!([{"path": "a nb.ipynb", "sha256": digest_by_jq(&project, "a nb.ipynb")}]));
    project.ok("show latest").says(&["1 notebook"]);
    // Run again: other outputs, counts, ids, metadata, and another file.
    let before = project.fingerprint();
    project.write("a nb.ipynb", notebook(&["x = 1\n", "y = 2"], &[7, 8], "second, and longer"));
    let again = project.json("snapshot fraud", 0);
    assert_eq!((again["unchanged"].as_bool(), again["version"].as_str()), (Some(true), Some("v1")), "{again}");
    assert_eq!((again["new_bytes"].as_u64(), again["stored_bytes"].as_u64()), (Some(0), Some(0)));
    let mut after = project.fingerprint();
    after.insert("a nb.ipynb".to_owned(), before["a nb.ipynb"].clone());
    assert_eq!(before, after, "nothing was stored");
    let diff = project.json("diff", 0)["code"].clone();
    assert_eq!((&diff["files"], &diff["outputs"]), (&json!([]), &json!(["a nb.ipynb"])));
    project.ok("diff").says(&["only outputs differ in a nb.ipynb"]);
    assert_eq!(
        project.json("status", 0)["models"][0]["workspace"]["changed"],
        json!([]),
        "{}",
        project.ok("status --json")
    );
    // Something else makes a version: then the notebook is kept as it is now.
    project.write("train.py", "t2\n").ok("snapshot fraud");
    project.gives_back(&project.tree_without(&[]));
    let two = project.json("diff v1 v2", 0)["code"].clone();
    assert_eq!(
        (texts(&two["files"], "path"), texts(&two["outputs"], "")),
        (vec!["train.py".into()], vec!["a nb.ipynb".into()])
    );
    // A source makes a difference, and so do a name and a mode.
    project.write("a nb.ipynb", notebook(&["x = 1\n", "y = 3"], &[7, 8], "second, and longer"));
    assert_eq!(project.json("diff", 0)["code"]["files"][0]["path"], "a nb.ipynb");
    assert_eq!(project.json("snapshot fraud", 0)["version"], "v3");
    project.executable("a nb.ipynb", true);
    assert_eq!(project.json("diff", 0)["code"]["files"][0]["path"], "a nb.ipynb");
    assert_eq!(project.json("snapshot fraud", 0)["version"], "v4");
    fs::rename(project.path("a nb.ipynb"), project.path("b.ipynb")).unwrap();
    assert_eq!(project.json("snapshot fraud", 0)["version"], "v5");
    // Where a file beside it changes too, that is no difference of outputs.
    project.write("b.ipynb", notebook(&["x = 1\n", "y = 3"], &[1, 2], "third")).write("extra.py", "e\n");
    assert_eq!(project.json("snapshot fraud", 0)["version"], "v6");
    project.remove("extra.py");
    assert_eq!(project.json("snapshot fraud", 0)["version"], "v7");
    project.ok("verify --full").says(&["whole"]);
}

/// Without a name `certify` means the version that the workspace is: one whose notebook was run again still is.
#[test]
fn a_workspace_with_other_outputs_is_its_version() {
    let project = Project::tiny();
    project.edit("mlrun.toml", "code = [\"train.py\"]", "code = [\"train.ipynb\"]");
    project.write("train.ipynb", notebook(&["fit()"], &[1], "one")).ok("snapshot fraud");
    project.write("train.ipynb", notebook(&["fit()"], &[2], "two"));
    project.ok("certify --first-release --reason begin").says(&["fraud@v1"]);
    project.write("train.ipynb", notebook(&["fit(2)"], &[2], "two"));
    project.mlrun("certify --first-release --reason begin").exits(6);
}

#[test]
fn a_cell_that_was_run_before_another() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.write("nb.ipynb", notebook(&["a", "b"], &[5, 2], "x")).write("old.ipynb", "{\"worksheets\": []}");
    project.write("sub/broken.ipynb", "{\"cells\": [").link("link.ipynb", "nb.ipynb");
    project.write("fine.IPYNB", notebook(&[], &[], ""));
    project.ok("snapshot fraud").says(&[
        "cells were run in another order than they stand in: nb.ipynb",
        "not captured: code.notebooks: `old.ipynb` has no digest of its sources: missing field `cells`",
        "not captured: code.notebooks: `sub/broken.ipynb`",
    ]);
    let code = project.json("show latest", 0)["code"].clone();
    assert_eq!(texts(&code["notebooks"], "path"), ["fine.IPYNB", "nb.ipynb"]);
    assert_eq!(
        (&code["notebooks"][0]["out_of_order"], &code["notebooks"][1]["out_of_order"]),
        (&json!(null), &json!(true))
    );
    project.gives_back(&project.tree_without(&[]));
    // A notebook that cannot be read as one is a file like any other.
    project.write("sub/broken.ipynb", "{\"cells\": [ ");
    assert_eq!(project.json("snapshot fraud", 0)["version"], "v2");
    // A secret in an output is found all the same.
    let secret = format!("gh{}_{}", "p", "R4nd0mT0k3nF0rT3sts".repeat(2).chars().take(36).collect::<String>());
    project.write("nb.ipynb", notebook(&["a", "b"], &[5, 2], &secret));
    project.mlrun("snapshot fraud").exits(1).says(&["github-pat", "nb.ipynb line 1"]);
}

/// git's filters stand for git LFS: what they write is what it writes.
#[test]
fn pointers_whose_bytes_are_not_here() {
    let project = Project::empty();
    let clean = "set -e; cat > .git/blob; printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %s\\n' \
                 $(sha256sum < .git/blob | cut -c1-64) $(wc -c < .git/blob)";
    project
        .write(".gitattributes", "*.bin filter=lfs -text\n")
        .write("train.py", "t\n")
        .write("here.bin", "here".repeat(99));
    project.write("away.bin", "away".repeat(1000)).git("init --quiet");
    project.git_in("", &["config", "filter.lfs.clean", clean]);
    project.git("config filter.lfs.required true");
    let sha256 = shown(project.other("sha256sum").arg("away.bin")).exits(0).stdout[..64].to_owned();
    project.git("add --all");
    project.git("commit --quiet --message begin");
    let project = project.with_model();
    project.git("add --all");
    project.git("commit --quiet --message model");
    // Both are here: files like any other, also where git has to look twice.
    shown(project.other("touch").args(["-d", "2026-01-03T03:04:05Z", "here.bin"])).exits(0);
    let code = project.taken();
    assert_eq!((code["dirty"].as_bool(), code["lfs"].as_array().map(Vec::len)), (Some(false), Some(0)), "{code}");
    project.gives_back(&project.tree_without(&[]));
    // One was not fetched: without a smudge filter, git checks out what it has.
    project.git("config filter.lfs.required false");
    project.remove("away.bin").git("checkout --quiet away.bin");
    assert!(project.read("away.bin").starts_with("version https://git-lfs"));
    project.git_in("", &["config", "filter.lfs.clean", "cat"]);
    project
        .ok("snapshot fraud")
        .says(&["pointers of git LFS stand for files that `git lfs pull` fetches: away.bin (3.9 KiB)"]);
    let version = project.json("show latest", 0);
    assert_eq!(version["code"]["lfs"], json!([{"path": "away.bin", "sha256": sha256, "size": 4000}]));
    project.ok("show latest").says(&["1 LFS pointer", "away.bin is a pointer of git LFS"]);
    project.gives_back(&project.tree_without(&[]));
}

/// A model that is only a pointer is not the model.
#[test]
fn a_model_that_is_a_pointer() {
    let project = Project::empty();
    let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5000000000\n", "0a".repeat(32));
    project.write("train.py", "t\n").write("model/model.safetensors", text);
    project.write("mlrun.toml", CONFIG.replace("../model", "model")).ok("init");
    project.ok("snapshot fraud").says(&["not captured: files: `model/model.safetensors` is a pointer of git LFS"]);
    project.write("train.py", "2\n").mlrun("snapshot fraud --strict").exits(1).says(&["5000000000 bytes"]);
}
