//! How often each of a few texts occurs. Knows neither tables nor columns.

use std::collections::HashMap;

use super::distribution::COUNTED;

/// Bytes of all distinct texts.
const BYTES: usize = 16 << 20;
/// A longer text is no name of a category.
const LONGEST: usize = 256;

/// The texts of a column, counted one by one until they are no categories: more than [`COUNTED`] distinct ones, more than
/// 16 MiB of them, or one of more than 256 bytes. All three depend on the set of texts alone.
#[derive(Debug, Default)]
pub(super) struct Categories {
    /// None: given up.
    counts: Option<HashMap<Box<str>, u64>>,
    bytes: usize,
    given_up: bool,
}

impl Categories {
    /// Whether texts are still counted.
    pub(super) const fn wanted(&self) -> bool {
        !self.given_up
    }

    /// Adds the counts of one batch; none: they are no categories.
    pub(super) fn add(&mut self, batch: Option<HashMap<&str, u64>>) {
        let Some(batch) = batch.filter(|_| !self.given_up) else { return self.give_up() };
        let counts = self.counts.get_or_insert_default();
        for (text, count) in batch {
            match counts.get_mut(text) {
                Some(known) => *known += count,
                None => {
                    self.bytes += text.len();
                    counts.insert(text.into(), count);
                }
            }
        }
        if counts.len() > COUNTED || self.bytes > BYTES {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        *self = Self { counts: None, bytes: 0, given_up: true };
    }

    /// Every text and its count; none if they are no categories.
    pub(super) fn counts(self) -> Option<Vec<(String, u64)>> {
        let counts = self.counts.unwrap_or_default();
        (!self.given_up).then(|| counts.into_iter().map(|(text, count)| (text.into(), count)).collect())
    }
}

/// The counts of one batch; none if its texts alone are no categories.
pub(super) fn count<'a>(texts: impl Iterator<Item = &'a str>) -> Option<HashMap<&'a str, u64>> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    let mut bytes = 0;
    for text in texts {
        match counts.get_mut(text) {
            Some(known) => *known += 1,
            None => {
                bytes += text.len();
                counts.insert(text, 1);
                if text.len() > LONGEST || counts.len() > COUNTED || bytes > BYTES {
                    return None;
                }
            }
        }
    }
    Some(counts)
}
