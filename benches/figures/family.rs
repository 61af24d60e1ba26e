//! `family`: a line of fine-tunes, every version stored after the one before.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rand_distr::{Distribution as _, StandardNormal};
use serde_json::{Map, Value, json};

use crate::data::{bf16, generator};
use crate::files::{remove, size};
use crate::report::Figure;
use crate::run::{Mlrun, time_shell};

/// Versions behind the first one; the last three leave all but the upper layers as they were.
const STEPS: u64 = 8;
const FULL_STEPS: u64 = 5;

/// A tensor: its name, its shape, its numbers.
type Tensor = (String, Vec<u64>, Vec<f32>);

/// 18 versions: nine as fp32, then nine as bf16.
pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let folder = &mlrun.folder;
    let versions = write(&folder.join("versions"), mlrun.weights())?;
    fs::write(folder.join("mlrun.toml"), "schema = 1\n[model.bench]\nfiles = [\"data\"]\n")?;
    mlrun.run("init")?;
    let (mut raw, mut ours, mut copies) = (0, 0.0, 0.0);
    for (number, version) in versions.iter().enumerate() {
        remove(&folder.join("data"))?;
        time_shell(folder, &format!("cp -r {} data && sync -f .", version.display()))?;
        raw += size(version)?;
        let copy = format!("mkdir -p copies && cp -r data copies/{number} && sync -f .");
        // Which goes first alternates.
        if number % 2 == 0 {
            copies += time_shell(folder, &copy)?.milliseconds;
        }
        ours += mlrun.time_synced("snapshot bench")?.milliseconds;
        if number % 2 == 1 {
            copies += time_shell(folder, &copy)?.milliseconds;
        }
    }
    let unchanged = mlrun.time("snapshot bench")? / 1e3;
    let mut restores = Vec::new();
    let mut copied_back = Vec::new();
    for version in [9, 18] {
        restores.push(mlrun.time_synced(&format!("restore bench@v{version} --only model --to r{version}"))?);
        copied_back.push(time_shell(folder, &format!("cp -r copies/{} c{version} && sync -f .", version - 1))?);
        let same = format!("diff -r {} r{version}/data", versions[version - 1].display());
        ensure!(time_shell(folder, &same).is_ok(), "version {version} came back different");
    }
    let seconds = |costs: &[crate::run::Cost]| costs.iter().map(|cost| cost.milliseconds / 1e3).collect::<Vec<_>>();
    let stored = size(&folder.join(".mlrun"))? as f64 / raw as f64;
    Ok(vec![
        Figure::new("18 snapshots", "s", vec![ours / 1e3]).beside("cp", vec![copies / 1e3]),
        Figure::new("unchanged snapshot", "s", vec![unchanged]).at_most(0.02),
        Figure::new("restore of v9, v18", "s", seconds(&restores)).beside("cp", seconds(&copied_back)),
        Figure::new("stored, of what it was", "×", vec![stored]).at_most(0.41),
    ])
}

/// Writes all versions, each a folder with a safetensors file; their folders in their order. `weights` is the first one, in
/// fp32; without it, numbers of the shapes of a small sentence encoder.
pub(crate) fn write(folder: &Path, weights: Option<&Path>) -> Result<Vec<PathBuf>> {
    let mut tensors = weights.map_or_else(|| Ok(simulated()), read)?;
    let mut folders = vec![Vec::new(); 2];
    for step in 0..=STEPS {
        if step > 0 {
            train(&mut tensors, step);
        }
        for (list, width, dtype) in [(0, 4, "F32"), (1, 2, "BF16")] {
            let below = folder.join(format!("{}-v{step}", dtype.to_lowercase()));
            fs::create_dir_all(&below)?;
            fs::write(below.join("model.safetensors"), encode(&tensors, width, dtype))?;
            folders[list].push(below);
        }
    }
    Ok(folders.concat())
}

/// Adds noise to what is trained: half a percent of a tensor's standard deviation.
fn train(tensors: &mut [Tensor], step: u64) {
    let mut random = generator(7000 + step);
    for (name, _, values) in tensors {
        let trained = step <= FULL_STEPS || ["layer.4", "layer.5", "pooler"].iter().any(|part| name.contains(part));
        if !trained {
            continue;
        }
        let count = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
        let scale = (0.005 * variance.sqrt() + 1e-9) as f32;
        for value in values {
            let noise: f32 = StandardNormal.sample(&mut random);
            *value += noise * scale;
        }
    }
}

fn simulated() -> Vec<Tensor> {
    let mut shapes = vec![("embeddings.word".to_owned(), vec![30_522, 384])];
    for layer in 0..6 {
        let square = ["query", "key", "value", "output"];
        shapes.extend(square.map(|part| (format!("encoder.layer.{layer}.{part}.weight"), vec![384, 384])));
        shapes.push((format!("encoder.layer.{layer}.up.weight"), vec![1536, 384]));
        shapes.push((format!("encoder.layer.{layer}.down.weight"), vec![384, 1536]));
    }
    shapes.push(("pooler.weight".to_owned(), vec![384, 384]));
    let fill = |(number, (name, shape)): (usize, (String, Vec<u64>))| {
        let mut random = generator(7100 + number as u64);
        let deviation = 0.02 + 0.01 * (number % 5) as f32;
        let values = (0..shape.iter().product::<u64>()).map(|_| -> f32 {
            let value: f32 = StandardNormal.sample(&mut random);
            value * deviation
        });
        (name, shape, values.collect())
    };
    shapes.into_iter().enumerate().map(fill).collect()
}

/// The fp32 tensors of a safetensors file.
fn read(path: &Path) -> Result<Vec<Tensor>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let (length, rest) = bytes.split_at_checked(8).context("no safetensors file")?;
    let length = u64::from_le_bytes(length.try_into()?) as usize;
    let (header, data) = rest.split_at_checked(length).context("its header is cut")?;
    let header: Map<String, Value> = serde_json::from_slice(header)?;
    let mut tensors = Vec::new();
    for (name, entry) in header.iter().filter(|(_, entry)| entry["dtype"] == "F32") {
        let shape: Vec<u64> = serde_json::from_value(entry["shape"].clone())?;
        let [begin, end]: [usize; 2] = serde_json::from_value(entry["data_offsets"].clone())?;
        let (numbers, _) = data.get(begin..end).context("a tensor outside of it")?.as_chunks::<4>();
        tensors.push((name.clone(), shape, numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()));
    }
    ensure!(!tensors.is_empty(), "{} has no tensor in fp32", path.display());
    Ok(tensors)
}

fn encode(tensors: &[Tensor], width: usize, dtype: &str) -> Vec<u8> {
    let mut header = Map::new();
    let mut data = Vec::new();
    for (name, shape, values) in tensors {
        let begin = data.len();
        match width {
            2 => data.extend(values.iter().flat_map(|value| bf16(*value).to_le_bytes())),
            _ => data.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
        header.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()] }));
    }
    let mut text = Value::Object(header).to_string();
    text += &" ".repeat(text.len().next_multiple_of(8) - text.len());
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &data].concat()
}
