//! Values of parameters and metrics: what cannot be a JSON number is tagged, and nothing changes on its way through a record.

use std::collections::BTreeMap;

use mlrun::format::canonical::encode;
use mlrun::format::scalar::{SAFE_INTEGER, Scalar};
use proptest::prelude::*;

use crate::support::cases;

fn text(value: &Scalar) -> String {
    String::from_utf8(encode("test", value).unwrap()).unwrap()
}

fn read(text: &str) -> Result<Scalar, serde_json::Error> {
    serde_json::from_str(text)
}

#[test]
fn one_text_for_each_value() {
    for (value, expected) in [
        (Scalar::Null, "null"),
        (Scalar::Bool(false), "false"),
        (Scalar::Int(SAFE_INTEGER), "9007199254740991"),
        (Scalar::Int(-SAFE_INTEGER), "-9007199254740991"),
        (Scalar::Int(SAFE_INTEGER + 1), r#"{"int":"9007199254740992"}"#),
        (Scalar::Int(-SAFE_INTEGER - 1), r#"{"int":"-9007199254740992"}"#),
        (Scalar::Int(i128::MAX), r#"{"int":"170141183460469231731687303715884105727"}"#),
        (Scalar::Int(i128::MIN + 1), r#"{"int":"-170141183460469231731687303715884105727"}"#),
        (Scalar::Float(f64::NAN), r#"{"float":"nan"}"#),
        (Scalar::Float(-f64::NAN), r#"{"float":"nan"}"#),
        (Scalar::Float(f64::INFINITY), r#"{"float":"inf"}"#),
        (Scalar::Float(f64::NEG_INFINITY), r#"{"float":"-inf"}"#),
        (Scalar::Float(1.0), "1"),
        (Scalar::Float(-0.0), "0"),
        (Scalar::Float(1e16), "10000000000000000"),
        (Scalar::Float(1e18), "1000000000000000000"),
        (Scalar::Float(1.8e19), "18000000000000000000"),
        (Scalar::Float(-9e18), "-9000000000000000000"),
        (Scalar::Float(1e21), "1e+21"),
        (Scalar::EmptyMap, "{}"),
        (Scalar::List(vec![]), "[]"),
    ] {
        assert_eq!(text(&value), expected);
        let back = read(expected).unwrap();
        assert_eq!(text(&back), expected, "{value:?} came back as {back:?}");
        assert_eq!(back, value, "{value:?} came back as {back:?}");
    }
}

#[test]
fn the_smallest_integer_is_an_integer() {
    assert_eq!(text(&Scalar::Int(i128::MIN)), r#"{"int":"-170141183460469231731687303715884105728"}"#);
    assert_eq!(Scalar::Int(i128::MIN), Scalar::Int(i128::MIN));
    assert_ne!(Scalar::Int(i128::MIN), Scalar::Float(0.0));
}

#[test]
fn tags_that_are_none() {
    for text in [
        r#"{"int":"1.5"}"#,
        r#"{"int":""}"#,
        r#"{"int":5}"#,
        r#"{"float":"NaN"}"#,
        r#"{"float":"1.0"}"#,
        r#"{"other":"1"}"#,
        r#"{"float":["nan"]}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

fn scalar() -> impl Strategy<Value = Scalar> {
    let leaf = prop_oneof![
        Just(Scalar::Null),
        any::<bool>().prop_map(Scalar::Bool),
        any::<i128>().prop_map(Scalar::Int),
        any::<i64>().prop_map(|n| Scalar::Int(n.into())),
        (-3_i128..4).prop_map(|n| Scalar::Int(SAFE_INTEGER + n)),
        any::<f64>().prop_map(Scalar::Float),
        any::<u64>().prop_map(|bits| Scalar::Float(f64::from_bits(bits))),
        // Whole numbers that JSON prints as digits, where integers are tagged.
        any::<i64>().prop_map(|n| Scalar::Float(n as f64)),
        "\\PC*".prop_map(Scalar::Text),
        Just(Scalar::EmptyMap),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Scalar::List))
}

proptest! {
    #![proptest_config(cases(2000))]

    /// Whatever is recorded reads back equal, and as the same bytes.
    #[test]
    fn every_value_survives(value in scalar()) {
        let first = text(&value);
        let back = read(&first).unwrap();
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(text(&back), first);
    }

    /// The same inside a record, which is refused unless it encodes to the very bytes it came from.
    #[test]
    fn a_snapshot_with_any_parameter_can_be_read_again(params in prop::collection::btree_map("[a-z.]{1,6}", scalar(), 0..4)) {
        use mlrun::format::{canonical, snapshot::{FORMAT, SnapshotRecord}};
        let mut record: SnapshotRecord = canonical::decode(FORMAT, &super::golden("snapshot-small.json")).unwrap();
        record.params = params.into_iter().collect::<BTreeMap<_, _>>();
        let bytes = canonical::encode(FORMAT, &record).unwrap();
        let back: SnapshotRecord = canonical::decode(FORMAT, &bytes).unwrap();
        prop_assert_eq!(back, record);
    }
}
