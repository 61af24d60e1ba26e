//! What models run in, as facts that compare one by one.

use std::collections::BTreeMap;
use std::fmt;

use super::Diff;
use super::item::{Change, Item};
use super::versions::{Size, Step, step};
use crate::format::observation::{ObservationRecord, PYTHON};
use crate::format::snapshot::EnvironmentRecord;

/// Something a model runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFact {
    /// What it is.
    pub kind: EnvironmentKind,
    /// The language of a runtime or package: `python`.
    pub language: Option<String>,
    /// Its version; of a lock file its SHA-256, of a variable or an image what it is set to.
    pub value: String,
    /// Where a package comes from, if that is no index.
    pub origin: Option<String>,
}

/// The interpreter that an environment was looked at with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The folder it is installed in; none where that was not recorded.
    pub prefix: Option<String>,
    /// What it is and why it was chosen, in a sentence.
    pub chosen: String,
}

impl Interpreter {
    /// As an observation has it.
    pub fn of(observation: &ObservationRecord) -> Option<Self> {
        let prefix = observation.paths.get(PYTHON).cloned();
        observation.interpreter.clone().map(|chosen| Self { prefix, chosen })
    }

    /// Whether both are known to be one.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.prefix, &other.prefix) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.chosen == other.chosen,
        }
    }
}

/// More packages that another interpreter has are counted, not listed.
const LISTED: usize = 10;

impl Diff {
    /// What is different in the environment, by itself, and because another interpreter was looked at: all its packages are others then.
    pub fn environment_parts(&self) -> (Vec<&Item<EnvironmentFact>>, Vec<&Item<EnvironmentFact>>) {
        let of_interpreter = |item: &&Item<EnvironmentFact>| {
            let language = item.one().and_then(|fact| fact.language.as_deref());
            item.kind() == Some(EnvironmentKind::Package) && matches!(language, Some("python" | "conda"))
        };
        let (theirs, own): (Vec<_>, Vec<_>) = self.environment.iter().partition(of_interpreter);
        if self.interpreters.is_some() && theirs.len() > LISTED {
            (own, theirs)
        } else {
            (self.environment.iter().collect(), Vec::new())
        }
    }
}

/// What kind of thing a model runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentKind {
    /// An interpreter or a compiler.
    Runtime,
    /// A package.
    Package,
    /// A container image.
    Image,
    /// A lock file.
    Lock,
    /// A variable.
    Variable,
}

impl EnvironmentKind {
    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Package => "package",
            Self::Image => "image",
            Self::Lock => "lock",
            Self::Variable => "variable",
        }
    }
}

impl fmt::Display for EnvironmentFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.as_ref().map_or_else(String::new, |origin| format!(" ({origin})"));
        write!(f, "{}{origin}", self.value)
    }
}

impl Item<EnvironmentFact> {
    /// The one there is, the later of two.
    fn one(&self) -> Option<&EnvironmentFact> {
        self.b.as_ref().or(self.a.as_ref())
    }

    /// What it is.
    pub fn kind(&self) -> Option<EnvironmentKind> {
        self.one().map(|fact| fact.kind)
    }

    /// From which version to which; none where it is not a runtime or a package in both, or the version is the same.
    pub fn step(&self) -> Option<Step> {
        let (a, b) = (self.a.as_ref()?, self.b.as_ref()?);
        let language = a.language.as_deref().filter(|_| a.value != b.value)?;
        Some(step(language, &a.value, &b.value))
    }

    /// Whether it comes from elsewhere now.
    pub fn has_other_origin(&self) -> bool {
        matches!((&self.a, &self.b), (Some(a), Some(b)) if a.origin != b.origin)
    }

    /// What is read first: the smaller, the sooner.
    pub fn rank(&self) -> impl Ord {
        let far = match (self.step().and_then(Step::size), &self.change) {
            (Some(Size::Major), _) => 0,
            (_, Change::Added | Change::Removed | Change::Renamed(_)) => 2,
            (Some(Size::Minor), _) => 1,
            _ if self.has_other_origin() => 3,
            (Some(Size::Patch), _) => 4,
            (Some(Size::Rest), _) => 5,
            (None, Change::Changed) => 6,
        };
        let kind = self.kind();
        (kind != Some(EnvironmentKind::Runtime), kind > Some(EnvironmentKind::Package), far, kind)
    }
}

/// Runtimes, packages, lock files, variables by name.
pub(super) fn environment_facts(environment: &EnvironmentRecord) -> BTreeMap<String, EnvironmentFact> {
    let mut facts = BTreeMap::new();
    let fact = |kind, value: &str| EnvironmentFact { kind, language: None, value: value.to_owned(), origin: None };
    for runtime in &environment.runtimes {
        let language = Some(runtime.language.clone());
        let version = runtime.version.as_deref().unwrap_or("unknown");
        let itself = EnvironmentFact { language: language.clone(), ..fact(EnvironmentKind::Runtime, version) };
        facts.insert(runtime.language.clone(), itself);
        for (name, version) in &runtime.packages {
            let origin = runtime.origins.get(name).cloned();
            let package =
                EnvironmentFact { language: language.clone(), origin, ..fact(EnvironmentKind::Package, version) };
            facts.insert(format!("{}:{name}", runtime.language), package);
        }
    }
    for lock in &environment.locks {
        facts.insert(format!("lock:{}", lock.path), fact(EnvironmentKind::Lock, &lock.sha256.to_string()));
    }
    facts.extend(environment.image.iter().map(|image| ("image".to_owned(), fact(EnvironmentKind::Image, image))));
    for (name, value) in &environment.variables {
        facts.insert(format!("variable:{name}"), fact(EnvironmentKind::Variable, value));
    }
    facts
}
