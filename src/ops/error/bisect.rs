//! What keeps `bisect` from finding a version.

/// Why nothing was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BisectError {
    /// The good version is not before the bad one.
    #[error("{good}, which is to be good, does not come before {bad}, which is to be bad")]
    Order {
        /// The one that is good.
        good: String,
        /// The one that is bad.
        bad: String,
    },
    /// A version of another model.
    #[error("{good} and {bad} are not of one model")]
    OtherModel {
        /// The one that is good.
        good: String,
        /// The one that is bad.
        bad: String,
    },
    /// A command needs a version to begin with.
    #[error("a command needs a version that is known to be good")]
    NoGood,
    /// The version that should be good is not.
    #[error("{label}, which is to be good, is not: its `{metric}` is {value}")]
    GoodIsBad {
        /// Which.
        label: String,
        /// The metric.
        metric: String,
        /// Its value.
        value: String,
    },
    /// The command is not told which version it judges, and says of a known one what is not so.
    #[error(
        "the command does not say that {label} is {not}, which is to be, and nothing in it says which version it judges"
    )]
    Untold {
        /// Which.
        label: String,
        /// What it should have said.
        not: &'static str,
    },
    /// The command did not judge, but broke.
    #[error("the command {how} on {label}: that says nothing of the model")]
    Stopped {
        /// On which version.
        label: String,
        /// How.
        how: String,
    },
    /// A signal asked us to end.
    #[error("interrupted by signal {signal}, before the first bad version was found")]
    Interrupted {
        /// Which.
        signal: i32,
    },
}
