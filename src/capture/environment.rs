//! The software and the machine around a model: interpreters and their packages, lock files, variables, the image.
//!
//! Nothing is started: packages are read from their folders. Whatever fails is recorded, and stops nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::format::observation::MachineRecord;
use crate::format::snapshot::{EnvironmentRecord, NotCapturedRecord, RedactionRecord, RuntimeRecord};
use crate::host;

use super::python::marker::MarkerEnvironment;
use super::python::{self, Asked, Interpreter, PythonError};
use super::redacted::Redacted;
use super::{cargo, julia, locks, machine, r};

/// What to capture.
#[derive(Debug, Clone, Copy)]
pub struct EnvironmentOptions<'a> {
    /// The project's folder.
    pub project: &'a Path,
    /// What says which Python it is.
    pub python: Asked<'a>,
    /// Variables to record besides [`VARIABLES`].
    pub variables: &'a [String],
    /// The container image it runs in, if a person told.
    pub image: Option<&'a str>,
    /// The root folder of the machine: `/`, unless this is a test.
    pub root: &'a Path,
}

/// What was captured.
#[derive(Debug, Clone)]
pub struct Environment {
    /// What belongs to the snapshot.
    pub record: EnvironmentRecord,
    /// What surrounded it.
    pub machine: MachineRecord,
    /// Which interpreters were chosen, and why, in one sentence each.
    pub interpreter: Option<String>,
    /// The folder that the chosen Python is installed in.
    pub python: Option<PathBuf>,
    /// What the conditions in lock files are about.
    pub markers: MarkerEnvironment,
    /// What could not be captured.
    pub failed: Vec<NotCapturedRecord>,
    /// What was replaced in variables and origins.
    pub redactions: Vec<RedactionRecord>,
}

/// Variables that move results and hold no secrets. No others are recorded unless they are named.
pub const VARIABLES: [&str; 40] = [
    "BLIS_NUM_THREADS",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES",
    "FLAGS_cudnn_deterministic",
    "GOMP_CPU_AFFINITY",
    "GOTO_NUM_THREADS",
    "HIP_VISIBLE_DEVICES",
    "JAX_ENABLE_X64",
    "JAX_PLATFORMS",
    "JULIA_NUM_THREADS",
    "KMP_AFFINITY",
    "MKL_CBWR",
    "MKL_DYNAMIC",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "NVIDIA_VISIBLE_DEVICES",
    "OMP_DYNAMIC",
    "OMP_NUM_THREADS",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "OMP_SCHEDULE",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTORCH_CUDA_ALLOC_CONF",
    "RAYON_NUM_THREADS",
    "ROCR_VISIBLE_DEVICES",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TOKENIZERS_PARALLELISM",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "VECLIB_MAXIMUM_THREADS",
    "WORLD_SIZE",
    "XLA_FLAGS",
];

/// Captures the environment of this process.
pub fn capture(options: &EnvironmentOptions<'_>) -> Environment {
    capture_with(options, &host::variable)
}

/// Captures the environment with the variables that `variable` knows.
pub fn capture_with(options: &EnvironmentOptions<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Environment {
    let mut redacted = Redacted::default();
    let (locks, mut failed) = locks::find(options.project);
    let mut record = EnvironmentRecord { locks, ..EnvironmentRecord::default() };
    let mut chosen = Vec::new();
    let mut failure = |part: &str, reason| failed.push(NotCapturedRecord { part: part.to_owned(), reason });

    let found = python::choose(options.project, options.python, variable);
    if let Ok(found) = &found {
        let (runtime, problems) = python_runtime(found, options.project);
        record.runtimes.push(runtime);
        problems.into_iter().for_each(|reason| failure("environment.python", reason));
        if let Some(packages) = python::conda_packages(&found.prefix) {
            let origins = BTreeMap::new();
            record.runtimes.push(RuntimeRecord { language: "conda".to_owned(), version: None, packages, origins });
        }
        chosen.push(found.to_string());
    }
    if let Some(because) = r::project_file(options.project) {
        match r::find(options.project, options.root, &because) {
            Some(found) => {
                record.runtimes.push(found.runtime);
                chosen.push(found.reason);
            }
            // A script alone may be there without being run.
            None if because.ends_with(".R") || because.ends_with(".r") || because.ends_with(".Rmd") => {}
            None => failure("environment.r", format!("the project has `{because}`, but no library of R was found")),
        }
    }
    for (part, found) in
        [("environment.rust", cargo::find(options.project)), ("environment.julia", julia::find(options.project))]
    {
        match found {
            Some(Ok(runtime)) => record.runtimes.push(runtime),
            Some(Err(reason)) => failure(part, reason),
            None => {}
        }
    }
    match &found {
        // A project in another language may do without.
        Err(PythonError::None) if !record.runtimes.is_empty() => {}
        Err(error) => failure("environment.python", error.clone().relative_to(options.project).to_string()),
        Ok(_) => {}
    }
    for runtime in &mut record.runtimes {
        let field = format!("environment.{}", runtime.language);
        for (name, origin) in &mut runtime.origins {
            *origin = redacted.text(&format!("{field}.origins.{name}"), origin);
        }
        runtime.version.iter_mut().for_each(|version| redacted.clean(&format!("{field}.version"), version));
        let all: String = runtime.packages.iter().map(|(name, version)| format!("{name} {version}\n")).collect();
        if redacted.is_clean(&all) {
            continue;
        }
        let packages = format!("{field}.packages");
        let clean =
            |(name, version): (String, String)| (redacted.text(&packages, &name), redacted.text(&packages, &version));
        runtime.packages = std::mem::take(&mut runtime.packages).into_iter().map(clean).collect();
    }
    let named = options.variables.iter().map(String::as_str);
    for name in VARIABLES.into_iter().chain(named) {
        if let Some(value) = variable(name) {
            record
                .variables
                .insert(name.to_owned(), redacted.named(&format!("environment.variables.{name}"), name, &value));
        }
    }
    if let Some(image) = options.image {
        if !names_content(image) {
            let reason = format!("`{image}` can be moved; `REPOSITORY@sha256:DIGEST` cannot");
            failure("environment.image", reason);
        }
        record.image = Some(redacted.text("environment.image", image));
    }
    let found = found.as_ref().ok();
    let python = found.and_then(|found| found.version.as_deref());
    Environment {
        record,
        machine: machine::observe(options.root),
        python: found.map(|found| found.prefix.clone()),
        interpreter: (!chosen.is_empty()).then(|| chosen.join("; ")),
        markers: MarkerEnvironment::here(python, found.map(|found| found.implementation)),
        failed,
        redactions: redacted.into_records(),
    }
}

/// Whether an image is named by the digest of its content, as the OCI's references do.
fn names_content(image: &str) -> bool {
    image.rsplit_once("@sha256:").is_some_and(|(repository, digest)| {
        !repository.is_empty() && digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

fn python_runtime(chosen: &Interpreter, project: &Path) -> (RuntimeRecord, Vec<String>) {
    let found = python::packages(chosen, project);
    let runtime = RuntimeRecord {
        language: "python".to_owned(),
        version: chosen.version.clone(),
        packages: found.versions,
        origins: found.origins,
    };
    (runtime, found.problems)
}
