//! Curves to look at: what a model trades off at every threshold, and how far its probabilities are what they say.
//!
//! They judge nothing: the numbers that rules are held against are the metrics'. All are as scikit-learn 1.9 has them
//! (`roc_curve` and `precision_recall_curve` without dropping points, `calibration_curve` with quantiles, `average_precision_score` of classes), with weights of rows.

mod classes;
mod reliability;
mod thinned;
mod threshold;

pub use self::classes::{ClassPrecision, class_precision};
pub use self::reliability::{ReliabilityBin, reliability};
pub use self::thinned::{cumulative, quantiles, spread_out, thinned};
pub use self::threshold::{Area, average_precision, macro_average, precision_recall, roc};
