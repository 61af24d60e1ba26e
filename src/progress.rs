//! What long work reports while it runs; the library itself never prints.

/// Receives the progress of one operation. Called from several threads.
pub trait Progress: Sync {
    /// A step with `total` bytes or items begins; 0 where the amount is unknown.
    fn begin(&self, step: &str, total: u64, unit: Unit);
    /// `amount` more is done.
    fn advance(&self, amount: u64);
    /// The step is over.
    fn end(&self);
    /// Something a person should know at once, in one line: a command of theirs is started.
    fn tell(&self, line: &str) {
        let _ = line;
    }
}

/// What a step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Files, objects, rows, resamples.
    Items,
    /// Seconds of a wait; the total is how long it may last.
    Seconds,
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64, _: Unit) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
