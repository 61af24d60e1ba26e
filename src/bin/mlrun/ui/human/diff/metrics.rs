//! Metrics.

use mlrun::compare::Item;
use mlrun::format::scalar::Scalar;

use super::super::super::{Label, Style};
use super::super::measured;
use super::items::both;

pub(super) fn metric_line(item: &Item<Scalar>, style: &Style) -> Vec<String> {
    let show = |value: &Option<Scalar>| value.as_ref().map(|v| measured(v, style));
    let mut cells = both(show(&item.a), show(&item.b));
    if let (Some(a), Some(b)) = (item.a.as_ref().and_then(Scalar::finite), item.b.as_ref().and_then(Scalar::finite)) {
        let delta = b - a;
        let sign = if delta >= 0.0 { "+" } else { "" };
        cells.push(style.paint(Label::Dim, &format!("({sign}{})", style.number(delta))));
    }
    cells
}
