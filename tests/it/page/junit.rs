//! The report for a CI system.

use mlrun::format::certificate::{HoldoutUseRecord, RetiredRecord, Verdict};
use mlrun::name::{SetName, Version};
use mlrun::page::junit::certificate;

use super::xml::{Element, elements};
use super::{context, follows, hostile, many, mixed};

fn names(found: &[Element]) -> Vec<&str> {
    found.iter().map(|element| element.name.as_str()).collect()
}

/// All elements but the properties of the suite.
fn cases(text: &str) -> Vec<Element> {
    elements(text).into_iter().filter(|element| !element.name.starts_with("propert")).collect()
}

#[test]
fn the_suite_says_what_it_is_about() {
    let found = elements(&certificate(&mixed(), &context()));
    let properties = found.iter().filter(|element| element.name == "property");
    let said: Vec<_> = properties.map(|p| (p.attributes["name"].as_str(), p.attributes["value"].as_str())).collect();
    let expected = [
        ("verdict", "FAIL"),
        ("candidate", "fraud@v8"),
        ("baseline", "fraud@v7"),
        ("stage", "production"),
        ("certificate", "3fa9c2d41b7e"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn one_case_for_each_rule() {
    let found = cases(&certificate(&mixed(), &context()));
    assert_eq!(
        names(&found),
        ["testsuites", "testsuite", "testcase", "testcase", "error", "testcase", "failure", "testcase", "skipped"]
    );
    let suite = &found[1].attributes;
    assert_eq!(suite["name"], "fraud@v8");
    assert_eq!(["tests", "failures", "errors", "skipped"].map(|key| suite[key].as_str()), ["4", "1", "1", "1"]);
    assert_eq!(found[2].attributes["classname"], "fraud");
    assert_eq!(found[2].attributes["name"], "ok");
    assert!(found[4].attributes["message"].starts_with("INCONCLUSIVE: the limit is unset"));
    assert_eq!(found[6].attributes["type"], "FAIL");
    assert!(found[8].attributes["message"].starts_with("FAIL: 0.91"), "{:?}", found[8]);
    assert!(found[2..].iter().all(|element| element.depth == 2 + usize::from(element.name != "testcase")));
}

#[test]
fn foreign_words_stay_words() {
    let words = "a \"b\" 'c' <d> & ]]> \u{0}\u{b}\u{1b}[31m\u{fffe}\u{202e} é 🦀";
    let found = cases(&certificate(&hostile(words), &context()));
    let expected = "a \"b\" 'c' <d> & ]]> \u{fffd}\u{fffd}\u{fffd}[31m\u{fffd}\u{fffd} é 🦀";
    assert_eq!(found[2].attributes["name"], format!("r [country={expected}]"));
    assert_eq!(found[3].attributes["message"], format!("FAIL: {expected}"));
}

/// CI systems look at the cases only: a certificate that is not good must not look green.
#[test]
fn a_bad_certificate_without_a_bad_rule_is_red() {
    let mut statement = mixed();
    statement.predicate.results.truncate(1);
    statement.predicate.verdict = Verdict::Inconclusive;
    statement.predicate.remarks = vec!["nothing to compare with".to_owned()];
    let found = cases(&certificate(&statement, &context()));
    assert_eq!(names(&found)[2..], ["testcase", "testcase", "error"]);
    assert_eq!(found[3].attributes["name"], "(certificate)");
    assert_eq!(found[4].attributes["message"], "INCONCLUSIVE: nothing to compare with");
    statement.predicate.verdict = Verdict::Pass;
    assert_eq!(cases(&certificate(&statement, &context())).len(), 3);
    statement.predicate.results[0].verdict = Verdict::NotApplicable;
    statement.predicate.verdict = Verdict::Inconclusive;
    let found = cases(&certificate(&statement, &context()));
    assert_eq!(names(&found)[2..], ["testcase", "skipped", "testcase", "error"]);
}

/// Jenkins' own schema; and that of others, who take one list of properties in a suite, before all else.
#[test]
fn it_is_what_jenkins_takes() {
    let script = "import sys\nfrom lxml import etree\n\
                  etree.XMLSchema(etree.parse(sys.argv[1])).assertValid(etree.fromstring(sys.stdin.buffer.read()))";
    let says = |text: &str| follows("lxml.etree", script, "junit-10.xsd", text);
    for statement in [mixed(), hostile("a <b> & \u{1b}"), many(300)] {
        let text = certificate(&statement, &context());
        assert_ne!(says(&text), Some(false), "{text}");
        for wrong in [
            text.replace("testcase", "case"),
            text.replacen(" tests=", " number=", 2),
            text.replace("<property name", "<property nom"),
        ] {
            assert_ne!(says(&wrong), Some(true), "{wrong}");
        }
        let found = elements(&text);
        assert_eq!(found.iter().filter(|element| element.name == "properties").count(), 1);
        assert_eq!((found[2].name.as_str(), found[2].depth), ("properties", 2));
    }
}

/// The schemas in use know one block of properties in a suite, before its cases.
#[test]
fn a_suite_has_one_block_of_properties() {
    let mut statement = mixed();
    let sha256 = mlrun::digest::Digest::of(b"test");
    let of = |set: &str| HoldoutUseRecord { set: SetName::new(set).unwrap(), sha256, ordinal: 3, max_uses: 20 };
    statement.predicate.holdout = vec![of("test"), of("live")];
    statement.predicate.baseline.retired = Some(RetiredRecord {
        version: Version(6),
        snapshot: statement.predicate.candidate,
        event: statement.predicate.baseline.event.unwrap(),
        reason: "broken".to_owned(),
    });
    let found = elements(&certificate(&statement, &context()));
    let of_suite: Vec<&str> = found.iter().filter(|e| e.depth == 2).map(|e| e.name.as_str()).collect();
    assert_eq!(of_suite, ["properties", "testcase", "testcase", "testcase", "testcase"]);
    let named: Vec<&str> =
        found.iter().filter(|e| e.name == "property").map(|e| e.attributes["name"].as_str()).collect();
    for name in ["candidates judged by test", "candidates judged by live", "retired"] {
        assert!(named.contains(&name), "{named:?}");
    }
}
