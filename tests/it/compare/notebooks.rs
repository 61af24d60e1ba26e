//! Notebooks by cell: made and written by nbformat, which says itself which cells it put where.

use std::process::Command;

use mlrun::compare::{Inside, NotebookDiff, look_inside};
use serde_json::Value;

/// Two notebooks, and for every cell of either what became of it. `ids`: whether they are of nbformat 4.5.
const MAKE: &str = r##"
import json, sys, nbformat
from nbformat import v4
ids = sys.argv[1] == "ids"
def note(cells, kernel):
    n = v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": kernel, "display_name": kernel}})
    if not ids:
        n.nbformat_minor = 4
        for c in n.cells: del c["id"]
    nbformat.validate(n)
    return nbformat.writes(n)
def code(name, source, count=None, outputs=()):
    c = v4.new_code_cell(source, execution_count=count, outputs=[v4.new_output("stream", text=o) for o in outputs])
    c["id"] = name
    return c
def text(name, source):
    c = v4.new_markdown_cell(source)
    c["id"] = name
    return c
a = [text("title", "# A model"), code("load", "import pandas as pd\nframe = pd.read_csv('a.csv')\n", 1, ["1000 rows"]),
     code("look", "frame.describe()", 2, ["count 1000"]), code("old", "del frame['z']", 3),
     code("fit", "model = fit(frame)\nmodel.score(frame)", 4, ["0.91"]), text("end", "That is all."),
     code("plot", "model.plot()", 5)]
b = [text("title", "# A model"), code("plot", "model.plot()", 6),
     code("load", "import pandas as pd\nframe = pd.read_csv('b.csv')\n", 1, ["1100 rows"]),
     code("look", "frame.describe()", 3, ["count 1100"]),
     code("new", "print('checked at last')", 4),
     code("fit", "model = fit(frame)\nmodel.score(frame)", 7, ["0.93"]), text("end", "That is all.")]
print(json.dumps([note(a, "python3"), note(b, "python-gpu")]))
"##;

fn made(how: &str) -> Option<NotebookDiff> {
    let python = crate::support::python_with("nbformat")?;
    let output = Command::new(python).args(["-c", MAKE, how]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let both: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    match look_inside("x.ipynb", Some(both[0].as_bytes()), Some(both[1].as_bytes())) {
        Inside::Notebook(diff) => Some(diff),
        other => panic!("{other:?}"),
    }
}

#[test]
fn cells_are_known_again_with_and_without_ids() {
    for how in ["ids", "none"] {
        let Some(diff) = made(how) else { return };
        let cells: Vec<_> =
            diff.cells.iter().map(|cell| (cell.name(), cell.a, cell.b, cell.lines.added, cell.lines.removed)).collect();
        let expected = [
            ("moved", Some(7), Some(2), 0, 0),
            ("changed", Some(2), Some(3), 1, 1),
            ("added", None, Some(5), 1, 0),
            ("removed", Some(4), None, 0, 1),
        ];
        assert_eq!(cells, expected, "{how}");
        assert_eq!((diff.unchanged, diff.outputs, diff.counts), (4, 3, 3), "{how}");
        assert_eq!(
            diff.kernel,
            Some((Some("python3 (python3)".to_owned()), Some("python-gpu (python-gpu)".to_owned())))
        );
    }
}

fn notebook(cells: &[(&str, &str)]) -> Vec<u8> {
    let cell = |(id, source): &(&str, &str)| serde_json::json!({ "id": id, "cell_type": "code", "source": source, "outputs": [], "metadata": {}, "execution_count": null });
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    serde_json::to_vec(&serde_json::json!({ "cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5 }))
        .unwrap()
}

fn compared(a: &[(&str, &str)], b: &[(&str, &str)]) -> Vec<(&'static str, Option<usize>, Option<usize>)> {
    match look_inside("x.ipynb", Some(&notebook(a)), Some(&notebook(b))) {
        Inside::Notebook(diff) => diff.cells.iter().map(|cell| (cell.name(), cell.a, cell.b)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_that_say_nothing_are_not_gone_by() {
    // Written anew by a tool that makes new ids each time.
    let a = [("a1", "x = 1"), ("a2", "y = 2"), ("a3", "z = 3")];
    let b = [("b1", "x = 1"), ("b2", "y = 2"), ("b3", "z = 3")];
    assert_eq!(compared(&a, &b), []);
    // Twice the same.
    let twice = [("a", "x = 1"), ("a", "y = 2")];
    assert_eq!(compared(&twice, &twice), []);
    assert_eq!(compared(&twice, &[("a", "y = 2"), ("a", "x = 1")]).len(), 1);
    // A copy under a new id is new; what it was made from stays.
    assert_eq!(compared(&[("a", "x = 1")], &[("c", "x = 1"), ("a", "x = 1")]), [("added", None, Some(1))]);
}

#[test]
fn what_is_no_notebook_is_a_text() {
    let deep = format!("{{\"cells\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let many = format!("{{\"cells\":[{}]}}", vec![r#"{"cell_type":"code","source":""}"#; 10_001].join(",\n"));
    for bytes in [
        &b"{}"[..],
        b"not json",
        b"",
        b"{\"cells\":[{}]}",
        br#"{"cells":[{"cell_type":1,"source":""}]}"#,
        many.as_bytes(),
    ] {
        let inside = look_inside("x.ipynb", Some(bytes), Some(b"{\"cells\":[]}"));
        assert!(matches!(inside, Inside::Text(_)), "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }
    assert!(matches!(look_inside("x.ipynb", Some(deep.as_bytes()), Some(b"{}")), Inside::Opaque(_)));
    // One that is new has all its cells new.
    let Inside::Notebook(diff) = look_inside("X.IPYNB", None, Some(&notebook(&[("a", "x"), ("b", "y")]))) else {
        panic!("no notebook")
    };
    assert_eq!(diff.cells.iter().map(|cell| cell.name()).collect::<Vec<_>>(), ["added", "added"]);
}

/// As many cells as are read, all of them others, and all of them moved.
#[test]
fn many_cells_take_no_long_time() {
    let named: Vec<(String, String)> = (0..9000).map(|n| (format!("c{n}"), format!("value_{n} = {n}"))).collect();
    let cells: Vec<(&str, &str)> = named.iter().map(|(id, source)| (id.as_str(), source.as_str())).collect();
    let turned: Vec<_> = cells.iter().rev().copied().collect();
    assert_eq!(compared(&cells, &turned).len(), 8999);
    let others: Vec<(String, String)> = (0..9000).map(|n| (format!("d{n}"), format!("other_{n} = {n}"))).collect();
    let others: Vec<(&str, &str)> = others.iter().map(|(id, source)| (id.as_str(), source.as_str())).collect();
    assert_eq!(compared(&cells, &others).len(), 18_000);
}
