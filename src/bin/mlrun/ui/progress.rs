//! Progress of long work: a bar on a terminal after a quarter of a second, a line now and then in CI, nothing when quiet.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mlrun::progress::{Progress, Unit};

const DELAY: Duration = Duration::from_millis(250);
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Reports on standard error.
pub struct Reporter {
    silent: bool,
    terminal: bool,
    step: Mutex<Option<Step>>,
}

struct Step {
    name: String,
    total: u64,
    unit: Unit,
    done: u64,
    began: Instant,
    spoke: Instant,
    bar: Option<ProgressBar>,
}

impl Reporter {
    /// Reports, or stays silent.
    pub fn new(silent: bool) -> Self {
        Self { silent, terminal: io::stderr().is_terminal(), step: Mutex::new(None) }
    }
}

impl Progress for Reporter {
    fn begin(&self, step: &str, total: u64, unit: Unit) {
        if self.silent {
            return;
        }
        let now = Instant::now();
        let step = Step { name: step.to_owned(), total, unit, done: 0, began: now, spoke: now, bar: None };
        if let Ok(mut slot) = self.step.lock() {
            *slot = Some(step);
        }
    }

    fn advance(&self, amount: u64) {
        if self.silent {
            return;
        }
        let Ok(mut slot) = self.step.lock() else { return };
        let Some(step) = slot.as_mut() else { return };
        step.done += amount;
        if !self.terminal {
            if step.spoke.elapsed() >= LINE_EVERY {
                step.spoke = Instant::now();
                let line = format!("{}: {}\n", step.name, step.amount());
                // A lost line of progress is no loss.
                let _ = io::stderr().write_all(line.as_bytes());
            }
            return;
        }
        if step.bar.is_none() && step.began.elapsed() >= DELAY {
            step.bar = Some(step.new_bar());
        }
        if let Some(bar) = &step.bar {
            bar.set_position(step.done);
        }
    }

    fn tell(&self, line: &str) {
        if !self.silent {
            // A lost line is no loss.
            let _ = io::stderr().write_all(format!("{}\n", super::clean(line)).as_bytes());
        }
    }

    fn end(&self) {
        if let Ok(mut slot) = self.step.lock()
            && let Some(step) = slot.take()
            && let Some(bar) = step.bar
        {
            bar.finish_and_clear();
        }
    }
}

impl Step {
    fn amount(&self) -> String {
        match self.unit {
            Unit::Bytes if self.total > 0 => format!("{} of {}", super::bytes(self.done), super::bytes(self.total)),
            Unit::Bytes => super::bytes(self.done),
            Unit::Items if self.total > 0 => format!("{} of {}", self.done, self.total),
            Unit::Items => self.done.to_string(),
            Unit::Seconds => format!("{} s, {} s at most", self.done, self.total),
        }
    }

    fn new_bar(&self) -> ProgressBar {
        let target = ProgressDrawTarget::stderr_with_hz(20);
        let bar = if self.total > 0 { ProgressBar::new(self.total) } else { ProgressBar::no_length() };
        bar.set_draw_target(target);
        let template = match (self.unit, self.total > 0) {
            (Unit::Bytes, true) => "{msg:<22} {bar:24} {binary_bytes:>11} of {binary_total_bytes} {eta:>4}",
            (Unit::Bytes, false) => "{msg:<22} {spinner} {binary_bytes}",
            (Unit::Seconds, _) => "{msg} {spinner} {pos} s, {len} s at most",
            (Unit::Items, true) => "{msg:<22} {bar:24} {pos} of {len}",
            (Unit::Items, false) => "{msg:<22} {spinner} {pos}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(self.name.clone());
        bar
    }
}
