//! Holding a store: whoever looks at its objects, or changes them, waits for those who are in the way, says so, and does not
//! wait for ever.
//!
//! Time is counted in the pauses between tries: a machine that slept meanwhile has not used up anybody's patience.

use std::fmt::Debug;
use std::time::Duration;

use super::disk::LOCK;
use super::{Lock, Store, StoreError};
use crate::progress::{Progress, Unit};

/// The first pause; each is twice the one before.
const SHORTEST: Duration = Duration::from_millis(5);
/// So late a lock that came free is noticed, at most.
const LONGEST: Duration = Duration::from_millis(250);
/// Most who are in the way are gone by then.
const SILENT: Duration = Duration::from_secs(1);
/// A training job that waits for a collection should not lose its snapshot; one that hangs should be noticed.
const LIMIT: Duration = Duration::from_secs(600);

/// A store that is held until this is dropped.
#[derive(Debug)]
pub struct Held<'s> {
    store: &'s Store,
    _lock: Box<dyn Debug + Send>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.store.index.let_go();
    }
}

impl Store {
    /// Holds the store, after everybody who is in the way has let go of it, for at most ten minutes; a longer wait than a
    /// second is told. Whatever was looked up before must be looked up again: packs and events may have moved.
    pub fn hold(&self, lock: Lock, progress: &dyn Progress) -> Result<Held<'_>, StoreError> {
        let mut waiting = Waiting { progress, waited: Duration::ZERO, told: None };
        let mut pause = SHORTEST;
        loop {
            if let Some(held) = self.backend.try_lock(lock)? {
                self.index.hold();
                return Ok(Held { store: self, _lock: held });
            }
            if waiting.waited >= LIMIT {
                let file = format!("{}/{LOCK}", self.backend.place());
                return Err(StoreError::Held { file, wanted: lock, waited: waiting.waited });
            }
            self.backend.pause(pause);
            waiting.add(pause);
            pause = (2 * pause).min(LONGEST);
        }
    }
}

/// A wait that is told, once it is a long one.
struct Waiting<'p> {
    progress: &'p dyn Progress,
    waited: Duration,
    /// How many seconds were told.
    told: Option<u64>,
}

impl Waiting<'_> {
    fn add(&mut self, time: Duration) {
        self.waited += time;
        if self.waited < SILENT {
            return;
        }
        let told = *self.told.get_or_insert_with(|| {
            self.progress.begin("waiting for another process to let go of the store", LIMIT.as_secs(), Unit::Seconds);
            0
        });
        self.progress.advance(self.waited.as_secs() - told);
        self.told = Some(self.waited.as_secs());
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.told.is_some() {
            self.progress.end();
        }
    }
}
