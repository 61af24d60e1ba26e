//! Training data: what became of its columns and rows, and how far the columns are from what they were.

use mlrun::certify::{ColumnDrift, DataDrift, Shape};
use mlrun::compare::{Change, ColumnChange, DataFacts, Diff, Item, RowsDiff, STABLE, SchemaChange, TableDiff};

use super::super::super::terminal::width;
use super::super::super::{Align, Label, Style, Table, bytes, clean, spark};
use super::super::{count, cut, set_in};
use super::items::{both, mark, room};

/// An index from this on is what people call a shift.
const SHIFTED: f64 = 0.25;
/// Columns shown; the rest is counted.
const MOST: usize = 15;
/// The widest name of a column.
const NAME: usize = 16;

pub(super) fn data(diff: &Diff, style: &Style) -> String {
    let source = |item: &Item<DataFacts>| {
        let mut head = Table::new(&[]);
        head.row([mark(&item.change, style), clean(&item.name)].into_iter().chain(facts(item)));
        let table = diff.tables.get(&item.name).map_or_else(String::new, |table| table_lines(table, style));
        head.render(2) + &table
    };
    diff.data.iter().map(source).collect()
}

fn facts(item: &Item<DataFacts>) -> Vec<String> {
    let show = |facts: &Option<DataFacts>| {
        facts.as_ref().map(|f| {
            let declared = || f.checksum.as_deref().unwrap_or("no digest");
            let digest = f.sha256.as_deref().and_then(|d| d.get(..12)).unwrap_or_else(declared);
            f.rows.map_or_else(
                || format!("{} {digest}", bytes(f.size)),
                |rows| format!("{} {digest}", count(rows, "row")),
            )
        })
    };
    let mut cells = both(show(&item.a), show(&item.b));
    if item.change == Change::Changed && item.same_rows() {
        cells.push("same rows, written otherwise".to_owned());
    }
    cells
}

fn table_lines(table: &TableDiff, style: &Style) -> String {
    let mut text = String::new();
    let line = |words: String| format!("{}\n", set_in(&words, 5));
    if !table.schema.is_empty() {
        let changes: Vec<String> = table.schema.iter().map(column_change).collect();
        text += &line(format!("columns: {}", changes.join(", ")));
    }
    match (&table.rows, &table.drift) {
        (Err(rows), Err(drift)) if rows == drift => {
            return text + &line(format!("neither rows nor drift can be told: {}", clean(rows)));
        }
        _ => {}
    }
    text += &match &table.rows {
        Ok(rows) => line(row_changes(rows)),
        Err(reason) => line(format!("rows cannot be told: {}", clean(reason))),
    };
    text + &match &table.drift {
        Ok(found) => drift(table, found, style),
        Err(reason) => line(format!("drift cannot be told: {}", clean(reason))),
    }
}

/// `+income (float)`, `age integer → float`, `city is column 1, was 3`.
fn column_change(change: &SchemaChange) -> String {
    let name = clean(&change.column);
    match &change.change {
        ColumnChange::Added(kind) => format!("+{name} ({})", clean(kind)),
        ColumnChange::Removed(kind) => format!("-{name} ({})", clean(kind)),
        ColumnChange::Retyped(was, is) => format!("{name} {} → {}", clean(was), clean(is)),
        ColumnChange::Moved(was, is) => format!("{name} is column {is}, was {was}"),
    }
}

/// `600 only in b, 100 only in a, 40 changed (by id)`.
fn row_changes(rows: &RowsDiff) -> String {
    let changed = rows.changes.changed.map_or_else(String::new, |changed| format!(", {changed} changed"));
    let list = |names: &[String]| names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    if rows.key.is_empty() {
        notes.push("rows as they are".to_owned());
    } else {
        notes.push(format!("by {}", list(&rows.key)));
    }
    notes.extend(rows.doubt.as_ref().map(|doubt| clean(doubt)));
    if !rows.without.is_empty() {
        notes.push(format!("without {}", list(&rows.without)));
    }
    let (added, removed) = (rows.changes.added, rows.changes.removed);
    format!("rows: {added} only in b, {removed} only in a{changed} ({})", notes.join("; "))
}

fn drift(table: &TableDiff, found: &DataDrift, style: &Style) -> String {
    let columns = &found.columns;
    // Those of which nobody can say how far they drifted are few, and their missing cells are news: first.
    let (unknown, known): (Vec<&ColumnDrift>, Vec<&ColumnDrift>) =
        columns.iter().filter(|column| table.is_noteworthy(column)).partition(|column| column.psi.is_err());
    let elsewhere = dates(table, columns, style);
    let unknown = unknown.into_iter().filter(|column| column.nulls.0 != column.nulls.1);
    let moved: Vec<&ColumnDrift> = unknown.chain(known).collect();
    let is_stable = |column: &&ColumnDrift| column.psi.as_ref().is_ok_and(|psi| *psi < STABLE);
    let stable = columns.iter().filter(is_stable).filter(|column| !table.is_noteworthy(column)).count();
    let mut text = String::new();
    if !moved.is_empty() {
        text += &fitting(&moved, style).render(5);
        if moved.len() > MOST {
            text += &format!("     … and {} more\n", moved.len() - MOST);
        }
    }
    text += &elsewhere;
    if stable > 0 {
        let others = if moved.is_empty() { "column" } else { "other column" };
        text += &format!("{}\n", set_in(&format!("{}: psi below {STABLE}", count(stable as u64, others)), 5));
    }
    text += &source(found, &moved);
    let unknown = columns.iter().filter_map(|column| Some((&column.name, column.psi.as_ref().err()?)));
    let mut reasons: Vec<(&String, Vec<String>)> = Vec::new();
    for (name, reason) in unknown {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(clean(name)),
            None => reasons.push((reason, vec![clean(name)])),
        }
    }
    for (reason, names) in reasons {
        let more = names.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names.iter().take(5).map(|name| cut(name, NAME)).collect::<Vec<_>>().join(", ");
        text += &format!("{}\n", set_in(&format!("no psi of {names}{more}: {}", clean(reason)), 5));
    }
    text
}

/// `signup: 2023-01-01 to 2024-12-31, was 2013-01-01 to 2014-12-31`, of dates that begin or end elsewhere.
fn dates(table: &TableDiff, columns: &[ColumnDrift], style: &Style) -> String {
    let moved = columns.iter().filter_map(|column| Some((column, table.moves.get(&column.name)?)));
    let lines = moved.filter(|(_, moved)| moved.is_elsewhere()).take(MOST).filter_map(|(column, moved)| {
        let [a, b] = moved.range.as_ref()?;
        let name = cut(&clean(&column.name), NAME);
        let range = |(least, greatest): &(String, String)| format!("{} to {}", clean(least), clean(greatest));
        let words = format!("{name}: {}, was {}", range(b), range(a));
        Some(format!("{}\n", set_in(&style.paint(Label::Warning, &words), 5)))
    });
    lines.collect()
}

/// The columns, without what there is no room for.
fn fitting(moved: &[&ColumnDrift], style: &Style) -> Table {
    const HEADS: [&str; 6] = ["drift", "psi", "mean", "nulls", "distinct", "a → b"];
    const INDENT: usize = 5;
    let heads = HEADS.map(|word| style.paint(Label::Dim, word)).to_vec();
    let rows: Vec<Vec<String>> =
        std::iter::once(heads).chain(moved.iter().take(MOST).map(|column| cells(column, style))).collect();
    let without = |left_out: &[usize]| {
        let mut table = Table::new(&[Align::Left, Align::Right]);
        for row in &rows {
            table.row(row.iter().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, cell)| cell.clone()));
        }
        table
    };
    // Distinct values first, then nulls: the picture says more than either.
    let [all, fewer, fewest] = [without(&[]), without(&[4]), without(&[3, 4])];
    let fits = |table: &Table| INDENT + table.width() <= width() + 2;
    if fits(&all) {
        all
    } else if fits(&fewer) {
        fewer
    } else {
        fewest
    }
}

/// What the numbers rest on: a rule that reads rows has other ones.
fn source(found: &DataDrift, shown: &[&ColumnDrift]) -> String {
    let mut notes = Vec::new();
    let shown: Vec<_> = shown.iter().take(MOST).filter(|column| column.psi.is_ok()).collect();
    if shown.iter().any(|column| column.approximate) {
        notes.push("psi from profiles; ≈ is estimated, where a rule that reads the rows is exact".to_owned());
    } else if !shown.is_empty() {
        notes.push("psi from profiles".to_owned());
    }
    if !found.left_out.is_empty() {
        let names: Vec<String> = found.left_out.iter().map(|name| cut(&clean(name), NAME)).collect();
        let (names, tell) = (names.join(", "), if names.len() == 1 { "tells" } else { "tell" });
        notes.push(format!("without {names}, which {tell} rows apart"));
    }
    if notes.is_empty() { String::new() } else { format!("{}\n", set_in(&notes.join("; "), 5)) }
}

fn cells(column: &ColumnDrift, style: &Style) -> Vec<String> {
    let psi = column.psi.as_ref().copied().unwrap_or(f64::NAN);
    let near = if column.approximate { "≈" } else { "" };
    let psi_text = if psi.is_nan() { "–".to_owned() } else { format!("{near}{}", style.fixed(psi, 2)) };
    let pair = |a: String, b: String| if a == b { a } else { format!("{a} → {b}") };
    let mean = match column.mean {
        (None, None) => String::new(),
        (a, b) => {
            let number = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), |mean| style.number(mean));
            pair(number(a), number(b))
        }
    };
    let distinct = match column.distinct {
        (None, None) => String::new(),
        (a, b) => {
            let number = |n: Option<u64>| n.map_or_else(|| "many".to_owned(), |n| n.to_string());
            pair(number(a), number(b))
        }
    };
    vec![
        cut(&clean(&column.name), room(NAME, NAME)),
        if psi >= SHIFTED { style.paint(Label::Warning, &psi_text) } else { psi_text },
        mean,
        pair(column.nulls.0.to_string(), column.nulls.1.to_string()),
        distinct,
        column.shape.as_ref().map_or_else(String::new, |shape| picture(shape, style)),
    ]
}

/// Of numbers two rows of bars; of categories those whose shares changed most.
fn picture(shape: &Shape, style: &Style) -> String {
    let share = |counts: &[u64], at: usize| {
        let total: u64 = counts.iter().sum();
        counts.get(at).map_or(0.0, |count| *count as f64 / total.max(1) as f64)
    };
    let Some(names) = &shape.categories else {
        let is_used = |at: &usize| [&shape.a, &shape.b].iter().any(|counts| counts.get(*at).is_some_and(|n| *n > 0));
        let used: Vec<usize> = (0..shape.a.len()).filter(is_used).collect();
        // Nothing lies below or above what both have.
        let places = used.first().copied().unwrap_or(0)..used.last().map_or(0, |last| last + 1);
        let highest = places.clone().flat_map(|at| [share(&shape.a, at), share(&shape.b, at)]).fold(0.0, f64::max);
        // Nothing at all is a gap.
        let some = |share: f64| if share > 0.0 { share } else { f64::NAN };
        let bars = |counts: &[u64]| {
            let shares: Vec<f64> = places.clone().map(|at| some(share(counts, at))).collect();
            spark::sparkline(&shares, Some((0.0, highest))).text
        };
        return format!("{} → {}", bars(&shape.a), bars(&shape.b));
    };
    let mut moved: Vec<(f64, String)> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let (a, b) = (share(&shape.a, at), share(&shape.b, at));
            let percent = |share: f64| style.fixed(100.0 * share, 0);
            ((a - b).abs(), format!("{} {} → {} %", cut(&clean(name), 10), percent(a), percent(b)))
        })
        .collect();
    moved.sort_by(|a, b| b.0.total_cmp(&a.0));
    moved.into_iter().take(2).map(|(_, text)| text).collect::<Vec<_>>().join(", ")
}
