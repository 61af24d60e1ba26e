//! How much a tensor or a layer changed: the one order of every listing, and the words that stand in it.
//!
//! First comes where other elements are NaN or infinite than before: the numbers that are left may not have changed at all, so
//! that a norm says nothing. Then what has no relative change because there was nothing to change, then the other numbers, the most
//! changed first; then bytes, by the share that changed; last of what nothing was counted.

use std::cmp::Ordering;

use super::sums::Sums;

/// How much something changed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Extent {
    /// Nothing was counted.
    #[default]
    Unknown,
    /// Bytes: the share of units that are different.
    Share(f64),
    /// Numbers: ‖b − a‖ ∕ ‖a‖.
    Relative(f64),
    /// Numbers with other bits and the same values: the other zero, another NaN.
    Bits,
    /// Numbers that changed by so little that the sum of the squares is 0.
    TooSmall,
    /// Numbers of which there is no such thing: all were 0 before.
    Undefined,
    /// Numbers of which a sum is beyond `f64`.
    TooLarge,
    /// So many elements are NaN or infinite on one side, and another thing on the other.
    NotFinite(u64),
}

impl Extent {
    /// Of numbers.
    pub fn of(sums: &Sums) -> Self {
        match (sums.turned, sums.difference().relative) {
            (0, Some(0.0)) if sums.changed > 0 && sums.largest > 0.0 => Self::TooSmall,
            (0, Some(0.0)) if sums.changed > 0 => Self::Bits,
            (0, Some(relative)) => Self::Relative(relative),
            (0, None) if sums.squares.is_finite() && sums.squares_a.is_finite() => match sums.largest > 0.0 {
                false if sums.changed > 0 => Self::Bits,
                _ => Self::Undefined,
            },
            (0, None) => Self::TooLarge,
            (turned, _) => Self::NotFinite(turned),
        }
    }

    /// The order of listings.
    pub fn largest_first(&self, other: &Self) -> Ordering {
        let key = |extent: &Self| match *extent {
            Self::NotFinite(turned) => (4, turned as f64),
            Self::TooLarge => (3, 1.0),
            Self::Undefined => (3, 0.0),
            Self::Relative(part) if part > 0.0 => (2, part),
            Self::TooSmall => (2, 0.0),
            Self::Share(part) => (1, part),
            Self::Bits => (0, 1.0),
            Self::Relative(_) | Self::Unknown => (0, 0.0),
        };
        let ((class, size), (other_class, other_size)) = (key(self), key(other));
        other_class.cmp(&class).then(other_size.total_cmp(&size))
    }

    /// The larger of two.
    pub fn max(self, other: Self) -> Self {
        if self.largest_first(&other) == Ordering::Greater { other } else { self }
    }

    /// The relative change, if it says something.
    pub const fn relative(self) -> Option<f64> {
        match self {
            Self::Relative(relative) => Some(relative),
            _ => None,
        }
    }

    /// What stands in a column of relative changes.
    pub fn words(self, number: impl FnOnce(f64) -> String) -> String {
        match self {
            Self::Relative(relative) => number(relative),
            Self::NotFinite(_) => NOT_FINITE.to_owned(),
            Self::Undefined => "was 0".to_owned(),
            Self::TooLarge => "beyond f64".to_owned(),
            Self::TooSmall => "below f64".to_owned(),
            Self::Bits => "same values".to_owned(),
            Self::Share(_) | Self::Unknown => "–".to_owned(),
        }
    }
}

/// In the place of a relative change.
pub const NOT_FINITE: &str = "NaN/inf";

/// What became of NaN and infinities: `1 NaN (was 0), 3 infinite (was 4)`; none where they are what they were.
pub fn not_finite(sums: &Sums) -> Option<String> {
    let said = |name: &str, a: u64, b: u64| (a != b).then(|| format!("{b} {name} (was {a})"));
    let counts = [said("NaN", sums.a.nan, sums.b.nan), said("infinite", sums.a.infinite, sums.b.infinite)];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    match (sums.turned, counts.is_empty()) {
        (0, _) => None,
        (1, true) => Some("1 element is another one of NaN and the infinities".to_owned()),
        (turned, true) => Some(format!("NaN or infinite in other places: {turned} elements differ in that")),
        (_, false) => Some(counts.join(", ")),
    }
}
