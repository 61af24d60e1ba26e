//! Evidence that the program measures itself: it runs the models, in a folder of its own, and leaves nothing of that behind.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use super::harness::{Bad, PROGRAM, Project, Shown, assert_same, shown};
use super::scene::{CONFIG, Row, rows_of, table};

/// A model is its table of answers; whoever predicts looks them up, in an order of its own.
pub(super) const PREDICT: &str = "(head -n 1 \"$1/table.csv\"; tail -n +2 \"$1/table.csv\" | sort -r) > \"$3\"\n";

pub(super) const RULES: &str = r#"schema = 1
task = "binary"

[[rule]]
id = "auc-floor"
metric = "roc_auc"
min = 0.6
evidence = "measured"

[[rule]]
id = "auc"
metric = "roc_auc"
prove = "non_inferior"
margin = 0.05
evidence = "measured"
"#;

pub(super) struct Rig(Project);

impl std::ops::Deref for Rig {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.0
    }
}

/// `[model.fraud.evidence.predict]` with these keys below its command.
pub(super) fn config(keys: &str) -> String {
    let config = CONFIG.replace("[\"train.py\"]", "[\"train.py\", \"predict.sh\"]");
    format!(
        "{config}\n[model.fraud.data.test]\npath = \"data/test.csv\"\n\n[model.fraud.evidence.predict]\n\
         command = \"sh predict.sh {{model}} {{input}} {{output}} {{timings}}\"\n{keys}\n"
    )
}

pub(super) fn held_out(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{},{}\n", row.id, row.label);
    "row_id,y\n".to_owned() + &rows.iter().map(line).collect::<String>()
}

impl Rig {
    /// v1 in production, certified by what it does.
    pub(super) fn new(rules: &str, keys: &str) -> Self {
        let rig = Self::of(rules, keys, PREDICT);
        rig.release("v1");
        rig
    }

    /// v1, not certified yet.
    pub(super) fn of(rules: &str, keys: &str, predict: &str) -> Self {
        Self::on(rules, &config(keys), predict, &[("data/test.csv", &held_out(&rows_of(0.6, 7)))])
    }

    /// With these held-out rows.
    pub(super) fn on(rules: &str, config: &str, predict: &str, held_out: &[(&str, &str)]) -> Self {
        let rig = Self(Project::empty());
        rig.write("mlrun.toml", config).write("policy.toml", rules).write("train.py", "print('train')\n");
        rig.write("predict.sh", predict);
        for (path, text) in held_out {
            rig.write(path, text);
        }
        fs::create_dir(rig.beside("tmp")).unwrap();
        rig.ok("init");
        rig.version(1);
        rig
    }

    /// Another model that is about as good, and reports what it does.
    pub(super) fn version(&self, seed: u64) -> String {
        let rows = rows_of(0.6, seed);
        self.write("model/table.csv", table(&rows)).write("out/predictions.csv", table(&rows));
        self.write("params.yaml", format!("seed: {seed}\n")).write("metrics.json", "{}\n");
        self.write("out/latency.csv", super::scene::latency(10.0, seed));
        self.ok("snapshot fraud").stdout.trim_end().to_owned()
    }

    pub(super) fn certify(&self, line: &str, code: i32) -> Shown {
        let arguments: Vec<&str> = ["certify"].into_iter().chain(line.split_whitespace()).collect();
        let run = shown(self.command(&arguments).env("TMPDIR", self.beside("tmp"))).exits(code);
        assert_eq!(self.scratch(), Vec::<PathBuf>::new(), "{run}");
        run
    }

    fn scratch(&self) -> Vec<PathBuf> {
        fs::read_dir(self.beside("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

pub(super) fn rule<'v>(object: &'v Value, id: &str) -> &'v Value {
    object["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()
}

pub(super) fn reason<'v>(object: &'v Value, id: &str) -> &'v str {
    rule(object, id)["reason"].as_str().unwrap_or_default()
}

#[test]
fn what_a_model_does_is_evidence_that_is_kept_and_taken_again() {
    let rig = Rig::new(RULES, "runs = 3\nwarmup = 0");
    let v2 = rig.version(2);
    let run = rig.certify(&v2, 0);
    assert!(
        run.stderr.contains("running `sh predict.sh {model} {input} {output} {timings}` for fraud@v2 and fraud@v1")
    );
    let object = rig.certify(&format!("{v2} --json"), 0).object();
    assert_eq!((&object["unchanged"], &object["verdict"]), (&Value::Bool(true), &Value::from("PASS")));
    let evidence = object["evidence"].as_array().unwrap();
    let told: Vec<_> =
        evidence.iter().map(|e| (e["kind"].as_str(), e["role"].as_str(), e["origin"].as_str())).collect();
    let measured = Some("measured");
    assert_eq!(
        told,
        [
            (Some("data"), Some("both"), None),
            (Some("measurement"), Some("both"), measured),
            (Some("predictions"), Some("baseline"), measured),
            (Some("predictions"), Some("candidate"), measured),
        ]
    );
    let rows = shown(rig.other("sha256sum").arg("data/test.csv")).exits(0);
    assert!(rows.stdout.starts_with(evidence[0]["sha256"].as_str().unwrap()), "{rows}");
    assert_eq!(evidence[1]["rows"], 6);
    // Byte for byte what anybody gets from the model.
    shown(rig.other("sh").args(["predict.sh", "model", "", "../fresh.csv"])).exits(0);
    let sums = shown(rig.other("sha256sum").arg("../fresh.csv")).exits(0);
    assert!(sums.stdout.starts_with(evidence[3]["sha256"].as_str().unwrap()), "{sums}");

    // Nobody measures until it suits: the same certificate, and nothing is run.
    let again = rig.certify(&v2, 0);
    assert!(!again.stderr.contains("running") && again.stdout.contains("in force already"), "{again}");
    assert_eq!(rig.events_of("certify").len(), 2);

    // It stays as long as the version does, and an auditor gets it.
    rig.ok("gc --now");
    rig.ok("verify --full");
    rig.ok("verify v2");
    assert!(rig.certify(&v2, 0).stdout.contains("in force already"));
    rig.ok("bundle v2 -o ../bundle.tar.gz");
    let listed = shown(rig.other("tar").args(["-tzf", "../bundle.tar.gz"])).exits(0);
    for name in ["measurement.json", "measured/candidate/predictions.csv", "measured/baseline/predictions.csv"] {
        assert!(listed.stdout.lines().any(|line| line == name), "{listed}");
    }
    rig.ok("bundle --verify ../bundle.tar.gz");

    // What is erased is gone, and the model's saying it again does not bring it back.
    rig.ok("purge v2 --path measured/candidate/predictions.csv --reason private");
    rig.ok("verify --full");
    let run = rig.certify(&v2, 0);
    assert!(run.stderr.contains("running"), "{run}");
    rig.ok("verify --full");
    assert!(rig.ok("gc --now --dry-run").stdout.lines().count() < 20);
    rig.ok("bundle v2 -o ../second.tar.gz");
    let listed = shown(rig.other("tar").args(["-tzf", "../second.tar.gz"])).exits(0);
    assert!(!listed.stdout.contains("measured/candidate"), "{listed}");
    rig.ok("bundle --verify ../second.tar.gz");
}

/// Nobody measures until it suits: not by attaching what no command reads, and not by trying other rules.
#[test]
fn nothing_but_what_commands_read_makes_them_run_again() {
    let counted =
        by_command(r#"wc -l < {predictions} | awk '{print "{\"value\":" $1 "}"}'"#, "max_drop = 1e6\nset = \"later\"");
    let (_, counted) = counted.split_once("task = \"binary\"").unwrap();
    let rules = RULES.replace("metric = \"roc_auc\"", "metric = \"roc_auc\"\nset = \"test\"");
    let rig = Rig::of(&format!("{rules}{counted}"), "runs = 3\nwarmup = 0", PREDICT);
    let attach = |version: &str, rows: usize| {
        // Each version's own predictions: what is the parent's, byte for byte, says nothing of a model.
        let seed = 10 + u64::from(version.bytes().last().unwrap());
        rig.write("later.csv", table(&rows_of(0.6, seed)[..rows]));
        rig.ok(&format!("attach {version} --set later later.csv --key row_id --label y --score p"));
    };
    attach("v1", 1200);
    rig.release("v1");
    let v2 = rig.version(2);
    attach(&v2, 1200);
    let ran = |line: &str, code: i32| rig.certify(line, code).stderr.contains("running");
    assert!(ran(&v2, 0));
    assert!(!ran(&v2, 0), "measured once");
    // Samples that no command is given.
    rig.write("ms.csv", "ms\n1.5\n2.5\n");
    rig.ok(&format!("attach {v2} --set unread ms.csv --column ms"));
    assert!(!ran(&v2, 0), "what was attached is read by none of them");
    // Other rules rest on the same runs, promote nothing and take nothing away.
    rig.ok(&format!("promote {v2} --to production"));
    let v3 = rig.version(3);
    attach(&v3, 1200);
    assert!(ran(&v3, 0));
    let rules = rig.read("policy.toml");
    rig.write("other.toml", rules.replace("margin = 0.05", "margin = 0.5"));
    let run = rig.certify(&format!("{v3} --policy other.toml"), 5);
    assert!(!run.stderr.contains("running") && run.stdout.contains("not the rules in force"), "{run}");
    let again = rig.certify(&v3, 0);
    assert!(!again.stderr.contains("running") && again.stdout.contains("in force already"), "{again}");
    rig.certify(&format!("{v3} --policy other.toml"), 5);
    rig.ok("verify --full");
    // Other rows for the command, in both.
    attach(&v3, 1100);
    attach("v2", 1100);
    let run = rig.certify(&v3, 3);
    assert!(run.stderr.contains("running"), "one of them is given something else now: {run}");
    run.says(&["is not what it was certified with"]);
}

pub(super) const RUNS: &str = r#"schema = 1
task = "binary"

[[rule]]
id = "auc-floor"
metric = "roc_auc"
min = 0.6

[[rule]]
id = "parity"
metric = { parity = "test" }

[[rule]]
id = "status"
metric = { measured = "exit_status" }

[[rule]]
id = "p90"
metric = { measured = "latency", quantile = 0.9 }
max_ratio = 2.0

[[rule]]
id = "speed"
metric = { measured = "throughput" }
min_ratio = 0.001

[[rule]]
id = "memory"
metric = { measured = "peak_memory" }
max = 1e9
"#;

#[test]
fn runs_are_timed_and_what_they_say_is_compared_with_what_was_recorded() {
    // A hundred calls of 0.1 µs to 10 µs, or half as long again: known numbers, whatever this machine does.
    let calls = |ms: &str| {
        format!("{PREDICT}awk 'BEGIN {{ print \"ms\"; for (n = 1; n <= 100; n++) print n * {ms} }}' > \"$4\"\n")
    };
    let rig = Rig::of(RUNS, "runs = 3\nwarmup = 1", &calls("0.0001"));
    let object = rig.certify("v1 --first-release --reason begin --json", 0).object();
    assert_eq!(rule(&object, "p90")["verdict"], "NOT_APPLICABLE");
    rig.ok("promote v1 --to production");
    rig.write("predict.sh", calls("0.00015"));
    rig.version(2);
    let object = rig.certify("v2 --json", 0).object();
    let p90 = rule(&object, "p90");
    // numpy.quantile([1, …, 100], 0.9) is 90.1.
    let number = |name: &str| p90[name].as_f64().unwrap();
    for (name, expected) in
        [("candidate", 0.013_515), ("baseline", 0.009_01), ("delta", 1.5), ("lower", 1.5), ("upper", 1.5)]
    {
        assert!((number(name) - expected).abs() < 1e-12 * expected, "{name}: {p90}");
    }
    assert_eq!((&p90["n"], &p90["method"]), (&Value::from(3), &Value::from("log_t")));
    assert_eq!(rule(&object, "parity")["candidate"], 0.0);
    assert_eq!(
        (&rule(&object, "status")["candidate"], &rule(&object, "status")["verdict"]),
        (&Value::from(0.0), &Value::from("PASS"))
    );
    let speed = rule(&object, "speed");
    // 1,200 rows by a process that takes more than a tenth of a millisecond and less than 20 s.
    assert!((60.0..1.2e7).contains(&speed["candidate"].as_f64().unwrap()), "{speed}");
    let memory = rule(&object, "memory");
    assert!((1e5..1e9).contains(&memory["candidate"].as_f64().unwrap()), "{memory}");

    // Calls of five minutes each in a run of a moment are nobody's times; a few of them are no quantile.
    for (script, word) in [
        (calls("3e5"), "the calls that the candidate timed do not count"),
        (
            format!("{PREDICT}(echo ms; echo 0.0001) > \"$4\"\n"),
            "the candidate timed 1 calls; a quantile of 0.9 needs 100",
        ),
        (PREDICT.to_owned(), "the candidate's are of whole runs, the baseline's of 100 calls a run"),
    ] {
        rig.write("predict.sh", script);
        let object = rig.certify("--check --json", 3).object();
        assert!(reason(&object, "p90").contains(word), "{object}");
        assert_eq!(rule(&object, "auc-floor")["verdict"], "PASS");
    }
    rig.write("predict.sh", calls("0.00015"));

    // One answer is another one than was recorded, by more than is tolerated; another by less.
    let mut rows = rows_of(0.6, 3);
    rig.write("out/predictions.csv", table(&rows)).write("out/latency.csv", super::scene::latency(10.0, 3));
    rows[17].score += 0.25;
    let near = format!("\n5,{},{:.6}", rows[5].label, rows[5].score);
    let text = table(&rows).replacen(&near, &format!("{near}5"), 1);
    assert_ne!(text, table(&rows));
    rig.write("model/table.csv", text).write("params.yaml", "seed: 3\n");
    rig.ok("snapshot fraud");
    let object = rig.certify("v3 --json", 1).object();
    let parity = rule(&object, "parity");
    assert_eq!((&parity["verdict"], &parity["candidate"], &parity["n"]), (&"FAIL".into(), &1.0.into(), &1200.into()));
    for word in ["1 of 1,200 rows", "row_id=17 gives"] {
        assert!(reason(&object, "parity").contains(word), "{parity}");
    }
}

#[test]
fn models_run_until_the_interval_is_narrow() {
    let rules = "schema = 1\ntask = \"binary\"\n\n[[rule]]\nid = \"p90\"\nmetric = { measured = \"latency\", quantile = 0.9 }\n\
                 max_ratio = 1.5\n";
    // A call takes 10 µs, but in the first three timed runs of v2: what a call takes is told, so nobody waits for that.
    let steady = format!("{PREDICT}{{ echo ms; yes 0.01 | head -n 100; }} > \"$4\"\n");
    let rig = Rig::of(rules, "warmup = 0", &steady);
    rig.release_by_hand();
    let runs = rig.beside("runs");
    let unsteady = "[ $(wc -l < $runs) -gt 3 ] || { echo ms; yes 0.02 | head -n 100; } > \"$4\"\n";
    rig.write("predict.sh", format!("{steady}runs={}\necho >> $runs\n{unsteady}", runs.display()));
    rig.version(2);
    let object = rig.certify("v2 --check --json", 0).object();
    let p90 = rule(&object, "p90");
    // Three of n paired ratios are 2, the others 1: the first of the looks at which the signed ranks leave ±4 % is that after 24 pairs.
    assert_eq!((&p90["n"], &p90["lower"], &p90["upper"]), (&24.into(), &1.0.into(), &1.0.into()), "{p90}");
    assert_eq!(fs::read_to_string(&runs).unwrap().len(), 24);
    // Steady ones are not looked at more than once.
    let object = rig.certify("v2 --check --json", 0).object();
    assert_eq!(rule(&object, "p90")["n"], 10);
    // Where nobody asks how long it takes, each runs twice.
    let status = rules.replace("\"latency\", quantile = 0.9", "\"exit_status\"").replace("max_ratio = 1.5\n", "");
    rig.write("policy.toml", status);
    let object = rig.certify("v2 --check --json", 0).object();
    assert_eq!(rule(&object, "p90")["n"], 2);
}

#[test]
fn what_changes_while_models_run_does_not_run_them_again() {
    let rig = Rig::new(RULES, "runs = 3\nwarmup = 0");
    let (runs, once) = (rig.beside("runs"), rig.beside("once"));
    // In the middle of it somebody else says something about the model.
    let says = |line: &str| {
        fs::write(&once, "").unwrap();
        let (runs, once) = (runs.display(), once.display());
        let _ = fs::remove_file(rig.beside("runs"));
        format!(
            "{PREDICT}echo >> {runs}\nif [ -e {once} ]; then rm {once}; cd {} && {PROGRAM} {line} >&2; fi\n",
            rig.path("").display()
        )
    };
    let count = || fs::read_to_string(&runs).unwrap().len();
    let right = rows_of(0.6, 2).iter().find(|row| row.label == u8::from(row.score >= 0.5)).unwrap().id;
    rig.write("predict.sh", says(&format!("case add --row {right} --reason late")));
    rig.version(2);
    let object = rig.certify("v2 --json", 0).object();
    assert_eq!((count(), &rule(&object, "cases")["verdict"]), (3, &"PASS".into()), "{object}");
    // Evidence of the candidate is what its commands may be given: that is another measurement.
    rig.write("later.csv", super::scene::latency(10.0, 9));
    rig.write("predict.sh", says("attach v3 later.csv --set later --column ms"));
    rig.version(3);
    rig.certify("v3", 0);
    assert_eq!((count(), once.exists()), (6, false));
}

/// What is wrong with a command, the keys it is run with, and the words that tell of it.
#[test]
fn a_command_that_misbehaves_decides_nothing_and_leaves_nothing() {
    let rig = Rig::of(RUNS, "runs = 1\nwarmup = 0\ntimeout = \"1s\"", PREDICT);
    rig.release_by_hand();
    let pids = rig.beside("pids");
    let hang =
        format!("sleep 600 & echo $! > {0}; (exec sleep 600) & echo $! >> {0}; echo waiting; wait", pids.display());
    let table = "\"$1/table.csv\"";
    for (script, words) in [
        (hang.as_str(), &["did not end in 1 second", "waiting"][..]),
        ("echo loading; echo 'no such layer' >&2; exit 3", &["ended with status 3: loading / no such layer"]),
        ("kill -SEGV $$", &["it ended with status 139"]),
        ("echo '{\"p\": 1}'", &["it wrote no output"]),
        (&format!("head -n 101 {table} > \"$3\""), &["100 of the 1200 held-out rows"]),
        (&format!("(cat {table}; echo 9999,1,0.5,de) > \"$3\""), &["1 row beyond those held out"]),
        (&format!("sed 's/^7,/7007,/' {table} > \"$3\""), &["1199 of the 1200 held-out rows"]),
        (&format!("sed -E 's/^(7,.),[^,]*/\\1,NaN/' {table} > \"$3\""), &["row 8: `p` is NaN"]),
        (&format!("sed -E 's/^(7,.),[^,]*/\\1,/' {table} > \"$3\""), &["row 8: `p` is empty"]),
        (&format!("cut -d, -f1,2 {table} > \"$3\""), &["has no column `p`"]),
        (
            &format!(
                "sed -E 's/^7,[01]/7,0/;s/^8,[01]/8,0/;s/^9,[01]/9,0/;s/^10,[01]/10,0/;s/^11,[01]/11,0/' {table} > \"$3\""
            ),
            &["another label than the held-out rows"],
        ),
        ("echo nonsense > \"$3\"", &["has no column"]),
        (": > \"$3\"", &["measured/candidate/predictions.csv"]),
        ("mkdir \"$3\"", &["its output is no file"]),
        ("ln -s /etc/hostname \"$3\"", &["its output is no file"]),
        (
            &format!("{PREDICT} (head -n 1 \"$2\"; tail -n +2 \"$2\" | sort -r) > t; cat t > \"$2\""),
            &["wrote to the held-out rows"],
        ),
        (&format!("{PREDICT} echo times > \"$4\""), &["no column `ms`"]),
        (&format!("{PREDICT} (echo ms; echo -1) > \"$4\""), &["one of its calls took -1 ms"]),
        ("python-of-nobody", &["status 127", "not found"]),
    ] {
        rig.write("predict.sh", format!("{script}\n"));
        let before = fs::read_dir(rig.path("")).unwrap().count();
        let code =
            if script.contains("exit 3") || script.contains("SEGV") || script.contains("nobody") { 1 } else { 3 };
        let object = rig.certify("--check --json", code).object();
        for word in words {
            let reason = reason(&object, "auc-floor");
            assert!(
                reason.contains("the candidate could not be measured") && reason.contains(word),
                "{script}: {reason}"
            );
        }
        for id in ["p90", "speed", "memory", "parity"] {
            assert_eq!(rule(&object, id)["verdict"], "INCONCLUSIVE", "{script}: {object}");
        }
        let verdict = match code {
            1 => "FAIL",
            _ if script == hang => "INCONCLUSIVE",
            _ => "PASS",
        };
        assert_eq!(rule(&object, "status")["verdict"], verdict, "{script}");
        assert_eq!(fs::read_dir(rig.path("")).unwrap().count(), before, "{script}");
        if script == hang {
            for pid in fs::read_to_string(&pids).unwrap().lines() {
                assert!(!runs(pid), "what it started runs on");
            }
        }
    }
    // What failed is no measurement that another certificate could rest on: it is run again.
    rig.version(2);
    for _ in 0..2 {
        let run = rig.certify("v2", 1);
        assert!(run.stderr.contains("running"), "{run}");
    }
}

/// Whether a process runs: one that has ended and that nobody waits for does not.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !stat.is_empty() && !rest.starts_with(['Z', 'X']))
}

impl Rig {
    pub(super) fn release_by_hand(&self) {
        self.edit("mlrun.toml", "[stage.production]", "[stage.production]\ncertificate = \"none\"");
        self.ok("promote v1 --to production");
    }
}

#[test]
fn a_signal_ends_the_models_and_leaves_nothing() {
    let rig = Rig::of(RUNS, "runs = 1\nwarmup = 0", PREDICT);
    let pid = rig.beside("pid");
    rig.write("predict.sh", format!("echo $$ > {}; sleep 600; true\n", pid.display()));
    rig.version(2);
    for (kill, code) in [("-INT -", 130), ("-TERM ", 143)] {
        let before = rig.fingerprint();
        let listens =
            "import os, signal, sys\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nos.execv(sys.argv[1], sys.argv[1:])";
        let mut command = rig.other("python3");
        command.args(["-c", listens, PROGRAM, "certify", "v2", "--first-release", "--reason", "begin"]);
        command.env("TMPDIR", rig.beside("tmp")).process_group(0);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        while !text.contains("running") {
            assert_ne!(lines.read_line(&mut text).unwrap(), 0, "{text}");
        }
        while fs::read_to_string(&pid).unwrap_or_default().trim().is_empty() {
            std::thread::yield_now();
        }
        shown(rig.other("sh").args(["-c", &format!("kill {kill}{}", child.id())])).exits(0);
        lines.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{text}");
        assert!(text.contains("interrupted; nothing was written"), "{text}");
        assert!(!runs(&fs::read_to_string(&pid).unwrap()), "the command runs on");
        assert_eq!(rig.scratch(), Vec::<PathBuf>::new(), "{text}");
        assert_same(&before, &rig.fingerprint(), &rig.ok("list fraud"));
        fs::remove_file(&pid).unwrap();
    }
}

#[test]
fn how_a_model_is_run_is_part_of_the_rules() {
    let rig = Rig::new(RULES, "runs = 3\nwarmup = 0");
    rig.version(2);
    // Another command, other rows of nobody's choosing, none at all: no certificate under the rules in force.
    for (old, new, words) in [
        ("runs = 3", "runs = 1", "predict.runs"),
        ("sh predict.sh", "sh ./predict.sh", "predict.command"),
        ("[model.fraud.evidence.predict]", "[model.fraud.keep]\nlast = 9\n#", "predict"),
    ] {
        let config = rig.read("mlrun.toml");
        rig.edit("mlrun.toml", old, new);
        if new.contains("keep") {
            let text = rig.read("mlrun.toml");
            let kept: Vec<&str> = text
                .lines()
                .filter(|l| !l.starts_with("command") && !l.starts_with("runs") && !l.starts_with("warmup"))
                .collect();
            rig.write("mlrun.toml", kept.join("\n"));
        }
        let run = rig.mlrun("certify v2").exits(5);
        assert!(run.stdout.contains("not the rules in force") && run.stdout.contains(words), "{run}");
        rig.write("mlrun.toml", config);
    }
    rig.certify("v2", 0);
    // Whoever has only the store did not ask for its commands.
    let store = rig.store().display().to_string();
    let bad = Bad { exit: 2, message: &["run commands", "only its store"], hint: &["checkout"] };
    let outside = rig.beside("home");
    let run = shown(rig.other(PROGRAM).args(["-R", &store, "certify", "v2", "--check"]).current_dir(&outside));
    let run = if run.code == Some(0) {
        // What is in force is taken again without running anything; a version without a certificate is not.
        rig.version(3);
        shown(rig.other(PROGRAM).args(["-R", &store, "certify", "v3"]).current_dir(&outside))
    } else {
        run
    };
    let run = run.exits(bad.exit);
    assert!(bad.message.iter().chain(bad.hint).all(|word| run.stderr.contains(word)), "{run}");
    for (old, new, words) in [
        ("{output}", "out", "`{output}`"),
        ("runs = 3", "runs = 0", "0 is not 1 to 1000"),
        ("warmup = 0", "timeout = \"soon\"", "not a length of time"),
        ("warmup = 0", "warm_up = 0", "warm_up"),
    ] {
        let config = rig.read("mlrun.toml");
        rig.edit("mlrun.toml", old, new);
        rig.fails("certify v2", &Bad { exit: 2, message: &[words], hint: &[] });
        rig.write("mlrun.toml", config);
    }
    rig.edit("mlrun.toml", "runs = 3", "runs = 3\ninput = \"holdout\"");
    rig.fails("certify v2", &Bad { exit: 2, message: &["`holdout`", "test"], hint: &["[model.NAME.data.NAME]"] });
    rig.edit("mlrun.toml", "input = \"holdout\"", "input = \"data/test.csv\"\nset = \"valid\"");
    rig.fails(
        "certify v2",
        &Bad {
            exit: 2,
            message: &["`valid`", "only test"],
            hint: &["[model.fraud.predictions.valid]", "`set = \"test\"`"],
        },
    );
}

#[test]
fn a_rule_may_insist_on_what_is_measured() {
    let project = Project::rated();
    let insist = |metric: &str, demand: &str| {
        format!(
            "schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\nmetric = {metric}\n{demand}\nevidence = \"measured\"\n"
        )
    };
    project.version(0.6);
    for (metric, demand, word) in [
        ("\"roc_auc\"", "min = 0.1", "`test` were only reported"),
        ("{ reported = \"auc\", better = \"higher\" }", "min = 0.1", "`auc` was only reported"),
        ("{ quantile = 0.5, of = \"latency\" }", "max = 1000.0", "`latency` were only reported"),
        ("{ measured = \"latency\" }", "max = 1000.0", "`evidence.predict`"),
        ("{ parity = \"test\" }", "", "nobody made the predictions"),
    ] {
        project.write("policy.toml", insist(metric, demand));
        let object = project.json("certify v1 --first-release --reason begin", 3);
        assert!(reason(&object, "r").contains(word), "{object}");
    }
    for (metric, words) in [
        ("{ measured = \"latnecy\" }", &["latnecy", "nearest: latency"][..]),
        ("{ measured = \"throughput\", quantile = 0.5 }", &["quantile", "means nothing here"]),
        ("{ check = \"missing_notes\" }", &["evidence", "means nothing here"]),
        ("{ parity = \"test\", tolerance = -1.0 }", &["tolerance"]),
    ] {
        project.write("policy.toml", insist(metric, "max = 1.0"));
        project.fails("certify v1", &Bad { exit: 2, message: words, hint: &[] });
    }
}

/// One rule with a command of its own.
fn by_command(command: &str, demand: &str) -> String {
    format!(
        "schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"own\"\n\
         metric = {{ command = '''{command}''', better = \"higher\", timeout = 1 }}\n{demand}\n"
    )
}

#[test]
fn a_command_may_make_a_number() {
    let project = Project::rated();
    let tmp = project.beside("tmp");
    fs::create_dir(&tmp).unwrap();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\ncertificate = \"none\"");
    project.version(0.6);
    project.ok("promote v1 --to production");
    project.version(0.65);
    let judged = |command: &str, demand: &str, code: i32| {
        project.write("policy.toml", by_command(command, demand));
        let run = shown(project.command(&["certify", "v2", "--json"]).env("TMPDIR", &tmp)).exits(code);
        assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0, "{run}");
        let object = run.object();
        (rule(&object, "own").clone(), reason(&object, "own").to_owned())
    };
    // The skill stands in the weights: 0.65 against 0.6.
    let skill = "awk '{printf \"{\\\"value\\\": %s}\", $3}' {model}/weights.bin";
    let (own, _) = judged(skill, "min = 0.65", 0);
    assert_eq!((&own["candidate"], &own["method"]), (&0.65.into(), &"computed by a command, on the point".into()));
    let (own, _) = judged(&format!("{skill} > {{output}}"), "max_drop = 0.0", 0);
    assert_eq!((&own["candidate"], &own["baseline"]), (&0.65.into(), &0.6.into()));
    let (_, why) = judged(skill, "min = 0.7", 1);
    assert!(why.contains("below the floor"), "{why}");
    // From the recorded predictions, and with an interval: mean of 0.5, 0.6, 0.7 with t(2) = 2.92 is 0.431 to 0.769.
    let (own, _) = judged("wc -l < {predictions} | awk '{print \"{\\\"value\\\":\" $1 \"}\"}'", "min = 1201.0", 0);
    assert_eq!(own["candidate"], 1201.0);
    let (own, _) = judged("echo '{\"values\": [0.5, 0.6, 0.7]}'", "min = 0.43", 0);
    assert!(
        (own["lower"].as_f64().unwrap() - (0.6 - 2.919_985_580_355_516 * 0.1 / 3f64.sqrt())).abs() < 1e-12,
        "{own}"
    );
    let (_, why) = judged("echo '{\"values\": [0.5, 0.6, 0.7]}'", "min = 0.5", 3);
    // Three times (0.1686 / 0.1)².
    assert!(why.ends_with("about 9 numbers would decide"), "{why}");
    for (command, word) in [
        ("echo '{\"value\": NaN}'", "its answer is not {\"value\": NUMBER}"),
        ("echo '{\"value\": 1e999}'", "its answer is not"),
        ("echo '{\"value\": \"good\"}'", "its answer is not"),
        ("echo '{\"value\": true}'", "its answer is not"),
        ("echo '{\"score\": 1}'", "unknown field `score`"),
        ("echo '{\"values\": []}'", "an empty list"),
        ("echo '{\"value\": 1, \"values\": [1]}'", "must have one of"),
        ("echo '{}'", "must have one of"),
        ("echo '{\"value\": null}'", "must have one of"),
        ("echo 0.9", "its answer is not"),
        ("true", "it wrote no answer"),
        ("echo {output}", "it wrote no answer"),
        ("echo '{\"value\": 1}'; echo broken >&2; exit 4", "status 4: broken"),
        ("sleep 600", "did not end in 1 second"),
        ("no-such-program", "status 127"),
    ] {
        let (own, why) = judged(command, "min = 0.0", 3);
        assert_eq!(own["verdict"], "INCONCLUSIVE", "{command}");
        assert!(why.contains("`own` of the candidate") && why.contains(word), "{command}: {why}");
    }
    // The baseline's fails.
    let (_, why) = judged(&format!("grep -q 0.65 {{model}}/weights.bin && {skill}"), "max_drop = 0.1", 3);
    assert!(why.contains("`own` of the baseline: it ended with status 1"), "{why}");
}

#[test]
fn a_look_at_the_workspace_runs_it_and_writes_nothing() {
    // How long a process takes here is not for this test to judge.
    let rig = Rig::new(&RUNS.replace("max_ratio = 2.0", "max_ratio = 1e9"), "runs = 3\nwarmup = 0");
    let rows = rows_of(0.6, 4);
    rig.write("model/table.csv", table(&rows)).write("out/predictions.csv", table(&rows));
    rig.write("out/latency.csv", super::scene::latency(10.0, 4));
    let before = rig.fingerprint();
    let run = rig.certify("--check", 0);
    assert!(run.stderr.contains("for workspace and fraud@v1"), "{run}");
    assert_same(&before, &rig.fingerprint(), &run);
    let object = rig.certify("--check --json", 0).object();
    assert_eq!(rule(&object, "parity")["n"], 1200);
    // What lies in the workspace is what is run.
    rig.write("predict.sh", "exit 9\n");
    let run = rig.certify("--check", 1);
    assert!(run.stdout.contains("it ended with status 9"), "{run}");
}

/// The example's own models, in a Python of their own.
#[test]
fn the_examples_models_are_run_for_real() {
    let project = Project::empty();
    let Some(python) = crate::support::python_with("joblib, sklearn") else { return };
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/digits");
    let copy = |from: &Path, to: &str| {
        project.write(to, fs::read(from).unwrap());
    };
    let take = |run: &str| {
        for file in ["model/model.joblib", "params.yaml", "metrics.json", "data/train.csv", "data/test.csv"]
            .into_iter()
            .chain(["out/predictions.csv", "out/latency.csv"])
        {
            copy(&digits.join("runs").join(run).join(file), file);
        }
        // What the model answers is recorded with it.
        let mut command = project.other(&python.display().to_string());
        command.args(["predict.py", "--model", "model", "--input", "data/test.csv", "--output", "out/live.csv"]);
        shown(&mut command).exits(0);
        project.ok("snapshot digits");
    };
    for file in ["train.py", "predict.py"] {
        copy(&digits.join(file), file);
    }
    // What its README says to add, as it says it.
    let readme = fs::read_to_string(digits.join("README.md")).unwrap();
    let (_, after) = readme.split_once("where `mlrun.toml` has\n").unwrap();
    let recipe: String = after
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    let recipe = recipe.replace("python predict.py", &format!("{} predict.py", python.display()));
    let config = fs::read_to_string(digits.join("mlrun.toml")).unwrap().replace("required", "none");
    project.write("mlrun.toml", format!("{config}\n{recipe}    runs = 3\n    warmup = 0\n"));
    let rules = [
        ("parity", "{ parity = \"live\" }", ""),
        ("status", "{ measured = \"exit_status\" }", ""),
        ("p50", "{ measured = \"latency\" }", "max_ratio = 20.0"),
        ("memory", "{ measured = \"peak_memory\" }", "max_ratio = 1.5"),
        ("speed", "{ measured = \"throughput\" }", "min = 1.0\non = \"point\""),
        ("answers", "\"accuracy\"", "set = \"live\"\nmin = 0.85\nevidence = \"measured\""),
    ];
    let rule_of = |(id, metric, demand)| format!("[[rule]]\nid = \"{id}\"\nmetric = {metric}\n{demand}\n");
    let rules: String = rules.into_iter().map(rule_of).collect();
    project.write("policy.toml", format!("schema = 1\ntask = \"multiclass\"\n{rules}"));
    project.ok("init");
    take("first");
    project.ok("promote v1 --to production");
    take("better");
    let object = project.json("certify v2", 0);
    assert_eq!((&rule(&object, "parity")["n"], &rule(&object, "parity")["candidate"]), (&1797.into(), &0.0.into()));
    // A row takes a fraction of a millisecond, starting Python and scikit-learn most of a second and tens of megabytes.
    let number = |id: &str, what: &str| rule(&object, id)[what].as_f64().unwrap();
    for role in ["candidate", "baseline"] {
        assert!((0.01..100.0).contains(&number("p50", role)), "{}", rule(&object, "p50"));
        assert!((2e7..2e9).contains(&number("memory", role)), "{}", rule(&object, "memory"));
    }
    assert!((5.0..1e4).contains(&number("speed", "candidate")), "{}", rule(&object, "speed"));
    // sklearn.metrics.accuracy_score of the very table that was recorded.
    let script = "import csv; rows = list(csv.DictReader(open('out/live.csv'))); print(repr(sum(r['y'] == r['yhat'] for r in rows) / len(rows)))";
    let expected = shown(project.other("python3").args(["-c", script])).exits(0).stdout;
    assert_eq!(number("answers", "candidate"), expected.trim().parse::<f64>().unwrap());
}
