//! Who was in which stage, over time.

use std::collections::BTreeMap;

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::{Area, Chart, Hue, drawn, letters, px, words};
use crate::clock::Time;

/// Pixels.
const WIDTH: u32 = 720;
const ROW: u32 = 34;
const LEFT: i32 = 120;
const BELOW: i32 = 34;
/// Of the line that names several, and of an outline.
const LEGEND: i32 = 24;
const EDGE: i32 = 3;
/// Pixels of a letter, about.
const LETTER: i32 = 9;
const NAME: usize = 16;
/// Stages, and stretches of one; the table has all.
const MOST_LANES: usize = 20;
const MOST_STRETCHES: usize = 200;
const DAY: f64 = 86_400_000.0;

/// Who was where, and when.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// What it shows, in a few words.
    pub title: String,
    /// What there is to see, for those who do not.
    pub description: String,
    /// From the top.
    pub lanes: Vec<Lane>,
    /// The newest time that is known of: until then goes on what has no end.
    pub until: Time,
}

/// A stage.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// In order of time.
    pub stretches: Vec<Stretch>,
}

/// A time in a stage.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// Whose.
    pub name: String,
    /// Its first moment.
    pub since: Time,
    /// Its last; none: it goes on.
    pub until: Option<Time>,
    /// The how many-th it is of those that the page is about; none: it is another.
    pub own: Option<usize>,
}

/// Those that the page is about, by their places, as far as they ever were in a stage.
fn own(lanes: &[Lane]) -> BTreeMap<usize, &str> {
    let stretches = lanes.iter().flat_map(|lane| &lane.stretches);
    stretches.filter_map(|stretch| Some((stretch.own?, stretch.name.as_str()))).collect()
}

/// Whether the bars of the how many-th are solid: every other one is an outline, so that colour is not all that tells them apart.
const fn is_solid(place: usize) -> bool {
    place.is_multiple_of(2)
}

/// A time in a stage: solid or an outline; of more than two with stripes.
fn bar(area: &Area<'_>, [(left, top), (right, bottom)]: [(i32, i32); 2], own: Option<usize>) -> Option<()> {
    let Some(place) = own else {
        return area.draw(&Rectangle::new([(left, top), (right, bottom)], Hue::Faint.fill())).ok();
    };
    let hue = Hue::Nth(place);
    area.draw(&Rectangle::new([(left, top), (right, bottom)], hue.fill())).ok()?;
    let edge = px(EDGE);
    if !is_solid(place) && right - left > 2 * edge {
        let inside = [(left + edge, top + edge), (right - edge, bottom - edge)];
        area.draw(&Rectangle::new(inside, Hue::Page.fill())).ok()?;
    }
    let stripe = if is_solid(place) { Hue::Page } else { hue };
    for nth in 0..(place % Hue::DIFFERENT) / 2 {
        let y = bottom - edge - px(4) * (i32::try_from(nth).ok()? + 1);
        area.draw(&Rectangle::new([(left + edge, y), (right - edge, y + px(2))], stripe.fill())).ok()?;
    }
    Some(())
}

impl Timeline {
    /// The chart; none where nothing ever was in a stage.
    pub fn chart(&self) -> Option<Chart> {
        let lanes = self.lanes.get(..MOST_LANES).unwrap_or(&self.lanes);
        let since = lanes.iter().flat_map(|lane| &lane.stretches).map(|stretch| stretch.since).min()?;
        let (from, to) = (since.milliseconds() as f64, self.until.max(since).milliseconds() as f64);
        // What goes on is to be seen, even if it began a moment ago.
        let to = to + (0.06 * (to - from)).max(60_000.0);
        let count = u32::try_from(lanes.len()).ok()?;
        let own = own(lanes);
        // One alone needs no key.
        let key = if own.len() > 1 { LEGEND } else { 0 };
        let height = ROW.checked_mul(count)?.checked_add(u32::try_from(BELOW + key).ok()? + 8)?;
        let top = f64::from(count);
        let shown = match to - from {
            short if short < 0.01 * DAY => 11..19,
            days if days < 4.0 * DAY => 5..16,
            _ => 0..10,
        };
        let label = |value: &f64| {
            let text = Time::from_milliseconds(*value as i64).map(Time::for_people).unwrap_or_default();
            text.get(shown.clone()).unwrap_or_default().to_owned()
        };
        drawn((&self.title, &self.description), "chart wider", (WIDTH, height), |area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(4 + key))
                .margin_left(px(LEFT))
                .margin_right(px(60))
                .x_label_area_size(px(BELOW))
                .build_cartesian_2d(from..to, 0.0..top)
                .ok()?;
            chart
                .configure_mesh()
                .disable_y_mesh()
                .disable_y_axis()
                .light_line_style(Hue::Faint.rgb().mix(0.0))
                .bold_line_style(Hue::Faint.stroke(1.0))
                .axis_style(Hue::Dim.stroke(1.0))
                .set_all_tick_mark_size(px(5))
                .x_labels(4)
                .label_style(letters(13, Hue::Dim, HPos::Center, VPos::Center))
                .x_label_formatter(&label)
                .draw()
                .ok()?;
            let mut left = px(LEFT);
            for (place, name) in own.into_iter().filter(|_| key > 0) {
                let name = words(name, NAME);
                let middle = px(LEGEND / 2);
                bar(area, [(left, middle - px(6)), (left + px(26), middle + px(6))], Some(place))?;
                let wide = px(LETTER * i32::try_from(name.chars().count()).unwrap_or(0) + 54);
                let style = letters(13, Hue::Ink, HPos::Left, VPos::Center);
                area.draw(&Text::new(name, (left + px(34), middle), style)).ok()?;
                left += wide;
            }
            for (place, lane) in lanes.iter().enumerate() {
                let y = top - place as f64 - 0.5;
                let skipped = lane.stretches.len().saturating_sub(MOST_STRETCHES);
                for stretch in lane.stretches.iter().skip(skipped) {
                    let (begin, end) =
                        (stretch.since.milliseconds() as f64, stretch.until.map_or(to, |t| t.milliseconds() as f64));
                    let (begin, end) = (begin.clamp(from, to), end.clamp(from, to).max(begin.clamp(from, to)));
                    let corner = |x: f64, y: f64| chart.backend_coord(&(x, y));
                    bar(area, [corner(begin, y + 0.32), corner(end, y - 0.32)], stretch.own)?;
                    let edge = PathElement::new(vec![(begin, y - 0.4), (begin, y + 0.4)], Hue::Dim.stroke(1.0));
                    chart.draw_series([edge]).ok()?;
                    let (left, right) = (chart.backend_coord(&(begin, y)), chart.backend_coord(&(end, y)));
                    let name = words(&stretch.name, NAME);
                    let needed = px(LETTER * i32::try_from(name.chars().count()).unwrap_or(i32::MAX / 64));
                    // A name needs room on its own stretch.
                    if right.0 - left.0 > needed {
                        let on_strong = stretch.own.is_some_and(is_solid);
                        let style = letters(13, if on_strong { Hue::Page } else { Hue::Ink }, HPos::Left, VPos::Center);
                        area.draw(&Text::new(name, (left.0 + px(4), left.1), style)).ok()?;
                    }
                }
                let middle = chart.backend_coord(&(from, y)).1;
                let style = letters(13, Hue::Ink, HPos::Right, VPos::Center);
                area.draw(&Text::new(words(&lane.name, NAME), (px(LEFT - 10), middle), style)).ok()?;
            }
            Some(())
        })
    }
}
