//! Why a policy cannot be judged by.

use crate::format::policy::{Check, Quantity};
use crate::name::NameError;
use crate::nearest::suggestion;

/// What is wrong with a policy, and where. Lines count from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not TOML, or a value of the wrong kind.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Where.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A key nobody knows.
    #[error("line {line}: {place} has no key `{key}`{}", suggestion(nearest))]
    UnknownKey {
        /// Where.
        line: usize,
        /// The table: the policy, a section, a rule, a rule's metric.
        place: String,
        /// The key.
        key: String,
        /// Known keys like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// Written for another program.
    #[error("schema {found} is not known; this program reads schema 1")]
    Schema {
        /// What the file says.
        found: u32,
    },
    /// A setting outside its range.
    #[error("`{key}` is {value}; it must be {expected}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A stage that is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A rule's id outside its grammar.
    #[error("rule {position}: `{id}` is not an id: use 1 to 64 of a-z 0-9 . _ -")]
    Id {
        /// Counted from 1.
        position: usize,
        /// What it is.
        id: String,
    },
    /// A name that results have which no rule of the file asks for.
    #[error("a rule cannot be called `{id}`: the results of that name are about regression cases and used-up sets")]
    ReservedId {
        /// What it is called.
        id: String,
    },
    /// Two rules of one id.
    #[error("two rules are called `{id}`")]
    IdTwice {
        /// Their id.
        id: String,
    },
    /// A metric nobody knows.
    #[error("rule `{rule}`: unknown metric `{metric}`{}", suggestion(nearest))]
    UnknownMetric {
        /// The rule.
        rule: String,
        /// What it asks for.
        metric: String,
        /// Metrics like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A check nobody knows.
    #[error("rule `{rule}`: unknown check `{check}`; the checks are {}{}", Check::ALL.map(Check::name).join(", "), suggestion(nearest))]
    UnknownCheck {
        /// The rule.
        rule: String,
        /// What it asks for.
        check: String,
        /// Checks like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// Something that nobody looks at while a model runs.
    #[error("rule `{rule}`: `{quantity}` is not measured; what is are {}{}", Quantity::ALL.map(Quantity::name).join(", "), suggestion(nearest))]
    UnknownQuantity {
        /// The rule.
        rule: String,
        /// What it asks for.
        quantity: String,
        /// Quantities like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A word that is none of those there are.
    #[error("rule `{rule}`: `{key}` is `{word}`; it must be one of {}{}", known.join(", "), suggestion(nearest))]
    UnknownWord {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// What it is, cut to 80 characters.
        word: String,
        /// What it may be.
        known: Vec<&'static str>,
        /// Those like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A metric of another task.
    #[error("rule `{rule}`: `{metric}` is not defined for a {task} task, only for {}", tasks.join(", "))]
    OtherTask {
        /// The rule.
        rule: String,
        /// What it asks for.
        metric: String,
        /// The policy's task.
        task: &'static str,
        /// The metric's tasks.
        tasks: Vec<&'static str>,
    },
    /// A rule that asks nothing.
    #[error("rule `{rule}` asks nothing: one of `prove`, `min`, `max`, `max_drop`, `max_ratio`, `min_ratio` is needed")]
    NoDemand {
        /// The rule.
        rule: String,
    },
    /// A rule that asks several things.
    #[error("rule `{rule}` asks several things ({}); each needs a rule of its own", keys.join(", "))]
    SeveralDemands {
        /// The rule.
        rule: String,
        /// The keys that each ask something.
        keys: Vec<&'static str>,
    },
    /// A key that is needed.
    #[error("rule `{rule}`: `{key}` is needed with {with}")]
    Missing {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// With what.
        with: &'static str,
    },
    /// A key that means nothing here.
    #[error("rule `{rule}`: `{key}` means nothing here; it goes with {with}")]
    Misplaced {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// What it goes with.
        with: &'static str,
    },
    /// A number outside its range.
    #[error("rule `{rule}`: `{key}` is {value}; it must be {expected}")]
    Number {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A parameter that cannot have this value.
    #[error("rule `{rule}`: `{key}` is {value}; it must be {expected}")]
    Parameter {
        /// The rule.
        rule: String,
        /// Which parameter.
        key: String,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A parameter that the metric does not have.
    #[error("rule `{rule}`: `{metric}` has no parameter `{key}`{}{}", parameters(known), suggestion(nearest))]
    UnknownParameter {
        /// The rule.
        rule: String,
        /// The metric.
        metric: &'static str,
        /// What is set about it.
        key: String,
        /// What can be set about it.
        known: Vec<&'static str>,
        /// Those like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A parameter without which the metric is not one.
    #[error("rule `{rule}`: `{metric}` needs `{key}`")]
    NoParameter {
        /// The rule.
        rule: String,
        /// The metric.
        metric: &'static str,
        /// What is needed.
        key: &'static str,
    },
    /// A limit for a scorer's negated number.
    #[error("rule `{rule}`: `{alias}` is `{metric}` with its sign turned; write the limit for `{metric}`")]
    Negated {
        /// The rule.
        rule: String,
        /// As written.
        alias: String,
        /// The metric.
        metric: &'static str,
    },
    /// A demand on bounds that do not exist.
    #[error("rule `{rule}`: `{metric}` has no interval, so only `min` or `max` with `on = \"point\"` can be asked")]
    NoInterval {
        /// The rule.
        rule: String,
        /// The metric.
        metric: &'static str,
    },
    /// A word where a number belongs.
    #[error("rule `{rule}`: `{key}` is `{word}`; it must be a number or `unset`")]
    Word {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// What it is.
        word: String,
    },
    /// A list longer than a policy should hold.
    #[error("rule `{rule}`: `{key}` has {found} entries; {most} are the most")]
    TooMany {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A table beside the policy that cannot be used.
    #[error("rule `{rule}`: `{table}`: {reason}")]
    Table {
        /// The rule.
        rule: String,
        /// The table, as written.
        table: String,
        /// Why not.
        reason: String,
    },
    /// A list or a text without anything in it.
    #[error("rule `{rule}`: `{key}` is empty")]
    Empty {
        /// The rule.
        rule: String,
        /// Which key, or which column of `where`.
        key: String,
    },
    /// A column named twice.
    #[error("rule `{rule}`: `{key}` names the column `{column}` twice")]
    ColumnTwice {
        /// The rule.
        rule: String,
        /// Which key.
        key: &'static str,
        /// The column.
        column: String,
    },
    /// Nothing decides.
    #[error("no rule blocks, so nothing would be decided")]
    NoBlockingRule,
}

fn parameters(known: &[&str]) -> String {
    if known.is_empty() { "; it has none".to_owned() } else { format!("; it has {}", known.join(", ")) }
}
