//! A backend that fails when told to: at the n-th operation that changes something, for any n. Or on which somebody else is
//! at work: in the way for a while, or first.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlrun::store::backend::{Backend, BackendError, Entry, Lock, Opened, Published, Staged};

/// The disk is full.
pub const ENOSPC: i32 = if cfg!(windows) { 112 } else { 28 };
/// The device failed.
pub const EIO: i32 = if cfg!(windows) { 1117 } else { 5 };

/// What goes wrong, and when. Operations that change something are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    Never,
    /// The n-th does nothing and fails; those after it work: a disk that was full for a moment.
    Once(u64),
    /// The n-th and all after it do nothing and fail: the process is as good as dead.
    Freeze(u64),
    /// No cache can be written or removed: a store nobody may write to but for its journal.
    Caches,
    /// The n-th is done, and fails all the same: the answer was lost, or an fsync failed after the fact.
    Unheard(u64),
}

#[derive(Debug)]
struct Plan {
    fault: Mutex<Fault>,
    count: AtomicU64,
    os_error: i32,
    log: Mutex<Vec<String>>,
}

enum Turn {
    Go,
    Refuse,
    GoAndDeny,
}

impl Plan {
    fn turn(&self, what: &str) -> Turn {
        let n = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.log.lock().unwrap().push(what.to_owned());
        match *self.fault.lock().unwrap() {
            Fault::Once(at) if n == at => Turn::Refuse,
            Fault::Freeze(at) if n >= at => Turn::Refuse,
            Fault::Unheard(at) if n == at => Turn::GoAndDeny,
            Fault::Caches if what.starts_with("cache") || what.starts_with("remove_cache") => Turn::Refuse,
            _ => Turn::Go,
        }
    }

    fn run<T>(
        &self,
        action: &'static str,
        name: &str,
        work: impl FnOnce() -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let refused = || {
            let source = io::Error::from_raw_os_error(self.os_error);
            BackendError::Io { action, place: "faulty".to_owned(), name: name.to_owned(), source }
        };
        match self.turn(&format!("{action} {name}")) {
            Turn::Go => work(),
            Turn::Refuse => Err(refused()),
            Turn::GoAndDeny => work().and_then(|_| Err(refused())),
        }
    }
}

/// Another backend, with faults.
pub struct Faulty {
    inner: Arc<dyn Backend>,
    plan: Arc<Plan>,
    /// What somebody else does, and before which operation.
    deed: Mutex<Option<(&'static str, Deed)>>,
    /// So many tries for a lock find somebody in the way.
    refusals: AtomicU64,
    pauses: Mutex<Vec<Duration>>,
    asked: Asked,
}

type Deed = Box<dyn FnOnce() + Send>;
/// Is told `operation name` before it is done, and may refuse it.
type Asked = Arc<dyn Fn(&str) -> Result<(), io::ErrorKind> + Send + Sync>;

impl Faulty {
    /// `inner`, without faults so far.
    pub fn over(inner: Arc<dyn Backend>) -> Self {
        Self::with_error(inner, ENOSPC)
    }

    /// The same, with this error of the system.
    pub fn with_error(inner: Arc<dyn Backend>, os_error: i32) -> Self {
        let plan =
            Plan { fault: Mutex::new(Fault::Never), count: AtomicU64::new(0), os_error, log: Mutex::new(Vec::new()) };
        let (deed, refusals, pauses) = (Mutex::new(None), AtomicU64::new(0), Mutex::default());
        Self { inner, plan: Arc::new(plan), deed, refusals, pauses, asked: Arc::new(|_| Ok(())) }
    }

    /// `inner`, whose every operation `asked` hears of, as `read NAME`, and may refuse.
    pub fn asking(
        inner: Arc<dyn Backend>,
        asked: impl Fn(&str) -> Result<(), io::ErrorKind> + Send + Sync + 'static,
    ) -> Self {
        Self { asked: Arc::new(asked), ..Self::over(inner) }
    }

    fn ask(&self, action: &'static str, name: &str) -> Result<(), BackendError> {
        (self.asked)(&format!("{action} {name}")).map_err(|kind| BackendError::Io {
            action,
            place: self.place(),
            name: name.to_owned(),
            source: kind.into(),
        })
    }

    /// From here on, counting anew, this goes wrong.
    pub fn set(&self, fault: Fault) {
        *self.plan.fault.lock().unwrap() = fault;
        self.plan.count.store(0, Ordering::SeqCst);
        self.plan.log.lock().unwrap().clear();
    }

    /// The n-th operation fails, later ones work.
    pub fn fail_at(&self, n: u64) {
        self.set(Fault::Once(n));
    }

    /// The n-th operation and all later ones fail.
    pub fn freeze_at(&self, n: u64) {
        self.set(Fault::Freeze(n));
    }

    /// Just before the next operation that begins so, or the next `lock`, somebody else does this.
    pub fn meddle(&self, before: &'static str, deed: impl FnOnce() + Send + 'static) {
        *self.deed.lock().unwrap() = Some((before, Box::new(deed)));
    }

    fn now_comes(&self, operation: &str) {
        let deed = self.deed.lock().unwrap().take_if(|(before, _)| operation.starts_with(*before));
        if let Some((_, deed)) = deed {
            deed();
        }
    }

    /// Somebody is in the way for so many tries.
    pub fn held_for(&self, tries: u64) {
        self.refusals.store(tries, Ordering::SeqCst);
    }

    /// How long was waited between tries.
    pub fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }

    /// Operations that change something so far.
    pub fn count(&self) -> u64 {
        self.plan.count.load(Ordering::SeqCst)
    }

    /// Which they were.
    pub fn log(&self) -> Vec<String> {
        self.plan.log.lock().unwrap().clone()
    }
}

struct FaultyStaged {
    inner: Box<dyn Staged>,
    plan: Arc<Plan>,
}

impl Staged for FaultyStaged {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        let plan = Arc::clone(&self.plan);
        plan.run("append", "", || self.inner.append(bytes))
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
        self
    }
}

struct FaultyOpened {
    inner: Box<dyn Opened>,
    name: String,
    asked: Asked,
}

impl Opened for FaultyOpened {
    fn length(&self) -> u64 {
        self.inner.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (self.asked)(&format!("read_opened {}", self.name))?;
        self.inner.read_at(offset, buffer)
    }
}

impl Backend for Faulty {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, BackendError> {
        self.ask("read", name)?;
        self.inner.read(name, limit)
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), BackendError> {
        self.ask("read_at", name)?;
        self.inner.read_at(name, offset, buffer)
    }

    fn open(&self, name: &str) -> Result<Box<dyn Opened>, BackendError> {
        self.ask("open", name)?;
        let (inner, name, asked) = (self.inner.open(name)?, name.to_owned(), Arc::clone(&self.asked));
        Ok(Box::new(FaultyOpened { inner, name, asked }))
    }

    fn length(&self, name: &str) -> Result<Option<u64>, BackendError> {
        self.ask("length", name)?;
        self.inner.length(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, BackendError> {
        self.ask("list", folder)?;
        self.inner.list(folder)
    }

    fn stage(&self) -> Result<Box<dyn Staged>, BackendError> {
        let inner = self.plan.run("stage", "", || self.inner.stage())?;
        Ok(Box::new(FaultyStaged { inner, plan: Arc::clone(&self.plan) }))
    }

    fn scratch(&self) -> io::Result<File> {
        self.inner.scratch()
    }

    fn publish(&self, staged: Box<dyn Staged>, name: &str) -> Result<(), BackendError> {
        self.ask("publish", name)?;
        let staged = staged.into_any().downcast::<FaultyStaged>().expect("staged by the same backend");
        self.plan.run("publish", name, || self.inner.publish(staged.inner, name))
    }

    fn publish_new(&self, name: &str, bytes: &[u8]) -> Result<Published, BackendError> {
        self.ask("publish_new", name)?;
        self.now_comes(&format!("publish_new {name}"));
        self.plan.run("publish_new", name, || self.inner.publish_new(name, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), BackendError> {
        self.ask("rename", from)?;
        self.plan.run("rename", from, || self.inner.rename(from, to))
    }

    fn erase(&self, name: &str) -> Result<(), BackendError> {
        self.ask("erase", name)?;
        self.plan.run("erase", name, || self.inner.erase(name))
    }

    fn settle(&self, folder: &str) -> Result<(), BackendError> {
        self.ask("settle", folder)?;
        self.plan.run("settle", folder, || self.inner.settle(folder))
    }

    fn cache(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError> {
        self.ask("cache", name)?;
        self.plan.run("cache", name, || self.inner.cache(name, bytes))
    }

    fn remove_cache(&self, name: &str) -> Result<(), BackendError> {
        self.ask("remove_cache", name)?;
        self.plan.run("remove_cache", name, || self.inner.remove_cache(name))
    }

    fn free(&self) -> Option<u64> {
        self.inner.free()
    }

    fn try_lock(&self, lock: Lock) -> Result<Option<Box<dyn Debug + Send>>, BackendError> {
        let refused = self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() {
            return Ok(None);
        }
        self.now_comes("lock");
        self.inner.try_lock(lock)
    }

    fn pause(&self, time: Duration) {
        self.pauses.lock().unwrap().push(time);
    }
}
