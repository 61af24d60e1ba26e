//! Bins that a reference alone decides: an outlier among the current values moves no edge.

use super::sample::Sample;

/// Bins of ascending numbers: each has the values above the bin before it, up to its own upper edge; the last one has what is above all.
///
/// A value that is frequent enough to fill a bin has one of its own. Together with its neighbours it would hide how often it occurs:
/// between 0 and 1 lie all labels, whatever they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    uppers: Vec<f64>,
}

impl Bins {
    /// Below the least of finite, ascending edges, between them, and above the greatest; the least is in the first inner bin. An edge
    /// that is given more than once is a value with a bin of its own. None without edges.
    pub fn new(edges: &[f64]) -> Option<Self> {
        let sound = edges.iter().all(|edge| edge.is_finite()) && edges.windows(2).all(|pair| pair[0] <= pair[1]);
        let groups: Vec<&[f64]> = edges.chunk_by(|a, b| a == b).collect();
        let mut bins = Self { uppers: Vec::with_capacity(2 * groups.len()) };
        for (place, group) in groups.iter().enumerate() {
            let is_value = group.len() > 1 || groups.len() == 1;
            if is_value || place == 0 {
                bins.push(group[0].next_down());
            }
            if is_value || place > 0 {
                bins.push(group[0]);
            }
        }
        (sound && !groups.is_empty()).then_some(bins)
    }

    /// One for each value of a sample, and what is between, below and above them. None of an empty one.
    pub fn of_values(sample: &Sample) -> Option<Self> {
        let mut bins = Self { uppers: Vec::new() };
        for value in sample.values() {
            bins.push(value.next_down());
            bins.push(*value);
        }
        (!bins.uppers.is_empty()).then_some(bins)
    }

    /// Of upper edges that ascend.
    pub(super) const fn of_uppers(uppers: Vec<f64>) -> Self {
        Self { uppers }
    }

    /// The value that has a bin of its own which this edge begins or ends.
    pub(super) fn value_at(&self, upper: f64) -> Option<f64> {
        let place = self.uppers.partition_point(|edge| *edge < upper);
        let ends = |place: usize| {
            let (below, value) = (self.uppers.get(place.checked_sub(1)?)?, self.uppers.get(place)?);
            (below.next_up() == *value).then_some(*value)
        };
        ends(place).or_else(|| ends(place + 1))
    }

    fn push(&mut self, upper: f64) {
        if self.uppers.last().is_none_or(|last| *last < upper) {
            self.uppers.push(upper);
        }
    }

    /// How many values are in each.
    pub fn counts(&self, sample: &Sample) -> Vec<u64> {
        self.between(|upper| sample.up_to(upper), sample.len())
    }

    /// From how many values are not above an edge, and in all.
    pub(super) fn between(&self, up_to: impl Fn(f64) -> u64, all: u64) -> Vec<u64> {
        let edges = self.uppers.iter().map(|upper| up_to(*upper)).chain([all]);
        let step = |before: &mut u64, up_to: u64| {
            let inside = up_to.saturating_sub(*before);
            *before += inside;
            Some(inside)
        };
        edges.scan(0, step).collect()
    }
}
