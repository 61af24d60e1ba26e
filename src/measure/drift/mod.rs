//! How far two samples of one column are from each other. Numbers in, numbers out: what a column is, is not known here.
//!
//! | distance | of | chance |
//! |---|---|---|
//! | [`kolmogorov_smirnov`] | values | exact where it is cheap, else the limit's expansion |
//! | [`wasserstein`] | values, in the reference's standard deviations | – |
//! | [`stability`] (PSI) | counts in bins that the reference alone decides | χ², of (1/n + 1/m)⁻¹ · PSI |
//! | [`jensen_shannon`], base 2 | the same | – |
//! | [`contingency`]: Cramér's V | the same | χ², no correction |
//!
//! [`ByChance`] is the distance that goes with a chance, without drift.
//!
//! [`Deciles`] is what a sample leaves behind when its rows are gone: [bounds](Deciles::distance_bounds) of the first two
//! follow from it, and an estimate of the counts in any bins.

mod bins;
mod by_chance;
mod contingency;
mod deciles;
mod divergence;
mod kolmogorov;
mod sample;

pub use self::bins::Bins;
pub use self::by_chance::ByChance;
pub use self::contingency::{Contingency, contingency};
pub use self::deciles::{Deciles, DistanceBounds};
pub use self::divergence::{Stability, jensen_shannon, stability};
pub use self::kolmogorov::{Tested, chance_of, kolmogorov_smirnov};
pub use self::sample::{Sample, wasserstein};
