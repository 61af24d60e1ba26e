//! `bundle`: a version of 1 GiB as one file for an auditor, beside what any archive of it must pay.

use std::fs;

use anyhow::Result;

use crate::data;
use crate::files::{alternate, size};
use crate::report::Figure;
use crate::run::{Cost, Mlrun, time_shell};

/// Pairs of runs. Which of a pair goes first alternates.
const PAIRS: usize = 4;

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let above = &mlrun.folder;
    let mlrun = &mlrun.within(&above.join("project"));
    let folder = &mlrun.folder;
    fs::create_dir_all(folder.join("data"))?;
    data::bf16_model(&folder.join("data/model.safetensors"))?;
    fs::write(folder.join("mlrun.toml"), "schema = 1\n[model.bench]\nfiles = [\"data\"]\n")?;
    mlrun.run("init")?;
    mlrun.run("snapshot bench")?;
    let [mut bundled, mut checked, mut archived] = [const { Vec::new() }; 3];
    for pair in 0..PAIRS {
        for made in ["bundle.tar.gz", "tar.tar.gz"] {
            if above.join(made).exists() {
                fs::remove_file(above.join(made))?;
            }
        }
        alternate(
            pair,
            || {
                bundled.push(mlrun.time_synced("bundle bench@v1 -o ../bundle.tar.gz")?);
                Ok(())
            },
            || {
                archived.push(time_shell(folder, "tar c data | gzip -1 > ../tar.tar.gz && sync -f .")?);
                Ok(())
            },
        )?;
        checked.push(mlrun.time_synced("bundle --verify ../bundle.tar.gz")?);
    }
    let plain = size(&folder.join("data"))? as f64;
    let bytes = |name: &str| -> Result<f64> { Ok(fs::metadata(above.join(name))?.len() as f64 / plain) };
    let seconds = |runs: &[Cost]| runs.iter().map(|cost| cost.milliseconds / 1e3).collect::<Vec<_>>();
    let peaks = |runs: &[Cost]| runs.iter().filter_map(|cost| cost.peak).collect::<Vec<_>>();
    let mut figures = vec![
        Figure::new("bundle", "s", seconds(&bundled)).beside("tar | gzip -1", seconds(&archived)).at_most(1.5),
        Figure::new("bundle --verify", "s", seconds(&checked)),
        Figure::new("size", "×", vec![bytes("bundle.tar.gz")?]).beside("tar | gzip -1", vec![bytes("tar.tar.gz")?]),
    ];
    if bundled.iter().all(|cost| cost.peak.is_some()) {
        figures.push(Figure::new("bundle: memory", "MiB", peaks(&bundled)).at_most(600.0));
        figures.push(Figure::new("bundle --verify: memory", "MiB", peaks(&checked)).at_most(600.0));
    }
    Ok(figures)
}
