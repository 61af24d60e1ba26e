//! Versions and environment markers, beside the library that pip reads them with.

use std::process::Command;

use mlrun::capture::python::marker::{MarkerEnvironment, Truth};
use mlrun::capture::python::version::is_wanted;
use tempfile::TempDir;

const VERSIONS: [&str; 34] = [
    "1",
    "1.0",
    "1.0.0",
    "1.0.1",
    "v1.0",
    "1!0.5",
    "1.0a1",
    "1.0.alpha.1",
    "1.0-beta2",
    "1.0b2",
    "1.0c1",
    "1.0rc1",
    "1.0-preview1",
    "1.0.dev3",
    "1.0a1.dev2",
    "1.0.post1",
    "1.0-1",
    "1.0-r4",
    "1.0.post1.dev2",
    "1.0+cu118",
    "1.0+CU_118",
    "1.0+cpu",
    "2.1.0",
    "2.1",
    "2.1.0+cu121",
    "2024.1.15",
    "0.0",
    "0",
    "1.10",
    "1.9",
    "1.0rc",
    "1.0post",
    "1.0dev",
    "01.002",
];

const MARKERS: [&str; 40] = [
    "python_version >= '3.8'",
    "python_version < \"3.10\"",
    "'3.11' <= python_version",
    "python_version == '3.11'",
    "python_version == '3.11.*'",
    "python_version != '3.1*'",
    "python_full_version >= '3.11.4'",
    "python_full_version < '3.11.4'",
    "python_full_version == '3.11.*'",
    "python_full_version != '3.12.*'",
    "python_version ~= '3.10'",
    "python_full_version ~= '3.11.1'",
    "python_full_version ~= '3.12.0'",
    "python_version in '3.10 3.11 3.12'",
    "python_version not in '3.10, 3.12'",
    "sys_platform == 'win32'",
    "sys_platform == 'linux'",
    "sys_platform != 'win32'",
    "'linux' in sys_platform",
    "sys_platform in 'linux darwin'",
    "sys_platform not in 'linux darwin'",
    "platform_system == 'Windows'",
    "platform_system == \"Linux\"",
    "platform_machine == 'x86_64'",
    "platform_machine == 'aarch64' or platform_machine == 'arm64'",
    "platform_machine != 'arm64' and sys_platform == 'darwin'",
    "os_name == 'nt'",
    "os_name == 'posix'",
    "implementation_name == 'cpython'",
    "implementation_name == 'pypy'",
    "platform_python_implementation != 'PyPy'",
    "platform_python_implementation == 'CPython' and python_version >= '3.9'",
    "(python_version < '3' or sys_platform == 'linux') and os_name == 'posix'",
    "python_version < '3' or sys_platform == 'linux' and os_name == 'nt'",
    "((python_version >= '3'))",
    "python_version > '3.9' and python_version < '3.14' or sys_platform == 'win32'",
    "python_version=='3.11'and os_name=='posix'",
    "platform_machine in 'x86_64 amd64 AMD64'",
    "platform_system != 'Darwin' and platform_system != 'Windows'",
    "python_version >= '3.7' and (sys_platform != 'win32' or platform_machine == 'AMD64')",
];

/// Python's own answers, by the library that is inside of pip.
const ASK: &str = r#"
import itertools, json, sys
from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.specifiers import SpecifierSet
asked = json.load(sys.stdin)
def holds(marker, environment):
    try:
        return Marker(marker).evaluate(environment)
    except Exception as error:
        return None
def admits(wanted, installed):
    return SpecifierSet("==" + wanted).contains(installed, prereleases=True)
print(json.dumps({
    "markers": [[holds(m, e) for e in asked["environments"]] for m in asked["markers"]],
    "versions": [admits(a, b) for a, b in itertools.product(asked["versions"], repeat=2)],
}))
"#;

#[test]
fn markers_and_versions_are_those_of_pip() {
    let place = TempDir::new().unwrap();
    let venv = place.path().join("venv");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
    assert!(made.is_ok_and(|made| made.status.success()), "this test needs python3 with venv on PATH");
    let places = [
        ("linux", "x86_64", "3.11.2", "CPython"),
        ("linux", "aarch64", "3.11.9", "PyPy"),
        ("macos", "aarch64", "3.12.1", "CPython"),
        ("windows", "x86_64", "3.9.13", "CPython"),
    ];
    let machine = |system: &str, architecture: &str| match (system, architecture) {
        ("macos", "aarch64") => "arm64".to_owned(),
        ("windows", "x86_64") => "AMD64".to_owned(),
        (_, other) => other.to_owned(),
    };
    let environments: Vec<_> = places
        .iter()
        .map(|(system, architecture, python, implementation)| {
            let (os, sys, name) = match *system {
                "linux" => ("posix", "linux", "Linux"),
                "macos" => ("posix", "darwin", "Darwin"),
                _ => ("nt", "win32", "Windows"),
            };
            serde_json::json!({
                "os_name": os, "sys_platform": sys, "platform_system": name,
                "platform_machine": machine(system, architecture), "python_full_version": python,
                "python_version": python.rsplit_once('.').unwrap().0, "implementation_name": implementation.to_lowercase(),
                "platform_python_implementation": implementation, "extra": "",
            })
        })
        .collect();
    let asked = serde_json::json!({ "environments": environments, "markers": MARKERS[..], "versions": VERSIONS[..] });
    let file = place.path().join("asked.json");
    std::fs::write(&file, asked.to_string()).unwrap();
    let output = Command::new(venv.join(if cfg!(windows) { "Scripts/python" } else { "bin/python" }))
        .args(["-c", ASK])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    let mut told = 0;
    for (marker, answers) in MARKERS.iter().zip(answers["markers"].as_array().unwrap()) {
        for ((system, architecture, python, implementation), answer) in places.iter().zip(answers.as_array().unwrap()) {
            let here = MarkerEnvironment {
                python: Some((*python).to_owned()),
                implementation: Some(implementation),
                system,
                architecture,
            };
            // What pip refuses to judge, nothing is said about here either.
            let expected = answer.as_bool().map_or(Truth::Unknown, Truth::from);
            let found = here.holds(marker);
            assert!(found == expected || found == Truth::Unknown, "{marker} in {here:?}: {found:?}, pip says {answer}");
            told += usize::from(found != Truth::Unknown);
        }
    }
    assert!(told >= 4 * MARKERS.len() - 8, "only {told} were judged");
    let mut answers = answers["versions"].as_array().unwrap().iter();
    for wanted in VERSIONS {
        for installed in VERSIONS {
            let expected = answers.next().unwrap().as_bool().unwrap();
            assert_eq!(is_wanted(wanted, installed), expected, "=={wanted}, {installed} is installed");
        }
    }
}

#[test]
fn what_is_not_known_is_said_to_be_so() {
    let here = MarkerEnvironment {
        python: Some("3.11".to_owned()),
        implementation: Some("CPython"),
        system: "linux",
        architecture: "x86_64",
    };
    for marker in [
        "extra == 'plot'",
        "'dev' in dependency_groups",
        "platform_release >= '6'",
        "platform_version == '1'",
        "python_full_version < '3.11.4'",
        "sys_platform == 'linux' and extra == 'x'",
        "sys_platform",
        "sys_platform ==",
        "sys_platform == 'linux",
        "(sys_platform == 'linux'",
        "sys_platform == 'linux' os_name == 'posix'",
        "",
        "\u{e9} == 'x'",
        "'a' not 'b'",
    ] {
        assert_eq!(here.holds(marker), Truth::Unknown, "{marker}");
    }
    // What is not known does not matter where the rest decides.
    assert_eq!(here.holds("sys_platform == 'win32' and extra == 'x'"), Truth::False);
    assert_eq!(here.holds("sys_platform == 'linux' or extra == 'x'"), Truth::True);
    assert_eq!(MarkerEnvironment::default().holds("python_version >= '3'"), Truth::Unknown);
    for nested in [10, 60, 70, 10_000] {
        let marker = "(".repeat(nested) + "os_name == 'posix'" + &")".repeat(nested);
        assert_eq!(here.holds(&marker), if nested <= 64 { Truth::True } else { Truth::Unknown }, "{nested}");
    }
    assert!(is_wanted("not a version", "not a version") && !is_wanted("not a version", "1.0"));
}
