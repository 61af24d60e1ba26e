//! Projects in R, Rust and Julia: what is known of them without starting anything; and the Python that ran.

use std::fs;
use std::path::Path;

use mlrun::capture::environment::{Environment, EnvironmentOptions, capture_with};
use mlrun::capture::python::Asked;
use tempfile::TempDir;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn captured(project: &Path, root: &Path) -> Environment {
    let options = EnvironmentOptions { project, python: Asked::default(), variables: &[], image: None, root };
    capture_with(&options, &|_| None)
}

fn description(root: &Path, library: &str, name: &str, version: &str, more: &str) {
    let text = format!("Package: {name}\nTitle: A Package\n   of two lines\nVersion: {version}\nVersion: 9\n{more}");
    write(root, &format!("{library}/{name}/DESCRIPTION"), &text);
}

/// `language version: name version (origin), …` of each runtime.
fn said(found: &Environment) -> Vec<String> {
    let runtime = |runtime: &mlrun::format::snapshot::RuntimeRecord| {
        let packages: Vec<_> = runtime
            .packages
            .iter()
            .map(|(name, version)| match runtime.origins.get(name) {
                Some(origin) => format!("{name} {version} ({origin})"),
                None => format!("{name} {version}"),
            })
            .collect();
        format!("{} {}: {}", runtime.language, runtime.version.as_deref().unwrap_or("?"), packages.join(", "))
    };
    found.record.runtimes.iter().map(runtime).collect()
}

#[test]
fn r_with_the_libraries_of_the_system() {
    let (place, root) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    description(
        root.path(),
        "usr/lib/R/library",
        "base",
        "4.2.2",
        "Priority: base\nBuilt: R 4.2.2; ; 2022-11-10; unix\n",
    );
    description(root.path(), "usr/lib/R/library", "MASS", "7.3-58.2", "");
    description(root.path(), "usr/lib/R/site-library", "xgboost", "1.7.6.1", "");
    description(root.path(), "usr/local/lib/R/site-library", "xgboost", "2.0.0", "RemoteType: standard\n");
    let remote = "RemoteType: github\nRemoteUsername: team\nRemoteRepo: scorer\nRemoteSha: 0a1b2c\n";
    description(root.path(), "usr/local/lib/R/site-library", "scorer", "0.1", remote);
    let project = place.path();
    let expected = "r 4.2.2: MASS 7.3-58.2, base 4.2.2, scorer 0.1 (github team/scorer@0a1b2c), xgboost 2.0.0";
    for (file, text) in
        [("fraud.Rproj", ""), ("train.R", ""), ("DESCRIPTION", "Package: fraud\nVersion: 1\n"), ("renv.lock", "{}")]
    {
        let project = project.join(file.replace('.', "-"));
        write(&project, file, text);
        let found = captured(&project, root.path());
        assert_eq!(said(&found), [expected], "{file}");
        let chosen = found.interpreter.unwrap();
        assert!(
            chosen.starts_with("R 4.2.2 in ") && chosen.ends_with(&format!("the project has `{file}`")),
            "{chosen}"
        );
        // No Python, and none is missed.
        assert_eq!(found.failed, [], "{file}");
    }
    write(project, "python/train.py", "");
    write(project, "python/DESCRIPTION", "what this is about\n");
    assert_eq!(said(&captured(&project.join("python"), root.path())), [""; 0]);
    let nowhere = captured(&project.join("renv-lock"), place.path());
    assert_eq!((said(&nowhere).len(), nowhere.failed[0].part.as_str()), (0, "environment.r"));
    // A script may lie there without being run.
    let script = captured(&project.join("train-R"), place.path());
    assert!(script.failed.iter().all(|failed| failed.part != "environment.r"), "{:?}", script.failed);
}

#[test]
fn r_with_a_library_of_its_own() {
    let (place, root) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    description(root.path(), "usr/lib/R/library", "base", "4.3.1", "");
    description(root.path(), "usr/lib/R/site-library", "ofthesite", "1", "");
    write(place.path(), "renv.lock", "{}");
    for (version, package) in [("R-4.2", "older"), ("R-4.3", "own"), ("R-4.4", "newer")] {
        let library = format!("renv/library/linux-debian-bookworm/{version}/x86_64-pc-linux-gnu");
        description(place.path(), &library, package, "1.0-2", "");
    }
    let found = captured(place.path(), root.path());
    assert_eq!(said(&found), ["r 4.3.1: base 4.3.1, own 1.0-2"]);
    assert!(found.interpreter.unwrap().contains("with the library of renv"));
    // Older versions of renv have one level less.
    let old = TempDir::new().unwrap();
    write(old.path(), "renv.lock", "{}");
    description(old.path(), "renv/library/R-4.3/x86_64-pc-linux-gnu", "own", "2", "");
    assert_eq!(said(&captured(old.path(), old.path())), ["r ?: own 2"]);
}

#[test]
fn rust_by_its_lock_file() {
    let place = TempDir::new().unwrap();
    let token = format!("{}_{}", "ghp", "a1B2".repeat(9));
    write(place.path(), "Cargo.toml", "[package]\nname = \"fraud\"\n");
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"fraud\"\nversion = \"0.1.0\"\ndependencies = [\"rand 0.9.0\"]\n\n\
         [[package]]\nname = \"rand\"\nversion = \"0.8.5\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
         checksum = \"34af8d1a0e25924bc5b7c43c079c942339d8f0a8b57c39049bef581b46327404\"\n\n\
         [[package]]\nname = \"rand\"\nversion = \"0.9.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n\
         [[package]]\nname = \"scorer\"\nversion = \"0.3.0\"\nsource = \"git+https://me:{token}@example.org/scorer.git?branch=main#0a1b2c\"\n"
    );
    write(place.path(), "Cargo.lock", &lock);
    let packages =
        "fraud 0.1.0, rand 0.8.5, 0.9.0, scorer 0.3.0 (git+https://example.org/scorer.git?branch=main#0a1b2c)";
    let found = captured(place.path(), place.path());
    assert_eq!(said(&found), [format!("rust ?: {packages}")]);
    assert_eq!(found.failed, []);
    write(place.path(), "rust-toolchain.toml", "[toolchain]\nchannel = \"1.85.0\"\ncomponents = [\"clippy\"]\n");
    assert_eq!(said(&captured(place.path(), place.path())), [format!("rust 1.85.0: {packages}")]);
    fs::remove_file(place.path().join("rust-toolchain.toml")).unwrap();
    write(place.path(), "rust-toolchain", "nightly-2025-01-01\n");
    assert_eq!(said(&captured(place.path(), place.path())), [format!("rust nightly-2025-01-01: {packages}")]);
    // What cargo last built with, in its own notes.
    let notes = r#"{"rustc_fingerprint":1,"outputs":{"17":{"success":true,"status":"","code":0,"stdout":"rustc 1.86.0 (05f9846f8 2025-03-31)\nbinary: rustc\n","stderr":""}}}"#;
    write(place.path(), "target/.rustc_info.json", notes);
    assert_eq!(said(&captured(place.path(), place.path())), [format!("rust 1.86.0: {packages}")]);
    write(place.path(), "Cargo.lock", "[[package]");
    let broken = captured(place.path(), place.path());
    assert_eq!(broken.failed.iter().filter(|failed| failed.part == "environment.rust").count(), 1);
}

#[test]
fn this_very_project() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = TempDir::new().unwrap();
    let found = captured(project, root.path());
    let rust = found.record.runtimes.iter().find(|runtime| runtime.language == "rust").unwrap();
    // cargo knows them, too.
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal", "--format", "{p}"])
        .current_dir(project)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let mut looked = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let (name, version) = (words.next().unwrap(), words.next().unwrap().trim_start_matches('v'));
        assert!(rust.packages[name].split(", ").any(|known| known == version), "{line}: {}", rust.packages[name]);
        looked += 1;
    }
    assert!(looked > 50);
}

#[test]
fn julia_by_its_manifest() {
    let place = TempDir::new().unwrap();
    write(place.path(), "Project.toml", "[deps]\n");
    let manifest = "julia_version = \"1.10.4\"\nmanifest_format = \"2.0\"\nproject_hash = \"0a\"\n\n\
                    [[deps.Dates]]\ndeps = [\"Printf\"]\nuuid = \"ade2ca70-3891-5945-98fb-dc099432e06a\"\n\n\
                    [[deps.Flux]]\ngit-tree-sha1 = \"edacf029ed6276301e455e34d7ceeba8cc34078a\"\n\
                    uuid = \"587475ba-b771-5e3f-ad9e-33799f191a9c\"\nversion = \"0.14.15\"\n\n\
                    [[deps.Scorer]]\ngit-tree-sha1 = \"0a1b\"\nrepo-rev = \"main\"\n\
                    repo-url = \"https://u:p@example.org/Scorer.jl.git\"\nuuid = \"1\"\nversion = \"0.1.0\"\n";
    write(place.path(), "Manifest.toml", manifest);
    let found = captured(place.path(), place.path());
    assert_eq!(said(&found), ["julia 1.10.4: Flux 0.14.15, Scorer 0.1.0 (git https://example.org/Scorer.jl.git@0a1b)"]);
    assert_eq!(found.failed, []);
    // Format 1 has no version of Julia and no `deps` around its packages.
    write(place.path(), "Manifest.toml", "[[Flux]]\nuuid = \"5\"\nversion = \"0.12.0\"\n");
    assert_eq!(said(&captured(place.path(), place.path())), ["julia ?: Flux 0.12.0"]);
    fs::remove_file(place.path().join("Project.toml")).unwrap();
    assert_eq!(said(&captured(place.path(), place.path())), [""; 0]);
}

#[cfg(unix)]
#[test]
fn the_python_that_ran() {
    use std::os::unix::fs::PermissionsExt;
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    for (prefix, version) in [("project/.venv", "3.11.7"), ("project/other", "3.10.2"), ("elsewhere", "3.12.0")] {
        write(place.path(), &format!("{prefix}/pyvenv.cfg"), &format!("home = /nowhere\nversion = {version}\n"));
        let minor: Vec<_> = version.split('.').take(2).collect();
        fs::create_dir_all(at(&format!("{prefix}/lib/python{}/site-packages", minor.join(".")))).unwrap();
        for name in ["python", "python3"] {
            write(place.path(), &format!("{prefix}/bin/{name}"), "");
        }
    }
    write(
        place.path(),
        "elsewhere/bin/torchrun",
        &format!("#!{}\nimport torch\n", at("elsewhere/bin/python3").display()),
    );
    write(place.path(), "project/train.py", "#!/usr/bin/env -S python3 -u\n");
    write(place.path(), "project/train.sh", "#!/bin/sh\n");
    write(place.path(), "elsewhere/bin/uv", "\x7fELF");
    for name in ["python", "python3", "torchrun", "uv"] {
        fs::set_permissions(at(&format!("elsewhere/bin/{name}")), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = at("elsewhere/bin").display().to_string();
    let (project, root) = (at("project"), at("root"));
    let absolute = at("elsewhere/bin/python").display().to_string();
    for (argv0, version, reason) in [
        (Some("python"), "3.12.0", "`python` is what ran"),
        (Some("other/bin/python3"), "3.10.2", "`other/bin/python3` is what ran"),
        (Some(absolute.as_str()), "3.12.0", "is what ran"),
        (Some("torchrun"), "3.12.0", "`torchrun` is what ran, a script of it"),
        (Some("./train.py"), "3.12.0", "`./train.py` is what ran, a script of it"),
        // What says nothing leaves the choice as it is.
        (Some("./train.sh"), "3.11.7", "the project has a `.venv`"),
        (Some("uv"), "3.11.7", "the project has a `.venv`"),
        (Some("make"), "3.11.7", "the project has a `.venv`"),
        (Some("pythonic"), "3.11.7", "the project has a `.venv`"),
        (None, "3.11.7", "the project has a `.venv`"),
    ] {
        let python = Asked { argv0: argv0.map(Path::new), ..Asked::default() };
        let options = EnvironmentOptions { project: &project, python, variables: &[], image: None, root: &root };
        let found = capture_with(&options, &|name| (name == "PATH").then(|| path.clone()));
        assert_eq!(found.record.runtimes[0].version.as_deref(), Some(version), "{argv0:?}");
        assert!(found.interpreter.as_ref().unwrap().contains(reason), "{argv0:?}: {:?}", found.interpreter);
    }
    // What ran is a fact, what is configured only a wish.
    let python = Asked { argv0: Some(Path::new("python")), configured: Some(Path::new("other")), ..Asked::default() };
    let options = EnvironmentOptions { project: &project, python, variables: &[], image: None, root: &root };
    let found = capture_with(&options, &|name| (name == "PATH").then(|| path.clone()));
    assert_eq!(found.record.runtimes[0].version.as_deref(), Some("3.12.0"));
}

#[test]
fn images_as_they_were_told() {
    let place = TempDir::new().unwrap();
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let by = |image: &str| {
        let options = EnvironmentOptions {
            project: place.path(),
            python: Asked::default(),
            variables: &[],
            image: Some(image),
            root: place.path(),
        };
        let found = capture_with(&options, &|_| None);
        let said = found.failed.iter().any(|failed| failed.part == "environment.image");
        (found.record.image.unwrap(), said)
    };
    let exact = format!("registry.example.org:5000/team/train@sha256:{digest}");
    assert_eq!(by(&exact), (exact.clone(), false));
    assert_eq!(by("team/train:latest"), ("team/train:latest".to_owned(), true));
    let token = format!("{}_{}", "glpat", "x").replace('_', "-") + &"a1B2c3D4e5".repeat(2);
    let (recorded, _) = by(&format!("https://ci:{token}@registry.example.org/train@sha256:{digest}"));
    assert!(!recorded.contains(&token), "{recorded}");
}
