//! The machine a snapshot is taken on, from `/proc`, `/sys` and `/etc` (proc(5), os-release(5)). What is not there is
//! not known.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use crate::format::observation::MachineRecord;
use crate::host;

use super::{container, gpu};
use crate::bounded;

/// `/proc/cpuinfo` repeats itself for each of the processors; the first of them is enough.
const PROC_LIMIT: u64 = 64 << 10;

/// What can be known without privileges of the machine whose root folder is `root`: `/`, unless this is a test.
pub fn observe(root: &Path) -> MachineRecord {
    let read = |path: &str| {
        let bytes = bounded::head(&root.join(path), PROC_LIMIT).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (cpu, cpu_features) = processor(&read("proc/cpuinfo"));
    MachineRecord {
        host: host::name(),
        os: system(&read("etc/os-release")).or_else(|| system(&read("usr/lib/os-release"))),
        kernel: host::kernel(),
        architecture: std::env::consts::ARCH.to_owned(),
        cpu,
        cpus: thread::available_parallelism().map(NonZero::get).ok().and_then(|n| n.try_into().ok()).unwrap_or(1),
        cpu_features,
        memory: memory(&read("proc/meminfo")),
        gpus: gpu::observe(root),
        container: container::observe(root),
    }
}

/// The name of the system in the text of an `os-release` file.
pub fn system(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?.trim();
    let unquoted = value.trim_matches(['"', '\'']).replace('\\', "");
    (!unquoted.is_empty()).then_some(unquoted)
}

/// Bytes of memory in the text of `/proc/meminfo`.
pub fn memory(meminfo: &str) -> Option<u64> {
    let kibibytes = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?;
    kibibytes.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Instructions that numerical libraries choose their code by. Those that end in `*` stand for a family.
const FEATURES: [&str; 27] = [
    "sse4_2",
    "avx",
    "avx2",
    "avx512*",
    "avx_vnni*",
    "avx_ifma",
    "avx_ne_convert",
    "avx10*",
    "amx*",
    "f16c",
    "fma",
    "fma4", // x86
    "asimd",
    "asimdhp",
    "asimddp",
    "asimdfhm",
    "bf16",
    "i8mm",
    "fphp",
    "neon",
    "sve",
    "sve2",
    "svebf16",
    "svei8mm",
    "sme",
    "sme2", // Arm
    "v",    // RISC-V
];

/// The processor's name and those of its features that move floating-point results, from the text of `/proc/cpuinfo`.
pub fn processor(cpuinfo: &str) -> (Option<String>, Vec<String>) {
    let field = |names: &[&str]| {
        cpuinfo.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
            let value = value.trim();
            (names.contains(&name.trim()) && !value.is_empty()).then_some(value)
        })
    };
    let moves_results = |flag: &&str| {
        FEATURES.iter().any(|known| known.strip_suffix('*').map_or(known == flag, |family| flag.starts_with(family)))
    };
    let flags = field(&["flags", "Features"]).unwrap_or_default();
    let features: BTreeSet<&str> = flags.split_whitespace().filter(moves_results).collect();
    let name = field(&["model name", "Model", "cpu model", "cpu"]).map(str::to_owned);
    // The kernel names no model of an Arm processor, only who designed it and which part it is.
    let part = || Some(format!("CPU implementer {} part {}", field(&["CPU implementer"])?, field(&["CPU part"])?));
    (name.or_else(part), features.into_iter().map(str::to_owned).collect())
}
