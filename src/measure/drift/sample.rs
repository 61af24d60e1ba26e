//! A sample as its distinct values and how often each occurs.

use super::super::undefined::Undefined;

/// Finite numbers, ascending and distinct, each with how often it occurs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
    /// How many values are not above the one at the same place.
    cumulated: Vec<u64>,
}

impl Sample {
    /// Of values in any order.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn new(mut values: Vec<f64>) -> Result<Self, Undefined> {
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            return Err(Undefined::NotFinite { row });
        }
        // -0 is 0.
        values.iter_mut().for_each(|value| *value += 0.0);
        values.sort_unstable_by(f64::total_cmp);
        let mut sample = Self::default();
        for (count, value) in (1..).zip(values) {
            sample.push(value, count);
        }
        Ok(sample)
    }

    /// Of values and their counts, in any order.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn of_counts(mut counts: Vec<(f64, u64)>) -> Result<Self, Undefined> {
        if let Some(row) = counts.iter().position(|(value, _)| !value.is_finite()) {
            return Err(Undefined::NotFinite { row });
        }
        counts.iter_mut().for_each(|(value, _)| *value += 0.0);
        counts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut sample = Self::default();
        let mut total = 0_u64;
        for (value, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            total = total.saturating_add(count);
            sample.push(value, total);
        }
        Ok(sample)
    }

    fn push(&mut self, value: f64, cumulated: u64) {
        match (self.values.last(), self.cumulated.last_mut()) {
            (Some(last), Some(total)) if *last == value => *total = cumulated,
            _ => {
                self.values.push(value);
                self.cumulated.push(cumulated);
            }
        }
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.cumulated.last().copied().unwrap_or(0)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The distinct values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The standard deviation (n − 1); none of fewer than two values.
    pub fn sd(&self) -> Option<f64> {
        let n = self.len();
        if n < 2 {
            return None;
        }
        let sum = |term: &dyn Fn(f64) -> f64| -> f64 {
            self.counted().map(|(value, count)| term(value) * count as f64).sum()
        };
        let mean = sum(&|value| value) / n as f64;
        Some((sum(&|value| (value - mean) * (value - mean)) / (n - 1) as f64).sqrt())
    }

    /// How many values are not above `value`.
    pub(super) fn up_to(&self, value: f64) -> u64 {
        match self.values.partition_point(|known| *known <= value) {
            0 => 0,
            place => self.cumulated[place - 1],
        }
    }

    /// How often a value occurs.
    pub fn count_of(&self, value: f64) -> u64 {
        self.up_to(value) - self.up_to(value.next_down())
    }

    fn counted(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let before = [0].into_iter().chain(self.cumulated.iter().copied());
        self.values
            .iter()
            .zip(self.cumulated.iter().zip(before))
            .map(|(value, (up_to, before))| (*value, up_to - before))
    }

    /// Every place where one of two samples steps, and how many values of each are not above it.
    pub(super) fn steps<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = (f64, u64, u64)> + 's {
        let (mut mine, mut theirs) = (0, 0);
        let count = |sample: &Self, next: usize| if next == 0 { 0 } else { sample.cumulated[next - 1] };
        std::iter::from_fn(move || {
            let value = match (self.values.get(mine), other.values.get(theirs)) {
                (None, None) => return None,
                (Some(a), None) => *a,
                (None, Some(b)) => *b,
                (Some(a), Some(b)) => a.min(*b),
            };
            mine += usize::from(self.values.get(mine) == Some(&value));
            theirs += usize::from(other.values.get(theirs) == Some(&value));
            Some((value, count(self, mine), count(other, theirs)))
        })
    }
}

/// Wasserstein-1: the area between both distribution functions, in standard deviations of the reference.
/// Divided by 1 it is `scipy.stats.wasserstein_distance`.
///
/// # Errors
/// An empty sample, and a reference that does not vary: nothing says how far is far.
pub fn wasserstein(reference: &Sample, current: &Sample) -> Result<f64, Undefined> {
    let scale = reference.sd().filter(|sd| *sd > 0.0).ok_or(Undefined::ZeroVariance)?;
    if current.is_empty() {
        return Err(Undefined::TooFewRows { n: 0, needed: 1 });
    }
    let (n, m) = (reference.len() as f64, current.len() as f64);
    let mut area = 0.0;
    let mut before: Option<(f64, f64)> = None;
    for (value, ours, theirs) in reference.steps(current) {
        if let Some((from, height)) = before {
            area += (value - from) * height;
        }
        before = Some((value, (ours as f64 / n - theirs as f64 / m).abs()));
    }
    let distance = area / scale;
    if distance.is_finite() { Ok(distance) } else { Err(Undefined::Overflow) }
}
