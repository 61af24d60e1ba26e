//! The figures mlrun promises, measured on whole processes: `cargo bench --bench figures -- [CASE…] [OPTIONS]`.
//!
//! | case | what | promise |
//! |---|---|---|
//! | `start` | `--version` | ≤ 10 ms |
//! | `journal` | `rollback`, `at`, `log -n 20`, `promote` of 9 MB, behind 10,000 events and 3,000 packs | ≤ 50 ms each |
//! | `certify` | two models, 100,000 rows each, 8 rules | ≤ 1 s |
//! | `big` | one file of 1 GiB, bf16: first, unchanged, restore, beside `cp`; resident memory | first ≤ 0.75 × `cp` + sync, unchanged ≤ 0.02 s, restore ≤ 1.05 × `cp`, ≤ 600 MiB, stored ≤ 0.67 |
//! | `many` | 50,000 files of 1–20 KB: the same | first and restore ≤ 2 × `cp`, unchanged ≤ 0.25 s |
//! | `family` | 18 versions of fine-tuned weights, fp32 and bf16 | stored ≤ 0.41 |
//! | `race` | 20 processes snapshot and promote at once | no event lost, versions dense, one winner |
//!
//! By name only, for they take long: `certify-rows` (1 M rows of two models in parquet, 12 rules ≤ 2 s, the same by 50 slices ≤ 2 s;
//! 10 M rows ≤ 20 s and ≤ 3 GB), `certify-resampled` (1 M rows, 12 rules, 50 slices, every interval from 2,000 resamples),
//! `measured` (the same version certified against itself by running it: the interval of the latency ratio, on a machine that
//! does nothing else: half of it ≤ 5 %, and 1 is in ≥ 9 of 10), `bundle` (a model of 1 GiB, beside
//! `tar c | gzip -1`: ≤ 1.5 ×, and ≤ 600 MiB), `report-site` (pages over 1,000 versions ≤ 10 s), `diff-tensors` (two models of
//! 1 GiB, bf16, all layers changed: ≤ 1.5 × `cat` of both, and ≤ 600 MiB; one layer: ≤ 0.1 s; 6 GiB of disk), `huge` (a file of 20 GiB,
//! most of it holes; 45 GiB of disk),
//! `journal-long` (the verbs of `journal`, `list -n 20` and `status` behind 100,000 events: ≤ 50 ms each), `journal-many` (the
//! same with 5,000 models of 200 events each, and `at`, `list` and `status` over all of them, `at` ≤ 1 s; needs 6 GiB),
//! `soak` (64 processes mix all writing verbs: no event lost, one winner of each race), `kills` (500 times SIGKILL at any
//! moment: the next verb works),
//! `million` (a million files of up to 200 bytes), `peers` (`big`, `family` and `many` with DVC, git-lfs, restic, borg, hf-xet
//! and Oxen, where they are installed).
//!
//! Without a case, all the others. Needs 6 GiB of disk; makes its data itself, always the same. Options:
//!
//! - `--json FILE`: every single run, for comparing machines
//! - `--mlrun FILE`: another binary than the one this was built with
//! - `--scratch DIR`: the file system to measure; otherwise the build's own
//! - `--weights FILE`: a safetensors file in fp32 that `family` begins with; otherwise numbers of such shapes
//! - `--seconds N`: how long `soak` goes on; 120
//! - `--python FILE`: where `peers` finds DVC, hf-xet and Oxen
//! - `--keep`: leaves everything there, for a profiler
//!
//! Whatever is compared runs alternately, and every store step ends with `sync -f`: absolute times move with the machine, and a
//! quarter between two runs is nothing unusual. Compare the ratios of one run.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a program for developers, outside the product"
)]

mod bundle;
mod certify;
mod classifier;
mod data;
mod diff_tensors;
mod family;
mod files;
mod journal;
mod machine;
mod measured;
mod peers;
mod race;
mod report;
mod rows;
mod run;
mod site;
mod soak;
mod start;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::report::Figure;
use crate::run::{Mlrun, Tools};

/// A case: its name, and what measures it in a folder of its own.
type Case = (&'static str, fn(&Mlrun) -> Result<Vec<Figure>>);

const CASES: [Case; 7] = [
    ("start", start::measure),
    ("journal", journal::measure),
    ("certify", certify::measure),
    ("race", race::measure),
    ("big", files::big),
    ("many", files::many),
    ("family", family::measure),
];
/// Only by name.
const LONG: [Case; 13] = [
    ("journal-long", journal::long),
    ("journal-many", journal::many),
    ("soak", soak::soak),
    ("kills", soak::kills),
    ("certify-rows", rows::measure),
    ("certify-resampled", rows::resampled),
    ("measured", measured::measure),
    ("bundle", bundle::measure),
    ("report-site", site::measure),
    ("diff-tensors", diff_tensors::measure),
    ("huge", files::huge),
    ("million", files::million),
    ("peers", peers::measure),
];

struct Options {
    cases: Vec<Case>,
    json: Option<PathBuf>,
    mlrun: PathBuf,
    scratch: PathBuf,
    keep: bool,
    tools: Tools,
}

fn main() -> Result<()> {
    let options = options()?;
    let scratch = options.scratch.join(format!("figures-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let machine = machine::describe(&scratch);
    println!("{machine}");
    let mut all = Vec::new();
    let measured = options.cases.iter().try_for_each(|(name, measure)| {
        let folder = scratch.join(name);
        std::fs::create_dir_all(&folder)?;
        let figures =
            measure(&Mlrun::new(&options.mlrun, &folder, &options.tools)).with_context(|| format!("case `{name}`"))?;
        println!("\n{}", report::table(name, &figures));
        all.extend(figures.into_iter().map(|figure| figure.json(name)));
        if options.keep { Ok(()) } else { Ok(std::fs::remove_dir_all(&folder)?) }
    });
    if options.keep {
        println!("kept: {}", scratch.display());
    } else {
        std::fs::remove_dir_all(&scratch)?;
    }
    if let Some(path) = &options.json {
        let report = serde_json::json!({ "machine": machine, "figures": all });
        std::fs::write(path, format!("{report:#}\n")).with_context(|| path.display().to_string())?;
    }
    measured
}

fn options() -> Result<Options> {
    let mut options = Options {
        cases: Vec::new(),
        json: None,
        mlrun: PathBuf::from(env!("CARGO_BIN_EXE_mlrun")),
        scratch: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        keep: false,
        tools: Tools::default(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().map(PathBuf::from).with_context(|| format!("{argument} needs a path"));
        match argument.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--keep" => options.keep = true,
            "--json" => options.json = Some(value()?),
            "--mlrun" => options.mlrun = std::path::absolute(value()?)?,
            "--weights" => options.tools.weights = Some(std::path::absolute(value()?)?),
            "--seconds" => {
                let seconds = value()?;
                let seconds = seconds.to_str().and_then(|text| text.parse().ok());
                options.tools.seconds = Some(seconds.context("--seconds needs a number")?);
            }
            "--python" => options.tools.python = Some(std::path::absolute(value()?)?),
            "--scratch" => options.scratch = std::path::absolute(value()?)?,
            name => match CASES.iter().chain(&LONG).find(|(known, _)| *known == name) {
                Some(case) => options.cases.push(*case),
                None => {
                    let names: Vec<&str> = CASES.iter().chain(&LONG).map(|(name, _)| *name).collect();
                    bail!("no case is called `{name}`: there are {}", names.join(", "));
                }
            },
        }
    }
    if options.cases.is_empty() {
        options.cases = CASES.to_vec();
    }
    Ok(options)
}
