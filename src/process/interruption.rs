//! Being asked to end while something of ours is to be put in order first. Whoever asks twice does not wait for it.

#[cfg(unix)]
use self::unix::{Flags, flags};

/// From its beginning to its end a signal that asks us to end is noted, and does not end us by itself.
#[derive(Debug)]
pub struct Interruption {
    /// None where the system refuses: a signal does what it always does.
    #[cfg(unix)]
    flags: Option<&'static Flags>,
}

impl Interruption {
    /// Notes signals from here on. There is one at a time: signals are the process's.
    pub fn begin() -> Self {
        Self {
            #[cfg(unix)]
            flags: flags().inspect(|flags| flags.hold()),
        }
    }

    /// The signal that asked us to end.
    pub fn signal(&self) -> Option<i32> {
        #[cfg(unix)]
        return self.flags.and_then(Flags::signal);
        #[cfg(not(unix))]
        return None;
    }
}

#[cfg(unix)]
impl Drop for Interruption {
    fn drop(&mut self) {
        if let Some(flags) = self.flags {
            flags.release();
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock};

    use signal_hook::flag;

    use crate::process::signals;

    #[derive(Debug)]
    pub(super) struct Flags {
        /// Whether the next signal does what it always does.
        ends: Arc<AtomicBool>,
        /// The signal that came; 0: none.
        came: Arc<AtomicUsize>,
    }

    pub(super) fn flags() -> Option<&'static Flags> {
        static FLAGS: OnceLock<Option<Flags>> = OnceLock::new();
        FLAGS.get_or_init(|| Flags::registered().ok()).as_ref()
    }

    impl Flags {
        /// While only a part of it is registered, signals do what they always do.
        fn registered() -> io::Result<Self> {
            let flags = Self { ends: Arc::new(AtomicBool::new(true)), came: Arc::default() };
            for signal in signals::that_end() {
                // In this order: they are called in the order they were registered, and the first signal must not end us.
                flag::register_conditional_default(signal, Arc::clone(&flags.ends))?;
                flag::register_usize(signal, Arc::clone(&flags.came), usize::try_from(signal).unwrap_or_default())?;
                flag::register(signal, Arc::clone(&flags.ends))?;
            }
            Ok(flags)
        }

        pub(super) fn hold(&self) {
            self.came.store(0, Ordering::SeqCst);
            self.ends.store(false, Ordering::SeqCst);
        }

        pub(super) fn release(&self) {
            self.ends.store(true, Ordering::SeqCst);
        }

        pub(super) fn signal(&self) -> Option<i32> {
            i32::try_from(self.came.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
        }
    }
}
