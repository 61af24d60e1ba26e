//! Quantiles and probabilities of the normal, t and binomial distributions.
//!
//! statrs' normal quantile agrees with scipy to 1e-15; its normal cdf only to 5e-11 and its t quantile is wrong in
//! places (2 degrees of freedom), so both get refined here: the goldens hold them to 1e-12 of scipy.

use statrs::distribution::{Continuous as _, ContinuousCDF as _, Normal, StudentsT};
use statrs::function::gamma::checked_gamma_ur;

use super::undefined::Undefined;

/// z with P(Z ≤ z) = `probability`; infinite at 0 and 1, NaN outside.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    if (0.0..=1.0).contains(&probability) { Normal::standard().inverse_cdf(probability) } else { f64::NAN }
}

/// P(Z ≤ z).
pub(super) fn normal_cdf(z: f64) -> f64 {
    let normal = Normal::standard();
    let rough = normal.cdf(z);
    // NaN stays NaN: statrs' quantile would panic.
    if !(rough > 0.0 && rough < 1.0) {
        return rough;
    }
    // One Newton step against the quantile, which is the exact one of the two.
    (rough + normal.pdf(z) * (z - normal.inverse_cdf(rough))).clamp(0.0, 1.0)
}

/// The one-sided normal quantile of a confidence level: 1.645 at 0.95.
pub(super) fn one_sided(confidence: f64) -> Result<f64, Undefined> {
    if confidence > 0.5 && confidence < 1.0 {
        Ok(normal_quantile(confidence))
    } else {
        Err(Undefined::InvalidSetting { name: "confidence", value: confidence })
    }
}

/// t with P(T ≤ t) = `probability` > 0.5, for `freedom` ≥ 1 degrees of freedom.
///
/// Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5), exact enough above 1,000 degrees; below, where statrs' cdf
/// still has 13 digits, the root is found by bracketed Newton steps on the upper tail.
pub(super) fn t_quantile(probability: f64, freedom: f64) -> f64 {
    let expansion = cornish_fisher(normal_quantile(probability), freedom);
    if freedom > 1000.0 {
        return expansion;
    }
    let Ok(student) = StudentsT::new(0.0, 1.0, freedom) else { return f64::NAN };
    let tail = 1.0 - probability;
    let mut low = 0.0;
    let mut high = 1.0;
    while student.cdf(-high) > tail && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    let mut t = if expansion > low && expansion < high { expansion } else { 0.5 * (low + high) };
    for _ in 0..200 {
        let excess = student.cdf(-t) - tail;
        if excess > 0.0 {
            low = t;
        } else {
            high = t;
        }
        let newton = t + excess / student.pdf(t);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - t).abs() <= 2.0 * f64::EPSILON * t {
            return next;
        }
        t = next;
    }
    t
}

fn cornish_fisher(z: f64, freedom: f64) -> f64 {
    let x = z * z;
    let g1 = z * (x + 1.0) / 4.0;
    let g2 = z * ((5.0 * x + 16.0) * x + 3.0) / 96.0;
    let g3 = z * (((3.0 * x + 19.0) * x + 17.0) * x - 15.0) / 384.0;
    let g4 = z * ((((79.0 * x + 776.0) * x + 1482.0) * x - 1920.0) * x - 945.0) / 92160.0;
    z + (g1 + (g2 + (g3 + g4 / freedom) / freedom) / freedom) / freedom
}

/// P(X ≥ `value`) for X of χ² with so many degrees of freedom; without any, X is 0.
pub(super) fn chi_squared_tail(value: f64, freedom: f64) -> f64 {
    if value.is_nan() {
        return f64::NAN;
    }
    if value <= 0.0 || freedom < 1.0 {
        return 1.0;
    }
    checked_gamma_ur(freedom / 2.0, value / 2.0).unwrap_or(f64::NAN)
}

/// x with P(X ≤ x) = `probability`, 0 without degrees of freedom.
pub(super) fn chi_squared_quantile(probability: f64, freedom: f64) -> f64 {
    if freedom < 1.0 {
        return 0.0;
    }
    // Mean and variance are the degrees of freedom and twice as many.
    let far = freedom + 40.0 * (2.0 * freedom).sqrt();
    root(0.0, far, |x| chi_squared_tail(x, freedom) > 1.0 - probability)
}

/// P(X ≤ `most`) for X of Bin(`trials`, `probability`), term by term from P(X = 0): for a small `most`, whose tail is
/// of any size only where the mean is small too.
pub(super) fn binomial_at_most(most: u64, trials: u64, probability: f64) -> f64 {
    if most >= trials {
        return 1.0;
    }
    let odds = probability / (1.0 - probability);
    let mut term = (trials as f64 * (-probability).ln_1p()).exp();
    let mut total = term;
    for at in 0..most {
        term *= (trials - at) as f64 / (at + 1) as f64 * odds;
        total += term;
    }
    total
}

/// Where a predicate that holds on the left stops holding, to f64's precision.
pub(super) fn root(mut left: f64, mut right: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (left + right);
        if middle <= left || middle >= right {
            break;
        }
        if holds(middle) {
            left = middle;
        } else {
            right = middle;
        }
    }
    left
}

/// The bulk of Bin(`trials`, `probability`): `mass[i]` is P(X = `first` + i).
pub(super) struct Binomial {
    pub first: u64,
    pub mass: Vec<f64>,
}

impl Binomial {
    /// Every term above 1e-25 of the mode. Ratios of neighbours from the mode outwards, so no factorial is ever
    /// computed and the error stays near f64's.
    pub(super) fn new(trials: u64, probability: f64) -> Self {
        let odds = probability / (1.0 - probability);
        let mode = (((trials as f64 + 1.0) * probability).floor() as u64).min(trials);
        let mut below = Vec::new();
        let (mut at, mut weight) = (mode, 1.0);
        while at > 0 && weight > 1e-25 {
            weight *= at as f64 / ((trials - at + 1) as f64 * odds);
            at -= 1;
            below.push(weight);
        }
        let first = at;
        let mut mass: Vec<f64> = below.into_iter().rev().collect();
        mass.push(1.0);
        let (mut at, mut weight) = (mode, 1.0);
        while at < trials && weight > 1e-25 {
            weight *= (trials - at) as f64 / (at + 1) as f64 * odds;
            at += 1;
            mass.push(weight);
        }
        let total = super::sums::total(&mass);
        for weight in &mut mass {
            *weight /= total;
        }
        Self { first, mass }
    }
}

/// The largest failure rate that `trials` successes leave possible: 1 - (1 - confidence)^(1/trials).
pub(super) fn unseen(trials: u64, confidence: f64) -> f64 {
    -((1.0 - confidence).ln() / trials as f64).exp_m1()
}
