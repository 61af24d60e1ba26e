//! How the values of a column are distributed: deciles, and how often each of a few values occurs.
//!
//! Values are keys: `u64`s in the order of the values. What comes out depends on the multiset of keys alone, not on the order
//! or the batches they came in. Knows neither tables nor what a key stands for.

/// Distinct keys that are counted one by one.
pub(super) const COUNTED: usize = 1 << 16;
/// Runs are merged up to this many keys, so that thousands of small batches stay few runs.
const SHORT: usize = 1 << 16;

/// A key, or the upper bits of keys, and how many there are.
type Count = (u64, u64);

/// A multiset of keys, in a form that depends on how many there are.
#[derive(Debug, Default)]
pub(super) struct Distribution {
    keys: u64,
    range: Option<(u64, u64)>,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Up to [`COUNTED`] distinct keys, ascending: exact, whatever the number of rows.
    Counted(Vec<Count>),
    /// More: those counted before, and all others as ascending runs. Exact.
    Runs { counted: Vec<Count>, runs: Vec<Vec<u64>> },
    /// More than may be held: keys without their lower `shift` bits, the fewest that leave [`COUNTED`] distinct ones.
    Coarse { counted: Vec<Count>, shift: u32 },
}

impl Default for Form {
    fn default() -> Self {
        Self::Counted(Vec::new())
    }
}

/// Eleven edges and ten counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edges {
    pub(super) keys: [u64; 11],
    pub(super) counts: [u64; 10],
    pub(super) exact: bool,
}

impl Distribution {
    /// Adds ascending keys.
    pub(super) fn add(&mut self, sorted: Vec<u64>) {
        let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return };
        self.keys += sorted.len() as u64;
        self.range = Some(self.range.map_or((first, last), |(low, high)| (low.min(first), high.max(last))));
        match &mut self.form {
            Form::Counted(counted) => match merged(counted, &counts(&sorted, 0), COUNTED) {
                Some(more) => *counted = more,
                None => self.form = Form::Runs { counted: std::mem::take(counted), runs: vec![sorted] },
            },
            Form::Runs { runs, .. } => match runs.last_mut() {
                Some(run) if run.len() + sorted.len() <= SHORT => {
                    run.extend(sorted);
                    run.sort();
                }
                _ => runs.push(sorted),
            },
            Form::Coarse { counted, shift } => {
                let more = counts(&sorted, *shift);
                coarsen(counted, shift, more);
            }
        }
    }

    /// Keys that take memory one by one. Of the whole multiset this depends on nothing but the multiset.
    pub(super) const fn held(&self) -> u64 {
        match self.form {
            Form::Counted(_) => 0,
            Form::Runs { .. } | Form::Coarse { .. } => self.keys,
        }
    }

    /// Gives up exactness, if there are keys that take memory one by one.
    pub(super) fn give_up_exactness(&mut self) {
        if let Form::Runs { counted, runs } = &mut self.form {
            let (mut coarse, mut shift) = (Vec::new(), 0);
            coarsen(&mut coarse, &mut shift, std::mem::take(counted));
            for run in std::mem::take(runs) {
                let more = counts(&run, shift);
                coarsen(&mut coarse, &mut shift, more);
            }
            self.form = Form::Coarse { counted: coarse, shift };
        }
    }

    /// Each distinct key and how often it occurs, ascending; none for more than [`COUNTED`].
    pub(super) fn counted(&self) -> Option<&[Count]> {
        match &self.form {
            Form::Counted(counted) => Some(counted),
            _ => None,
        }
    }

    /// Edge k is the smallest key that at least k tenths of all keys do not exceed, edge 0 the smallest key; count k is of
    /// the keys above edge k up to edge k + 1, those equal to edge 0 in the first. Of a coarse form the edges between the
    /// first and the last are the next larger keys whose lower bits are all ones; their counts are exact.
    pub(super) fn edges(&self) -> Option<Edges> {
        let (low, high) = self.range?;
        let cumulated = Cumulated::of(&self.form);
        let mut keys = [low; 11];
        let mut counts = [0; 10];
        let mut below = 0;
        for tenth in 1..=10_u64 {
            let rank = (u128::from(self.keys) * u128::from(tenth)).div_ceil(10) as u64;
            let edge = cumulated.select(rank, low, high);
            let up_to = cumulated.up_to(edge);
            keys[tenth as usize] = edge;
            counts[tenth as usize - 1] = up_to - below;
            below = up_to;
        }
        Some(Edges { keys, counts, exact: !matches!(self.form, Form::Coarse { .. }) })
    }
}

/// A form made ready to be asked how many keys are up to a key.
struct Cumulated<'a> {
    /// Keys without their lower bits, and how many keys there are up to them.
    counted: Vec<Count>,
    shift: u32,
    runs: &'a [Vec<u64>],
}

impl<'a> Cumulated<'a> {
    fn of(form: &'a Form) -> Self {
        let (counted, shift, runs): (_, _, &[Vec<u64>]) = match form {
            Form::Counted(counted) => (counted, 0, &[]),
            Form::Runs { counted, runs } => (counted, 0, runs),
            Form::Coarse { counted, shift } => (counted, *shift, &[]),
        };
        let sums = counted.iter().scan(0, |sum, (key, count)| {
            *sum += count;
            Some((*key, *sum))
        });
        Self { counted: sums.collect(), shift, runs }
    }

    /// How many keys do not exceed `key`, whose lower bits are ones if the form is coarse.
    fn up_to(&self, key: u64) -> u64 {
        let behind = self.counted.partition_point(|(known, _)| *known <= key >> self.shift);
        let counted = behind.checked_sub(1).map_or(0, |last| self.counted[last].1);
        counted + self.runs.iter().map(|run| run.partition_point(|known| *known <= key) as u64).sum::<u64>()
    }

    /// The smallest key between `low` and `high` that `rank` keys do not exceed.
    fn select(&self, rank: u64, low: u64, high: u64) -> u64 {
        let (mut low, mut high) = (low, high);
        let last = high;
        while low < high {
            let middle = low + (high - low) / 2;
            if self.up_to(middle) >= rank { high = middle } else { low = middle + 1 }
        }
        (low | ((1 << self.shift) - 1)).min(last)
    }
}

/// How often each of ascending keys occurs without its lower bits.
fn counts(sorted: &[u64], shift: u32) -> Vec<Count> {
    let chunks = sorted.chunk_by(|a, b| a >> shift == b >> shift);
    chunks.map(|equal| (equal[0] >> shift, equal.len() as u64)).collect()
}

/// Both together; none for more than `limit` keys.
fn merged(a: &[Count], b: &[Count], limit: usize) -> Option<Vec<Count>> {
    let mut both = Vec::with_capacity((a.len() + b.len()).min(limit));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (None, None) => return Some(both),
            (Some(x), Some(y)) if x.0 == y.0 => {
                let sum = (x.0, x.1 + y.1);
                a.next();
                b.next();
                sum
            }
            (Some(x), y) if y.is_none_or(|y| x.0 < y.0) => {
                let next = **x;
                a.next();
                next
            }
            (_, Some(y)) => {
                let next = **y;
                b.next();
                next
            }
            (Some(_), None) => return None,
        };
        if both.len() == limit {
            return None;
        }
        both.push(next);
    }
}

/// Adds `more`, which are without `shift` bits like those there are, and drops further bits of all until they fit.
fn coarsen(counted: &mut Vec<Count>, shift: &mut u32, more: Vec<Count>) {
    let mut both = merged(counted, &more, usize::MAX).unwrap_or_default();
    while both.len() > COUNTED {
        *shift += 1;
        both.dedup_by(|next, kept| {
            let same = next.0 >> 1 == kept.0 >> 1;
            if same {
                kept.1 += next.1;
            }
            same
        });
        both.iter_mut().for_each(|(key, _)| *key >>= 1);
    }
    *counted = both;
}
