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

    /// The edges, as bins.
    pub fn bins(&self) -> Option<Bins> {
        Bins::new(&self.edges)
    }

    /// Counts in `bins` of the sample that these are the deciles of: exact.
    pub fn own_counts(&self, bins: &Bins) -> Vec<u64> {
        let up_to: Vec<u64> = bins.edges().iter().map(|edge| self.share_bounds(*edge).1).collect();
        bins.between(&up_to, 0, self.len())
    }

    /// Counts in `bins` if the values between two edges are spread evenly: an estimate.
    pub fn even_counts(&self, bins: &Bins) -> Vec<u64> {
        let up_to: Vec<u64> = bins.edges().iter().map(|edge| self.even(*edge)).collect();
        let below = self.even(bins.edges()[0].next_down());
        bins.between(&up_to, below, self.len())
    }

    /// About how many values are not above `value`.
    fn even(&self, value: f64) -> u64 {
        let next = self.edges.partition_point(|edge| *edge <= value);
        match next {
            0 => 0,
            11 => self.len(),
            next => {
                let (from, to) = (self.edges[next - 1], self.edges[next]);
                let (before, after) = (self.up_to[next - 1], self.up_to[next]);
                let part = (value - from) / (to - from);
                before + (part * (after - before) as f64).round() as u64
            }
        }
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
