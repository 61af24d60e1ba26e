//! Why a number does not exist.
//!
//! scikit-learn answers some of these cases with 0.0, 1.0 or NaN and a warning. A gate must not: an undefined number is
//! an inconclusive rule, never a passed one.

/// The reason a metric or its interval has no value, with the facts. Rows count from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Undefined {
    /// The set is empty.
    #[error("no rows")]
    NoRows,
    /// More rows than a 32-bit row number can name.
    #[error("{n} rows are more than this program can rank")]
    TooManyRows {
        /// Rows given.
        n: u64,
    },
    /// Two columns of one set differ in length.
    #[error("{found} values for {expected} rows")]
    LengthMismatch {
        /// Rows of the labels.
        expected: usize,
        /// Length of the other column.
        found: usize,
    },
    /// A metric of another task.
    #[error("{metric} is not defined for {task} labels")]
    NotApplicable {
        /// Policy name of the metric.
        metric: &'static str,
        /// Name of the task the labels belong to.
        task: &'static str,
    },
    /// A threshold, and nothing to hold against it.
    #[error("the threshold {threshold} needs scores, and there are none")]
    ThresholdWithoutScores {
        /// As the policy says it.
        threshold: f64,
    },
    /// One model's classes were predicted, those of the other one would follow from its scores.
    #[error(
        "the {classes}'s classes are recorded and the {scores}'s are not: name the column of its classes, too, or a `threshold` that both \
         models' scores are held against"
    )]
    ClassesOfOne {
        /// `candidate` or `baseline`: who has classes.
        classes: &'static str,
        /// Who has scores only.
        scores: &'static str,
    },
    /// All labels are the same class.
    #[error("the labels hold a single class")]
    SingleClass,
    /// No row is positive.
    #[error("no positive rows")]
    NoPositives,
    /// No row is negative.
    #[error("no negative rows")]
    NoNegatives,
    /// No row is predicted positive.
    #[error("no rows predicted positive")]
    NoPredictedPositives,
    /// Too few rows for the interval.
    #[error("{n} rows, {needed} needed")]
    TooFewRows {
        /// Rows or samples given.
        n: u64,
        /// The least number that would do.
        needed: u64,
    },
    /// Too few positive rows for the interval.
    #[error("{n} positive rows, {needed} needed")]
    TooFewPositives {
        /// Positive rows given.
        n: u64,
        /// The least number that would do.
        needed: u64,
    },
    /// Too few negative rows for the interval.
    #[error("{n} negative rows, {needed} needed")]
    TooFewNegatives {
        /// Negative rows given.
        n: u64,
        /// The least number that would do.
        needed: u64,
    },
    /// Too few groups to be apart.
    #[error("{n} groups, {needed} needed")]
    TooFewGroups {
        /// Groups given.
        n: u64,
        /// The least number that would do.
        needed: u64,
    },
    /// NaN or infinity among the inputs.
    #[error("row {} is not a finite number", row + 1)]
    NotFinite {
        /// The first such row.
        row: usize,
    },
    /// The inputs are finite, the result is not.
    #[error("the result is not a finite number")]
    Overflow,
    /// A negative sample where only magnitudes make sense.
    #[error("row {} is negative ({value})", row + 1)]
    Negative {
        /// The first such row.
        row: usize,
        /// What it holds.
        value: f64,
    },
    /// A probability below 0 or above 1.
    #[error("row {} holds {value}, which is no probability", row + 1)]
    ProbabilityOutOfRange {
        /// The first such row.
        row: usize,
        /// What it holds.
        value: f64,
    },
    /// Class probabilities that do not sum to 1 within 1e-6.
    #[error("the probabilities of row {} sum to {sum}", row + 1)]
    ProbabilitySum {
        /// The first such row.
        row: usize,
        /// The sum.
        sum: f64,
    },
    /// A class number at or above the number of classes.
    #[error("row {} names class {class} of {count}", row + 1)]
    ClassOutOfRange {
        /// The first such row.
        row: usize,
        /// The class number found.
        class: u32,
        /// The number of classes.
        count: u32,
    },
    /// Another number of probability columns than classes.
    #[error("{found} probability columns for {expected} classes")]
    ColumnCount {
        /// Number of classes.
        expected: usize,
        /// Number of columns.
        found: usize,
    },
    /// The metric needs scores.
    #[error("no scores")]
    ScoresMissing,
    /// The metric needs classes, or something to derive them from.
    #[error("no predicted classes")]
    ClassesMissing,
    /// The metric needs one probability column per class.
    #[error("no class probabilities")]
    ProbabilitiesMissing,
    /// The metric needs predicted values.
    #[error("no predicted values")]
    ValuesMissing,
    /// R² of labels that are all equal.
    #[error("the labels do not vary")]
    ConstantTruth,
    /// The data show no variation, so they cannot say how uncertain the number is.
    #[error("zero variance: the rows cannot tell how certain the number is")]
    ZeroVariance,
    /// A ratio to a baseline of zero.
    #[error("the baseline is zero")]
    ZeroBaseline,
    /// The metric is undefined in too many resamples.
    #[error("undefined in {undefined} of {resamples} resamples")]
    UnstableResamples {
        /// Resamples without a value.
        undefined: u32,
        /// Resamples drawn.
        resamples: u32,
    },
    /// Every resample lies on one side of the estimate, so its bias cannot be corrected.
    #[error("all resamples lie on one side of the estimate")]
    OneSidedResamples,
    /// Sufficient statistics that no rows could have given.
    #[error("the recorded statistics contradict each other")]
    Contradictory,
    /// A setting without which the metric is not one.
    #[error("`{name}` is not set")]
    SettingMissing {
        /// Name of the setting.
        name: &'static str,
    },
    /// Nothing bounds a maximum.
    #[error("{metric} has no interval")]
    NoInterval {
        /// Policy name of the metric.
        metric: &'static str,
    },
    /// Row weights that are all zero.
    #[error("the weights sum to zero")]
    NoWeight,
    /// Both correlated series, or both raters, say one thing only.
    #[error("labels or predicted classes are all the same")]
    SingleVerdict,
    /// A class that counts occurs in no label and no prediction the metric divides by.
    #[error("class {class} has no rows to divide by")]
    EmptyClass {
        /// The class's number.
        class: u32,
    },
    /// A number for which the metric is not defined.
    #[error("row {} holds {value}, for which the metric is not defined", row + 1)]
    OutsideDomain {
        /// The first such row.
        row: usize,
        /// What it holds.
        value: f64,
    },
    /// The metric ranks documents within queries.
    #[error("no queries: name the column `group`")]
    GroupsMissing,
    /// A query with a single document, where order means nothing.
    #[error("query {group} has one document")]
    SingleDocument {
        /// The query's number.
        group: u32,
    },
    /// A problem with fewer attempts than are drawn.
    #[error("problem {group} has {n} attempts, {needed} needed")]
    TooFewAttempts {
        /// The problem's number.
        group: u32,
        /// Its attempts.
        n: u64,
        /// `k`.
        needed: u64,
    },
    /// What is no regular expression, or one too large.
    #[error("`{pattern}` is no regular expression of bounded size")]
    InvalidPattern {
        /// Its beginning.
        pattern: String,
    },
    /// Every query was left out.
    #[error("no query has a relevant document")]
    NoRelevant,
    /// The metric compares answers in words.
    #[error("no answers")]
    TextsMissing,
    /// A reference answer that is no number.
    #[error("the reference of row {} is no number", row + 1)]
    NoNumber {
        /// The first such row.
        row: usize,
    },
    /// The metric measures a column that was not given.
    #[error("no column of numbers `{column}`")]
    ColumnMissing {
        /// Its name.
        column: String,
    },
    /// The divisor sums to zero.
    #[error("the divisor is zero")]
    ZeroDivisor,
    /// Too few clusters for the interval.
    #[error("{n} clusters, {needed} needed")]
    TooFewClusters {
        /// Clusters given.
        n: u64,
        /// The least number that would do.
        needed: u64,
    },
    /// A setting outside its range.
    #[error("{name} cannot be {value}")]
    InvalidSetting {
        /// Name of the setting.
        name: &'static str,
        /// What was asked for.
        value: f64,
    },
}
