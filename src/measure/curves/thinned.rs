//! Fewer points that look the same.

/// At most so many points of a line whose x never falls: the first, the last, and of each of equally many stretches between them the
/// point that spans the largest triangle with the one kept before and the mean of the next stretch. S. Steinarsson, "Downsampling time series
/// for visual representation", University of Iceland (2013).
pub fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= most || most < 3 {
        return points.to_vec();
    }
    let inner = points.len() - 2;
    let stretches = most - 2;
    // Whole numbers, so that no rounding decides where a stretch ends.
    let begin = |stretch: usize| 1 + stretch * inner / stretches;
    let mut kept = Vec::with_capacity(most);
    kept.push(*first);
    let mut before = *first;
    for stretch in 0..stretches {
        let own = points.get(begin(stretch)..begin(stretch + 1)).unwrap_or_default();
        let next = if stretch + 1 == stretches { None } else { points.get(begin(stretch + 1)..begin(stretch + 2)) };
        let mean = next.filter(|next| !next.is_empty()).map_or(*last, |next| {
            let (x, y) = next.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
            (x / next.len() as f64, y / next.len() as f64)
        });
        let area = |point: &(f64, f64)| {
            ((before.0 - mean.0) * (point.1 - before.1) - (before.0 - point.0) * (mean.1 - before.1)).abs()
        };
        let mut best: Option<((f64, f64), f64)> = None;
        for point in own {
            let area = area(point);
            if best.is_none_or(|(_, largest)| area > largest) {
                best = Some((*point, area));
            }
        }
        if let Some((point, _)) = best {
            kept.push(point);
            before = point;
        }
    }
    kept.push(*last);
    kept
}

/// At most so many of a list, at equal distances. Of rows in the order of their keys' hashes that is a sample by no choice.
pub fn spread_out<T: Clone>(items: &[T], most: usize) -> Vec<T> {
    if items.len() <= most {
        return items.to_vec();
    }
    (0..most).filter_map(|place| items.get(place * items.len() / most)).cloned().collect()
}

/// The distribution function of samples, without the share `beyond` of the greatest: at most `most` points of value and share of
/// samples that do not exceed it. Values that are not finite are left out.
pub fn cumulative(samples: &[f64], beyond: f64, most: usize) -> Vec<(f64, f64)> {
    let mut sorted: Vec<f64> = samples.iter().copied().filter(|sample| sample.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let shown = n - ((n as f64 * beyond) as usize).min(n.saturating_sub(1));
    let steps: Vec<(f64, f64)> =
        sorted.iter().take(shown).zip(1_u32..).map(|(value, at)| (*value, f64::from(at) / n as f64)).collect();
    thinned(&steps, most)
}

/// Quantiles of samples, linear between order statistics as numpy's default: share and value. None of samples of which one is not
/// finite.
pub fn quantiles(samples: &[f64], shares: &[f64]) -> Vec<(f64, f64)> {
    if samples.is_empty() || samples.iter().any(|sample| !sample.is_finite()) {
        return Vec::new();
    }
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let value = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let quantile = |share: f64| {
        let place = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
        let low = place.floor() as usize;
        let high = place.ceil() as usize;
        value(low) + (place - low as f64) * (value(high) - value(low))
    };
    shares.iter().map(|share| (*share, quantile(*share))).collect()
}
