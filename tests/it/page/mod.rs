//! Certificates as pages.

mod case;
mod chart;
mod junit;
mod markdown;
mod report;
mod sarif;
mod xml;

use std::process::{Command, Stdio};

use mlrun::format::certificate::{StatementRecord, Verdict};
use mlrun::format::policy::Severity;
use mlrun::page::Context;

use crate::certify::scene::{Scene, outcomes, stacked};

/// Whether a Python script that reads a schema of `tests/all.sh` finds that a document follows it; none where it is not here.
fn follows(modules: &str, script: &str, schema: &str, document: &str) -> Option<bool> {
    let python = crate::support::python_with(modules)?;
    let Some(schema) = crate::support::test_venv(&format!("schemas/{schema}")) else {
        crate::support::lacking(&format!("no {schema} here"));
        return None;
    };
    let mut command = Command::new(python);
    command.args(["-c", script]).arg(schema).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), document.as_bytes()).unwrap();
    Some(child.wait().unwrap().success())
}

/// A certificate with a pass, a failure, an open question and a warning.
fn mixed() -> StatementRecord {
    let text = "
[[rule]]
id = \"ok\"
metric = \"accuracy\"
margin = 0.05
[[rule]]
id = \"floor\"
metric = \"accuracy\"
min = \"unset\"
[[rule]]
id = \"better\"
metric = \"accuracy\"
prove = \"superior\"
gain = 0.1
[[rule]]
id = \"hint\"
metric = \"accuracy\"
min = 0.99
severity = \"warn\"
";
    Scene::on(outcomes(900, 25, 10, 65), text).judge()
}

/// A certificate whose every word is hostile.
fn hostile(words: &str) -> StatementRecord {
    let rows = stacked(vec![(words, outcomes(200, 90, 0, 10))]);
    let mut statement =
        Scene::on(rows, "[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\neach = [\"country\"]\nmargin = 0.01").judge();
    let result = &mut statement.predicate.results[0];
    result.metric = words.to_owned();
    result.reason = Some(words.to_owned());
    statement.predicate.remarks = vec![words.to_owned()];
    statement
}

/// Many results, of which the last few failed.
fn many(count: usize) -> StatementRecord {
    let mut statement = mixed();
    let results = &mut statement.predicate.results;
    let pass = results[0].clone();
    results.clear();
    for at in 0..count {
        let mut result = pass.clone();
        result.slice = Some(format!("country={at:05}"));
        if at + 3 >= count {
            result.verdict = Verdict::Fail;
            result.reason = Some("worse".to_owned());
        } else if at % 2 == 0 {
            result.severity = Severity::Warn;
        }
        results.push(result);
    }
    statement
}

fn context() -> Context {
    Context {
        candidate: "fraud@v8".to_owned(),
        baseline: Some("fraud@v7".to_owned()),
        certificate: Some("3fa9c2d41b7e".to_owned()),
        expires: None,
        policy: Some("policy/fraud eu.toml".to_owned()),
        lines: [("floor".to_owned(), 12)].into(),
        ..Context::default()
    }
}
