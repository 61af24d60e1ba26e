//! What Great Expectations, Soda and pandera wrote, as checks and their outcomes. The files come from outside and are no records
//! of ours: whatever is not understood is not passed.

use serde_json::{Map, Value};

use super::FormatError;

/// Checks of one report.
const MOST: usize = 100_000;

/// What another tool found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The tool.
    pub tool: String,
    /// Its checks, in its order.
    pub checks: Vec<ReportedCheck>,
    /// What kept it from checking everything.
    pub errors: Vec<String>,
    /// Whether it lists what passed, too.
    pub is_complete: bool,
}

/// One check of another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedCheck {
    /// What it is called.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
}

/// How a check of another tool came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// The tool warns.
    Warned,
    /// It failed.
    Failed,
    /// It was not made.
    NotEvaluated,
}

/// The report in these bytes.
///
/// # Errors
/// What is no json, no report of a known tool, or has more than 100,000 checks.
pub fn parse(bytes: &[u8]) -> Result<Report, FormatError> {
    let malformed = |reason: String| FormatError::Malformed { kind: "report", reason };
    let value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    let unknown = || malformed("it is none of Great Expectations, Soda or pandera".to_owned());
    let report = match &value {
        Value::Object(object) => {
            expectations(object).or_else(|| soda(object)).or_else(|| schema_errors(object)).ok_or_else(unknown)?
        }
        Value::Array(cases) => failure_cases(cases).ok_or_else(unknown)?,
        _ => return Err(unknown()),
    };
    if report.checks.len() > MOST {
        return Err(malformed(format!("it has more than {MOST} checks")));
    }
    Ok(report)
}

/// A validation result, or a checkpoint's: several under `run_results` or `validation_results`.
fn expectations(object: &Map<String, Value>) -> Option<Report> {
    let mut report = Report { tool: "great expectations".to_owned(), is_complete: true, ..Report::default() };
    let validations: Vec<&Value> = match (object.get("run_results"), object.get("validation_results")) {
        (Some(Value::Object(runs)), _) => {
            runs.values().map(|run| run.get("validation_result").unwrap_or(run)).collect()
        }
        (_, Some(Value::Array(all))) => all.iter().collect(),
        _ => return validation(object, &mut report).then_some(report),
    };
    for found in validations {
        if !found.as_object().is_some_and(|object| validation(object, &mut report)) {
            report.errors.push("one of its validations cannot be read".to_owned());
        }
    }
    Some(report)
}

fn validation(object: &Map<String, Value>, report: &mut Report) -> bool {
    let results = object.get("results").or_else(|| object.get("expectations")).and_then(Value::as_array);
    let Some(results) = results.filter(|_| object.contains_key("success")) else { return false };
    let before = report.checks.len();
    for result in results {
        let config = result.get("expectation_config").unwrap_or(result);
        let word = |key: &str| config.get(key).and_then(Value::as_str);
        let name = word("type").or_else(|| word("expectation_type")).unwrap_or("an expectation without a type");
        let outcome = match result.get("success").and_then(Value::as_bool) {
            Some(true) => Outcome::Passed,
            // An expectation that raised was not made.
            Some(false) if result.get("exception_info").is_some_and(raised) => Outcome::NotEvaluated,
            Some(false) if matches!(word("severity"), Some("warning" | "info")) => Outcome::Warned,
            Some(false) => Outcome::Failed,
            None => Outcome::NotEvaluated,
        };
        let arguments = config.get("kwargs").and_then(Value::as_object);
        let of = ["column", "column_A", "column_B", "column_list", "column_set"];
        let of: Vec<String> = of.iter().filter_map(|key| Some(text(arguments?.get(*key)?))).collect();
        let name = if of.is_empty() { name.to_owned() } else { format!("{name}({})", of.join(", ")) };
        report.checks.push(ReportedCheck { name, outcome });
    }
    report.errors.extend(miscounted(object, &report.checks[before..]));
    // All of it failed, and none of its parts: not understood.
    let fine = report.checks[before..].iter().all(|check| check.outcome == Outcome::Passed);
    if fine && object.get("success").and_then(Value::as_bool) != Some(true) {
        report.errors.push("it did not succeed as a whole".to_owned());
    }
    true
}

/// Where the tool's own counts are not those of the checks it lists: the list is not all there was.
fn miscounted(object: &Map<String, Value>, checks: &[ReportedCheck]) -> Option<String> {
    let statistics = object.get("statistics")?;
    let passed = checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
    let listed = [
        ("evaluated_expectations", checks.len(), "checks"),
        ("successful_expectations", passed, "checks that passed"),
        ("unsuccessful_expectations", checks.len() - passed, "checks that did not pass"),
    ];
    listed.into_iter().find_map(|(key, listed, what)| {
        let counted = statistics.get(key).filter(|counted| !counted.is_null())?;
        let agrees = counted.as_u64() == Some(listed as u64);
        (!agrees).then(|| format!("it counts {} {what} and lists {listed}", text(counted)))
    })
}

/// `{"raised_exception": true}`, or one of these for each metric.
fn raised(info: &Value) -> bool {
    let one = |info: &Value| info.get("raised_exception").and_then(Value::as_bool) == Some(true);
    one(info) || info.as_object().is_some_and(|each| each.values().any(one))
}

/// The results of a scan.
fn soda(object: &Map<String, Value>) -> Option<Report> {
    let checks = object.get("checks")?.as_array()?;
    if !object.contains_key("hasErrors") && !object.contains_key("hasFailures") {
        return None;
    }
    let mut report = Report { tool: "soda".to_owned(), is_complete: true, ..Report::default() };
    let automated = object.get("automatedMonitoringChecks").and_then(Value::as_array);
    for check in checks.iter().chain(automated.into_iter().flatten()) {
        let word = |key: &str| check.get(key).and_then(Value::as_str);
        let outcome = match word("outcome") {
            Some("pass") => Outcome::Passed,
            Some("warn") => Outcome::Warned,
            Some("fail") => Outcome::Failed,
            _ => Outcome::NotEvaluated,
        };
        let name = word("name").or_else(|| word("definition")).unwrap_or("a check without a name").to_owned();
        report.checks.push(ReportedCheck { name, outcome });
    }
    if object.get("hasErrors").and_then(Value::as_bool) != Some(false) {
        let first = object.get("logs").and_then(Value::as_array).and_then(|logs| {
            logs.iter().find(|log| {
                log.get("level").and_then(Value::as_str).is_some_and(|level| level.eq_ignore_ascii_case("error"))
            })
        });
        let said = first.and_then(|log| log.get("message")).and_then(Value::as_str);
        let said = said.and_then(|text| text.lines().next()).unwrap_or("the scan had errors");
        report.errors.push(said.to_owned());
    }
    let failed = report.checks.iter().any(|check| check.outcome == Outcome::Failed);
    if !failed && object.get("hasFailures").and_then(Value::as_bool) == Some(true) {
        report.errors.push("the scan had failures that are not among its checks".to_owned());
    }
    Some(report)
}

/// The message of pandera's `SchemaErrors`: failures by scope and reason.
fn schema_errors(object: &Map<String, Value>) -> Option<Report> {
    if object.is_empty() || !object.keys().all(|scope| matches!(scope.as_str(), "SCHEMA" | "DATA")) {
        return None;
    }
    let mut report = Report { tool: "pandera".to_owned(), ..Report::default() };
    for reasons in object.values() {
        for (reason, failures) in reasons.as_object()? {
            for failure in failures.as_array()? {
                let word = |key: &str| failure.get(key).and_then(Value::as_str).unwrap_or("?");
                let name =
                    format!("{}({}): {}", word("check"), word("column"), reason.to_lowercase().replace('_', " "));
                report.checks.push(ReportedCheck { name, outcome: Outcome::Failed });
            }
        }
    }
    Some(report)
}

/// pandera's table of failure cases, as records: a check fails once, however many rows fail it.
fn failure_cases(cases: &[Value]) -> Option<Report> {
    let mut report = Report { tool: "pandera".to_owned(), ..Report::default() };
    for case in cases {
        if !["schema_context", "check", "failure_case"].iter().all(|key| case.get(*key).is_some()) {
            return None;
        }
        let name = format!("{}({})", text(&case["check"]), text(case.get("column").unwrap_or(&Value::Null)));
        if report.checks.last().is_none_or(|last: &ReportedCheck| last.name != name) {
            report.checks.push(ReportedCheck { name, outcome: Outcome::Failed });
        }
    }
    // An empty list may be anything.
    (!cases.is_empty()).then_some(report)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
