//! What predictions say: curves of the version and of what it is compared with.

use super::super::chart::{Axis, Chart, Guide, Hue, Mark, Plot, Series};
use super::super::html::{Document, Text, Tone, number, words};
use super::{Curve, CurveKind, Quality};
use crate::certify::wording::{count, significant};

/// Points of a line that its table shows.
const IN_TABLE: usize = 11;

pub(super) fn section(page: &mut Document, sets: &[Quality]) {
    page.section("quality", "What its predictions show");
    if sets.is_empty() {
        page.paragraph(&Text::plain("No predictions are kept with it."));
    }
    for set in sets {
        page.heading(&Text::plain("Set ").then(&Text::code(&set.set)));
        if set.rows > 0 {
            page.paragraph(&Text::plain(&format!("{}.", count(set.rows, "row"))));
        }
        for note in &set.notes {
            page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&Text::plain(note)));
        }
        let charts: Vec<Chart> = set.curves.iter().filter_map(|curve| chart(curve, set)).collect();
        page.charts(&charts);
        if !set.curves.is_empty() {
            page.folded("The numbers of these charts", |page| {
                for curve in &set.curves {
                    table(page, curve);
                }
            });
        }
    }
}

impl Curve {
    /// What it shows, in a few words.
    fn title(&self, set: &str) -> String {
        let name = match self.kind {
            CurveKind::Roc => "ROC curve",
            CurveKind::PrecisionRecall => "Precision and recall",
            CurveKind::Calibration => "Calibration",
            CurveKind::Errors => "How large errors are",
            CurveKind::Predicted => "Predicted and actual",
            CurveKind::Residuals => "Residuals",
        };
        let of = self.of.as_ref().map_or_else(String::new, |class| format!(" of {class}"));
        format!("{name}{of}, {set}")
    }

    const fn axes(&self) -> (&'static str, &'static str) {
        match self.kind {
            CurveKind::Roc => ("false positive rate", "true positive rate"),
            CurveKind::PrecisionRecall => ("recall", "precision"),
            CurveKind::Calibration => ("mean predicted probability", "share it happened to"),
            CurveKind::Errors => ("absolute error", "share of rows with at most that"),
            CurveKind::Predicted => ("actual", "predicted"),
            CurveKind::Residuals => ("predicted", "actual minus predicted"),
        }
    }
}

fn chart(curve: &Curve, set: &Quality) -> Option<Chart> {
    let (x, y) = curve.axes();
    let (x, y) = match curve.kind {
        CurveKind::Roc | CurveKind::PrecisionRecall | CurveKind::Calibration => (Axis::share(x), Axis::share(y)),
        CurveKind::Errors => (Axis::numbers(x), Axis::share(y)),
        // The same axes for every model.
        CurveKind::Predicted | CurveKind::Residuals => {
            let points = || {
                set.curves
                    .iter()
                    .filter(|one| one.kind == curve.kind)
                    .flat_map(|one| &one.lines)
                    .flat_map(|line| &line.points)
            };
            (Axis::around(x, points().map(|point| point.0)), Axis::around(y, points().map(|point| point.1)))
        }
    };
    let guide = match curve.kind {
        CurveKind::Roc | CurveKind::Calibration | CurveKind::Predicted => Guide::Diagonal,
        CurveKind::Residuals => Guide::Level(0.0),
        CurveKind::PrecisionRecall | CurveKind::Errors => Guide::None,
    };
    let mark = match curve.kind {
        CurveKind::Roc | CurveKind::PrecisionRecall | CurveKind::Errors => Mark::Line,
        CurveKind::Calibration => Mark::Both,
        CurveKind::Predicted | CurveKind::Residuals => Mark::Dots,
    };
    let name = |line: &super::CurveLine| {
        let numbers = line.numbers.iter().map(|(what, value)| format!("{what} {}", significant(*value)));
        let numbers = numbers.collect::<Vec<_>>().join(", ");
        if numbers.is_empty() { line.model.clone() } else { format!("{}: {numbers}", line.model) }
    };
    let description = curve.lines.iter().map(name).collect::<Vec<_>>().join("; ");
    // The first model is drawn last, above the others, and named first.
    let series = curve.lines.iter().rev().map(|line| Series {
        name: name(line),
        hue: Hue::Nth(line.place),
        mark,
        points: line.points.clone(),
    });
    let plot = Plot { title: curve.title(&set.set), description, x, y, series: series.collect(), guide };
    plot.chart()
}

fn table(page: &mut Document, curve: &Curve) {
    let (x, y) = curve.axes();
    let rows: Vec<Vec<Text>> = curve
        .lines
        .iter()
        .flat_map(|line| {
            let step = line.points.len().div_ceil(IN_TABLE).max(1);
            let last = line.points.len().saturating_sub(1);
            let shown = line.points.iter().enumerate().filter(move |(at, _)| at % step == 0 || *at == last);
            shown.map(|(_, (x, y))| {
                vec![Text::plain(&line.model), Text::plain(&significant(*x)), Text::plain(&significant(*y))]
            })
        })
        .collect();
    let of = curve.of.as_ref().map_or_else(String::new, |class| format!(" of {class}"));
    page.table(&format!("{y} over {x}{of}"), &[words("Model"), number(x), number(y)], &rows);
}
