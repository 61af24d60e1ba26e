//! Metrics of two runs, beside each other. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::scalar::Scalar;

/// Rounding of sums in double precision stays below it (a million terms in another order: 1e-10), and no metric is printed as
/// exactly.
pub const TOLERANCE: f64 = 1e-9;

/// A metric of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricOutcome {
    /// Its dotted key.
    pub name: String,
    /// As recorded.
    pub then: Option<Scalar>,
    /// As it came out now.
    pub now: Option<Scalar>,
    /// What there is to say of the two.
    pub sameness: Sameness,
}

/// How two values are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// The same value.
    Equal,
    /// Numbers whose difference is within the tolerance.
    Close,
    /// Different.
    Different,
    /// One of them is no value that anything can be compared with: NaN, infinite, null, erased.
    Undefined,
    /// The new run did not write it.
    Missing,
    /// Nothing was to be said of it: a person asked for that.
    Ignored,
}

impl Sameness {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Close => "close",
            Self::Different => "different",
            Self::Undefined => "undefined",
            Self::Missing => "missing",
            Self::Ignored => "ignored",
        }
    }
}

/// Compares every metric of either. Two numbers are close if they differ by no more than `tolerance` times the larger; whole
/// numbers, text and truth values must be equal. A metric that is new is a difference.
pub fn compare(
    then: &BTreeMap<String, Scalar>,
    now: &BTreeMap<String, Scalar>,
    tolerance: f64,
    ignored: &[String],
) -> Vec<MetricOutcome> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let outcome = |name: &String| {
        let (a, b) = (then.get(name), now.get(name));
        let sameness = match (a, b) {
            _ if ignored.contains(name) => Sameness::Ignored,
            (Some(a), Some(b)) => sameness(a, b, tolerance),
            (Some(_), None) => Sameness::Missing,
            (None, _) => Sameness::Different,
        };
        MetricOutcome { name: name.clone(), then: a.cloned(), now: b.cloned(), sameness }
    };
    names.into_iter().map(outcome).collect()
}

fn sameness(a: &Scalar, b: &Scalar, tolerance: f64) -> Sameness {
    match (a, b) {
        _ if is_undefined(a) || is_undefined(b) => Sameness::Undefined,
        // The same bits of a number, which `==` of two zeros is not; nothing is to be made of that.
        _ if a == b => Sameness::Equal,
        (Scalar::List(a), Scalar::List(b)) if a.len() == b.len() => {
            let each = a.iter().zip(b).map(|(a, b)| sameness(a, b, tolerance));
            each.fold(Sameness::Equal, |all, one| if rank(one) > rank(all) { one } else { all })
        }
        (Scalar::Float(_), _) | (_, Scalar::Float(_)) => match (a.finite(), b.finite()) {
            (Some(a), Some(b)) if (a - b).abs() <= tolerance * a.abs().max(b.abs()) => Sameness::Close,
            _ => Sameness::Different,
        },
        _ => Sameness::Different,
    }
}

const fn rank(sameness: Sameness) -> u8 {
    match sameness {
        Sameness::Equal | Sameness::Ignored => 0,
        Sameness::Close => 1,
        Sameness::Undefined | Sameness::Missing => 2,
        Sameness::Different => 3,
    }
}

fn is_undefined(value: &Scalar) -> bool {
    match value {
        Scalar::Null | Scalar::Erased => true,
        Scalar::Float(number) => !number.is_finite(),
        Scalar::List(items) => items.iter().any(is_undefined),
        Scalar::Bool(_) | Scalar::Int(_) | Scalar::Text(_) | Scalar::EmptyMap => false,
    }
}

/// Whether a value was measured: a count of rows or epochs is the same for any model.
pub(super) fn is_measured(value: &Scalar) -> bool {
    match value {
        Scalar::Float(number) => number.is_finite(),
        Scalar::List(items) => items.iter().any(is_measured),
        _ => false,
    }
}
