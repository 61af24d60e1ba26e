//! The metrics by their policy names: direction, task, range.
//!
//! Values are those of scikit-learn 1.9 (`accuracy_score`, `brier_score_loss`, …) in f64.

use std::fmt;

/// A metric with a fixed meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Share of rows whose class is right.
    Accuracy,
    /// Mean recall over the classes that occur.
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

impl Metric {
    /// Every metric, in the order a report lists them.
    pub const fn all() -> &'static [Self] {
        &[
            Self::Accuracy,
            Self::BalancedAccuracy,
            Self::Precision,
            Self::Recall,
            Self::F1,
            Self::RocAuc,
            Self::AveragePrecision,
            Self::LogLoss,
            Self::Brier,
            Self::MeanAbsoluteError,
            Self::MeanSquaredError,
            Self::RootMeanSquaredError,
            Self::R2,
            Self::MacroF1,
        ]
    }

    /// The metric of a policy name; `None` for an unknown one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().iter().copied().find(|metric| metric.name() == name)
    }

    /// The name a policy uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::RocAuc => "roc_auc",
            Self::AveragePrecision => "average_precision",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::MeanAbsoluteError => "mae",
            Self::MeanSquaredError => "mse",
            Self::RootMeanSquaredError => "rmse",
            Self::R2 => "r2",
            Self::MacroF1 => "macro_f1",
        }
    }

    /// Which direction is an improvement.
    pub const fn better(self) -> Better {
        match self {
            Self::LogLoss
            | Self::Brier
            | Self::MeanAbsoluteError
            | Self::MeanSquaredError
            | Self::RootMeanSquaredError => Better::Lower,
            _ => Better::Higher,
        }
    }

    /// The tasks it is defined for.
    pub const fn tasks(self) -> &'static [Task] {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::LogLoss | Self::Brier | Self::MacroF1 => {
                &[Task::Binary, Task::Multiclass]
            }
            Self::Precision | Self::Recall | Self::F1 | Self::RocAuc | Self::AveragePrecision => &[Task::Binary],
            Self::MeanAbsoluteError | Self::MeanSquaredError | Self::RootMeanSquaredError | Self::R2 => {
                &[Task::Regression]
            }
        }
    }

    /// The least and the greatest value it can take.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Brier => (0.0, 2.0),
            Self::LogLoss | Self::MeanAbsoluteError | Self::MeanSquaredError | Self::RootMeanSquaredError => {
                (0.0, f64::INFINITY)
            }
            Self::R2 => (f64::NEG_INFINITY, 1.0),
            _ => (0.0, 1.0),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A metric with its settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricSpec {
    /// The metric.
    pub metric: Metric,
    /// Binary classes from scores: `score >= threshold` is positive. 0.5 unless the policy says otherwise.
    pub threshold: f64,
}

impl MetricSpec {
    /// `metric` with its default settings.
    pub const fn new(metric: Metric) -> Self {
        Self { metric, threshold: 0.5 }
    }
}

impl From<Metric> for MetricSpec {
    fn from(metric: Metric) -> Self {
        Self::new(metric)
    }
}
