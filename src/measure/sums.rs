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
