//! Gaps between groups, beyond what goldens say: numbers of no use, order, and many groups.

use mlrun::measure::{
    Estimate, GroupPair, Method, Sufficient, Undefined, gap, gap_bounds, gap_growth, pairs_confidence,
};

fn pair(candidate: f64, baseline: f64) -> GroupPair {
    GroupPair { n: 500, candidate, baseline, candidate_error: 0.02, baseline_error: 0.02, difference_error: 0.01 }
}

fn estimate(value: f64, half: f64) -> Estimate {
    let (lower, upper) = (value - half, value + half);
    Estimate {
        n: 100,
        value,
        lower,
        upper,
        standard_error: None,
        method: Method::Wilson,
        resamples: None,
        sufficient: Sufficient::None,
    }
}

#[test]
fn what_is_no_number_has_no_gap() {
    assert_eq!(gap([0.5].into_iter()), None);
    assert!(gap([0.5, f64::NAN, 0.7].into_iter()).unwrap().is_nan());
    for at in 0..5 {
        let mut groups = [pair(0.9, 0.8), pair(0.7, 0.8)];
        let group = &mut groups[1];
        let numbers = [
            &mut group.candidate,
            &mut group.baseline,
            &mut group.candidate_error,
            &mut group.baseline_error,
            &mut group.difference_error,
        ];
        *numbers.into_iter().nth(at).unwrap() = f64::NAN;
        assert_eq!(gap_growth(&groups, 0.95).unwrap_err(), Undefined::Overflow);
    }
    let bounds = |groups: &[Estimate]| gap_bounds(groups, groups, 0.95);
    assert!(bounds(&[estimate(0.5, 0.1), estimate(f64::NAN, 0.1)]).is_err());
    assert!(bounds(&[estimate(0.5, 0.1), estimate(0.6, f64::NAN)]).is_err());
    let few = Undefined::TooFewGroups { n: 1, needed: 2 };
    assert_eq!(bounds(&[estimate(0.5, 0.1)]).unwrap_err(), few);
    assert_eq!(gap_growth(&[pair(0.5, 0.5)], 0.95).unwrap_err(), few);
    let certain = GroupPair { candidate_error: 0.0, baseline_error: 0.0, difference_error: 0.0, ..pair(0.5, 0.4) };
    assert_eq!(gap_growth(&[certain, certain], 0.95).unwrap_err(), Undefined::ZeroVariance);
}

#[test]
fn two_groups_by_hand() {
    // 1.644854 √(0.05² + 0.05²) on both sides, whatever the pairs.
    let half = 0.082_242_681_347_573_63;
    let found =
        gap_bounds(&[estimate(0.9, half), estimate(0.6, half)], &[estimate(0.9, 0.1), estimate(0.6, 0.1)], 0.95);
    let found = found.unwrap();
    assert!((found.value - 0.3).abs() < 1e-12 && (found.upper - 0.3 - half * 2_f64.sqrt()).abs() < 1e-12);
    assert!((found.lower - 0.3 + 0.1 * 2_f64.sqrt()).abs() < 1e-12);
    assert!((pairs_confidence(0.95, 2) - 0.975).abs() < 1e-12 && (pairs_confidence(0.95, 5) - 0.9975).abs() < 1e-12);
    // D of the same pair has √(0.01² + 0.01²); at 2.5 % it beats all four at 1.25 % each.
    let found = gap_growth(&[pair(0.9, 0.85), pair(0.7, 0.75)], 0.95).unwrap();
    assert!((found.delta - 0.1).abs() < 1e-12);
    let error = 0.01 * 2_f64.sqrt();
    assert!((found.upper - 0.1 - 1.959_963_984_540_054 * error).abs() < 1e-12, "{found:?}");
    assert!((found.lower - 0.1 + 1.959_963_984_540_054 * error).abs() < 1e-12, "{found:?}");
}

#[test]
fn the_order_of_groups_does_not_matter_and_many_groups_are_bounded_more_widely() {
    let groups = |count: u32| -> Vec<GroupPair> {
        let share = |at: u32, turn: u32| f64::from(at * turn % 17) / 100.0;
        (0..count).map(|at| pair(0.7 + share(at, 5), 0.7 + share(at, 7))).collect()
    };
    for count in [6, 24, 25, 80] {
        let mut some = groups(count);
        let found = gap_growth(&some, 0.95).unwrap();
        assert!(found.lower < found.delta && found.delta < found.upper, "{found:?}");
        some.reverse();
        let turned = gap_growth(&some, 0.95).unwrap();
        assert!((found.lower - turned.lower).abs() < 1e-12 && (found.upper - turned.upper).abs() < 1e-12);
    }
    let width = |count| {
        let found = gap_growth(&groups(count), 0.95).unwrap();
        found.upper - found.lower
    };
    assert!(width(24) <= width(25), "{} {}", width(24), width(25));
}
