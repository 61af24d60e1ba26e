//! A clock that stands still until it is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mlrun::clock::{Clock, Time};

/// A clock for tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock at 2026-03-01T12:00:00Z.
    pub fn new() -> Arc<Self> {
        Self::at("2026-03-01T12:00:00Z")
    }

    /// A clock at `time`.
    pub fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(self::time(time).milliseconds())))
    }

    /// Moves it forward.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Moves it anywhere, back included.
    pub fn set(&self, time: Time) {
        self.0.store(time.milliseconds(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Time {
        Time::from_milliseconds(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Reads a time.
pub fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}
