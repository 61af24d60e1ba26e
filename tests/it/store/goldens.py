"""Writes fixtures/: large files of the real libraries, the noise in them left out, and how each is to be cut.

Where things lie is what pyarrow says of a table, and where the noise is found again in a model. FastCDC is written here
from the paper, with the gear table and the masks of the crate. Run with numpy 2.4, safetensors 0.8, gguf 0.19, onnx 1.23,
pyarrow 26 and torch 2.15: python goldens.py
"""

import hashlib
import pathlib
import tempfile

import gguf
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from onnx import helper, numpy_helper
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent / "fixtures"
HERE.mkdir(exist_ok=True)

WHOLE, MINIMUM, AVERAGE, MAXIMUM, TENSOR, SHORT = 256 << 10, 128 << 10, 512 << 10, 2 << 20, 4 << 20, 4096
GEAR = [int.from_bytes(hashlib.md5(bytes([n] * 64)).digest()[:8], "big") for n in range(256)]
# 20 and 18 bits: one more and one less than those of the average.
STRICT, RELAXED = 0x0000D91747537000, 0x0000D90707537000


def noise(seed, length):
    """SplitMix64, as support/noise.rs has it."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, length // 8 + 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (z ^ (z >> np.uint64(31))).tobytes()[:length]


def fastcdc(data):
    """The length of the first block."""
    if len(data) <= MINIMUM:
        return len(data)
    end = min(len(data), MAXIMUM)
    center = min(end, AVERAGE)
    gear = 0
    # In pairs: an odd byte at the end is none.
    for at in range(MINIMUM, end // 2 * 2):
        gear = (gear << 1) + GEAR[data[at]] & 0xFFFFFFFFFFFFFFFF
        if gear & (STRICT if at < center // 2 * 2 else RELAXED) == 0:
            return at
    return end


def by_content(data):
    if len(data) <= WHOLE:
        return [len(data)] if data else []
    lengths = []
    while data:
        lengths.append(fastcdc(data))
        data = data[lengths[-1]:]
    return lengths


def in_pieces(data):
    return [len(data[at:at + TENSOR]) for at in range(0, len(data), TENSOR)]


def cut(data, stretches, inside):
    lengths, at = [], 0
    for start, length in sorted(stretches):
        if length >= SHORT:
            lengths += by_content(data[at:start]) + inside(data[start:start + length])
            at = start + length
    lengths += by_content(data[at:])
    assert sum(lengths) == len(data)
    return lengths


def without_noise(data, sources):
    """Lines that put a file together: bytes as they are, and seed, first byte and length of noise."""
    places = []
    for seed, length in sources:
        source, at = noise(seed, length), 0
        while at < length:
            start = data.index(source[at:at + 32])
            here, there = (np.frombuffer(b, np.uint8) for b in (data[start:start + length - at], source[at:]))
            same = here[:len(there)] == there[:len(here)]
            run = len(same) if same.all() else int(same.argmin())
            places.append((start, seed, at, run))
            at += run
    lines, at = [], 0
    for start, seed, first, length in sorted(places):
        lines += [f"bytes {data[at:start].hex()}"] if start > at else []
        lines.append(f"noise {seed} {first} {length}")
        at = start + length
    lines += [f"bytes {data[at:].hex()}"] if at < len(data) else []
    return "\n".join(lines) + "\n"


# The same five tensors in every format: longer than two blocks, one block and a bit, within one, the shortest, too short.
SIZES = {"layer.0": 2 * TENSOR + 40_000, "layer.1": TENSOR + 4, "head": 300_000, "least": SHORT, "short": SHORT - 4}
SOURCES = [(seed, size) for seed, size in enumerate(SIZES.values(), 1)]
arrays = {name: np.frombuffer(noise(seed, size), np.float32) for name, (seed, size) in zip(SIZES, SOURCES)}
arrays["layer.0"] = arrays["layer.0"].reshape(8, -1)
folder = pathlib.Path(tempfile.mkdtemp())

save_file(arrays, folder / "model.safetensors")
np.savez(folder / "arrays.npz", **arrays)
torch.save({name: torch.from_numpy(a.copy()) for name, a in arrays.items()}, folder / "model.pt")
writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
for name, a in arrays.items():
    writer.add_tensor(name, a)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
nodes = [helper.make_node("Add", ["layer.0", "head"], ["out"])]
graph = helper.make_graph(nodes, "g", [], [], [numpy_helper.from_array(a, name) for name, a in arrays.items()])
onnx.save(helper.make_model(graph), folder / "model.onnx")

golden = {"noise": by_content(noise(1, 8 << 20))}
for file in ("model.safetensors", "arrays.npz", "model.pt", "model.gguf", "model.onnx"):
    data = (folder / file).read_bytes()
    stretches = []
    for seed, size in SOURCES:
        assert data.count(noise(seed, size)) == 1
        stretches.append((data.index(noise(seed, size)), size))
    golden[file] = cut(data, stretches, in_pieces)
    (HERE / f"{file}.txt").write_text(without_noise(data, SOURCES))

# A table in two row groups: columns longer than a block, one that is too short to be cut out, one within another.
rows = {"id": 1, "score": 2, "at": 3}
table = {name: pa.array(np.frombuffer(noise(seed, 8 * 230_000), np.int64)) for name, seed in rows.items()}
table = pa.table({
    "id": table["id"],
    "class": pa.array(["one"] * 230_000),
    "where": pa.StructArray.from_arrays([table["at"]], names=["at"]),
    "score": table["score"],
})
pq.write_table(table, folder / "table.parquet", row_group_size=130_000, use_dictionary=["class"], compression="none",
               write_statistics=False, data_page_size=1 << 30, max_rows_per_page=1 << 30, write_batch_size=1 << 20)
data = (folder / "table.parquet").read_bytes()
about = pq.ParquetFile(folder / "table.parquet").metadata
chunks = [about.row_group(g).column(c) for g in range(about.num_row_groups) for c in range(about.num_columns)]
stretches = [(c.dictionary_page_offset if c.has_dictionary_page else c.data_page_offset, c.total_compressed_size) for c in chunks]
assert about.num_row_groups == 2 and any(length < SHORT for _, length in stretches)
golden["table.parquet"] = cut(data, stretches, by_content)
(HERE / "table.parquet.txt").write_text(without_noise(data, [(seed, 8 * 230_000) for seed in rows.values()]))

files = {"noise": noise(1, 8 << 20), **{file: (folder / file).read_bytes() for file in golden if file != "noise"}}
lines = [f"{file}\t{hashlib.sha256(files[file]).hexdigest()}\t{','.join(map(str, lengths))}\n" for file, lengths in golden.items()]
(HERE / "cuts.tsv").write_text("".join(lines))
