//! Known sources of other results from one run to the next: hash seeds, threads, GPU libraries.
//!
//! Sources: Python's manual (`PYTHONHASHSEED`); NVIDIA, "cuBLAS: Results reproducibility" and framework-reproducibility#28 (no
//! equal bits across GPU architectures); PyTorch, "Reproducibility"; TensorFlow, `tf.config.experimental.enable_op_determinism`;
//! LightGBM's and scikit-learn's parameters.

use super::{Part, Reasons};
use crate::format::observation::ObservationRecord;
use crate::format::scalar::Scalar;
use crate::format::snapshot::{SeedSource, SnapshotRecord};

/// Packages that bring kernels for a GPU, by the beginning of their names.
const GPU: [&str; 10] =
    ["nvidia-", "cupy", "cuda-", "pytorch-cuda", "jax-cuda", "jax-rocm", "tensorflow-gpu", "pycuda", "cudf", "cuml"];
/// Packages that sum in several threads.
const THREADED: [&str; 9] =
    ["numpy", "scipy", "scikit-learn", "torch", "tensorflow", "jax", "numexpr", "xgboost", "lightgbm"];
/// Variables that fix how many threads sum.
const THREADS: [&str; 4] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"];
/// Parameters that say how many threads or processes train, without separators.
const WORKERS: [&str; 8] =
    ["njobs", "nthread", "nthreads", "numthreads", "threadcount", "numworkers", "workers", "numthread"];

pub(super) fn of(record: &SnapshotRecord, observation: &ObservationRecord, reasons: &mut Reasons) {
    let part = Part::Nondeterminism;
    let variables = &record.environment.variables;
    let packages = || record.environment.runtimes.iter().flat_map(|runtime| &runtime.packages);
    let has = |name: &str| packages().any(|(package, _)| package == name);
    let is_on = |name: &str| variables.get(name).is_some_and(|value| !matches!(value.trim(), "" | "0" | "false"));
    let set: Vec<String> =
        THREADS.iter().filter_map(|name| variables.get(*name).map(|value| format!("{name}={value}"))).collect();

    if record.environment.runtimes.iter().any(|runtime| runtime.language == "python") {
        let issued = record.seeds.iter().any(|seed| seed.source == SeedSource::Issued && seed.name == "PYTHONHASHSEED");
        match variables.get("PYTHONHASHSEED").map(|value| value.trim()) {
            _ if issued => {}
            Some("random") | None => {
                reasons.minus(part, "PYTHONHASHSEED is not set: Python walks sets of text in another order each time");
            }
            Some(_) => reasons.plus(part, "PYTHONHASHSEED is set"),
        }
    }
    if let Some(package) = THREADED.into_iter().find(|name| has(name)) {
        if set.is_empty() {
            let text = format!(
                "{package} may sum in as many threads as the machine has: no variable such as OMP_NUM_THREADS fixes them"
            );
            reasons.minus(part, text);
        } else {
            reasons.plus(part, format!("threads are fixed: {}", set.join(", ")));
        }
    }
    let found = observation.found.iter().flat_map(|found| &found.files).flat_map(|file| &file.params);
    let mut workers: Vec<String> = record
        .params
        .iter()
        .chain(found)
        .filter(|(name, value)| is_workers(name) && matches!(value, Scalar::Int(n) if *n != 1))
        .map(|(name, value)| format!("`{name}` = {value}"))
        .collect();
    workers.sort();
    workers.dedup();
    if !workers.is_empty() {
        reasons.minus(
            part,
            format!("trained in parallel, where results may depend on the order of threads: {}", workers.join(", ")),
        );
    }

    let gpu: Vec<&str> = packages()
        .filter(|(name, version)| {
            GPU.iter().any(|start| name.starts_with(start)) || version.contains("+cu") || version.contains("+rocm")
        })
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(first) = gpu.first() {
        let text =
            format!("on a GPU of another architecture the same bits are not to be expected ({first} is installed)");
        reasons.minus(Part::Hardware, text);
        match variables.get("CUBLAS_WORKSPACE_CONFIG").map(|value| value.trim()) {
            Some(":4096:8" | ":16:8") => reasons.plus(part, "CUBLAS_WORKSPACE_CONFIG lets cuBLAS sum in one order"),
            _ => reasons.minus(
                part,
                "CUBLAS_WORKSPACE_CONFIG is not `:4096:8` or `:16:8`: cuBLAS may sum in another order each time",
            ),
        }
    }
    let deterministic = record.params.iter().find(|(name, value)| {
        let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
        let asks = matches!(last.as_str(), "deterministic" | "use_deterministic_algorithms" | "full_determinism");
        asks && matches!(value, Scalar::Bool(true))
    });
    if let Some((name, _)) = deterministic {
        reasons.plus(part, format!("`{name}` asks for deterministic algorithms"));
    } else if has("torch") {
        reasons.minus(
            part,
            "torch chooses deterministic algorithms only if it is asked to, and no parameter says that it was",
        );
    }
    if ["tensorflow", "tensorflow-gpu", "tensorflow-cpu"].into_iter().any(has) {
        if is_on("TF_DETERMINISTIC_OPS") || is_on("TF_CUDNN_DETERMINISTIC") {
            reasons.plus(part, "TF_DETERMINISTIC_OPS asks TensorFlow for deterministic operations");
        } else {
            reasons.minus(
                part,
                "TF_DETERMINISTIC_OPS is not set: some operations of TensorFlow sum in another order each time",
            );
        }
    }
}

/// Whether a parameter is a number of threads or processes: `train.n_jobs`, `forest__n_jobs`.
fn is_workers(name: &str) -> bool {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let last = last.rsplit("__").next().unwrap_or(last);
    WORKERS.contains(&last.to_ascii_lowercase().replace(['_', '-'], "").as_str())
}
