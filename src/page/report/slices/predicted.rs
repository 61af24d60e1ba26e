//! What stored predictions come to by slice, judged by nobody: every model's metric with its bounds, and the difference.

use super::super::super::chart::{Chart, Forest, ForestRow, Hue};
use super::super::super::html::{Document, Text, column, number, words};
use super::super::{Bounded, Quality, SliceRow, Sliced};
use crate::certify::wording::{grouped, significant};

/// Rows of a chart; the table has all.
const MOST_ROWS: usize = 40;

pub(in super::super) fn section(page: &mut Document, sets: &[Quality], judged: &[(String, String)]) {
    if sets.iter().all(|set| set.slices.is_empty()) {
        page.paragraph(
            &Text::plain("No column beside its predictions says which slice a row is in: ")
                .then(&Text::code("slices = [\"COLUMN\"]"))
                .then(&Text::plain(" in the configuration names one.")),
        );
        return;
    }
    for set in sets {
        if let Some(first) = set.slices.first() {
            let percent = significant(first.confidence * 100.0);
            let upright = first.models().first().map_or("the first model", |model| *model).to_owned();
            page.paragraph(&Text::plain(&format!(
                "From the stored predictions of the set {}. In the charts below a bar is the {percent} % interval, both ends together; a \
                 certificate holds one bound by itself against a limit. The upright line is {upright} over all rows.",
                set.set
            )));
        }
        for sliced in &set.slices {
            let mut charts: Vec<Chart> = sliced.values(&set.set).chart().into_iter().collect();
            if !judged.iter().any(|(metric, column)| *metric == sliced.metric && *column == sliced.column) {
                charts.extend(sliced.differences(&set.set).and_then(|forest| forest.chart()));
            }
            page.charts(&charts);
            page.folded(&format!("The numbers by {}", sliced.column), |page| sliced.table(page));
            if sliced.left_out.0 > 0 {
                let (values, rows) = sliced.left_out;
                page.paragraph(&Text::plain(&format!(
                    "{} more values of {} are not shown; they have {} rows.",
                    grouped(values),
                    sliced.column,
                    grouped(rows)
                )));
            }
        }
    }
}

/// The version of a label, where all are of one model.
fn short<'l>(label: &'l str, all: &[&str]) -> &'l str {
    let model = |label: &'l str| label.rsplit_once('@').map(|(model, _)| model);
    let own = model(label);
    let is_same = all.iter().all(|other| other.rsplit_once('@').map(|(model, _)| model) == own);
    label.rsplit_once('@').filter(|_| is_same).map_or(label, |(_, version)| version)
}

fn interval(found: &Bounded) -> String {
    format!("{} ({} to {})", significant(found.value), significant(found.lower), significant(found.upper))
}

impl SliceRow {
    fn name(&self) -> String {
        self.slice.clone().unwrap_or_else(|| "all rows".to_owned())
    }

    /// `slant=left (463)`.
    fn named_rows(&self) -> String {
        let rows = self.values.first().map_or(0, |value| value.rows);
        format!("{} ({})", self.name(), grouped(rows))
    }
}

impl Sliced {
    fn models(&self) -> Vec<&str> {
        let most = self.rows.iter().max_by_key(|row| row.values.len());
        most.map(|row| row.values.iter().map(|value| value.model.as_str()).collect()).unwrap_or_default()
    }

    /// Every model in every slice, beside all rows of the first.
    fn values(&self, set: &str) -> Forest {
        let models = self.models();
        let shown = (MOST_ROWS / models.len().max(1)).max(1);
        let rows = self.rows.iter().take(shown).flat_map(|row| {
            row.values.iter().enumerate().map(|(at, value)| {
                let found = value.value.as_ref().ok();
                let said = found.map_or_else(|| "not known".to_owned(), |found| significant(found.value));
                ForestRow {
                    name: if at == 0 { row.named_rows() } else { String::new() },
                    value: found.map(|found| found.value),
                    bounds: found.map(|found| (found.lower, found.upper)),
                    limit: None,
                    hue: Hue::Nth(value.place),
                    note: format!("{}: {said}", short(&value.model, &models)),
                }
            })
        });
        Forest {
            title: format!("{} by {}, {set}", self.metric, self.column),
            description: self.described(),
            axis: format!("{} ({} is better)", self.metric, if self.is_higher_better { "more" } else { "less" }),
            against: self.of_all_rows().map(|found| found.value),
            limits: Vec::new(),
            rows: rows.collect(),
        }
    }

    fn of_all_rows(&self) -> Option<&Bounded> {
        let whole = self.rows.iter().find(|row| row.slice.is_none())?;
        whole.values.first()?.value.as_ref().ok()
    }

    /// For those who do not see it.
    fn described(&self) -> String {
        let slices = || self.rows.iter().filter(|row| row.slice.is_some());
        let mut text = format!("{} slices.", slices().count());
        for model in self.models() {
            let values = slices().filter_map(|row| {
                let own = row.values.iter().find(|value| value.model == model)?;
                Some((row.name(), own.value.as_ref().ok()?.value))
            });
            let mut values: Vec<(String, f64)> = values.filter(|(_, value)| value.is_finite()).collect();
            values.sort_by(|a, b| a.1.total_cmp(&b.1));
            if let (Some(low), Some(high)) = (values.first(), values.last()) {
                let (least, greatest) = (significant(low.1), significant(high.1));
                text += &format!(" {model}: from {least} in {} to {greatest} in {}.", low.0, high.0);
            }
        }
        text
    }

    /// The first model minus the second, where there are two.
    fn differences(&self, set: &str) -> Option<Forest> {
        let models = self.models();
        let (ours, theirs) = (models.first()?, models.get(1)?);
        let rows: Vec<ForestRow> = self
            .rows
            .iter()
            .filter_map(|row| {
                let found = row.difference.as_ref()?;
                let known = found.as_ref().ok();
                let (hue, said) = known.map_or((Hue::Dim, "not known"), |found| self.came_out(found));
                Some(ForestRow {
                    name: row.named_rows(),
                    value: known.map(|found| found.value),
                    bounds: known.map(|found| (found.lower, found.upper)),
                    limit: None,
                    hue,
                    note: said.to_owned(),
                })
            })
            .take(MOST_ROWS)
            .collect();
        let of = |hue: Hue| rows.iter().filter(|row| row.hue == hue).map(|row| row.name.as_str()).collect::<Vec<_>>();
        let named = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let description = format!("Better in {}; worse in {}.", named(&of(Hue::Good)), named(&of(Hue::Bad)));
        (!rows.is_empty()).then(|| Forest {
            title: format!("Difference in {} by {}, {set}", self.metric, self.column),
            description,
            axis: format!("{} ({} minus {})", self.metric, short(ours, &models), short(theirs, &models)),
            against: Some(0.0),
            limits: Vec::new(),
            rows,
        })
    }

    /// A difference that may as well be none is neither.
    fn came_out(&self, found: &Bounded) -> (Hue, &'static str) {
        let (above, below) = (found.lower > 0.0, found.upper < 0.0);
        match (above, below) {
            (true, _) if self.is_higher_better => (Hue::Good, "better"),
            (_, true) if !self.is_higher_better => (Hue::Good, "better"),
            (false, false) => (Hue::Open, "not clear"),
            _ => (Hue::Bad, "worse"),
        }
    }

    fn table(&self, page: &mut Document) {
        let models = self.models();
        let mut heads = vec![words("Slice"), number("Rows")];
        heads.extend(models.iter().map(|model| column(model, true)));
        let has_differences = self.rows.iter().any(|row| row.difference.is_some());
        if has_differences {
            heads.push(number("Difference"));
        }
        let said = |found: Option<&Result<Bounded, String>>| match found {
            None => Text::default(),
            Some(Ok(found)) => Text::plain(&interval(found)),
            Some(Err(why)) => Text::plain(why),
        };
        let rows =
            self.rows.iter().map(|row| {
                let counts: Vec<String> = row.values.iter().map(|value| grouped(value.rows)).collect();
                let is_same = counts.windows(2).all(|pair| pair.first() == pair.last());
                let counts = if is_same { counts.first().cloned().unwrap_or_default() } else { counts.join(", ") };
                let mut cells = vec![Text::plain(&row.name()), Text::plain(&counts)];
                cells.extend(models.iter().map(|model| {
                    said(row.values.iter().find(|value| value.model == *model).map(|value| &value.value))
                }));
                if has_differences {
                    cells.push(said(row.difference.as_ref()));
                }
                cells
            });
        page.table(&format!("{} by {}, with intervals", self.metric, self.column), &heads, &rows.collect::<Vec<_>>());
    }
}
