//! JUnit XML: one test case for each result of a rule.
//!
//! | verdict | of a blocking rule | of a warning |
//! |---|---|---|
//! | PASS | passed | passed |
//! | FAIL | `failure` | `skipped` |
//! | INCONCLUSIVE | `error` | `skipped` |
//! | WAIVED, NOT_APPLICABLE | `skipped` | `skipped` |
//!
//! A suite has one block of properties, before its cases: the schemas in use know no second one.
//! CI systems look at the cases only: where none shows why the certificate as a whole is not good, one more case does, and one
//! more where it promotes nothing whatever it says.

use std::fmt::{self, Write as _};

use super::Context;
use super::escape::xml;
use crate::format::certificate::{HoldoutUseRecord, ResultRecord, StatementRecord, Verdict};
use crate::format::policy::Severity;

/// The certificate as a JUnit report.
pub fn certificate(statement: &StatementRecord, context: &Context) -> String {
    let mut cases = Cases::default();
    let predicate = &statement.predicate;
    for result in &predicate.results {
        cases.result(predicate.model.as_str(), result);
    }
    if cases.failures == 0 && predicate.verdict == Verdict::Fail {
        cases.whole(predicate.model.as_str(), Kind::Failure, &predicate.remarks);
    } else if cases.failures + cases.errors == 0 && predicate.verdict == Verdict::Inconclusive {
        cases.whole(predicate.model.as_str(), Kind::Error, &predicate.remarks);
    }
    if let Some(why) = &context.not_certified {
        cases.not_certified(predicate.model.as_str(), predicate.verdict, why);
    }
    cases.document(&context.candidate, &properties(statement, context))
}

/// What the certificate is about.
fn properties(statement: &StatementRecord, context: &Context) -> String {
    let predicate = &statement.predicate;
    let retired = predicate.baseline.retired.as_ref().map(|retired| format!("{}@{}", predicate.model, retired.version));
    let known = [
        ("verdict", Some(predicate.verdict.name())),
        ("candidate", Some(context.candidate.as_str())),
        ("baseline", context.baseline.as_deref()),
        ("stage", Some(predicate.baseline.stage.as_str())),
        ("first_release", predicate.baseline.first_release.as_deref()),
        ("retired", retired.as_deref()),
        ("not_certified", context.not_certified.as_deref()),
        ("certificate", context.certificate.as_deref()),
        ("expires", context.expires.as_deref()),
    ];
    let line = |(name, value): (&str, Option<&str>)| {
        Some(format!("      <property name=\"{}\" value=\"{}\"/>\n", xml(name), xml(value?)))
    };
    let replaced = predicate.replaced.iter().map(|one| (format!("`{}` of the {}", one.set, one.role), one.how()));
    let replaced: Vec<(String, String)> = replaced.collect();
    let replaced = replaced.iter().map(|(name, how)| (name.as_str(), Some(how.as_str())));
    let mut lines: String = known.into_iter().chain(replaced).filter_map(line).collect();
    lines.extend(predicate.holdout.iter().map(uses));
    format!("    <properties>\n{lines}    </properties>\n")
}

/// How many candidates an evaluation set had judged, with this one.
fn uses(one: &HoldoutUseRecord) -> String {
    let (name, value) = (xml(one.set.as_str()), one.ordinal);
    format!("      <property name=\"candidates judged by {name}\" value=\"{value}\"/>\n")
}

#[derive(Clone, Copy)]
enum Kind {
    Failure,
    Error,
    Skipped,
}

impl Kind {
    const fn element(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Default)]
struct Cases {
    text: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Cases {
    fn result(&mut self, model: &str, result: &ResultRecord) {
        let kind = match (result.verdict, result.severity) {
            (Verdict::Pass, _) => None,
            (Verdict::Fail, Severity::Block) => Some(Kind::Failure),
            (Verdict::Inconclusive, Severity::Block) => Some(Kind::Error),
            _ => Some(Kind::Skipped),
        };
        let name = match &result.slice {
            Some(slice) => format!("{} [{slice}]", result.rule),
            None => result.rule.clone(),
        };
        let reason = result.reason.as_deref().unwrap_or_default();
        let message = format!("{}: {reason}", result.verdict.name());
        self.case(model, &name, kind, result.verdict, &message);
    }

    fn whole(&mut self, model: &str, kind: Kind, remarks: &[String]) {
        let verdict = if matches!(kind, Kind::Failure) { Verdict::Fail } else { Verdict::Inconclusive };
        let reason = if remarks.is_empty() { "no blocking rule decided".to_owned() } else { remarks.join("; ") };
        self.case(model, "(certificate)", Some(kind), verdict, &format!("{}: {reason}", verdict.name()));
    }

    /// Apart from `(certificate)`: both may be there.
    fn not_certified(&mut self, model: &str, verdict: Verdict, why: &str) {
        let message = format!("not certified: {why}");
        self.case(model, "(not certified)", Some(Kind::Error), verdict, &message);
    }

    fn case(&mut self, model: &str, name: &str, kind: Option<Kind>, verdict: Verdict, message: &str) {
        self.tests += 1;
        let (model, name) = (xml(model), xml(name));
        let Some(kind) = kind else {
            push(&mut self.text, format_args!("    <testcase classname=\"{model}\" name=\"{name}\"/>\n"));
            return;
        };
        match kind {
            Kind::Failure => self.failures += 1,
            Kind::Error => self.errors += 1,
            Kind::Skipped => self.skipped += 1,
        }
        // `skipped` has no type in the schemas in use.
        let kind_attribute =
            if matches!(kind, Kind::Skipped) { String::new() } else { format!(" type=\"{}\"", verdict.name()) };
        let (element, message) = (kind.element(), xml(message));
        push(
            &mut self.text,
            format_args!(
                "    <testcase classname=\"{model}\" name=\"{name}\">\n      \
                 <{element} message=\"{message}\"{kind_attribute}/>\n    </testcase>\n"
            ),
        );
    }

    fn document(&self, candidate: &str, properties: &str) -> String {
        let Self { text, tests, failures, errors, skipped } = self;
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
        // `testsuites` knows no `skipped`.
        let totals = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"certify\" {totals}>\n  \
             <testsuite name=\"{}\" {counts}>\n{properties}{text}  </testsuite>\n</testsuites>\n",
            xml(candidate)
        )
    }
}

fn push(text: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = text.write_fmt(line);
}
