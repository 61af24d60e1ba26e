//! Paying for the uses of an evaluation set: never easier than not paying.

use mlrun::evidence::{JoinedRows, TruthColumn};
use mlrun::format::certificate::Verdict;
use mlrun::format::policy::{Adaptive, HoldoutRecord, OnExhausted};

use super::scene::{Scene, joined, reason, scores, slice_column, values};

/// Numbers from 0 to 1 that follow from nothing but their place (SplitMix64).
fn noise(stream: u64) -> impl FnMut() -> f64 {
    let mut state = stream.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Scores of two models, the candidate's with more noise than the baseline's by `worse`.
fn rows(stream: u64, worse: f64) -> JoinedRows {
    let mut next = noise(stream);
    let n = 400;
    let labels: Vec<bool> = (0..n).map(|_| next() < 0.5).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for label in &labels {
        let (common, own) = (next(), next());
        let score =
            |noise: f64| (0.3 + 0.25 * f64::from(u8::from(*label)) + 0.5 * (common - 0.5) + noise).clamp(0.0, 1.0);
        theirs.push(score(0.0));
        ours.push(score(worse * (own - 0.5)));
    }
    let mut rows = joined(TruthColumn::Binary(labels), scores(ours), Some(scores(theirs)));
    rows.slices.insert("country".to_owned(), slice_column(&[("DE", 200), ("FR", 200)]));
    rows
}

fn numbers(stream: u64, worse: f64) -> JoinedRows {
    let mut next = noise(stream);
    let labels: Vec<f64> = (0..60).map(|_| next()).collect();
    let mut near = |scale: f64| labels.iter().map(|label| label + scale * (next() - 0.5)).collect::<Vec<f64>>();
    let (theirs, ours) = (near(0.4), near(0.4 + worse));
    joined(TruthColumn::Real(labels), values(ours), Some(values(theirs)))
}

fn paid(scene: &Scene, max_uses: u64) -> Scene {
    let mut scene = Scene::new(scene.policy.clone()).with(scene.sets.values().next().unwrap().clone().unwrap());
    let on_exhausted = OnExhausted::Warn;
    scene.policy.holdout = Some(HoldoutRecord { max_uses, adaptive: Adaptive::Bonferroni, on_exhausted });
    scene
}

#[test]
fn who_pays_for_uses_passes_no_rule_that_was_not_passed() {
    let demands = [
        "margin = 0.01",
        "margin = 0.03",
        "margin_rel = 0.03",
        "prove = \"superior\"",
        "prove = \"not_worse_detected\"\nmargin = 0.01",
        "prove = \"not_worse_detected\"\nmargin = 0.03",
        "prove = \"not_worse_detected\"\nmargin = 0.02\neach = [\"country\"]",
        "min = 0.7",
        "min = 0.75\non = \"point\"",
        "min = 0.8\non = \"upper\"",
        "max = 0.8",
        "max = 0.75\non = \"point\"",
        "max = 0.7\non = \"lower\"",
        "worst = [\"country\"]\nmin = 0.7",
        "worst = [\"country\"]\nmin = 0.8\non = \"upper\"",
        "worst = [\"country\"]\nmin_ratio = 0.9",
        "gap = \"country\"\nmax = 0.08",
        "gap = \"country\"\nmax = 0.01\non = \"lower\"",
        "gap = \"country\"\nmargin = 0.02",
    ];
    let mut text = String::new();
    for (metric, demands) in [("accuracy", &demands[..]), ("roc_auc", &demands[..]), ("f1", &demands[..5])] {
        for (at, demand) in demands.iter().enumerate() {
            text += &format!("[[rule]]\nid = \"{metric}-{at}\"\nmetric = \"{metric}\"\n{demand}\n");
        }
    }
    for (at, demand) in ["max = 0.1", "max = 0.05\non = \"lower\"", "max = 0.05\non = \"point\""].iter().enumerate() {
        text += &format!("[[rule]]\nid = \"flips-{at}\"\nmetric = \"negative_flip_rate\"\n{demand}\n");
    }
    let numbers_text: String = [
        ("mae", "margin = 0.02"),
        ("mae", "prove = \"not_worse_detected\"\nmargin = 0.01"),
        ("mae", "max = 0.12"),
        ("mae", "max = 0.1\non = \"lower\""),
        ("mae", "min = 0.12\non = \"upper\""),
    ]
    .iter()
    .enumerate()
    .map(|(at, (metric, demand))| format!("[[rule]]\nid = \"n-{at}\"\nmetric = \"{metric}\"\n{demand}\n"))
    .collect();
    let mut harder = 0;
    for (stream, worse) in [(1, 0.2), (2, 0.6), (3, 0.9)] {
        for scene in [Scene::on(rows(stream, worse), &text), Scene::on(numbers(stream, worse / 4.0), &numbers_text)] {
            let without = scene.verdicts();
            for max_uses in [2, 20, 1000] {
                let with = paid(&scene, max_uses).verdicts();
                assert_eq!(with.len(), without.len());
                for (without, with) in without.iter().zip(&with) {
                    let passes = |of: &(String, Option<String>, Verdict)| of.2 == Verdict::Pass;
                    assert!(passes(without) || !passes(with), "{stream}, {max_uses}: {without:?} became {with:?}");
                    harder += usize::from(passes(without) && !passes(with));
                }
            }
        }
    }
    assert!(harder > 0, "nobody paid");
}

#[test]
fn a_rule_that_looks_for_harm_finds_as_much_where_uses_are_paid_for() {
    let text = "[[rule]]\nid = \"r\"\nmetric = \"roc_auc\"\nprove = \"not_worse_detected\"\nmargin = 0.01\n";
    let scene = Scene::on(rows(2, 0.6), text);
    let (without, with) = (scene.result(), paid(&scene, 1000).result());
    assert_eq!(without.verdict, Verdict::Fail, "{without:?}");
    assert_eq!((with.verdict, with.upper), (without.verdict, without.upper), "{}", reason(&with));
}
