//! The measurements that a gap or a worst slice is put together from, on their way into the certificate and back.

use super::sufficient::{flat, shield};
use crate::digest::Digest;
use crate::format::certificate::{BoundsRecord, PartOf, PartRecord};
use crate::measure::{Comparison, Estimate, Method, MetricSpec, Sufficient};

/// More numbers than this say more than a certificate should: then bounds stand there alone.
const MOST_NUMBERS: usize = 50_000;

/// Which rows a measurement is of, and how it was made.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// None: all rows.
    pub slice: Option<&'a str>,
    /// Where there are several.
    pub metric: Option<&'a str>,
    pub spec: &'a MetricSpec,
    pub seed: [u8; 32],
}

/// One model's metric, at each confidence it was measured at.
pub(super) fn of_model(place: Place<'_>, of: PartOf, measured: &[(f64, &Estimate)]) -> Vec<PartRecord> {
    let mut parts: Vec<PartRecord> = Vec::with_capacity(1);
    for &(confidence, found) in measured {
        let Estimate { lower, upper, standard_error, .. } = *found;
        let bounds = BoundsRecord { confidence, lower, upper, standard_error };
        let mut sufficient = flat(&found.sufficient, None);
        sufficient.extend(label_classes(place.spec));
        match parts.last_mut() {
            // Resampled quantiles are those of each confidence; all else is the same.
            Some(part) if part.method == found.method.name() && part.resamples == found.resamples => {
                part.bounds.push(bounds);
                part.sufficient.extend(sufficient);
            }
            _ => parts.push(PartRecord {
                slice: place.slice.map(str::to_owned),
                metric: place.metric.map(str::to_owned),
                of,
                n: found.n,
                value: found.value,
                models: None,
                bounds: vec![bounds],
                method: found.method.name().to_owned(),
                resamples: found.resamples,
                seed: found.resamples.map(|_| Digest::from_bytes(place.seed)),
                sufficient,
            }),
        }
    }
    parts
}

/// The difference of two models.
pub(super) fn of_difference(place: Place<'_>, confidence: f64, found: &Comparison) -> PartRecord {
    let Comparison { lower, upper, standard_error, .. } = *found;
    let mut sufficient = flat(&found.sufficient, None);
    sufficient.extend(label_classes(place.spec));
    PartRecord {
        slice: place.slice.map(str::to_owned),
        metric: place.metric.map(str::to_owned),
        of: PartOf::Difference,
        n: found.n,
        value: found.delta,
        models: Some((found.candidate, found.baseline)),
        bounds: vec![BoundsRecord { confidence, lower, upper, standard_error }],
        method: found.method.name().to_owned(),
        resamples: found.resamples,
        seed: found.resamples.map(|_| Digest::from_bytes(place.seed)),
        sufficient,
    }
}

/// The classes that a metric of several counts, by their numbers in the table.
pub(super) fn label_classes(spec: &MetricSpec) -> impl Iterator<Item = (String, f64)> {
    let labels = spec.parameters.labels.iter().flatten().enumerate();
    labels.map(|(at, class)| (format!("label_{at}"), f64::from(*class)))
}

/// The parts of one column's slices, without what would tell of a small group. `left_out`: some rows are in no slice.
pub(super) fn shielded(mut parts: Vec<PartRecord>, left_out: bool) -> Vec<PartRecord> {
    for of in [PartOf::Candidate, PartOf::Baseline, PartOf::Difference] {
        let alike = parts.iter_mut().filter(|part| part.of == of && part.slice.is_some());
        shield(alike.map(|part| (part.n, &mut part.sufficient)), left_out);
    }
    parts
}

/// As many as a certificate should hold.
pub(super) fn kept(mut parts: Vec<PartRecord>) -> Vec<PartRecord> {
    if parts.iter().map(|part| part.sufficient.len()).sum::<usize>() > MOST_NUMBERS {
        parts.iter_mut().for_each(|part| part.sufficient.clear());
    }
    parts
}

/// A recorded measurement at one confidence; none where it was not measured at that.
pub(super) fn at(part: &PartRecord, confidence: f64) -> Option<Estimate> {
    let bounds = part.bounds.iter().find(|bounds| bounds.confidence == confidence)?;
    Some(Estimate {
        n: part.n,
        value: part.value,
        lower: bounds.lower,
        upper: bounds.upper,
        standard_error: bounds.standard_error,
        method: Method::parse(&part.method)?,
        resamples: part.resamples,
        sufficient: Sufficient::None,
    })
}
