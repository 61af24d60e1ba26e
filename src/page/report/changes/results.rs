//! What changed in results: files by name, notebooks by cell, samples by their quantiles.

use super::super::super::diff::signed;
use super::super::super::html::{Document, Text, Tone, number, words};
use super::{MOST, MOST_FILES, cut, cut_code, file, how, look_inside};
use crate::certify::wording::{grouped, significant};
use crate::compare::{Change, Diff, FileFacts, Inside, Item, SamplesDiff};

pub(super) fn section(page: &mut Document, diff: &Diff) {
    let found = &diff.of_results;
    let others = diff.other_results();
    let shown = |value: &Option<FileFacts>| value.as_ref().map_or_else(Text::default, file);
    let row = |item: &Item<FileFacts>| {
        let why = match found.inside.get(&item.name) {
            Some(Inside::Opaque(why)) if why != "binary" => cut(why),
            _ => Text::default(),
        };
        vec![cut_code(&item.name), how(&item.change), shown(&item.a), shown(&item.b), why]
    };
    let rows: Vec<Vec<Text>> = found.files().iter().chain(&others).map(row).collect();
    page.long_table("Results", &[words("Name"), words("How"), words("Was"), words("Is"), words("")], &rows, MOST);
    // Of a file that is all new or all gone its size says enough.
    for item in found.files().iter().filter(|item| item.change == Change::Changed).take(MOST_FILES) {
        look_inside(page, &item.name, found.inside.get(&item.name));
    }
    if !found.elsewhere.is_empty() {
        let named = found.elsewhere.iter().take(MOST_FILES);
        let named = named.map(|(item, what)| cut_code(&item.name).then(&cut(&format!(" ({what})"))));
        page.paragraph(&Text::plain("Compared by what is in them: ").then(&Text::list(named)));
    }
    found.samples.iter().for_each(|set| samples(page, set));
}

fn samples(page: &mut Document, set: &SamplesDiff) {
    let [a, b] = set.known();
    if a.is_none() && b.is_none() {
        page.paragraph(
            &Text::plain("Samples ").then(&cut_code(&set.set)).then(&Text::plain(" ")).then(&how(&set.change)),
        );
    } else {
        let value = |value: Option<f64>| value.map_or_else(Text::default, |value| Text::plain(&significant(value)));
        let size = |side: Option<u64>| side.map_or_else(Text::default, |n| Text::plain(&grouped(n)));
        let none = Text::default;
        let mut rows = vec![vec![
            Text::plain("samples"),
            size(a.map(|facts| facts.n)),
            size(b.map(|facts| facts.n)),
            none(),
            none(),
        ]];
        rows.extend(set.quantiles().iter().map(|quantile| {
            let delta = quantile.delta().map_or_else(Text::default, |delta| Text::plain(&signed(delta)));
            let part = quantile.relative().map(|part| Text::plain(&format!("{} %", signed(100.0 * part))));
            vec![Text::plain(&quantile.name()), value(quantile.a), value(quantile.b), delta, part.unwrap_or_default()]
        }));
        let columns = [words("Quantile"), number("Was"), number("Is"), number("Difference"), number("Of what it was")];
        page.table(&format!("Samples of {} ({})", set.set, set.column), &columns, &rows);
    }
    for reason in set.reasons() {
        page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&cut(&format!("{}: not compared: {reason}", set.set))));
    }
}
