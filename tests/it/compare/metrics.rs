//! Which way of a number is better, and what a change of it means.

use std::collections::BTreeMap;

use mlrun::compare::{Change, Direction, Item, Verdict, directions};
use mlrun::format::scalar::Scalar;

fn direction(name: &str) -> Direction {
    directions(std::iter::once(&name.to_owned()), &BTreeMap::new())[name]
}

/// scikit-learn's `get_scorer_names` are all higher is better, and so is whatever is called like them.
#[test]
fn names_tell_the_direction() {
    for name in ["accuracy", "test.accuracy", "val_acc", "eval/roc_auc", "weighted avg.f1-score", "R2", "neg_log_loss"]
    {
        assert_eq!(direction(name), Direction::Higher, "{name}");
    }
    for name in ["neg_mean_squared_error", "neg_root_mean_squared_error", "ndcg@10", "bleu", "auc/test", "0.recall"] {
        assert_eq!(direction(name), Direction::Higher, "{name}");
    }
    for name in ["eval_loss", "loss", "rmse", "test.mae", "log_loss", "false_positive_rate", "perplexity", "train/loss"]
    {
        assert_eq!(direction(name), Direction::Lower, "{name}");
    }
    for name in ["brier_score_loss", "mean_absolute_error", "top1_error", "latency_ms", "wer", "loss.mean"] {
        assert_eq!(direction(name), Direction::Lower, "{name}");
    }
    for name in ["macro avg.support", "epoch", "n_samples"] {
        assert_eq!(direction(name), Direction::Neutral, "{name}");
    }
    // Not everything with a known word in it, and no share of rows that is predicted positive.
    for name in ["loss_weight", "accuracy_threshold", "score", "mean", "positive_rate", "best", "", "…", "lr"] {
        assert_eq!(direction(name), Direction::Unknown, "{name}");
    }
}

#[test]
fn who_says_it_knows_it() {
    let said = BTreeMap::from([("churn".to_owned(), Direction::Lower), ("loss".to_owned(), Direction::Higher)]);
    let found = directions(["churn".to_owned(), "loss".to_owned(), "auc".to_owned()].iter(), &said);
    let expected = [Direction::Higher, Direction::Lower, Direction::Higher];
    assert_eq!(found.into_values().collect::<Vec<_>>(), expected);
}

#[test]
fn a_change_is_better_or_worse_where_that_is_known() {
    let item = |a: Option<Scalar>, b: Option<Scalar>| Item { name: "x".to_owned(), change: Change::Changed, a, b };
    let changed = |a: f64, b: f64| item(Some(Scalar::Float(a)), Some(Scalar::Float(b)));
    let of = |item: &Item<Scalar>, direction| Verdict::of_reported(item, direction);
    let up = changed(0.1, 0.2);
    assert_eq!(of(&up, Direction::Higher), Some(Verdict::Better));
    assert_eq!(of(&up, Direction::Lower), Some(Verdict::Worse));
    assert_eq!(of(&up, Direction::Neutral), Some(Verdict::Neutral));
    assert_eq!(of(&up, Direction::Unknown), Some(Verdict::Unknown));
    // Nothing undefined is an improvement.
    for odd in [f64::NAN, f64::INFINITY] {
        assert_eq!(of(&changed(0.1, odd), Direction::Higher), Some(Verdict::Unknown));
        assert_eq!(of(&changed(odd, 0.1), Direction::Lower), Some(Verdict::Unknown));
    }
    assert_eq!(of(&item(None, Some(Scalar::Int(1))), Direction::Higher), None);
    assert_eq!(
        of(&item(Some(Scalar::Text("a".into())), Some(Scalar::Int(1))), Direction::Higher),
        Some(Verdict::Unknown)
    );
}
