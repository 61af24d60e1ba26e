//! From numbers to the stretch of an axis that shows them.

/// The narrowest stretch, as a part of its ends: ticks must differ from each other as numbers.
const NARROWEST: f64 = 1e-9;
/// Numbers beyond this are not drawn.
const GREATEST: f64 = 1e300;

/// The stretch from the least to the greatest finite number, with a margin; none of none.
pub(super) fn around(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (least, greatest) = numbers
        .filter(|number| number.abs() <= GREATEST)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), number| {
            (least.min(number), greatest.max(number))
        });
    if least > greatest {
        return None;
    }
    let margin = 0.05 * (greatest - least);
    Some(wide((least - margin, greatest + margin)))
}

/// The same stretch, no narrower than can be drawn.
pub(super) fn wide((least, greatest): (f64, f64)) -> (f64, f64) {
    let ends = least.abs().max(greatest.abs());
    let narrowest = if ends > 0.0 { NARROWEST * ends } else { 1.0 };
    if greatest - least > narrowest {
        return (least, greatest);
    }
    // One number alone stands in the middle.
    let half = if ends > 0.0 { 0.1 * ends } else { 0.5 };
    (least - half, greatest + half)
}
