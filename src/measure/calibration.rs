//! Expected calibration error over bins of equal mass: Σ over bins |Σ w (y - p)| / Σ w.
//!
//! Equal mass because equal-width bins are more biased (Roelofs et al., arXiv 2012.08668). Rows of one score that lie across a
//! bin's edge are shared between the bins in proportion, so their order does not matter. Of several classes it is that of the
//! predicted class: its probability, and whether it is right.

use std::sync::OnceLock;

use fearless_simd::dispatch;

use super::bootstrap::{Drawn, Weighted};
use super::random::{LANES, Weights};
use super::ranks::Ranking;
use super::undefined::Undefined;
use super::vectors::level;

/// Rows of weight 8 at most whose sum is a byte.
const IN_BYTES: usize = 31;

/// Sums that are held in registers while rows go by.
const HELD: usize = 16;

/// Outcomes and the probabilities given to them.
pub(super) struct Calibration<'a> {
    /// y - p per row.
    residuals: Vec<f64>,
    ranking: Ranking,
    bins: u32,
    weights: Option<&'a [f64]>,
    /// With the rows' own weights: asked for again and again.
    own: OnceLock<(Vec<f64>, f64)>,
}

impl<'a> Calibration<'a> {
    pub(super) fn new(
        happened: impl Iterator<Item = bool>,
        probabilities: &[f64],
        bins: u32,
        weights: Option<&'a [f64]>,
    ) -> Result<Self, Undefined> {
        if bins == 0 {
            return Err(Undefined::InvalidSetting { name: "bins", value: 0.0 });
        }
        let residuals = happened.zip(probabilities).map(|(y, p)| f64::from(u8::from(y)) - p).collect();
        Ok(Self { residuals, ranking: Ranking::new(probabilities)?, bins, weights, own: OnceLock::new() })
    }

    /// Each bin's Σ w (y - p), by decreasing probability, and Σ w.
    fn binned(&self, weights: Option<&[f64]>) -> (Vec<f64>, f64) {
        let weight = |row: u32| weights.map_or(1.0, |weights| weights[row as usize]);
        let total: f64 = self.ranking.ties().flatten().map(|row| weight(*row)).sum();
        let mut bins = vec![0.0; self.bins as usize];
        let mut start = 0.0;
        for ties in self.ranking.ties() {
            let mass: f64 = ties.iter().map(|row| weight(*row)).sum();
            let residual: f64 = ties.iter().map(|row| weight(*row) * self.residuals[*row as usize]).sum();
            self.over(start, mass, total, |bin, part| bins[bin] += residual * part);
            start += mass;
        }
        (bins, total)
    }

    /// The bin that begins at or before `start`, and where it ends.
    fn bin(&self, start: f64, total: f64) -> (usize, f64) {
        let width = total / f64::from(self.bins);
        let bin = ((start / width) as usize).min(self.bins as usize - 1);
        (bin, self.edge(bin, width))
    }

    fn edge(&self, bin: usize, width: f64) -> f64 {
        if bin + 1 == self.bins as usize { f64::INFINITY } else { width * (bin + 1) as f64 }
    }

    /// The bins that a stretch of the mass lies in, and which part of it each has.
    fn over(&self, start: f64, mass: f64, total: f64, mut then: impl FnMut(usize, f64)) {
        if mass <= 0.0 {
            return;
        }
        let width = total / f64::from(self.bins);
        let last = self.bins as usize - 1;
        let (mut at, end) = (start, start + mass);
        let (mut bin, _) = self.bin(start, total);
        loop {
            let edge = self.edge(bin, width);
            let until = end.min(edge);
            if until > at {
                then(bin, (until - at) / mass);
                at = until;
            }
            if bin == last || edge >= end {
                return;
            }
            bin += 1;
        }
    }

    fn own(&self) -> &(Vec<f64>, f64) {
        self.own.get_or_init(|| self.binned(self.weights))
    }
}

/// The error of bins whose sums are these, of so much mass.
fn error(bins: &[f64], total: f64) -> Result<f64, Undefined> {
    if total > 0.0 { Ok(bins.iter().map(|sum| sum.abs()).sum::<f64>() / total) } else { Err(Undefined::NoWeight) }
}

impl Weighted for Calibration<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        let (bins, total) = self.own();
        error(bins, *total)
    }

    /// With the bins' edges and signs held where they are.
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        let (bins, total) = self.own();
        let weight = |row: u32| self.weights.map_or(1.0, |weights| weights[row as usize]);
        let mut influence = vec![0.0; self.residuals.len()];
        let mut start = 0.0;
        for ties in self.ranking.ties() {
            let mass: f64 = ties.iter().map(|row| weight(*row)).sum();
            let mut sign = 0.0;
            self.over(start, mass, *total, |bin, part| sign += part * if bins[bin] < 0.0 { -1.0 } else { 1.0 });
            for &row in ties {
                influence[row as usize] = weight(row) * (sign * self.residuals[row as usize] - value) / total;
            }
            start += mass;
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        let (bins, total) = self.binned(Some(weights));
        error(&bins, total).unwrap_or(f64::NAN)
    }

    fn order(&self) -> Option<&[u32]> {
        Some(self.ranking.order())
    }

    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut scan = Scan::new(self, drawn);
        let mut single = Vec::with_capacity(IN_BYTES);
        for ties in self.ranking.ties() {
            if let &[row] = ties {
                single.push((drawn.of(row), self.residuals[row as usize]));
                if single.len() < IN_BYTES {
                    continue;
                }
            }
            scan.singles(&single);
            single.clear();
            if ties.len() > 1 {
                scan.tie(ties);
            }
        }
        scan.singles(&single);
        scan.finish(values);
    }
}

/// A pass from the highest probability to the lowest, every sum 128 times, each with the bits it has alone.
struct Scan<'a> {
    calibration: &'a Calibration<'a>,
    drawn: &'a Drawn<'a>,
    total: [u32; LANES],
    /// Weight so far.
    start: [u32; LANES],
    /// The bin that goes on, the weight it may end with, and its sum so far.
    bin: [usize; LANES],
    limit: [u32; LANES],
    residual: [f64; LANES],
    /// Of each bin the lanes' sums.
    bins: Vec<[f64; LANES]>,
}

impl<'a> Scan<'a> {
    fn new(calibration: &'a Calibration<'a>, drawn: &'a Drawn<'a>) -> Self {
        let mut total = [0; LANES];
        for rows in drawn.table().chunks(IN_BYTES) {
            add(&mut total, &summed(rows.iter()));
        }
        let bins = vec![[0.0; LANES]; calibration.bins as usize];
        let nothing = [0; LANES];
        let mut scan = Self {
            calibration,
            drawn,
            total,
            start: nothing,
            bin: [0; LANES],
            limit: nothing,
            residual: [0.0; LANES],
            bins,
        };
        (0..LANES).for_each(|lane| scan.enter(lane));
        scan
    }

    /// Goes on in the bin that the weight so far is in.
    fn enter(&mut self, lane: usize) {
        let (bin, edge) = self.calibration.bin(f64::from(self.start[lane]), f64::from(self.total[lane]));
        self.bin[lane] = bin;
        // Whole numbers up to here do not exceed the edge; a cast keeps to the largest one.
        self.limit[lane] = edge as u32;
        self.residual[lane] = self.bins[bin][lane];
    }

    /// A stretch of one lane, wherever it lies.
    fn stretch(&mut self, lane: usize, mass: u32, residual: f64) {
        let end = self.start[lane].wrapping_add(mass);
        if end <= self.limit[lane] {
            self.residual[lane] += residual;
            self.start[lane] = end;
            return;
        }
        self.bins[self.bin[lane]][lane] = self.residual[lane];
        let (start, total) = (f64::from(self.start[lane]), f64::from(self.total[lane]));
        self.calibration.over(start, f64::from(mass), total, |bin, part| self.bins[bin][lane] += residual * part);
        self.start[lane] = end;
        self.enter(lane);
    }

    /// Rows that tie with none, at most [`IN_BYTES`], by weights and residual. Few lanes meet an edge among so few rows.
    fn singles(&mut self, rows: &[(&Weights, f64)]) {
        let masses = summed(rows.iter().map(|row| row.0));
        let before = self.residual;
        dispatch!(level(), _ => weigh(&mut self.residual, rows));
        for lane in 0..LANES {
            let end = self.start[lane].wrapping_add(u32::from(masses[lane]));
            if end <= self.limit[lane] {
                self.start[lane] = end;
                continue;
            }
            self.residual[lane] = before[lane];
            for (weights, residual) in rows {
                self.stretch(lane, u32::from(weights[lane]), f64::from(weights[lane]) * residual);
            }
        }
    }

    /// Rows of one probability.
    fn tie(&mut self, rows: &[u32]) {
        let (mut masses, mut residuals) = ([0; LANES], [0.0; LANES]);
        for rows in rows.chunks(IN_BYTES) {
            add(&mut masses, &summed(rows.iter().map(|&row| self.drawn.of(row))));
        }
        for &row in rows {
            let residual = self.calibration.residuals[row as usize];
            for (sum, &weight) in residuals.iter_mut().zip(self.drawn.of(row)) {
                *sum += f64::from(weight) * residual;
            }
        }
        for lane in 0..LANES {
            self.stretch(lane, masses[lane], residuals[lane]);
        }
    }

    fn finish(mut self, values: &mut [f64; LANES]) {
        for (lane, value) in values.iter_mut().enumerate() {
            self.bins[self.bin[lane]][lane] = self.residual[lane];
            // NaN where no row was drawn.
            *value = self.bins.iter().map(|sums| sums[lane].abs()).sum::<f64>() / f64::from(self.total[lane]);
        }
    }
}

/// Adds the rows' weighted residuals in every lane.
#[inline(always)]
fn weigh(sums: &mut [f64; LANES], rows: &[(&Weights, f64)]) {
    for (at, sums) in sums.chunks_exact_mut(HELD).enumerate() {
        hold(sums, rows, at * HELD);
    }
}

/// The same in the lanes `from` and following.
#[inline(always)]
fn hold(sums: &mut [f64], rows: &[(&Weights, f64)], from: usize) {
    let mut held = [0.0; HELD];
    held.copy_from_slice(sums);
    for (weights, residual) in rows {
        for (sum, &weight) in held.iter_mut().zip(&weights[from..from + HELD]) {
            *sum += f64::from(weight) * residual;
        }
    }
    sums.copy_from_slice(&held);
}

/// The sums of at most [`IN_BYTES`] rows. Wrapping arithmetic, here and below, because overflow checks would keep these loops
/// from being vector code; resampled sets have far fewer than 2³² / 8 rows.
fn summed<'a>(rows: impl Iterator<Item = &'a Weights>) -> Weights {
    let mut sums = [0_u8; LANES];
    for weights in rows {
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(weight);
        }
    }
    sums
}

fn add(sums: &mut [u32; LANES], weights: &Weights) {
    for (sum, &weight) in sums.iter_mut().zip(weights) {
        *sum = sum.wrapping_add(u32::from(weight));
    }
}
