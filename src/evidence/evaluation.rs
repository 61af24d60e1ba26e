//! What an evaluation set is, whatever models say of it: its keys and labels.

use super::hashing::{double, each, text};
use super::{JoinedRows, TruthColumn};
use crate::digest::{Digest, Hasher};

impl JoinedRows {
    /// SHA-256 of the rows' keys and labels, by ascending key hash: by it the uses of a set are counted.
    ///
    /// ```text
    /// "mlrun/evaluation/1" 0x00   then, integers little-endian, floats as the bits of a double with -0 as 0:
    /// rows u64   key hash u64 × rows
    /// labels     'b', byte × rows  |  'r', double × rows  |  'g', double × rows  |  't', (length u64, UTF-8) × rows
    ///            |  'c', classes u64, (length u64, UTF-8) × classes, u32 × rows: the classes that occur, sorted
    /// ```
    pub fn evaluation(&self) -> Digest {
        let mut hasher = Hasher::default();
        hasher.update(b"mlrun/evaluation/1\0");
        hasher.update(&(self.keys.len() as u64).to_le_bytes());
        each(&mut hasher, &self.keys, |key| key.to_le_bytes());
        match &self.truth {
            TruthColumn::Binary(labels) => {
                hasher.update(b"b");
                each(&mut hasher, labels, |&label| [u8::from(label)]);
            }
            TruthColumn::Classes { labels, names } => {
                hasher.update(b"c");
                // Classes that a model only predicts are none of the set.
                let mut occurs = vec![false; names.len()];
                for label in labels {
                    if let Some(occurs) = occurs.get_mut(*label as usize) {
                        *occurs = true;
                    }
                }
                let mut place = vec![u32::MAX; names.len()];
                let mut known: Vec<(usize, &String)> =
                    names.iter().enumerate().filter(|(class, _)| occurs[*class]).collect();
                known.sort_by(|a, b| a.1.cmp(b.1));
                hasher.update(&(known.len() as u64).to_le_bytes());
                for (at, (class, name)) in (0..).zip(known) {
                    place[class] = at;
                    text(&mut hasher, name);
                }
                each(&mut hasher, labels, |label| {
                    place.get(*label as usize).copied().unwrap_or(u32::MAX).to_le_bytes()
                });
            }
            TruthColumn::Real(labels) => {
                hasher.update(b"r");
                each(&mut hasher, labels, double);
            }
            TruthColumn::Relevance(labels) => {
                hasher.update(b"g");
                each(&mut hasher, labels, double);
            }
            TruthColumn::Texts(labels) => {
                hasher.update(b"t");
                labels.iter().for_each(|label| text(&mut hasher, label));
            }
        }
        hasher.finish()
    }
}
