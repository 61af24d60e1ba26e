//! Bins that a reference alone decides: an outlier among the current values moves no edge.

use super::sample::Sample;

/// Bins between ascending edges, one below and one above them. A bin has the values above its lower edge up to its upper one;
/// those equal to the least edge are in the first inner bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    edges: Vec<f64>,
}

impl Bins {
    /// Of finite edges, ascending; equal ones count once. None without any.
    pub fn new(edges: &[f64]) -> Option<Self> {
        let mut edges = edges.to_vec();
        edges.dedup();
        let sound = !edges.is_empty()
            && edges.iter().all(|edge| edge.is_finite())
            && edges.windows(2).all(|pair| pair[0] < pair[1]);
        sound.then_some(Self { edges })
    }

    /// Counts: below the least edge, between the edges, above the greatest.
    pub fn counts(&self, sample: &Sample) -> Vec<u64> {
        let up_to: Vec<u64> = self.edges.iter().map(|edge| sample.up_to(*edge)).collect();
        self.between(&up_to, sample.up_to(self.edges[0].next_down()), sample.len())
    }

    /// From how many values are not above each edge, below the least, and in all.
    pub(super) fn between(&self, up_to: &[u64], below: u64, all: u64) -> Vec<u64> {
        let mut counts = vec![below];
        // One edge alone is a bin of the values that equal it.
        let inner = if up_to.len() > 1 { &up_to[1..] } else { up_to };
        let mut before = below;
        for up_to in inner {
            counts.push(up_to.saturating_sub(before));
            before = *up_to;
        }
        counts.push(all.saturating_sub(before));
        counts
    }

    /// The edges.
    pub(super) fn edges(&self) -> &[f64] {
        &self.edges
    }
}
