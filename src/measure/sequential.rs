//! How often a model is run where nobody says it: until the interval is narrow.
//!
//! The width alone decides, never on which side of a limit the interval lies, so that nobody's favour is waited for: a sequential
//! interval of fixed width (Chow & Robbins, Ann. Math. Stat. 36, 1965). Who stops at a width stops a little more often
//! where the noise happened to look small. That is kept small by looking seldom, each time after a quarter more runs, and
//! paid for: the bounds are those at [`confidence`], of which the simulation in `benches/coverage.rs` (`runs`) shows that
//! they miss no more often than was asked.

use super::outcome::defined;
use super::undefined::Undefined;

/// Half an interval is narrow when neither bound is farther from its middle than this share of it.
pub const NARROW: f64 = 0.04;
/// Runs of each model before it is looked for the first time. An even number, as are all others: each model went first as often as the
/// other, so that a machine which slows down steadily favours none.
pub const FIRST_LOOK: u32 = 10;
/// Runs of each model, narrow or not.
pub const MOST_RUNS: u32 = 200;
/// Of how often a bound may be wrong, the share that is left after looking.
const LEFT: f64 = 0.75;

/// The number of runs after which it is looked next, if after `runs` the interval was too wide.
pub const fn next_look(runs: u32) -> u32 {
    let next = runs + runs.div_ceil(4);
    let next = next + next % 2;
    if next < MOST_RUNS { next } else { MOST_RUNS }
}

/// The confidence of bounds that are to keep what `confidence` says although it was looked at them meanwhile.
pub fn confidence(confidence: f64) -> f64 {
    1.0 - LEFT * (1.0 - confidence)
}

/// How far the bounds of a positive number are from their (geometric) middle, as a share of it.
///
/// # Errors
/// A bound that is no number, or not above 0.
pub fn half_width(lower: f64, upper: f64) -> Result<f64, Undefined> {
    if lower > 0.0 && upper >= lower { defined((upper / lower).sqrt() - 1.0) } else { Err(Undefined::Contradictory) }
}
