//! The shape of a column, as small as a word.

use plotters::element::Rectangle;

use super::{Chart, Hue, drawn, px};

/// Pixels.
const WIDTH: u32 = 120;
const HEIGHT: u32 = 28;

/// How densely values lie between edges.
#[derive(Debug, Clone)]
pub struct Spark {
    /// What it shows, in a few words.
    pub title: String,
    /// Edges, ascending.
    pub edges: Vec<f64>,
    /// Values between each edge and the next.
    pub counts: Vec<u64>,
}

impl Spark {
    /// The drawing; none of edges that do not ascend.
    pub fn chart(&self) -> Option<Chart> {
        let (first, last) = (*self.edges.first()?, *self.edges.last()?);
        let span = last - first;
        if !(span.is_finite() && span > 0.0) {
            return None;
        }
        let bins: Vec<(f64, f64, f64)> = self
            .edges
            .windows(2)
            .zip(&self.counts)
            .filter_map(|(edges, count)| {
                let (from, to) = (*edges.first()?, *edges.get(1)?);
                // Many equal values make an edge of no width: they are as dense as a hundredth of the whole.
                let width = ((to - from) / span).max(0.01);
                (*count > 0).then(|| ((from - first) / span, width, *count as f64 / width))
            })
            .collect();
        let densest = bins.iter().map(|bin| bin.2).fold(0.0, f64::max);
        if !(densest.is_finite() && densest > 0.0) {
            return None;
        }
        let (width, height) = (f64::from(px(WIDTH as i32)), f64::from(px(HEIGHT as i32)));
        drawn((&self.title, ""), "chart spark", (WIDTH, HEIGHT), |area| {
            for (from, share, density) in &bins {
                let (left, right) = ((from * width) as i32, ((from + share).min(1.0) * width) as i32);
                let top = (height * (1.0 - density / densest)) as i32;
                // A density that is small is not nothing.
                let top = top.min(height as i32 - px(1));
                area.draw(&Rectangle::new([(left, top), (right.max(left + px(1)), height as i32)], Hue::Nth(0).fill()))
                    .ok()?;
            }
            Some(())
        })
    }
}
