//! Training a version again: small scripts that are exact, nearly so, by chance, broken, endless or lazy.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::harness::{Bad, Project, Shown};

const CONFIG: &str = r#"schema = 1

[model.toy]
files = ["model/"]
params = ["params.yaml"]
metrics = ["metrics.json"]
code = ["train.sh"]

[model.toy.data.train]
path = "data/train.csv"

[stage.production]
"#;

/// The same result whenever it runs: the sum of a column.
const EXACT: &str = r#"set -e
sum=$(awk -F, 'NR > 1 { sum += $2 } END { print sum }' data/train.csv)
echo "slope of $sum with $(grep lr params.yaml)" > model/weights.bin
echo "{\"rmse\": 0.$sum, \"rows\": 3}" > metrics.json
"#;

struct Toy(Project);

impl std::ops::Deref for Toy {
    type Target = Project;
    fn deref(&self) -> &Project {
        &self.0
    }
}

impl Toy {
    /// A version that `script` trained in the project, as a person would.
    #[track_caller]
    fn trained_by(script: &str) -> Self {
        Self::configured(script, CONFIG)
    }

    #[track_caller]
    fn configured(script: &str, config: &str) -> Self {
        let project = Project::empty();
        project.write("mlrun.toml", config).write("train.sh", script).write("params.yaml", "lr: 0.1\nseed: 7\n");
        project.write("data/train.csv", "x,y\n1,10\n2,20\n3,30\n");
        fs::create_dir(project.path("model")).unwrap();
        fs::create_dir(project.beside("tmp")).unwrap();
        project.ok("init");
        let toy = Self(project);
        toy.train();
        toy.ok("snapshot toy");
        toy
    }

    #[track_caller]
    fn train(&self) {
        super::harness::shown(self.other("sh").arg("train.sh")).exits(0);
    }

    /// Runs `reproduce v1` with its temporary files where they can be looked at. It leaves none, and changes nothing.
    #[track_caller]
    fn reproduce(&self, arguments: &[&str], code: i32) -> Shown {
        let before = self.fingerprint();
        let shown = self.run_in_tmp(&[&["reproduce", "v1"], arguments].concat()).exits(code);
        super::harness::assert_same(&before, &self.fingerprint(), &shown);
        if !arguments.contains(&"--keep") {
            assert_eq!(self.temporary(), Vec::<PathBuf>::new(), "\n{shown}");
        }
        shown
    }

    #[track_caller]
    fn again(&self, code: i32) -> Shown {
        self.reproduce(&["--command", "sh train.sh"], code)
    }

    #[track_caller]
    fn again_json(&self, code: i32) -> Value {
        let object = self.reproduce(&["--command", "sh train.sh", "--json"], code).object();
        assert_eq!(
            (object["schema"].as_str(), object["exit"].as_i64()),
            (Some("mlrun/reproduce/1"), Some(code.into()))
        );
        object
    }

    #[track_caller]
    fn run_in_tmp(&self, arguments: &[&str]) -> Shown {
        super::harness::shown(self.command(arguments).env("TMPDIR", self.beside("tmp")))
    }

    fn temporary(&self) -> Vec<PathBuf> {
        fs::read_dir(self.beside("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

fn verdict(object: &Value) -> &str {
    object["verdict"].as_str().unwrap_or("none")
}

#[test]
fn the_same_bytes_are_exact() {
    let toy = Toy::trained_by(EXACT);
    // What lies in the project now is another model, and other data; the version's own are what is used.
    toy.write("data/train.csv", "x,y\n1,99\n").write("model/weights.bin", "later").write("train.sh", "exit 3\n");
    toy.edit("params.yaml", "0.1", "0.9");
    let shown = toy.again(0).says(&["toy@v1", "model/weights.bin", "the same bytes", "2 metrics the same"]);
    assert_eq!(shown.last_line(), "exact");
    let object = toy.again_json(0);
    assert_eq!(verdict(&object), "exact");
    assert_eq!(object["files"][0]["a"], object["files"][0]["b"]);
    assert_eq!(object["files"][0]["likeness"], "same-bytes");
    assert_eq!((object["run"]["status"].as_i64(), object["kept"].is_null()), (Some(0), true));
    assert!(object["reproducibility"]["reasons"].as_array().unwrap().iter().any(|reason| reason["part"] == "seeds"));
}

/// What a script says goes to standard error, and not into the answer.
#[test]
fn what_it_says_is_passed_on() {
    let toy = Toy::trained_by(&format!("{EXACT}echo epoch one; echo epoch two >&2\n"));
    let shown = toy.again(0);
    assert!(shown.stderr.contains("epoch one\n") && shown.stderr.contains("epoch two\n"), "{shown}");
    assert!(!shown.stdout.contains("epoch"), "{shown}");
    let quiet = toy.reproduce(&["--command", "sh train.sh", "--quiet"], 0);
    assert_eq!((quiet.stderr.as_str(), quiet.last_line()), ("", "exact"));
}

#[test]
fn a_time_stamp_in_the_model_is_equivalent() {
    let script = EXACT.replace("echo \"slope", "echo \"$$ $(date +%s%N) slope");
    let toy = Toy::trained_by(&script);
    let shown = toy.again(0).says(&["other bytes", "2 metrics the same"]);
    assert_eq!(shown.last_line(), "equivalent");
    let object = toy.again_json(0);
    assert_eq!((verdict(&object), object["files"][0]["likeness"].as_str()), ("equivalent", Some("other-bytes")));
    assert_ne!(object["files"][0]["a"], object["files"][0]["b"]);
}

/// That as many rows were read says nothing of a model.
#[test]
fn counts_alone_show_no_equivalence() {
    let script = EXACT.replace("echo \"slope", "echo \"$$ $(date +%s%N) slope").replace("\\\"rmse\\\": 0.$sum, ", "");
    let object = Toy::trained_by(&script).again_json(1);
    assert_eq!(verdict(&object), "different", "{object:#}");
    assert!(object["reason"].as_str().unwrap().contains("nothing was measured"), "{object:#}");
}

#[test]
fn chance_is_different_and_named() {
    let script = EXACT.replace("0.$sum", "0.$(od -An -N6 -tu1 /dev/urandom | tr -d ' ')");
    let toy = Toy::trained_by(&script);
    let shown = toy.again(1).says(&["rmse 0.", "→", "what speaks against it", "`rmse` came out differently", "--keep"]);
    assert_eq!(shown.last_line(), "different");
    let object = toy.again_json(1);
    let metric = object["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "rmse").unwrap();
    assert_eq!(metric["sameness"], "different");
    assert_ne!(metric["a"], metric["b"]);
    // Told that this one says nothing, nothing is left that differs.
    let ignoring = toy.reproduce(&["--command", "sh train.sh", "--ignore", "rmse"], 0);
    assert_eq!(ignoring.last_line(), "exact");
    let unknown = Bad { exit: 2, message: &["no version of `toy` has", "`rmsee`"], hint: &["`rmse`"] };
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--ignore", "rmsee"], &unknown);
}

#[test]
fn the_tolerance_is_relative() {
    let toy = Toy::trained_by(EXACT);
    let command = "sed -i 's/0[.].sum/0.600003/' train.sh; sh train.sh";
    assert_eq!(toy.reproduce(&["--command", command], 1).last_line(), "different");
    assert_eq!(toy.reproduce(&["--command", command, "--tolerance", "1e-4"], 0).last_line(), "equivalent");
    let bad = Bad { exit: 2, message: &["tolerance"], hint: &[] };
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--tolerance", "nan"], &bad);
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--tolerance=-1"], &bad);
}

#[test]
fn a_command_that_fails_is_told_with_its_status() {
    let toy = Toy::trained_by(EXACT);
    let command = "echo no gradient >&2; exit 23";
    let shown = toy.reproduce(&["--command", command], 1).says(&["ended with status 23", "no gradient"]);
    assert_eq!(shown.last_line(), "failed");
    let object = toy.reproduce(&["--command", command, "--json"], 1).object();
    assert_eq!((verdict(&object), object["run"]["status"].as_i64()), ("failed", Some(23)));
    assert_eq!(object["files"], Value::Array(Vec::new()), "what a command left that failed is no evidence");
    toy.reproduce(&["--command", "kill -9 $$"], 1).says(&["was ended by signal 9", "failed"]);
}

#[test]
fn a_command_that_is_not_there_is_the_machines_fault() {
    let toy = Toy::trained_by(EXACT);
    let bad =
        Bad { exit: 8, message: &["`nosuchtrainer --fast` could not be started", "not found"], hint: &["--command"] };
    toy.run_fails(&["reproduce", "v1", "--command", "nosuchtrainer --fast", "--quiet"], &Bad { hint: &[], ..bad });
    let bad = Bad { exit: 2, message: &["no training command is recorded"], hint: &["--command"] };
    toy.run_fails(&["reproduce", "v1"], &bad);
}

/// It is stopped with everything it has started.
#[test]
fn a_command_that_hangs_is_stopped() {
    let toy = Toy::trained_by(EXACT);
    let began = Instant::now();
    let pid = toy.beside("pid");
    let command = format!("echo begun; sh -c 'echo $$ > {}; exec sleep 600' & sleep 600; true", pid.display());
    let shown = toy.reproduce(&["--command", &command, "--timeout", "1s"], 1);
    let shown = shown.says(&["begun", "did not end in 1 second"]);
    assert_eq!(shown.last_line(), "failed");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    if cfg!(target_os = "linux") {
        let stat = Path::new("/proc").join(fs::read_to_string(pid).unwrap().trim()).join("stat");
        let state = fs::read_to_string(stat)
            .map_or_else(|_| "gone".to_owned(), |text| text.rsplit_once(") ").unwrap().1.to_owned());
        assert!(state == "gone" || state.starts_with('Z'), "what it had started runs on: {state}");
    }
    assert!(shown.stdout.contains("begun"), "the last it said\n{shown}");
}

#[test]
fn what_is_not_written_is_no_evidence() {
    let toy = Toy::trained_by(EXACT);
    let shown = toy.reproduce(&["--command", "true"], 3).says(&["not written", "metrics.json", "model/weights.bin"]);
    assert_eq!(shown.last_line(), "inconclusive");
    // Metrics alone, or the model alone, are not all.
    let half = EXACT.lines().filter(|line| !line.contains("metrics.json")).collect::<Vec<_>>().join("; ");
    let object = toy.reproduce(&["--command", &half, "--json"], 3).object();
    assert_eq!((verdict(&object), object["files"][0]["likeness"].as_str()), ("inconclusive", Some("same-bytes")));
    assert_eq!(object["metrics"][0]["sameness"], "missing");
    let half = EXACT.lines().filter(|line| !line.contains("weights.bin")).collect::<Vec<_>>().join("; ");
    let object = toy.reproduce(&["--command", &half, "--json"], 3).object();
    assert_eq!((verdict(&object), object["files"][0]["likeness"].as_str()), ("inconclusive", Some("missing")));
}

/// NaN is NaN again: that is no agreement.
#[test]
fn nan_is_never_the_same() {
    let toy = Toy::trained_by(&EXACT.replace("0.$sum", "NaN"));
    let shown = toy.again(3).says(&["rmse nan → nan", "no number to compare"]);
    assert_eq!(shown.last_line(), "inconclusive");
    assert_eq!(toy.again_json(3)["metrics"][0]["sameness"], "undefined");
}

/// A model that is an input, too, lies there before anything is run.
#[test]
fn what_lay_there_before_was_not_made() {
    let config = format!("{CONFIG}\n[model.toy.data.start]\npath = \"model/\"\n");
    let toy = Toy::configured(EXACT, &config);
    let object =
        toy.reproduce(&["--command", "echo '{\"rmse\": 0.60, \"rows\": 3}' > metrics.json", "--json"], 3).object();
    assert_eq!(object["files"][0]["likeness"], "missing");
    assert!(object["files"][0]["notes"][0].as_str().unwrap().contains("did not touch it"), "{object:#}");
    assert_eq!(verdict(&toy.again_json(0)), "exact");
}

#[test]
fn data_that_was_not_kept_is_taken_by_its_digest() {
    let toy = Toy::configured(EXACT, &CONFIG.replace("train.csv\"", "train.csv\"\nstore = \"hash\""));
    // Where it was.
    let shown = toy.again(0).says(&["the data `train` is that of", "by its digest"]);
    assert_eq!(shown.last_line(), "exact");
    // Where it was is something else now.
    fs::rename(toy.path("data/train.csv"), toy.beside("train.csv")).unwrap();
    let shown = toy.again(3).says(&["data.train", "--data train=PATH"]);
    assert_eq!(shown.last_line(), "inconclusive");
    toy.write("data/train.csv", "x,y\n1,10\n2,20\n3,31\n");
    let object = toy.again_json(3);
    assert!(object["missing"][0]["reason"].as_str().unwrap().contains("is not it: sha256:"), "{object:#}");
    assert!(object["run"].is_null(), "nothing is run without its data");
    // Where somebody says it is.
    let there = format!("train={}", toy.beside("train.csv").display());
    assert_eq!(toy.reproduce(&["--command", "sh train.sh", "--data", &there], 0).last_line(), "exact");
    let rehearsed = toy.reproduce(&["--command", "sh train.sh", "--data", &there, "--dry-run"], 0);
    rehearsed.says(&["the data `train` would be that of"]);
    let bad = Bad { exit: 2, message: &["this version has no data `test`", "train"], hint: &[] };
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--data", "test=x"], &bad);
}

#[test]
fn a_folder_of_data_by_its_listing() {
    let config = CONFIG.replace("data/train.csv\"", "data\"\nstore = \"hash\"");
    let toy = Toy::configured(EXACT, &config);
    assert_eq!(toy.again(0).last_line(), "exact");
    toy.write("data/more.csv", "x,y\n");
    toy.again(3).says(&["data.train", "is not it: it has 23 bytes, not 19"]);
}

#[test]
fn seeds_and_variables_are_those_of_then() {
    let script = format!("{EXACT}echo \"$MODEL_SEED $PYTHONHASHSEED ${{OMP_NUM_THREADS-none}}\" > model/seed.txt\n");
    let toy = Toy(Project::empty());
    toy.write("mlrun.toml", CONFIG).write("train.sh", &script).write("params.yaml", "lr: 0.1\n");
    toy.write("data/train.csv", "x,y\n1,10\n").write("model/seed.txt", "41 41 1\n").write("model/weights.bin", "");
    fs::create_dir(toy.beside("tmp")).unwrap();
    toy.write("metrics.json", "{\"rmse\": 0.10, \"rows\": 3}\n")
        .write("model/weights.bin", "slope of 10 with lr: 0.1\n");
    toy.ok("init");
    let mut command = toy.command(&["snapshot", "toy", "--seed", "seed=41"]);
    super::harness::shown(command.env("OMP_NUM_THREADS", "1")).exits(0);
    let mut command = toy.command(&["reproduce", "v1", "--command", "sh train.sh"]);
    command.env("OMP_NUM_THREADS", "8").env("MKL_NUM_THREADS", "8").env("TMPDIR", toy.beside("tmp"));
    let shown = super::harness::shown(&mut command).exits(0);
    let shown = shown.says(&["MODEL_SEED=41", "PYTHONHASHSEED=41", "OMP_NUM_THREADS=1"]);
    assert_eq!(shown.last_line(), "exact");
    let object = toy.reproduce(&["--command", "sh train.sh", "--json"], 0).object();
    assert!(object["variables"]["unset"].as_array().unwrap().iter().any(|name| name == "MKL_NUM_THREADS"));
}

#[test]
fn the_folder_stays_where_that_is_asked_for() {
    let toy = Toy::trained_by(EXACT);
    let kept = toy.reproduce(&["--command", "sh train.sh", "--keep", "--json"], 0).object();
    let folder = PathBuf::from(kept["kept"].as_str().unwrap());
    assert_eq!(toy.temporary(), std::slice::from_ref(&folder));
    assert_eq!(
        fs::read(folder.join("files/model/weights.bin")).unwrap(),
        fs::read(toy.path("model/weights.bin")).unwrap()
    );
    assert!(folder.join("output.log").is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
    fs::remove_dir_all(folder).unwrap();
    let to = toy.beside("case");
    let shown = toy.reproduce(&["--command", "sh train.sh", "--to", to.to_str().unwrap()], 0);
    assert!(shown.stdout.contains("kept: ") && to.join("files/metrics.json").is_file(), "{shown}");
    let bad = Bad { exit: 1, message: &["is not empty"], hint: &["empty or a new folder"] };
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--to", to.to_str().unwrap()], &bad);
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--dry-run", "--to", to.to_str().unwrap()], &bad);
    let bad = Bad { exit: 2, message: &["is not a folder"], hint: &[] };
    toy.run_fails(&["reproduce", "v1", "--command", "true", "--to", to.join("output.log").to_str().unwrap()], &bad);
}

/// What the command leads to by a link is not removed with the folder.
#[test]
fn links_are_not_followed_at_the_end() {
    let toy = Toy::trained_by(EXACT);
    fs::create_dir(toy.beside("mine")).unwrap();
    fs::write(toy.beside("mine/thesis"), "years").unwrap();
    let command = format!("ln -s {} elsewhere; sh train.sh", toy.beside("mine").display());
    toy.reproduce(&["--command", &command], 0);
    assert_eq!(fs::read_to_string(toy.beside("mine/thesis")).unwrap(), "years");
}

#[test]
fn temporary_files_are_never_the_projects() {
    let toy = Toy::trained_by(EXACT);
    fs::create_dir(toy.path("scratch")).unwrap();
    let mut command = toy.command(&["reproduce", "v1", "--command", "sh train.sh"]);
    super::harness::shown(command.env("TMPDIR", toy.path("scratch"))).exits(2).says(&["lies in the project", "--to"]);
}

#[test]
fn a_rehearsal_runs_nothing() {
    let toy = Toy::trained_by(EXACT);
    let shown = toy.reproduce(&["--command", "touch ran; sh train.sh", "--dry-run"], 0);
    let shown = shown.says(&["touch ran", "this was a rehearsal"]);
    assert!(!shown.stdout.contains("exact"), "{shown}");
    let object = toy.reproduce(&["--command", "true", "--dry-run", "--json"], 0).object();
    assert_eq!(
        (object["verdict"].is_null(), object["run"].is_null(), object["dry_run"].as_bool()),
        (true, true, Some(true))
    );
}

/// A project below the root of its repository: the command runs where the project is.
#[test]
fn the_command_runs_in_the_projects_place() {
    let toy = Toy(Project::empty());
    toy.write("app/mlrun.toml", CONFIG.replace("code = [\"train.sh\"]", "")).write("app/train.sh", EXACT);
    toy.write("lib/scale.txt", "1").write("app/params.yaml", "lr: 0.1\n").write("app/data/train.csv", "x,y\n1,10\n");
    toy.write("app/model/weights.bin", "slope of 10 with lr: 0.1\n")
        .write("app/metrics.json", "{\"rmse\": 0.10, \"rows\": 3}\n");
    fs::create_dir(toy.beside("tmp")).unwrap();
    toy.committed();
    toy.ok("-C app init");
    toy.ok("-C app snapshot toy");
    let shown = toy.run_in_tmp(&["-C", "app", "reproduce", "v1", "--command", "cat ../lib/scale.txt && sh train.sh"]);
    assert_eq!(shown.exits(0).last_line(), "exact");
    assert_eq!(toy.temporary(), Vec::<PathBuf>::new());
}

/// Nothing is written to the store: one that may only be read is enough.
#[test]
fn a_store_to_read_from_is_enough() {
    use std::os::unix::fs::PermissionsExt;
    let toy = Toy::trained_by(EXACT);
    let folders = || {
        let mut all = vec![toy.store()];
        let mut next = 0;
        while let Some(folder) = all.get(next).cloned() {
            all.extend(fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|path| path.is_dir()));
            next += 1;
        }
        all
    };
    let set = |mode| {
        folders().iter().rev().for_each(|f: &PathBuf| fs::set_permissions(f, fs::Permissions::from_mode(mode)).unwrap())
    };
    set(0o555);
    let shown = toy.run_in_tmp(&["reproduce", "v1", "--command", "sh train.sh"]);
    set(0o755);
    assert_eq!(shown.exits(0).last_line(), "exact");
}

fn python() -> Option<&'static str> {
    let found = std::process::Command::new("python3").arg("--version").output();
    let found = found.is_ok_and(|out| out.status.success());
    if !found {
        crate::support::lacking("there is no python3");
    }
    found.then_some("python3")
}

/// Another interpreter than recorded is an explanation, and an environment of its own can be made of what is recorded.
#[test]
fn an_environment_made_anew() {
    let Some(python) = python() else { return };
    let script = "import json, sys\nopen('model/weights.bin', 'w').write(sys.prefix and 'w')\njson.dump({'f1': 0.5}, open('metrics.json', 'w'))\nprint('prefix', sys.prefix)\n";
    let toy = Toy(Project::empty());
    toy.write("mlrun.toml", CONFIG.replace("train.sh", "train.py").split("[model.toy.data").next().unwrap());
    toy.write("train.py", script)
        .write("params.yaml", "lr: 0.1\n")
        .write("model/weights.bin", "w")
        .write("metrics.json", "{\"f1\": 0.5}");
    fs::create_dir(toy.beside("tmp")).unwrap();
    let made = super::harness::shown(toy.other(python).args(["-m", "venv", ".venv"]));
    assert_eq!(made.code, Some(0), "python3-venv is needed\n{made}");
    toy.ok("init");
    toy.ok("snapshot toy");
    // The project's own environment is not active, and still what the command finds.
    let shown = toy.reproduce(&["--command", "python train.py"], 0);
    assert!(shown.stderr.contains(&format!("prefix {}", toy.path(".venv").display())), "{shown}");
    assert!(!shown.stdout.contains("another environment"), "{shown}");

    // Only what came with the environment was recorded, and comes with the new one: no index is needed.
    let path = without_uv();
    let recreate = |code: i32, more: &[&str]| {
        let mut command = toy.command(&["reproduce", "v1", "--command", "python train.py", "--env", "recreate"]);
        command.args(more).env("TMPDIR", toy.beside("tmp")).env("PATH", &path).env("PIP_NO_INDEX", "1");
        super::harness::shown(&mut command).exits(code)
    };
    let shown = recreate(0, &[]);
    assert!(shown.stderr.contains("/environment\n"), "{shown}");
    assert_eq!(shown.last_line(), "exact");
    assert!(recreate(0, &["--json"]).object()["environment"]["differences"].as_array().unwrap().is_empty(), "{shown}");

    // A package that no index has.
    let site = fs::read_dir(toy.path(".venv/lib")).unwrap().next().unwrap().unwrap().path().join("site-packages");
    let info = site.join("nosuchpackage-7.dist-info");
    fs::create_dir(&info).unwrap();
    fs::write(info.join("METADATA"), "Metadata-Version: 2.1\nName: nosuchpackage\nVersion: 7\n").unwrap();
    toy.write("model/weights.bin", "v");
    toy.ok("snapshot toy");
    let mut command = toy.command(&["reproduce", "v2", "--command", "python train.py", "--env", "recreate"]);
    command.env("TMPDIR", toy.beside("tmp")).env("PATH", &path).env("PIP_NO_INDEX", "1");
    let shown = super::harness::shown(&mut command).exits(8);
    shown.says(&["the environment cannot be made", "ended with status 1", "nosuchpackage==7", "--env current"]);
    assert_eq!(toy.temporary(), Vec::<PathBuf>::new());
    // With what is here, it is what differs.
    fs::remove_dir_all(&info).unwrap();
    let shown = toy.run_in_tmp(&["reproduce", "v2", "--command", "python train.py"]).exits(0);
    shown.says(&["another environment", "nosuchpackage 7 → none", "equivalent"]);
}

/// The order of a set of strings follows from `PYTHONHASHSEED` alone.
const HASHES: &str = "import json, os, random\n\
    random.seed(int(os.environ['MODEL_SEED']))\n\
    words = list({'word %d' % n for n in range(64)})\n\
    random.shuffle(words)\n\
    print('in', os.path.basename(os.getcwd()))\n\
    open('../../model/weights.bin', 'w').write('\\n'.join(words))\n\
    json.dump({'f1': random.random()}, open('../../metrics.json', 'w'))\n";

/// A project whose command runs in `jobs/night`.
fn in_a_sub_folder() -> Toy {
    let toy = Toy(Project::empty());
    let config = CONFIG.split("[model.toy.data").next().unwrap().replace("train.sh", "jobs/night/train.py");
    toy.write("mlrun.toml", config).write("jobs/night/train.py", HASHES).write("params.yaml", "lr: 0.1\n");
    fs::create_dir(toy.path("model")).unwrap();
    fs::create_dir(toy.beside("tmp")).unwrap();
    toy.ok("init");
    toy
}

impl Toy {
    /// Runs `exec` in `jobs/night`.
    #[track_caller]
    fn exec(&self, arguments: &[&str]) {
        let mut command = self.command(&[&["exec", "toy"], arguments].concat());
        super::harness::shown(command.current_dir(self.path("jobs/night"))).exits(0);
    }
}

#[test]
fn what_exec_ran_is_run_again() {
    let toy = in_a_sub_folder();
    toy.exec(&["--seed", "42", "--seed", "numpy=3", "--", "python3", "train.py"]);
    toy.write("model/weights.bin", "later").write("jobs/night/train.py", "exit(3)\n");
    let mut command = toy.command(&["reproduce", "v1"]);
    command.env("TMPDIR", toy.beside("tmp")).env("MODEL_SEED", "1").env("PYTHONHASHSEED", "1");
    let shown = super::harness::shown(&mut command).exits(0);
    let shown = shown.says(&["python3 train.py", "jobs/night", "MODEL_SEED=42", "PYTHONHASHSEED=42"]);
    assert!(shown.stderr.contains("in night\n"), "{shown}");
    assert_eq!(shown.last_line(), "exact");
    let object = toy.reproduce(&["--json"], 0).object();
    assert_eq!(
        (verdict(&object), object["command"]["folder"].as_str(), object["command"]["recorded"].as_bool()),
        ("exact", Some("jobs/night"), Some(true))
    );
    // It is the seeds that do it.
    let other = |seed: &str, code| toy.reproduce(&["--command", &format!("{seed}=43 python3 train.py")], code);
    assert_eq!(other("MODEL_SEED", 1).last_line(), "different");
    assert_eq!(other("PYTHONHASHSEED", 0).says(&["other bytes"]).last_line(), "equivalent", "its metric is the same");
}

/// An interpreter that neither the project nor the search path would lead to.
#[test]
fn the_interpreter_that_ran_is_the_one_compared() {
    let toy = in_a_sub_folder();
    toy.edit("jobs/night/train.py", "print('in'", "import sys; print('prefix', sys.prefix); print('in'");
    let made = super::harness::shown(toy.other("python3").args(["-m", "venv", "jobs/night/own"]));
    assert_eq!(made.code, Some(0), "python3-venv is needed\n{made}");
    toy.exec(&["--seed", "42", "--", "own/bin/python", "train.py"]);
    let own = toy.path("jobs/night/own").display().to_string();
    let run = toy.reproduce(&["--json"], 0);
    let object = run.object();
    let environment = &object["environment"];
    assert!(environment["interpreter"].as_str().unwrap().contains(&own), "{environment}");
    assert_eq!((verdict(&object), &environment["differences"]), ("exact", &Value::Array(Vec::new())));
    assert!(run.stderr.contains(&format!("prefix {own}\n")), "{run}");
    // One that is made anew is run in its place.
    let mut command = toy.command(&["reproduce", "v1", "--env", "recreate"]);
    command.env("TMPDIR", toy.beside("tmp")).env("PATH", without_uv()).env("PIP_NO_INDEX", "1");
    let shown = super::harness::shown(&mut command).exits(0);
    assert!(shown.stderr.contains("/environment\n") && shown.last_line() == "exact", "{shown}");
}

/// Asked to end, it ends the command, and leaves no folder unless that was asked for.
#[test]
fn a_signal_leaves_nothing_behind() {
    let toy = Toy::trained_by(EXACT);
    let before = toy.fingerprint();
    let pid = toy.beside("pid");
    let line = format!("echo $$ > {}; echo ready; sleep 600; true", pid.display());
    for (kill, code, keep) in [("-INT -", 130, false), ("-TERM ", 143, false), ("-INT ", 130, true)] {
        // A script's background jobs ignore interrupts, and hand that on.
        let listens =
            "import os, signal, sys\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nos.execv(sys.argv[1], sys.argv[1:])";
        let mut command = toy.other("python3");
        command.args(["-c", listens, env!("CARGO_BIN_EXE_mlrun"), "reproduce", "v1", "--command", &line]);
        command.args(keep.then_some("--keep")).env("TMPDIR", toy.beside("tmp")).process_group(0);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        while !text.ends_with("ready\n") {
            assert_ne!(lines.read_line(&mut text).unwrap(), 0, "{text}");
        }
        assert_eq!(toy.temporary().len(), 1, "{text}");
        super::harness::shown(toy.other("sh").args(["-c", &format!("kill {kill}{}", child.id())])).exits(0);
        lines.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{text}");
        assert!(text.contains(&format!("interrupted by signal {}", code - 128)), "{text}");
        let there = super::harness::shown(toy.other("sh").args(["-c", &format!("kill -0 $(cat {})", pid.display())]));
        assert_ne!(there.code, Some(0), "the command runs on");
        let left = toy.temporary();
        assert_eq!(left.len(), usize::from(keep), "{text}");
        assert!(left.iter().all(|folder| text.contains(&format!("kept: {}", folder.display()))), "{text}");
    }
    super::harness::assert_same(&before, &toy.fingerprint(), &toy.ok("list toy"));
}

/// The search path without the folders that have uv: it would ask an index for pip.
fn without_uv() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let kept = std::env::split_paths(&path).filter(|folder: &PathBuf| !Path::new(folder).join("uv").exists());
    std::env::join_paths(kept).unwrap()
}

/// Writes a safetensors file with the time in its metadata, so that no two have the same bytes; `tensors` is JSON.
fn safetensors(tensors: &str) -> String {
    format!(
        "import json, struct, time\n\
         tensors = json.loads('{tensors}')\n\
         header, body = {{'__metadata__': {{'time': str(time.time_ns())}}}}, b''\n\
         for name, values in tensors.items():\n\
         \x20   data = struct.pack('<%df' % len(values), *values)\n\
         \x20   header[name] = {{'dtype': 'F32', 'shape': [len(values)], 'data_offsets': [len(body), len(body) + len(data)]}}\n\
         \x20   body += data\n\
         text = json.dumps(header).encode()\n\
         open('model/w.safetensors', 'wb').write(struct.pack('<Q', len(text)) + text + body)\n"
    )
}

/// Tensors are the same wherever they lie in a file; of others, only what was measured can speak for them.
#[test]
fn tensors_tell_what_bytes_do_not() {
    let toy = Toy(Project::empty());
    let config = CONFIG.split("[model.toy.data").next().unwrap().replace("train.sh", "train.py");
    let config = config.replace("metrics = [\"metrics.json\"]\n", "").replace("params = [\"params.yaml\"]\n", "");
    toy.write("mlrun.toml", config).write("train.py", safetensors("{\"a\": [1, 2], \"b\": [3]}"));
    fs::create_dir(toy.path("model")).unwrap();
    fs::create_dir(toy.beside("tmp")).unwrap();
    super::harness::shown(toy.other("python3").arg("train.py")).exits(0);
    toy.ok("init");
    toy.ok("snapshot toy");
    let with = |tensors: &str, code: i32| {
        fs::write(toy.beside("other.py"), safetensors(tensors)).unwrap();
        let command = format!("python3 {}", toy.beside("other.py").display());
        toy.reproduce(&["--command", &command, "--json"], code).object()
    };
    let same = with("{\"b\": [3], \"a\": [1, 2]}", 0);
    assert_eq!((verdict(&same), same["files"][0]["likeness"].as_str()), ("equivalent", Some("same-tensors")));
    let numbers = with("{\"a\": [1, 2.5], \"b\": [3]}", 1);
    assert_eq!((verdict(&numbers), numbers["files"][0]["likeness"].as_str()), ("different", Some("other-bytes")));
    assert!(numbers["files"][0]["notes"][0].as_str().unwrap().contains("other numbers in its tensors"), "{numbers:#}");
    let shape = with("{\"a\": [1, 2], \"b\": [3, 4]}", 1);
    assert_eq!((verdict(&shape), shape["files"][0]["likeness"].as_str()), ("different", Some("different")));
    assert!(shape["files"][0]["notes"][0].as_str().unwrap().contains("numbers in them 3 → 4"), "{shape:#}");
}

#[test]
fn predictions_of_other_rows_are_different() {
    let config = CONFIG.to_owned()
        + "[model.toy.predictions.test]\npath = \"out/p.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1\n";
    let script = format!("{EXACT}mkdir -p out; printf 'id,y,p\\n1,0,0.25\\n2,1,0.75\\n' > out/p.csv\n");
    let toy = Toy::configured(&script, &config);
    assert_eq!(toy.again(0).last_line(), "exact");
    let edited = |edit: &str, code: i32| {
        let command = format!("sed -i.bak '{edit}' train.sh && sh train.sh");
        toy.reproduce(&["--command", &command, "--json"], code).object()
    };
    let digits = edited("s/0.25/0.250001/", 0);
    assert_eq!((verdict(&digits), digits["predictions"][0]["likeness"].as_str()), ("equivalent", Some("other-bytes")));
    assert_eq!(digits["predictions"][0]["notes"][0], "2 rows, as it had");
    let rows = edited("s/2,1,0.75/2,1,0.75\\\\n3,1,0.5/", 1);
    assert_eq!(verdict(&rows), "different", "{rows:#}");
    assert_eq!(rows["predictions"][0]["notes"][0], "2 → 3 rows");
    let none = edited("s/> out.p.csv/> out\\/other.csv/", 3);
    assert_eq!((verdict(&none), none["predictions"][0]["likeness"].as_str()), ("inconclusive", Some("missing")));
}

#[test]
fn what_was_erased_or_dropped_cannot_be_trained_with() {
    let toy = Toy::trained_by(EXACT);
    toy.ok("purge v1 --path data/train.csv --reason privacy");
    let shown = toy.again(3).says(&["data/train.csv", "erased", "privacy"]);
    assert_eq!(shown.last_line(), "inconclusive");
    assert!(toy.again_json(3)["run"].is_null());
    toy.ok("drop v1 --reason diverged");
    let bad = Bad { exit: 6, message: &["was dropped", "diverged"], hint: &[] };
    toy.run_fails(&["reproduce", "v1", "--command", "true"], &bad);
}

#[test]
fn show_tells_what_speaks_for_and_against() {
    let toy = Toy::trained_by(EXACT);
    let shown =
        toy.ok("show v1").says(&["reproducible?", "+ the data `train` is kept", "- the training command is not known"]);
    let widest =
        shown.stdout.lines().skip_while(|line| *line != "reproducible?").map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}\n{shown}");
    let object = toy.json("show v1", 0);
    let reasons = object["reproducibility"]["reasons"].as_array().unwrap();
    let has = |part: &str, good: bool, words: &str| {
        let is_it =
            |r: &&Value| r["part"] == part && r["for"] == good && r["message"].as_str().unwrap().contains(words);
        assert!(reasons.iter().any(|reason| is_it(&reason)), "{part} {good} {words}: {reasons:#?}");
    };
    has("data", true, "the data `train` is kept");
    has("seeds", true, "`seed` = 7");
    has("code", true, "1 file of code is kept");
    has("environment", false, "there is no lock file");
    has("command", false, "not known");
}

/// Metrics that stayed while the model did not: a warning when it is taken and whenever it is looked at, and nothing to be
/// certified on.
#[test]
fn evidence_that_was_not_refreshed_is_said_by_show() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("model/weights.bin", "w1");
    project.ok("snapshot fraud").says(&["warning: evidence not refreshed: `metrics`"]);
    project.ok("show v2").says(&["evidence not refreshed", "the parent's, but the model is another"]);
    assert_eq!(project.json("show v2", 0)["evidence_not_refreshed"], serde_json::json!(["metrics"]));
    assert_eq!(project.json("show v1", 0)["evidence_not_refreshed"], serde_json::json!([]));
    let certificate = project.json("certify v2 --first-release --reason begin", 3);
    let floor = certificate["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "auc-floor").unwrap();
    assert_eq!(floor["verdict"], "INCONCLUSIVE", "{certificate:#}");
    assert!(floor["reason"].as_str().unwrap().contains("the parent's"), "{floor:#}");
    // With metrics of its own there is nothing to say.
    project.write("metrics.json", "{\"auc\": 0.91}\n");
    project.ok("snapshot fraud");
    assert_eq!(project.json("show v3", 0)["evidence_not_refreshed"], serde_json::json!([]));
}
