//! Training data: what it is, and what is in its tables.

use mlrun::certify::ColumnDrift;
use mlrun::compare::{ColumnChange, DataFacts, Diff, RowsDiff, SchemaChange, TableDiff};
use serde_json::{Value, json};

use super::item;

pub(super) fn data(diff: &Diff) -> Value {
    let of = |source| {
        let mut object = item(source, "name", facts);
        let table = diff.tables.get(&source.name);
        let rows = table.and_then(|table| table.rows.as_ref().ok());
        object["rows_added"] = json!(rows.map(|rows| rows.changes.added));
        object["rows_removed"] = json!(rows.map(|rows| rows.changes.removed));
        object["rows_changed"] = json!(rows.and_then(|rows| rows.changes.changed));
        object["row_key"] = json!(rows.map(|rows| &rows.key));
        object["without"] = json!(rows.map(|rows| &rows.without));
        object["same_rows"] = json!(source.same_rows());
        object["schema"] = table.map_or_else(Vec::new, |table| table.schema.iter().map(column_change).collect()).into();
        let drift = table.and_then(|table| table.drift.as_ref().ok());
        object["columns"] =
            drift.map_or_else(Vec::new, |drift| drift.columns.iter().map(|one| column(one, table)).collect()).into();
        object["drift"] = json!(drift.map(|drift| json!({ "source": "profiles", "left_out": drift.left_out })));
        object["reasons"] = table.map_or_else(Vec::new, |table| reasons(table, rows)).into();
        object
    };
    diff.data.iter().map(of).collect()
}

fn facts(facts: &DataFacts) -> Value {
    json!({ "sha256": facts.sha256, "rows": facts.rows, "size": facts.size, "columns": facts.columns, "logical": facts.logical, "checksum": facts.checksum })
}

fn column_change(change: &SchemaChange) -> Value {
    let (what, a, b) = match &change.change {
        ColumnChange::Added(kind) => ("added", Value::Null, json!(kind)),
        ColumnChange::Removed(kind) => ("removed", json!(kind), Value::Null),
        ColumnChange::Retyped(was, is) => ("retyped", json!(was), json!(is)),
        ColumnChange::Moved(was, is) => ("moved", json!(was), json!(is)),
    };
    json!({ "name": change.column, "change": what, "a": a, "b": b })
}

fn column(column: &ColumnDrift, table: Option<&TableDiff>) -> Value {
    let moved = table.and_then(|table| table.moves.get(&column.name));
    let range = moved.and_then(|moved| moved.range.as_ref());
    json!({
        "name": column.name,
        "psi": column.psi.as_ref().ok(),
        "p": column.p,
        "approximate": column.approximate,
        "mean": { "a": column.mean.0, "b": column.mean.1 },
        "mean_shift_sd": moved.and_then(|moved| moved.mean),
        "least": range.map(|[a, b]| json!({ "a": a.0, "b": b.0 })),
        "greatest": range.map(|[a, b]| json!({ "a": a.1, "b": b.1 })),
        "nulls": { "a": column.nulls.0, "b": column.nulls.1 },
        "distinct": { "a": column.distinct.0, "b": column.distinct.1 },
        "shape": column.shape.as_ref().map(|shape| json!({ "categories": shape.categories, "a": shape.a, "b": shape.b })),
        "reason": column.psi.as_ref().err(),
    })
}

/// Why something is not known.
fn reasons(table: &TableDiff, rows: Option<&RowsDiff>) -> Vec<String> {
    let mut reasons: Vec<String> = table.rows.as_ref().err().into_iter().cloned().collect();
    reasons.extend(table.drift.as_ref().err().cloned());
    reasons.extend(rows.and_then(|rows| rows.doubt.clone()));
    reasons.dedup();
    reasons
}
