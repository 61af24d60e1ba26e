//! What several versions have of the same kind, put together: predictions, samples, metrics over versions.

use super::{Curve, History, HistoryRow, Quality, SampleLine, Samples, Sliced, Version};

/// What their predictions show, set by set. Two versions were read on the rows that both have, and that stands with the second; of the
/// first there is what the second has no such set of. Of more each has its own rows, and all are drawn over each other.
pub(super) fn quality(versions: &[Version]) -> Vec<Quality> {
    if let [first, second] = versions {
        return of_pair(first, second);
    }
    let mut sets: Vec<Quality> = Vec::new();
    for quality in versions.iter().flat_map(|version| &version.quality) {
        let Some(known) = sets.iter_mut().find(|known| known.set == quality.set) else {
            sets.push(quality.clone());
            continue;
        };
        known.rows = known.rows.max(quality.rows);
        known.notes.extend(quality.notes.iter().cloned());
        for sliced in &quality.slices {
            let same = |other: &&mut Sliced| other.column == sliced.column && other.metric == sliced.metric;
            match known.slices.iter_mut().find(same) {
                Some(other) => beside(other, sliced),
                None => known.slices.push(sliced.clone()),
            }
        }
        for curve in &quality.curves {
            let same = |other: &&mut Curve| other.kind == curve.kind && other.of == curve.of;
            match known.curves.iter_mut().find(same) {
                Some(other) => other.lines.extend(curve.lines.iter().cloned()),
                None => known.curves.push(curve.clone()),
            }
        }
    }
    sets
}

fn of_pair(first: &Version, second: &Version) -> Vec<Quality> {
    let mut sets = second.quality.clone();
    for quality in &first.quality {
        match sets.iter_mut().find(|known| known.set == quality.set) {
            // Nothing can be read of the second's: why stands beside what there is.
            Some(known) if known.curves.is_empty() && known.slices.is_empty() => {
                let notes = std::mem::take(&mut known.notes);
                *known = quality.clone();
                known.notes.extend(notes);
            }
            Some(_) => {}
            None => sets.push(quality.clone()),
        }
    }
    sets
}

/// What another model comes to in the same slices; those that only it has come last.
fn beside(known: &mut Sliced, other: &Sliced) {
    for row in &other.rows {
        match known.rows.iter_mut().find(|own| own.slice == row.slice) {
            Some(own) => own.values.extend(row.values.iter().cloned()),
            None => known.rows.push(row.clone()),
        }
    }
}

/// How their samples are distributed, set by set.
pub(super) fn samples(versions: &[Version]) -> Vec<Samples> {
    let mut sets: Vec<Samples> = Vec::new();
    for samples in versions.iter().flat_map(|version| &version.samples) {
        match sets.iter_mut().find(|known| known.set == samples.set) {
            Some(known) => {
                // What the second of two has of the first is the same again.
                let is_new = |line: &&SampleLine| known.lines.iter().all(|one| one.place != line.place);
                let lines: Vec<SampleLine> = samples.lines.iter().filter(is_new).cloned().collect();
                let notes: Vec<String> =
                    samples.notes.iter().filter(|note| !known.notes.contains(note)).cloned().collect();
                known.lines.extend(lines);
                known.notes.extend(notes);
            }
            None => sets.push(samples.clone()),
        }
    }
    sets
}

/// The metrics over versions of one model, from what each of its versions here tells: of versions that lie far apart each knows only
/// those around itself.
pub(super) fn history(model: &str, versions: &[Version]) -> History {
    let own: Vec<(usize, &Version)> =
        versions.iter().enumerate().filter(|(_, version)| super::model_of(&version.case.label) == model).collect();
    let mut metrics: Vec<String> = Vec::new();
    for metric in own.iter().flat_map(|(_, version)| &version.history.metrics) {
        if !metrics.contains(metric) {
            metrics.push(metric.clone());
        }
    }
    let mut rows: Vec<HistoryRow> = Vec::new();
    for (_, version) in &own {
        let history = &version.history;
        for row in &history.versions {
            let value = |metric: &String| {
                let place = history.metrics.iter().position(|known| known == metric)?;
                row.values.get(place).copied().flatten()
            };
            let known = match rows.iter().position(|known| known.number == row.number) {
                Some(place) => rows.get_mut(place),
                None => {
                    rows.push(HistoryRow { values: vec![None; metrics.len()], own: None, ..row.clone() });
                    rows.last_mut()
                }
            };
            let Some(known) = known else { continue };
            // Each follows the metrics of its own version.
            for (kept, found) in known.values.iter_mut().zip(metrics.iter().map(value)) {
                *kept = kept.or(found);
            }
        }
    }
    for row in &mut rows {
        row.own = own.iter().find(|(_, version)| version.case.label == row.label).map(|(place, _)| *place);
    }
    rows.sort_by_key(|row| row.number);
    History { metrics, versions: rows, older: 0 }
}
