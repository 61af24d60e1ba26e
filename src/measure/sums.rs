//! Sums whose bits depend on the order of the rows and on nothing else.
//!
//! Pairwise summation: error grows with log n instead of n (Higham, "The accuracy of floating point summation", SIAM J.
//! Sci. Comput. 14(4), 1993). The tree is fixed by n, so threads, vector units and machines agree.

/// Rows added one after another at the leaves of the tree.
const LEAF: usize = 128;

/// `term(0) + … + term(n - 1)`.
pub(super) fn sum(n: usize, term: impl Fn(usize) -> f64 + Copy) -> f64 {
    between(0, n, term)
}

/// The sum of `values`.
pub(super) fn total(values: &[f64]) -> f64 {
    sum(values.len(), |row| values[row])
}

/// Σ w v, of weight 1 each where there are none: then to the bit what [`total`] gives.
pub(super) fn weighted_total(weights: Option<&[f64]>, values: &[f64]) -> f64 {
    match weights {
        None => total(values),
        Some(weights) => sum(values.len(), |row| weights[row] * values[row]),
    }
}

/// Σ w of `n` rows.
pub(super) fn mass(weights: Option<&[f64]>, n: usize) -> f64 {
    weights.map_or(n as f64, total)
}

/// Multiplies each value by its row's weight.
pub(super) fn scaled(values: &mut [f64], weights: Option<&[f64]>) {
    for (value, weight) in values.iter_mut().zip(weights.into_iter().flatten()) {
        *value *= weight;
    }
}

fn between(start: usize, end: usize, term: impl Fn(usize) -> f64 + Copy) -> f64 {
    if end - start <= LEAF {
        let mut sum = 0.0;
        for row in start..end {
            sum += term(row);
        }
        return sum;
    }
    let middle = start + (end - start) / 2;
    between(start, middle, term) + between(middle, end, term)
}
