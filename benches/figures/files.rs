//! `big`, `many`, `huge`, `million`: storing and rebuilding files, beside `cp`, which is what any copy must pay.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::data;
use crate::report::Figure;
use crate::run::{Cost, Mlrun, time_shell};

/// Pairs of runs. Which of a pair goes first alternates: the second one finds memory the first has given back.
const PAIRS: usize = 4;

/// One file of 1 GiB.
pub(crate) fn big(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let data = source(mlrun);
    fs::create_dir_all(&data)?;
    data::bf16_model(&data.join("model.safetensors"))?;
    measure(
        mlrun,
        PAIRS,
        Promises { first: Some(0.75), unchanged: Some(0.02), restore: Some(1.05), stored: Some(0.67) },
    )
}

/// 50,000 files of 1 to 20 KB.
pub(crate) fn many(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    data::many_files(&source(mlrun))?;
    measure(mlrun, PAIRS, Promises { first: Some(2.0), unchanged: Some(0.25), restore: Some(2.0), stored: None })
}

/// One file of 20 GiB, most of it holes.
pub(crate) fn huge(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let data = source(mlrun);
    fs::create_dir_all(&data)?;
    data::sparse_file(&data.join("sparse.bin"))?;
    measure(mlrun, 1, Promises::default())
}

/// A million files of up to 200 bytes.
pub(crate) fn million(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    data::tiny_files(&source(mlrun))?;
    measure(mlrun, 1, Promises::default())
}

/// What is stored.
fn source(mlrun: &Mlrun) -> PathBuf {
    mlrun.folder.join("project/data")
}

/// The most it may take: in terms of `cp`, but for `unchanged`, which is in seconds, and `stored`.
#[derive(Default)]
struct Promises {
    first: Option<f64>,
    unchanged: Option<f64>,
    restore: Option<f64>,
    stored: Option<f64>,
}

/// Stores and rebuilds the folder `data`, every time from an empty store. Copies lie beside the project, not in it.
fn measure(mlrun: &Mlrun, pairs: usize, promises: Promises) -> Result<Vec<Figure>> {
    let above = &mlrun.folder;
    let mlrun = &mlrun.within(&above.join("project"));
    let folder = &mlrun.folder;
    let [mut first, mut unchanged, mut restored] = [const { Vec::new() }; 3];
    let [mut copied, mut copied_back] = [const { Vec::new() }; 2];
    let mut stored = 0.0;
    for pair in 0..pairs {
        for made in ["project/.mlrun", "copy", "restored", "copied-back"] {
            remove(&above.join(made))?;
        }
        fs::write(folder.join("mlrun.toml"), "schema = 1\n[model.bench]\nfiles = [\"data\"]\n")?;
        mlrun.run("init")?;
        time_shell(folder, "sync -f .")?;
        alternate(
            pair,
            || {
                first.push(mlrun.time_synced("snapshot bench")?);
                Ok(())
            },
            || {
                copied.push(time_shell(folder, "cp -r data ../copy && sync -f .")?);
                Ok(())
            },
        )?;
        // It writes nothing: there is nothing to wait for.
        unchanged.push(mlrun.time_cost("snapshot bench")?);
        alternate(
            pair,
            || {
                restored.push(mlrun.time_synced("restore bench@v1 --only model --to ../restored")?);
                Ok(())
            },
            || {
                copied_back.push(time_shell(folder, "cp -r ../copy ../copied-back && sync -f .")?);
                Ok(())
            },
        )?;
        stored = size(&folder.join(".mlrun"))? as f64 / size(&folder.join("data"))? as f64;
    }
    anyhow::ensure!(time_shell(folder, "diff -r data ../restored/data").is_ok(), "restored files differ");
    let mut figures = Vec::new();
    let mut add = |what: &str, runs: &[Cost], copies: Option<&[Cost]>, promise: Option<f64>| {
        let beside_copies = |figure: Figure, value: fn(&Cost) -> Option<f64>| match copies {
            Some(copies) => figure.beside("cp", copies.iter().filter_map(value).collect()),
            None => figure,
        };
        let seconds: fn(&Cost) -> Option<f64> = |cost| Some(cost.milliseconds / 1e3);
        let figure = beside_copies(Figure::new(what, "s", runs.iter().filter_map(seconds).collect()), seconds);
        figures.push(promise.into_iter().fold(figure, Figure::at_most));
        if runs.iter().all(|cost| cost.peak.is_some()) {
            let processor = runs.iter().filter_map(|cost| cost.processor).collect();
            figures
                .push(beside_copies(Figure::new(format!("{what}: processors"), "s", processor), |cost| cost.processor));
            let peaks = runs.iter().filter_map(|cost| cost.peak).collect();
            figures.push(Figure::new(format!("{what}: memory"), "MiB", peaks).at_most(600.0));
        }
    };
    add("first snapshot", &first, Some(&copied), promises.first);
    add("unchanged snapshot", &unchanged, None, promises.unchanged);
    add("restore", &restored, Some(&copied_back), promises.restore);
    let stored = Figure::new("stored, of what it was", "×", vec![stored]);
    figures.push(promises.stored.into_iter().fold(stored, Figure::at_most));
    Ok(figures)
}

/// Does both; of every second pair the other one first.
pub(crate) fn alternate(
    pair: usize,
    mut one: impl FnMut() -> Result<()>,
    mut other: impl FnMut() -> Result<()>,
) -> Result<()> {
    if pair.is_multiple_of(2) {
        one()?;
        return other();
    }
    other()?;
    one()
}

pub(crate) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Bytes of all files below `folder`.
pub(crate) fn size(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        total += if data.is_dir() { size(&entry.path())? } else { data.len() };
    }
    Ok(total)
}
