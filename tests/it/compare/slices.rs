//! A metric in every slice: numbers against scikit-learn and scipy (see `slices.py`), and how many.

use mlrun::certify::{Interval, SliceValues, SlicedMetric, Tails, Terms, policy, sliced_metric};
use mlrun::evidence::{JoinedRows, join, likely_slices, read_predictions};
use mlrun::format::policy::Task;
use mlrun::format::snapshot::PredictionColumns;
use mlrun::measure::Better;
use serde_json::Value;

use super::predictions::both;
use super::{fixture, near};

fn sliced(task: Task, name: &str) -> SlicedMetric {
    let joined = both(task, name).rows.unwrap();
    sliced_metric(&joined, &Terms::without_rules(task), true, false).unwrap().unwrap()
}

#[track_caller]
fn values_are(found: &SliceValues, expected: &Value) {
    let name = found.slice.as_deref().unwrap_or("all rows");
    assert_eq!(Some(found.rows), expected["rows"].as_u64(), "{name}");
    let of = |found: &Result<Interval, String>, expected: &Value| {
        let found = found.as_ref().unwrap();
        for (number, expected) in [found.value, found.lower, found.upper].into_iter().zip(expected.as_array().unwrap())
        {
            near(number, expected, name);
        }
    };
    of(&found.candidate, &expected["candidate"]);
    of(found.baseline.as_ref().unwrap(), &expected["baseline"]);
    of(found.difference.as_ref().unwrap(), &expected["difference"]);
}

#[test]
fn values_and_bounds_as_scikit_learn_and_scipy_have_them() {
    let goldens: Value = serde_json::from_slice(&fixture("slices.json")).unwrap();
    for (task, name, metric, better) in [
        (Task::Binary, "binary", "roc_auc", Better::Higher),
        (Task::Multiclass, "multiclass", "accuracy", Better::Higher),
        (Task::Regression, "regression", "mae", Better::Lower),
    ] {
        let (found, expected) = (sliced(task, name), &goldens[name]);
        assert_eq!((found.metric.as_str(), found.better), (metric, better));
        values_are(&found.whole, &expected["all rows"]);
        let slices: Vec<&SliceValues> = found.columns.iter().flat_map(|column| &column.slices).collect();
        assert_eq!(slices.len() + 1, expected.as_object().unwrap().len());
        for slice in slices {
            if slice.slice.as_deref() == Some("country=PT") {
                // Of so few rows of a class nobody bounds an area.
                assert_eq!(slice.candidate, Err("21 negative rows, 30 needed".to_owned()));
                assert!(slice.difference.as_ref().unwrap().is_ok());
                continue;
            }
            values_are(slice, &expected[slice.slice.as_ref().unwrap()]);
        }
        assert!(found.columns.iter().all(|column| column.left_out == (0, 0)));
    }
}

/// Rules ask for another metric, another confidence: then so do slices, and the first of them decides.
#[test]
fn rules_say_what_is_measured_and_how_surely() {
    let joined = both(Task::Binary, "binary").rows.unwrap();
    let text = "schema = 1\ntask = \"binary\"\n[stats]\nconfidence = 0.99\n[[rule]]\nid = \"r\"\nmetric = \"recall\"\nthreshold = 0.35\n\
                where = { country = [\"DE\"] }\nmin = 0.1\n[[rule]]\nid = \"b\"\nmetric = \"brier\"\nmax = 0.9\n";
    let policy = policy::resolve(&policy::parse(text).unwrap()).unwrap();
    let found = sliced_metric(&joined, &Terms::of(&policy), true, false).unwrap().unwrap();
    assert_eq!((found.metric.as_str(), found.better), ("brier", Better::Lower), "not the one of some rows only");
    let loose = Terms { confidence: 0.95, ..Terms::of(&policy) };
    let loose = sliced_metric(&joined, &loose, true, false).unwrap().unwrap();
    assert_eq!((found.confidence, found.tails, loose.confidence), (0.99, Tails::Two, 0.95));
    let width = |found: &SlicedMetric| found.whole.candidate.as_ref().map(|i| i.upper - i.lower).unwrap();
    assert!(width(&found) > 1.3 * width(&loose));
}

fn regression(values: &dyn Fn(u32) -> String, rows: u32) -> JoinedRows {
    let columns = PredictionColumns {
        key: vec!["id".to_owned()],
        label: "y".to_owned(),
        prediction: Some("yhat".to_owned()),
        slices: vec!["s".to_owned()],
        ..PredictionColumns::default()
    };
    let line = |i: u32| format!("{i},{}.5,{},{}\n", i, i + i % 7, values(i));
    let csv = format!("id,y,yhat,s\n{}", (0..rows).map(line).collect::<String>());
    let table = read_predictions(csv.into_bytes(), "p.csv", &columns, Task::Regression, &[]).unwrap();
    join(&"test".parse().unwrap(), Task::Regression, table, None).unwrap()
}

#[test]
fn many_slices_are_counted_and_small_ones_taken_together() {
    // 60 values; the first twenty have a row more.
    let joined = regression(&|i| format!("v{:02}", i % 60), 60 * 25 + 20);
    let found = sliced_metric(&joined, &Terms::without_rules(Task::Regression), true, false).unwrap().unwrap();
    let column = &found.columns[0];
    assert_eq!((column.slices.len(), column.left_out), (40, (20, 20 * 25)));
    assert!((0..20).all(|value| column.slices[value].slice == Some(format!("s=v{value:02}"))), "the largest are shown");
    assert_eq!((&found.whole.baseline, &found.whole.difference), (&None, &None));
    let joined = regression(&|i| if i < 100 { "big".to_owned() } else { format!("v{i}") }, 130);
    let found = sliced_metric(&joined, &Terms::without_rules(Task::Regression), true, false).unwrap().unwrap();
    let rows: Vec<(Option<&str>, u64)> =
        found.columns[0].slices.iter().map(|slice| (slice.slice.as_deref(), slice.rows)).collect();
    assert_eq!(rows, [(Some("s=big"), 100), (Some("s=(other)"), 30)]);
    // Slices of which none has rows enough are none.
    let joined = regression(&|i| format!("v{i}"), 130);
    assert_eq!(sliced_metric(&joined, &Terms::without_rules(Task::Regression), true, false), Ok(None));
}

/// Bounds of a weighted mean are drawn again and again: a page about many versions leaves that to a version's own.
#[test]
fn what_takes_long_is_said() {
    let mut joined = regression(&|i| format!("{}", i % 2), 100);
    joined.weights = Some(vec![2.0; 100]);
    let terms = Terms::without_rules(Task::Regression);
    let why = sliced_metric(&joined, &terms, true, true).unwrap_err();
    assert!(why.starts_with("mae in slices is not shown"), "{why}");
    assert!(sliced_metric(&joined, &terms, true, false).unwrap().is_some());
    let endless = Terms { resamples: u32::MAX, ..terms };
    assert!(sliced_metric(&joined, &endless, true, false).is_err());
}

#[test]
fn columns_that_sort_rows_are_found() {
    let columns = PredictionColumns {
        key: vec!["id".to_owned()],
        label: "y".to_owned(),
        score: Some("p".to_owned()),
        cluster: Some("person".to_owned()),
        ..PredictionColumns::default()
    };
    let line = |i: u32| {
        format!(
            "{i},{},0.{i},u{},{},{},{},x,{}\n",
            i % 2,
            i % 5,
            ["a", "b"][(i % 2) as usize],
            i % 3,
            0.5 + f64::from(i % 2),
            i % 2
        )
    };
    let csv = |head: &str| format!("{head}\n{}", (10..90).map(line).collect::<String>());
    // A few values: the person is a cluster, halves are measurements, one value sorts nothing, `y_pred` is a prediction by its name.
    let found = likely_slices(csv("id,y,p,person,clinic,shift,dose,one,y_pred").as_bytes(), "p.csv", &columns);
    assert_eq!(found, ["clinic", "shift"]);
    assert!(likely_slices(b"id,y,p,person\n1,0,0.1,a\n2,1,0.2,a\n", "p.csv", &columns).is_empty());
    assert!(likely_slices(b"\xff\xfe", "p.parquet", &columns).is_empty(), "no table");
}
