//! The software and the machine around a model: interpreters and their packages, lock files, variables.
//!
//! Nothing is started: Python's packages are read from its folders. Whatever fails is recorded, and stops nothing.

use std::collections::BTreeMap;
use std::path::Path;

use crate::format::observation::MachineRecord;
use crate::format::snapshot::{EnvironmentRecord, NotCapturedRecord, RedactionRecord, RuntimeRecord};
use crate::host;

use super::python::{self, Interpreter};
use super::secrets::Scanner;
use super::{locks, machine};

/// What to capture.
#[derive(Debug, Clone, Copy)]
pub struct EnvironmentOptions<'a> {
    /// The project's folder.
    pub project: &'a Path,
    /// The Python environment (its folder) or interpreter the person named, relative to the project.
    pub python: Option<&'a Path>,
    /// Variables to record besides [`VARIABLES`].
    pub variables: &'a [String],
}

/// What was captured.
#[derive(Debug, Clone)]
pub struct Environment {
    /// What belongs to the snapshot.
    pub record: EnvironmentRecord,
    /// What surrounded it.
    pub machine: MachineRecord,
    /// Which Python was chosen, and why, in one sentence.
    pub interpreter: Option<String>,
    /// What could not be captured.
    pub failed: Vec<NotCapturedRecord>,
    /// What was replaced in variables and origins.
    pub redactions: Vec<RedactionRecord>,
}

/// Variables that move results and hold no secrets. No others are recorded unless they are named.
pub const VARIABLES: [&str; 34] = [
    "BLIS_NUM_THREADS",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES",
    "FLAGS_cudnn_deterministic",
    "GOTO_NUM_THREADS",
    "HIP_VISIBLE_DEVICES",
    "JAX_ENABLE_X64",
    "JAX_PLATFORMS",
    "KMP_AFFINITY",
    "MKL_CBWR",
    "MKL_DYNAMIC",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "NVIDIA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "OMP_PROC_BIND",
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
    let mut record = EnvironmentRecord { runtimes: Vec::new(), locks, variables: BTreeMap::new() };
    let mut interpreter = None;
    match python::choose(options.project, options.python, variable) {
        Ok(chosen) => {
            let (runtime, problems) = python_runtime(&chosen, options.project, &mut redacted);
            record.runtimes.push(runtime);
            let problem = |reason| NotCapturedRecord { part: "environment.python".to_owned(), reason };
            failed.extend(problems.into_iter().map(problem));
            if let Some(packages) = python::conda_packages(&chosen.prefix) {
                let origins = BTreeMap::new();
                record.runtimes.push(RuntimeRecord { language: "conda".to_owned(), version: None, packages, origins });
            }
            interpreter = Some(chosen.to_string());
        }
        Err(error) => {
            let reason = error.relative_to(options.project).to_string();
            failed.push(NotCapturedRecord { part: "environment.python".to_owned(), reason });
        }
    }
    let named = options.variables.iter().map(String::as_str);
    for name in VARIABLES.into_iter().chain(named) {
        if let Some(value) = variable(name) {
            record.variables.insert(name.to_owned(), redacted.variable(name, &value));
        }
    }
    Environment { record, machine: machine::observe(), interpreter, failed, redactions: redacted.records }
}

fn python_runtime(chosen: &Interpreter, project: &Path, redacted: &mut Redacted) -> (RuntimeRecord, Vec<String>) {
    let found = python::packages(chosen, project);
    let origin = |(name, origin): (String, String)| {
        let clean = redacted.text(&format!("environment.python.origins.{name}"), &origin);
        (name, clean)
    };
    let runtime = RuntimeRecord {
        language: "python".to_owned(),
        version: chosen.version.clone(),
        packages: found.versions,
        origins: found.origins.into_iter().map(origin).collect(),
    };
    (runtime, found.problems)
}

/// Replaces secrets and remembers where.
#[derive(Default)]
struct Redacted {
    scanner: Scanner,
    records: Vec<RedactionRecord>,
}

impl Redacted {
    fn text(&mut self, field: &str, text: &str) -> String {
        let (clean, counts) = self.scanner.redact(text);
        let record =
            |(rule, count): (&str, u64)| RedactionRecord { field: field.to_owned(), rule: rule.to_owned(), count };
        self.records.extend(counts.into_iter().map(record));
        clean
    }

    /// The name counts: a value alone need not look like a secret.
    fn variable(&mut self, name: &str, value: &str) -> String {
        let clean = self.scanner.redact_arguments(&[format!("{name}={value}")]);
        let field = format!("environment.variables.{name}");
        let record =
            |(rule, count): (&str, u64)| RedactionRecord { field: field.clone(), rule: rule.to_owned(), count };
        self.records.extend(clean.1.into_iter().map(record));
        let assigned = clean.0.into_iter().next().unwrap_or_default();
        assigned.split_once('=').map_or_else(String::new, |(_, value)| value.to_owned())
    }
}
