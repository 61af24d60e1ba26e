//! Notebooks by their sources: jq, which knows nothing of us, gives the same digest.

use std::fs;
use std::path::Path;
use std::process::Command;

use mlrun::capture::notebook::read;
use mlrun::digest::Digest;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{cases, says};

const JQ: &str =
    r#"[.cells[]|{cell_type,source:(if (.source|type)=="array" then (.source|add // "") else .source end)}]"#;

/// What the documented line prints of a notebook.
fn by_jq(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("nb.ipynb"), bytes).unwrap();
    let line = format!("jq -cjS '{JQ}' nb.ipynb | sha256sum");
    says("sh", &["-c", &line], folder.path())[..64].to_owned()
}

fn ours(bytes: &[u8]) -> String {
    read(bytes).unwrap().sha256.to_string()
}

fn notebook(cells: &Value) -> Vec<u8> {
    let metadata = json!({"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}});
    serde_json::to_vec(&json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})).unwrap()
}

fn code(source: &Value, count: Option<u32>) -> Value {
    let output = json!({"output_type": "stream", "name": "stdout", "text": ["out\n"], "data": {"image/png": "iVBO"}});
    json!({"cell_type": "code", "id": "a1", "metadata": {}, "execution_count": count, "outputs": [output], "source": source})
}

#[test]
fn the_line_of_the_documentation() {
    let awkward = "é ü 日本 😀 \u{0} \u{1} \u{8} \t \u{b} \u{c} \r\n \u{1f} \" \\ / \u{80} \u{2028} \u{feff} </script>";
    let notebooks = [
        notebook(&json!([])),
        notebook(&json!([code(&json!("x = 1"), Some(1)), code(&json!(["a\n", "b"]), None), code(&json!([]), None)])),
        notebook(&json!([{"cell_type": "markdown", "metadata": {}, "source": ["# T\n", "\n", "text"]}])),
        notebook(&json!([{"cell_type": "raw", "source": awkward, "attachments": {"a": {"image/png": "x"}}}])),
        br#"{"cells": [{"source": ["\u00e9\ud83d\ude00\u0041\/", "\u001F"], "cell_type": "code"}]}"#.to_vec(),
        b" {\r\n\"cells\" : [ { \"cell_type\" : \"code\", \"source\" : \"1e5 2.50\" } ] } \n".to_vec(),
    ];
    for bytes in notebooks {
        assert_eq!(ours(&bytes), by_jq(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }
    // In the shape the documentation of `CodeRecord` states.
    let expected = Digest::of(br#"[{"cell_type":"code","source":"a\nb"}]"#);
    assert_eq!(read(&notebook(&json!([code(&json!(["a\n", "b"]), None)]))).unwrap().sha256, expected);
}

/// The one character in which jq is not RFC 8785. Python's `json` writes it as RFC 8785 does.
#[test]
fn delete_is_written_as_it_is() {
    let bytes = notebook(&json!([code(&json!("a\u{7f}b"), None)]));
    assert_ne!(ours(&bytes), by_jq(&bytes), "a newer jq may agree: then the remark in the documentation can go");
    let program = "import json,hashlib\nc=[{'cell_type':'code','source':'a\\x7fb'}]\n\
                   print(hashlib.sha256(json.dumps(c,separators=(',',':'),ensure_ascii=False).encode()).hexdigest())";
    assert_eq!(says("python3", &["-c", program], Path::new(".")).trim(), ours(&bytes));
}

proptest! {
    #![proptest_config(cases(24))]

    /// Whatever is written in the cells, and however its lines are cut.
    #[test]
    fn any_sources(cells in prop::collection::vec((any::<bool>(), prop::collection::vec("[^\u{7f}]{0,20}", 0..4)), 0..5)) {
        let cell = |(code, lines): &(bool, Vec<String>)| {
            json!({"cell_type": if *code { "code" } else { "markdown" }, "source": lines, "metadata": {}})
        };
        let bytes = notebook(&cells.iter().map(cell).collect());
        prop_assert_eq!(ours(&bytes), by_jq(&bytes));
        let joined = |(code, lines): &(bool, Vec<String>)| {
            json!({"cell_type": if *code { "code" } else { "markdown" }, "source": lines.concat(), "id": "x"})
        };
        prop_assert_eq!(ours(&notebook(&cells.iter().map(joined).collect())), ours(&bytes));
    }
}

#[test]
fn only_sources_count() {
    let cell = |source: &str, count| notebook(&json!([code(&json!(source), count)]));
    assert_eq!(ours(&cell("x", Some(1))), ours(&cell("x", Some(7))));
    assert_ne!(ours(&cell("x", None)), ours(&cell("y", None)));
    let kinds = |kind: &str| notebook(&json!([{"cell_type": kind, "source": "x"}]));
    assert_ne!(ours(&kinds("code")), ours(&kinds("markdown")));
    let two = |a: &str, b: &str| notebook(&json!([code(&json!(a), None), code(&json!(b), None)]));
    assert_ne!(ours(&two("ab", "c")), ours(&two("a", "bc")), "where a cell ends counts");
    assert_ne!(ours(&two("a", "b")), ours(&two("b", "a")));
}

#[test]
fn the_order_cells_were_run_in() {
    let run = |counts: &[Option<u32>]| {
        let cells: Vec<Value> = counts.iter().map(|count| code(&json!("x"), *count)).collect();
        read(&notebook(&json!(cells))).unwrap().out_of_order
    };
    assert!(!run(&[]) && !run(&[None, None]) && !run(&[Some(1), Some(2), Some(9)]) && !run(&[Some(3), None, Some(4)]));
    assert!(run(&[Some(2), Some(1)]) && run(&[Some(1), None, Some(1)]) && run(&[Some(5), Some(6), Some(2)]));
}

#[test]
fn what_is_no_notebook_says_why() {
    let deep = format!(
        "{{\"cells\": [{{\"cell_type\": \"code\", \"source\": {}{}}}]}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let many = format!("{{\"cells\": [{}", "{\"cell_type\":\"code\",\"source\":[\"x\"]},".repeat(1000));
    let bad: [&[u8]; 12] = [
        b"",
        b"print('not a notebook')",
        b"{}",
        b"[]",
        b"{\"cells\": {}}",
        b"{\"cells\": [{\"cell_type\": \"code\"}]}",
        b"{\"cells\": [{\"source\": \"x\"}]}",
        b"{\"cells\": [{\"cell_type\": \"code\", \"source\": 1}]}",
        b"{\"worksheets\": [{\"cells\": []}], \"nbformat\": 3}",
        b"{\"cells\": [{\"cell_type\": \"code\", \"source\": \"\xff\"}]}",
        deep.as_bytes(),
        many.as_bytes(),
    ];
    for bytes in bad {
        let reason = read(bytes).unwrap_err();
        assert!(!reason.is_empty() && reason.len() < 200, "{reason}");
    }
    // However deep what does not count is.
    let metadata = format!("{{\"cells\": [], \"metadata\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(ours(metadata.as_bytes()), ours(b"{\"cells\": []}"));
}

/// Real notebooks written by the program that people use, where it is installed.
#[test]
fn what_nbformat_writes() {
    let program = "import nbformat.v4 as v\nimport nbformat,sys\nn=v.new_notebook(cells=[v.new_code_cell('x = 1\\nprint(x)',\
                   execution_count=3,outputs=[v.new_output('stream',text='1\\n')]),v.new_markdown_cell('# é')])\n\
                   sys.stdout.write(nbformat.writes(n))";
    let Some(python) = crate::support::python_with("nbformat") else { return };
    let written = Command::new(python).args(["-c", program]).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    assert_eq!(ours(&written.stdout), by_jq(&written.stdout));
}
