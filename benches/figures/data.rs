//! Data that is always the same: made of a counter-based generator, nothing is downloaded.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use polars::prelude::{DataFrame, NamedFrom as _, ParquetWriter, Series};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};

/// A generator for the `n`-th part of something.
pub(crate) fn generator(n: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(n)
}

/// Evenly distributed in [0, 1).
pub(crate) fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A file that no codec can shrink.
pub(crate) fn noise(path: &Path, bytes: usize, seed: u64) -> io::Result<()> {
    let mut buffer = vec![0; bytes];
    generator(seed).fill_bytes(&mut buffer);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, buffer)
}

/// A safetensors file of 1 GiB: 64 tensors of 2048 × 4096 normally distributed weights as bf16.
pub(crate) fn bf16_model(path: &Path) -> io::Result<()> {
    const TENSORS: usize = 64;
    const VALUES: usize = 2048 * 4096;
    let entries = (0..TENSORS).map(|i| {
        let (begin, end) = (i * VALUES * 2, (i + 1) * VALUES * 2);
        format!(r#""layers.{i}.weight":{{"dtype":"BF16","shape":[2048,4096],"data_offsets":[{begin},{end}]}}"#)
    });
    let mut header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for tensor in 0..TENSORS {
        let mut random = generator(tensor as u64);
        let deviation = 0.02 * (1 + tensor % 5) as f32;
        for _ in 0..VALUES {
            let weight: f32 = StandardNormal.sample(&mut random);
            out.write_all(&bf16(weight * deviation).to_le_bytes())?;
        }
    }
    out.flush()
}

/// Rounded to the nearest, to even between two.
pub(crate) const fn bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    ((bits + ((bits >> 16) & 1) + 0x7fff) >> 16) as u16
}

/// 50,000 files of 1 to 20 KB in 200 folders, half a gigabyte.
pub(crate) fn many_files(folder: &Path) -> io::Result<()> {
    let mut random = generator(50_000);
    let mut buffer = vec![0; 20_000];
    for i in 0..50_000 {
        let below = folder.join(format!("{:03}", i % 200));
        if i < 200 {
            fs::create_dir_all(&below)?;
        }
        let length = 1_000 + (random.next_u64() % 19_000) as usize;
        random.fill_bytes(&mut buffer[..length]);
        fs::write(below.join(format!("{i:06}.bin")), &buffer[..length])?;
    }
    Ok(())
}

/// A file of 20 GiB, of which all but 20 stretches of 16 MiB are holes.
pub(crate) fn sparse_file(path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    file.set_len(20 << 30)?;
    let mut buffer = vec![0; 16 << 20];
    for n in 0..20 {
        generator(8000 + n).fill_bytes(&mut buffer);
        let mut at = &file;
        at.seek(SeekFrom::Start((n << 30) + n * 12_345))?;
        at.write_all(&buffer)?;
    }
    Ok(())
}

/// A million files of 10 to 200 bytes in 1,000 folders.
pub(crate) fn tiny_files(folder: &Path) -> io::Result<()> {
    let mut random = generator(1_000_000);
    let mut buffer = [0; 200];
    for below in 0..1000 {
        let below = folder.join(format!("{below:03}"));
        fs::create_dir_all(&below)?;
        for n in 0..1000 {
            let length = 10 + (random.next_u64() % 191) as usize;
            random.fill_bytes(&mut buffer[..length]);
            fs::write(below.join(format!("{n:03}.txt")), &buffer[..length])?;
        }
    }
    Ok(())
}

/// Predictions of a binary classifier for `rows` rows, whose labels are the same for every `model`; later ones are
/// a little better. A tenth of the rows is positive.
pub(crate) fn predictions(path: &Path, rows: usize, model: u64) -> io::Result<()> {
    let mut truth = generator(1);
    let mut opinion = generator(1000 + model);
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "row_id,y,p")?;
    for row in 0..rows {
        let positive = uniform(&mut truth) < 0.1;
        let seen: f64 = StandardNormal.sample(&mut truth);
        let own: f64 = StandardNormal.sample(&mut opinion);
        let centre = if positive { 1.2 } else { -2.8 };
        let evidence = centre + seen + own * (0.3 - 0.005 * model as f64);
        writeln!(out, "{row},{},{:.6}", u8::from(positive), 1.0 / (1.0 + (-evidence).exp()))?;
    }
    out.flush()
}

/// The same as a parquet file, each row in one of so many slices.
pub(crate) fn sliced_predictions(path: &Path, rows: usize, model: u64, slices: u64) -> io::Result<()> {
    let mut truth = generator(1);
    let mut opinion = generator(1000 + model);
    let (mut labels, mut scores, mut segments) = (Vec::new(), Vec::new(), Vec::new());
    let names: Vec<String> = (0..slices).map(|slice| format!("segment {slice}")).collect();
    for _ in 0..rows {
        let positive = uniform(&mut truth) < 0.1;
        let seen: f64 = StandardNormal.sample(&mut truth);
        let own: f64 = StandardNormal.sample(&mut opinion);
        let centre = if positive { 1.2 } else { -2.8 };
        labels.push(i64::from(positive));
        scores.push(1.0 / (1.0 + (-(centre + seen + own * (0.3 - 0.005 * model as f64))).exp()));
        segments.push(names[(truth.next_u64() % slices) as usize].as_str());
    }
    let keys: Vec<i64> = (0..rows as i64).collect();
    let columns = vec![
        Series::new("row_id".into(), keys).into(),
        Series::new("y".into(), labels).into(),
        Series::new("p".into(), scores).into(),
        Series::new("segment".into(), segments).into(),
    ];
    let mut frame = DataFrame::new(rows, columns).map_err(io::Error::other)?;
    ParquetWriter::new(File::create(path)?).finish(&mut frame).map_err(io::Error::other)?;
    Ok(())
}

/// Latencies in milliseconds, with a long tail.
pub(crate) fn latencies(path: &Path, samples: usize, model: u64) -> io::Result<()> {
    let mut random = generator(2000 + model);
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "ms")?;
    for _ in 0..samples {
        let normal: f64 = StandardNormal.sample(&mut random);
        writeln!(out, "{:.4}", 5.0 * (0.4 * normal).exp())?;
    }
    out.flush()
}
