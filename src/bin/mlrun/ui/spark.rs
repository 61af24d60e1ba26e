//! Numbers as shapes: a series as a line of blocks, a share as a bar. Text in one column for each block, without colour; numbers
//! that are none are gaps.

/// Heights of a block.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Widths of a block's part.
const WIDTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Where there is no number.
const GAP: char = '·';

/// A series as a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparkline {
    /// One character for each value.
    pub text: String,
    /// The least and the greatest number, or those that were given; none: there is no finite number.
    pub range: Option<(f64, f64)>,
}

/// A series between its least and its greatest number, or between those given: what is beyond is drawn at the edge. A series that does
/// not change is drawn at half the height.
pub fn sparkline(values: &[f64], range: Option<(f64, f64)>) -> Sparkline {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let found = finite().reduce(f64::min).zip(finite().reduce(f64::max));
    let given = range.filter(|(low, high)| low.is_finite() && high.is_finite() && low <= high);
    let range = found.map(|found| given.unwrap_or(found));
    let block = |value: &f64| match range.and_then(|(low, high)| share(*value, low, high)) {
        None => GAP,
        Some(share) => height(share),
    };
    Sparkline { text: values.iter().map(block).collect(), range }
}

/// Where `value` lies between `low` and `high`, from 0 to 1.
fn share(value: f64, low: f64, high: f64) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    // Halves where the distance is too great for a number.
    let scale = if (high - low).is_finite() { 1.0 } else { 0.5 };
    let (from, whole) = (value * scale - low * scale, high * scale - low * scale);
    // Of those that are all the same, the fourth of eight heights.
    Some(if whole > 0.0 { (from / whole).clamp(0.0, 1.0) } else { 3.5 / 8.0 })
}

fn height(share: f64) -> char {
    // Eight steps of the same size; the greatest belongs to the last one.
    let step = (share * HEIGHTS.len() as f64) as usize;
    HEIGHTS.get(step.min(HEIGHTS.len() - 1)).copied().unwrap_or(GAP)
}

/// A series in at most `columns` numbers: means of neighbours, over those of them that are finite; a gap where none is.
pub fn fitted(values: &[f64], columns: usize) -> Vec<f64> {
    if values.len() <= columns {
        return values.to_vec();
    }
    let edge = |column: usize| column * values.len() / columns;
    let mean = |column: usize| {
        let part = values.get(edge(column)..edge(column + 1)).unwrap_or_default();
        let finite: Vec<f64> = part.iter().copied().filter(|value| value.is_finite()).collect();
        let count = finite.len() as f64;
        // NaN where there is none. Divided before they are added: the sum may be too great for a number.
        if finite.is_empty() { f64::NAN } else { finite.iter().map(|value| value / count).sum() }
    };
    (0..columns).map(mean).collect()
}

/// A share as a bar, `columns` wide at 1: eighths of a column, blanks behind it. What is more than nothing is seen, and only the
/// whole is drawn as the whole. A share that is no number is a gap.
pub fn bar(share: f64, columns: usize) -> String {
    if share.is_nan() {
        return format!("{GAP:<columns$}");
    }
    let eighths = columns * 8;
    let exact = share.clamp(0.0, 1.0) * eighths as f64;
    let least = usize::from(share > 0.0).min(eighths);
    let most = if share >= 1.0 { eighths } else { eighths.saturating_sub(1) };
    let drawn = (exact.round() as usize).clamp(least.min(most), most);
    let part = (drawn % 8).checked_sub(1).and_then(|width| WIDTHS.get(width));
    let text: String = std::iter::repeat_n('█', drawn / 8).chain(part.copied()).collect();
    format!("{text:<columns$}")
}
