//! Content that would steer a terminal, turn the writing around or become markup: wherever it stands, nobody obeys it.

use super::harness::{PROGRAM, Project, shown};

/// A link, a cleared screen, a title, a line written over, bidirectional overrides, C1's own CSI, an invisible blank, a tag, a joiner and a filler.
const HOSTILE: &str = "a\u{1b}]8;;https://evil.example\u{7}b\u{1b}]8;;\u{7}\u{1b}[2J\u{1b}]0;t\u{7}\rc\u{8}d\u{7f}\u{9b}31m\u{202e}e\u{2066}f\u{200b}g\u{e0041}h\u{200d}\u{3164}i";

/// A model, its notes, parameters, metrics, code, notebook, environment and command, all of them hostile.
fn hostile() -> Project {
    let project = Project::tiny();
    let variant = |n: u32| {
        let text = format!("{HOSTILE}{n}<img src=x onerror=alert(1)>|`*_[x](javascript:1)@all");
        let named =
            |name: &str| serde_json::json!({ format!("{name}{HOSTILE}"): &text, "seed": 7, "n": n }).to_string();
        project.write("params.json", named("p")).write("metrics.json", named("m"));
        project.write("train.py", format!("print('train')\n# {text}\n```\n"));
        let cell = serde_json::json!({ "cell_type": "code", "id": HOSTILE, "source": text, "metadata": {}, "outputs": [], "execution_count": n });
        let kernel = serde_json::json!({ "name": text, "display_name": text });
        let notebook = serde_json::json!({ "cells": [cell], "metadata": { "kernelspec": kernel }, "nbformat": 4, "nbformat_minor": 5 });
        project.write("notes.ipynb", notebook.to_string());
        let package = format!("venv/lib/python3.11/site-packages/evil-{n}.dist-info/METADATA");
        project.remove_if_there("venv").write("venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n");
        project.write(&package, format!("Metadata-Version: 2.1\nName: evil\nVersion: {n}{HOSTILE}\n"));
        text
    };
    let config = "schema = 1\n\n[model.fraud]\nfiles = [\"model/\"]\nparams = [\"params.json\"]\nmetrics = [\"metrics.json\"]\ncode = [\"train.py\", \
                  \"notes.ipynb\"]\n\n[environment]\npython = \"venv\"\n\n[stage.production]\ncertificate = \"none\"\n";
    project.write("mlrun.toml", config);
    for n in 1..3 {
        let text = variant(n);
        let mut command = project.command(&["exec", "fraud", "-m", &text, "--", "true", &text]);
        command.env("CUDA_VISIBLE_DEVICES", format!("{n}{HOSTILE}")).env("OMP_NUM_THREADS", format!("{n}{HOSTILE}"));
        let taken = shown(&mut command);
        if taken.code != Some(0) {
            // Some places refuse such words; what is left must be harmless all the same.
            shown(&mut project.command(&["exec", "fraud", "--", "true", &text])).exits(0);
        }
    }
    shown(&mut project.command(&["promote", "fraud@v1", "--to", "production", "--reason", HOSTILE]));
    project.mlrun("promote fraud@v1 --to production");
    variant(3);
    project
}

impl Project {
    fn remove_if_there(&self, path: &str) -> &Self {
        if self.path(path).exists() { self.remove(path) } else { self }
    }
}

/// What steers or hides: all that is no text, but for the end of a line.
fn steers(c: char) -> bool {
    c != '\n' && c.is_control()
        || matches!(c, '\u{61c}' | '\u{200c}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{3164}' | '\u{e0041}')
}

/// The text without our own colours.
fn without_colours(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain += before;
        let (codes, behind) = after.split_once('m').unwrap_or(("?", after));
        if codes.chars().all(|c| c.is_ascii_digit() || c == ';') {
            rest = behind;
        } else {
            plain.push('\u{1b}');
            rest = after;
        }
    }
    plain + rest
}

#[test]
fn nothing_foreign_steers_a_terminal_or_a_page() {
    let project = hostile();
    let lines = [
        "diff v1 v2",
        "diff v1 v2 --stat",
        "diff v1 v2 --json",
        "diff v1 v2 --format markdown",
        "diff v2 workspace",
        "diff workspace v1 --format markdown",
        "show v2",
        "show v2 --json",
        "log",
        "log --json",
        "log --json-lines",
        "list",
        "list fraud",
        "list fraud --json",
        "status",
        "status --json",
        "at",
        "at --json",
    ];
    let mut seen = 0;
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = project.command(&words);
        let answer = shown(command.env_remove("NO_COLOR").args(["--color", "always"])).exits(0);
        for text in [&answer.stdout, &answer.stderr] {
            let plain = without_colours(text);
            let at = plain.find(steers);
            assert_eq!(at, None, "{line}: {:?}", at.map(|at| plain[at..].chars().take(60).collect::<String>()));
        }
        seen += usize::from(answer.stdout.contains("evil.example") || answer.stdout.contains("evil.\u{200b}example"));
        if line.contains("markdown") {
            let outside: String = answer.stdout.split("```").step_by(2).collect();
            assert!(
                !outside.contains("<img") && !outside.contains("](javascript") && !outside.contains("@all"),
                "{outside}"
            );
        }
    }
    assert!(seen >= 6, "the fixture is seen: {seen}");
    // A patch on a terminal is for people; anywhere else it is the bytes of the files.
    let patch = project.command(&["diff", "v1", "v2", "--patch"]).output().unwrap();
    assert!(patch.stdout.windows(4).any(|window| window == b"\x1b[2J"));
}

#[test]
fn a_patch_on_a_terminal_is_harmless() {
    let project = hostile();
    let script = "import os, pty, sys\nout = b''\ndef read(fd):\n    global out\n    part = os.read(fd, 65536)\n    out += part\n    return b''\n\
                  pid, fd = pty.fork()\nif pid == 0:\n    os.execv(sys.argv[1], sys.argv[1:])\nwhile True:\n    try:\n        part = os.read(fd, \
                  65536)\n    except OSError:\n        break\n    if not part:\n        break\n    out += part\nos.waitpid(pid, 0)\n\
                  sys.stdout.buffer.write(out.replace(b'\\r\\n', b'\\n'))\n";
    let mut python = project.other("python3");
    python.args(["-c", script, PROGRAM, "diff", "v1", "v2", "--patch", "--no-pager"]).env("TERM", "xterm");
    let text = shown(&mut python).exits(0).stdout;
    assert!(text.contains("diff --git") && !text.contains(steers), "{text:?}");
}
