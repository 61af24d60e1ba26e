//! What changed in training data: which rows, which columns.

use super::super::super::diff::column;
use super::super::super::html::{Document, Text, Tone, shorten, words};
use super::{MOST, cut, cut_code, how};
use crate::certify::wording::{count, grouped};
use crate::compare::{DataFacts, Diff, Item, RowsDiff, TableDiff};

/// Every source that is different: its rows; then columns that came, went or are of another type.
pub(super) fn tables(page: &mut Document, diff: &Diff) {
    let rows: Vec<Vec<Text>> = diff
        .data
        .iter()
        .map(|item| {
            let size = |facts: &Option<DataFacts>| facts.as_ref().map_or_else(Text::default, facts_of);
            let table = diff.tables.get(&item.name);
            vec![cut_code(&item.name), how(&item.change), size(&item.a), size(&item.b), what(item, table)]
        })
        .collect();
    let columns = [words("Data"), words("How"), words("Was"), words("Is"), words("Rows")];
    page.long_table("Training data", &columns, &rows, MOST);
    for (name, table) in &diff.tables {
        let changes: Vec<Vec<Text>> =
            table.schema.iter().map(|change| vec![cut(&column(change, &|text| shorten(text).into_owned()))]).collect();
        page.long_table(&format!("Columns of {name}"), &[words("Column")], &changes, MOST);
        if let Some(doubt) = table.rows.as_ref().ok().and_then(|rows| rows.doubt.as_ref()) {
            page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&cut(&format!("{name}: {doubt}"))));
        }
    }
    if diff.tables.values().any(|table| table.drift.is_ok()) {
        let where_else = Text::plain("How far its columns drifted stands under ");
        page.paragraph(&where_else.then(&Text::within("data", "Data")).then(&Text::plain(".")));
    }
}

fn facts_of(facts: &DataFacts) -> Text {
    let rows = facts.rows.map_or_else(String::new, |rows| format!("{}, ", count(rows, "row")));
    let size = Text::plain(&format!("{rows}{}", count(facts.size, "byte")));
    match facts.sha256.as_ref().or(facts.checksum.as_ref()) {
        Some(digest) => size.then(&Text::plain(", ")).then(&Text::shortened(digest)),
        None => size,
    }
}

/// `400 only now, 200 only before, 3,000 changed; by customer_id`.
fn what(item: &Item<DataFacts>, table: Option<&TableDiff>) -> Text {
    if item.same_rows() {
        return Text::plain("the same rows, written otherwise");
    }
    match table.map(|table| &table.rows) {
        None => Text::default(),
        Some(Ok(rows)) => cut(&rows_of(rows)),
        Some(Err(why)) => Text::toned(Tone::Open, &shorten(&format!("cannot be told: {why}"))),
    }
}

fn rows_of(rows: &RowsDiff) -> String {
    let changed = rows.changes.changed.map_or_else(String::new, |n| format!(", {} changed", grouped(n)));
    let by = if rows.key.is_empty() { String::new() } else { format!("; by {}", rows.key.join(", ")) };
    format!("{} only now, {} only before{changed}{by}", grouped(rows.changes.added), grouped(rows.changes.removed))
}
