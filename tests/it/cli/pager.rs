//! Long answers on a terminal: a pager as with git. The terminal is one of Python's.

use serde_json::Value;

use super::harness::{PROGRAM, Project, shown};

/// Runs a command on a terminal of 24 rows of 80; what that showed, and how it ended.
const TERMINAL: &str = r#"
import fcntl, json, os, pty, signal, struct, subprocess, sys, termios
signal.alarm(120)
master, slave = pty.openpty()
os.write(master, os.environ.pop("KEYS", "").encode())
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave,
    preexec_fn=lambda: (os.setsid(), fcntl.ioctl(slave, termios.TIOCSCTTY, 0)))
os.close(slave)
shown = b""
while True:
    try:
        part = os.read(master, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
print(json.dumps({"exit": child.wait(), "shown": shown.decode("utf-8", "replace").replace("\r\n", "\n")}))
"#;

/// Ends a test that has nothing to run on.
fn on_terminal(project: &Project, pager: Option<&str>, line: &str) -> (i64, String) {
    let mut python = project.other("python3");
    python.args(["-c", TERMINAL, PROGRAM]).args(line.split(' ')).env("TERM", "xterm");
    if let Some(pager) = pager {
        python.env("PAGER", pager);
    }
    let found: Value = serde_json::from_str(&shown(&mut python).exits(0).stdout).unwrap();
    (found["exit"].as_i64().unwrap(), found["shown"].as_str().unwrap().to_owned())
}

/// A version with more parameters than a screen has rows, and another in which all of them are others.
fn long() -> Project {
    let project = Project::tiny();
    let params = |n: u32| (0..60).map(|at| format!("p{at:02}: {}\n", at * n)).collect::<String>() + "seed: 7\n";
    project.write("params.yaml", params(1));
    project.ok("snapshot fraud");
    project.write("params.yaml", params(2));
    project.ok("snapshot fraud");
    project.write("pager.sh", "#!/bin/sh\necho \"<<LESS=$LESS\"\necho \"$LESSCHARSET\"\ncat\necho '>>'\n");
    shown(project.other("chmod").args(["+x", "pager.sh"])).exits(0);
    project
}

#[test]
fn a_long_answer_is_in_a_pager() {
    let project = long();
    let pager = "./pager.sh";
    for line in ["show v1", "diff v1 v2", "diff v1 v2 --no-color-is-no-flag"] {
        let (exit, text) = on_terminal(&project, Some(pager), line);
        if line.ends_with("flag") {
            assert!(exit == 2 && !text.contains("<<"), "an error is no long answer: {text}");
            continue;
        }
        assert!(exit == 0 && text.starts_with("<<LESS=FRX\nutf-8\n") && text.trim_end().ends_with(">>"), "{text}");
    }
    assert_eq!(on_terminal(&project, Some(pager), "diff v1 v2 --exit-code").0, 1);
    // A variable that somebody set is not ours to set.
    let mut python = project.other("python3");
    python.args(["-c", TERMINAL, PROGRAM, "show", "v1"]).env("TERM", "xterm").env("PAGER", pager).env("LESS", "S");
    assert!(shown(&mut python).stdout.contains("<<LESS=S\\n"));
}

#[test]
fn there_is_none_where_nobody_wants_one() {
    let project = long();
    let plain = project.on_columns(80, "show v1").exits(0).stdout;
    for (pager, line) in [
        (Some("./pager.sh"), "show v1 --no-pager"),
        (Some(""), "show v1"),
        (Some("cat"), "show v1"),
        (Some("no-such-program-here"), "show v1"),
        (Some("./no-such-program-here 2>/dev/null"), "show v1"),
    ] {
        assert_eq!(on_terminal(&project, pager, line), (0, plain.clone()), "{pager:?} {line}");
    }
    for line in ["show v1 --json", "list", "show v9", "diff v1 v2 --format markdown"] {
        assert!(!on_terminal(&project, Some("./pager.sh"), line).1.contains("<<"), "{line}");
    }
    // Off a terminal nobody turns pages.
    let mut piped = project.command(&["show", "v1"]);
    assert_eq!(shown(piped.env("PAGER", "./pager.sh").env("COLUMNS", "80")).exits(0).stdout, plain);
}

#[test]
fn to_leave_early_is_no_failure() {
    let project = long();
    let lines = |word: &str| (0..20_000).map(|n| format!("{word} {n}\n")).collect::<String>();
    project.write("train.py", lines("one"));
    project.ok("snapshot fraud");
    project.write("train.py", lines("other"));
    for pager in ["true", "head -n 2"] {
        let (exit, text) = on_terminal(&project, Some(pager), "diff v3 workspace --patch --exit-code");
        assert!(exit == 1 && !text.contains("error"), "{pager}: {exit} {text}");
        assert_eq!(on_terminal(&project, Some(pager), "diff v3 workspace").0, 0, "{pager}");
    }
}

/// `less` itself: colours stay, and it leaves by itself where all fits on a screen.
#[test]
fn less_shows_colours() {
    let project = long();
    if !shown(project.other("sh").args(["-c", "command -v less"])).stdout.contains("less") {
        return crate::support::lacking("there is no `less` here");
    }
    let mut python = project.other("python3");
    python.args(["-c", TERMINAL, PROGRAM, "show", "v1", "--color", "always"]).env("TERM", "xterm").env("KEYS", "q");
    let found = shown(&mut python).exits(0).stdout;
    assert!(found.contains("\\u001b[1m") && !found.contains("ESC["), "{found}");
}
