//! Sums over two tensors, of every type.

use mlrun::compare::tensors::Tally;
use mlrun::compare::tensors::element::{Element, Number};
use mlrun::compare::tensors::extent::{Extent, not_finite};
use mlrun::compare::tensors::sums::{NotFinite, Sums};
use mlrun::compare::tensors::units::Units;
use serde_json::Value;

use super::{golden, is_close};

fn number(golden: &Value, key: &str) -> Number {
    Element::parse(golden[key].as_str().unwrap()).number().unwrap()
}

fn bytes(golden: &Value, key: &str) -> Vec<u8> {
    let digits = golden[key].as_str().unwrap().as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[track_caller]
fn agrees(name: &str, sums: &Sums, golden: &Value) {
    let count = |key: &str| golden[key].as_u64().unwrap();
    let counted = (sums.elements, sums.changed, sums.apart);
    assert_eq!(counted, (count("elements"), count("changed"), count("not_finite")), "{name}");
    let odd = |side: &str| NotFinite {
        nan: golden[side]["nan"].as_u64().unwrap(),
        infinite: golden[side]["infinite"].as_u64().unwrap(),
    };
    assert_eq!((sums.a, sums.b), (odd("a"), odd("b")), "{name}");
    let difference = sums.difference();
    is_close(&format!("{name}: l2"), difference.l2, &golden["l2"]);
    is_close(&format!("{name}: relative"), difference.relative, &golden["relative"]);
    is_close(&format!("{name}: largest"), difference.max_abs, &golden["max_abs"]);
    is_close(&format!("{name}: cosine"), difference.cosine, &golden["cosine"]);
}

#[test]
fn every_type_as_numpy_has_it() {
    let goldens = golden("numbers.json");
    let mut types = std::collections::BTreeSet::new();
    for golden in goldens["cases"].as_array().unwrap() {
        let name = golden["name"].as_str().unwrap();
        let (type_a, type_b) = (number(golden, "type_a"), number(golden, "type_b"));
        types.insert(type_a);
        let sums = Sums::of(type_a, &bytes(golden, "a_bytes"), type_b, &bytes(golden, "b_bytes"));
        agrees(name, &sums, golden);
    }
    assert_eq!(types.len(), 20, "{types:?}");
}

/// Every value of 16 bits there is.
#[test]
fn all_halves() {
    for golden in golden("numbers.json")["sixteen"].as_array().unwrap() {
        let shift = golden["shift"].as_u64().unwrap() as u16;
        let all =
            |shift: u16| (0..=u16::MAX).flat_map(move |n| n.wrapping_sub(shift).to_le_bytes()).collect::<Vec<u8>>();
        let number = number(golden, "type");
        agrees(&format!("{number:?}"), &Sums::of(number, &all(0), number, &all(shift)), golden);
    }
}

/// What is known to be equal gives the very bits that comparing gives.
#[test]
fn equal_stretches_are_summed_alike() {
    let goldens = golden("numbers.json");
    for golden in goldens["cases"].as_array().unwrap() {
        let (number, bytes) = (number(golden, "type_a"), bytes(golden, "a_bytes"));
        let compared = Sums::of(number, &bytes, number, &bytes);
        assert_eq!(Sums::of_equal(number, &bytes), compared, "{}", golden["name"]);
        assert_eq!((compared.changed, compared.squares), (0, 0.0));
        assert_eq!(compared.squares_a.to_bits(), compared.product.to_bits());
    }
}

/// One element of many changed: the strips that did not are taken a shorter way, with the same sums.
#[test]
fn one_element_of_many() {
    let a: Vec<u8> = (0..50_000_u32).flat_map(|n| ((n as f32).sin()).to_le_bytes()).collect();
    let mut b = a.clone();
    b[4 * 33_333..4 * 33_333 + 4].copy_from_slice(&100.0_f32.to_le_bytes());
    let sums = Sums::of(Number::F32, &a, Number::F32, &b);
    let old = f64::from(33_333_f32.sin());
    assert_eq!((sums.changed, sums.elements, sums.largest), (1, 50_000, 100.0 - old));
    assert_eq!(sums.squares, (100.0 - old) * (100.0 - old));
    let exact: f64 = (0..50_000_u32).map(|n| f64::from((n as f32).sin()).powi(2)).sum();
    assert!((sums.squares_a - exact).abs() < 1e-9 * exact);
}

#[test]
fn sums_beyond_any_float_are_not_defined() {
    let bytes = |value: f64| value.to_le_bytes().repeat(4);
    let sums = Sums::of(Number::F64, &bytes(1e200), Number::F64, &bytes(-1e200));
    let difference = sums.difference();
    assert_eq!((difference.l2, difference.relative, difference.cosine), (None, None, None));
    assert_eq!(difference.max_abs, Some(2e200));
}

/// A unit of 18 bytes lies in two stretches: it is one.
#[test]
fn units_over_the_edge_of_a_stretch() {
    let a: Vec<u8> = (0..90).collect();
    let mut b = a.clone();
    for place in [17, 35, 36, 89] {
        b[place] ^= 1;
    }
    let whole = Units::of(18, 0, &a, &b);
    assert_eq!((whole.count, whole.changed), (5, 4));
    for cut in 0..=90 {
        let mut sum = Units::of(18, 0, &a[..cut], &b[..cut]);
        sum.add(&Units::of(18, cut as u64, &a[cut..], &b[cut..]));
        assert_eq!((sum.count, sum.changed), (5, 4), "cut at {cut}");
    }
    let mut first = a.clone();
    first[0] ^= 1;
    first[17] ^= 1;
    let mut sum = Units::of(18, 0, &a[..9], &first[..9]);
    sum.add(&Units::of(18, 9, &a[9..], &first[9..]));
    assert_eq!(sum.changed, 1);
    assert_eq!(Units::of_equal(18, 0, 90).count + Units::of_equal(1, 0, 7).count, 12);
    let mut tally = Tally::Units(whole);
    tally.add(&Tally::Numbers(Sums::default()));
    assert_eq!((tally.changed(), tally.relative()), (4, None));
}

#[test]
fn one_type_has_many_names() {
    let parse = Element::parse;
    assert!(["F32", "FLOAT", "float32", "<f4", "=f4"].iter().all(|name| parse(name) == parse("F32")));
    assert_ne!(parse(">f4"), parse("<f4"));
    assert_eq!((parse(">f4").number(), parse("|b1").number()), (Some(Number::F32), Some(Number::Bool)));
    assert_eq!(parse("V56"), Element::Unit { width: 56, quantised: false });
    assert_eq!(parse("<U5").width(), 20);
    assert_eq!(parse("Q6_K"), Element::Unit { width: 210, quantised: true });
    for unknown in ["", "F4", "<", "<f3", "|V0", "|V99999999999", "日本"] {
        assert_eq!(parse(unknown), Element::Unit { width: 1, quantised: false }, "{unknown}");
    }
}

/// An element that is NaN or infinite in another way is told from one that is so as before, also where there are as many.
#[test]
fn what_is_not_finite_in_another_way() {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let of = |a: &[f32], b: &[f32]| Sums::of(Number::F32, &bytes(a), Number::F32, &bytes(b));
    let agrees = |a: &[f32], b: &[f32], turned: u64, words: Option<&str>| {
        let sums = of(a, b);
        assert_eq!((sums.turned, not_finite(&sums).as_deref()), (turned, words), "{a:?} {b:?}");
        let is_odd = matches!(Extent::of(&sums), Extent::NotFinite(_));
        assert_eq!(is_odd, turned > 0, "{a:?} {b:?}");
    };
    agrees(&[nan, 1.0], &[nan, 2.0], 0, None);
    agrees(&[nan, 1.0], &[1.0, nan], 2, Some("NaN or infinite in other places: 2 elements differ in that"));
    agrees(&[inf, 1.0], &[-inf, 1.0], 1, Some("1 element is another one of NaN and the infinities"));
    agrees(&[nan, 1.0], &[inf, 1.0], 1, Some("0 NaN (was 1), 1 infinite (was 0)"));
    agrees(&[1.0, 1.0], &[nan, nan], 2, Some("2 NaN (was 0)"));
    agrees(&[-inf, 1.0], &[-inf, 1.0], 0, None);
    let mut order =
        [Extent::Unknown, Extent::Relative(0.2), Extent::Undefined, Extent::NotFinite(1), Extent::Share(0.5)];
    order.sort_by(Extent::largest_first);
    let expected =
        [Extent::NotFinite(1), Extent::Undefined, Extent::Relative(0.2), Extent::Share(0.5), Extent::Unknown];
    assert_eq!(order, expected);
}
