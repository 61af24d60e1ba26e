//! Rules on what was seen while the models ran, and on what a command made of them.

use std::collections::BTreeMap;

use mlrun::certify::half_width;
use mlrun::certify::recheck::{Examined, examine};
use mlrun::digest::Digest;
use mlrun::evidence::{PredictedColumns, TruthColumn};
use mlrun::format::certificate::{CertificateRecord, Verdict};
use mlrun::format::measurement::{
    FORMAT, FreshRecord, LatencyRecord, MeasurementRecord, Role, RunRecord, SideRecord, ValuesRecord,
};
use mlrun::format::policy::PredictRecord;
use mlrun::id::{FileId, SnapshotId};
use mlrun::measure::{Undefined, geometric_mean, paired_ratio, sequential};

use super::scene::{Scene, joined, reason, rules, set};

/// A model whose runs took so long, by the clock and by its own.
pub fn side(milliseconds: &[f64]) -> SideRecord {
    let run = |(place, ms): (u32, &f64)| RunRecord {
        place,
        milliseconds: *ms,
        peak_memory: Some(1 << 20),
        calls: None,
        latency: Vec::new(),
    };
    let made = FreshRecord {
        path: "measured/candidate/p.csv".to_owned(),
        file: FileId::new(Digest::of(b"p")),
        size: 1,
        rows: 1000,
    };
    SideRecord {
        runs: (1..).zip(milliseconds).map(run).collect(),
        status: Some(0),
        predictions: Some(made),
        ..SideRecord::default()
    }
}

pub fn measured(text: &str, candidate: SideRecord, baseline: Option<SideRecord>) -> Scene {
    let mut scene = Scene::new(rules("binary", text));
    let sides = [(Role::Candidate, Some(candidate)), (Role::Baseline, baseline)];
    scene.measurement = Some(MeasurementRecord {
        format: FORMAT.to_owned(),
        candidate: SnapshotId::new(Digest::of(b"v8")),
        baseline: Some(SnapshotId::new(Digest::of(b"v7"))),
        policy: Digest::of(b"policy"),
        machine: "2 × a processor (x86_64)".to_owned(),
        environment: None,
        input: None,
        set: Some(set("test")),
        sides: sides.into_iter().filter_map(|(role, side)| Some((role, side?))).collect(),
        commands: BTreeMap::new(),
        remarks: Vec::new(),
    });
    scene
}

const LATENCY: &str = "[[rule]]\nid = \"r\"\nmetric = { measured = \"latency\" }\nmax_ratio = 1.1";

const A: [f64; 8] = [101.0, 99.5, 108.0, 102.5, 97.0, 310.0, 100.25, 98.75];
const B: [f64; 8] = [100.0, 101.0, 104.0, 99.0, 100.5, 102.0, 99.75, 97.5];
/// scipy 1.17.1: the shifts of `d = np.log(A) - np.log(B)` at which `stats.wilcoxon(d - shift, alternative=…, method="exact")` begins to
/// say p > 0.05, and the median of the Walsh averages of each.
const LOWER: f64 = 0.988_710_350_230_356_6;
const RATIO: f64 = 1.012_136_938_784_275;
const UPPER: f64 = 1.747_698_443_701_168_4;
const LOWER_975: f64 = 0.985_148_514_851_484_7;
const UPPER_975: f64 = 1.754_474_277_367_638_7;
const LEVELS: [f64; 2] = [101.184_210_769_011_86, 100.430_913_073_767_19];
/// `np.exp(stats.t.interval(0.90, 3, d[:4].mean(), stats.sem(d[:4])))`.
const FEW: [f64; 3] = [0.987_988_089_145_464_7, 1.017_010_746_273_080_9, 1.046_885_958_847_469_5];
/// `stats.gmean` of the first five of A, and `np.exp(stats.t.interval(0.90, 4, …))` of their logarithms.
const GMEAN: f64 = 101.534_296_000_754_94;
const GLOWER: f64 = 97.727_734_558_091_37;
const GUPPER: f64 = 105.489_125_589_429_39;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs()
}

#[test]
fn the_interval_of_a_ratio_is_scipys() {
    let found = paired_ratio(&A, &B, 0.95).unwrap();
    assert!(close(found.ratio, RATIO) && close(found.lower, LOWER) && close(found.upper, UPPER), "{found:?}");
    assert!(close(found.candidate, LEVELS[0]) && close(found.baseline, LEVELS[1]), "{found:?}");
    assert_eq!((found.method.name(), found.n), ("hodges_lehmann", 8));
    let wider = paired_ratio(&A, &B, 0.975).unwrap();
    assert!(close(wider.lower, LOWER_975) && close(wider.upper, UPPER_975), "{wider:?}");
    // Whoever is compared with whom: the other ratio is one over this one.
    let turned = paired_ratio(&B, &A, 0.95).unwrap();
    assert!(close(turned.lower, 1.0 / found.upper) && close(turned.upper, 1.0 / found.lower), "{turned:?}");
    // Too few for a signed rank to be as rare as that.
    let few = paired_ratio(&A[..4], &B[..4], 0.95).unwrap();
    assert!(close(few.lower, FEW[0]) && close(few.ratio, FEW[1]) && close(few.upper, FEW[2]), "{few:?}");
    assert_eq!(few.method.name(), "log_t");
    let mean = geometric_mean(&A[..5], 0.95).unwrap();
    assert!(close(mean.value, GMEAN) && close(mean.lower, GLOWER) && close(mean.upper, GUPPER), "{mean:?}");
    // What is the same in every run is that.
    for runs in [3, 8] {
        let same = paired_ratio(&vec![7.0; runs], &vec![14.0; runs], 0.95).unwrap();
        assert!(close(same.ratio, 0.5) && same.lower == same.ratio && same.upper == same.ratio, "{same:?}");
    }
    for (a, b) in [(&[1.0, 2.0][..], &[1.0, 2.0][..]), (&[1.0, 2.0, 3.0], &[1.0, 2.0])] {
        assert!(paired_ratio(a, b, 0.95).is_err());
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (mut bad_a, mut bad_b) = (A, B);
        (bad_a[6], bad_b[6]) = (bad, bad);
        assert!(paired_ratio(&bad_a, &B, 0.95).is_err() && paired_ratio(&A, &bad_b, 0.95).is_err(), "{bad}");
        assert!(paired_ratio(&bad_a[4..7], &B[4..7], 0.95).is_err(), "{bad}");
        assert!(geometric_mean(&[1.0, 2.0, bad], 0.95).is_err(), "{bad}");
    }
    assert_eq!(geometric_mean(&[1.0, 2.0], 0.95).unwrap_err(), Undefined::TooFewRows { n: 2, needed: 3 });
    assert!(paired_ratio(&A, &B, 1.0).is_err() && paired_ratio(&A, &B, f64::NAN).is_err());
}

/// Of 101 pairs it is `int(101*102/4 - stats.norm.ppf(.95)*np.sqrt(101*102*203/24))`; of 100 pairs, which are counted out, the
/// number of rank sums with `np.cumsum(counts) <= 0.05 * 2.0**100`.
#[test]
fn many_pairs_are_bounded_by_the_rank_that_the_normal_gives() {
    let ones = [1.0; 101];
    for (pairs, rank) in [(100, 2046), (101, 2089)] {
        let logs: Vec<f64> = (0..pairs).map(|k| (f64::from(k) * 0.618_033_988_749_895).fract()).collect();
        let runs: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        let mut means: Vec<f64> = (0..logs.len())
            .flat_map(|i| logs[i..].iter().map(|b| f64::midpoint(logs[i], *b)).collect::<Vec<_>>())
            .collect();
        means.sort_by(f64::total_cmp);
        let found = paired_ratio(&runs, &ones[..runs.len()], 0.95).unwrap();
        let at = |rank: usize| means[rank - 1].exp();
        assert!((found.lower - at(rank)).abs() < 1e-9, "{pairs}: {} is not {}", found.lower, at(rank));
        assert!((found.upper - at(means.len() + 1 - rank)).abs() < 1e-9, "{pairs}: {found:?}");
    }
}

/// Standard normals and uniforms from a counter: SplitMix64 (Steele, Lea & Flood 2014), Box & Muller.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::MIN_POSITIVE
    }

    /// A run that takes 1 on average, every tenth held up.
    fn run(&mut self) -> f64 {
        let normal = (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos();
        let late = if self.uniform() < 0.1 { -0.5 * self.uniform().ln() } else { 0.0 };
        (0.04 * normal + late).exp()
    }
}

/// Of machines on which runs are held up now and then, how often an interval that was made until it was narrow misses the ratio, and a
/// candidate that is exactly at the limit passes. `benches/coverage.rs` (`runs`) does it more often, and for more machines.
#[test]
fn runs_until_the_interval_is_narrow_keep_what_it_says() {
    const MACHINES: u64 = 400;
    let (mut above, mut below, mut narrow) = (0, 0, 0);
    for machine in 0..MACHINES {
        let mut noise = Noise(machine << 32);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut goal = sequential::FIRST_LOOK;
        let found = loop {
            while ours.len() < goal as usize {
                ours.push(1.1 * noise.run());
                theirs.push(noise.run());
            }
            let found = paired_ratio(&ours, &theirs, sequential::confidence(0.95)).unwrap();
            let width = sequential::half_width(found.lower, found.upper).unwrap();
            narrow += u64::from(width <= sequential::NARROW);
            if width <= sequential::NARROW || goal == sequential::MOST_RUNS {
                break found;
            }
            goal = sequential::next_look(goal);
            assert!(goal.is_multiple_of(2));
        };
        above += u64::from(found.lower > 1.1);
        below += u64::from(found.upper <= 1.1);
    }
    // 5 %, and twice the standard error of so many.
    let most = MACHINES * 72 / 1000;
    assert!(above <= most && below <= most, "missed {above} times by the lower, {below} by the upper of {MACHINES}");
    assert!(narrow > MACHINES * 99 / 100, "{narrow}");
}

#[test]
fn runs_until_the_interval_is_narrow_are_judged_by_what_is_left_of_the_error() {
    let until_narrow = |runs: Option<u32>| {
        let mut scene = measured(LATENCY, side(&A), Some(side(&B)));
        scene.policy.predict = Some(PredictRecord {
            command: String::new(),
            input: "test".to_owned(),
            set: set("test"),
            runs,
            warmup: 0,
            timeout: 1,
            environment: BTreeMap::new(),
        });
        scene
    };
    let of = |scene: Scene| {
        let statement = scene.judge();
        let examined = examine(&statement.predicate);
        assert_eq!(examined.results[0].bounds, Examined::Follows);
        statement.predicate.results[0].clone()
    };
    let asked = of(until_narrow(Some(8)));
    assert!(close(asked.lower.unwrap(), LOWER) && close(asked.upper.unwrap(), UPPER), "{asked:?}");
    let looked = of(until_narrow(None));
    assert!(looked.lower < asked.lower && looked.upper > asked.upper, "{looked:?}");
    // What is narrow is asked of all rules, at that confidence, and of none that is not about times.
    let policy = until_narrow(None).policy;
    let width = (looked.upper.unwrap() / looked.lower.unwrap()).sqrt() - 1.0;
    assert!(close(half_width(&policy, &side(&A), Some(&side(&B))).unwrap(), width));
    assert_eq!(half_width(&policy, &side(&A), None), None);
    let status = rules("binary", "[[rule]]\nid = \"r\"\nmetric = { measured = \"exit_status\" }");
    assert_eq!(half_width(&status, &side(&A), Some(&side(&B))), None);
}

#[test]
fn whoever_reads_a_certificate_has_the_runs() {
    let absolute = "[[rule]]\nid = \"r\"\nmetric = { measured = \"latency\" }\nmax = 500.0";
    for (text, baseline, count) in [(LATENCY, Some(side(&B)), 16), (absolute, None, 8)] {
        let certificate = measured(text, side(&A), baseline).judge().predicate;
        assert_eq!(certificate.results[0].sufficient.keys().filter(|key| key.contains("_run_")).count(), count);
        let examined = |certificate: &CertificateRecord| examine(certificate).results[0].bounds.clone();
        assert_eq!(examined(&certificate), Examined::Follows);
        let mut other = certificate.clone();
        other.results[0].upper = other.results[0].upper.map(|upper| upper * 0.99);
        assert!(matches!(examined(&other), Examined::Differs { .. }));
        // A run that never was, and one that is gone.
        let mut other = certificate.clone();
        *other.results[0].sufficient.get_mut("candidate_run_3").unwrap() *= 2.0;
        assert!(matches!(examined(&other), Examined::Differs { .. }));
        let mut other = certificate.clone();
        other.results[0].sufficient.remove("candidate_run_3");
        assert!(matches!(examined(&other), Examined::Differs { .. }));
        // So few are always recorded.
        let mut other = certificate;
        other.results[0].sufficient.retain(|key, _| !key.contains("_run_"));
        assert!(matches!(examined(&other), Examined::Differs { .. }));
    }
}

#[test]
fn a_ratio_passes_fails_or_stays_open_by_its_bounds() {
    let of = |limit: f64| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {{ measured = \"latency\" }}\nmax_ratio = {limit}");
        measured(&text, side(&A), Some(side(&B))).result()
    };
    let eps = 1e-9;
    assert_eq!(of(UPPER + eps).verdict, Verdict::Pass);
    assert_eq!(of(UPPER - eps).verdict, Verdict::Inconclusive);
    assert_eq!(of(LOWER + eps).verdict, Verdict::Inconclusive);
    let failed = of(LOWER - eps);
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(failed.reason.unwrap().contains("8 pairs of runs: above the limit"));
    let throughput = |limit: f64| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {{ measured = \"throughput\" }}\nmin_ratio = {limit}");
        measured(&text, side(&A), Some(side(&B))).result()
    };
    // Rows a second are one over the time.
    assert_eq!(throughput(1.0 / UPPER - eps).verdict, Verdict::Pass);
    assert_eq!(throughput(1.0 / UPPER + eps).verdict, Verdict::Inconclusive);
    assert_eq!(throughput(1.0 / LOWER + eps).verdict, Verdict::Fail);
}

#[test]
fn what_was_not_measured_to_the_end_decides_nothing() {
    let broken = SideRecord { failed: Some("it did not end in 1 s".to_owned()), status: None, ..SideRecord::default() };
    let undecided = |scene: Scene, word: &str| {
        let result = scene.result();
        assert_eq!(result.verdict, Verdict::Inconclusive, "{result:?}");
        assert!(result.reason.as_ref().unwrap().contains(word), "{result:?}");
    };
    undecided(measured(LATENCY, side(&A[..2]), Some(side(&B[..2]))), "2 timed runs are too few");
    undecided(measured(LATENCY, side(&A), Some(side(&B[..1]))), "1 timed run is too few");
    undecided(measured(LATENCY, side(&A), Some(side(&B[..4]))), "not defined");
    undecided(measured(LATENCY, side(&A), None), "the baseline was not run");
    undecided(measured(LATENCY, broken.clone(), Some(side(&B))), "the candidate could not be measured: it did not end");
    undecided(measured(LATENCY, side(&A), Some(broken.clone())), "the baseline could not be measured");
    undecided(Scene::new(rules("binary", LATENCY)), "evidence.predict");
    let memory = "[[rule]]\nid = \"r\"\nmetric = { measured = \"peak_memory\" }\nmax = 1e12";
    let mut blind = side(&A);
    blind.runs[2].peak_memory = None;
    undecided(measured(memory, blind, None), "peak_memory is not known");
    let status = "[[rule]]\nid = \"r\"\nmetric = { measured = \"exit_status\" }";
    undecided(measured(status, broken, None), "it did not end");
    let crashed = SideRecord { status: Some(139), failed: Some("signal 11".to_owned()), ..SideRecord::default() };
    let result = measured(status, crashed, None).result();
    assert_eq!((result.verdict, result.reason.as_deref()), (Verdict::Fail, Some("signal 11")));
    // A call's quantile that nobody took is not another one.
    let mut timed = side(&A);
    for run in &mut timed.runs {
        (run.calls, run.latency) = (Some(20), vec![LatencyRecord { quantile: 0.9, milliseconds: 1.0 }]);
    }
    undecided(measured(LATENCY, timed, Some(side(&B))), "latency is not known");
}

/// A command that is handed another model's predictions says nothing of this one; whatever it is not handed does not matter to it.
#[test]
fn a_command_on_predictions_that_are_the_parents() {
    let judged = |command: &str, key: &str, stale: &str| {
        let text = format!(
            "[[rule]]\nid = \"r\"\nmetric = {{ command = \"{command}\", better = \"higher\" }}\nmin = 0.5\n{key}"
        );
        let mut scene = measured(&text, side(&A), Some(side(&A)));
        scene.candidate_sets = vec![set("test")];
        scene.stale = vec![stale.to_owned()];
        let made = [Role::Candidate, Role::Baseline]
            .map(|role| (role, ValuesRecord { values: vec![0.9], failed: None, read: None }));
        scene.measurement.as_mut().unwrap().commands.insert("r".to_owned(), BTreeMap::from(made));
        scene.result()
    };
    for key in ["", "on = \"point\"\nset = \"test\""] {
        let found = judged("score {predictions}", key, "test");
        assert_eq!(found.verdict, Verdict::Inconclusive);
        assert_eq!(found.reason.unwrap(), "`test` is the parent's, byte for byte, although the model is another");
    }
    assert_eq!(judged("score {predictions}", "on = \"point\"", "live").verdict, Verdict::Pass);
    assert_eq!(judged("score {model}", "on = \"point\"", "test").verdict, Verdict::Pass);
}

/// A model that says how long a call takes is not compared with one that is timed by the clock.
#[test]
fn times_are_compared_with_times_of_the_same() {
    let calls = |calls: u64, ms: f64| {
        let mut timed = side(&A);
        for (run, jitter) in timed.runs.iter_mut().zip(A) {
            let milliseconds = ms * jitter / 100.0;
            (run.calls, run.latency) = (Some(calls), vec![LatencyRecord { quantile: 0.5, milliseconds }]);
        }
        timed
    };
    let undecided = |ours: SideRecord, theirs: SideRecord, word: &str| {
        for (ours, theirs) in [(ours.clone(), theirs.clone()), (theirs, ours)] {
            let result = measured(LATENCY, ours, Some(theirs)).result();
            assert_eq!(result.verdict, Verdict::Inconclusive, "{result:?}");
            assert!(result.reason.as_ref().unwrap().contains(word), "{result:?}");
        }
    };
    assert_eq!(measured(LATENCY, calls(20, 1.0), Some(calls(20, 1.0))).result().verdict, Verdict::Pass);
    undecided(calls(20, 1.0), side(&B), "20 calls a run");
    undecided(calls(20, 1.0), calls(40, 1.0), "40 calls a run");
    let mut once = calls(20, 1.0);
    once.runs[3].calls = None;
    undecided(once, calls(20, 1.0), "the times are not of the same");
    // Ten calls on either side of the quantile.
    undecided(calls(19, 1.0), calls(20, 1.0), "timed 19 calls; a quantile of 0.5 needs 20");
    let p99 = "[[rule]]\nid = \"r\"\nmetric = { measured = \"latency\", quantile = 0.99 }\nmax = 100.0";
    let of = |calls: u64| {
        let mut timed = side(&A);
        for run in &mut timed.runs {
            (run.calls, run.latency) = (Some(calls), vec![LatencyRecord { quantile: 0.99, milliseconds: 1.0 }]);
        }
        measured(p99, timed, None).result().verdict
    };
    assert_eq!((of(999), of(1000)), (Verdict::Inconclusive, Verdict::Pass));
    // Calls that take longer than the run they were made in are nobody's times.
    let refused = SideRecord { untimed: Some("its calls took 90 ms together".to_owned()), ..calls(20, 1.0) };
    undecided(refused, calls(20, 1.0), "do not count: its calls took 90 ms together");
}

#[test]
fn a_commands_number_is_no_more_than_a_number() {
    let text = "[[rule]]\nid = \"r\"\nmetric = { command = \"x\", better = \"lower\" }\n";
    let of = |demand: &str, ours: &[f64], theirs: Option<&[f64]>| {
        let mut scene = measured(&format!("{text}{demand}"), side(&A), None);
        let values = |values: &[f64]| ValuesRecord { values: values.to_vec(), failed: None, read: None };
        let made = [(Role::Candidate, Some(ours)), (Role::Baseline, theirs)];
        let made = made.into_iter().filter_map(|(role, list)| Some((role, values(list?)))).collect();
        scene.measurement.as_mut().unwrap().commands.insert("r".to_owned(), made);
        scene.result().verdict
    };
    assert_eq!(of("max = 0.5", &[0.5], None), Verdict::Pass);
    assert_eq!(of("max = 0.5", &[0.6], None), Verdict::Fail);
    for bad in [f64::NAN, f64::INFINITY] {
        for demand in ["max = 0.5", "min = 0.5", "max_drop = 0.1"] {
            assert_eq!(of(demand, &[bad], Some(&[0.5])), Verdict::Inconclusive, "{demand} {bad}");
            assert_eq!(of("max_drop = 0.1", &[0.5], Some(&[bad])), Verdict::Inconclusive);
        }
    }
    assert_eq!(of("max_drop = 0.1", &[0.55], Some(&[0.5])), Verdict::Pass);
    assert_eq!(of("max_drop = 0.1", &[0.65], Some(&[0.5])), Verdict::Fail);
    assert_eq!(of("max_drop = 0.1", &[0.5], None), Verdict::Inconclusive);
    assert_eq!(of("max_drop = 0.1", &[0.5, 0.6], Some(&[0.5])), Verdict::Inconclusive);
    assert_eq!(of("max_drop = 0.1", &[], Some(&[0.5])), Verdict::Inconclusive);
}

#[test]
fn parity_counts_rows_beyond_the_tolerance() {
    let columns = |scores: &[f64]| PredictedColumns { scores: Some(scores.to_vec()), ..PredictedColumns::default() };
    let of = |demand: &str, tolerance: f64, fresh: &[f64], recorded: &[f64]| {
        let text = format!(
            "[[rule]]\nid = \"r\"\nmetric = {{ parity = \"test\", tolerance = {tolerance:?} }}\n{demand}\n\
             [[rule]]\nid = \"x\"\nmetric = \"roc_auc\"\nmin = 0.0\nseverity = \"warn\""
        );
        let truth = TruthColumn::Binary(vec![true, false, true]);
        let rows = joined(truth, columns(fresh), Some(columns(recorded)));
        let mut scene = Scene::new(rules("binary", &text));
        scene.candidate_sets.push(set("test"));
        scene.parity.insert(set("test"), Ok(rows));
        scene.judge().predicate.results.remove(0)
    };
    let near = of("", 1e-6, &[0.1, 0.2 + 0.9e-6, 3e6 + 2.0], &[0.1, 0.2, 3e6]);
    assert_eq!((near.verdict, near.candidate, near.n), (Verdict::Pass, Some(0.0), 3), "{near:?}");
    let far = of("", 1e-6, &[0.1, 0.2 + 1.1e-6, 3e6 + 4.0], &[0.1, 0.2, 3e6]);
    assert_eq!((far.verdict, far.candidate), (Verdict::Fail, Some(2.0)), "{far:?}");
    // The farthest first.
    let reason = far.reason.unwrap();
    assert!(reason.contains("2 of 3 rows") && reason.find("3000004") < reason.find("0.2000011"), "{reason}");
    assert_eq!(of("max = 2", 1e-6, &[0.1, 0.3, 1.0], &[0.1, 0.2, 3.0]).verdict, Verdict::Pass);
    assert_eq!(of("max = 3", 1e-6, &[f64::NAN, 0.2, 3.0], &[0.1, 0.2, 3.0]).candidate, Some(1.0));
    assert_eq!(of("", 0.0, &[0.1, 0.2, 3.0], &[0.1, 0.2, 3.0]).verdict, Verdict::Pass);
    let mut scene = Scene::new(rules("binary", "[[rule]]\nid = \"r\"\nmetric = { parity = \"test\" }"));
    scene.candidate_sets.push(set("test"));
    assert_eq!(scene.result().verdict, Verdict::Inconclusive);
}

/// Known without a run, and without a doubt.
#[test]
fn the_size_of_a_model_is_counted() {
    let of = |demand: &str, bytes: (Option<u64>, Option<u64>)| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {{ measured = \"size\" }}\n{demand}");
        let mut scene = Scene::new(rules("binary", &text));
        scene.model_bytes = bytes;
        scene.result()
    };
    let verdict = |demand: &str, bytes| of(demand, bytes).verdict;
    let sizes = (Some(1_100), Some(1_000));
    assert_eq!(verdict("max = 1100", sizes), Verdict::Pass);
    assert_eq!(verdict("max = 1099", sizes), Verdict::Fail);
    assert_eq!(verdict("max_ratio = 1.1", sizes), Verdict::Pass);
    let failed = of("max_ratio = 1.05", sizes);
    assert_eq!((failed.verdict, failed.delta, failed.method.as_deref()), (Verdict::Fail, Some(1.1), Some("counted")));
    assert!(reason(&failed).contains("1,100 bytes and 1,000"), "{}", reason(&failed));
    assert_eq!(verdict("min_ratio = 1.2", sizes), Verdict::Fail);
    for unknown in [(None, Some(1)), (Some(1), None), (Some(1), Some(0)), (Some(0), Some(0))] {
        assert_eq!(verdict("max_ratio = 9", unknown), Verdict::Inconclusive, "{unknown:?}");
    }
    assert_eq!(verdict("max = 9", (None, Some(1))), Verdict::Inconclusive);
}

#[test]
fn what_would_decide_is_said_of_runs() {
    let text = |demand: &str| format!("[[rule]]\nid = \"r\"\nmetric = {{ measured = \"latency\" }}\n{demand}\n");
    let (ours, theirs) = (side(&[104.0, 112.0, 98.0, 108.0, 101.0]), side(&[100.0, 101.0, 103.0, 98.0, 99.0]));
    let ratio = measured(&text("max_ratio = 1.08"), ours.clone(), Some(theirs)).result();
    assert_eq!(ratio.verdict, Verdict::Inconclusive, "{ratio:?}");
    assert!(ratio.rows_needed.unwrap() > 5 && reason(&ratio).ends_with(" pairs of runs would decide"), "{ratio:?}");
    let ceiling = measured(&text("max = 106"), ours, None).result();
    assert!(ceiling.rows_needed.unwrap() > 5 && reason(&ceiling).ends_with(" runs would decide"), "{ceiling:?}");
}
