//! A metric with its settings: which metric takes which, and what each may be.

use super::metric::{Better, Metric};
use super::undefined::Undefined;

/// A metric with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSpec {
    /// The metric.
    pub metric: Metric,
    /// Binary classes from scores: `score >= threshold` is positive. None: the predicted classes, or scores at 0.5 where only those
    /// are given.
    pub threshold: Option<f64>,
    /// What else can be set about it.
    pub parameters: Parameters,
}

/// Settings of metrics. Each metric reads its own and ignores the others: see [`Parameters::names`].
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// How the classes' values become one.
    pub average: Average,
    /// The classes that count, by number; none: those that occur in labels or predictions.
    pub labels: Option<Vec<u32>>,
    /// How much more recall counts than precision: above 0.
    pub beta: Option<f64>,
    /// How disagreements count by their distance.
    pub distance: Distance,
    /// Balanced accuracy: 0 by chance instead of 1 over the number of classes.
    pub adjusted: bool,
    /// ROC AUC up to this false positive rate, in (0, 1]; standardised so that chance is 0.5 (McClish 1989).
    pub max_fpr: Option<f64>,
    /// How ROC AUC pairs the classes of a multiclass task.
    pub pairs: Option<Pairs>,
    /// The least precision, in (0, 1].
    pub precision: Option<f64>,
    /// How many rows from the top, at least 1.
    pub k: Option<u64>,
    /// Which part of the rows from the top, in (0, 1].
    pub share: Option<f64>,
    /// Whether the Brier score is halved; none: for two classes.
    pub halved: Option<bool>,
    /// Bins of equal mass, at least 1.
    pub bins: u32,
    /// Tweedie's power: not between 0 and 1.
    pub power: f64,
    /// Pinball loss's quantile, in [0, 1]; a column's quantile, in (0, 1).
    pub alpha: f64,
    /// What a relevance is worth.
    pub gain: RelevanceGain,
    /// What a query without relevant documents counts.
    pub empty: EmptyQuery,
    /// What answers may differ in.
    pub ignore: Ignored,
    /// Regular expressions whose matches are taken out of answers and references before anything else.
    pub patterns: Vec<String>,
    /// How far a number may be off, absolutely.
    pub tolerance: f64,
    /// How far a number may be off, as a part of the reference.
    pub relative: f64,
    /// The columns of a metric of columns: the only one, or the one to divide and the one to divide by.
    pub columns: Vec<String>,
    /// For columns, which have no direction of their own.
    pub better: Option<Better>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            average: Average::Default,
            labels: None,
            beta: None,
            distance: Distance::None,
            adjusted: false,
            max_fpr: None,
            pairs: None,
            precision: None,
            k: None,
            share: None,
            halved: None,
            bins: 15,
            power: 0.0,
            alpha: 0.5,
            gain: RelevanceGain::Linear,
            empty: EmptyQuery::Zero,
            ignore: Ignored::default(),
            patterns: Vec::new(),
            tolerance: 0.0,
            relative: 0.0,
            columns: Vec::new(),
            better: None,
        }
    }
}

/// How the classes' values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// Binary labels: the positive class. ROC AUC and average precision of several classes: their mean.
    Default,
    /// The mean over classes.
    Macro,
    /// One table of all classes.
    Micro,
    /// The mean over classes, weighted with their rows.
    Weighted,
    /// No average: the value of the only class in `labels`.
    None,
}

/// How disagreements count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// All alike.
    None,
    /// By the distance of the classes' numbers.
    Linear,
    /// By its square.
    Quadratic,
}

/// How ROC AUC pairs classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// Each against all others.
    OneVsRest,
    /// Each against each other (Hand & Till 2001).
    OneVsOne,
}

/// What a relevance r is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelevanceGain {
    /// r.
    Linear,
    /// 2ʳ - 1.
    Exponential,
}

/// What a query without relevant documents counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyQuery {
    /// 0, as in scikit-learn.
    Zero,
    /// 1.
    One,
    /// Nothing: it is left out.
    Skip,
}

/// What answers may differ in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Upper and lower case.
    pub case: bool,
    /// ASCII punctuation.
    pub punctuation: bool,
    /// Digits.
    pub numbers: bool,
}

const EXACT: &[&str] = &["ignore_case", "ignore_punctuation", "ignore_numbers", "regexes_to_ignore"];
const ATTEMPTS: &[&str] = &["k", "ignore_case", "ignore_punctuation", "ignore_numbers", "regexes_to_ignore"];

impl Parameters {
    /// The names of the settings a metric takes, as a policy writes them.
    pub const fn names(metric: Metric) -> &'static [&'static str] {
        match metric {
            Metric::Precision | Metric::Recall | Metric::F1 | Metric::Jaccard => &["average", "labels"],
            Metric::FBeta => &["beta", "average", "labels"],
            Metric::BalancedAccuracy => &["adjusted"],
            Metric::Kappa => &["weights"],
            Metric::RocAuc => &["max_fpr", "multi_class", "average"],
            Metric::AveragePrecision => &["average"],
            Metric::RecallAtPrecision => &["precision"],
            Metric::PrecisionAtK | Metric::TopKAccuracy => &["k"],
            Metric::Lift | Metric::Gain => &["share"],
            Metric::Brier => &["scale_by_half"],
            Metric::Ece => &["bins"],
            Metric::TweedieDeviance | Metric::D2Tweedie => &["power"],
            Metric::Pinball | Metric::D2Pinball => &["alpha"],
            Metric::Ndcg => &["k", "gain", "empty"],
            Metric::Dcg => &["k", "gain"],
            Metric::MeanAveragePrecision | Metric::ReciprocalRank | Metric::HitRate => &["k", "empty"],
            Metric::ExactMatch | Metric::Contains => EXACT,
            Metric::PassAtK | Metric::PassHatK => ATTEMPTS,
            Metric::NumericMatch => &["tolerance", "relative"],
            _ => &[],
        }
    }
}

impl MetricSpec {
    /// `metric` with its default settings.
    pub fn new(metric: Metric) -> Self {
        Self { metric, threshold: None, parameters: Parameters::default() }
    }

    /// The same with another threshold, or none.
    pub fn at(self, threshold: impl Into<Option<f64>>) -> Self {
        Self { threshold: threshold.into(), ..self }
    }

    /// The same with other settings.
    pub fn with(self, parameters: Parameters) -> Self {
        Self { parameters, ..self }
    }

    /// Which direction is an improvement.
    pub fn better(&self) -> Better {
        self.parameters.better.unwrap_or_else(|| self.metric.better())
    }

    /// The least and the greatest value it can take.
    pub const fn range(&self) -> (f64, f64) {
        self.metric.range()
    }

    /// Whether predicted classes are counted, so that a threshold makes sense.
    pub const fn counts_classes(&self) -> bool {
        self.metric.counts_classes()
    }
}

impl Metric {
    /// Whether predicted classes are counted, so that a threshold makes sense.
    pub const fn counts_classes(self) -> bool {
        matches!(
            self,
            Self::Accuracy
                | Self::BalancedAccuracy
                | Self::Precision
                | Self::Recall
                | Self::F1
                | Self::MacroF1
                | Self::FBeta
                | Self::Jaccard
                | Self::Matthews
                | Self::Kappa
                | Self::Specificity
                | Self::FalsePositiveRate
                | Self::FalseNegativeRate
                | Self::PositiveRate
        )
    }

    /// Whether rows make up queries, or problems, with one value for each.
    pub const fn is_per_query(self) -> bool {
        matches!(
            self,
            Self::Ndcg
                | Self::Dcg
                | Self::MeanAveragePrecision
                | Self::ReciprocalRank
                | Self::HitRate
                | Self::LabelRankingAveragePrecision
                | Self::CoverageError
                | Self::LabelRankingLoss
                | Self::PassAtK
                | Self::PassHatK
        )
    }

    /// Whether sampling theory knows bounds of it: none of a maximum.
    pub const fn has_interval(self) -> bool {
        !matches!(self, Self::MaxError)
    }
}

impl From<Metric> for MetricSpec {
    fn from(metric: Metric) -> Self {
        Self::new(metric)
    }
}

/// A setting that is needed.
pub(super) fn needed<T>(value: Option<T>, name: &'static str) -> Result<T, Undefined> {
    value.ok_or(Undefined::SettingMissing { name })
}

/// A setting in its range.
pub(super) fn within(value: f64, sound: bool, name: &'static str) -> Result<f64, Undefined> {
    if value.is_finite() && sound { Ok(value) } else { Err(Undefined::InvalidSetting { name, value }) }
}
