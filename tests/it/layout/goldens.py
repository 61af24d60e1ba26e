"""Writes fixtures/: model files of the real libraries, and where numpy and zipfile say their arrays lie.

Run with numpy 2.4 and safetensors 0.8: python goldens.py
"""

import io
import json
import pathlib
import zipfile

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

lines = [f"{file}\t{n}\t{d}\t{','.join(map(str, s))}\t{start}\t{length}\n" for file, rows in table.items() for n, d, s, start, length in rows]
(HERE / "tensors.tsv").write_text("".join(lines))
