//! Streams, colour, quiet, closed pipes: what goes where, and what a closed pipe does not change.

use super::harness::{PROGRAM, Project, shown};

#[test]
fn a_captured_snapshot_is_a_name_and_nothing_else() {
    let project = Project::tiny();
    let first = project.ok("snapshot fraud");
    assert_eq!(first.stdout, "fraud@v1\n");
    assert!(first.stderr.contains("hint: next: `mlrun certify fraud@v1`"), "{first}");
    assert_eq!(project.ok("snapshot").stdout, "fraud@v1\n", "unchanged");
    project.edit("params.yaml", "0.1", "0.2");
    assert_eq!(project.ok("snapshot fraud --color always").stdout, "fraud@v2\n");
    let shell = "rev=$(\"$PROGRAM\" snapshot fraud --new-version 2>/dev/null) && \"$PROGRAM\" show \"$rev\" --print id";
    let id = shown(project.other("bash").args(["-c", shell]).env("PROGRAM", PROGRAM)).exits(0);
    assert_eq!(id.stdout.trim_end(), project.json("show fraud@v3", 0)["id"]);
}

#[test]
fn print_prints_one_thing() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    assert_eq!(project.ok("show latest --print version").stdout, "fraud@v1\n");
    assert_eq!(project.ok("show latest --print id").stdout.trim_end().len(), 64);
    // One object or an error, never a bare line.
    for line in ["show latest --print id --json", "show latest --print version --json"] {
        project.mlrun(line).object();
    }
    project.mlrun("certify fraud@v1 --format markdown --json").object();
}

#[test]
fn quiet_says_the_answer_only() {
    let project = Project::tiny();
    assert_eq!(project.ok("snapshot fraud --quiet").stderr, "");
    assert_eq!(project.ok("-q snapshot fraud").stdout, "fraud@v1\n");
    let certified = project.ok("certify fraud@v1 --first-release --reason begin --quiet");
    assert_eq!(certified.stderr, "");
    assert!(certified.stdout.contains("PASS"));
    // An error is part of the answer.
    assert!(project.mlrun("show fraud@v9 --quiet").exits(6).stderr.starts_with("error: "));
}

#[test]
fn colour_is_as_asked() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.release("fraud@v1");
    let lines = ["status", "list", "list fraud", "log", "show latest", "at", "doctor", "verify"];
    for line in lines {
        let plain = project.ok(line);
        assert!(!plain.stdout.contains('\u{1b}'), "{plain}");
        let mut auto = project.command(&line.split(' ').collect::<Vec<_>>());
        let auto = shown(auto.env_remove("NO_COLOR"));
        assert!(!auto.stdout.contains('\u{1b}'), "no terminal, no colour\n{auto}");
        let never = project.ok(&format!("--color never {line}"));
        assert!(!never.stdout.contains('\u{1b}'), "{never}");
        let mut always = project.command(&line.split(' ').collect::<Vec<_>>());
        let always = shown(always.env_remove("NO_COLOR").args(["--color", "always"]));
        assert!(always.stdout.contains('\u{1b}'), "{always}");
        // Colour marks; it says nothing that the words do not.
        let mut text = String::new();
        let mut rest = always.stdout.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            text += before;
            rest = after.split_once('m').unwrap().1;
        }
        assert_eq!(text.len() + rest.len(), plain.stdout.len(), "{always}");
    }
    let error = shown(project.command(&["show", "v9", "--color", "always"]).env_remove("NO_COLOR"));
    assert!(error.stderr.starts_with('\u{1b}'), "{error}");
    assert!(!project.json("status", 0).to_string().contains("u001b"));
}

#[test]
fn a_closed_pipe_changes_no_exit_code() {
    let project = Project::with_history();
    let lines = [
        ("log", 0),
        ("log --json", 0),
        ("show latest", 0),
        ("status", 0),
        ("--help", 0),
        ("completions zsh", 0),
        ("show fraud@v99", 6),
        ("show fraud@v99 --json", 6),
        ("promote fraud@v1 --to production", 5),
        ("frobnicate", 2),
        ("snapshot", 0),
    ];
    for (line, code) in lines {
        for both in [false, true] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
            if both {
                command.stderr(writer.try_clone().unwrap());
            }
            let mut child = command.stdout(writer).spawn().unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "mlrun {line}");
        }
    }
    let script = "\"$PROGRAM\" log 2>err | head -c1 >/dev/null; echo \"${PIPESTATUS[0]} $(wc -c <err)\"";
    let pipe = shown(project.other("bash").args(["-c", script]).env("PROGRAM", PROGRAM));
    assert_eq!(pipe.stdout, "0 0\n");
}

/// A script that keeps half an answer must not go on as if it had all of it.
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let project = Project::tiny();
    let id = project.json("snapshot fraud", 0)["id"].as_str().unwrap().to_owned();
    let lines = [
        &format!("show --raw {id}"),
        "at --json",
        "log",
        "log --json-lines",
        "completions bash",
        "snapshot",
        "certify --check --format junit",
        "show fraud@v9 --json",
        "--help",
        "--version",
    ];
    for line in lines {
        let code = if line.contains("v9") { 6 } else { 8 };
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        let shown = command.stdout(full).output().unwrap();
        let said = String::from_utf8(shown.stderr).unwrap();
        assert_eq!(shown.status.code(), Some(code), "mlrun {line}\n{said}");
        assert!(
            said.starts_with("error: ") && (code == 6 || said.contains("cannot write the answer")),
            "{line}: {said}"
        );
    }
}

#[test]
fn warnings_and_hints_are_on_standard_error() {
    let project = Project::tiny();
    project.write("params.yaml", "lr: 1\n");
    let shown = project.ok("snapshot fraud");
    assert!(shown.stderr.contains("warning: no seed was found"), "{shown}");
    assert!(!shown.stdout.contains("seed"));
    let json = project.mlrun("snapshot fraud --new-version --json").exits(0);
    json.object();
}

/// What to do next is no answer: it goes to people, and not to those who want to be told nothing.
#[test]
fn hints_of_a_check_are_hints() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let shown = project.ok("verify");
    assert_eq!((shown.stdout.lines().count(), shown.stdout.contains("mlrun")), (1, false), "{shown}");
    assert!(shown.stderr.starts_with("hint: what is inside the packs was not read"), "{shown}");
    let quiet = project.ok("verify --quiet");
    assert_eq!((quiet.stdout, quiet.stderr), (shown.stdout, String::new()));
}

/// On a terminal no line is wider than it, and no command to copy is broken; in a pipe a warning is a line.
#[test]
fn warnings_fit_a_terminal() {
    let project = Project::tiny();
    let owner = "jane.doe.of.accounting";
    project.write("params.yaml", format!("owner: {owner}\n"));
    project.write("a-folder-of-a-long-name/and-another-one/weights-of-the-model.bin", owner);
    project.ok("snapshot fraud --files a-folder-of-a-long-name/ --params params.yaml");
    let purge = ["purge", "v1", "--field", "params.owner", "--reason", "leak", "--dry-run"];
    let piped = project.run(&purge).exits(0);
    let warning = "warning: the same text stands in \
                   `a-folder-of-a-long-name/and-another-one/weights-of-the-model.bin` of fraud@v1, which stays";
    assert!(piped.stderr.lines().any(|line| line == warning), "{piped}");
    let python = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command = project.other("python3");
    command.args(["-c", python, PROGRAM]).args(purge);
    let terminal = shown(&mut command).exits(0);
    let lines: Vec<&str> = terminal.stdout.lines().map(str::trim_end).collect();
    // Where it does not fit behind what is before it, it has a line of its own.
    let command = "hint: `mlrun purge fraud@v1 --path a-folder";
    let wide = |line: &&str| line.chars().count() > 80 && !line.starts_with(command);
    assert!(!lines.iter().any(wide), "{terminal}");
    assert!(lines.iter().any(|line| line.starts_with(command) && line.ends_with(".bin --reason …`")), "{terminal}");
    let unbroken = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unbroken(&terminal.stdout).contains(warning), "{terminal}");
}

#[test]
fn what_others_wrote_cannot_steer_the_terminal() {
    let project = Project::tiny();
    // What somebody else's program wrote, and what no keyboard types by accident.
    project.write("params.yaml", "note: \"fine\\e[2J\\e]0;title\\a\"\n");
    project.run(&["snapshot", "fraud", "-m", "fine \u{202e}notes"]).exits(0);
    for line in ["show latest", "list fraud", "list fraud --params note", "log"] {
        let shown = project.ok(line);
        let bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!shown.stdout.contains(bad), "{}", shown.stdout.escape_debug());
    }
    assert!(project.ok("show latest").stdout.contains("\\u{1b}"));
}

/// Nothing that is looked at every day is broken in two on a terminal, and no command to copy is.
#[test]
fn answers_fit_a_terminal() {
    let project = Project::with_history();
    let notes = "more trees, other depth, and all of it because of what was found on Friday evening";
    project.train(0.2).run(&["snapshot", "fraud", "-m", notes]).exits(0);
    let mut lines =
        vec!["certify v4".to_owned(), "certify --check".to_owned(), "promote v4 --to production".to_owned()];
    lines.extend(["status", "list", "list fraud", "log", "show v3", "at", "verify"].map(str::to_owned));
    for line in lines {
        let shown = project.on_columns(80, &line);
        let wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("store ");
        let wide: Vec<_> = shown.stdout.lines().filter(wide).collect();
        assert!(wide.is_empty(), "{wide:#?}\n{shown}");
        let broken =
            |line: &str| line.chars().count() > 80 && line.contains(" `mlrun ") && !line.starts_with("      `");
        assert!(!shown.stderr.lines().any(broken), "{shown}");
    }
}

/// A name that 80 columns have no room for is whole on a wider terminal, and a table is no wider than it.
#[test]
fn a_wider_terminal_shows_more() {
    let project = Project::succeeded();
    let name = "auc-of-all-the-customers-in-countries-where-it-was-trained";
    project.write("policy.toml", project.read("policy.toml").replace("id = \"auc\"", &format!("id = \"{name}\"")));
    let python = "import fcntl, os, pty, struct, sys, termios\n\
                  def begin(argv):\n    \
                  fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 40, int(argv[0]), 0, 0))\n    \
                  os.execv(argv[1], argv[1:])\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: begin(sys.argv[1:])\n\
                  try:\n    \
                  while text := os.read(terminal, 4096): os.write(1, text)\n\
                  except OSError: pass\n\
                  os.waitpid(pid, 0)";
    let table = |columns: &str| {
        let mut command = project.other("python3");
        command.args(["-c", python, columns, PROGRAM, "certify", "v2", "--check"]);
        let shown = shown(&mut command).exits(0);
        let lines = shown.stdout.lines().map(|line| line.trim_end().to_owned());
        lines.filter(|line| line.contains("auc-") && line.contains('[')).collect::<Vec<_>>()
    };
    let [narrow, wide] = ["80", "130"].map(table);
    assert!(!narrow.is_empty() && narrow.iter().all(|line| !line.contains(name)), "{narrow:#?}");
    assert!(wide.iter().any(|line| line.contains(name)), "{wide:#?}");
    assert!(wide.iter().all(|line| line.chars().count() <= 150), "{wide:#?}");
}

/// A name that a machine has, and nobody looked at, is no reason to refuse anything; it is written down without what steers.
#[test]
fn a_name_that_would_steer_is_written_down_without_that() {
    let project = Project::tiny();
    let mut command = project.command(&["snapshot", "fraud"]);
    shown(command.env("USER", "a\u{1b}[2Jna\u{7f}")).exits(0);
    assert_eq!(project.events_of("snapshot")[0]["actor"]["name"], "a[2Jna");
}

#[test]
fn a_line_break_forges_no_line() {
    let project = Project::tiny();
    project.run(&["snapshot", "fraud", "-m", "fine\u{2028}99  forged notes\u{2028}forged"]).exits(0);
    let reason = "slow\n 99  2026-01-01 00:00:00Z  promote  production → v9\r\n\u{2029}\u{61c}x";
    project.run(&["block", "v1", "--reason", reason]).exits(0);
    for line in ["log", "show v1", "list fraud", "status", "promote v1 --to production"] {
        let shown = project.mlrun(line);
        assert!(!shown.stdout.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{61c}']), "{shown}");
        assert!(!shown.stdout.lines().any(|line| line.trim_start().starts_with("99 ")), "{shown}");
    }
    assert!(project.ok("log").stdout.contains("slow\\n 99"));
    // A program gets what was written.
    assert_eq!(project.events_of("block")[0]["reason"], reason);
}

#[test]
fn numbers_for_people_have_the_decimals_asked_for() {
    let project = Project::tiny();
    project.write("metrics.json", "{\"auc\": 0.123456789012345678}");
    project.ok("snapshot fraud");
    assert!(project.ok("list fraud --precision 2").stdout.contains("0.12"));
    assert!(!project.ok("list fraud --precision 2").stdout.contains("0.123"));
    // A program gets what round-trips.
    assert_eq!(project.json("show latest --precision 2", 0)["metrics"]["auc"], 0.123_456_789_012_345_68);
}
