//! The command line itself: verbs and wrong verbs, help, completions, and usage errors in both forms.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::harness::{Bad, Project, error_object, shown};

/// The verbs, as the program lists them.
fn verbs(project: &Project) -> Vec<String> {
    let help = project.ok("--help").stdout;
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let verb = |line: &str| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
    let lines = commands.lines().filter_map(verb);
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn the_verbs_of_the_first_form_are_there() {
    let found = verbs(&Project::empty());
    for verb in [
        "init",
        "snapshot",
        "exec",
        "status",
        "list",
        "log",
        "show",
        "diff",
        "certify",
        "promote",
        "rollback",
        "block",
        "unblock",
        "drop",
        "purge",
        "gc",
        "at",
        "restore",
        "reproduce",
        "bundle",
        "report",
        "verify",
        "doctor",
        "completions",
    ] {
        assert!(found.iter().any(|known| known == verb), "no `{verb}` in {found:?}");
    }
}

#[test]
fn words_of_other_tools_get_the_right_one() {
    let project = Project::empty();
    let words = [
        ("commit", "mlrun snapshot"),
        ("checkout", "mlrun restore"),
        ("ls", "mlrun list"),
        ("run", "mlrun exec"),
        ("train", "mlrun exec"),
        ("history", "mlrun log"),
        ("deploy", "mlrun promote"),
        ("revert", "mlrun rollback"),
        ("validate", "mlrun certify"),
        ("fsck", "mlrun verify"),
        ("erase", "mlrun purge"),
        ("retrain", "mlrun reproduce"),
    ];
    for (word, right) in words {
        project.fails(word, &Bad { exit: 2, message: &["unrecognized", word], hint: &[right] });
    }
}

#[test]
fn a_misspelt_verb_is_told_the_nearest() {
    let project = Project::empty();
    project.mlrun("snapshoot").exits(2).says(&["error: ", "snapshoot", "snapshot"]);
    project.mlrun("frobnicate").exits(2).says(&["error: ", "frobnicate"]);
    for (word, near) in [("stauts", "`mlrun status`"), ("shw", "`mlrun show`"), ("Diff", "`mlrun diff`")] {
        project.fails(word, &Bad { exit: 2, message: &[word], hint: &["did you mean", near] });
    }
    // Nothing is nearer than the list.
    for word in ["frob", "foo", "x"] {
        project.fails(word, &Bad { exit: 2, message: &[word], hint: &["`mlrun --help` lists the verbs"] });
    }
}

#[test]
fn what_a_verb_takes_is_where_its_help_is() {
    let project = Project::tiny();
    for (line, verb) in [
        ("snapshot --frobnicate", "snapshot"),
        ("status fraud churn", "status"),
        ("show", "show"),
        ("list --precision many", "list"),
    ] {
        let help = format!("`mlrun {verb} --help`");
        project.fails(line, &Bad { exit: 2, message: &[], hint: &[&help] });
        let said = project.mlrun(line).stderr;
        assert!(!said.contains("as a value") && !said.contains("Usage:"), "{said}");
    }
    project.fails("restore v1 --too back", &Bad { exit: 2, message: &["`--too`"], hint: &["`--to`"] });
}

#[test]
fn usage_errors_are_one_json_object_too() {
    let project = Project::tiny();
    let lines = [
        ("--json frobnicate", "frobnicate"),
        ("--json", "verb"),
        ("snapshot --json --no-such-flag", "--no-such-flag"),
        ("promote --json", "<REVISION>"),
        ("certify fraud@v1 --json --first-release", "--reason"),
        ("list --json --precision many", "many"),
        ("snapshot --json --seed lots", "seed"),
        ("block fraud@v1 --json", "--reason"),
        ("show --json", "<REVISION>"),
        ("snapshot UPPER --json", "UPPER"),
        ("verify --json --full --journal", "--journal"),
        ("-C no-such-folder status --json", "no-such-folder"),
    ];
    let before = project.fingerprint();
    for (line, word) in lines {
        let json = project.mlrun(line).exits(2);
        error_object(&json, &Bad { exit: 2, message: &[word], hint: &[] });
        let words: Vec<_> = line.split_whitespace().filter(|word| *word != "--json").collect();
        let human = project.run(&words).exits(2);
        assert_eq!(human.stdout, "", "{human}");
    }
    assert_eq!(before, project.fingerprint());
}

#[test]
fn every_verb_has_help_with_two_examples() {
    let project = Project::empty();
    for verb in verbs(&project) {
        let help = project.mlrun(&format!("{verb} --help")).exits(0);
        let examples = help.stdout.split("Examples:").nth(1).unwrap_or_else(|| panic!("no examples\n{help}"));
        let examples = examples.lines().filter(|line| line.trim_start().starts_with("mlrun ")).count();
        assert!(examples >= 2, "{examples} examples\n{help}");
        assert_eq!(help.stderr, "");
        let short = project.mlrun(&format!("{verb} -h")).exits(0);
        assert!(short.stdout.contains("--json"), "{short}");
    }
}

/// On a terminal of 80 columns nothing is wider, no example is broken in two, and `--help` says more than `-h`.
#[test]
fn help_fits_a_terminal() {
    let project = Project::empty();
    let help = |line: &str| {
        let mut command = project.command(&line.split_whitespace().collect::<Vec<_>>());
        shown(command.env("COLUMNS", "80")).exits(0).stdout
    };
    let verbs = verbs(&project);
    for line in ["--help".to_owned()].into_iter().chain(verbs.iter().map(|verb| format!("{verb} --help"))) {
        let text = help(&line);
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{line}: {wide:#?}");
        let examples = text.split("Examples:\n").nth(1).unwrap_or_default();
        assert!(examples.lines().all(|line| line.starts_with("  mlrun ")), "{line}: {examples}");
    }
    for (verb, words) in [
        ("init", "What is there already is kept"),
        ("certify", "not decided"),
        ("certify", "  `{ quantile = 0.99, of = \"latency\" }`\n      a quantile of samples"),
        ("certify", "  `min_ratio`\n      `worst`: the smallest ratio"),
        ("rollback", "kept out from now on"),
        ("verify", "Exit 4"),
        ("restore", "nothing is."),
        ("list", "of the only model"),
        ("bundle", "mlrun bundle --verify <FILE>"),
    ] {
        assert!(help(&format!("{verb} --help")).contains(words), "{verb}");
    }
}

#[test]
fn examples_in_help_are_understood() {
    let project = Project::empty();
    for verb in verbs(&project) {
        let help = project.ok(&format!("{verb} --help")).stdout;
        for line in help.split("Examples:").nth(1).unwrap().lines().filter(|l| l.trim_start().starts_with("mlrun ")) {
            // A folder without a project: whatever is not a usage error was understood.
            let line = line.trim().replacen("mlrun", "\"$PROGRAM\" -C \"$EMPTY\"", 1);
            let mut shell = project.other("bash");
            shell.args(["-c", &line]).env("PROGRAM", super::harness::PROGRAM).env("EMPTY", project.path(""));
            let found = shown(&mut shell);
            assert!(!found.stderr.contains("--help`"), "{line}\n{found}");
        }
    }
}

#[test]
fn the_version_is_printed() {
    let shown = Project::empty().ok("--version");
    assert_eq!(shown.stdout, format!("mlrun {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_are_scripts() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = project.ok(&format!("completions {shell}"));
        assert!(script.stdout.contains("snapshot") && script.stdout.contains("first-release"), "{shell}");
        if shell == "bash" {
            project.write("mlrun.bash", &script.stdout);
            shown(project.other("bash").args(["-n", "mlrun.bash"])).exits(0);
        }
    }
    let object = project.json("completions bash", 0);
    assert_eq!(object["schema"], "mlrun/completions/1");
}

#[test]
fn names_that_read_as_something_else_are_refused() {
    let project = Project::tiny();
    for name in ["v2", "cafe", "latest", "workspace", "nul", "Fraud", "a..", "1st"] {
        let words = ["snapshot", name, "--files", "model/"];
        let json = project.run(&[words.as_slice(), &["--json"]].concat()).exits(2);
        error_object(&json, &Bad { exit: 2, message: &[name], hint: &[] });
    }
    for name in ["v2", "cafe", "latest", "con"] {
        project.write("mlrun.toml", format!("schema = 1\n\n[model.{name}]\nfiles = [\"model/\"]\n"));
        project.mlrun("status").exits(2).says(&[name, "line 3"]);
    }
}

/// Whatever a message tells people to type is there: the verb, and every flag it is told with.
#[test]
fn commands_in_messages_exist() {
    let project = Project::empty();
    let verbs = verbs(&project);
    let mut helps: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut help = |words: &str| -> Option<String> {
        let ask = || Some(project.mlrun(&format!("{words} --help"))).filter(|shown| shown.code == Some(0));
        helps.entry(words.to_owned()).or_insert_with(|| ask().map(|shown| shown.stdout)).clone()
    };
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for (file, line, command) in advised() {
        let mut words = command.split_whitespace().peekable();
        let Some(verb) = words.next().filter(|word| word.chars().all(|c| c.is_ascii_lowercase())) else { continue };
        looked_at += 1;
        if !verbs.iter().any(|known| known == verb) {
            wrong.push(format!("{file}:{line}: `mlrun {command}`: no verb `{verb}`"));
            continue;
        }
        let mut of = verb.to_owned();
        if help(verb).unwrap().contains("\nCommands:\n") {
            let below = words.next_if(|word| word.chars().all(|c| c.is_ascii_lowercase()));
            of = below.map_or(of, |below| format!("{verb} {below}"));
        }
        let Some(text) = help(&of) else {
            wrong.push(format!("{file}:{line}: `mlrun {command}`: no `{of}`"));
            continue;
        };
        let known: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
        for flag in words.take_while(|word| *word != "--").filter(|word| word.starts_with('-')) {
            let flag = flag.split(['=', '[', '{']).next().unwrap();
            if !known.contains(&flag) {
                wrong.push(format!("{file}:{line}: `mlrun {command}`: `{of}` takes no `{flag}`"));
            }
        }
    }
    assert!(looked_at > 100, "only {looked_at} were found");
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

/// Every `mlrun …` in a text of the sources, with its place: up to the end of the text, of the command, or to what explains it. What
/// would help is a text of nothing but the command where failures are told.
fn advised() -> Vec<(String, usize, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let quoted = regex::Regex::new(r#"`mlrun ([a-z][^`"\\;]*)"#).unwrap();
    let alone = regex::Regex::new(r#"[`"]mlrun ([a-z][^`"\\;]*)"#).unwrap();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let command = if name.starts_with("bin/mlrun/failure") { &alone } else { &quoted };
            for (line, text) in (1..).zip(fs::read_to_string(&path).unwrap().lines()) {
                if text.trim_start().starts_with("//") {
                    continue;
                }
                for part in command.captures_iter(text) {
                    let command = part[1].split(" # ").next().unwrap().trim_end();
                    found.push((name.clone(), line, command.to_owned()));
                }
            }
        }
    }
    found
}
