//! What training data holds: a line for each column, or everything of one source.

use mlrun::format::profile::{ColumnProfileRecord, ProfileRecord};
use mlrun::format::scalar::Scalar;
use mlrun::format::snapshot::DataRecord;
use mlrun::ops::show::ShowReport;

use super::super::{Align, Label, Style, Table, clean};
use super::{count, cut, wrapped};

/// Columns shown of one source; the rest is counted.
const MOST: usize = 30;
/// The widest name and the widest single value.
const NAME: usize = 20;
const VALUE: usize = 20;

/// A table of the columns of every source, as far as they fit.
pub fn columns(report: &ShowReport, style: &Style) -> String {
    let mut text = String::new();
    for data in &report.record.data {
        let Some(profile) = report.profiles.get(&data.name) else {
            let failed = report.observation.profiles.get(&data.name).and_then(|profile| profile.failed.as_ref());
            if let Some(reason) = failed {
                text += &format!("\n{}\n", style.paint(Label::Strong, &format!("columns of {}", data.name)));
                text += &format!("{}\n", wrapped(&format!("  no profile: {}", clean(reason))));
            }
            continue;
        };
        text += &format!("\n{}\n", style.paint(Label::Strong, &format!("columns of {}", data.name)));
        text += &table(profile, style);
        let more = profile.columns.len().saturating_sub(MOST);
        if more > 0 {
            text += &format!("  … and {more} more\n");
        }
    }
    text
}

fn table(profile: &ProfileRecord, style: &Style) -> String {
    let shown = profile.columns.iter().take(MOST);
    let heads = ["", "kind", "nulls", "mean", "values"].map(|head| style.paint(Label::Dim, head));
    let cells = |column: &ColumnProfileRecord| {
        let mean = column.mean.map_or_else(String::new, |mean| style.number(mean));
        [cut(&clean(&column.name), NAME), cut(&clean(&column.kind), VALUE), column.nulls.to_string(), mean]
    };
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Spare]);
    table.head(heads);
    for column in shown {
        table.row(cells(column).into_iter().chain([values(column, profile.rows, style)]));
    }
    table.render(2)
}

/// `18 … 90`, or `lisbon 60 %, oslo 40 %`.
fn values(column: &ColumnProfileRecord, rows: u64, style: &Style) -> String {
    if column.opaque {
        return "not looked into".to_owned();
    }
    let numbers = column.kind != "boolean";
    if let (Some(min), Some(max), true) = (column.min(), column.max(), numbers) {
        return format!("{} … {}", value(min, style), value(max, style));
    }
    let values = rows.saturating_sub(column.nulls);
    let categories: Vec<String> = column
        .categories
        .iter()
        .take(3)
        .map(|category| {
            let share = 100.0 * category.count as f64 / values.max(1) as f64;
            format!("{} {share:.0} %", cut(&clean(&category.value), VALUE))
        })
        .collect();
    match (categories.is_empty(), column.distinct) {
        (false, _) => categories.join(", "),
        (true, Some(0)) => String::new(),
        (true, Some(distinct)) => format!("{distinct} distinct"),
        (true, None) => "mostly distinct, or long".to_owned(),
    }
}

fn value(scalar: &Scalar, style: &Style) -> String {
    match scalar {
        Scalar::Float(number) => style.number(*number),
        other => cut(&clean(&other.to_string()), VALUE),
    }
}

/// Everything that is known of one source.
pub fn whole(report: &ShowReport, data: &DataRecord, style: &Style) -> String {
    let label = format!("{}@{} data {}", report.model, report.row.version, data.name);
    let mut text = format!("{}\n", style.paint(Label::Strong, &label));
    let sha256 = data.sha256.map_or_else(|| "no digest".to_owned(), |sha256| sha256.to_string());
    text += &format!("  {}\n  sha256 {sha256}\n", clean(&data.path));
    let Some(profile) = report.profiles.get(&data.name) else {
        let named = report.observation.profiles.get(&data.name);
        let reason = named.and_then(|profile| profile.failed.as_deref());
        text += &format!("{}\n", wrapped(&format!("  no profile: {}", clean(reason.unwrap_or("there is none")))));
        return text;
    };
    if let Some(logical) = profile.logical {
        text += &format!("  rows   {logical}\n");
    }
    let (rows, columns) = (count(profile.rows, "row"), count(profile.columns.len() as u64, "column"));
    text += &format!("  {rows}, {columns}\n");
    for column in &profile.columns {
        text += &one(column, style);
    }
    text
}

fn one(column: &ColumnProfileRecord, style: &Style) -> String {
    let name = style.paint(Label::Strong, &clean(&column.name));
    let mut facts = vec![clean(&column.kind)];
    if column.opaque {
        return format!("\n{name}  {}, not looked into\n", facts.join(", "));
    }
    facts.push(count(column.nulls, "null"));
    let more = [(column.nan, "NaN"), (column.infinite, "infinite")];
    facts.extend(more.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    facts.extend(column.distinct.map(|distinct| format!("{distinct} distinct")));
    facts.extend(column.mean.map(|mean| format!("mean {}", style.number(mean))));
    facts.extend(column.sd.map(|sd| format!("sd {}", style.number(sd))));
    let mut text = format!("\n{name}  {}\n", facts.join(", "));
    if let Some(deciles) = &column.deciles {
        let words = if deciles.exact { "deciles" } else { "deciles, near" };
        let edges: Vec<String> = deciles.edges.iter().map(|edge| value(edge, style)).collect();
        let counts: Vec<String> = deciles.counts.iter().map(ToString::to_string).collect();
        text += &format!("{}\n", wrapped(&format!("  {words}: {}", edges.join("  "))));
        text += &format!("{}\n", wrapped(&format!("  counts: {}", counts.join("  "))));
    }
    let mut table = Table::new(&[Align::Left, Align::Right]);
    for category in &column.categories {
        table.row([cut(&clean(&category.value), 60), category.count.to_string()]);
    }
    text + &table.render(4)
}
