//! SARIF 2.1.0: what is not PASS as results of a scan, each at the line of its rule in the policy file.
//!
//! | verdict | of a blocking rule | of a warning |
//! |---|---|---|
//! | FAIL | `error` | `warning` |
//! | INCONCLUSIVE | `error` | `note` |
//! | WAIVED | `note`, suppressed | `note`, suppressed |
//!
//! PASS and NOT_APPLICABLE are no findings: code scanning would list them as such. They are counted. Where no rule shows why
//! the certificate as a whole is not good, one more result does, and one more where it promotes nothing whatever it says.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. GitHub takes 5,000 results: the gravest are kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Context;
use super::escape::plain;
use crate::digest::Digest;
use crate::format::certificate::{CertificateRecord, ResultRecord, StatementRecord, Verdict};
use crate::format::policy::{Against, DemandRecord, MeasureRecord, Over, RuleRecord, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Results that GitHub takes.
const MOST_RESULTS: usize = 5000;
/// The rule of a certificate as a whole.
const WHOLE: &str = "certificate";
/// Where the configuration of a project is, where the rules came from no file of it.
const ELSEWHERE: &str = "mlrun.toml";

/// The certificate as a log of one run.
pub fn certificate(statement: &StatementRecord, context: &Context) -> String {
    let predicate = &statement.predicate;
    let rules = &predicate.policy.rules;
    let places: BTreeMap<&str, usize> = rules.iter().zip(0..).map(|(rule, at)| (rule.id.as_str(), at)).collect();
    let mut findings: Vec<&ResultRecord> =
        predicate.results.iter().filter(|r| !matches!(r.verdict, Verdict::Pass | Verdict::NotApplicable)).collect();
    findings.sort_by_key(|result| (result.severity == Severity::Warn, result.verdict));
    let left_out = findings.len().saturating_sub(MOST_RESULTS);
    findings.truncate(MOST_RESULTS);
    let mut results: Vec<Value> = findings.iter().map(|result| finding(result, &places, context)).collect();
    let shown = findings.iter().any(|r| r.severity == Severity::Block);
    if !shown && matches!(predicate.verdict, Verdict::Fail | Verdict::Inconclusive) {
        results.push(whole(&because(predicate), None, rules.len(), context));
    }
    if let Some(why) = &context.not_certified {
        results.push(whole(&format!("not certified: {}", plain(why)), Some("not certified"), rules.len(), context));
    }
    let mut descriptors: Vec<Value> = rules.iter().map(descriptor).collect();
    descriptors.push(json!({
        "id": WHOLE,
        "shortDescription": { "text": "What all rules say together" },
        "defaultConfiguration": { "level": "error" },
    }));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": predicate.tool.name,
                "version": predicate.tool.version,
                "rules": descriptors,
            } },
            "automationDetails": { "id": format!("mlrun/certify/{}/", predicate.model) },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "verdict": predicate.verdict.name(),
                "candidate": plain(&context.candidate),
                "baseline": context.baseline.as_deref().map(plain),
                "stage": predicate.baseline.stage.as_str(),
                "firstRelease": predicate.baseline.first_release.as_deref().map(plain),
                "notCertified": context.not_certified.as_deref().map(plain),
                "certificate": context.certificate,
                "expires": context.expires,
                "policySha256": predicate.policy_sha256.to_string(),
                "passed": predicate.results.iter().filter(|r| r.verdict == Verdict::Pass).count(),
                "leftOut": left_out,
                "remarks": predicate.remarks.iter().map(|remark| plain(remark)).collect::<Vec<_>>(),
            },
        }],
    });
    format!("{log:#}\n")
}

fn descriptor(rule: &RuleRecord) -> Value {
    let than = match rule.against {
        Some(Against::Constant) => "a model that says the same of every row",
        None => "the baseline",
    };
    let asked = match rule.demand {
        DemandRecord::NonInferior { margin } => format!("at most {margin} worse than {than}, shown"),
        DemandRecord::Superior { gain } => format!("more than {gain} better than {than}, shown"),
        DemandRecord::NotWorseDetected { margin } => format!("not shown to be more than {margin} worse"),
        DemandRecord::Min { limit, .. } => format!("at least {}", limit_of(limit)),
        DemandRecord::Max { limit, .. } => format!("at most {}", limit_of(limit)),
        DemandRecord::MaxDrop { limit } => format!("at most {limit} worse than the baseline"),
        DemandRecord::MaxRatio { limit } => format!("at most {limit} times the baseline's"),
        DemandRecord::MinRatio { limit } if rule.is_comparison() => format!("at least {limit} times the baseline's"),
        DemandRecord::MinRatio { limit }
            if matches!(&rule.measure, MeasureRecord::Metric { over: Some(Over::Gap { .. }), .. }) =>
        {
            format!("the smallest at least {limit} times the largest")
        }
        DemandRecord::MinRatio { limit } => format!("at least {limit} times the value on all rows"),
        DemandRecord::NonInferiorRelative { margin_rel } => {
            format!("at most {margin_rel} times the baseline's value worse, shown")
        }
    };
    json!({
        "id": rule.id,
        "shortDescription": { "text": format!("{}: {asked}", rule.id) },
        "defaultConfiguration": { "level": if rule.severity == Severity::Block { "error" } else { "warning" } },
    })
}

fn limit_of(limit: Option<f64>) -> String {
    limit.map_or_else(|| "a limit that is unset".to_owned(), |limit| limit.to_string())
}

fn finding(result: &ResultRecord, places: &BTreeMap<&str, usize>, context: &Context) -> Value {
    let level = match (result.verdict, result.severity) {
        (Verdict::Fail | Verdict::Inconclusive, Severity::Block) => "error",
        (Verdict::Fail, Severity::Warn) => "warning",
        _ => "note",
    };
    let slice = result.slice.as_deref().map(|slice| format!(" [{}]", plain(slice))).unwrap_or_default();
    let reason = plain(result.reason.as_deref().unwrap_or("no reason was recorded"));
    let mut found = json!({
        "ruleId": result.rule,
        "level": level,
        // Any other kind must have no level, which is what code scanning sorts by.
        "kind": "fail",
        "message": { "text": format!("{}: {}{slice}: {reason}", result.verdict.name(), result.rule) },
        "locations": [location(&result.rule, context)],
        "partialFingerprints": { "mlrunRuleAndSlice/v1": fingerprint(&result.rule, result.slice.as_deref()) },
        "properties": {
            "verdict": result.verdict.name(),
            "metric": plain(&result.metric),
            "set": result.set.as_ref().map(ToString::to_string),
            "slice": result.slice.as_deref().map(plain),
            "n": result.n,
            "candidate": result.candidate,
            "baseline": result.baseline,
            "delta": result.delta,
            "lower": result.lower,
            "upper": result.upper,
            "margin": result.margin,
            "method": result.method,
            "rowsNeeded": result.rows_needed,
        },
    });
    if let Some(at) = places.get(result.rule.as_str()) {
        found["ruleIndex"] = json!(at);
    }
    if result.verdict == Verdict::Waived {
        found["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
    }
    found
}

/// Why a certificate is not good where no rule shows it.
fn because(predicate: &CertificateRecord) -> String {
    let remarks = predicate.remarks.iter().map(|remark| plain(remark)).collect::<Vec<_>>().join("; ");
    let reason = if remarks.is_empty() { "no blocking rule decided".to_owned() } else { remarks };
    format!("{}: {reason}", predicate.verdict.name())
}

/// A finding about the certificate as a whole.
fn whole(text: &str, about: Option<&str>, place: usize, context: &Context) -> Value {
    json!({
        "ruleId": WHOLE,
        "ruleIndex": place,
        "level": "error",
        "kind": "fail",
        "message": { "text": text },
        "locations": [location(WHOLE, context)],
        "partialFingerprints": { "mlrunRuleAndSlice/v1": fingerprint(WHOLE, about) },
    })
}

fn location(rule: &str, context: &Context) -> Value {
    let uri = context.policy.as_deref().map_or_else(|| ELSEWHERE.to_owned(), uri);
    let line = context.lines.get(rule).copied().unwrap_or(1);
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": line } } })
}

/// The same finding in two runs has the same one, whatever its numbers.
fn fingerprint(rule: &str, slice: Option<&str>) -> String {
    Digest::of(format!("{rule}\0{}", slice.unwrap_or_default()).as_bytes()).to_string()
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
