//! The widest vectors that the processor has, for loops over the resamples that are drawn together.
//!
//! What is computed is the same to the bit in all of them: each lane has its own sum, in the order of the rows, and nothing is fused.

use std::sync::LazyLock;

use fearless_simd::Level;

static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// What this processor has; looked up once.
pub(super) fn level() -> Level {
    *LEVEL
}
