//! Rules on some rows, and on each value of a column.

use mlrun::certify::CertifyError;
use mlrun::format::certificate::Verdict;

use super::scene::{Scene, close, outcomes, reason, set, slice_column, stacked};

fn rule(text: &str) -> String {
    format!("[[rule]]\nid = \"m\"\nmetric = \"accuracy\"\n{text}\n")
}

fn labels(scene: &Scene) -> Vec<String> {
    scene.verdicts().into_iter().map(|(_, slice, _)| slice.unwrap_or_default()).collect()
}

#[test]
fn every_value_has_its_own_verdict_in_sorted_order() {
    let rows = stacked(vec![
        ("US", outcomes(290, 0, 0, 10)),
        ("DE", outcomes(200, 90, 0, 10)),
        ("FR", outcomes(280, 1, 1, 18)),
    ]);
    let scene = Scene::on(rows, &rule("each = [\"country\"]\nmargin = 0.05"));
    let verdicts: Vec<_> = scene.verdicts().into_iter().map(|(_, slice, verdict)| (slice.unwrap(), verdict)).collect();
    assert_eq!(
        verdicts,
        [
            ("country=DE".to_owned(), Verdict::Fail),
            ("country=FR".to_owned(), Verdict::Pass),
            ("country=US".to_owned(), Verdict::Pass)
        ]
    );
    assert_eq!(scene.judge().predicate.verdict, Verdict::Fail);
}

#[test]
fn small_slices_are_judged_together() {
    let small = |name| (name, outcomes(40, 0, 0, 20));
    let rows = stacked(vec![("DE", outcomes(290, 2, 2, 6)), small("AT"), small("CH"), small("zz")]);
    let scene = Scene::on(rows, &rule("each = [\"country\"]\nmargin = 0.05"));
    assert_eq!(labels(&scene), ["country=DE", "country=(other)"]);
    let statement = scene.judge().predicate;
    assert_eq!(statement.results[1].n, 180);
    close(statement.results[1].candidate, 120.0 / 180.0);
    assert_eq!(statement.remarks, Vec::<String>::new());
}

#[test]
fn a_pool_too_small_is_said_and_up_to_a_twentieth_forgiven() {
    // 100 of 2,000: five in a hundred.
    let rule = rule("each = [\"country\"]\nmin_rows = 101\nmargin = 0.05");
    let statement =
        Scene::on(stacked(vec![("DE", outcomes(1896, 2, 2, 0)), ("AT", outcomes(100, 0, 0, 0))]), &rule).judge();
    assert_eq!(statement.predicate.verdict, Verdict::Pass);
    assert_eq!(
        statement.predicate.remarks,
        ["rule `m`: 100 of 2,000 rows were not judged, in slices of `country` below 101 rows: AT"]
    );
    // One more.
    let statement = Scene::on(stacked(vec![("DE", outcomes(1875, 2, 2, 0)), ("AT", outcomes(99, 0, 0, 0))]), &rule)
        .judge()
        .predicate;
    assert_eq!(statement.verdict, Verdict::Inconclusive);
    let last = statement.results.last().unwrap();
    assert_eq!((last.slice.as_deref(), last.verdict, last.n), (Some("country"), Verdict::Inconclusive, 1978));
    assert_eq!(reason(last), "only 1,879 of 1,978 rows lie in slices of 101 rows or more; 95 % are needed");
}

#[test]
fn slices_all_too_small_decide_nothing() {
    let rows = stacked(vec![("DE", outcomes(30, 0, 0, 0)), ("AT", outcomes(20, 0, 0, 0))]);
    let scene = Scene::on(rows, &rule("each = [\"country\"]\nprove = \"not_worse_detected\"\nmargin = 0.5"));
    let result = scene.result();
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert!(reason(&result).starts_with("only 0 of 50 rows"), "{}", reason(&result));
}

#[test]
fn where_judges_some_rows_and_names_them() {
    let rows = stacked(vec![
        ("DE", outcomes(200, 90, 0, 10)),
        ("FR", outcomes(280, 1, 1, 18)),
        ("US", outcomes(290, 0, 0, 10)),
    ]);
    let scene = Scene::on(rows.clone(), &rule("where = { country = [\"US\", \"FR\", \"US\"] }\nmargin = 0.05"));
    let result = scene.result();
    assert_eq!((result.slice.as_deref(), result.n, result.verdict), (Some("country=FR,US"), 600, Verdict::Pass));

    let mut both = rows;
    let plans = (0..900).map(|row| u32::from(row % 3 == 0)).collect();
    both.slices.insert(
        "plan".to_owned(),
        mlrun::evidence::SliceColumn { values: vec!["1".into(), "2.0".into()], rows: plans },
    );
    let scene = Scene::on(
        both,
        &rule("where = { country = [\"FR\", \"US\"], plan = [1] }\neach = [\"country\"]\nmargin = 0.05"),
    );
    assert_eq!(labels(&scene), ["country=FR,US; plan=1; country=FR", "country=FR,US; plan=1; country=US"]);
    let scene = Scene { policy: super::scene::rules("binary", &rule("where = { plan = [2] }\nmargin = 0.9")), ..scene };
    assert_eq!((scene.result().slice.as_deref(), scene.result().n), (Some("plan=2.0"), 300));
}

#[test]
fn what_does_not_exist_is_the_policys_mistake() {
    let rows = stacked(vec![("DE", outcomes(200, 90, 0, 10)), ("FR", outcomes(280, 1, 1, 18))]);
    let error = |text: &str| Scene::on(rows.clone(), &rule(text)).try_judge().unwrap_err();
    let found = error("where = { country = [\"DE\", \"FRA\"] }\nmargin = 0.05");
    assert_eq!(found.to_string(), "rule `m`: no row has `country` = `FRA`; nearest: FR");
    let found = error("each = [\"contry\"]\nmargin = 0.05");
    assert_eq!(found.to_string(), "rule `m`: the set `test` has no column `contry`; nearest: country");
    let found = error("set = \"tset\"\nmargin = 0.05");
    assert_eq!(found.to_string(), "rule `m`: there is no predictions set `tset`; there are test; nearest: test");

    let mut second = rows.clone();
    second.set = set("shadow");
    let scene = Scene::on(rows.clone(), &rule("margin = 0.5")).with(second);
    let found = scene.try_judge().unwrap_err();
    assert!(matches!(&found, CertifyError::SeveralSets { known, .. } if known.len() == 2), "{found}");

    // A value in the table's dictionary that no row has.
    let mut rows = rows;
    rows.slices.get_mut("country").unwrap().values.push("US".to_owned());
    let scene = Scene::on(rows, &rule("where = { country = [\"US\"] }\nmargin = 0.05"));
    assert!(matches!(scene.try_judge().unwrap_err(), CertifyError::UnknownValue { .. }));
}

#[test]
fn a_column_the_table_lacks_is_the_policys_mistake_too() {
    use mlrun::evidence::Defect;
    let missing = |column: &str| Defect::ColumnMissing {
        path: "p.csv".into(),
        column: column.into(),
        columns: vec!["id".into(), "country".into()],
    };
    let scene = || Scene::new(super::scene::rules("binary", &rule("each = [\"contry\"]\nmargin = 0.05")));
    assert!(matches!(
        scene().defect("test", missing("contry")).try_judge().unwrap_err(),
        CertifyError::UnknownColumn { .. }
    ));
    // The score column is the evidence's.
    assert_eq!(scene().defect("test", missing("p")).result().verdict, Verdict::Inconclusive);
}

#[test]
fn no_predictions_at_all_decide_nothing() {
    for text in ["margin = 0.5", "set = \"test\"\nmargin = 0.5"] {
        let scene = Scene::new(super::scene::rules("binary", &rule(text)));
        assert_eq!(scene.result().verdict, Verdict::Inconclusive);
    }
}

/// The rows of two filters that share no row are none.
#[test]
fn an_empty_intersection_decides_nothing() {
    let mut rows = stacked(vec![("DE", outcomes(200, 0, 0, 0)), ("FR", outcomes(200, 0, 0, 0))]);
    rows.slices.insert("plan".to_owned(), slice_column(&[("a", 200), ("b", 200)]));
    let text = rule("where = { country = [\"DE\"], plan = [\"b\"] }\nprove = \"not_worse_detected\"\nmargin = 1");
    let result = Scene::on(rows.clone(), &text).result();
    assert_eq!((result.verdict, result.n), (Verdict::Inconclusive, 0));
    let text = rule(
        "where = { country = [\"DE\"], plan = [\"b\"] }\neach = [\"plan\"]\nprove = \"not_worse_detected\"\nmargin = 1",
    );
    assert_eq!(Scene::on(rows, &text).result().verdict, Verdict::Inconclusive);
}

/// McNemar's p values and statsmodels' `multipletests(method="holm")`: see goldens.py.
#[test]
fn block_if_any_slice_looks_worse_uses_holm() {
    let slice = |b, c| outcomes(1000 - b - c, b, c, 0);
    let rows = stacked(vec![("A", slice(46, 20)), ("B", slice(42, 20)), ("C", slice(30, 30)), ("D", slice(28, 30))]);
    let text = rule("each = [\"country\"]\nprove = \"not_worse_detected\"\nmargin = 0.01");
    let statement = Scene::on(rows, &text).judge().predicate;
    let p = [0.023872669679453302, 0.06301020832251075, 0.9016471987705266, 0.9424561561883773];
    let holm = [0.09549068, 0.18903062, 1.0, 1.0];
    for ((result, p), holm) in statement.results.iter().zip(p).zip(holm) {
        close(result.sufficient.get("p").copied(), p);
        assert!((result.sufficient["p_holm"] - holm).abs() < 1e-8);
        assert_eq!(result.method.as_deref(), Some("mcnemar; holm over 4 slices, normal p"));
    }
    // Alone, A's upper bound −0.0127 is below −0.01.
    assert_eq!(statement.verdict, Verdict::Pass);
    assert_eq!(
        statement.remarks,
        ["rule `m`, country=A: looks worse alone (p 0.02387), not among 4 slices (p 0.09549)"]
    );
    // Alone it is alone.
    let rows = stacked(vec![("A", slice(46, 20))]);
    let result = Scene::on(rows, &text).result();
    assert_eq!((result.verdict, result.method.as_deref()), (Verdict::Fail, Some("mcnemar")));
    // And what is clearly worse stays so.
    let rows =
        stacked(vec![("A", slice(90, 20)), ("B", slice(42, 20)), ("C", slice(30, 30)), ("D", outcomes(1000, 0, 0, 0))]);
    let verdicts: Vec<_> = Scene::on(rows, &text).verdicts().into_iter().map(|(_, _, verdict)| verdict).collect();
    assert_eq!(verdicts, [Verdict::Fail, Verdict::Pass, Verdict::Pass, Verdict::Pass]);
}

/// Every slice must pass where passing must be shown: no correction.
#[test]
fn what_every_slice_must_show_is_not_corrected() {
    let slice = |b, c| outcomes(1000 - b - c, b, c, 0);
    let rows = stacked(vec![("A", slice(46, 20)), ("B", slice(42, 20))]);
    let statement = Scene::on(rows, &rule("each = [\"country\"]\nmargin = 0.01")).judge().predicate;
    assert_eq!(statement.results[0].verdict, Verdict::Fail);
    assert_eq!(statement.results[0].method.as_deref(), Some("mcnemar"));
}

/// Pooling everything would judge all rows as one, and call that slices.
#[test]
fn where_no_slice_is_large_enough_none_is_judged() {
    let rows =
        stacked(vec![("DE", outcomes(96, 0, 0, 4)), ("AT", outcomes(95, 0, 0, 5)), ("CH", outcomes(70, 25, 0, 5))]);
    let scene =
        Scene::on(rows, &rule("each = [\"country\"]\nmin_rows = 150\nprove = \"not_worse_detected\"\nmargin = 0.2"));
    assert_eq!(scene.judge().predicate.verdict, Verdict::Inconclusive);
    let statement = scene.judge();
    let said = reason(&statement.predicate.results[0]);
    assert!(said.contains("only 0 of 300 rows lie in slices of 150 rows or more"), "{said}");
}

/// Where a chart draws what bounds were held against: on the side that is worse, or at the gain.
#[test]
fn the_limit_of_a_difference_lies_where_it_is_worse() {
    let rows = || stacked(vec![("DE", outcomes(280, 10, 5, 5))]);
    for (text, expected) in [
        ("metric = \"accuracy\"\nmargin = 0.05", Some(-0.05)),
        ("metric = \"accuracy\"\nprove = \"not_worse_detected\"\nmargin = 0.05", Some(-0.05)),
        ("metric = \"accuracy\"\nprove = \"superior\"", Some(0.0)),
        ("metric = \"false_positive_rate\"\nmargin = 0.05", Some(0.05)),
        ("metric = \"accuracy\"\nmin = 0.5", None),
    ] {
        let scene = Scene::on(rows(), &format!("[[rule]]\nid = \"m\"\n{text}\n"));
        let found = mlrun::certify::limit_of_difference(&scene.policy, &scene.result());
        assert!(found == expected, "{text}: {found:?}");
    }
}
