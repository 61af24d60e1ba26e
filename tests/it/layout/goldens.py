"""Writes fixtures/: model files of the real libraries, and where numpy and zipfile say their arrays lie.

Run with numpy 2.4, safetensors 0.8 and gguf 0.19: python goldens.py
"""

import io
import json
import pathlib
import zipfile

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent / "fixtures"
HERE.mkdir(exist_ok=True)
rng = np.random.default_rng(1)
table = {}

tensors = {
    "encoder.weight": rng.normal(size=(12, 40)).astype(np.float32),
    "encoder.bias": np.zeros(12, np.float64),
    "steps": np.array(7, np.int64),
    "half": rng.normal(size=9).astype(np.float16),
    "mask": np.array([True, False, True]),
    "empty": np.zeros((0, 4), np.float32),
}
save_file(tensors, HERE / "model.safetensors", metadata={"made by": "safetensors"})
data = (HERE / "model.safetensors").read_bytes()


def at(data, array):
    """Where the library put these bytes; they occur once."""
    raw = np.ascontiguousarray(array).tobytes()
    assert data.count(raw) == 1, data.count(raw)
    return data.index(raw)


names = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "bool": "BOOL"}
header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
begin = 8 + int.from_bytes(data[:8], "little")
table["model.safetensors"] = [
    [name, header[name]["dtype"], list(a.shape), begin + header[name]["data_offsets"][0], a.nbytes]
    for name, a in tensors.items() if a.nbytes
]
for name, dtype, shape, start, length in table["model.safetensors"]:
    assert dtype == names[tensors[name].dtype.name]
    assert data[start:start + length] == tensors[name].tobytes()

arrays = {"w": rng.normal(size=(40, 30)), "b": rng.normal(size=2000).astype(">f4"), "n": np.arange(3000, dtype=np.int16)}
np.savez(HERE / "arrays.npz", **arrays)
data = (HERE / "arrays.npz").read_bytes()
table["arrays.npz"] = [[k, a.dtype.str, list(a.shape), at(data, a), a.nbytes] for k, a in arrays.items()]

np.savez_compressed(HERE / "compressed.npz", w=np.zeros((100, 100)))
table["compressed.npz"] = []

np.save(HERE / "array.npy", np.asfortranarray(arrays["w"]))
data = (HERE / "array.npy").read_bytes()
table["array.npy"] = [["", "<f8", [40, 30], len(data) - arrays["w"].nbytes, arrays["w"].nbytes]]

# The layout of torch.save: members stored, storages aligned by an extra field, their types in a pickle.
storages = [rng.normal(size=1500).astype(np.float32).tobytes(), rng.normal(size=3000).astype(np.float16).tobytes()]
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("model/data.pkl", b"\x80\x02}q\x00." * 10)
    archive.writestr("model/byteorder", b"little")
    for number, storage in enumerate(storages):
        info = zipfile.ZipInfo(f"model/data/{number}", (1980, 1, 1, 0, 0, 0))
        info.extra = b"FB" + (37).to_bytes(2, "little") + b"Z" * 37
        archive.writestr(info, storage)
    archive.writestr("model/version", b"3\n")
data = buffer.getvalue()
(HERE / "model.pt").write_bytes(data)
table["model.pt"] = [[f"data/{n}", "", [], data.index(s), len(s)] for n, s in enumerate(storages)]

# Zip64 throughout, as for archives beyond 4 GiB.
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
    npy = io.BytesIO()
    np.save(npy, arrays["w"])
    with archive.open(zipfile.ZipInfo("w.npy"), "w", force_zip64=True) as member:
        member.write(npy.getvalue())
data = buffer.getvalue()
(HERE / "zip64.npz").write_bytes(data)
table["zip64.npz"] = [["w", "<f8", [40, 30], at(data, arrays["w"]), arrays["w"].nbytes]]

# Other metadata than one model has, so that every type of it is passed over; other alignment than the usual.
writer = gguf.GGUFWriter(HERE / "model.gguf", "llama")
writer.add_custom_alignment(64)
writer.add_token_list(["<s>", "</s>", "ü"])
writer.add_token_scores([0.5, -1.0, 2.0])
writer.add_array("test.flags", [True, False])
writer.add_bool("test.bool", True)
for kind in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"):
    getattr(writer, f"add_{kind}")(f"test.{kind}", 3)
writer.add_string("test.text", "a vocabulary may be long " * 40)
bits = rng.normal(size=(5, 7)).astype(np.float32).view(np.uint32) >> 16
writer.add_tensor("norm.weight", rng.normal(size=33).astype(np.float32))
writer.add_tensor("bits.weight", bits.astype(np.uint16).view(np.uint8).reshape(5, 14), raw_dtype=gguf.GGMLQuantizationType.BF16)
writer.add_tensor("half.weight", rng.normal(size=(3, 5)).astype(np.float16))
weights = rng.normal(size=(4, 256)).astype(np.float32)
for name, kind in (("attn", "Q8_0"), ("ffn", "Q4_0"), ("out", "Q5_1")):
    kind = gguf.GGMLQuantizationType[kind]
    writer.add_tensor(f"{name}.weight", gguf.quants.quantize(weights, kind), raw_dtype=kind)
writer.add_tensor("ids", np.arange(5, dtype=np.int32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
table["model.gguf"] = [
    [t.name, t.tensor_type.name, [int(n) for n in t.shape], int(t.data_offset), int(t.n_bytes)]
    for t in gguf.GGUFReader(HERE / "model.gguf").tensors
]
# What ggml says of every type, to be compared with what we say.
sizes = [f"{kind.value}\t{kind.name}\t{block}\t{size}\n" for kind, (block, size) in sorted(gguf.GGML_QUANT_SIZES.items())]
(HERE / "gguf-types.tsv").write_text("".join(sizes))

lines = [f"{file}\t{n}\t{d}\t{','.join(map(str, s))}\t{start}\t{length}\n" for file, rows in table.items() for n, d, s, start, length in rows]
(HERE / "tensors.tsv").write_text("".join(lines))
