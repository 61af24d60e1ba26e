//! What the training data holds, and how far it is from that of another version.

use super::super::chart::{Chart, Forest, ForestRow, Hue, Spark};
use super::super::html::{Document, Text, Tone, number, words};
use super::{ColumnShape, DataTable};
use crate::certify::wording::{count, grouped, significant};

/// Columns that are listed; the rest is counted.
const MOST_COLUMNS: usize = 200;
/// Categories that are named.
const MOST_CATEGORIES: usize = 3;
/// Values that have a bar each.
const MOST_BARS: usize = 20;
/// Columns of a chart of drift.
const FURTHEST: usize = 20;
/// The index from which people speak of a moderate and of a large shift (Siddiqi, Credit Risk Scorecards, 2006).
const MODERATE: f64 = 0.1;
const LARGE: f64 = 0.25;

/// The tables, in the section of the data.
pub(super) fn tables(page: &mut Document, tables: &[DataTable]) {
    for table in tables {
        page.heading(&Text::plain("Profile of ").then(&Text::code(&table.name)));
        match (&table.against, &table.note) {
            (Some(against), _) if table.is_same => {
                page.paragraph(&Text::plain(&format!("{}: the same data as {against}'s.", count(table.rows, "row"))));
            }
            (Some(against), _) => {
                page.paragraph(&Text::plain(&format!(
                    "{}. Drift is against the data of {against}, from the profiles that are stored of both.{}",
                    count(table.rows, "row"),
                    table.note.as_ref().map_or_else(String::new, |note| format!(" {note}"))
                )));
                page.charts(&drift(table, against));
            }
            (None, note) => {
                let why = note.as_ref().map_or_else(String::new, |note| format!(" {note}"));
                page.paragraph(&Text::plain(&format!("{}.{why}", count(table.rows, "row"))));
            }
        }
        columns(page, table);
    }
}

fn drift(table: &DataTable, against: &str) -> Vec<Chart> {
    let mut known: Vec<(&str, f64)> = table
        .columns
        .iter()
        .filter_map(|column| match &column.drift {
            Some(Ok(drift)) if drift.psi.is_finite() => Some((column.name.as_str(), drift.psi)),
            _ => None,
        })
        .collect();
    known.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let all = known.len() as u64;
    known.truncate(FURTHEST);
    let rows: Vec<ForestRow> = known
        .iter()
        .map(|(name, psi)| ForestRow {
            name: (*name).to_owned(),
            value: Some(*psi),
            bounds: Some((0.0, *psi)),
            limit: None,
            hue: Hue::Nth(0),
            note: significant(*psi),
        })
        .collect();
    let furthest = known.first().map_or_else(String::new, |(name, psi)| {
        format!("The furthest of {} is {name} with {}.", count(all, "column"), significant(*psi))
    });
    let forest = Forest {
        title: format!("Drift of {} against {against}", table.name),
        description: furthest,
        axis: "population stability index (lines at 0.1 and 0.25)".to_owned(),
        against: Some(0.0),
        limits: vec![MODERATE, LARGE],
        rows,
    };
    forest.chart().into_iter().collect()
}

fn columns(page: &mut Document, table: &DataTable) {
    let has_before = table.columns.iter().any(|column| column.before.is_some() || column.drift.is_some());
    let mut heads = vec![
        words("Column"),
        words("Type"),
        words("Shape"),
        number("Missing"),
        number("Distinct"),
        number("Mean"),
        number("SD"),
        words("Least to greatest, or most frequent"),
    ];
    if has_before {
        heads.extend([number("Missing before"), number("Mean before"), words("Drift")]);
    }
    let mut drawn = false;
    let rows: Vec<Vec<Text>> = table
        .columns
        .iter()
        .take(MOST_COLUMNS)
        .map(|column| {
            let spark = shape(column);
            drawn |= spark.is_some();
            let mut row = vec![
                Text::code(&column.name),
                Text::plain(&column.kind),
                spark.as_ref().map_or_else(Text::default, Text::drawing),
                percent(Some(column.missing)),
                column.distinct.map_or_else(Text::default, |distinct| Text::plain(&grouped(distinct))),
                value(column.mean),
                value(column.sd),
                span(column, table.rows),
            ];
            if has_before {
                let before = column.before;
                row.push(percent(before.map(|before| before.0)));
                row.push(value(before.and_then(|before| before.1)));
                row.push(drifted(column));
            }
            row
        })
        .collect();
    if drawn {
        page.draws();
    }
    page.table(&format!("Columns of {}", table.name), &heads, &rows);
    if let Some(more @ 1..) = table.columns.len().checked_sub(MOST_COLUMNS) {
        page.paragraph(&Text::toned(
            Tone::Dim,
            &format!("{} more of its columns are not listed.", grouped(more as u64)),
        ));
    }
}

/// Of a column of few values a bar for each; else how densely values lie.
fn shape(column: &ColumnShape) -> Option<Chart> {
    if column.lists_all && !column.categories.is_empty() && column.categories.len() <= MOST_BARS {
        let edges = (0..=column.categories.len()).map(|edge| edge as f64).collect();
        let counts = column.categories.iter().map(|(_, count)| *count).collect();
        let named: Vec<String> = column.categories.iter().map(|(value, count)| format!("{value}: {count}")).collect();
        let title = format!("Rows with each value of {}: {}", column.name, named.join(", "));
        return Spark { title, edges, counts }.chart();
    }
    let (edges, counts) = column.shape.clone()?;
    let ends =
        edges.first().zip(edges.last()).map(|(low, high)| format!("{} to {}", significant(*low), significant(*high)));
    let title = format!("Density of {} from {}", column.name, ends?);
    Spark { title, edges, counts }.chart()
}

fn value(value: Option<f64>) -> Text {
    value.map_or_else(Text::default, |value| Text::plain(&significant(value)))
}

fn percent(share: Option<f64>) -> Text {
    let Some(share) = share.filter(|share| share.is_finite()) else { return Text::default() };
    Text::plain(&if share == 0.0 { "0".to_owned() } else { format!("{} %", significant(share * 100.0)) })
}

fn span(column: &ColumnShape, rows: u64) -> Text {
    if let Some((least, greatest)) = &column.ends {
        return Text::code(least).then(&Text::plain(" to ")).then(&Text::code(greatest));
    }
    let named = column.categories.iter().take(MOST_CATEGORIES).map(|(category, count)| {
        let share = if rows > 0 { *count as f64 / rows as f64 } else { 0.0 };
        Text::code(category).then(&Text::plain(&format!(" {} %", significant(share * 100.0))))
    });
    Text::list(named)
}

fn drifted(column: &ColumnShape) -> Text {
    match &column.drift {
        None => Text::default(),
        Some(Err(why)) => Text::toned(Tone::Dim, why),
        Some(Ok(drift)) => {
            let about = if drift.is_estimated { "about " } else { "" };
            // Of an estimate nobody knows how much of it is chance.
            let p = if drift.p.is_finite() { format!(", p {}", significant(drift.p)) } else { String::new() };
            Text::plain(&format!("PSI {about}{}{p}", significant(drift.psi)))
        }
    }
}
