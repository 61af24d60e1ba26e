//! Values that somebody chose: what is different about them is what is shown, however long they and their names are.

use mlrun::compare::Item;
use mlrun::format::scalar::Scalar;

use super::super::super::terminal::width;
use super::super::super::{Align, Style, Table, clean};
use super::super::{cut, shortened};
use super::items::{MOST, both, mark, more};

/// The widest name.
const NAME: usize = 28;
/// Columns of a line that neither the name nor a value takes.
const BETWEEN: usize = 13;
/// No value is cut to less, and none shown wider.
const VALUE: (usize, usize) = (12, 32);
/// Characters before the first that is different.
const AHEAD: usize = 6;

/// A line for each.
pub(super) fn values(items: &[Item<Scalar>], style: &Style) -> String {
    let shown = items.get(..MOST).unwrap_or(items);
    let name = |item: &Item<Scalar>| shortened(&clean(&item.name), NAME);
    let names = shown.iter().map(|item| name(item).chars().count()).max().unwrap_or(0);
    let room = (width().saturating_sub(BETWEEN + names) / 2).clamp(VALUE.0, VALUE.1);
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left, Align::Right]);
    for item in shown {
        let text = |value: &Option<Scalar>| value.as_ref().map(|value| clean(&value.to_string()));
        let (a, b) = apart(text(&item.a), text(&item.b), room);
        table.row([mark(&item.change, style), name(item)].into_iter().chain(both(a, b)));
    }
    table.render(2) + &more(items.len())
}

/// Both values in so much room. Two that begin alike for longer than that are shown from shortly before they differ.
fn apart(a: Option<String>, b: Option<String>, room: usize) -> (Option<String>, Option<String>) {
    let (Some(a), Some(b)) = (&a, &b) else {
        return (a.map(|a| cut(&a, room)), b.map(|b| cut(&b, room)));
    };
    let alike = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let shown = |text: &str| match alike.checked_sub(AHEAD) {
        Some(skipped @ 1..) if alike + 1 >= room => {
            cut(&std::iter::once('…').chain(text.chars().skip(skipped)).collect::<String>(), room)
        }
        _ => cut(text, room),
    };
    (Some(shown(a)), Some(shown(b)))
}
