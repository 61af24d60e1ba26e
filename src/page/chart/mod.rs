//! Charts as SVG inside a page: lines and dots, intervals, times in stages, the shape of a column.
//!
//! They are drawn by a plotting library on whole numbers of quarter pixels, so that the same numbers are the same bytes everywhere. The
//! library knows colours only as RGB: [`STYLE`] exchanges those of [`Hue`] for the page's own, which are light or dark as the
//! reader has it, and sets apart by dashes what colour alone would not. Each chart has a title and a description for those
//! who do not see it; the numbers stand in a table beside it.

mod forest;
mod mark;
mod plot;
mod range;
mod spark;
mod timeline;

pub use self::forest::{Forest, ForestRow};
pub use self::plot::{Axis, Guide, Mark, Plot, Series, Ticks};
pub use self::spark::Spark;
pub use self::timeline::{Lane, Stretch, Timeline};

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, IntoFont, RGBColor, SVGBackend, ShapeStyle, TextStyle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::escape;

/// Parts of a pixel: coordinates are whole numbers of them.
const FINE: u32 = 4;
/// What the library divides a font's size by.
const FONT_SCALE: f64 = 1.24;
/// Characters of a name in a chart; the table has all of them.
const LONGEST: usize = 60;
/// Of a title, and of what those are told who do not see it.
const LONGEST_TITLE: usize = 160;
const LONGEST_DESCRIPTION: usize = 1000;

/// What the library's colours are on the page, and what else tells lines apart.
pub(super) const STYLE: &str = "
:root{--one:#0b57b0;--two:#a8480b;--three:#0f6b2f;--four:#8a2ba6;--five:#00707a;--six:#9b1c4b}
@media(prefers-color-scheme:dark){:root{--one:#8ab8ff;--two:#f2a65a;--three:#7fd89a;--four:#d8a0f0;--five:#66d0da;--six:#ff8fb5}}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.2rem;margin:1em 0}
figure{margin:0;min-width:0}figure:has(.wider){grid-column:1/-1}figcaption{font-weight:600;font-size:.9375rem;margin-bottom:.3rem;overflow-wrap:anywhere}
.chart{display:block;width:100%;height:auto;max-width:35rem}.wider{min-width:36rem;max-width:46rem}.chart text{font-family:system-ui,sans-serif}.spark{width:7.5rem;min-width:7.5rem;height:1.75rem}
.chart [stroke=\"#1A1C1E\"]{stroke:var(--text)}.chart [fill=\"#1A1C1E\"]{fill:var(--text)}
.chart [fill=\"#FFFFFF\"]{fill:var(--page)}
.chart [stroke=\"#53585E\"]{stroke:var(--dim)}.chart [fill=\"#53585E\"]{fill:var(--dim)}
.chart [stroke=\"#C9CDD2\"]{stroke:var(--line)}.chart [fill=\"#C9CDD2\"]{fill:var(--line)}
.chart [stroke=\"#0B57B0\"]{stroke:var(--one)}.chart [fill=\"#0B57B0\"]{fill:var(--one)}
.chart [stroke=\"#A8480B\"]{stroke:var(--two)}.chart [fill=\"#A8480B\"]{fill:var(--two)}
.chart [stroke=\"#0F6B2F\"]{stroke:var(--three)}.chart [fill=\"#0F6B2F\"]{fill:var(--three)}
.chart [stroke=\"#8A2BA6\"]{stroke:var(--four)}.chart [fill=\"#8A2BA6\"]{fill:var(--four)}
.chart [stroke=\"#00707A\"]{stroke:var(--five)}.chart [fill=\"#00707A\"]{fill:var(--five)}
.chart [stroke=\"#9B1C4B\"]{stroke:var(--six)}.chart [fill=\"#9B1C4B\"]{fill:var(--six)}
.chart [stroke=\"#0F6B30\"]{stroke:var(--good)}.chart [fill=\"#0F6B30\"]{fill:var(--good)}
.chart [stroke=\"#A5180F\"]{stroke:var(--bad)}.chart [fill=\"#A5180F\"]{fill:var(--bad)}
.chart [stroke=\"#7A4D00\"]{stroke:var(--open)}.chart [fill=\"#7A4D00\"]{fill:var(--open)}
polyline[stroke=\"#A8480B\"]{stroke-dasharray:28 14}polyline[stroke=\"#0F6B2F\"]{stroke-dasharray:8 12}polyline[stroke=\"#8A2BA6\"]{stroke-dasharray:40 12 8 12}
polyline[stroke=\"#00707A\"]{stroke-dasharray:56 16}polyline[stroke=\"#9B1C4B\"]{stroke-dasharray:20 8 8 8 8 8}
@media print{:root{--one:#0b57b0;--two:#a8480b;--three:#0f6b2f;--four:#8a2ba6;--five:#00707a;--six:#9b1c4b}figure,.chart{break-inside:avoid}.charts{grid-template-columns:1fr 1fr}.chart{min-width:0}}
";

/// A colour by what it is for; [`STYLE`] knows what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    /// Text and what is as strong.
    Ink,
    /// What lies behind everything: text on a strong colour.
    Page,
    /// Axes.
    Dim,
    /// Grids and what is beside the point.
    Faint,
    /// The how many-th of several things; the first is what a page is about.
    Nth(usize),
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Not decided.
    Open,
}

impl Hue {
    /// How many things can be told apart.
    pub const DIFFERENT: usize = 6;

    const fn rgb(self) -> RGBColor {
        match self {
            Self::Ink => RGBColor(0x1a, 0x1c, 0x1e),
            Self::Page => RGBColor(0xff, 0xff, 0xff),
            Self::Dim => RGBColor(0x53, 0x58, 0x5e),
            Self::Faint => RGBColor(0xc9, 0xcd, 0xd2),
            // Not the same as the third of several: its lines are whole.
            Self::Good => RGBColor(0x0f, 0x6b, 0x30),
            Self::Bad => RGBColor(0xa5, 0x18, 0x0f),
            Self::Open => RGBColor(0x7a, 0x4d, 0x00),
            Self::Nth(place) => match place % Self::DIFFERENT {
                0 => RGBColor(0x0b, 0x57, 0xb0),
                1 => RGBColor(0xa8, 0x48, 0x0b),
                2 => RGBColor(0x0f, 0x6b, 0x2f),
                3 => RGBColor(0x8a, 0x2b, 0xa6),
                4 => RGBColor(0x00, 0x70, 0x7a),
                _ => RGBColor(0x9b, 0x1c, 0x4b),
            },
        }
    }

    fn stroke(self, pixels: f64) -> ShapeStyle {
        self.rgb().stroke_width((pixels * f64::from(FINE)) as u32)
    }

    fn fill(self) -> ShapeStyle {
        self.rgb().filled()
    }
}

/// A chart, ready for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    title: String,
    svg: String,
    is_wide: bool,
}

impl Chart {
    /// Whether it is wider than some pages.
    pub(super) const fn is_wide(&self) -> bool {
        self.is_wide
    }

    /// What it shows, in a few words.
    pub fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn svg(&self) -> &str {
        &self.svg
    }
}

/// Where a chart is drawn, in quarter pixels.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A chart of so many pixels. What cannot be drawn is none: its table says the same.
fn drawn(
    (title, description): (&str, &str),
    class: &str,
    (width, height): (u32, u32),
    draw: impl for<'a> FnOnce(&Area<'a>) -> Option<()>,
) -> Option<Chart> {
    let (width, height) = (width.checked_mul(FINE)?, height.checked_mul(FINE)?);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        draw(&area)?;
        area.present().ok()?;
    }
    // The library's own element says how large it is on a page, and nothing to those who do not see it.
    let inside = svg.split_once(">\n")?.1.trim_end().strip_suffix("</svg>")?;
    let (title, description) = (words(title, LONGEST_TITLE), words(description, LONGEST_DESCRIPTION));
    let svg = format!(
        "<svg class=\"{class}\" role=\"img\" viewBox=\"0 0 {width} {height}\"><title>{}</title><desc>{}</desc>\n{inside}</svg>",
        escape::xml(&title),
        escape::xml(&description),
    );
    Some(Chart { title, svg, is_wide: class.contains("wider") })
}

/// So many pixels, as a coordinate.
const fn px(pixels: i32) -> i32 {
    pixels * FINE as i32
}

/// Letters of so many pixels.
fn letters<'a>(pixels: u32, hue: Hue, horizontal: HPos, vertical: VPos) -> TextStyle<'a> {
    let size = f64::from(pixels * FINE) * FONT_SCALE;
    ("sans-serif", size).into_font().color(&hue.rgb()).pos(Pos::new(horizontal, vertical))
}

/// Foreign words in a chart: characters that XML has, no line breaks, so many of them at most.
fn words(text: &str, longest: usize) -> String {
    let clean = escape::plain(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    if clean.chars().count() <= longest {
        return clean;
    }
    clean.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}
