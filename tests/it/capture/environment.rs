//! The environment: what `pip inspect` says is installed, which Python is chosen, the machine, locks, variables.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use mlrun::capture::environment::{Environment, EnvironmentOptions, capture, capture_with};
use mlrun::capture::python::Asked;
use mlrun::capture::{locks, machine};
use tempfile::TempDir;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn executable(path: &Path) {
    write(path, "#!/bin/sh\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn package(site: &Path, name: &str, version: &str) {
    write(
        &site.join(format!("{name}-{version}.dist-info/METADATA")),
        &format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: 9\n"),
    );
}

/// A virtual environment without anything that runs.
fn environment(prefix: &Path, version: &str) -> PathBuf {
    write(
        &prefix.join("pyvenv.cfg"),
        &format!("home = /nowhere/bin\ninclude-system-site-packages = false\nversion = {version}\n"),
    );
    let minor: Vec<_> = version.split('.').take(2).collect();
    let site = prefix.join(format!("lib/python{}/site-packages", minor.join(".")));
    fs::create_dir_all(&site).unwrap();
    site
}

fn options<'a>(project: &'a Path, python: Asked<'a>, variables: &'a [String]) -> EnvironmentOptions<'a> {
    EnvironmentOptions { project, python, variables, image: None, root: Path::new("/") }
}

fn captured(project: &Path, python: Option<&Path>, variables: &[(&str, &str)], named: &[&str]) -> Environment {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let named: Vec<String> = named.iter().map(ToString::to_string).collect();
    capture_with(&options(project, Asked { configured: python, ..Asked::default() }, &named), &|name| {
        variables.get(name).map(ToString::to_string)
    })
}

fn versions(captured: &Environment) -> Vec<String> {
    let packages = captured.record.runtimes.iter().flat_map(|runtime| &runtime.packages);
    packages.map(|(name, version)| format!("{name}=={version}")).collect()
}

fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; this test needs python3 on PATH"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A build backend without dependencies, so that pip needs no network: it makes wheels, and editable ones (PEP 517, PEP 660).
const BACKEND: &str = r#"
import re, zipfile
NAME, VERSION, MODULE = open("about.txt").read().split()
def make(folder, files):
    stem = re.sub("[-_.]+", "_", NAME) + "-" + VERSION
    info = f"{stem}.dist-info"
    files = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\nSummary: x\n\nName: wrong\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    wheel = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{wheel}", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel
def build_wheel(folder, settings=None, metadata=None):
    return make(folder, {f"{MODULE}.py": ""})
def build_editable(folder, settings=None, metadata=None):
    import os
    return make(folder, {f"__editable__.{MODULE}.pth": os.getcwd() + "\n"})
"#;

fn source(folder: &Path, about: &str) {
    write(
        &folder.join("pyproject.toml"),
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
    );
    write(&folder.join("backend.py"), BACKEND);
    write(&folder.join("about.txt"), about);
}

#[test]
fn packages_are_those_of_pip_inspect() {
    let project = TempDir::new().unwrap();
    let venv = project.path().join(".venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let bin = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let pip = |arguments: &[&str]| {
        let mut command = Command::new(bin.join("python"));
        command.args(["-m", "pip", "--disable-pip-version-check"]).args(arguments).current_dir(project.path());
        run(command.env_remove("PYTHONPATH"))
    };
    source(&project.path().join("libs/editable"), "Edit.able_Thing 0.1.dev3 editable_thing");
    source(&project.path().join("plain"), "plain-folder 2.0 plain_folder");
    source(&project.path().join("wheel"), "Some__Wheel 1.0.post1 some_wheel");
    pip(&["wheel", "--no-deps", "--no-index", "-w", "wheels", "./wheel"]);
    pip(&["install", "--no-index", "--find-links", "wheels", "some-wheel"]);
    pip(&["install", "--no-index", "./plain"]);
    pip(&["install", "--no-index", "-e", "libs/editable"]);
    let repository = project.path().join("repository");
    source(&repository, "from-git 0.7 from_git");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]).args(arguments);
        command.current_dir(&repository).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        run(&mut command)
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "begin"]);
    let commit = git(&["rev-parse", "HEAD"]).trim().to_owned();
    pip(&["install", "--no-index", &format!("git+file://{}", repository.display())]);
    let archive = project.path().join("wheels/some_archive-3.1-py3-none-any.whl");
    source(&project.path().join("archived"), "some-archive 3.1 some_archive");
    pip(&["wheel", "--no-deps", "--no-index", "-w", "wheels", "./archived"]);
    pip(&["install", "--no-index", archive.to_str().unwrap()]);
    let site =
        run(Command::new(bin.join("python")).args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]));
    let site = Path::new(site.trim());
    // What `setup.py develop`, old distutils and an interrupted removal leave.
    write(&project.path().join("old/legacy.egg-info/PKG-INFO"), "Metadata-Version: 1.0\nName: legacy\nVersion: 0.9\n");
    write(
        &site.join("easy-install.pth"),
        &format!("# comment\nimport sys; sys.path.append('/nowhere')\n{}\n", project.path().join("old").display()),
    );
    write(&site.join("legacy.egg-link"), &format!("{}\n.", project.path().join("old").display()));
    write(&site.join("Ancient-3.0.egg-info"), "Metadata-Version: 1.0\nName: Ancient\nVersion: 3.0\n");
    write(
        &project.path().join("old/plain_folder-9.9.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: plain-folder\nVersion: 9.9\n",
    );
    write(&site.join("~ome_wheel-1.0.dist-info/METADATA"), "Metadata-Version: 2.1\nName: ~ome-wheel\nVersion: 1.0\n");

    let inspected: serde_json::Value = serde_json::from_str(&pip(&["inspect"])).unwrap();
    let field = |item: &serde_json::Value, name: &str| item["metadata"][name].as_str().unwrap().to_owned();
    let normalised = |name: String| {
        let parts: Vec<_> =
            name.to_lowercase().split(['-', '_', '.']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        parts.join("-")
    };
    let installed = inspected["installed"].as_array().unwrap();
    let expected: BTreeMap<String, String> =
        installed.iter().map(|item| (normalised(field(item, "name")), field(item, "version"))).collect();
    let version = inspected["environment"]["python_full_version"].as_str().unwrap();

    for (python, variables, reason) in [
        (None, vec![], "the project has a `.venv`"),
        (Some(Path::new(".venv")), vec![("VIRTUAL_ENV", "/nowhere")], "the configuration names it"),
        (Some(bin.join("python").as_path()), vec![], "the configuration names it"),
        (None, vec![("VIRTUAL_ENV", venv.to_str().unwrap())], "VIRTUAL_ENV is set"),
        (None, vec![("PATH", bin.to_str().unwrap())], "the project has a `.venv`"),
    ] {
        let found = captured(project.path(), python, &variables, &[]);
        let runtime = &found.record.runtimes[0];
        assert_eq!(runtime.packages, expected);
        assert_eq!(runtime.version.as_deref(), Some(version));
        assert!(found.interpreter.as_deref().unwrap().contains(reason), "{:?}", found.interpreter);
        assert_eq!(found.failed, []);
    }
    assert_eq!(expected["edit-able-thing"], "0.1.dev3");
    assert_eq!(expected["ancient"], "3.0");
    assert_eq!(expected["legacy"], "0.9");
    let origins = &captured(project.path(), None, &[], &[]).record.runtimes[0].origins;
    let origins: Vec<_> = origins.iter().map(|(name, origin)| format!("{name}: {origin}")).collect();
    // What pip says of each, in the words of a record.
    let told = |name: &str| {
        let item = installed.iter().find(|item| normalised(field(item, "name")) == name).unwrap();
        item["direct_url"].clone()
    };
    assert_eq!(told("from-git")["vcs_info"]["commit_id"], commit);
    assert_eq!(told("edit-able-thing")["dir_info"]["editable"], true);
    let hash = told("some-archive")["archive_info"]["hashes"]["sha256"].as_str().map(str::to_owned);
    // pip says `dir_info: {}` of a folder, which is then no editable one.
    assert!(told("plain-folder")["dir_info"].is_object());
    assert_eq!(
        origins,
        [
            "edit-able-thing: editable libs/editable".to_owned(),
            format!("from-git: git+repository@{commit}"),
            "legacy: editable old".to_owned(),
            "plain-folder: folder plain".to_owned(),
            match hash {
                Some(hash) => format!("some-archive: wheels/some_archive-3.1-py3-none-any.whl#sha256={hash}"),
                None => "some-archive: wheels/some_archive-3.1-py3-none-any.whl".to_owned(),
            },
        ]
    );
    let direct: Vec<String> = installed
        .iter()
        .filter(|item| item["direct_url"].is_object())
        .map(|item| normalised(field(item, "name")))
        .collect();
    assert!(
        direct.iter().all(|name| origins.iter().any(|origin| origin.starts_with(&format!("{name}: ")))),
        "{direct:?}"
    );
}

/// Compares with the interpreter that runs this machine's `python3`, whatever that is: its own packages, user's and system's.
#[test]
fn the_python_on_path_is_the_one_that_would_start() {
    let project = TempDir::new().unwrap();
    let script = "import sys, importlib.metadata as m, json; print(json.dumps([sys.prefix, '%d.%d' % sys.version_info[:2], \
                  sorted({d.metadata['Name'].lower().replace('_', '-').replace('.', '-') for d in m.distributions() if d.metadata['Name']})]))";
    let said = run(Command::new("python3")
        .args(["-c", script])
        .current_dir(project.path())
        .env_remove("VIRTUAL_ENV")
        .env_remove("CONDA_PREFIX"));
    let (prefix, minor, names): (PathBuf, String, Vec<String>) = serde_json::from_str(&said).unwrap();
    let options = options(project.path(), Asked::default(), &[]);
    let hidden = ["VIRTUAL_ENV", "CONDA_PREFIX"];
    let found = capture_with(&options, &|name| if hidden.contains(&name) { None } else { mlrun::host::variable(name) });
    let runtime = &found.record.runtimes[0];
    let interpreter = found.interpreter.unwrap();
    assert!(interpreter.contains("on PATH"), "{interpreter}");
    assert!(interpreter.contains(&format!(" in {}: ", prefix.display())), "{interpreter}");
    assert!(runtime.version.as_deref().unwrap().starts_with(&minor), "{:?}", runtime.version);
    assert_eq!(runtime.packages.keys().cloned().collect::<Vec<_>>(), names);
}

#[test]
fn the_order_of_choice() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    package(&environment(&at("active"), "3.12.1"), "active", "1");
    package(&environment(&at("project/.venv"), "3.11.7"), "own", "1");
    package(&environment(&at("project/other"), "3.10.0"), "other", "1");
    write(&at("conda/conda-meta/python-3.9.18-h955ad1f_0.json"), "{}");
    write(&at("conda/conda-meta/scikit-learn-1.3.0-py39h1128e8f_0.json"), "{}");
    write(&at("conda/conda-meta/history"), "");
    package(&at("conda/lib/python3.9/site-packages"), "inconda", "1");
    executable(&at("system/bin/python3.8"));
    write(&at("system/lib/python3.8/os.py"), "");
    write(&at("system/lib/python3.12/os.py"), "");
    write(
        &at("system/include/python3.8/patchlevel.h"),
        "#define PY_MINOR_VERSION 8\n#define PY_VERSION      \t\"3.8.19+\"\n",
    );
    package(&at("system/lib/python3/dist-packages"), "debian", "1");
    package(&at("home/.local/lib/python3.8/site-packages"), "user", "1");
    #[cfg(unix)]
    std::os::unix::fs::symlink("python3.8", at("system/bin/python3")).unwrap();
    let (virtual_env, conda, path, home) = (text("active"), text("conda"), text("system/bin"), text("home"));
    let all = [("VIRTUAL_ENV", virtual_env.as_str()), ("CONDA_PREFIX", &conda), ("PATH", &path), ("HOME", &home)];
    let project = at("project");

    let named = captured(&project, Some(Path::new("other")), &all, &[]);
    assert_eq!(versions(&named), ["other==1"]);
    assert_eq!(named.record.runtimes[0].version.as_deref(), Some("3.10.0"));
    assert_eq!(versions(&captured(&project, None, &all, &[])), ["active==1"]);
    let in_conda = captured(&project, None, &all[1..], &[]);
    assert_eq!(versions(&in_conda), ["inconda==1", "python==3.9.18", "scikit-learn==1.3.0"]);
    assert_eq!(in_conda.record.runtimes[1].language, "conda");
    assert_eq!(in_conda.record.runtimes[0].version.as_deref(), Some("3.9.18"));
    assert_eq!(versions(&captured(&project, None, &all[2..], &[])), ["own==1"]);
    if cfg!(unix) {
        let on_path = captured(place.path(), None, &all[2..], &[]);
        assert_eq!(versions(&on_path), ["debian==1", "user==1"]);
        assert_eq!(on_path.record.runtimes[0].version.as_deref(), Some("3.8.19"));
        let quiet = [all[2], all[3], ("PYTHONNOUSERSITE", "1")];
        assert_eq!(versions(&captured(place.path(), None, &quiet, &[])), ["debian==1"]);
    }

    let stale = [("VIRTUAL_ENV", "/nowhere/venv"), all[2]];
    let passed_over = captured(&project, None, &stale, &[]);
    assert_eq!(versions(&passed_over), ["own==1"]);
    assert!(passed_over.interpreter.unwrap().contains("VIRTUAL_ENV is passed over"));
    let missing = captured(&project, Some(Path::new("gone")), &all, &[]);
    assert!(missing.record.runtimes.is_empty() && missing.failed[0].reason.contains("gone"), "{:?}", missing.failed);
    let elsewhere = captured(&project, Some(&at("home")), &all, &[]);
    assert_eq!(elsewhere.failed[0].reason, "no library of a Python below home");
    let none = captured(place.path(), None, &[], &[]);
    assert_eq!((none.interpreter, none.failed[0].part.as_str()), (None, "environment.python"));
}

#[cfg(unix)]
#[test]
fn pyenv_shims_are_seen_through() {
    let place = TempDir::new().unwrap();
    let root = place.path().join("pyenv");
    executable(&root.join("shims/python3"));
    for version in ["3.10.2", "3.11.9", "3.11.10"] {
        executable(&root.join(format!("versions/{version}/bin/python3")));
        package(&root.join(format!("versions/{version}/lib/python{}/site-packages", &version[..4])), "marker", version);
    }
    write(&root.join("version"), "3.10.2\n");
    let path = root.join("shims").to_str().unwrap().to_owned();
    let project = place.path().join("a/b");
    fs::create_dir_all(&project).unwrap();
    assert_eq!(versions(&captured(&project, None, &[("PATH", &path)], &[])), ["marker==3.10.2"]);
    write(&place.path().join("a/.python-version"), "3.11\n");
    assert_eq!(versions(&captured(&project, None, &[("PATH", &path)], &[])), ["marker==3.11.10"]);
    assert_eq!(
        versions(&captured(&project, None, &[("PATH", &path), ("PYENV_VERSION", "9.9:3.11.9")], &[])),
        ["marker==3.11.9"]
    );
    let outside = captured(&project, None, &[("PATH", &path), ("PYENV_VERSION", "../versions/3.10.2")], &[]);
    assert!(outside.record.runtimes.is_empty());
}

#[test]
fn environments_that_see_their_system() {
    let place = TempDir::new().unwrap();
    let site = environment(&place.path().join(".venv"), "3.11.7");
    package(&site, "both", "1");
    let base = place.path().join("base");
    package(&base.join("lib/python3.11/site-packages"), "both", "2");
    package(&base.join("lib/python3.11/site-packages"), "system", "2");
    let configuration = format!(
        "home = {}\ninclude-system-site-packages = true\nversion_info = 3.11.7.final.0\n",
        base.join("bin").display()
    );
    write(&place.path().join(".venv/pyvenv.cfg"), &configuration);
    let found = captured(place.path(), None, &[], &[]);
    assert_eq!(versions(&found), ["both==1", "system==2"]);
    assert_eq!(found.record.runtimes[0].version.as_deref(), Some("3.11.7"));
}

#[test]
fn origins_carry_no_credentials_and_no_absolute_paths() {
    let project = TempDir::new().unwrap();
    let site = environment(&project.path().join(".venv"), "3.11.7");
    let token = format!("{}_{}", "ghp", "a1B2".repeat(9));
    let cases = [
        (
            "vcs",
            format!(
                r#"{{"url": "https://me:{token}@host/r.git", "vcs_info": {{"vcs": "git", "requested_revision": "main", "commit_id": "abc"}}, "subdirectory": "sub"}}"#
            ),
        ),
        (
            "query",
            format!(
                r#"{{"url": "https://host/x.whl?t={token}", "archive_info": {{"hash": "sha256=12", "hashes": {{"sha256": "12"}}}}}}"#
            ),
        ),
        // PyPA "Direct URL Data Structure", every form of its examples.
        (
            "archive",
            r#"{"url": "https://host/p/archive.zip", "archive_info": {"hash": "sha256=2dc6b5a470a1bde68946f263f1af1515a2574a150a30d6ce02c6ff742fcc0db8", "hashes": {"sha256": "2dc6b5a470a1bde68946f263f1af1515a2574a150a30d6ce02c6ff742fcc0db8"}}}"#.to_owned(),
        ),
        ("bare", r#"{"url": "https://host/p/x.tar.gz", "archive_info": {}}"#.to_owned()),
        ("hash", r#"{"url": "https://host/x.whl", "archive_info": {"hash": "md5=12"}}"#.to_owned()),
        ("hg", r#"{"url": "https://host/hg/r", "vcs_info": {"vcs": "hg", "commit_id": "12ab"}}"#.to_owned()),
        ("inside", format!(r#"{{"url": "file://{}/libs/my%20lib", "dir_info": {{}}}}"#, project.path().display())),
        ("ssh", r#"{"url": "ssh://git@host/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}"#.to_owned()),
        ("outside", r#"{"url": "file:///home/ana/secret%20place/lib", "dir_info": {"editable": true}}"#.to_owned()),
        ("broken", "{".to_owned()),
    ];
    for (name, text) in &cases {
        package(&site, name, "1");
        write(&site.join(format!("{name}-1.dist-info/direct_url.json")), text);
    }
    fs::create_dir_all(project.path().join("libs/my lib")).unwrap();
    let found = captured(project.path(), None, &[], &[]);
    let origins: Vec<_> =
        found.record.runtimes[0].origins.iter().map(|(name, origin)| format!("{name}: {origin}")).collect();
    assert_eq!(
        origins,
        [
            "archive: https://host/p/archive.zip#sha256=2dc6b5a470a1bde68946f263f1af1515a2574a150a30d6ce02c6ff742fcc0db8",
            "bare: https://host/p/x.tar.gz",
            "broken: an unreadable direct_url.json",
            "hash: https://host/x.whl#md5=12",
            "hg: hg+https://host/hg/r@12ab",
            "inside: folder libs/my lib",
            "outside: editable lib",
            "query: https://host/x.whl?t=<redacted:github-pat>#sha256=12",
            "ssh: git+ssh://git@host/r.git@abc",
            "vcs: git+https://host/r.git@abc#subdirectory=sub",
        ]
    );
    assert_eq!(found.redactions[0].field, "environment.python.origins.query");
}

#[test]
fn what_cannot_be_read_is_recorded() {
    let project = TempDir::new().unwrap();
    let site = environment(&project.path().join(".venv"), "3.11.7");
    package(&site, "good", "1");
    fs::create_dir(site.join("empty-1.dist-info")).unwrap();
    write(&site.join("nameless-1.dist-info/METADATA"), "Metadata-Version: 2.1\n\nName: x\nVersion: 1\n");
    write(
        &site.join("long-1.dist-info/METADATA"),
        &format!("Metadata-Version: 2.1\n{}Name: long\nVersion: 1\n", "Classifier: x\n".repeat(1000)),
    );
    write(&site.join("endless-1.dist-info/METADATA"), &"x".repeat(1 << 20));
    fs::create_dir(project.path().join("uv.lock")).unwrap();
    write(&project.path().join("requirements-dev.txt"), "abc");
    let found = captured(project.path(), None, &[], &[]);
    assert_eq!(versions(&found), ["good==1", "long==1"]);
    assert_eq!(
        found.failed.iter().filter(|failed| failed.part == "environment.python").count(),
        3,
        "{:?}",
        found.failed
    );
    assert_eq!(found.failed.iter().filter(|failed| failed.part == "environment.locks.uv.lock").count(), 1);
    // `printf abc | sha256sum`
    assert_eq!(found.record.locks[0].path, "requirements-dev.txt");
    assert_eq!(
        found.record.locks[0].sha256.to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn lock_files_by_name() {
    for name in [
        "uv.lock",
        "requirements.txt",
        "requirements-gpu.txt",
        "pylock.toml",
        "pylock.dev.toml",
        "renv.lock",
        "Manifest.toml",
        "conda-lock.yml",
    ] {
        assert!(locks::is_lock(name), "{name}");
    }
    for name in ["requirements.in", "my-requirements.txt", "pyproject.toml", "README.txt", "pylock.txt"] {
        assert!(!locks::is_lock(name), "{name}");
    }
}

#[test]
fn variables_are_those_of_the_list_and_the_named_ones() {
    let project = TempDir::new().unwrap();
    let token = format!("{}_{}", "hf", "abCd".repeat(9));
    let url = format!("https://u:{}@h/x", "pw12");
    let variables = [
        ("OMP_NUM_THREADS", "4"),
        ("HOME", "/home/ana"),
        ("MY_DATA", "/srv/data"),
        ("MY_PASSWORD", "hunter2"),
        ("MY_URL", &url),
        ("MY_ARG", &token),
    ];
    let found = captured(project.path(), None, &variables, &["MY_DATA", "MY_PASSWORD", "MY_URL", "MY_ARG", "MY_UNSET"]);
    let recorded: Vec<_> = found.record.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        recorded,
        [
            "MY_ARG=<redacted:huggingface>",
            "MY_DATA=/srv/data",
            "MY_PASSWORD=<redacted:generic-key>",
            "MY_URL=https://u:<redacted:url-password>@h/x",
            "OMP_NUM_THREADS=4"
        ]
    );
    let redactions: Vec<_> = found.redactions.iter().map(|r| format!("{} {} {}", r.field, r.rule, r.count)).collect();
    assert_eq!(
        redactions,
        [
            "environment.variables.MY_ARG huggingface 1",
            "environment.variables.MY_PASSWORD generic-key 1",
            "environment.variables.MY_URL url-password 1"
        ]
    );
}

#[test]
fn machines_from_their_files() {
    let x86 = "processor\t: 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\nflags\t\t: fpu sse4_2 avx2 fma avx512f avx512_bf16 amx_tile smep hypervisor\n\nprocessor\t: 1\nmodel name\t: other\n";
    let (name, features) = machine::processor(x86);
    assert_eq!(name.as_deref(), Some("AMD EPYC 7763 64-Core Processor"));
    assert_eq!(features, ["amx_tile", "avx2", "avx512_bf16", "avx512f", "fma", "sse4_2"]);
    let (name, features) =
        machine::processor("processor : 0\nFeatures : fp asimd crc32 sve bf16 i8mm\nCPU part : 0xd40\n");
    assert_eq!((name, features), (None, ["asimd", "bf16", "i8mm", "sve"].map(str::to_owned).to_vec()));
    // Which part of whose design is all that Linux says of it; half of that is not enough to tell it from another.
    let (name, _) = machine::processor("CPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd40\n");
    assert_eq!(name.as_deref(), Some("CPU implementer 0x41 part 0xd40"));
    assert_eq!(machine::processor(""), (None, vec![]));
    assert_eq!(machine::memory("MemTotal:       16393244 kB\nMemFree: 1 kB\n"), Some(16_393_244 * 1024));
    assert_eq!(machine::memory("MemTotal: 18446744073709551615 kB"), None);
    assert_eq!(
        machine::system("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n").as_deref(),
        Some("Debian GNU/Linux 12 (bookworm)")
    );
    assert_eq!(machine::system("PRETTY_NAME='Alpine'"), Some("Alpine".to_owned()));
    let here = machine::observe(Path::new("/"));
    assert_eq!(here.architecture, std::env::consts::ARCH);
    assert!(here.cpus >= 1);
    if cfg!(target_os = "linux") {
        assert!(
            here.memory.is_some_and(|bytes| bytes > 1 << 24)
                && here.kernel.is_some_and(|kernel| kernel.starts_with("Linux "))
        );
    }
}

#[test]
fn three_hundred_packages_take_milliseconds() {
    let project = TempDir::new().unwrap();
    let site = environment(&project.path().join(".venv"), "3.11.7");
    for index in 0..300 {
        package(&site, &format!("package_{index}"), "1.0");
        write(
            &site.join(format!("package_{index}-1.0.dist-info/METADATA")),
            &format!("Metadata-Version: 2.1\nName: package_{index}\nVersion: 1.0\n\n{}", "text\n".repeat(5000)),
        );
    }
    let python = Asked { configured: Some(Path::new(".venv")), ..Asked::default() };
    let options = options(project.path(), python, &[]);
    capture(&options);
    let begun = Instant::now();
    assert_eq!(capture(&options).record.runtimes[0].packages.len(), 300);
    let limit = if cfg!(debug_assertions) { 500 } else { 100 };
    assert!(begun.elapsed() < Duration::from_millis(limit), "{:?}", begun.elapsed());
}
