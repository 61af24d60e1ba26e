//! How samples such as latencies are distributed, of a version and of what it is compared with.

use super::predictions::{Side, Tables};
use crate::evidence;
use crate::format::snapshot::SamplesRecord;
use crate::measure::curves;
use crate::page::report::{SampleLine, Samples};

/// Points of a line.
const POINTS: usize = 200;
/// The share of the greatest samples that no chart shows: one of them would make the others a line.
const BEYOND: f64 = 0.005;
const SHARES: [f64; 6] = [0.5, 0.9, 0.95, 0.99, 0.999, 1.0];

/// Of every set of the version.
pub(super) fn samples(tables: &Tables<'_>, own: &Side<'_>, other: Option<&Side<'_>>) -> Vec<Samples> {
    let mut sets: Vec<&SamplesRecord> = Vec::new();
    for set in own.record.samples.iter().rev() {
        if !sets.iter().any(|known| known.name == set.name) {
            sets.insert(0, set);
        }
    }
    let of_set = |set: &SamplesRecord| {
        let mut samples = Samples { set: set.name.to_string(), column: set.column.clone(), ..Samples::default() };
        for side in [Some(own), other].into_iter().flatten() {
            let Some(found) = side.record.samples.iter().rev().find(|known| known.name == set.name) else {
                samples.notes.push(format!("{} has no such set", side.label));
                continue;
            };
            let values = tables.bytes(side, found.file, found.size);
            let values = values.and_then(|bytes| {
                evidence::read_samples(bytes, &found.path, &found.column).map_err(|defect| defect.to_string())
            });
            match values {
                Err(why) => samples.notes.push(format!("{}: {why}", side.label)),
                Ok(values) => samples.lines.push(SampleLine {
                    model: side.label.clone(),
                    place: side.place,
                    n: values.len() as u64,
                    points: curves::cumulative(&values, BEYOND, POINTS),
                    quantiles: curves::quantiles(&values, &SHARES),
                }),
            }
        }
        samples
    };
    sets.into_iter().map(of_set).collect()
}
