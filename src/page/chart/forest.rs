//! Values with their intervals, one below the other: a forest plot.

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::mark::dot;
use super::{Chart, Hue, LONGEST, drawn, letters, px, range, words};
use crate::certify::wording::significant;

/// Rows of one chart; the table has all.
const MOST: usize = 40;
/// Pixels.
const WIDTH: u32 = 480;
const ROW: u32 = 38;
const LEFT: i32 = 14;
const RIGHT: i32 = 14;
const BELOW: i32 = 46;
/// Characters of a row's name, and of its note.
const NAME: usize = 40;
const NOTE: usize = 18;
/// Where in its row a bar lies, from the row's lower end: its name stands above it, so that there is room for both on a narrow screen.
const BAR: f64 = 0.28;
/// Half the height of the end of a bar, and of a limit.
const END: f64 = 0.12;
const LIMIT: f64 = 0.22;

/// A forest plot.
#[derive(Debug, Clone)]
pub struct Forest {
    /// What it shows, in a few words.
    pub title: String,
    /// What there is to see, for those who do not.
    pub description: String,
    /// What is measured.
    pub axis: String,
    /// A value that rows are held against.
    pub against: Option<f64>,
    /// Limits that hold for every row.
    pub limits: Vec<f64>,
    /// From the top.
    pub rows: Vec<ForestRow>,
}

/// A value and its interval.
#[derive(Debug, Clone)]
pub struct ForestRow {
    /// Whose.
    pub name: String,
    /// The value; none: it is not known.
    pub value: Option<f64>,
    /// Where it begins and ends.
    pub bounds: Option<(f64, f64)>,
    /// A limit of its own, as a tick across.
    pub limit: Option<f64>,
    /// What it comes to.
    pub hue: Hue,
    /// What it comes to, in a word.
    pub note: String,
}

impl Forest {
    /// The chart; none where there is nothing to draw.
    pub fn chart(&self) -> Option<Chart> {
        let rows = self.rows.get(..MOST).unwrap_or(&self.rows);
        let bounds = rows.iter().filter_map(|row| row.bounds).flat_map(|(low, high)| [low, high]);
        let values = rows.iter().filter_map(|row| row.value);
        let limits = rows.iter().filter_map(|row| row.limit);
        rows.iter().find(|row| row.value.is_some_and(f64::is_finite))?;
        let all = bounds
            .chain(values)
            .chain(limits)
            .chain(self.against)
            .chain(self.limits.iter().copied())
            .filter(|number| number.is_finite());
        let (low, high) = range::around(all)?;
        let count = u32::try_from(rows.len()).ok()?;
        let height = ROW.checked_mul(count)?.checked_add(u32::try_from(BELOW).ok()? + 12)?;
        let top = f64::from(count);
        drawn((&self.title, &self.description), "chart", (WIDTH, height), |area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(8))
                .margin_left(px(LEFT))
                .margin_right(px(RIGHT))
                .x_label_area_size(px(BELOW))
                .build_cartesian_2d(low..high, 0.0..top)
                .ok()?;
            chart
                .configure_mesh()
                .disable_y_mesh()
                .disable_y_axis()
                .light_line_style(Hue::Faint.rgb().mix(0.0))
                .bold_line_style(Hue::Faint.stroke(1.0))
                .axis_style(Hue::Dim.stroke(1.0))
                .set_all_tick_mark_size(px(5))
                .x_labels(5)
                .label_style(letters(13, Hue::Dim, HPos::Center, VPos::Center))
                .axis_desc_style(letters(13, Hue::Ink, HPos::Center, VPos::Center))
                .x_desc(words(&self.axis, LONGEST))
                .x_label_formatter(&|value| significant(if value.abs() < 1e-12 { 0.0 } else { *value }))
                .draw()
                .ok()?;
            for limit in &self.limits {
                chart
                    .draw_series([PathElement::new(vec![(*limit, 0.0), (*limit, top)], Hue::Open.stroke(1.0))])
                    .ok()?;
            }
            if let Some(against) = self.against {
                chart
                    .draw_series([PathElement::new(vec![(against, 0.0), (against, top)], Hue::Dim.stroke(1.0))])
                    .ok()?;
            }
            let inside = |value: f64| if value.is_nan() { low } else { value.clamp(low, high) };
            for (place, row) in rows.iter().enumerate() {
                let y = top - place as f64 - 1.0 + BAR;
                if let Some((from, to)) = row.bounds {
                    let line = vec![(inside(from), y), (inside(to), y)];
                    chart.draw_series([PathElement::new(line, row.hue.stroke(2.0))]).ok()?;
                    for end in [from, to].into_iter().filter(|end| end.is_finite()) {
                        let tick = vec![(inside(end), y - END), (inside(end), y + END)];
                        chart.draw_series([PathElement::new(tick, row.hue.stroke(2.0))]).ok()?;
                    }
                }
                if let Some(limit) = row.limit.filter(|limit| limit.is_finite()) {
                    let tick = vec![(inside(limit), y - LIMIT), (inside(limit), y + LIMIT)];
                    chart.draw_series([PathElement::new(tick, Hue::Ink.stroke(1.0))]).ok()?;
                }
                if let Some(value) = row.value.filter(|value| value.is_finite()) {
                    dot(area, chart.backend_coord(&(inside(value), y)), 4.0, row.hue)?;
                }
                let above = chart.backend_coord(&(low, y)).1 - px(ROW as i32 * 46 / 100);
                let name = letters(13, Hue::Ink, HPos::Left, VPos::Center);
                area.draw(&Text::new(words(&row.name, NAME), (px(LEFT), above), name)).ok()?;
                let note = letters(13, row.hue, HPos::Right, VPos::Center);
                let right = px(WIDTH as i32 - RIGHT);
                area.draw(&Text::new(words(&row.note, NOTE), (right, above), note)).ok()?;
            }
            Some(())
        })
    }
}
