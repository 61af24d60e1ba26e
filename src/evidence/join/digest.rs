//! The digest of joined rows: the seed of every resampling, and proof that a certificate was computed from them.

use super::super::hashing::{double, each, text};
use super::super::{JoinedRows, TruthColumn};
use crate::digest::{Digest, Hasher};

/// SHA-256 of what was joined, rows by ascending key hash, so that the order of the files does not matter.
///
/// ```text
/// "mlrun/joined/1" 0x00   then, integers little-endian, floats as the bits of a double with -0 as 0:
/// rows u64   key hash u64 × rows
/// truth      'b', byte × rows  |  'c', names u64, (length u64, UTF-8) × names, u32 × rows  |  'r', double × rows
///            |  'g', double × rows  |  't', (length u64, UTF-8) × rows
/// candidate  0x01, scores, classes, probabilities, values
/// baseline   as candidate, or 0x00
/// ```
/// Each of the four columns is 0x00 or 0x01 and its values; probabilities are their number (u64) and that many columns.
/// Answers in words follow, where there are any, as 0x01 and (length u64, UTF-8) × rows. Behind both models, where there are such:
///
/// ```text
/// weights    'w', double × rows
/// clusters   'k', u64 × rows
/// queries    'q', u32 × rows
/// ```
/// Slices and columns of numbers are not covered: which of them are read is the policy's choice, and who words a policy must not
/// be able to draw again.
pub(super) fn of(joined: &JoinedRows) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(b"mlrun/joined/1\0");
    hasher.update(&(joined.keys.len() as u64).to_le_bytes());
    each(&mut hasher, &joined.keys, |key| key.to_le_bytes());
    match &joined.truth {
        TruthColumn::Binary(labels) => {
            hasher.update(b"b");
            each(&mut hasher, labels, |&label| [u8::from(label)]);
        }
        TruthColumn::Classes { labels, names } => {
            hasher.update(b"c");
            hasher.update(&(names.len() as u64).to_le_bytes());
            for name in names {
                text(&mut hasher, name);
            }
            each(&mut hasher, labels, |label| label.to_le_bytes());
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
    for predicted in [Some(&joined.candidate), joined.baseline.as_ref()] {
        hasher.update(&[u8::from(predicted.is_some())]);
        let Some(predicted) = predicted else { continue };
        optional(&mut hasher, predicted.scores.as_deref(), double);
        optional(&mut hasher, predicted.classes.as_deref(), |class| class.to_le_bytes());
        hasher.update(&[u8::from(predicted.probabilities.is_some())]);
        if let Some(columns) = &predicted.probabilities {
            hasher.update(&(columns.len() as u64).to_le_bytes());
            columns.iter().for_each(|column| each(&mut hasher, column, double));
        }
        optional(&mut hasher, predicted.values.as_deref(), double);
        // Nothing where there are none: numbers keep the digest they always had.
        if let Some(answers) = &predicted.texts {
            hasher.update(&[1]);
            answers.iter().for_each(|answer| text(&mut hasher, answer));
        }
    }
    if let Some(weights) = &joined.weights {
        hasher.update(b"w");
        each(&mut hasher, weights, double);
    }
    if let Some(clusters) = &joined.clusters {
        hasher.update(b"k");
        each(&mut hasher, clusters, |cluster| cluster.to_le_bytes());
    }
    if let Some(groups) = &joined.groups {
        hasher.update(b"q");
        each(&mut hasher, groups, |group| group.to_le_bytes());
    }
    hasher.finish()
}

fn optional<T, const N: usize>(hasher: &mut Hasher, values: Option<&[T]>, bytes: impl Fn(&T) -> [u8; N]) {
    hasher.update(&[u8::from(values.is_some())]);
    each(hasher, values.unwrap_or_default(), bytes);
}
