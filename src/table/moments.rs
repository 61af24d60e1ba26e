//! Mean and standard deviation of any number of values, the same whatever their order.
//!
//! Sums of numbers and of their squares are kept exactly, as whole numbers for each binary exponent, so that adding is
//! associative and nothing cancels; rounding happens at the end. Knows nothing of tables.

use std::collections::BTreeMap;

use super::natural::Natural;

/// Exponents of finite doubles.
const SLOTS: usize = 2047;

/// Exact sums of values with one binary exponent: of value = m · 2^exponent, the m and the m².
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    first: i128,
    /// The lower and the upper 64 bits of the squares, summed on their own: 2⁶⁴ of them fit.
    low: u128,
    high: u128,
}

impl Sums {
    fn add(&mut self, value: i128, magnitude: u64) {
        let square = u128::from(magnitude) * u128::from(magnitude);
        self.first += value;
        self.low += square & u128::from(u64::MAX);
        self.high += square >> 64;
    }

    fn merge(&mut self, other: &Self) {
        self.first += other.first;
        self.low += other.low;
        self.high += other.high;
    }
}

/// The sums of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    count: u64,
    by_exponent: BTreeMap<i32, Sums>,
}

impl Moments {
    /// The sums of whole numbers within i64, u64 or both.
    pub(super) fn of_integers(values: impl Iterator<Item = i128>) -> Self {
        let (mut sums, mut count) = (Sums::default(), 0);
        for value in values {
            sums.add(value, value.unsigned_abs() as u64);
            count += 1;
        }
        Self { count, by_exponent: BTreeMap::from([(0, sums)]) }
    }

    /// The sums of finite numbers.
    pub(super) fn of_floats(values: &[f64]) -> Self {
        // A slot for each exponent is made only where there are many numbers to add.
        let mut slots = vec![Sums::default(); if values.len() < SLOTS { 0 } else { SLOTS }];
        let mut moments = Self { count: values.len() as u64, by_exponent: BTreeMap::new() };
        for value in values {
            let bits = value.to_bits();
            let exponent = (bits >> 52 & 0x7ff) as usize;
            let fraction = bits & ((1 << 52) - 1);
            let magnitude = if exponent == 0 { fraction } else { fraction | 1 << 52 };
            let signed = if value.is_sign_negative() { -i128::from(magnitude) } else { i128::from(magnitude) };
            match slots.get_mut(exponent) {
                Some(slot) => slot.add(signed, magnitude),
                None => moments.sums(exponent).add(signed, magnitude),
            }
        }
        for (exponent, sums) in slots.iter().enumerate().filter(|(_, sums)| sums.low | sums.high != 0) {
            moments.sums(exponent).merge(sums);
        }
        moments
    }

    fn sums(&mut self, exponent: usize) -> &mut Sums {
        // Subnormal numbers have the exponent of the smallest normal ones.
        self.by_exponent.entry(exponent.max(1) as i32 - 1075).or_default()
    }

    /// Adds the sums of other values.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (exponent, sums) in &other.by_exponent {
            self.by_exponent.entry(*exponent).or_default().merge(sums);
        }
    }

    /// The mean, rounded once; none without values.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| {
            let Totals { first, negative, exponent, .. } = self.totals();
            let (mean, more) = first.divided(self.count);
            scaled(if negative { -mean } else { mean }, exponent + more)
        })
    }

    /// The standard deviation of a sample (n − 1), within two units in the last place; none of fewer than two values, nor if
    /// no double is so large.
    pub(super) fn sd(&self) -> Option<f64> {
        let sd = (self.count > 1).then(|| {
            let Totals { first, second, exponent, .. } = self.totals();
            // n Σx² − (Σx)² is n times the sum of the squared deviations.
            let (squares, _) = Natural::of(self.count).times(&second).minus(&first.times(&first));
            let (squares, more) = squares.divided(self.count);
            // The root of an even power of two is exact.
            let (squares, more) = if more % 2 == 0 { (squares, more) } else { (squares * 2.0, more - 1) };
            scaled((squares / (self.count - 1) as f64).sqrt(), exponent + more / 2)
        });
        sd.filter(|sd| sd.is_finite())
    }

    fn totals(&self) -> Totals {
        let exponent = self.by_exponent.keys().next().copied().unwrap_or(0);
        let (mut above, mut below, mut second) = (Natural::default(), Natural::default(), Natural::default());
        for (own, sums) in &self.by_exponent {
            let shift = (own - exponent) as usize;
            let signed = if sums.first < 0 { &mut below } else { &mut above };
            signed.add(sums.first.unsigned_abs(), shift);
            second.add(sums.low, 2 * shift);
            second.add(sums.high, 2 * shift + 64);
        }
        let (first, negative) = above.minus(&below);
        Totals { first, negative, second, exponent }
    }
}

/// Σx and Σx² exactly, x in units of 2^`exponent`.
struct Totals {
    first: Natural,
    negative: bool,
    second: Natural,
    exponent: i32,
}

/// `value` · 2^`exponent`, rounded only if that is subnormal.
fn scaled(value: f64, exponent: i32) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let own = (value.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    let exponent = exponent + own;
    value * 2_f64.powi(-own) * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)
}
