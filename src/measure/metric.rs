//! The metrics by their policy names: direction, task, range.
//!
//! Values are those of scikit-learn 1.9 (`accuracy_score`, `brier_score_loss`, …) in f64, wherever it has them.

use std::fmt;

use self::Metric as M;

/// A metric with a fixed meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Share of rows whose class is right.
    Accuracy,
    /// Mean recall over the classes that occur; `adjusted`: 0 by chance.
    BalancedAccuracy,
    /// True positives among predicted positives.
    Precision,
    /// True positives among positives.
    Recall,
    /// Harmonic mean of precision and recall.
    F1,
    /// Area under the ROC curve, ties at half credit.
    RocAuc,
    /// Step-wise area under the precision-recall curve.
    AveragePrecision,
    /// Mean negative log likelihood, probabilities clipped to f64's epsilon.
    LogLoss,
    /// Mean squared error of probabilities; halved for two classes, summed over classes for more.
    Brier,
    /// Mean absolute error.
    MeanAbsoluteError,
    /// Mean squared error.
    MeanSquaredError,
    /// Root of the mean squared error.
    RootMeanSquaredError,
    /// Coefficient of determination.
    R2,
    /// Mean F1 over the classes that occur in labels or predictions.
    MacroF1,
    /// Weighted harmonic mean of precision and recall, `beta` times as much for recall.
    FBeta,
    /// True positives among rows that are positive or predicted so.
    Jaccard,
    /// Matthews' correlation of labels and predicted classes.
    Matthews,
    /// Cohen's kappa: agreement beyond chance, disagreements counted alike, by distance or by its square.
    Kappa,
    /// True negatives among negatives.
    Specificity,
    /// False positives among negatives.
    FalsePositiveRate,
    /// False negatives among positives.
    FalseNegativeRate,
    /// Share of rows predicted positive.
    PositiveRate,
    /// The largest recall of a threshold whose precision is at least `precision`.
    RecallAtPrecision,
    /// Positives among the `k` highest scores; ties by expected value.
    PrecisionAtK,
    /// Largest distance between the score distributions of positives and negatives (Kolmogorov-Smirnov).
    Ks,
    /// Positives among the `share` of rows with the highest scores, over positives among all.
    Lift,
    /// Share of the positives that is in the `share` of rows with the highest scores.
    Gain,
    /// Share of rows whose class is among the `k` most probable; ties by expected value.
    TopKAccuracy,
    /// 1 less the log loss over that of the classes' shares.
    D2LogLoss,
    /// 1 less the Brier score over that of the classes' shares.
    D2Brier,
    /// Expected calibration error over `bins` bins of equal mass.
    Ece,
    /// Median absolute error.
    MedianAbsoluteError,
    /// Largest absolute error: no interval.
    MaxError,
    /// 1 less the variance of the errors over that of the labels.
    ExplainedVariance,
    /// Mean of |y - ŷ| / max(|y|, ε), as a ratio.
    Mape,
    /// Σ |y - ŷ| / Σ |y|.
    WeightedMape,
    /// Mean of 2 |y - ŷ| / (|y| + |ŷ|), 0 where both are 0.
    SymmetricMape,
    /// Mean squared difference of ln(1 + y).
    MeanSquaredLogError,
    /// Root of the mean squared difference of ln(1 + y).
    RootMeanSquaredLogError,
    /// Mean Poisson deviance.
    PoissonDeviance,
    /// Mean gamma deviance.
    GammaDeviance,
    /// Mean Tweedie deviance of `power`.
    TweedieDeviance,
    /// Mean pinball loss at `alpha`.
    Pinball,
    /// 1 less the mean absolute error over that of the median.
    D2AbsoluteError,
    /// 1 less the pinball loss over that of the `alpha` quantile.
    D2Pinball,
    /// 1 less the Tweedie deviance over that of the mean.
    D2Tweedie,
    /// Normalised discounted cumulative gain, mean over queries, ties averaged.
    Ndcg,
    /// Discounted cumulative gain, mean over queries, ties averaged.
    Dcg,
    /// Average precision of each query, mean over queries, ties by expected value.
    MeanAveragePrecision,
    /// 1 over the rank of the first relevant document, mean over queries, ties by expected value.
    ReciprocalRank,
    /// Share of queries with a relevant document among the first `k`, ties by expected value.
    HitRate,
    /// Of the documents up to each relevant one those that are relevant, mean over relevant documents and queries; ties last.
    LabelRankingAveragePrecision,
    /// How far down the ranking the last relevant document is, mean over queries; ties last.
    CoverageError,
    /// Share of the pairs of a relevant and another document in which the other does not rank below, mean over queries.
    LabelRankingLoss,
    /// Share of answers that equal the reference.
    ExactMatch,
    /// Share of answers that contain the reference.
    Contains,
    /// F1 of the words of answer and reference, mean over rows (SQuAD).
    TokenF1,
    /// Share of answers whose number is the reference's, within a tolerance.
    NumericMatch,
    /// Chance that any of `k` attempts drawn from those at a problem is right, mean over problems (Chen et al. 2021).
    PassAtK,
    /// Chance that all of `k` attempts drawn from those at a problem are right, mean over problems (Yao et al. 2024).
    PassHatK,
    /// Mean of a column of numbers.
    ColumnMean,
    /// Sum of one column over that of another.
    ColumnRatio,
    /// Quantile of a column of numbers.
    ColumnQuantile,
}

/// Which direction of a metric is an improvement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
}

/// What kind of label a set has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Positive or negative.
    Binary,
    /// One of several classes.
    Multiclass,
    /// A real number.
    Regression,
    /// Documents of a query, in order of relevance.
    Ranking,
    /// An answer in words.
    Text,
}

impl Task {
    /// The name a policy uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
            Self::Ranking => "ranking",
            Self::Text => "text",
        }
    }
}

/// What is fixed about a metric.
struct Entry {
    metric: Metric,
    name: &'static str,
    /// What others call it: scikit-learn's functions and scorers.
    aliases: &'static [&'static str],
    better: Better,
    tasks: &'static [Task],
    range: (f64, f64),
}

const UNIT: (f64, f64) = (0.0, 1.0);
const SIGNED: (f64, f64) = (-1.0, 1.0);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);
const AT_MOST_ONE: (f64, f64) = (f64::NEG_INFINITY, 1.0);
const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const BINARY: &[Task] = &[Task::Binary];
const MULTICLASS: &[Task] = &[Task::Multiclass];
const CLASSES: &[Task] = &[Task::Binary, Task::Multiclass];
const REAL: &[Task] = &[Task::Regression];
const RANKING: &[Task] = &[Task::Ranking];
const TEXT: &[Task] = &[Task::Text];
const EVERY: &[Task] = &[Task::Binary, Task::Multiclass, Task::Regression, Task::Ranking, Task::Text];
const H: Better = Better::Higher;
const L: Better = Better::Lower;

const fn entry(
    metric: Metric,
    name: &'static str,
    aliases: &'static [&'static str],
    better: Better,
    tasks: &'static [Task],
    range: (f64, f64),
) -> Entry {
    Entry { metric, name, aliases, better, tasks, range }
}

/// In the order of the variants: an entry is found by its metric's number. The last ones measure columns that a policy
/// names, and have no name of their own there.
const ENTRIES: &[Entry] = &[
    entry(M::Accuracy, "accuracy", &["accuracy_score"], H, CLASSES, UNIT),
    entry(M::BalancedAccuracy, "balanced_accuracy", &["balanced_accuracy_score"], H, CLASSES, SIGNED),
    entry(M::Precision, "precision", &["precision_score", "ppv"], H, CLASSES, UNIT),
    entry(M::Recall, "recall", &["recall_score", "tpr", "sensitivity"], H, CLASSES, UNIT),
    entry(M::F1, "f1", &["f1_score"], H, CLASSES, UNIT),
    entry(M::RocAuc, "roc_auc", &["roc_auc_score"], H, CLASSES, UNIT),
    entry(M::AveragePrecision, "average_precision", &["average_precision_score"], H, CLASSES, UNIT),
    entry(M::LogLoss, "log_loss", &["neg_log_loss"], L, CLASSES, POSITIVE),
    entry(M::Brier, "brier", &["brier_score_loss", "neg_brier_score"], L, CLASSES, (0.0, 2.0)),
    entry(M::MeanAbsoluteError, "mae", &["mean_absolute_error", "neg_mean_absolute_error"], L, REAL, POSITIVE),
    entry(M::MeanSquaredError, "mse", &["mean_squared_error", "neg_mean_squared_error"], L, REAL, POSITIVE),
    entry(
        M::RootMeanSquaredError,
        "rmse",
        &["root_mean_squared_error", "neg_root_mean_squared_error"],
        L,
        REAL,
        POSITIVE,
    ),
    entry(M::R2, "r2", &["r2_score"], H, REAL, AT_MOST_ONE),
    entry(M::MacroF1, "macro_f1", &["f1_macro"], H, CLASSES, UNIT),
    entry(M::FBeta, "fbeta", &["fbeta_score"], H, CLASSES, UNIT),
    entry(M::Jaccard, "jaccard", &["jaccard_score"], H, CLASSES, UNIT),
    entry(M::Matthews, "mcc", &["matthews_corrcoef"], H, CLASSES, SIGNED),
    entry(M::Kappa, "kappa", &["cohen_kappa_score"], H, CLASSES, SIGNED),
    entry(M::Specificity, "specificity", &["tnr"], H, BINARY, UNIT),
    entry(M::FalsePositiveRate, "fpr", &["false_positive_rate"], L, BINARY, UNIT),
    entry(M::FalseNegativeRate, "fnr", &["false_negative_rate"], L, BINARY, UNIT),
    entry(M::PositiveRate, "positive_rate", &["selection_rate"], H, BINARY, UNIT),
    entry(M::RecallAtPrecision, "recall_at_precision", &[], H, BINARY, UNIT),
    entry(M::PrecisionAtK, "precision_at_k", &[], H, BINARY, UNIT),
    entry(M::Ks, "ks", &["ks_statistic"], H, BINARY, UNIT),
    entry(M::Lift, "lift", &[], H, BINARY, POSITIVE),
    entry(M::Gain, "gain", &[], H, BINARY, UNIT),
    entry(M::TopKAccuracy, "top_k_accuracy", &["top_k_accuracy_score"], H, MULTICLASS, UNIT),
    entry(M::D2LogLoss, "d2_log_loss", &["d2_log_loss_score"], H, CLASSES, AT_MOST_ONE),
    entry(M::D2Brier, "d2_brier", &["d2_brier_score"], H, CLASSES, AT_MOST_ONE),
    entry(M::Ece, "ece", &["expected_calibration_error"], L, CLASSES, UNIT),
    entry(
        M::MedianAbsoluteError,
        "median_ae",
        &["median_absolute_error", "neg_median_absolute_error"],
        L,
        REAL,
        POSITIVE,
    ),
    entry(M::MaxError, "max_error", &["neg_max_error"], L, REAL, POSITIVE),
    entry(M::ExplainedVariance, "explained_variance", &["explained_variance_score"], H, REAL, AT_MOST_ONE),
    entry(
        M::Mape,
        "mape",
        &["mean_absolute_percentage_error", "neg_mean_absolute_percentage_error"],
        L,
        REAL,
        POSITIVE,
    ),
    entry(M::WeightedMape, "wmape", &[], L, REAL, POSITIVE),
    entry(M::SymmetricMape, "smape", &[], L, REAL, (0.0, 2.0)),
    entry(M::MeanSquaredLogError, "msle", &["mean_squared_log_error", "neg_mean_squared_log_error"], L, REAL, POSITIVE),
    entry(
        M::RootMeanSquaredLogError,
        "rmsle",
        &["root_mean_squared_log_error", "neg_root_mean_squared_log_error"],
        L,
        REAL,
        POSITIVE,
    ),
    entry(
        M::PoissonDeviance,
        "poisson_deviance",
        &["mean_poisson_deviance", "neg_mean_poisson_deviance"],
        L,
        REAL,
        POSITIVE,
    ),
    entry(M::GammaDeviance, "gamma_deviance", &["mean_gamma_deviance", "neg_mean_gamma_deviance"], L, REAL, POSITIVE),
    entry(M::TweedieDeviance, "tweedie_deviance", &["mean_tweedie_deviance"], L, REAL, POSITIVE),
    entry(M::Pinball, "pinball", &["mean_pinball_loss"], L, REAL, POSITIVE),
    entry(M::D2AbsoluteError, "d2_absolute_error", &["d2_absolute_error_score"], H, REAL, AT_MOST_ONE),
    entry(M::D2Pinball, "d2_pinball", &["d2_pinball_score"], H, REAL, AT_MOST_ONE),
    entry(M::D2Tweedie, "d2_tweedie", &["d2_tweedie_score"], H, REAL, AT_MOST_ONE),
    entry(M::Ndcg, "ndcg", &["ndcg_score"], H, RANKING, UNIT),
    entry(M::Dcg, "dcg", &["dcg_score"], H, RANKING, POSITIVE),
    entry(M::MeanAveragePrecision, "map", &["mean_average_precision"], H, RANKING, UNIT),
    entry(M::ReciprocalRank, "mrr", &["mean_reciprocal_rank"], H, RANKING, UNIT),
    entry(M::HitRate, "hit_rate", &["hit_at_k"], H, RANKING, UNIT),
    entry(M::LabelRankingAveragePrecision, "lrap", &["label_ranking_average_precision_score"], H, RANKING, UNIT),
    entry(M::CoverageError, "coverage_error", &[], L, RANKING, POSITIVE),
    entry(M::LabelRankingLoss, "ranking_loss", &["label_ranking_loss"], L, RANKING, UNIT),
    entry(M::ExactMatch, "exact_match", &[], H, TEXT, UNIT),
    entry(M::Contains, "contains", &[], H, TEXT, UNIT),
    entry(M::TokenF1, "token_f1", &[], H, TEXT, UNIT),
    entry(M::NumericMatch, "numeric_match", &[], H, TEXT, UNIT),
    entry(M::PassAtK, "pass_at_k", &["pass@k"], H, TEXT, UNIT),
    entry(M::PassHatK, "pass_hat_k", &["pass^k"], H, TEXT, UNIT),
    entry(M::ColumnMean, "mean", &[], H, EVERY, ANY),
    entry(M::ColumnRatio, "ratio", &[], H, EVERY, ANY),
    entry(M::ColumnQuantile, "quantile", &[], H, EVERY, ANY),
];

/// How many measure columns.
const OF_COLUMNS: usize = 3;

/// Those with a name of their own.
const NAMED: [Metric; ENTRIES.len() - OF_COLUMNS] = {
    let mut named = [M::Accuracy; ENTRIES.len() - OF_COLUMNS];
    let mut at = 0;
    while at < named.len() {
        named[at] = ENTRIES[at].metric;
        at += 1;
    }
    named
};

impl Metric {
    /// Every metric with a name, in the order a report lists them.
    pub const fn all() -> &'static [Self] {
        &NAMED
    }

    /// The metric a record names, those of columns among them; `None` for an unknown one.
    pub fn parse(name: &str) -> Option<Self> {
        ENTRIES.iter().find(|entry| entry.name == name).map(|entry| entry.metric)
    }

    /// The metric that scikit-learn, or a habit, calls `alias`.
    pub fn of_alias(alias: &str) -> Option<Self> {
        Self::all().iter().copied().find(|metric| metric.entry().aliases.contains(&alias))
    }

    /// The name a policy uses.
    pub const fn name(self) -> &'static str {
        self.entry().name
    }

    /// Which direction is an improvement.
    pub const fn better(self) -> Better {
        self.entry().better
    }

    /// The tasks it is defined for.
    pub const fn tasks(self) -> &'static [Task] {
        self.entry().tasks
    }

    /// The least and the greatest value it can take.
    pub const fn range(self) -> (f64, f64) {
        self.entry().range
    }

    const fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }
}

/// The table is in order: the program does not compile otherwise.
const _: () = {
    let mut at = 0;
    while at < ENTRIES.len() {
        assert!(ENTRIES[at].metric as usize == at);
        at += 1;
    }
};

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
