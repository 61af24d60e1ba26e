//! Lines and bars of blocks.

use super::spark::{bar, fitted, sparkline};

fn line(values: &[f64]) -> String {
    sparkline(values, None).text
}

#[test]
fn a_series_is_a_line() {
    let eight: Vec<f64> = (0..8).map(f64::from).collect();
    assert_eq!(line(&eight), "▁▂▃▄▅▆▇█");
    assert_eq!(sparkline(&eight, None).range, Some((0.0, 7.0)));
    assert_eq!(line(&[0.2, 0.9, 0.2]), "▁█▁");
    assert_eq!(line(&[-1.0, 0.0, 1.0]), "▁▅█");
    assert_eq!(line(&[]), "");
}

#[test]
fn what_is_no_number_is_a_gap() {
    assert_eq!(line(&[0.0, f64::NAN, 1.0, f64::INFINITY]), "▁·█·");
    let none = sparkline(&[f64::NAN, f64::NEG_INFINITY], None);
    assert_eq!((none.text.as_str(), none.range), ("··", None));
    assert_eq!(sparkline(&[f64::NAN], Some((0.0, 1.0))).range, None);
}

#[test]
fn a_series_that_does_not_change_is_flat() {
    assert_eq!(line(&[3.0, 3.0, 3.0]), "▄▄▄");
    assert_eq!(line(&[0.0]), "▄");
}

#[test]
fn between_given_ends() {
    let given = sparkline(&[-5.0, 0.25, 2.0], Some((0.0, 1.0)));
    assert_eq!((given.text.as_str(), given.range), ("▁▃█", Some((0.0, 1.0))));
    // Ends that are none are not taken.
    for bad in [(1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert_eq!(sparkline(&[1.0, 2.0], Some(bad)).range, Some((1.0, 2.0)), "{bad:?}");
    }
}

/// The distance of these is no number.
#[test]
fn the_greatest_numbers() {
    assert_eq!(line(&[f64::MIN, 0.0, f64::MAX]), "▁▅█");
    assert_eq!(line(&[0.0, 5e-324]), "▁█", "nor is half of the least one");
    assert_eq!(fitted(&[f64::MAX, f64::MAX], 1), [f64::MAX]);
}

#[test]
fn a_long_series_in_few_columns() {
    assert_eq!(fitted(&[1.0, 3.0, 5.0, 7.0], 2), [2.0, 6.0]);
    assert_eq!(fitted(&[1.0, 2.0], 5), [1.0, 2.0]);
    assert_eq!(fitted(&[1.0, f64::NAN, 4.0], 2)[1], 4.0);
    assert!(fitted(&[f64::NAN, f64::NAN, 1.0, 2.0], 2)[0].is_nan());
    assert!(fitted(&[1.0], 0).is_empty());
    // Every value counts once, whatever the widths.
    for columns in 1..40 {
        let ones = fitted(&[1.0; 39], columns);
        assert!(ones.len() == columns.min(39) && ones.iter().all(|mean| (mean - 1.0).abs() < 1e-12), "{columns}");
    }
}

#[test]
fn a_share_is_a_bar() {
    assert_eq!(bar(0.0, 4), "    ");
    assert_eq!(bar(1.0, 4), "████");
    assert_eq!(bar(0.5, 4), "██  ");
    assert_eq!(bar(0.53125, 4), "██▏ ");
    assert_eq!(bar(0.96875, 4), "███▉");
    assert_eq!(bar(2.0, 2), "██");
    assert_eq!(bar(-1.0, 2), "  ");
}

#[test]
fn little_is_seen_and_nearly_all_is_not_all() {
    assert_eq!(bar(1e-9, 3), "▏  ");
    assert_eq!(bar(0.999_999, 3), "██▉");
    assert_eq!(bar(f64::NAN, 3), "·  ");
    assert_eq!(bar(f64::INFINITY, 3), "███");
    assert_eq!(bar(0.5, 0), "");
}
