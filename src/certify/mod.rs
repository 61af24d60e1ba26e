//! Evidence and a policy in, a certificate out. Pure: no files, no clock, no environment; the same case gives the same bytes.
//!
//! [`policy`] reads what people write; [`needs`] says which evidence that asks for; [`certify`] judges it. One rule holds
//! everywhere: nothing undefined ever passes. What is missing, not a number, mismatched or too little is INCONCLUSIVE; every
//! test for PASS and for FAIL is written so that NaN satisfies neither.
//!
//! | demand | PASS | FAIL | otherwise |
//! |---|---|---|---|
//! | non-inferior | L > −margin | U < −margin | INCONCLUSIVE |
//! | superior | L > gain | U < gain | INCONCLUSIVE |
//! | not worse detected | U ≥ −margin | U < −margin, of several slices by Holm | – |
//! | floor on a bound | the bound ≥ limit | U < limit | INCONCLUSIVE |
//! | ceiling on a bound | the bound ≤ limit | L > limit | INCONCLUSIVE |
//! | largest drop, two numbers | drop ≤ limit | drop > limit | – |
//! | largest drop, two lists | L ≥ −limit | U < −limit | INCONCLUSIVE |
//! | largest ratio | U ≤ limit | L > limit | INCONCLUSIVE |
//!
//! | largest drift of a column | all ≤ limit | one > limit, more than chance by Benjamini-Hochberg | INCONCLUSIVE |
//!
//! L and U are one-sided bounds of the difference, its sign turned so that more is better; a certificate records them unturned,
//! as candidate minus baseline. Predictions that are the same number for number differ by exactly nothing: they are non-inferior even
//! at margin 0, and never superior.
//!
//! Tour: `judge` goes through the rules; `metric_rule` (over `rows`, `slices`, `measured`, `holm`), `reported_rule`,
//! `quantile_rule` and `provenance_rule` measure, and on [`Facts`] `drift_rule` (over `columns`), `shift_rule`, `data_rule`,
//! `surrounding_rule` and `report_rule`, most of them by what is `counted`; `limit` and `decision` decide; `outcome`, `sufficient` and `wording` write it down.

mod case;
mod columns;
mod counted;
mod data_rule;
mod decision;
mod distributions;
mod drift_rule;
mod error;
mod facts;
mod holm;
mod judge;
mod limit;
mod measured;
mod metric_rule;
mod outcome;
pub mod policy;
mod provenance_rule;
mod quantile_rule;
pub mod recheck;
mod report_rule;
mod reported_rule;
mod rows;
mod shift_rule;
mod slices;
mod sufficient;
mod surrounding_rule;
pub(crate) mod wording;

pub use case::{Case, Lacking, Needs, Samples, needs};
pub use columns::rows_wanted;
pub use error::CertifyError;
pub use facts::{Facts, Leak, VersionFacts, profiled};
pub use judge::{STATISTICS, certify, overall};
