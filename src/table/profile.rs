//! The profile of a table in one or several files: what drift checks and readers need years later, when the data is gone.
//!
//! One fold over batches of rows, in bounded memory and on all cores. Everything that comes out depends on the multiset of rows
//! alone: not on their order, on the files they are spread over, on batches or threads.
//!
//! Exact are rows, nulls, [counts of NaN and infinities](super::ColumnProfile::nan), least and greatest values, distinct values and
//! categories where they are given, and the counts between edges. Mean and standard deviation come from exact sums: the mean
//! is the nearest double, the standard deviation within two units in the last place. Edges are exact unless
//! [`Deciles::exact`](super::Deciles::exact) is false.

use std::path::Path;

use super::error::ProfileError;
use super::figures::Profile;
use super::fold::Fold;
use super::grammar::Grammar;
use super::options::ProfileOptions;
use super::plan::Plan;
use super::{TableFormat, batches};
use crate::progress::Progress;

/// Reads all rows of the files, which are one table: the same columns, in any order. Csv files are read twice if what the
/// beginning of the first says of a column is not true of all, and json lines in any case.
///
/// # Errors
/// What is not a regular file, cannot be read or is not such a table; files whose columns differ.
pub fn profile(
    files: &[(&Path, TableFormat)],
    options: &ProfileOptions<'_>,
    progress: &dyn Progress,
) -> Result<Profile, ProfileError> {
    let mut plan = Plan::of(files)?;
    let mut texts = batches::guess(&plan)?;
    loop {
        let kinds: Vec<_> = texts.iter().map(Grammar::kind).collect();
        let fold = Fold::new(&plan, &plan.kinds(&kinds)?, options);
        match batches::read(&plan, &texts, &fold, progress)? {
            None => {
                plan.name_opaque(&kinds);
                return fold.finish(plan, options);
            }
            Some(other) => texts = other,
        }
    }
}
