//! The software a version is trained again with: what is here, compared with what was; or made anew from what was recorded.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ReproduceError;
use crate::capture::environment::{self as captured, EnvironmentOptions};
use crate::capture::machine;
use crate::capture::python::{self, Asked};
use crate::capture::secrets::{Scanner, strip_userinfo};
use crate::format::observation::{MachineRecord, ObservationRecord};
use crate::format::snapshot::{EnvironmentRecord, RuntimeRecord};
use crate::ops::VerbError;
use crate::ops::scratch::Scratch;
use crate::ops::snapshot;
use crate::ops::snapshot::interpreter::Prefix;
use crate::process::{self, Ended, Interruption, Program, Watched};
use crate::repository::Repository;
use crate::shell;
use crate::snapshot::environment_differences;

/// Which software to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EnvironmentChoice {
    /// The interpreter that `snapshot` would look at now.
    #[default]
    Current,
    /// A virtual environment with the recorded packages, made for this.
    Recreate,
}

impl EnvironmentChoice {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Recreate => "recreate",
        }
    }
}

/// The software that is used.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentReport {
    /// Which interpreter, and why; none: there is none.
    pub interpreter: Option<String>,
    /// What is another than was recorded.
    pub differences: Vec<String>,
    /// Packages that could not be installed again, and why.
    pub skipped: Vec<(String, String)>,
}

/// Compares what `snapshot` would record here and now with what was recorded. An environment that is not active already is to be
/// found first by the command, so that what was compared is what is used. The recorded program tells which it is, if it is a
/// Python.
pub(super) fn current(
    repository: &Repository,
    folder: &Path,
    program: Option<&Path>,
    recorded: (&EnvironmentRecord, &ObservationRecord),
) -> (EnvironmentReport, Option<Prefix>) {
    let project = repository.project().unwrap_or(folder);
    let configured = repository.config().and_then(|config| config.file.environment.python.clone());
    let configured = configured.map(|path| project.join(path));
    let asked = Asked { argv0: program, configured: configured.as_deref(), before: None };
    let report = compared(project, asked, recorded);
    if program.is_some_and(is_python_at) {
        return (report, None);
    }
    let hidden = snapshot::interpreter::hidden(project, asked, folder);
    (report, hidden)
}

/// Whether a program is a Python that is called by where it lies: no variable leads to another one.
pub(super) fn is_python_at(program: &Path) -> bool {
    program.components().count() > 1 && python::is_python(program)
}

/// The interpreter of a virtual environment.
pub(super) fn python_of(prefix: &Path) -> PathBuf {
    prefix.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

fn compared(
    project: &Path,
    python: Asked<'_>,
    (recorded, observation): (&EnvironmentRecord, &ObservationRecord),
) -> EnvironmentReport {
    let now = captured::capture(&EnvironmentOptions {
        project,
        python,
        variables: &[],
        // What nobody tells this time is no difference.
        image: recorded.image.as_deref(),
        root: Path::new("/"),
    });
    let mut differences = environment_differences(recorded, &now.record);
    differences.extend(other_machine(&observation.machine, &now.machine));
    EnvironmentReport { interpreter: now.interpreter, differences, skipped: Vec::new() }
}

/// What may move the last bits of a sum.
fn other_machine(then: &MachineRecord, now: &MachineRecord) -> Vec<String> {
    let mut differences = Vec::new();
    let mut say = |what: &str, then: &str, now: &str| {
        if !then.is_empty() && then != now {
            differences.push(format!("{what} {then} → {now}"));
        }
    };
    let name = |cpu: &Option<String>| cpu.clone().unwrap_or_default();
    say("architecture", &then.architecture, &now.architecture);
    say("processor", &name(&then.cpu), &name(&now.cpu));
    say("processor features", &then.cpu_features.join(" "), &now.cpu_features.join(" "));
    if then.cpus > 0 {
        say("processors", &then.cpus.to_string(), &now.cpus.to_string());
    }
    say("system", then.os.as_deref().unwrap_or_default(), now.os.as_deref().unwrap_or_default());
    differences
}

/// This machine, beside the one of a version; for a dry run that makes no environment.
pub(super) fn machine_alone(observation: &ObservationRecord) -> EnvironmentReport {
    let differences = other_machine(&observation.machine, &machine::observe(Path::new("/")));
    EnvironmentReport { interpreter: None, differences, skipped: Vec::new() }
}

/// Makes a virtual environment with the recorded packages. Programs that do it say what they do to `output`.
pub(super) fn recreate(
    scratch: &Scratch,
    recorded: (&EnvironmentRecord, &ObservationRecord),
    (limit, interruption): (Option<Duration>, Option<&Interruption>),
    output: &mut dyn FnMut(&[u8]),
) -> Result<(EnvironmentReport, Prefix), VerbError> {
    let runtime = recorded.0.runtimes.iter().find(|runtime| runtime.language == "python");
    let runtime = runtime.ok_or(ReproduceError::NoPython)?;
    let (requirements, skipped) = requirements(runtime);
    let list = scratch.write("requirements.txt", &requirements)?;
    let prefix = scratch.environment();
    let mut maker = Maker { folder: scratch.files(), limit, interruption, output };
    let text = |path: &Path| path.as_os_str().to_owned();
    let word = |word: &str| OsString::from(word);
    if maker.works("uv") {
        let version = runtime.version.as_deref().unwrap_or("3");
        maker.run("uv", &[word("venv"), word("--python"), word(version), text(&prefix)])?;
        let install =
            [word("pip"), word("install"), word("--no-deps"), word("--python"), text(&prefix), word("-r"), text(&list)];
        maker.run("uv", &install)?;
    } else {
        let minor =
            runtime.version.as_deref().map(|version| version.splitn(3, '.').take(2).collect::<Vec<_>>().join("."));
        let named = minor.map(|minor| format!("python{minor}")).filter(|name| maker.works(name));
        maker.run(named.as_deref().unwrap_or("python3"), &[word("-m"), word("venv"), text(&prefix)])?;
        let python = python_of(&prefix);
        let install = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps", "-r"];
        let install: Vec<OsString> = install.into_iter().map(word).chain([text(&list)]).collect();
        maker.run(&python.to_string_lossy(), &install)?;
    }
    let report = compared(&scratch.files(), Asked { configured: Some(&prefix), ..Asked::default() }, recorded);
    Ok((EnvironmentReport { skipped, ..report }, prefix))
}

/// What pip is to install, one a line; and what it cannot, with the reason.
fn requirements(runtime: &RuntimeRecord) -> (String, Vec<(String, String)>) {
    let (mut lines, mut skipped) = (String::new(), Vec::new());
    for (name, version) in &runtime.packages {
        match runtime.origins.get(name) {
            None => lines += &format!("{name}=={version}\n"),
            Some(origin) if origin.contains("<redacted:") => {
                skipped.push((name.clone(), "a secret was taken out of where it comes from".to_owned()));
            }
            Some(origin) if origin.contains("://") => lines += &format!("{name} @ {origin}\n"),
            Some(origin) => {
                skipped.push((name.clone(), format!("it was installed from a folder of that machine: {origin}")))
            }
        }
    }
    (lines, skipped)
}

/// Runs the programs that make an environment.
struct Maker<'a> {
    folder: PathBuf,
    limit: Option<Duration>,
    interruption: Option<&'a Interruption>,
    output: &'a mut dyn FnMut(&[u8]),
}

/// So much of what a program said last is told if it fails.
const TAIL: usize = 2 << 10;

impl Maker<'_> {
    /// Whether there is such a program.
    fn works(&self, program: &str) -> bool {
        process::run(program, ["--version"], &self.folder, &[], 1 << 10).is_ok_and(|finished| finished.success())
    }

    fn run(&mut self, program: &str, arguments: &[OsString]) -> Result<(), VerbError> {
        let mut said = Vec::new();
        // Another environment's settings would lead there.
        let unset = ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"].map(str::to_owned);
        let maker = Program { unset: &unset, ..Program::new(OsStr::new(program), arguments, &self.folder) };
        let what = Watched { limit: self.limit, interruption: self.interruption, ..Watched::new(maker) };
        let ended = process::run_watched(&what, &mut |bytes| {
            said.extend_from_slice(bytes);
            let surplus = said.len().saturating_sub(TAIL);
            said.drain(..surplus);
            (self.output)(bytes);
        });
        let failed = |how: String| {
            let mut words = vec![program.into()];
            words.extend(arguments.iter().map(|word| word.to_string_lossy()));
            ReproduceError::Environment { command: shell::line(&words), how, said: last_lines(&said) }
        };
        match ended {
            Ok(Ended { status: Some(0), timed_out: false, .. }) => Ok(()),
            Ok(ended) => Err(failed(super::how(&ended)).into()),
            Err(error) => Err(failed(error.source.to_string()).into()),
        }
    }
}

/// The last lines of what a program said, without what is nobody's business: pip names the index, its password included.
fn last_lines(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.iter().rev().take(3).rev();
    let clean = |word: &str| if word.contains("://") { strip_userinfo(word) } else { word.to_owned() };
    let words = last.flat_map(|line| line.split_whitespace()).map(clean).collect::<Vec<_>>().join(" ");
    Scanner::new(&[]).redact(&words).0
}
