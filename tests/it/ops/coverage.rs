//! Sets that grew or shrank: how much of them both models must have answered.

use mlrun::format::certificate::Verdict;
use mlrun::ops::recheck::{RecheckOptions, recheck};
use mlrun::progress::Silent;

use super::gate::{Gate, result, said};

const CONFIG: &str =
    "[model.fraud.predictions.test]\npath = \"p.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1\n";

fn predictions(rows: std::ops::Range<u64>, turn: u64) -> Vec<(&'static str, String)> {
    let row = |text: String, row: u64| format!("{text}{row},{},0.{}\n", row % 2, (row * 37) % turn + 10);
    vec![("p.csv", rows.fold("id,y,p\n".to_owned(), row))]
}

#[test]
fn a_policy_says_how_many_rows_must_be_in_both() {
    let mut gate = Gate::new(CONFIG, &predictions(0..200, 89));
    gate.version(&predictions(4..198, 83));
    let rule = "[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\nmargin = 0.9\n";
    let mut with = |coverage: &str| {
        gate.policy(&format!("{coverage}{rule}"));
        gate.certify().statement.predicate
    };
    let strict = with("");
    assert_eq!(strict.verdict, Verdict::Inconclusive);
    let open = strict.results.iter().find(|result| result.rule == "r").unwrap();
    assert_eq!(said(open), "INCONCLUSIVE: only 194 of 200 rows of `test` are in both models' predictions");
    // Who writes the default down has the same rules.
    assert_eq!(with("[evidence]\nmin_coverage = 1.0\n").policy_sha256, strict.policy_sha256);
    let near = with("[evidence]\nmin_coverage = 0.97\n");
    let judged = near.results.iter().find(|result| result.rule == "r").unwrap();
    assert_eq!((near.verdict, judged.n), (Verdict::Pass, 194));
    let join = &near.joins[0];
    assert_eq!((join.matched, join.only_candidate, join.only_baseline), (194, 0, 6));
    let said = "194 of 200 rows of `test` are in both models' predictions (97 %); 0 only in the candidate's and 6 only in the baseline's are judged by no rule";
    assert!(near.remarks.contains(&said.to_owned()), "{:?}", near.remarks);
    assert_eq!(near.policy.min_coverage, Some(0.97));
    // It comes out again by the rules it was made by, and by itself.
    let folder = gate.repo.path();
    let options = RecheckOptions { certificate: "v2".to_owned(), folder, ..RecheckOptions::default() };
    let again = recheck(Some(&gate.repo.open()), &options, &Silent).unwrap();
    assert_eq!(again.level(), Some(3), "{again:#?}");
    gate.policy(&format!("[evidence]\nmin_coverage = 0.98\n{rule}"));
    assert_eq!(result(&gate.certify()).verdict, Verdict::Inconclusive);
    for wrong in ["0", "1.5", "nan"] {
        gate.policy(&format!("[evidence]\nmin_coverage = {wrong}\n{rule}"));
        let error = gate.try_certify().unwrap_err();
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        assert!(cause.contains("`min_coverage` is"), "{cause}");
    }
}
