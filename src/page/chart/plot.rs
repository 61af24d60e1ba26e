//! Lines and dots over two axes.

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::mark::dot;
use super::{Chart, Hue, LONGEST, drawn, letters, px, range, words};
use crate::certify::wording::significant;

/// Pixels.
const WIDTH: u32 = 560;
const HEIGHT: u32 = 370;
/// Of a line that names a series.
const LEGEND: i32 = 22;
const LEFT: i32 = 76;
const BELOW: i32 = 52;

/// Lines and dots.
#[derive(Debug, Clone)]
pub struct Plot {
    /// What it shows, in a few words.
    pub title: String,
    /// What there is to see, for those who do not.
    pub description: String,
    /// From left to right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// What is drawn, the most important last.
    pub series: Vec<Series>,
    /// What it is held against.
    pub guide: Guide,
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it measures.
    pub name: String,
    /// From where to where; none: as far as there are numbers.
    pub range: Option<(f64, f64)>,
    /// What stands at its ticks.
    pub ticks: Ticks,
}

/// What stands at the ticks of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticks {
    /// Numbers.
    Numbers,
    /// Versions: `v7`.
    Versions,
}

/// A line, or dots.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Its colour.
    pub hue: Hue,
    /// How its points are shown.
    pub mark: Mark,
    /// Points; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// How points are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As a line.
    Line,
    /// As dots.
    Dots,
    /// As a line through dots.
    Both,
    /// As one large dot.
    Large,
}

/// What a reader compares with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Guide {
    /// Nothing.
    None,
    /// Where both axes are the same.
    Diagonal,
    /// A height.
    Level(f64),
}

impl Axis {
    /// An axis of numbers, as far as there are any.
    pub fn numbers(name: &str) -> Self {
        Self { name: name.to_owned(), range: None, ticks: Ticks::Numbers }
    }

    /// An axis of numbers, as far as these go.
    pub fn around(name: &str, numbers: impl Iterator<Item = f64>) -> Self {
        Self { range: range::around(numbers), ..Self::numbers(name) }
    }

    /// From 0 to 1.
    pub fn share(name: &str) -> Self {
        Self { range: Some((0.0, 1.0)), ..Self::numbers(name) }
    }

    fn label(&self, value: f64) -> String {
        match self.ticks {
            // Ticks lie at sums of fractions.
            Ticks::Numbers => significant(if value.abs() < 1e-12 { 0.0 } else { value }),
            Ticks::Versions if (value - value.round()).abs() < 1e-6 => format!("v{}", value.round()),
            Ticks::Versions => String::new(),
        }
    }
}

impl Plot {
    /// The chart; none where there is nothing to draw.
    pub fn chart(&self) -> Option<Chart> {
        let all =
            || self.series.iter().flat_map(|series| &series.points).filter(|(x, y)| x.is_finite() && y.is_finite());
        let level = if let Guide::Level(level) = self.guide { Some(level) } else { None };
        let found =
            (range::around(all().map(|point| point.0))?, range::around(all().map(|point| point.1).chain(level))?);
        let (x, y) = (range::wide(self.x.range.unwrap_or(found.0)), range::wide(self.y.range.unwrap_or(found.1)));
        let within = |&(a, b): &(f64, f64)| (a.clamp(x.0, x.1), b.clamp(y.0, y.1));
        let legend = LEGEND * i32::try_from(self.series.len()).ok()? + 8;
        let height = HEIGHT.checked_add(u32::try_from(legend).ok()?)?;
        drawn((&self.title, &self.description), "chart", (WIDTH, height), |area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(legend))
                .margin_right(px(14))
                .x_label_area_size(px(BELOW))
                .y_label_area_size(px(LEFT))
                .build_cartesian_2d(x.0..x.1, y.0..y.1)
                .ok()?;
            chart
                .configure_mesh()
                .light_line_style(Hue::Faint.rgb().mix(0.0))
                .bold_line_style(Hue::Faint.stroke(1.0))
                .axis_style(Hue::Dim.stroke(1.0))
                .set_all_tick_mark_size(px(5))
                .x_labels(6)
                .y_labels(6)
                .label_style(letters(15, Hue::Dim, HPos::Center, VPos::Center))
                .axis_desc_style(letters(15, Hue::Ink, HPos::Center, VPos::Center))
                .x_desc(words(&self.x.name, LONGEST))
                .y_desc(words(&self.y.name, LONGEST))
                .x_label_formatter(&|value| self.x.label(*value))
                .y_label_formatter(&|value| self.y.label(*value))
                .draw()
                .ok()?;
            let guide = match self.guide {
                Guide::None => None,
                Guide::Diagonal => {
                    let (from, to) = (x.0.max(y.0), x.1.min(y.1));
                    (from < to).then(|| vec![(from, from), (to, to)])
                }
                Guide::Level(level) => Some(vec![(x.0, level), (x.1, level)]),
            };
            if let Some(guide) = guide {
                chart.draw_series([PathElement::new(guide, Hue::Dim.stroke(1.0))]).ok()?;
            }
            for series in &self.series {
                let points = series.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
                let points: Vec<(f64, f64)> = points.map(within).collect();
                if matches!(series.mark, Mark::Line | Mark::Both) {
                    chart.draw_series([PathElement::new(points.clone(), series.hue.stroke(2.0))]).ok()?;
                }
                let radius = match series.mark {
                    Mark::Line => continue,
                    Mark::Dots | Mark::Both => 2.5,
                    Mark::Large => 5.0,
                };
                for point in &points {
                    dot(area, chart.backend_coord(point), radius, series.hue)?;
                }
            }
            // The most important was drawn last.
            for (place, series) in (0..).zip(self.series.iter().rev()) {
                let y = px(LEGEND * place + LEGEND / 2);
                let (from, to) = (px(LEFT), px(LEFT + 30));
                if matches!(series.mark, Mark::Line | Mark::Both) {
                    area.draw(&PathElement::new(vec![(from, y), (to, y)], series.hue.stroke(2.0))).ok()?;
                }
                if series.mark != Mark::Line {
                    dot(area, (i32::midpoint(from, to), y), 3.5, series.hue)?;
                }
                let style = letters(15, Hue::Ink, HPos::Left, VPos::Center);
                area.draw(&Text::new(words(&series.name, LONGEST), (to + px(8), y), style)).ok()?;
            }
            Some(())
        })
    }
}
