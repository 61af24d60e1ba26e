//! Dots whose shape says whose they are: colour alone does not, to everybody.

use plotters::element::{Circle, Polygon};

use super::{Area, Hue, px};

/// Corners of a circle's stand-ins, in parts of its radius, clockwise from the top: about as large to the eye.
const SQUARE: &[(f64, f64)] = &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)];
const TRIANGLE: &[(f64, f64)] = &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)];
const DIAMOND: &[(f64, f64)] = &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)];
const UPTURNED: &[(f64, f64)] = &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)];
const PLUS: &[(f64, f64)] = &[
    (-0.4, -1.3),
    (0.4, -1.3),
    (0.4, -0.4),
    (1.3, -0.4),
    (1.3, 0.4),
    (0.4, 0.4),
    (0.4, 1.3),
    (-0.4, 1.3),
    (-0.4, 0.4),
    (-1.3, 0.4),
    (-1.3, -0.4),
    (-0.4, -0.4),
];

/// The corners of the how many-th of several things; none: it is round.
const fn corners(hue: Hue) -> Option<&'static [(f64, f64)]> {
    let Hue::Nth(place) = hue else { return None };
    match place % Hue::DIFFERENT {
        0 => None,
        1 => Some(SQUARE),
        2 => Some(TRIANGLE),
        3 => Some(DIAMOND),
        4 => Some(UPTURNED),
        _ => Some(PLUS),
    }
}

/// Draws one of so many pixels around its middle, which is given as the area has it.
pub(super) fn dot(area: &Area<'_>, middle: (i32, i32), radius: f64, hue: Hue) -> Option<()> {
    let radius = radius * f64::from(px(1));
    match corners(hue) {
        None => area.draw(&Circle::new(middle, radius as i32, hue.fill())).ok(),
        Some(corners) => {
            let at = |(x, y): &(f64, f64)| (middle.0 + (x * radius) as i32, middle.1 + (y * radius) as i32);
            area.draw(&Polygon::new(corners.iter().map(at).collect::<Vec<_>>(), hue.fill())).ok()
        }
    }
}
