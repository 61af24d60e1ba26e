//! Which version is later, beside the libraries that pip and Debian go by; and how far two are apart.

use std::cmp::Ordering;
use std::io::Write;
use std::process::{Command, Stdio};

use mlrun::compare::{Sign, Size, Step, compare_words, step};

const VERSIONS: [&str; 26] = [
    "0.9",
    "1.0.dev1",
    "1.0a1",
    "1.0b2.dev3",
    "1.0b2",
    "1.0rc1",
    "1.0",
    "1.0.0",
    "1.0+cu118",
    "1.0+cu121",
    "1.0.post1",
    "1.0.1",
    "1.2.3",
    "1.10",
    "1.9.9.9",
    "2!0.1",
    "2.0",
    "v2.1",
    "2024.1",
    "2024.10.1",
    "2.0.0rc1",
    "1.0-1",
    "1.0.0.1",
    "10",
    "2.2.0.dev20240101",
    "2.2.0",
];

/// pip's own library says which is later; local parts, of which it says more than we show, aside.
#[test]
fn python_s_order_is_that_of_pip() {
    let ask = "import json,sys\nfrom pip._vendor.packaging.version import Version\nv=[Version(Version(x).public) for x in \
               json.load(sys.stdin)]\nprint(json.dumps([[(a>b)-(a<b) for b in v] for a in v]))";
    let Some(python) = crate::support::python_with("pip._vendor.packaging.version") else { return };
    let mut child =
        Command::new(python).args(["-c", ask]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&VERSIONS).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let orders: Vec<Vec<i8>> = serde_json::from_slice(&output.stdout).unwrap();
    for (a, orders) in VERSIONS.iter().zip(orders) {
        for (b, order) in VERSIONS.iter().zip(orders) {
            let found = match step("python", a, b) {
                Step::Up(_) => -1,
                Step::Down(_) => 1,
                Step::Beside => 0,
            };
            assert_eq!(found, order, "{a} → {b}");
        }
    }
}

#[test]
fn how_far_two_versions_are_apart() {
    let cases = [
        ("python", "1.26.4", "2.0.0", Step::Up(Size::Major)),
        ("python", "2.1.0", "2.0.9", Step::Down(Size::Minor)),
        ("python", "1.5.0", "1.5.1", Step::Up(Size::Patch)),
        ("python", "1.5", "1.5.0.post1", Step::Up(Size::Rest)),
        ("python", "2.3+cu118", "2.3+cu121", Step::Beside),
        ("python", "1.0", "2!0.1", Step::Up(Size::Major)),
        ("rust", "0.1.9", "0.2.0", Step::Up(Size::Major)),
        ("rust", "0.2.1", "0.2.2", Step::Up(Size::Minor)),
        ("rust", "0.0.1", "0.0.2", Step::Up(Size::Major)),
        ("rust", "1.2.3", "1.3.0-rc.1", Step::Up(Size::Minor)),
        ("rust", "1.0.0-rc.2", "1.0.0-rc.10", Step::Up(Size::Rest)),
        ("rust", "1.0.0+a", "1.0.0+b", Step::Beside),
        ("julia", "1.10.4", "1.9.0", Step::Down(Size::Minor)),
        ("r", "1.2-3", "1.2-10", Step::Up(Size::Patch)),
        ("r", "4.3.1", "4.3.1", Step::Beside),
        ("conda", "abc", "def", Step::Beside),
        ("python", "unknown", "3.11", Step::Beside),
        ("r", "99999999999999999999999", "1", Step::Beside),
    ];
    for (language, a, b, expected) in cases {
        assert_eq!(step(language, a, b), expected, "{language}: {a} → {b}");
    }
}

/// `sort -V` orders R's versions as R does: numbers between dots and dashes.
#[test]
fn r_s_order_is_that_of_sort() {
    let versions = ["1.2-3", "1.2-10", "1.10-1", "0.9.8", "2.0", "1.2.4", "7.3-60", "7.3-60.0.1", "7.3-65"];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("v"), versions.map(|v| v.replace('-', ".")).join("\n") + "\n").unwrap();
    let sorted = crate::support::says("sort", &["-V", "v"], folder.path());
    let mut ours = versions;
    ours.sort_by(|a, b| match step("r", a, b) {
        Step::Up(_) => Ordering::Less,
        Step::Down(_) => Ordering::Greater,
        Step::Beside => Ordering::Equal,
    });
    assert_eq!(ours.map(|v| v.replace('-', ".")).join("\n") + "\n", sorted);
}

#[test]
fn words_of_a_command() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let found = compare_words(
        &words("python train.py --lr 0.1 --epochs 5"),
        &words("python train.py --lr 0.2 --epochs 5 --fast"),
    );
    let found: Vec<(Sign, String)> = found.into_iter().map(|(sign, words)| (sign, words.join(" "))).collect();
    let expected = [
        (Sign::Same, "python train.py --lr"),
        (Sign::Removed, "0.1"),
        (Sign::Added, "0.2"),
        (Sign::Same, "--epochs 5"),
        (Sign::Added, "--fast"),
    ];
    assert_eq!(found, expected.map(|(sign, words)| (sign, words.to_owned())));
}
