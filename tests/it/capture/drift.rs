//! Lock files beside what is installed. Where `locks/` has its files from, its script says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlrun::capture::drift::{Drift, find};
use mlrun::capture::locks;
use mlrun::capture::python::marker::MarkerEnvironment;
use mlrun::format::snapshot::{EnvironmentRecord, RuntimeRecord};
use tempfile::TempDir;

const LOCKS: [(&str, &str); 9] = [
    ("uv.lock", include_str!("locks/uv.lock")),
    ("pylock.toml", include_str!("locks/pylock.toml")),
    ("requirements.txt", include_str!("locks/requirements.txt")),
    ("poetry.lock", include_str!("locks/poetry.lock")),
    ("poetry-1.lock", include_str!("locks/poetry-1.lock")),
    ("pdm.lock", include_str!("locks/pdm.lock")),
    ("Pipfile.lock", include_str!("locks/Pipfile.lock")),
    ("conda-lock.yml", include_str!("locks/conda-lock.yml")),
    ("renv.lock", include_str!("locks/renv.lock")),
];

fn text(name: &str) -> &'static str {
    LOCKS.iter().find(|(known, _)| *known == name).unwrap().1
}

fn here() -> MarkerEnvironment {
    MarkerEnvironment {
        python: Some("3.11.2".to_owned()),
        implementation: Some("CPython"),
        system: "linux",
        architecture: "x86_64",
    }
}

fn runtime(language: &str, version: Option<&str>, packages: &[&str]) -> RuntimeRecord {
    let package =
        |pair: &&str| pair.split_once(' ').map(|(name, version)| (name.to_owned(), version.to_owned())).unwrap();
    RuntimeRecord {
        language: language.to_owned(),
        version: version.map(str::to_owned),
        packages: packages.iter().map(package).collect(),
        origins: BTreeMap::new(),
    }
}

fn compared(name: &str, text: &str, runtimes: Vec<RuntimeRecord>) -> Drift {
    let project = TempDir::new().unwrap();
    fs::write(project.path().join(name), text).unwrap();
    let (locks, failed) = locks::find(project.path());
    assert_eq!(failed, []);
    find(project.path(), &EnvironmentRecord { runtimes, locks, ..EnvironmentRecord::default() }, &here())
}

/// `numpy 2.2.0 → 2.1.0`, a line for each, and the numbers.
fn said(drift: &Drift) -> (Vec<String>, [u64; 4]) {
    let line = |found: &mlrun::format::observation::DriftRecord| {
        let (wanted, installed) =
            (found.wanted.as_deref().unwrap_or("any"), found.installed.as_deref().unwrap_or("none"));
        format!("{} {wanted} → {installed}", found.package)
    };
    assert_eq!(drift.locks.len(), 1);
    let check = &drift.locks[0];
    assert_eq!(check.unread, None);
    (drift.packages.iter().map(line).collect(), [check.agree, check.differ, check.missing, check.extra])
}

fn python(name: &str, packages: &[&str]) -> (Vec<String>, [u64; 4]) {
    let file = if name == "poetry-1.lock" { "poetry.lock" } else { name };
    said(&compared(file, text(name), vec![runtime("python", Some("3.11.2"), packages)]))
}

/// As `uv sync --frozen --no-dev` installs it on Linux.
const ALL: [&str; 6] = ["click 8.5.1", "packaging 23.2", "pluggy 1.7.0", "tomli 1.2.3", "fraud 0.1.0", "scorer 0.3.1"];

#[test]
fn what_is_installed_as_it_is_locked() {
    for (name, counted) in [
        ("uv.lock", [4, 0, 0, 1]),
        ("pylock.toml", [4, 0, 0, 2]),
        ("requirements.txt", [4, 0, 0, 2]),
        ("poetry.lock", [3, 0, 0, 2]),
        ("poetry-1.lock", [2, 0, 0, 4]),
        ("pdm.lock", [2, 0, 0, 4]),
        ("Pipfile.lock", [2, 0, 0, 3]),
    ] {
        // `requirements.txt` and `pylock.toml` were exported with the group `dev`, and do not say that it is one.
        let of_group = ["iniconfig 2.3.1"];
        let exported = matches!(name, "pylock.toml" | "requirements.txt");
        let installed: Vec<&str> = ALL.into_iter().chain(of_group.into_iter().filter(|_| exported)).collect();
        let (lines, numbers) = python(name, &installed);
        assert_eq!(lines, [""; 0], "{name}");
        let agreed = counted[0] + u64::from(exported);
        assert_eq!(numbers, [agreed, counted[1], counted[2], counted[3]], "{name}");
    }
}

#[test]
fn other_versions_and_missing_packages() {
    let installed = ["click 8.4.0", "iniconfig 2.0", "cycler 0.1", "colorama 0.1", "pywin32-ctypes 0.1", "pluggy 1.7"];
    let missing = "packaging 23.2 → none";
    for (name, expected) in [
        (
            "uv.lock",
            vec![
                "click 8.5.1 → 8.4.0",
                "cycler 0.12.1 → 0.1",
                "iniconfig 2.3.1 → 2.0",
                missing,
                "pluggy 1.7.0 → 1.7",
                "tomli 1.2.3 → none",
            ],
        ),
        ("pylock.toml", vec!["click 8.5.1 → 8.4.0", "iniconfig 2.3.1 → 2.0", missing, "tomli 1.2.3 → none"]),
        ("requirements.txt", vec!["click 8.5.1 → 8.4.0", "iniconfig 2.3.1 → 2.0", missing, "tomli 1.2.3 → none"]),
        ("poetry.lock", vec!["click 8.5.1 → 8.4.0", "iniconfig 2.3.1 → 2.0", missing, "scorer any → none"]),
        // What the project itself wants under which condition is not in it, so nothing is missing.
        ("poetry-1.lock", vec!["click 8.5.1 → 8.4.0"]),
        ("pdm.lock", vec!["click 8.5.1 → 8.4.0", "iniconfig 2.3.1 → 2.0", missing]),
        ("Pipfile.lock", vec!["click 8.5.1 → 8.4.0", "iniconfig 2.3.1 → 2.0", missing, "scorer any → none"]),
    ] {
        let (lines, _) = python(name, &installed);
        // 1.7 is 1.7.0.
        let expected: Vec<_> = expected.into_iter().filter(|line| !line.starts_with("pluggy")).collect();
        assert_eq!(lines, expected, "{name}");
    }
    let lock = |text: &str, installed: &[&str]| {
        said(&compared("requirements.txt", text, vec![runtime("python", None, installed)])).0
    };
    assert_eq!(lock("Torch==2.1.0\n", &["torch 2.1.0+cu121"]), [""; 0]);
    assert_eq!(lock("torch==2.1.0+cpu\n", &["torch 2.1.0+cu121"]), ["torch 2.1.0+cpu → 2.1.0+cu121"]);
    assert_eq!(lock("a_b.C == 1.0 # pinned\r\n", &["a-b-c 2"]), ["a-b-c 1.0 → 2"]);
    let nothing_pinned = "-r other.txt\n--index-url https://x/simple\n-e ./lib\nnumpy>=1\nscipy==1.*\npandas\n\
                          git+https://example.org/x.git#egg=x\n./wheels/y-1.0.whl\nz @ https://example.org/z.whl\n# w==1\n";
    assert_eq!(lock(nothing_pinned, &["numpy 0.1", "scipy 2", "x 1", "y 2", "z 3", "w 4"]), [""; 0]);
    let hashed =
        "a==1.0 --hash=sha256:0\nb[extra]==2.0 ; python_version < '3.9'\nc==3 ; sys_platform == 'linux' # x\nd===4.0\n";
    assert_eq!(
        lock(hashed, &["a 1.1", "b 2.1", "c 3.1", "d 5"]),
        ["a 1.0 → 1.1", "d 4.0 → 5", "c 3 → 3.1"]
            .map(str::to_owned)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
}

/// A package locked in several versions, each for some: `resolution-markers` and the versions that dependents name.
#[test]
fn forks_of_a_resolution() {
    let lock = r#"
version = 1
revision = 3
requires-python = ">=3.11"
resolution-markers = ["sys_platform == 'linux'", "sys_platform != 'linux'"]

[[package]]
name = "torch"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform != 'linux'"]

[[package]]
name = "torch"
version = "2.2.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform == 'linux'"]
dependencies = [{ name = "ring" }]

[[package]]
name = "ring"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "torch", version = "2.2.0", source = { registry = "x" } }, { name = "dask", extra = ["array"] }]

[[package]]
name = "dask"
version = "1.0"
source = { registry = "https://pypi.org/simple" }

[package.optional-dependencies]
array = [{ name = "chunks" }]
other = [{ name = "unwanted" }]

[[package]]
name = "chunks"
version = "0.1"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "unwanted"
version = "0.1"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "from-git"
version = "0.5"
source = { git = "https://example.org/x.git?rev=main#0a1b2c" }

[[package]]
name = "app"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "torch", marker = "python_full_version >= '3.11'" }, { name = "member" }]

[[package]]
name = "member"
source = { editable = "libs/member" }
dependencies = [{ name = "of-member" }]

[[package]]
name = "of-member"
version = "3"
source = { registry = "https://pypi.org/simple" }
"#;
    let all = |installed: &[&str]| said(&compared("uv.lock", lock, vec![runtime("python", None, installed)])).0;
    let nothing = all(&[]);
    assert_eq!(
        nothing,
        ["chunks 0.1 → none", "dask 1.0 → none", "of-member 3 → none", "ring 1.0 → none", "torch 2.2.0 → none"]
    );
    let whole = ["chunks 0.1", "dask 1.0", "of-member 3", "ring 1.0"];
    assert_eq!(all(&[&whole[..], &["torch 2.2.0+cu121", "app 0.0.9"]].concat()), [""; 0]);
    assert_eq!(all(&[&whole[..], &["torch 2.3.0", "unwanted 9"]].concat()), ["torch 2.2.0 → 2.3.0"]);
}

#[test]
fn conda_and_pip_in_one_lock() {
    let conda = |packages: &[&str]| runtime("conda", None, packages);
    let python = |packages: &[&str]| runtime("python", Some("3.11.2"), packages);
    let drift = |runtimes| compared("conda-lock.yml", text("conda-lock.yml"), runtimes);
    let good = drift(vec![python(&["some-wheel 1.0.post1", "numpy 2.2.0"]), conda(&["numpy 2.2.0", "openssl 3.4"])]);
    assert_eq!(said(&good), (vec![], [3, 0, 0, 1]));
    let bad = drift(vec![python(&["some-wheel 1.0"]), conda(&["numpy 2.1.9", "pytest 7.0"])]);
    assert_eq!(
        said(&bad).0,
        ["numpy 2.2.0 → 2.1.9", "openssl 3.4 → none", "pytest 8.3.4 → 7.0", "some-wheel 1.0.post1 → 1.0"]
    );
    let without = drift(vec![python(&["some-wheel 1.0.post1"])]);
    assert_eq!(without.packages, []);
    assert!(without.locks[0].unread.as_ref().unwrap().contains("conda"), "{without:?}");
}

#[test]
fn renv_and_r() {
    let drift = |version, packages: &[&str]| {
        said(&compared("renv.lock", text("renv.lock"), vec![runtime("r", Some(version), packages)])).0
    };
    assert_eq!(drift("4.3.1", &["R6 2.5.1", "glmnet 4.1.8", "renv 1.0.3", "xgboost 1.7.6.1"]), [""; 0]);
    assert_eq!(
        drift("4.2.2", &["R6 2.5.0", "glmnet 4.1-8", "renv 1.0.3", "base 4.2.2"]),
        ["R 4.3.1 → 4.2.2", "R6 2.5.1 → 2.5.0", "xgboost 1.7.6.1 → none"]
    );
}

#[test]
fn lock_files_that_cannot_be_read_say_why() {
    for (name, text) in [
        ("uv.lock", "version = 1\n[[package]"),
        ("uv.lock", "version = 2\n"),
        ("uv.lock", "version = 1\n[[package]]\nname = 3\n"),
        ("poetry.lock", "package = 1"),
        ("pylock.toml", "lock-version = '2.0'"),
        ("pylock.toml", "lock-version = '1.0'\nenvironments = [\"sys_platform == 'win32'\"]"),
        ("Pipfile.lock", "{"),
        ("renv.lock", "[]"),
        ("conda-lock.yml", "package: [{name: a, platform: win-64, version: 1, manager: conda}]"),
        ("conda-lock.yml", "a: [\n"),
    ] {
        let drift = compared(name, text, vec![runtime("python", None, &["a 1"])]);
        assert!(drift.locks[0].unread.is_some() && drift.packages.is_empty(), "{name}: {text}: {drift:?}");
    }
    // Those of tools that install exactly what they lock, and those of other worlds, are hashed only.
    for name in ["Cargo.lock", "Manifest.toml", "package-lock.json", "environment.yml"] {
        assert_eq!(compared(name, "{", vec![]).locks, []);
    }
}

#[test]
fn what_is_named_is_bounded_and_all_is_counted() {
    let lock: String = (0..1000).map(|n| format!("package-{n:04}==1.0\n")).collect();
    let drift = compared("requirements.txt", &lock, vec![runtime("python", None, &["package-0000 1.0"])]);
    assert_eq!((drift.packages.len(), drift.locks[0].missing, drift.locks[0].agree), (200, 999, 1));
    let long = format!("{}=={}\n", "n".repeat(5000), "1".repeat(5000));
    let drift = compared("requirements.txt", &long, vec![runtime("python", None, &[])]);
    assert!(drift.packages[0].package.len() <= 200 && drift.packages[0].wanted.as_ref().unwrap().len() <= 200);
}

#[test]
fn every_fixture_is_a_lock_file() {
    for (name, _) in LOCKS {
        assert!(name == "poetry-1.lock" || locks::is_lock(name), "{name}");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/capture/locks").join(name).is_file());
    }
}
