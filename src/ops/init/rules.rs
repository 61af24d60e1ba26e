//! The policy that a project begins with: rules on the rows it predicted, where there are some, else on the numbers its trainer
//! wrote down. Not worse than production within a margin, and a floor that a person must set.

use super::predictions::Predictions;
use super::{Inventory, quoted};
use crate::certify::wording::{grouped, significant};
use crate::evidence::Recognized;
use crate::format::policy::{Check, Task};

/// Words in a metric's name that say less is better.
const LOSSES: [&str; 9] = ["loss", "error", "mae", "mse", "rmse", "brier", "perplexity", "latency", "fpr"];

/// A rule to begin with.
struct Proposed {
    /// Its name, and the metric's.
    id: &'static str,
    /// As a policy writes it.
    metric: &'static str,
    /// How much worse than production is still acceptable.
    margin: &'static str,
    lower_is_better: bool,
}

const fn more(id: &'static str, metric: &'static str, margin: &'static str) -> Proposed {
    Proposed { id, metric, margin, lower_is_better: false }
}

const fn less(id: &'static str, metric: &'static str, margin: &'static str) -> Proposed {
    Proposed { id, metric, margin, lower_is_better: true }
}

/// The policy; none where there is nothing to judge.
pub(super) fn policy(inventory: &Inventory) -> Option<String> {
    let on_rows = inventory.predictions.as_ref().and_then(|found| on_rows(found, inventory));
    let text = on_rows.or_else(|| on_numbers(inventory))?;
    let checks: Vec<_> = Check::ALL.iter().map(|check| check.name()).collect();
    Some(format!(
        "{text}\n# Where the model comes from: {},\n# {}.\n# [[rule]]\n# id = \"declared\"\n\
         # metric = {{ check = \"contradictions\" }}   # the model's own file says what params.yaml says\n",
        checks[..4].join(", "),
        checks[4..].join(", ")
    ))
}

fn head(task: &str) -> String {
    format!("schema = 1\ntask = \"{task}\"\n\n[baseline]\nref = \"production\"\n")
}

/// Metrics that say how good such predictions are; the first one gets the floor.
fn proposed(found: &Recognized) -> Vec<Proposed> {
    let log_loss = || less("log-loss", "\"log_loss\"", "margin_rel = 0.02");
    let mut rules = match found.task {
        Task::Binary if found.columns.score.is_some() => vec![more("auc", "\"roc_auc\"", "margin = 0.01")],
        Task::Binary => vec![more("accuracy", "\"accuracy\"", "margin = 0.01")],
        Task::Multiclass => {
            vec![more("accuracy", "\"accuracy\"", "margin = 0.01"), more("macro-f1", "\"macro_f1\"", "margin = 0.02")]
        }
        Task::Regression => {
            vec![less("mae", "\"mae\"", "margin_rel = 0.02"), less("rmse", "\"rmse\"", "margin_rel = 0.02")]
        }
        Task::Ranking => {
            vec![more("ndcg", "{ name = \"ndcg\", k = 10 }", "margin = 0.01"), more("mrr", "\"mrr\"", "margin = 0.02")]
        }
        Task::Text => vec![
            more("exact-match", "\"exact_match\"", "margin = 0.02"),
            more("token-f1", "\"token_f1\"", "margin = 0.02"),
        ],
    };
    if matches!(found.task, Task::Binary) {
        rules.push(more("balanced-accuracy", "\"balanced_accuracy\"", "margin = 0.02"));
    }
    if matches!(found.task, Task::Binary | Task::Multiclass) && found.probabilities {
        rules.push(log_loss());
    }
    rules
}

/// Rules on rows: those metrics that are defined on them.
fn on_rows(predictions: &Predictions, inventory: &Inventory) -> Option<String> {
    let found = predictions.judged()?;
    let task = predictions.task()?.name();
    let rules = proposed(found);
    let limit = |rule: &Proposed| if rule.lower_is_better { "max" } else { "min" };
    let floor = |rule: &Proposed| {
        format!("\n[[rule]]\nid = \"{}\"\nmetric = {}\n{} = \"unset\"", rule.id, rule.metric, limit(rule))
    };
    let today = predictions.today(&(head(task) + &rules.iter().map(floor).collect::<String>()));
    let value = |rule: &Proposed| today.get(rule.id).and_then(|result| result.candidate);
    let first = rules.iter().find(|rule| value(rule).is_some())?;
    let which = if predictions.partial { "the first " } else { "" };
    let mut text = head(task)
        + &format!(
            "\n# Every rule must pass. These judge the rows of {}, each against production's answer to the same row, with\n\
             # intervals: what is not shown is not passed. `mlrun certify --explain-policy` says what {which}{} rows can tell.\n",
            predictions.path.escape_debug(),
            grouped(found.rows)
        );
    for rule in rules.iter().filter(|rule| value(rule).is_some()) {
        text += &format!(
            "\n[[rule]]\nid = \"{}\"\nmetric = {}\n{}              # how much worse than production is still acceptable\n",
            rule.id, rule.metric, rule.margin
        );
    }
    // The bound that is held against the limit is further from it than the value.
    let bound = today.get(first.id).and_then(|result| if first.lower_is_better { result.upper } else { result.lower });
    let bound = bound.map_or_else(String::new, |bound| {
        let side = if first.lower_is_better { "upper" } else { "lower" };
        format!(", its {side} bound {}", significant(bound))
    });
    let name = if first.lower_is_better { "ceiling" } else { "floor" };
    text += &format!(
        "\n[[rule]]\nid = \"{}-{name}\"\nmetric = {}\n{} = \"unset\"              # today: {}{bound}; until you set it, nothing is certified\n",
        first.id,
        first.metric,
        limit(first),
        significant(value(first)?)
    );
    let slice = found.slices.first().map_or("country", String::as_str);
    let columns = match found.slices.as_slice() {
        [] => "a column".to_owned(),
        slices => slices.iter().map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", "),
    };
    text += &format!(
        "\n# Each slice by itself, where {columns} says which rows belong together:\n# [[rule]]\n# id = \"slices\"\n\
         # metric = {}\n# each = [{}]\n# min_rows = 100\n# prove = \"not_worse_detected\"\n# margin = 0.05\n",
        first.metric,
        quoted(slice)
    );
    if let Some((name, _)) = inventory.measured.first() {
        text += &format!(
            "\n# Numbers in {} can be held, too: single numbers, without intervals.\n# [[rule]]\n# id = \"reported\"\n\
             # metric = {{ reported = {}, better = \"{}\" }}\n# max_drop = 0.01\n",
            inventory.metrics.join(", "),
            quoted(name),
            better(name)
        );
    }
    Some(text)
}

fn is_loss(name: &str) -> bool {
    LOSSES.iter().any(|word| name.to_lowercase().contains(word))
}

fn better(name: &str) -> &'static str {
    if is_loss(name) { "lower" } else { "higher" }
}

/// Rules on the numbers the trainer writes down.
fn on_numbers(inventory: &Inventory) -> Option<String> {
    let measured = &inventory.measured;
    if measured.is_empty() {
        return None;
    }
    let has = |words: &[&str]| measured.iter().any(|(name, _)| words.iter().any(|word| name.contains(word)));
    // What the rows hold is known better than what metrics are called.
    let by_rows = inventory.predictions.as_ref().and_then(Predictions::task);
    let task = match by_rows {
        Some(task) => task.name(),
        None if has(&["r2", "rmse", "mae", "mse"]) => "regression",
        None if has(&["ndcg", "mrr"]) => "ranking",
        None if has(&["exact_match", "bleu", "rouge"]) => "text",
        None if has(&["macro", "top_"]) => "multiclass",
        None => "binary",
    };
    let mut text = head(task)
        + &format!(
            "\n# Every rule must pass. These judge the numbers in {}: single numbers, no intervals.\n",
            inventory.metrics.join(", ")
        );
    for (index, (name, value)) in measured.iter().enumerate() {
        let lower = is_loss(name);
        let metric = format!("metric = {{ reported = {}, better = \"{}\" }}", quoted(name), better(name));
        let id: String = name
            .chars()
            .take(50)
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let taken = text.contains(&format!("id = \"{id}\""));
        let id = if taken { format!("{id}-{}", index + 1) } else { id };
        // An equal model trained again is a little worse half of the time.
        let drop = if value.abs() <= 1.0 { 0.01 } else { hundredth(*value) };
        text += &format!(
            "\n[[rule]]\nid = \"{id}\"\n{metric}\nmax_drop = {drop:?}             # how much worse than production is still acceptable\n"
        );
        let (floor, limit) = if lower { ("ceiling", "max") } else { ("floor", "min") };
        text += &format!(
            "\n[[rule]]\nid = \"{id}-{floor}\"\n{metric}\n{limit} = \"unset\"              # today: {value}; until you set it, nothing is certified\n"
        );
    }
    Some(text)
}

/// A hundredth of a value, in one figure.
fn hundredth(value: f64) -> f64 {
    let share = (value / 100.0).abs();
    let unit = 10_f64.powf(share.log10().floor());
    let rounded = (share / unit).round() * unit;
    // As people write it: 0.2, not 0.20000000000000001.
    format!("{rounded:.0e}").parse().unwrap_or(share)
}
