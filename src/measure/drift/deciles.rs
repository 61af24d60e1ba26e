//! What is known of a sample whose rows are gone: ten parts of its values in their order.

use super::bins::Bins;

/// Eleven edges and ten counts; count k is of the values above edge k up to edge k + 1, those equal to edge 0 in the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciles {
    edges: [f64; 11],
    /// How many values are not above each edge; of edge 0 that is not known, and 0.
    up_to: [u64; 11],
}

/// Between which numbers the distances of two samples lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistanceBounds {
    /// Kolmogorov-Smirnov: least and greatest.
    pub kolmogorov_smirnov: (f64, f64),
    /// Wasserstein-1, in the column's own unit: least and greatest.
    pub wasserstein: (f64, f64),
}

impl Deciles {
    /// None of edges that are not finite or do not ascend, and of no values.
    pub fn new(edges: [f64; 11], counts: [u64; 10]) -> Option<Self> {
        let sound = edges.iter().all(|edge| edge.is_finite()) && edges.windows(2).all(|pair| pair[0] <= pair[1]);
        let mut up_to = [0_u64; 11];
        for (place, count) in counts.iter().enumerate() {
            up_to[place + 1] = up_to[place].checked_add(*count)?;
        }
        // Of edges that are the same the first has all values.
        (sound && up_to[10] > 0).then_some(Self { edges, up_to })
    }

    /// How many values there are.
    pub const fn len(&self) -> u64 {
        self.up_to[10]
    }

    /// Never: there is no such thing without values.
    pub const fn is_empty(&self) -> bool {
        self.up_to[10] == 0
    }

    /// Between which values the eight middle parts lie.
    pub const fn middle(&self) -> (f64, f64) {
        (self.edges[1], self.edges[9])
    }

    /// Whether a value is more than one edge: a tenth of all are equal to it.
    pub fn is_frequent(&self, value: f64) -> bool {
        self.edges.windows(2).any(|pair| pair[0] == value && pair[1] == value)
    }

    /// Bins between the edges, and the counts in them of the sample that these are the deciles of: exact. A value that is more than
    /// one edge has a bin of its own, if it is the least or `count_of` knows how often it occurs, and it `is_apart`.
    pub fn bins(&self, count_of: impl Fn(f64) -> Option<u64>, is_apart: impl Fn(f64) -> bool) -> (Bins, Vec<u64>) {
        let mut cuts: Vec<(f64, u64)> = Vec::new();
        let mut push = |upper: f64, up_to: u64| {
            if cuts.last().is_none_or(|(last, _)| *last < upper) {
                cuts.push((upper, up_to));
            }
        };
        let mut last = 0;
        for (place, group) in self.edges.chunk_by(|a, b| a == b).enumerate() {
            let (value, all) = (group[0], self.up_to[last + group.len() - 1]);
            last += group.len();
            let is_value = group.len() > 1 && is_apart(value);
            let below = match place {
                0 => Some(0),
                _ if is_value => count_of(value).map(|count| all.saturating_sub(count)),
                _ => None,
            };
            if let Some(below) = below {
                push(value.next_down(), below);
            }
            if place > 0 || is_value || group.len() == self.edges.len() {
                push(value, all);
            }
        }
        let bins = Bins::of_uppers(cuts.iter().map(|(upper, _)| *upper).collect());
        let known = |upper: f64| cuts.iter().find(|(cut, _)| *cut == upper).map_or(0, |(_, up_to)| *up_to);
        let counts = bins.between(known, self.len());
        (bins, counts)
    }

    /// Counts in `bins`: an estimate. Values between two deciles are taken to be spread evenly, those of the outermost tenths to thin
    /// out towards the extreme one, which is the last: evenly spread, the tail of a sample with one outlier would lie beyond all values
    /// of any other. Of a value with a bin of its own `count_of` may know how often it occurs.
    pub fn estimated_counts(&self, bins: &Bins, count_of: impl Fn(f64) -> Option<u64>) -> Vec<u64> {
        let up_to = |upper: f64| match bins.value_at(upper).and_then(|value| Some((value, count_of(value)?))) {
            Some((value, count)) => {
                let with_it = self.estimate(value, count, &count_of);
                if value == upper { with_it } else { with_it.saturating_sub(count) }
            }
            None => self.estimate(upper, 0, &count_of),
        };
        bins.between(|upper| up_to(upper).min(self.len()), self.len())
    }

    /// About how many values are not above `value`, which so many are equal to.
    fn estimate(&self, value: f64, equal: u64, count_of: impl Fn(f64) -> Option<u64>) -> u64 {
        let next = self.edges.partition_point(|edge| *edge <= value);
        match next {
            0 => 0,
            11 => self.len(),
            next if next > 1 && self.edges[next - 1] == value => self.up_to[next - 1],
            next => {
                let (before, below) = (self.up_to[next - 1], self.below(next, count_of));
                let inside = below.saturating_sub(before).saturating_sub(equal) as f64;
                let up_to = match next {
                    1 => self.beyond(value, (self.edges[1], self.edges[0]), inside),
                    10 => inside - self.beyond(value, (self.edges[9], self.edges[10]), inside),
                    next => inside * (value - self.edges[next - 1]) / (self.edges[next] - self.edges[next - 1]),
                };
                before + up_to.round().clamp(0.0, inside) as u64 + equal
            }
        }
    }

    /// About how many values lie below an edge that the one before it lies below: all that are not above it, but for a value that
    /// is more than one edge.
    fn below(&self, place: usize, count_of: impl Fn(f64) -> Option<u64>) -> u64 {
        let edge = self.edges[place];
        let last = self.edges.partition_point(|other| *other <= edge) - 1;
        if last == place {
            return self.up_to[place];
        }
        // By what a decile is, fewer than so many tenths lie below it.
        let tenths = || (u128::from(self.len()) * place as u128 / 10) as u64;
        count_of(edge).map_or_else(tenths, |count| self.up_to[last].saturating_sub(count))
    }

    /// About how many of the `count` values of an outermost tenth, which goes from its inner edge to the extreme value, lie beyond
    /// `value`: with the distance from the median they fall as a power of it by which the extreme one is the only one left.
    fn beyond(&self, value: f64, (inner, extreme): (f64, f64), count: f64) -> f64 {
        let distance = |from: f64| (from - self.edges[5]).abs();
        let reached = (distance(value) / distance(inner)).ln() / (distance(extreme) / distance(inner)).ln();
        // Where the median is the inner edge, the distances from it are of no scale.
        let reached = if reached.is_finite() { reached } else { (value - inner) / (extreme - inner) };
        count.powf(1.0 - reached.clamp(0.0, 1.0))
    }

    /// Between which two numbers of values that are not above `value` the true one lies.
    fn share_bounds(&self, value: f64) -> (u64, u64) {
        if value < self.edges[0] {
            return (0, 0);
        }
        let next = self.edges.partition_point(|edge| *edge <= value);
        let least = self.up_to[next - 1];
        // On an edge but the first it is known.
        if next > 1 && self.edges[next - 1] == value || next == 11 {
            return (least, least);
        }
        (least, self.up_to[next])
    }

    /// The same for all values between two neighbouring edges of either sample.
    fn inside(&self, from: f64) -> (u64, u64) {
        if from < self.edges[0] {
            return (0, 0);
        }
        match self.edges.partition_point(|edge| *edge <= from) {
            11 => (self.len(), self.len()),
            next => (self.up_to[next - 1], self.up_to[next]),
        }
    }

    /// What follows of the distances of both samples, whatever their values between the edges are.
    pub fn distance_bounds(&self, other: &Self) -> DistanceBounds {
        let (n, m) = (self.len() as f64, other.len() as f64);
        let mut edges: Vec<f64> = self.edges.iter().chain(&other.edges).copied().collect();
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let gap = |ours: (u64, u64), theirs: (u64, u64)| {
            let (a, b) = ((ours.0 as f64 / n, ours.1 as f64 / n), (theirs.0 as f64 / m, theirs.1 as f64 / m));
            ((a.0 - b.1).max(b.0 - a.1).max(0.0), (a.1 - b.0).max(b.1 - a.0))
        };
        let mut bounds = DistanceBounds { kolmogorov_smirnov: (0.0, 0.0), wasserstein: (0.0, 0.0) };
        for (place, edge) in edges.iter().enumerate() {
            let at = gap(self.share_bounds(*edge), other.share_bounds(*edge));
            let between = gap(self.inside(*edge), other.inside(*edge));
            let distance = &mut bounds.kolmogorov_smirnov;
            distance.0 = distance.0.max(at.0);
            distance.1 = distance.1.max(at.1).max(between.1);
            if let Some(next) = edges.get(place + 1) {
                bounds.wasserstein.0 += (next - edge) * between.0;
                bounds.wasserstein.1 += (next - edge) * between.1;
            }
        }
        bounds
    }
}
