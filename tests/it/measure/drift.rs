//! Distances of samples against scipy's, and what is said of them when only their deciles are left.

use mlrun::measure::benjamini_hochberg;
use mlrun::measure::drift::{
    Bins, ByChance, Deciles, Sample, contingency, jensen_shannon, kolmogorov_smirnov, stability, wasserstein,
};
use serde_json::Value;

use super::{close, mix, numbers};

fn golden(part: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("drift_goldens.json")).unwrap();
    all[part].take()
}

fn sample(value: &Value) -> Sample {
    Sample::new(numbers(value)).unwrap()
}

fn counts(value: &Value) -> Vec<u64> {
    numbers(value).into_iter().map(|count| count as u64).collect()
}

#[test]
fn small_samples_are_scipys() {
    for case in golden("samples").as_array().unwrap() {
        let (a, b) = (sample(&case["reference"]), sample(&case["current"]));
        let found = kolmogorov_smirnov(&a, &b).unwrap();
        close(found.distance, case["ks"].as_f64().unwrap(), 1e-12);
        close(found.p, case["p"].as_f64().unwrap(), 1e-9);
        match case["wasserstein"].as_f64() {
            Some(expected) => close(wasserstein(&a, &b).unwrap(), expected, 1e-12),
            None => assert!(wasserstein(&a, &b).is_err()),
        }
    }
}

/// The golden values of the research note.
#[test]
fn the_golden_samples() {
    let x: Vec<f64> = (1..=20).map(|i| f64::from(i) / 10.0).collect();
    let y: Vec<f64> = x.iter().map(|x| x.powf(1.1) + 0.05).collect();
    let (x, y) = (Sample::new(x).unwrap(), Sample::new(y).unwrap());
    let found = kolmogorov_smirnov(&x, &y).unwrap();
    close(found.distance, 0.1, 1e-12);
    close(found.p, 0.999_992_393_2, 1e-9);
    close(wasserstein(&x, &y).unwrap() * x.sd().unwrap(), 0.074_546_537_5, 1e-8);
    let (p, q) = ([100, 200, 300, 250, 150], [80, 180, 310, 270, 160]);
    close(stability(&p, &q).unwrap().value, 0.009_082_585_6, 1e-8);
    close(jensen_shannon(&p, &q).unwrap(), 0.040_447_404_5, 1e-8);
    let table = contingency(&p, &q).unwrap();
    close(table.chi_squared, 4.530_599_641_8, 1e-10);
    close(table.p, 0.338_934_558_3, 1e-9);
    // (χ²/n − 4/(n−1)) / (1 − 1/(n−1)) of 2,000 rows.
    close(table.corrected_v, ((4.530_599_641_8 / 2000.0 - 4.0 / 1999.0) / (1.0 - 1.0 / 1999.0_f64)).sqrt(), 1e-9);
}

#[test]
fn long_samples_are_scipys_limit() {
    for case in golden("limits").as_array().unwrap() {
        let whole = |key: &str| case[key].as_u64().unwrap();
        let (n, m) = (whole("n"), whole("m"));
        let a = (0..n).map(|i| i as f64 / n as f64).collect();
        let b = (0..m).map(|i| i as f64 / m as f64 + whole("shift") as f64 / n as f64).collect();
        let found = kolmogorov_smirnov(&Sample::new(a).unwrap(), &Sample::new(b).unwrap()).unwrap();
        close(found.distance, case["ks"].as_f64().unwrap(), 1e-9);
        let expected = case["p"].as_f64().unwrap();
        assert!((found.p - expected).abs() <= 2e-5 * expected + 1e-9, "{n} {m}: {} {expected}", found.p);
    }
}

#[test]
fn histograms_are_scipys() {
    for case in golden("histograms").as_array().unwrap() {
        let (a, b) = (counts(&case["reference"]), counts(&case["current"]));
        let expected = |key: &str| case[key].as_f64().unwrap();
        let psi = stability(&a, &b).unwrap();
        close(psi.value, expected("psi"), 1e-12);
        close(psi.p, expected("psi_p"), 1e-9);
        close(psi.null_95, expected("psi_null"), 1e-9);
        // Near 0 the root makes much of little: scipy's own difference to itself turned round is as large.
        assert!((jensen_shannon(&a, &b).unwrap() - expected("js")).abs() < 1e-8);
        let table = contingency(&a, &b).unwrap();
        close(table.chi_squared, expected("chi_squared"), 1e-10);
        close(table.p, expected("p"), 1e-9);
        close(table.cramers_v, expected("v"), 1e-10);
    }
}

#[test]
fn false_discoveries_are_statsmodels() {
    for case in golden("discoveries").as_array().unwrap() {
        for (found, expected) in benjamini_hochberg(&numbers(&case["p"])).into_iter().zip(numbers(&case["adjusted"])) {
            close(found, expected, 1e-12);
        }
    }
    let with_nan = benjamini_hochberg(&[0.01, f64::NAN]);
    assert!(with_nan[0] == 0.02 && with_nan[1].is_nan());
}

/// One outlier hides a shift from bins over both samples; from bins of the reference it hides nothing.
#[test]
fn an_outlier_hides_nothing() {
    let value = |i: u64| (mix(i + 1) % 10_000) as f64 / 1000.0;
    let reference: Vec<f64> = (0..2000).map(value).collect();
    let mut moved: Vec<f64> = (5000..7000).map(|i| value(i) + 3.0).collect();
    let deciles = deciles(&reference);
    let (bins, own) = deciles.bins(|_| None, |_| true);
    let psi = |current: &[f64]| stability(&own, &bins.counts(&Sample::new(current.to_vec()).unwrap())).unwrap();
    let before = psi(&moved).value;
    moved.push(1e6);
    assert!(before > 0.5 && (psi(&moved).value - before).abs() < 0.01, "{before}");
    let same: Vec<f64> = (9000..11_000).map(value).collect();
    let unmoved = psi(&same);
    assert!(unmoved.value < unmoved.null_95, "{unmoved:?}");
}

/// Deciles as a profile has them.
fn deciles(values: &[f64]) -> Deciles {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let edge = |tenth: usize| sorted[(sorted.len() * tenth).div_ceil(10).max(1) - 1];
    let edges: [f64; 11] = std::array::from_fn(edge);
    let up_to = |edge: f64| sorted.partition_point(|value| *value <= edge) as u64;
    let counts = std::array::from_fn(|k| up_to(edges[k + 1]) - if k == 0 { 0 } else { up_to(edges[k]) });
    Deciles::new(edges, counts).unwrap()
}

#[test]
fn bounds_hold_the_true_distances() {
    for case in 0..60_u64 {
        let size = [12, 40, 300][case as usize % 3];
        let coarse = case % 2 == 0;
        let value = |i: u64, scale: f64| {
            let raw = (mix(case * 10_000 + i + 1) % 1000) as f64 / 100.0 * scale;
            if coarse { raw.round() } else { raw }
        };
        let a: Vec<f64> = (0..size).map(|i| value(i, 1.0)).collect();
        let b: Vec<f64> = (0..size * 2).map(|i| value(i + 5000, 1.0 + (case % 5) as f64 / 4.0)).collect();
        let (known, other) = (deciles(&a), deciles(&b));
        let bounds = known.distance_bounds(&other);
        let (a, b) = (Sample::new(a).unwrap(), Sample::new(b).unwrap());
        let ks = kolmogorov_smirnov(&a, &b).unwrap().distance;
        let area = wasserstein(&a, &b).unwrap() * a.sd().unwrap();
        let within = |(low, high): (f64, f64), x: f64| low <= x + 1e-9 && x <= high + 1e-9 && low < high;
        assert!(within(bounds.kolmogorov_smirnov, ks), "{case}: {bounds:?} {ks}");
        assert!(within(bounds.wasserstein, area), "{case}: {bounds:?} {area}");
        assert!(bounds.kolmogorov_smirnov.1 - bounds.kolmogorov_smirnov.0 < 0.45, "{bounds:?}");
        // A sample's own counts are its counts, rows or not.
        let counts_of = [true, false].map(|known| {
            move |sample: &Sample| {
                let sample = sample.clone();
                move |value: f64| known.then(|| sample.count_of(value))
            }
        });
        for count_of in &counts_of {
            let (bins, own) = known.bins(count_of(&a), |_| true);
            assert_eq!(own, bins.counts(&a));
            let estimated = other.estimated_counts(&bins, count_of(&b));
            assert_eq!((estimated.len(), estimated.iter().sum::<u64>()), (own.len(), b.len()));
        }
    }
}

#[test]
fn what_is_no_sample_is_refused() {
    assert!(Sample::new(vec![1.0, f64::NAN]).is_err());
    assert!(Sample::of_counts(vec![(f64::INFINITY, 2)]).is_err());
    let (empty, one) = (Sample::default(), Sample::of_counts(vec![(2.0, 3), (2.0, 0)]).unwrap());
    assert_eq!(one.len(), 3);
    assert!(kolmogorov_smirnov(&empty, &one).is_err() && wasserstein(&one, &one).is_err());
    assert!(stability(&[1, 2], &[1]).is_err() && jensen_shannon(&[0, 0], &[1, 1]).is_err());
    assert!(Bins::new(&[2.0, 1.0]).is_none() && Bins::new(&[]).is_none() && Bins::new(&[f64::NAN]).is_none());
    assert!(Deciles::new([0.0; 11], [0; 10]).is_none() && Deciles::new([0.0; 11], [u64::MAX; 10]).is_none());
}

/// The distances that samples of one distribution exceed in one of twenty times are those that so many draws exceed.
#[test]
fn chance_makes_what_it_is_said_to_make() {
    let mut state = 5_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((mix(state) >> 32) * bound) >> 32
    };
    let mut drawn = [const { Vec::new() }; 4];
    for _ in 0..1000 {
        let mut counts = |n: usize| {
            let values: Vec<f64> = (0..n).map(|_| below(100_000) as f64).collect();
            let mut counts = vec![0_u64; 6];
            values.iter().for_each(|value| counts[(value.sqrt() / 55.0) as usize] += 1);
            (counts, Sample::new(values).unwrap())
        };
        let ((a, x), (b, y)) = (counts(400), counts(300));
        drawn[0].push(stability(&a, &b).unwrap().value);
        drawn[1].push(jensen_shannon(&a, &b).unwrap());
        drawn[2].push(contingency(&a, &b).unwrap().cramers_v);
        drawn[3].push(kolmogorov_smirnov(&x, &y).unwrap().distance);
    }
    let chance = ByChance { n: 400.0, m: 300.0, freedom: 5 };
    let of: [fn(&ByChance, f64) -> f64; 4] =
        [ByChance::stability, ByChance::jensen_shannon, ByChance::cramers_v, ByChance::kolmogorov_smirnov];
    for (at, (mut drawn, of)) in drawn.into_iter().zip(of).enumerate() {
        drawn.sort_unstable_by(f64::total_cmp);
        for p in [0.05, 0.2] {
            let found = drawn[(1000.0 * (1.0 - p)) as usize];
            let expected = of(&chance, p);
            assert!((found / expected - 1.0).abs() < 0.12, "{at} {p}: {found} {expected}");
        }
    }
    let p = [40, 60, 100, 120, 50, 30];
    close(chance.stability(0.05), stability(&p, &p.map(|count| count * 3 / 4)).map_or(0.0, |s| s.null_95), 2e-2);
    // scipy.stats.kstwobign.isf(0.05)
    close(chance.kolmogorov_smirnov(0.05) * (400.0 * 300.0 / 700.0_f64).sqrt(), 1.358_098_638_826_1, 1e-5);
}

/// Without drift Cramér's V grows with the number of categories; corrected it stays near 0, and a real difference is kept.
#[test]
fn the_bias_of_cramers_v_is_taken_off() {
    let mut state = 3_u64;
    let mut drawn = |rows: usize, bins: u64| {
        let mut counts = vec![0_u64; bins as usize];
        (0..rows).for_each(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            counts[(((mix(state) >> 32) * bins) >> 32) as usize] += 1;
        });
        counts
    };
    let (mut plain, mut corrected) = (0.0, 0.0);
    for _ in 0..200 {
        let table = contingency(&drawn(150, 30), &drawn(150, 30)).unwrap();
        plain += table.cramers_v / 200.0;
        corrected += table.corrected_v / 200.0;
    }
    assert!(plain > 0.3 && corrected < 0.1, "{plain} {corrected}");
    let far = contingency(&[900, 100], &[100, 900]).unwrap();
    close(far.cramers_v, 0.8, 1e-12);
    assert!((far.corrected_v - 0.8).abs() < 1e-3, "{far:?}");
    assert_eq!(contingency(&[10, 0], &[10, 0]).unwrap().corrected_v, 0.0);
    assert_eq!(contingency(&[1, 0], &[0, 1]).unwrap().corrected_v, 0.0);
}
