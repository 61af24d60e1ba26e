//! What numbers say: metrics, predictions row by row, training data column by column.

use super::{Lines, SECTION, name};
use crate::certify::wording::{count, significant};
use crate::certify::{ChangedAnswers, ColumnDrift, ComparedMetric, DataDrift, What};
use crate::compare::{ColumnChange, Diff, PredictionsDiff, SchemaChange, SetMetrics, TableDiff, Verdict};
use crate::format::scalar::Scalar;

/// Columns and slices shown of a set; the rest is counted.
const MOST: usize = 20;

/// Metrics as they were written down, then those that follow from predictions.
pub(super) fn metrics(diff: &Diff) -> String {
    let mut text = String::new();
    let alone = diff.only_reported();
    if !alone.is_empty() {
        let mut lines = Lines::new(SECTION);
        lines.add("| metric | was | is | difference | |\n|---|---:|---:|---:|---|\n".to_owned());
        for item in alone {
            let (a, b) = both(item.a.as_ref(), item.b.as_ref());
            let delta = item.difference().map_or_else(String::new, |delta| difference(&delta));
            let verdict = diff.verdict(item).map_or("", |(verdict, _)| without_interval(verdict));
            lines.add(format!("| {} | {a} | {b} | {delta} | {verdict} |\n", name(&item.name)));
        }
        text += &lines.text("metrics");
    }
    for set in &diff.measured {
        text += &format!("\n{}", measured(diff, set));
    }
    text
}

/// What a metric was and is, in four figures, unless they would look the same.
fn both(a: Option<&Scalar>, b: Option<&Scalar>) -> (String, String) {
    let exact = |value: Option<&Scalar>| value.map_or_else(String::new, |value| name(&value.to_string()));
    let short = |value: Option<&Scalar>| match value {
        Some(Scalar::Float(number)) if number.is_finite() => significant(*number),
        other => exact(other),
    };
    let rounded = (short(a), short(b));
    if a != b && rounded.0 == rounded.1 { (exact(a), exact(b)) } else { rounded }
}

fn measured(diff: &Diff, set: &SetMetrics) -> String {
    let title = name(set.set.as_str());
    let metrics = match &set.metrics {
        Ok(metrics) => metrics,
        Err(reason) => return format!("From {title}: n/a, {}.\n", name(reason)),
    };
    let mut lines = Lines::new(SECTION);
    let percent = significant(100.0 * set.confidence);
    lines.add(format!("| from {title} | was | is | Δ | {percent} % interval | |\n|---|---:|---:|---:|---|---|\n"));
    for metric in metrics {
        let called = name(&called(metric));
        lines.add(match &metric.found {
            Ok(found) => format!(
                "| {called} | {} | {} | {} | \\[{}, {}\\] | {} |\n",
                significant(found.baseline),
                significant(found.candidate),
                signed(found.delta),
                signed(found.lower),
                signed(found.upper),
                word(Verdict::of_measured(metric))
            ),
            Err(reason) => format!("| {called} | n/a | n/a | | {} | |\n", name(reason)),
        });
    }
    let written = diff.metrics.iter().filter(|item| diff.measured_as(item).is_some_and(|(of, _)| of.set == set.set));
    let written: Vec<String> = written.map(|item| name(&item.name)).collect();
    let table = lines.text("metrics");
    if written.is_empty() { table } else { format!("{table}\nWritten down as well: {}.\n", written.join(", ")) }
}

/// `recall at 0.35 [country=DE]`.
pub(in crate::page) fn called(metric: &ComparedMetric) -> String {
    let at = metric.threshold.map_or_else(String::new, |threshold| format!(" at {threshold}"));
    let slice = metric.slice.as_ref().map_or_else(String::new, |slice| format!(" [{slice}]"));
    format!("{}{at}{slice}", metric.metric)
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "**worse**",
        Verdict::NoClearDifference => "no clear difference",
        Verdict::Same => "the same",
        Verdict::Neutral => "",
        Verdict::Unknown => "direction unknown",
    }
}

/// Of a number that stands alone: nothing says how much of its change chance makes.
pub(in crate::page) const fn without_interval(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "looks better",
        Verdict::Worse => "looks worse",
        other => word(other),
    }
}

/// A change of a number that was written down, by its sign: of whole numbers every digit.
pub(in crate::page) fn difference(delta: &Scalar) -> String {
    match delta {
        Scalar::Int(0) => "0".to_owned(),
        Scalar::Int(delta) => format!("{delta:+}"),
        delta => delta.finite().map_or_else(String::new, signed),
    }
}

/// A change by its sign.
pub(in crate::page) fn signed(value: f64) -> String {
    format!("{}{}", if value > 0.0 { "+" } else { "" }, significant(value))
}

/// Which rows are there, and what became of their answers.
pub(super) fn predictions(sets: &[PredictionsDiff]) -> String {
    let mut lines = Lines::new(SECTION);
    for set in sets {
        let title = name(set.set.as_str());
        match &set.rows {
            None => lines.add(format!("- {title}: {}\n", set.change.name())),
            Some(Err(reason)) => lines.add(format!("- {title}: not compared: {}\n", name(reason))),
            Some(Ok(rows)) => {
                let mut others = String::new();
                let counts =
                    [(rows.only_a, "only before"), (rows.only_b, "only now"), (rows.relabelled, "with another label")];
                counts.into_iter().filter(|(n, _)| *n > 0).for_each(|(n, what)| others += &format!(", {n} {what}"));
                lines.add(format!("- {title}: {} in both{others}\n", count(rows.both, "row")));
                match &rows.answers {
                    Ok(found) => answers(found, &mut lines),
                    Err(reason) => lines.add(format!("  - answers not compared: {}\n", name(reason))),
                }
            }
        }
    }
    lines.text("lines on predictions")
}

fn answers(found: &ChangedAnswers, lines: &mut Lines) {
    match &found.agreement {
        Ok(share) if *share == 0.0 => lines.add("  - no row has the same answer\n".to_owned()),
        Ok(share) => lines.add(format!("  - the same answer in {} %\n", significant(100.0 * share))),
        Err(reason) => lines.add(format!("  - agreement: n/a, {}\n", name(reason))),
    }
    match &found.sides {
        Ok(Some(sides)) => {
            let (worse, better) = (sides.worse, sides.better);
            lines.add(match sides.what {
                What::Flips => format!("  - flips: {worse} right → wrong, {better} wrong → right\n"),
                What::Errors => format!("  - errors: {worse} further off, {better} closer\n"),
            });
            for slice in sides.slices.iter().filter(|slice| slice.worse > slice.better).take(MOST) {
                let (worse, better, rows) = (slice.worse, slice.better, slice.rows);
                lines.add(format!("    - {}: {worse} worse, {better} better of {rows}\n", name(&slice.slice)));
            }
        }
        Ok(None) => {}
        Err(reason) => lines.add(format!("  - flips: n/a, {}\n", name(reason))),
    }
    if let Some(numbers) = &found.numbers {
        let (mean, largest) = (significant(numbers.mean), significant(numbers.largest));
        lines.add(format!("  - {} {} changed, by {mean} on average, at most {largest}\n", numbers.changed, numbers.of));
    }
}

/// What is in tables of training data that both have.
pub(super) fn tables<'d>(tables: impl Iterator<Item = (&'d String, &'d TableDiff)>) -> String {
    let mut text = String::new();
    for (source, table) in tables {
        let mut lines = Lines::new(SECTION);
        lines.add(format!("\nIn {}:\n\n", name(source)));
        for change in table.schema.iter().take(MOST) {
            lines.add(format!("- column {}\n", column(change, &name)));
        }
        lines.add(match &table.rows {
            Ok(rows) => {
                let changed = rows.changes.changed.map_or_else(String::new, |n| format!(", {n} changed"));
                format!("- rows: {} only now, {} only before{changed}\n", rows.changes.added, rows.changes.removed)
            }
            Err(reason) => format!("- rows cannot be told: {}\n", name(reason)),
        });
        match &table.drift {
            Ok(found) => drift(table, found, &mut lines),
            Err(reason) => lines.add(format!("- drift cannot be told: {}\n", name(reason))),
        }
        text += &lines.text("lines on this table");
    }
    text
}

/// What became of a column, in words; `name` makes foreign ones harmless where they stand.
pub(in crate::page) fn column(change: &SchemaChange, name: &dyn Fn(&str) -> String) -> String {
    let called = name(&change.column);
    match &change.change {
        ColumnChange::Added(kind) => format!("{called} added ({})", name(kind)),
        ColumnChange::Removed(kind) => format!("{called} removed ({})", name(kind)),
        ColumnChange::Retyped(was, is) => format!("{called} {} → {}", name(was), name(is)),
        ColumnChange::Moved(was, is) => format!("{called} is number {is}, was {was}"),
    }
}

fn drift(table: &TableDiff, found: &DataDrift, lines: &mut Lines) {
    if !found.left_out.is_empty() {
        let names: Vec<String> = found.left_out.iter().take(MOST).map(|column| name(column)).collect();
        lines.add(format!("- drift: without {}, by which rows are told apart\n", names.join(", ")));
    }
    let (unknown, known): (Vec<&ColumnDrift>, Vec<&ColumnDrift>) =
        found.columns.iter().partition(|column| column.psi.is_err());
    let unknown = unknown.into_iter().filter(|column| table.is_noteworthy(column));
    let drifted =
        |column: &&ColumnDrift| column.psi.as_ref().is_ok_and(|psi| *psi > 0.0) || table.is_noteworthy(column);
    let known = known.into_iter().filter(drifted);
    let moved: Vec<&ColumnDrift> = unknown.chain(known).collect();
    let shown: Vec<_> = moved.iter().take(MOST).collect();
    if shown.is_empty() {
        return;
    }
    lines.add("\n| column | PSI, from profiles | mean, or first to last | nulls |\n|---|---:|---|---|\n".to_owned());
    for column in shown {
        let near = if column.approximate { "≈ " } else { "" };
        let psi = column.psi.as_ref().map_or_else(|_| "–".to_owned(), |psi| format!("{near}{}", significant(*psi)));
        let number = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), significant);
        let mean = match column.mean {
            (None, None) => dates(table, column),
            (a, b) => format!("{} → {}", number(a), number(b)),
        };
        let (was, is) = column.nulls;
        lines.add(format!("| {} | {psi} | {mean} | {was} → {is} |\n", name(&column.name)));
    }
    if moved.len() > MOST {
        lines.add(format!("\n… and {} more columns.\n", moved.len() - MOST));
    }
}

/// The first and the last of dates.
fn dates(table: &TableDiff, column: &ColumnDrift) -> String {
    let range = table.moves.get(&column.name).and_then(|moved| moved.range.as_ref());
    range.map_or_else(String::new, |[a, b]| {
        format!("{} to {} → {} to {}", name(&a.0), name(&a.1), name(&b.0), name(&b.1))
    })
}
