//! Which columns of a table stand where, and how wide each is.

use super::Align;

/// A name is not cut to less.
const NAME: usize = 12;
/// Sentences have at least so much room beside other columns.
const PROSE: usize = 28;
/// What is left out for room is not shown in less.
const SPARE: usize = 12;
/// What stands below its row is set in by this much.
pub(super) const BELOW: usize = 4;
/// Between columns, where there is room, and where there is not.
const GAPS: [usize; 2] = [2, 1];

/// A part of a table: columns beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// The columns, and how wide each is.
    pub(super) columns: Vec<(usize, usize)>,
    /// Blanks between them.
    pub(super) gap: usize,
    /// A column that stands below each row.
    pub(super) below: Option<usize>,
    /// How many columns the whole table has.
    pub(super) of: usize,
}

impl Layout {
    /// All columns as wide as they are, closer together where that is enough for `room`.
    pub(super) fn whole(widths: Vec<usize>, room: usize) -> Self {
        let of = widths.len();
        let columns: Vec<(usize, usize)> = widths.into_iter().enumerate().collect();
        let gap = GAPS.into_iter().find(|gap| total(&columns, *gap) <= room).unwrap_or(GAPS[0]);
        Self { columns, gap, below: None, of }
    }

    /// Whether a row has anything here but its name.
    pub(super) fn has_more(&self, row: &[String], keys: usize) -> bool {
        let own = self.columns.iter().filter(|(column, _)| *column >= keys);
        own.filter_map(|(column, _)| row.get(*column)).any(|cell| !cell.is_empty())
    }
}

fn total(columns: &[(usize, usize)], gap: usize) -> usize {
    columns.iter().map(|(_, width)| width + gap).sum::<usize>().saturating_sub(gap)
}

/// The parts of a table whose columns are so wide, in `room`.
pub(super) fn layout(widths: &[usize], align: &[Align], keys: usize, room: usize) -> Vec<Layout> {
    let of = widths.len();
    let new = |columns, gap, below| Layout { columns, gap, below, of };
    // What holds nothing is not shown.
    let mut columns: Vec<(usize, usize)> =
        widths.iter().copied().enumerate().filter(|(column, width)| *width > 0 || *column < keys).collect();
    let last = columns.last().and_then(|(column, _)| align.get(*column)).copied().unwrap_or(Align::Left);
    if let Some(gap) = GAPS.into_iter().find(|gap| total(&columns, *gap) <= room) {
        return vec![new(columns, gap, None)];
    }
    if last == Align::Spare
        && let Some((column, _)) = columns.pop()
    {
        for gap in GAPS {
            let left = room.saturating_sub(total(&columns, gap) + gap);
            if left >= SPARE {
                columns.push((column, left));
                return vec![new(columns, gap, None)];
            }
        }
        if let Some(gap) = GAPS.into_iter().find(|gap| total(&columns, *gap) <= room) {
            return vec![new(columns, gap, None)];
        }
    }
    let is_prose = last == Align::Left && columns.last().is_some_and(|(column, _)| column + 1 == of) && of > keys;
    if let Some((fit, gap)) = beside(&columns, align, is_prose, room) {
        return vec![new(fit, gap, None)];
    }
    if is_prose && let Some((below, rest)) = columns.split_last() {
        let fit = GAPS.into_iter().find(|gap| total(rest, *gap) <= room).map(|gap| (rest.to_vec(), gap));
        if let Some((fit, gap)) = fit.or_else(|| cut(rest, align, room)) {
            return vec![new(fit, gap, Some(below.0))];
        }
    }
    in_parts(&columns, align, keys, room).into_iter().map(|columns| new(columns, GAPS[1], None)).collect()
}

/// All columns beside each other: sentences in what is left, then names cut.
fn beside(
    columns: &[(usize, usize)],
    align: &[Align],
    is_prose: bool,
    room: usize,
) -> Option<(Vec<(usize, usize)>, usize)> {
    let (last, rest) = columns.split_last()?;
    let least = PROSE.min(room / 2).min(last.1);
    if !is_prose {
        return cut(columns, align, room);
    }
    for gap in GAPS {
        let left = room.saturating_sub(total(rest, gap) + gap);
        if left >= least {
            let prose = (last.0, left.min(last.1));
            return Some((rest.iter().copied().chain([prose]).collect(), gap));
        }
    }
    let (rest, gap) = cut(rest, align, room.saturating_sub(GAPS[0] + least))?;
    let left = room.saturating_sub(total(&rest, gap) + gap);
    Some((rest.into_iter().chain([(last.0, left.min(last.1))]).collect(), gap))
}

/// Names cut, the longest first, until there is room.
fn cut(columns: &[(usize, usize)], align: &[Align], room: usize) -> Option<(Vec<(usize, usize)>, usize)> {
    let is_name = |column: usize| align.get(column) == Some(&Align::Left);
    let cut_to = |gap: usize| {
        let mut columns = columns.to_vec();
        while total(&columns, gap) > room {
            let names = columns.iter_mut().filter(|(column, width)| is_name(*column) && *width > NAME);
            names.max_by_key(|(_, width)| *width)?.1 -= 1;
        }
        Some((columns, gap))
    };
    GAPS.into_iter().find_map(cut_to)
}

/// Parts one below the other, each with the columns that name its rows. What is too wide by itself stands alone.
fn in_parts(columns: &[(usize, usize)], align: &[Align], keys: usize, room: usize) -> Vec<Vec<(usize, usize)>> {
    let narrow = |(column, width): &(usize, usize), most: usize| {
        let is_name = align.get(*column) == Some(&Align::Left);
        (*column, if is_name { (*width).min(most) } else { *width })
    };
    let (keys, others) = columns.split_at(columns.iter().filter(|(column, _)| *column < keys).count());
    let keys: Vec<(usize, usize)> = keys.iter().map(|key| narrow(key, NAME.max(room / 3))).collect();
    let mut parts: Vec<Vec<(usize, usize)>> = vec![keys.clone()];
    for column in others {
        let column = narrow(column, NAME.max(room / 2));
        let Some(part) = parts.last_mut() else { continue };
        if part.len() > keys.len() && total(part, GAPS[1]) + GAPS[1] + column.1 > room {
            parts.push(keys.iter().copied().chain([column]).collect());
        } else {
            part.push(column);
        }
    }
    parts
}
