//! Hyper-parameters of an estimator that gave way to one of another class.

use mlrun::compare::{Change, Item, sort_settings};
use mlrun::format::scalar::Scalar;

fn item(name: &str, a: Option<&str>, b: Option<&str>) -> Item<Scalar> {
    let value = |text: Option<&str>| text.map(|text| Scalar::Text(text.to_owned()));
    let change = match (a, b) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    };
    Item { name: name.to_owned(), change, a: value(a), b: value(b) }
}

fn names(items: &[&Item<Scalar>]) -> Vec<String> {
    items.iter().map(|item| item.name.clone()).collect()
}

#[test]
fn what_came_and_went_with_a_class_is_not_told_one_by_one() {
    let items = [
        item("class", Some("sklearn.svm.SVC"), Some("sklearn.ensemble.Forest")),
        item("C", Some("1"), None),
        item("state.estimator", None, Some("<Tree>")),
        item("random_state", Some("1"), Some("2")),
        item("depth", None, Some("3")),
    ];
    let sorted = sort_settings(&items);
    assert_eq!(names(&sorted.replaced), ["class"]);
    assert_eq!(names(&sorted.with_them), ["C", "state.estimator", "depth"]);
    assert_eq!((names(&sorted.others), sorted.counts()), (vec!["random_state".to_owned()], (1, 2)));
}

#[test]
fn a_step_of_a_pipeline_takes_only_its_own() {
    let items = [
        item("model", Some("<sklearn.svm._classes.SVC>"), Some("<my.Forest>")),
        item("model__C", Some("1"), None),
        item("models", Some("a"), None),
        item("scale__mean", None, Some("true")),
    ];
    let sorted = sort_settings(&items);
    assert_eq!(
        (names(&sorted.replaced), names(&sorted.with_them)),
        (vec!["model".to_owned()], vec!["model__C".to_owned()])
    );
    assert_eq!(names(&sorted.others), ["models", "scale__mean"]);
    // Two texts are no estimators, and no brackets make them some.
    for (a, b) in [("lbfgs", "saga"), ("<pad>", "<eos>"), ("<5 bytes>", "<6.0 bytes>"), ("<a.>", "<.b>"), ("<>", "<.>")]
    {
        let plain = [item("solver", Some(a), Some(b)), item("solver__x", Some("1"), None)];
        assert!(sort_settings(&plain).replaced.is_empty(), "{a}");
    }
}
