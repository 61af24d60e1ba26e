//! The report for code scanning.

use mlrun::format::certificate::Verdict;
use mlrun::page::sarif::certificate;
use serde_json::Value;

use super::{context, follows, hostile, many, mixed};

fn run(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    assert_eq!((log["version"].as_str(), log["runs"].as_array().map(Vec::len)), (Some("2.1.0"), Some(1)));
    log["runs"][0].clone()
}

#[test]
fn what_is_not_good_at_its_line() {
    let run = run(&certificate(&mixed(), &context()));
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "mlrun");
    let rules: Vec<&str> = driver["rules"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(rules, ["ok", "floor", "better", "hint", "certificate"]);
    let results = run["results"].as_array().unwrap();
    let shown: Vec<_> = results.iter().map(|r| (r["ruleId"].as_str().unwrap(), r["level"].as_str().unwrap())).collect();
    // The gravest first; a pass is no finding.
    assert_eq!(shown, [("better", "error"), ("floor", "error"), ("hint", "warning")]);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index], result["ruleId"].as_str().unwrap());
        assert_eq!(result["kind"], "fail", "only a failure may have a level");
    }
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "policy/fraud%20eu.toml");
    assert_eq!(place["region"]["startLine"], 12);
    assert!(results[1]["message"]["text"].as_str().unwrap().starts_with("INCONCLUSIVE: floor: the limit is unset"));
    let about = &run["properties"];
    let said = ["verdict", "candidate", "baseline"].map(|key| about[key].as_str().unwrap());
    assert_eq!((said, about["passed"].as_u64()), (["FAIL", "fraud@v8", "fraud@v7"], Some(1)));
    // The same finding tomorrow, whatever its numbers.
    let prints = |r: &Value| r["partialFingerprints"]["mlrunRuleAndSlice/v1"].as_str().unwrap().to_owned();
    assert_eq!(prints(&results[0]).len(), 64);
    assert_ne!(prints(&results[0]), prints(&results[1]));
}

#[test]
fn a_waiver_is_a_suppression_and_the_whole_is_red() {
    let mut statement = mixed();
    statement.predicate.results.truncate(1);
    statement.predicate.results[0].verdict = Verdict::Waived;
    statement.predicate.results[0].reason = Some("label fix, by Ana".to_owned());
    statement.predicate.verdict = Verdict::Waived;
    let waived = run(&certificate(&statement, &context()));
    assert_eq!(waived["results"][0]["suppressions"][0]["justification"], "label fix, by Ana");
    assert_eq!(waived["results"][0]["level"], "note");
    statement.predicate.results[0].verdict = Verdict::Pass;
    statement.predicate.verdict = Verdict::Inconclusive;
    statement.predicate.remarks = vec!["nothing to compare with".to_owned()];
    let whole = run(&certificate(&statement, &context()));
    assert_eq!(whole["results"][0]["message"]["text"], "INCONCLUSIVE: nothing to compare with");
    assert_eq!(whole["results"][0]["ruleIndex"], 4);
    statement.predicate.verdict = Verdict::Pass;
    assert_eq!(run(&certificate(&statement, &context()))["results"].as_array().map(Vec::len), Some(0));
}

#[test]
fn foreign_words_stay_words_and_the_gravest_are_kept() {
    let text = certificate(&hostile("a\u{1b}[31m\u{0}\u{202e}\n{{{<b>"), &context());
    assert!(!text.contains("\\u001b") && !text.contains("\\u0000") && !text.contains('\u{202e}'), "{text}");
    let mut statement = many(7000);
    for result in &mut statement.predicate.results {
        if result.verdict == Verdict::Pass {
            result.verdict = Verdict::Inconclusive;
        }
    }
    let run = run(&certificate(&statement, &context()));
    let results = run["results"].as_array().unwrap();
    assert_eq!((results.len(), run["properties"]["leftOut"].as_u64()), (5000, Some(2000)));
    assert!(results[0]["message"]["text"].as_str().unwrap().starts_with("FAIL"));
}

/// The standard's own schema.
#[test]
fn it_is_what_the_standard_asks() {
    let script = "import json, sys, jsonschema\n\
                  schema = json.load(open(sys.argv[1]))\n\
                  kind = jsonschema.validators.validator_for(schema)\n\
                  assert kind is jsonschema.Draft4Validator, kind\n\
                  kind.check_schema(schema)\n\
                  kind(schema, format_checker=kind.FORMAT_CHECKER).validate(json.load(sys.stdin))";
    let says = |text: &str| follows("jsonschema", script, "sarif-2.1.0.json", text);
    for statement in [mixed(), hostile("<b>"), many(300)] {
        let text = certificate(&statement, &context());
        assert_ne!(says(&text), Some(false), "{text}");
        // It would say so if it were not.
        for (right, wrong) in
            [("\"2.1.0\"", "\"2.2.0\""), ("\"driver\"", "\"rider\""), ("\"startLine\": ", "\"startLine\": -")]
        {
            assert_ne!(says(&text.replace(right, wrong)), Some(true), "{wrong}");
        }
    }
}
