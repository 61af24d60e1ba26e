//! What several tests set the stage with. Nothing here reads the machine's clock, configuration or home folder.
#![allow(dead_code, reason = "not every helper has a user at every moment")]

pub mod board;
pub mod clock;
pub mod faulty;
pub mod history;
pub mod journal;
pub mod noise;
pub mod planted;
pub mod project;
pub mod source;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Store};
use proptest::test_runner::{Config, RngSeed};

/// The history of every store made here.
pub const REPOSITORY: &str = "7c1e5c0a-0000-4000-8000-000000000001";

/// A new store in memory, and the memory.
pub fn memory_store() -> (Arc<Memory>, Store) {
    let memory = Arc::new(Memory::default());
    let store = Store::create(Arc::clone(&memory) as Arc<dyn Backend>, REPOSITORY).unwrap();
    (memory, store)
}

/// A proptest of `cases` cases that are the same in every run.
pub fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(0x6d6c_7275_6e21), ..Config::default() }
}

/// What a program that is no part of this project prints; one that fails is a failed test.
pub fn says(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).env("LC_ALL", "C").output();
    let output = output.unwrap_or_else(|error| panic!("this test needs `{program}` on PATH: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Passes over a test, or a part of one, for want of something; where `tests/all.sh` has installed everything, it fails.
#[track_caller]
pub fn lacking(what: &str) {
    let all = std::env::var_os("MLRUN_TESTS_LACK_NOTHING").is_some();
    assert!(!all, "`tests/all.sh` was to install it: {what}");
    eprintln!("skipped: {what}");
}

/// What `tests/all.sh` has put beside the program under test; none where it has not.
pub fn test_venv(below: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_mlrun")).ancestors().nth(2)?.join("test-venv").join(below);
    path.exists().then_some(path)
}

/// The Python of `tests/all.sh`, or the one on PATH, if it has these modules.
pub fn python_with(modules: &str) -> Option<std::path::PathBuf> {
    let candidates = [test_venv("bin/python"), Some("python3".into())].into_iter().flatten();
    let has = |python: &std::path::PathBuf| {
        let output = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = candidates.into_iter().find(has);
    if found.is_none() {
        lacking(&format!("no Python here has {modules}"));
    }
    found
}

/// What `sha256sum` says of `bytes`.
pub fn sha256sum(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bytes"), bytes).unwrap();
    says("sha256sum", &["bytes"], folder.path())[..64].to_owned()
}
