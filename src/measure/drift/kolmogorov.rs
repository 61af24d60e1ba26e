//! The two-sample Kolmogorov-Smirnov test.
//!
//! Hodges, "The significance probability of the Smirnov two-sample test", Ark. Mat. 3 (1958); Simard & L'Ecuyer, "Computing
//! the two-sided Kolmogorov-Smirnov distribution", J. Stat. Softw. 39 (2011).

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

use super::super::undefined::Undefined;
use super::sample::Sample;

/// Cells of the lattice that are walked for an exact p value.
const EXACT: u64 = 25_000_000;
/// Terms of the exact tail that are added.
const TERMS: f64 = 100_000.0;

/// A distance and the chance of one as large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The distance.
    pub distance: f64,
    /// The chance of such a distance or a larger one if nothing drifted; of values with ties it is too large, if anything.
    pub p: f64,
}

/// The largest distance of both distribution functions, two-sided: `scipy.stats.ks_2samp`. The p value is exact for samples
/// of equal size and where n · m ≤ 2.5 · 10⁷; else that of one sample of nm/(n + m) values.
///
/// # Errors
/// An empty sample.
pub fn kolmogorov_smirnov(reference: &Sample, current: &Sample) -> Result<Tested, Undefined> {
    let (n, m) = (reference.len(), current.len());
    if n == 0 || m == 0 {
        return Err(Undefined::TooFewRows { n: 0, needed: 1 });
    }
    // In whole numbers: |i/n − j/m| · nm.
    let steps = reference.steps(current);
    let widest = steps.map(|(_, i, j)| (u128::from(i) * u128::from(m)).abs_diff(u128::from(j) * u128::from(n))).max();
    let widest = widest.unwrap_or(0);
    let distance = widest as f64 / (n as f64 * m as f64);
    Ok(Tested { distance, p: chance(n, m, widest, distance) })
}

/// The chance of such a distance or a larger one of samples of `n` and `m` values, if nothing drifted.
pub fn chance_of(distance: f64, n: u64, m: u64) -> f64 {
    if n == 0 || m == 0 || distance.is_nan() {
        return f64::NAN;
    }
    // Rounded down to a distance there can be: the chance is rather too large.
    let widest = (distance.clamp(0.0, 1.0) * n as f64 * m as f64 * (1.0 - 1e-12)).floor() as u128;
    let widest = if n == m { widest / u128::from(n) * u128::from(n) } else { widest };
    chance(n, m, widest, distance)
}

fn chance(n: u64, m: u64, widest: u128, distance: f64) -> f64 {
    let p = if widest == 0 {
        1.0
    } else if n == m {
        square(n, (widest / u128::from(n)) as u64)
    } else if n.saturating_mul(m) <= EXACT {
        lattice(n, m, widest)
    } else {
        let (n, m) = (n as f64, m as f64);
        limit((n * m / (n + m)).round(), distance)
    };
    p.clamp(0.0, 1.0)
}

/// The share of lattice paths to (n, n) that touch |x − y| ≥ `height`.
fn square(n: u64, height: u64) -> f64 {
    let (n, h) = (n as f64, height as f64);
    let mut p = 0.0;
    for k in (0..=(n / h) as u64).rev() {
        let k = k as f64;
        let mut term = 1.0;
        for j in 0..height {
            term *= (n - k * h - j as f64) / (n + k * h + j as f64 + 1.0);
            if term == 0.0 {
                break;
            }
        }
        p = term * (1.0 - p);
    }
    2.0 * p
}

/// The share of lattice paths from (0, 0) to (n, m) that touch |x·m − y·n| ≥ `widest`. Of all paths to (x, y) the share x/(x+y)
/// comes from (x − 1, y): nothing is subtracted, so nothing is lost.
fn lattice(n: u64, m: u64, widest: u128) -> f64 {
    let outside = |x: u64, y: u64| u128::from((x * m).abs_diff(y * n)) >= widest;
    let mut column: Vec<f64> = vec![0.0; m as usize + 1];
    for x in 0..=n {
        let mut below = 0.0;
        for y in 0..=m {
            let left = column[y as usize];
            let share = if outside(x, y) {
                1.0
            } else if x + y == 0 {
                0.0
            } else {
                (x as f64 * left + y as f64 * below) / (x + y) as f64
            };
            column[y as usize] = share;
            below = share;
        }
    }
    column.last().copied().unwrap_or(1.0)
}

/// P(D ≥ d) of one sample of n values.
fn limit(n: f64, d: f64) -> f64 {
    let square = n * d * d;
    if d >= 1.0 || square >= 370.0 {
        return 0.0;
    }
    if square >= 2.2 { 2.0 * one_sided(n, d) } else { 1.0 - pelz_good(n, d) }
}

/// P(D⁺ ≥ d): Smirnov's sum, or where it has too many terms its limit with the first correction.
fn one_sided(n: f64, d: f64) -> f64 {
    if n > TERMS {
        return (-(6.0 * n * d + 1.0).powi(2) / (18.0 * n)).exp();
    }
    let last = (n * (1.0 - d)).floor() as u64;
    let factorial = |k: f64| ln_gamma(k + 1.0);
    let all = factorial(n);
    let mut total = 0.0;
    for v in 0..=last {
        let v = v as f64;
        let rest = 1.0 - d - v / n;
        if rest <= 0.0 {
            break;
        }
        let choose = all - factorial(v) - factorial(n - v);
        total += (choose + (v - 1.0) * (d + v / n).ln() + (n - v) * rest.ln()).exp();
    }
    d * total
}

/// P(D ≤ d), to about 1/n². Pelz & Good, "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample statistic",
/// J. R. Stat. Soc. B 38 (1976).
fn pelz_good(n: f64, d: f64) -> f64 {
    let z = n.sqrt() * d;
    let z2 = z * z;
    let power = |exponent| z.powi(exponent);
    let first = -PI * PI / 8.0 / z2;
    if first < -708.0 {
        return 0.0;
    }
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let mut sums = [0.0; 4];
    let most = (16.0 * z / PI).ceil() as i32;
    for k in (1..=most).rev() {
        let m2 = f64::from(2 * k - 1).powi(2);
        let weight = (first * m2).exp();
        sums[0] += weight;
        sums[1] += weight * (pi2 / 4.0 * m2 - z2);
        sums[2] += weight
            * (6.0 * power(6)
                + 2.0 * power(4)
                + (2.0 * power(4) - 5.0 * z2) * pi2 / 4.0 * m2
                + pi4 * (1.0 - 2.0 * z2) / 16.0 * m2 * m2);
        sums[3] += weight
            * (-30.0 * power(6) - 90.0 * power(8)
                + pi2 * (135.0 * power(4) - 96.0 * power(6)) / 4.0 * m2
                + pi4 * (212.0 * power(4) - 60.0 * z2) / 16.0 * m2 * m2
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m2 * m2 * m2);
    }
    let root = (2.0 * PI).sqrt();
    let below = [z, 6.0 * power(4), 72.0 * power(7), 6480.0 * power(10)];
    sums.iter_mut().zip(below).for_each(|(sum, below)| *sum *= root / below);
    let (mut second, mut third) = (0.0, 0.0);
    for k in (1..=most).rev() {
        let k2 = f64::from(k).powi(2);
        let weight = (-pi2 / 2.0 / z2 * k2).exp();
        second += k2 * weight;
        third += (3.0 * z2 - pi2 * k2) * k2 * weight;
    }
    sums[2] -= second * pi2 * root / (36.0 * power(3));
    sums[3] += third * pi2 * root / (216.0 * power(6));
    (sums[0] + sums[1] / n.sqrt() + sums[2] / n + sums[3] / n.powf(1.5)).clamp(0.0, 1.0)
}
