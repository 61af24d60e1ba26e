//! Per-row losses of regressions beyond absolute and squared errors.
//!
//! `sklearn.metrics.{mean_absolute_percentage_error, mean_squared_log_error, mean_tweedie_deviance, mean_pinball_loss}` 1.9;
//! sMAPE is Armstrong's with 2 |y - ŷ| / (|y| + |ŷ|), 0 where both are 0.

use super::undefined::Undefined;

/// |y - ŷ| / max(|y|, ε).
pub(super) fn percentage(y: f64, predicted: f64) -> f64 {
    (predicted - y).abs() / y.abs().max(f64::EPSILON)
}

/// 2 |y - ŷ| / (|y| + |ŷ|).
pub(super) fn symmetric_percentage(y: f64, predicted: f64) -> f64 {
    let scale = y.abs() + predicted.abs();
    if scale > 0.0 { 2.0 * (predicted - y).abs() / scale } else { 0.0 }
}

/// (ln(1 + y) - ln(1 + ŷ))².
pub(super) fn squared_log_error(y: f64, predicted: f64) -> f64 {
    (y.ln_1p() - predicted.ln_1p()).powi(2)
}

/// α (y - ŷ) above the prediction, (1 - α) (ŷ - y) below it.
pub(super) fn pinball(y: f64, predicted: f64, alpha: f64) -> f64 {
    let difference = y - predicted;
    if difference >= 0.0 { alpha * difference } else { (alpha - 1.0) * difference }
}

/// Tweedie's unit deviance.
pub(super) fn tweedie(y: f64, predicted: f64, power: f64) -> f64 {
    let general = |y: f64, stable: f64| {
        2.0 * (stable.powf(2.0 - power) / ((1.0 - power) * (2.0 - power))
            - y * predicted.powf(1.0 - power) / (1.0 - power)
            + predicted.powf(2.0 - power) / (2.0 - power))
    };
    if power < 0.0 {
        general(y, y.max(0.0))
    } else if power == 0.0 {
        (y - predicted) * (y - predicted)
    } else if power == 1.0 {
        let entropy = if y > 0.0 { y * (y / predicted).ln() } else { 0.0 };
        2.0 * (entropy - y + predicted)
    } else if power == 2.0 {
        2.0 * ((predicted / y).ln() + y / predicted - 1.0)
    } else {
        general(y, y)
    }
}

/// Whether labels and predictions lie where logarithms of 1 + y exist.
pub(super) fn check_log(truth: &[f64], predicted: &[f64]) -> Result<(), Undefined> {
    inside(truth, |y| y > -1.0)?;
    inside(predicted, |y| y > -1.0)
}

/// Whether labels and predictions lie where the deviance of a power exists, and the power itself does.
pub(super) fn check_tweedie(truth: &[f64], predicted: &[f64], power: f64) -> Result<(), Undefined> {
    if !power.is_finite() || power > 0.0 && power < 1.0 {
        return Err(Undefined::InvalidSetting { name: "power", value: power });
    }
    if power != 0.0 {
        inside(predicted, |y| y > 0.0)?;
    }
    if power >= 2.0 {
        inside(truth, |y| y > 0.0)?;
    } else if power >= 1.0 {
        inside(truth, |y| y >= 0.0)?;
    }
    Ok(())
}

fn inside(values: &[f64], sound: impl Fn(f64) -> bool) -> Result<(), Undefined> {
    match values.iter().position(|value| !sound(*value)) {
        Some(row) => Err(Undefined::OutsideDomain { row, value: values[row] }),
        None => Ok(()),
    }
}
