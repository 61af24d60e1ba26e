//! Pairs of tensors, read block by block on all cores, and counted. Blocks are added in their order, whichever was read first.
//! At any time no more than two blocks are in memory for each core, and what a tensor holds that had to be unpacked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::held::Held;
use crate::compare::tensors::element::Element;
use crate::compare::tensors::sums::Sums;
use crate::compare::tensors::units::Units;
use crate::compare::tensors::{Tally, TensorFacts};
use crate::format::recipe::MAX_BLOCK;
use crate::progress::Progress;

/// Blocks that are read before their sums are added.
const AT_ONCE: usize = 256;

thread_local! {
    /// A block of either side: fresh memory for each costs more than to compare them.
    static BUFFERS: RefCell<[Vec<u8>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// What came out for each pair, by its number.
pub(super) type Results = BTreeMap<usize, Result<Option<Tally>, String>>;

/// Both sides of a pair.
struct Pair<'f> {
    number: usize,
    elements: [Element; 2],
    sides: [Held<'f>; 2],
}

/// A stretch of a pair: elements of numbers, bytes of units.
struct Task {
    pair: usize,
    first: u64,
    count: u64,
}

/// Pairs that wait to be read.
pub(super) struct Counting<'f, 'p> {
    progress: &'p dyn Progress,
    pairs: Vec<Pair<'f>>,
    tasks: Vec<Task>,
}

/// Whether there are as many elements on both sides, and they are of one kind.
pub(super) fn can_be(a: &TensorFacts, b: &TensorFacts) -> bool {
    match (a.element, b.element) {
        (Element::Number { .. }, Element::Number { .. }) => a.elements() == b.elements(),
        (Element::Unit { .. }, Element::Unit { .. }) => a.dtype == b.dtype && a.length == b.length,
        _ => false,
    }
}

impl<'f, 'p> Counting<'f, 'p> {
    pub(super) const fn new(progress: &'p dyn Progress) -> Self {
        Self { progress, pairs: Vec::new(), tasks: Vec::new() }
    }

    /// Adds a pair that [`can_be`] counted.
    pub(super) fn add(
        &mut self,
        number: usize,
        a: (&TensorFacts, Held<'f>),
        b: (&TensorFacts, Held<'f>),
        results: &mut Results,
    ) {
        let ((facts_a, a), (facts_b, b)) = (a, b);
        let elements = [facts_a.element, facts_b.element];
        let (all, most) = match elements {
            [Element::Number { number: a, .. }, Element::Number { number: b, .. }] => {
                (facts_b.elements(), u64::from(MAX_BLOCK) / a.width().max(b.width()) as u64)
            }
            _ => (facts_b.length, u64::from(MAX_BLOCK)),
        };
        let in_memory = !(a.is_in_file() && b.is_in_file());
        let pair = self.pairs.len();
        let mut first = 0;
        while first < all {
            let count = most.min(all - first);
            self.tasks.push(Task { pair, first, count });
            first += count;
        }
        self.pairs.push(Pair { number, elements, sides: [a, b] });
        // What is held in memory is let go of at once.
        if in_memory || self.tasks.len() >= AT_ONCE {
            self.finish(results);
        }
    }

    /// Reads what waits.
    pub(super) fn finish(&mut self, results: &mut Results) {
        let (pairs, tasks) = (std::mem::take(&mut self.pairs), std::mem::take(&mut self.tasks));
        for pair in &pairs {
            results.insert(pair.number, Ok(None));
        }
        for tasks in tasks.chunks(AT_ONCE) {
            let counted: Vec<_> = tasks
                .par_iter()
                .map(|task| {
                    let pair = &pairs[task.pair];
                    let mut buffers = BUFFERS.take();
                    let counted = pair.count(task, &mut buffers);
                    BUFFERS.set(buffers);
                    self.progress.advance(task.count * pair.unit());
                    (pair.number, counted)
                })
                .collect();
            for (number, counted) in counted {
                match (counted, results.get_mut(&number)) {
                    (Ok(tally), Some(Ok(Some(sum)))) => sum.add(&tally),
                    (Ok(tally), Some(Ok(empty))) => *empty = Some(tally),
                    (Ok(_), _) => {}
                    (Err(reason), _) => drop(results.insert(number, Err(reason))),
                }
            }
        }
    }
}

impl Pair<'_> {
    /// Bytes of `b` for each that a task counts.
    const fn unit(&self) -> u64 {
        match self.elements[1] {
            Element::Number { number, .. } => number.width() as u64,
            Element::Unit { .. } => 1,
        }
    }

    fn count(&self, task: &Task, buffers: &mut [Vec<u8>; 2]) -> Result<Tally, String> {
        let width = |element: Element| element.number().map_or(1, |number| number.width() as u64);
        let [element_a, element_b] = self.elements;
        let at = [task.first * width(element_a), task.first * width(element_b)];
        let length = [task.count * width(element_a), task.count * width(element_b)];
        let may_be_equal = element_a == element_b;
        let is_equal = self.read(at, length, may_be_equal, buffers)?;
        let [a, b] = buffers;
        match self.elements {
            [
                Element::Number { number: type_a, big_endian: swap_a },
                Element::Number { number: type_b, big_endian: swap_b },
            ] => {
                swap(a, swap_a, type_a.width() / type_a.parts());
                if is_equal {
                    return Ok(Tally::Numbers(Sums::of_equal(type_a, a)));
                }
                swap(b, swap_b, type_b.width() / type_b.parts());
                Ok(Tally::Numbers(Sums::of(type_a, a, type_b, b)))
            }
            _ if is_equal => Ok(Tally::Units(Units::of_equal(element_a.width(), at[0], length[0]))),
            _ => Ok(Tally::Units(Units::of(element_a.width(), at[0], a, b))),
        }
    }

    /// Reads both sides; whether they are known to be the same, and only the first buffer is filled.
    fn read(
        &self,
        at: [u64; 2],
        length: [u64; 2],
        may_be_equal: bool,
        buffers: &mut [Vec<u8>; 2],
    ) -> Result<bool, String> {
        let [side_a, side_b] = &self.sides;
        let [a, b] = buffers;
        let id_a = side_a.block_at(at[0], length[0]);
        let id_b = side_b.block_at(at[1], length[1]);
        match (id_a, id_b) {
            (Some(id_a), Some(id_b)) if may_be_equal && id_a == id_b => {
                side_a.read(at[0], length[0] as usize, None, a)?;
                return Ok(true);
            }
            // Whichever is a difference to the other is read after it.
            (Some(_), Some(id_b)) if side_a.rests_on(at[0], length[0], &id_b) => {
                side_b.read(at[1], length[1] as usize, None, b)?;
                side_a.read(at[0], length[0] as usize, Some((id_b, b)), a)?;
            }
            (Some(id_a), Some(_)) => {
                side_a.read(at[0], length[0] as usize, None, a)?;
                side_b.read(at[1], length[1] as usize, Some((id_a, a)), b)?;
            }
            // What is not stored is hashed: most of it is what was stored.
            (Some(id_a), None) if may_be_equal => {
                side_b.read(at[1], length[1] as usize, None, b)?;
                if *blake3::hash(b).as_bytes() == id_a {
                    std::mem::swap(a, b);
                    return Ok(true);
                }
                side_a.read(at[0], length[0] as usize, None, a)?;
            }
            (None, Some(id_b)) if may_be_equal => {
                side_a.read(at[0], length[0] as usize, None, a)?;
                if *blake3::hash(a).as_bytes() == id_b {
                    return Ok(true);
                }
                side_b.read(at[1], length[1] as usize, None, b)?;
            }
            _ => {
                side_a.read(at[0], length[0] as usize, None, a)?;
                side_b.read(at[1], length[1] as usize, None, b)?;
            }
        }
        Ok(false)
    }
}

/// The lowest byte of every number first.
fn swap(bytes: &mut [u8], is_needed: bool, width: usize) {
    if is_needed && width > 1 {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}
