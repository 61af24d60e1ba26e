//! Canonical JSON against the RFC's own examples and against Python.

use std::collections::BTreeMap;

use mlrun::format::canonical::encode;
use mlrun::format::scalar::Scalar;

use crate::support::says;

fn text<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(encode("test", value).unwrap()).unwrap()
}

/// RFC 8785, appendix B: IEEE bits and their text.
#[test]
fn numbers_as_the_rfc_prints_them() {
    let table: [(u64, &str); 27] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        (0x3ff8_0000_0000_0000, "1.5"),
        (0x4024_0000_0000_0000, "10"),
        (0x3fb9_9999_9999_999a, "0.1"),
    ];
    for (bits, expected) in table {
        assert_eq!(text(&f64::from_bits(bits)), expected, "{bits:016x}");
    }
    // NaN and infinity have no JSON: refused, never written as null.
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(encode("test", &value).is_err(), "{value}");
    }
}

/// RFC 8785, section 3.2.3: keys by their UTF-16 code units, so 😀 (D83D …) comes before ﬓ (FB33).
#[test]
fn keys_are_sorted_as_utf16() {
    let keys = ["€", "\r", "\u{fb33}", "1", "😀", "\u{80}", "ö"];
    let map: BTreeMap<&str, u8> = keys.iter().map(|k| (*k, 0)).collect();
    assert_eq!(text(&map), "{\"\\r\":0,\"1\":0,\"\u{80}\":0,\"ö\":0,\"€\":0,\"😀\":0,\"\u{fb33}\":0}");
}

/// RFC 8785, section 3.2.2.2.
#[test]
fn strings_as_the_rfc_writes_them() {
    assert_eq!(text(&"\u{20ac}$\u{f}\nA'B\"\\\\\"/"), r#""€$\u000f\nA'B\"\\\\\"/""#);
    assert_eq!(text(&"\u{8}\t\n\u{c}\r\u{0}\u{7f}\u{2028}"), "\"\\b\\t\\n\\f\\r\\u0000\u{7f}\u{2028}\"");
}

/// Random parameters, printed by us and by Python from the same JSON, where both print numbers alike: integers and short decimals.
#[test]
fn python_prints_the_same() {
    let mut state = 11;
    let mut lines = String::new();
    for _ in 0..400 {
        let mut map = BTreeMap::new();
        for _ in 0..crate::support::noise::next(&mut state) % 6 {
            let n = crate::support::noise::next(&mut state);
            let key: String = (0..n % 5).map(|i| char::from(b'a' + ((n >> (8 * i)) % 26) as u8)).collect();
            let value = match n % 5 {
                0 => Scalar::Int(i128::from(n as i32)),
                1 => Scalar::Float((n % 100_000) as f64 / 64.0 + 0.5),
                2 => Scalar::Text(format!("{}\u{e9}\n\"{}", n % 7, char::from((n >> 40) as u8 & 0x7f))),
                3 => Scalar::List(vec![Scalar::Null, Scalar::Bool(n & 32 > 0), Scalar::EmptyMap]),
                _ => Scalar::Int(i128::from(n) * 1_000_003),
            };
            map.insert(key, value);
        }
        lines.push_str(&text(&map));
        lines.push('\n');
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lines"), &lines).unwrap();
    let program = "import json,sys\nfor l in open('lines',encoding='utf-8',newline='\\n'):\n  l=l.rstrip('\\n')\n  \
                   assert json.dumps(json.loads(l),sort_keys=True,separators=(',',':'),ensure_ascii=False)==l,l";
    says("python3", &["-c", program], folder.path());
}
