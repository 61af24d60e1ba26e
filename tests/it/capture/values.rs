//! Documents as values: the YAML 1.2.2 core schema by hand, JSON against `serde_json` and Python, hostile documents quickly.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mlrun::capture::values::{DEPTH_LIMIT, Reason, Syntax, VALUES_LIMIT, ValuesError, parse};
use mlrun::format::scalar::Scalar;
use proptest::prelude::*;

fn yaml(text: &str) -> Result<BTreeMap<String, Scalar>, ValuesError> {
    parse(Syntax::Yaml, text.as_bytes())
}

fn json(text: &str) -> Result<BTreeMap<String, Scalar>, ValuesError> {
    parse(Syntax::Json, text.as_bytes())
}

fn toml(text: &str) -> Result<BTreeMap<String, Scalar>, ValuesError> {
    parse(Syntax::Toml, text.as_bytes())
}

fn text(value: &str) -> Scalar {
    Scalar::Text(value.to_owned())
}

/// Debug form, because `Scalar`'s equality holds for 1 and 1.0.
fn shown(values: &BTreeMap<String, Scalar>) -> String {
    format!("{values:?}")
}

fn place(error: &ValuesError) -> (Option<usize>, Option<usize>) {
    (error.line, error.column)
}

#[test]
fn syntax_comes_from_the_extension() {
    let of = |name: &str| Syntax::of(Path::new(name));
    assert_eq!(of("a/params.yaml"), Some(Syntax::Yaml));
    assert_eq!(of("params.YML"), Some(Syntax::Yaml));
    assert_eq!(of("pyproject.toml"), Some(Syntax::Toml));
    assert_eq!(of("metrics.json"), Some(Syntax::Json));
    assert_eq!(of("metrics.jsonl"), None);
    assert_eq!(of("yaml"), None);
}

/// By hand from YAML 1.2.2 §10.2.1.4, §10.3.2 and the YAML 1.1 words that 1.2 made text.
#[test]
fn yaml_core_schema() {
    use Scalar::{Bool, Float, Int, Null};
    let cases = [
        ("", Null),
        ("~", Null),
        ("null", Null),
        ("Null", Null),
        ("NULL", Null),
        ("nULL", text("nULL")),
        ("true", Bool(true)),
        ("True", Bool(true)),
        ("TRUE", Bool(true)),
        ("tRUE", text("tRUE")),
        ("false", Bool(false)),
        ("False", Bool(false)),
        ("FALSE", Bool(false)),
        ("yes", text("yes")),
        ("no", text("no")),
        ("on", text("on")),
        ("off", text("off")),
        ("y", text("y")),
        ("No", text("No")),
        ("0", Int(0)),
        ("7", Int(7)),
        ("-19", Int(-19)),
        ("+12", Int(12)),
        ("007", Int(7)),
        ("0o17", Int(15)),
        ("0x1f", Int(31)),
        ("0x3A", Int(58)),
        ("-0x1f", text("-0x1f")),
        ("0o8", text("0o8")),
        ("0b11", text("0b11")),
        ("1_000", text("1_000")),
        ("170141183460469231731687303715884105727", Int(i128::MAX)),
        ("170141183460469231731687303715884105728", Float(170141183460469231731687303715884105728.0)),
        ("9007199254740993", Int(9_007_199_254_740_993)),
        ("1.0", Float(1.0)),
        ("0.", Float(0.0)),
        (".5", Float(0.5)),
        ("-0.0", Float(-0.0)),
        ("+1.5", Float(1.5)),
        ("1e-3", Float(1e-3)),
        ("1e5", Float(1e5)),
        ("12e03", Float(12e3)),
        ("-2E+05", Float(-2e5)),
        ("1.e2", Float(1e2)),
        (".", text(".")),
        ("1e", text("1e")),
        ("e5", text("e5")),
        (".e5", text(".e5")),
        ("+", text("+")),
        ("1.2.3", text("1.2.3")),
        (".inf", Float(f64::INFINITY)),
        ("-.Inf", Float(f64::NEG_INFINITY)),
        ("+.INF", Float(f64::INFINITY)),
        (".nan", Float(f64::NAN)),
        (".NaN", Float(f64::NAN)),
        (".NAN", Float(f64::NAN)),
        ("-.nan", text("-.nan")),
        ("nan", text("nan")),
        ("inf", text("inf")),
        ("NaN", text("NaN")),
        ("infinity", text("infinity")),
        (".Nan", text(".Nan")),
        ("1:30", text("1:30")),
        ("2024-01-02", text("2024-01-02")),
        ("2024-01-02T03:04:05Z", text("2024-01-02T03:04:05Z")),
        ("'1'", text("1")),
        ("\"1.0\"", text("1.0")),
        ("''", text("")),
        ("'null'", text("null")),
        ("\"a\\tb\"", text("a\tb")),
        ("!!str 12", text("12")),
        ("!!str", text("")),
        ("! 12", text("12")),
        ("!!int '12'", Int(12)),
        ("!!int 0x1F", Int(31)),
        ("!!float 1", Float(1.0)),
        ("!!float .inf", Float(f64::INFINITY)),
        ("!!bool 'true'", Bool(true)),
        ("!!null ''", Null),
        ("!unknown 12", Int(12)),
        ("!unknown '12'", text("12")),
        ("!!binary aGk=", text("aGk=")),
        ("!!timestamp 2024-01-02", text("2024-01-02")),
        ("plain text # comment", text("plain text")),
        ("a:b", text("a:b")),
        ("http://x/y", text("http://x/y")),
        ("[]", Scalar::List(vec![])),
        ("{}", Scalar::EmptyMap),
        (
            "[1, 1.0, a, [yes, ~]]",
            Scalar::List(vec![Int(1), Float(1.0), text("a"), Scalar::List(vec![text("yes"), Null])]),
        ),
        ("|\n  a\n  b\n", text("a\nb\n")),
        (">-\n  a\n  b\n", text("a b")),
    ];
    for (written, expected) in cases {
        let read = yaml(&format!("v: {written}\n")).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(shown(&read), shown(&BTreeMap::from([("v".to_owned(), expected)])), "{written}");
    }
}

#[test]
fn yaml_tags_that_do_not_fit() {
    for written in ["!!int a", "!!int 1.5", "!!float a", "!!bool yes", "!!null 0"] {
        let error = yaml(&format!("a: 1\nv: {written}\n")).unwrap_err();
        assert_eq!(error.line, Some(2), "{written}: {error}");
        assert!(error.to_string().contains("tag"), "{error}");
    }
}

#[test]
fn maps_are_dotted_and_lists_with_maps_are_indexed() {
    let read = yaml(
        "train:\n  lr: 0.1\n  layers: [64, 32]\n  empty: {}\nsteps:\n- name: a\n  with: {k: [1]}\n- plain\n- [x, {y: 1}]\n- {}\n1: one\n1.0: float\n~: none\n[a, b]: list\n",
    )
    .unwrap();
    let expected = [
        ("1", text("one")),
        ("1.0", text("float")),
        ("[a, b]", text("list")),
        ("null", text("none")),
        ("steps.0.name", text("a")),
        ("steps.0.with.k", Scalar::List(vec![Scalar::Int(1)])),
        ("steps.1", text("plain")),
        ("steps.2.0", text("x")),
        ("steps.2.1.y", Scalar::Int(1)),
        ("steps.3", Scalar::EmptyMap),
        ("train.empty", Scalar::EmptyMap),
        ("train.layers", Scalar::List(vec![Scalar::Int(64), Scalar::Int(32)])),
        ("train.lr", Scalar::Float(0.1)),
    ];
    assert_eq!(shown(&read), shown(&expected.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()));
}

#[test]
fn yaml_aliases_and_merge_keys() {
    let read =
        yaml("base: &b {lr: 0.1, seed: 1}\nother: &o {lr: 9, n: 2}\nrun:\n  lr: 0.5\n  <<: [*b, *o]\nsame: *b\n")
            .unwrap();
    assert_eq!(read["run.lr"], Scalar::Float(0.5));
    assert_eq!(read["run.seed"], Scalar::Int(1));
    assert_eq!(read["run.n"], Scalar::Int(2));
    assert_eq!(read["same.lr"], Scalar::Float(0.1));
    assert!(!read.contains_key("run.<<"));
    assert_eq!(yaml("'<<': 1\n").unwrap()["<<"], Scalar::Int(1));
    assert!(yaml("<<: 1\n").is_err());
    assert!(yaml("a: &x [*x]\n").is_err());
    assert!(yaml("a: *nowhere\n").is_err());
}

#[test]
fn empty_documents() {
    for written in ["", "\n", "# nothing\n", "---\n", "--- # nothing\n...\n", "\u{feff}"] {
        assert_eq!(yaml(written).unwrap(), BTreeMap::new(), "{written:?}");
    }
    assert_eq!(toml("# nothing\n").unwrap(), BTreeMap::new());
    assert_eq!(json("{}").unwrap(), BTreeMap::new());
    assert!(json("").unwrap_err().to_string().contains("empty"));
    assert_eq!(json("\u{feff}{\"a\": 1}").unwrap()["a"], Scalar::Int(1));
    assert_eq!(yaml("\u{feff}a: 1").unwrap()["a"], Scalar::Int(1));
    assert_eq!(toml("\u{feff}a = 1").unwrap()["a"], Scalar::Int(1));
}

#[test]
fn roots_that_are_no_maps() {
    for (syntax, written, found) in [
        (Syntax::Yaml, "- a\n", "a list"),
        (Syntax::Yaml, "- {a: 1}\n", "a list"),
        (Syntax::Yaml, "null\n", "null"),
        (Syntax::Yaml, "just text\n", "text"),
        (Syntax::Json, "[1]", "a list"),
        (Syntax::Json, "1", "an integer"),
    ] {
        assert_eq!(parse(syntax, written.as_bytes()).unwrap_err().reason, Reason::NotMap { found }, "{written}");
    }
}

#[test]
fn toml_values() {
    let read = toml("i = 1\nf = 1.0\nx = 0xff\nn = nan\nm = -inf\nd = 2024-01-02\nt = 2024-01-02T03:04:05.5Z\nl = [1, [2]]\n[a.b]\nc = 'x'\n[[s]]\nk = true\n").unwrap();
    let expected = r#"{"a.b.c": Text("x"), "d": Text("2024-01-02"), "f": Float(1.0), "i": Int(1), "l": List([Int(1), List([Int(2)])]), "m": Float(-inf), "n": Float(NaN), "s.0.k": Bool(true), "t": Text("2024-01-02T03:04:05.5Z"), "x": Int(255)}"#;
    assert_eq!(shown(&read), expected);
    assert_eq!(place(&toml("a = 1\nb = \n").unwrap_err()).0, Some(2));
}

#[test]
fn json_values_python_writes() {
    // `json.dumps({"a": nan, "b": [inf, -inf], "c": 2**100, "d": 1.0, "e": 10**40, "f": "\U0001f600\x7f", "g": 1e-07})`
    let read = json(
        "{\"a\": NaN, \"b\": [Infinity, -Infinity], \"c\": 1267650600228229401496703205376, \"d\": 1.0,\n \"e\": 10000000000000000000000000000000000000000, \"f\": \"\\ud83d\\ude00\u{7f}\", \"g\": 1e-07, \"h\": -0, \"i\": -0.0}\n",
    )
    .unwrap();
    let expected = "{\"a\": Float(NaN), \"b\": List([Float(inf), Float(-inf)]), \"c\": Int(1267650600228229401496703205376), \"d\": Float(1.0), \
                    \"e\": Float(1e40), \"f\": Text(\"😀\\u{7f}\"), \"g\": Float(1e-7), \"h\": Int(0), \"i\": Float(-0.0)}";
    assert_eq!(shown(&read), expected);
}

#[test]
fn json_grammar() {
    for wrong in [
        "{\"a\": 1,}",
        "{\"a\": [1,]}",
        "{,}",
        "{\"a\": [,1]}",
        "{a: 1}",
        "{'a': 1}",
        "{\"a\" 1}",
        "{\"a\": 01}",
        "{\"a\": +1}",
        "{\"a\": .5}",
        "{\"a\": 1.}",
        "{\"a\": 1e}",
        "{\"a\": 1-2}",
        "{\"a\": --1}",
        "{\"a\": -}",
        "{\"a\": \"\\x\"}",
        "{\"a\": \"\n\"}",
        "{\"a\": \"",
        "{\"a\": tru}",
        "{\"a\": 1} x",
        "{\"a\": 1}{}",
        "{\"a\": 1",
        "{\"a\"",
        "{",
        "// c\n{}",
        "{\"a\": nan}",
        "{\"a\": -NaN}",
        "{\"a\": \"\\ud800\"}",
        "\u{c}{}",
    ] {
        assert!(matches!(json(wrong).unwrap_err().reason, Reason::Syntax(_)), "{wrong}");
    }
}

#[test]
fn errors_say_where() {
    assert_eq!(place(&json("{\n  \"a\": 1,\n  \"ü\": oops\n}").unwrap_err()), (Some(3), Some(8)));
    assert_eq!(place(&json("{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err()), (Some(3), Some(3)));
    assert_eq!(place(&yaml("a: 1\nb: 2\na: 3\n").unwrap_err()), (Some(3), Some(1)));
    assert_eq!(yaml("a: 1\nb: [1, 2\nc: 3\n").unwrap_err().line, Some(3));
    // A tab that indents stands where it stands, not where the value it interrupts begins.
    for (wrong, line, column) in [
        ("a: 1\n\tb: 2\n", 2, 1),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1),
        ("a:\r\n  b: 1\r\n \tc: 2\r\n", 3, 2),
        ("a:\r  b: 1\r \tc: 2\r", 3, 2),
        ("a:\n  - 1\n\t\n\n\t- 2\n", 5, 1),
        ("x: 1\na: foo\n\n\tbar\n", 4, 1),
        ("x: 1\na: |\n\tx\n", 3, 1),
        ("x: 1\na: >-\n\t\n", 3, 1),
    ] {
        let error = yaml(wrong).unwrap_err();
        assert_eq!(place(&error), (Some(line), Some(column)), "{wrong:?}: {error}");
        assert!(error.to_string().contains("tab"), "{wrong:?}: {error}");
    }
    assert_eq!(yaml("a:\n\tb: 1\n").unwrap_err().line, Some(2));
    assert_eq!(yaml("a:\n  b: \"x\n\ty\"\n").unwrap_err().line, Some(3));
    let error = toml("a = 1\nb = 2\na = 3\n").unwrap_err();
    assert_eq!(place(&error), (Some(3), Some(1)));
    assert_eq!(error.reason, Reason::Duplicate { key: "a".to_owned() });
    assert_eq!(error.to_string(), "line 3, column 1: the key `a` is there twice");
    let error = parse(Syntax::Yaml, b"a: 1\nb: \xff\n").unwrap_err();
    assert_eq!((error.line, error.reason), (Some(2), Reason::Encoding));
    assert_eq!(yaml("a: 1\n---\nb: 2\n").unwrap_err().line, Some(2));
}

#[test]
fn keys_that_collide_after_dotting() {
    for (syntax, written) in [
        (Syntax::Yaml, "a.b: 1\na: {b: 2}\n"),
        (Syntax::Json, "{\"a.b\": 1, \"a\": {\"b\": 2}}"),
        (Syntax::Toml, "\"a.b\" = 1\n[a]\nb = 2\n"),
        (Syntax::Yaml, "a: [{b: 1}]\na.0.b: 2\n"),
    ] {
        let error = parse(syntax, written.as_bytes()).unwrap_err();
        assert!(matches!(error.reason, Reason::Collision { .. }), "{written}: {error}");
    }
    assert!(matches!(yaml("1: a\n'1': b\n").unwrap_err().reason, Reason::Duplicate { .. }));
    assert_eq!(yaml("a.b: 1\na: {c: 2}\n").unwrap().len(), 2);
}

/// Each of these would take minutes or gigabytes when it is expanded.
#[test]
fn hostile_documents_are_refused_quickly() {
    let mut laughs = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    let mut texts = format!("a: &a {}\n", "x".repeat(1 << 20));
    for pair in ('a'..='k').collect::<Vec<_>>().windows(2) {
        let (old, new) = (pair[0], pair[1]);
        laughs += &format!("{new}: &{new} [{}]\n", vec![format!("*{old}"); 9].join(", "));
        texts += &format!("{new}: &{new} [*{old}, *{old}, *{old}]\n");
    }
    let mut tall = "a: &a [x]\n".to_owned();
    let mut keys = String::new();
    for level in 0..40 {
        tall += &format!(
            "b{level}: &b{level} [{}*{}{}]\n",
            "[".repeat(10),
            if level == 0 { "a".to_owned() } else { format!("b{}", level - 1) },
            "]".repeat(10)
        );
        keys += &format!("{}{}:\n", " ".repeat(level), "k".repeat(100_000));
    }
    let deep = |n: usize| format!("{{\"a\": {}{}}}", "[".repeat(n), "]".repeat(n));
    let cases = [
        (Syntax::Yaml, laughs),
        (Syntax::Yaml, texts),
        (Syntax::Yaml, tall),
        (
            Syntax::Yaml,
            format!("{keys}{}", (0..1000).map(|n| format!("{}x{n}: 1\n", " ".repeat(40))).collect::<String>()),
        ),
        (Syntax::Yaml, format!("a: {}", "[".repeat(1_000_000))),
        (Syntax::Yaml, format!("a: {}", "{a: ".repeat(1_000_000))),
        (Syntax::Yaml, format!("a: {}", "- ".repeat(1_000_000))),
        (Syntax::Yaml, deep(DEPTH_LIMIT)),
        (Syntax::Json, deep(DEPTH_LIMIT)),
        (Syntax::Json, deep(4_000_000)),
        (Syntax::Json, format!("{{\"a\": [{}1]}}", "1,".repeat(VALUES_LIMIT))),
        (Syntax::Yaml, format!("a: [{}1]", "1,".repeat(VALUES_LIMIT))),
        (Syntax::Toml, format!("a = [{}1]", "1,".repeat(VALUES_LIMIT))),
        (Syntax::Toml, format!("a = {}", "[".repeat(1_000_000))),
        (Syntax::Toml, format!("[{}a]\n", "a.".repeat(1_000_000))),
        (Syntax::Json, format!("{{{}\"z\": 1", " ".repeat(17 << 20))),
    ];
    for (syntax, written) in cases {
        let begun = Instant::now();
        let head: String = written.chars().take(40).collect();
        let error = parse(syntax, written.as_bytes()).expect_err(&head);
        assert!(begun.elapsed() < Duration::from_secs(5), "{head}: {error} took {:?}", begun.elapsed());
    }
    let fits = json(&format!("{{\"a\": {}1{}}}", "[".repeat(DEPTH_LIMIT - 1), "]".repeat(DEPTH_LIMIT - 1)));
    assert_eq!(fits.unwrap().len(), 1);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Zü\"\\\\]{1,4}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn scalar_of(value: &serde_json::Value) -> Option<Scalar> {
    use serde_json::Value;
    Some(match value {
        Value::Null => Scalar::Null,
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(value), _) => Scalar::Int(value.into()),
            (_, Some(value)) => Scalar::Int(value.into()),
            _ => Scalar::Float(n.as_f64()?),
        },
        Value::String(text) => Scalar::Text(text.clone()),
        Value::Array(items) => Scalar::List(items.iter().map(scalar_of).collect::<Option<_>>()?),
        Value::Object(map) if map.is_empty() => Scalar::EmptyMap,
        Value::Object(_) => return None,
    })
}

fn dotted(prefix: &str, value: &serde_json::Value, out: &mut Vec<(String, Scalar)>) {
    let children: Vec<(String, &serde_json::Value)> = match value {
        serde_json::Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        serde_json::Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let has_map = |value: &serde_json::Value| format!("{value:?}").contains("Object");
    if children.is_empty() || value.is_array() && !has_map(value) {
        out.extend(scalar_of(value).map(|value| (prefix.to_owned(), value)));
        return;
    }
    for (key, child) in children {
        dotted(&format!("{prefix}.{key}"), child, out);
    }
}

proptest! {
    #[test]
    fn json_agrees_with_serde_json(value in any_json()) {
        let mut expected = Vec::new();
        dotted("root", &value, &mut expected);
        for written in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let read = json(&format!("{{\"root\": {written}}}")).unwrap();
            prop_assert_eq!(shown(&read), shown(&expected.iter().cloned().collect()));
        }
    }

    #[test]
    fn json_is_refused_where_serde_json_refuses(written in r#"[\[\]{}":,0-9a-z\\.eE+\- tfn]{0,24}"#) {
        let ours = json(&written).is_ok();
        let theirs = matches!(serde_json::from_str(&written), Ok(serde_json::Value::Object(_)));
        prop_assert!(!ours || theirs, "{}", written);
    }

    #[test]
    fn any_bytes_are_values_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for syntax in [Syntax::Yaml, Syntax::Toml, Syntax::Json] {
            let _ = parse(syntax, &bytes);
        }
    }

    #[test]
    fn anything_like_a_document_is_values_or_an_error(written in r##"([\[\]{}:,&*!|>%@`'"#?<=~.\-\\ \n\t\r]|[a-c0-9]|: |- |\n |---|\.\.\.|&a|\*a|!!|%YAML 1\.2\n|\u{feff}|\u{85}|\u{2028}|é){0,60}"##) {
        for syntax in [Syntax::Yaml, Syntax::Toml, Syntax::Json] {
            if let Err(error) = parse(syntax, written.as_bytes()) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
