//! `diff-tensors`: two models of 1 GiB, bf16, compared tensor by tensor, beside `cat`, which is what reading them costs.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use anyhow::Result;
use rand_core::Rng as _;

use crate::data;
use crate::files::alternate;
use crate::report::Figure;
use crate::run::{Cost, Mlrun, time_shell};

/// Pairs of runs.
const PAIRS: usize = 5;
/// Where Linux is told to forget what it has read; root may.
const FORGET: &str = "/proc/sys/vm/drop_caches";
/// Bytes of a tensor of the model, and how many there are.
const TENSOR: u64 = 2048 * 4096 * 2;
const TENSORS: u64 = 64;

/// All layers changed, then one: from what was read before, and from the disk where that can be arranged.
pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let above = &mlrun.folder;
    let mlrun = &mlrun.within(&above.join("project"));
    let folder = &mlrun.folder;
    fs::create_dir_all(folder)?;
    let (a, b) = (above.join("a.safetensors"), above.join("b.safetensors"));
    data::bf16_model(&a)?;
    moved(&a, &b, |_| true)?;
    let one = above.join("one.safetensors");
    moved(&a, &one, |tensor| tensor == TENSORS / 2)?;
    fs::write(folder.join("mlrun.toml"), "schema = 1\n[model.bench]\nfiles = [\"model.safetensors\"]\n")?;
    mlrun.run("init")?;
    for version in [&a, &b, &a, &one] {
        fs::copy(version, folder.join("model.safetensors"))?;
        mlrun.run("snapshot bench")?;
    }
    let all = diffs(mlrun, "v1", "v2", 64)?;
    let single = diffs(mlrun, "v1", "v4", 1)?;
    let mut figures = Vec::new();
    for (what, cold) in [("all layers", false), ("all layers, from the disk", true)] {
        if cold && fs::OpenOptions::new().write(true).open(FORGET).is_err() {
            continue;
        }
        let (mut ours, mut cats) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            let before = || if cold { forget(folder) } else { Ok(()) };
            alternate(
                pair,
                || {
                    before()?;
                    ours.push(time_shell(folder, &all)?);
                    Ok(())
                },
                || {
                    before()?;
                    cats.push(time_shell(folder, "cat ../a.safetensors ../b.safetensors > /dev/null")?);
                    Ok(())
                },
            )?;
        }
        let seconds = |costs: &[Cost]| costs.iter().map(|cost| cost.milliseconds / 1e3).collect::<Vec<f64>>();
        figures.push(Figure::new(what, "s", seconds(&ours)).beside("cat", seconds(&cats)).at_most(1.5));
        if ours.iter().all(|cost| cost.processor.is_some()) {
            let processor = |costs: &[Cost]| costs.iter().filter_map(|cost| cost.processor).collect::<Vec<f64>>();
            figures.push(
                Figure::new(format!("{what}: processors"), "s", processor(&ours)).beside("cat", processor(&cats)),
            );
            let peaks = ours.iter().filter_map(|cost| cost.peak).collect();
            figures.push(Figure::new(format!("{what}: memory"), "MiB", peaks).at_most(600.0));
        }
    }
    let runs =
        (0..=PAIRS).map(|_| Ok(time_shell(folder, &single)?.milliseconds / 1e3)).collect::<Result<Vec<f64>>>()?;
    figures.push(Figure::new("one layer of 64", "s", runs[1..].to_vec()).at_most(0.1));
    Ok(figures)
}

/// A command line that compares two versions; it was run, and says that so many tensors changed.
fn diffs(mlrun: &Mlrun, a: &str, b: &str, changed: u64) -> Result<String> {
    let arguments = format!("diff bench@{a} bench@{b} --only tensors");
    let found = mlrun.json(&arguments)?;
    anyhow::ensure!(found["tensors_summary"]["changed"] == changed, "{}", found["tensors_summary"]);
    Ok(format!("{} {arguments} > /dev/null", mlrun.program().display()))
}

/// The model after a step of training: in these tensors every weight moves by a few of its last bits.
fn moved(from: &Path, to: &Path, is_trained: impl Fn(u64) -> bool) -> Result<()> {
    let mut input = BufReader::with_capacity(1 << 20, File::open(from)?);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(to)?);
    let size = fs::metadata(from)?.len();
    let mut head = vec![0; (size - TENSORS * TENSOR) as usize];
    input.read_exact(&mut head)?;
    out.write_all(&head)?;
    let mut random = data::generator(99);
    let (mut buffer, mut draws) = (vec![0; 1 << 20], vec![0; 1 << 19]);
    for tensor in 0..TENSORS {
        for _ in 0..TENSOR >> 20 {
            input.read_exact(&mut buffer)?;
            if is_trained(tensor) {
                random.fill_bytes(&mut draws);
                for (bits, draw) in buffer.chunks_exact_mut(2).zip(&draws) {
                    let weight = u16::from_le_bytes([bits[0], bits[1]]).wrapping_add(u16::from(draw % 3));
                    bits.copy_from_slice(&weight.to_le_bytes());
                }
            }
            out.write_all(&buffer)?;
        }
    }
    Ok(out.flush()?)
}

/// Everything is on the disk, and nothing in memory.
fn forget(folder: &Path) -> Result<()> {
    time_shell(folder, &format!("sync && echo 3 > {FORGET}"))?;
    Ok(())
}
