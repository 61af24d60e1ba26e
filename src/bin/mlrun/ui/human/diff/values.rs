//! Values that somebody chose.

use mlrun::compare::Item;
use mlrun::format::scalar::Scalar;

use super::super::super::Style;
use super::super::exact;
use super::items::both;

pub(super) fn value_line(item: &Item<Scalar>, _: &Style) -> Vec<String> {
    both(item.a.as_ref().map(exact), item.b.as_ref().map(exact))
}
