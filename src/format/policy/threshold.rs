//! The threshold that scores are held against, as records say it.

/// What stands in a record where a rule says nothing.
const UNWRITTEN: f64 = 0.5;

/// The threshold a rule has if it says so; none: classes count as they were recorded, or as scores from 0.5 are positive.
pub(super) fn threshold_of(threshold: f64, written: bool) -> Option<f64> {
    (written || threshold != UNWRITTEN).then_some(threshold)
}
