//! Values that somebody chose, and versions.

use mlrun::compare::Item;
use mlrun::format::scalar::Scalar;

use super::super::super::{Style, clean};
use super::super::exact;
use super::items::both;

pub(super) fn value_line(item: &Item<Scalar>, _: &Style) -> Vec<String> {
    both(item.a.as_ref().map(exact), item.b.as_ref().map(exact))
}

pub(super) fn text_line(item: &Item<String>, _: &Style) -> Vec<String> {
    let show = |value: &Option<String>| value.as_ref().map(|v| clean(&v.chars().take(40).collect::<String>()));
    both(show(&item.a), show(&item.b))
}
