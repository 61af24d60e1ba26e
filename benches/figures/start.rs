//! `start`: what every call of the program pays before it does anything.

use anyhow::Result;

use crate::report::Figure;
use crate::run::Mlrun;

const RUNS: usize = 20;

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let runs = (0..=RUNS).map(|_| mlrun.time("--version")).collect::<Result<Vec<f64>>>()?;
    // The first one brings the program into the page cache.
    Ok(vec![Figure::new("--version", "ms", runs[1..].to_vec()).at_most(10.0)])
}
