"""Writes numbers.json (sums over two tensors), fixtures/ (model files in two versions) and files.json (what is different in them).

Run with numpy 2.4, ml_dtypes 0.6, gguf 0.19, onnx 1.23, joblib 1.6 and scikit-learn 1.9: python goldens.py
Sums are exact (math.fsum over Python's integers and floats of 64 bits), so they do not depend on an order.
"""

import gzip
import io
import json
import math
import pathlib
import pickle
import shutil
import struct
import zipfile

import gguf
import joblib
import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / "fixtures"
shutil.rmtree(FIXTURES, ignore_errors=True)
for side in "ab":
    (FIXTURES / side).mkdir(parents=True)
rng = np.random.default_rng(7)

BF16 = ml_dtypes.bfloat16
TYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": BF16,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "F8_E5M2": ml_dtypes.float8_e5m2, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz, "F8_E8M0": ml_dtypes.float8_e8m0fnu,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_,
    "C64": np.complex64, "COMPLEX128": np.complex128,
}
NAMES = {np.dtype(kind): name for name, kind in TYPES.items()}


def numbers(array):
    """Python numbers: integers as such, the others as float or complex of 64 bits."""
    kind = array.dtype
    if kind.kind in "iu":
        return [int(value) for value in array.ravel()]
    if kind.kind == "c":
        return [complex(value) for value in array.ravel()]
    return [float(value) for value in array.astype(np.float64).ravel()]


def finite(value):
    return math.isfinite(value.real) and math.isfinite(value.imag)


def odd(values):
    nan = sum(math.isnan(value.real) or math.isnan(value.imag) for value in values)
    return {"nan": nan, "infinite": sum(not finite(value) for value in values) - nan}


def change(a, b):
    """What is different from a to b, as many elements."""
    x, y = numbers(a), numbers(b)
    if a.dtype == b.dtype:
        width = a.dtype.itemsize
        bits = [np.ascontiguousarray(side).view(np.uint8).reshape(-1, width) for side in (a, b)]
        changed = int((bits[0] != bits[1]).any(axis=1).sum())
    else:
        changed = sum(not (p == q or p != p and q != q) for p, q in zip(x, y))
    pairs = [(p, q) for p, q in zip(x, y) if finite(p) and finite(q)]
    square = lambda value: [float(value.real) ** 2, float(value.imag) ** 2] if isinstance(value, complex) else [float(value) ** 2]
    total = lambda values: math.fsum(part for value in values for part in square(value))
    differences = [q - p for p, q in pairs]
    norm_a, norm_b, l2 = (math.sqrt(total(values)) for values in ([p for p, _ in pairs], [q for _, q in pairs], differences))
    product = math.fsum(
        part for p, q in pairs
        for part in ((p.real * q.real, p.imag * q.imag) if isinstance(q, complex) else (float(p) * float(q),))
    )
    return {
        "elements": len(x), "changed": changed, "not_finite": len(x) - len(pairs), "l2": l2,
        "relative": 0.0 if l2 == 0 else (l2 / norm_a if norm_a > 0 else None),
        "max_abs": max((float(abs(d)) for d in differences), default=0.0),
        "cosine": product / norm_a / norm_b if norm_a > 0 and norm_b > 0 else None,
        "a": odd(x), "b": odd(y),
    }


def raw(array):
    return np.ascontiguousarray(array).tobytes()


# One pair of tensors each.
cases = []


def case(name, a, b):
    cases.append({
        "name": name, "type_a": NAMES[a.dtype], "type_b": NAMES[b.dtype], "a_bytes": raw(a).hex(), "b_bytes": raw(b).hex(),
        **change(a, b),
    })


def some(kind, count):
    kind = np.dtype(kind)
    if kind == np.bool_:
        return rng.integers(0, 2, count).astype(kind)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        return rng.integers(info.min, info.max, count, dtype=kind, endpoint=True)
    if kind.kind == "c":
        return (rng.normal(size=count) + 1j * rng.normal(size=count)).astype(kind)
    if kind == np.dtype(ml_dtypes.float8_e8m0fnu):
        return (2.0 ** rng.integers(-20, 20, count)).astype(kind)
    return rng.normal(size=count).astype(kind)


for name, kind in TYPES.items():
    # More than a strip, and no whole number of anything.
    count = 1501 if name in ("BF16", "F32", "F64", "C64") else 77
    a = some(kind, count)
    b = a.copy()
    places = rng.choice(count, count // 3, replace=False)
    b[places] = some(kind, len(places))
    case(f"{name}, some", a, b)
    case(f"{name}, same", a[:50], a[:50])
for name in ("F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "F8_E8M0", "U8", "I8"):
    every = np.arange(256, dtype=np.uint8)
    case(f"{name}, every value", every.view(TYPES[name]), np.roll(every, 37).view(TYPES[name]))
for name, kind in (("F64", np.float64), ("F32", np.float32), ("F16", np.float16), ("BF16", BF16)):
    a = np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 2.0, 3.0, 0.5, np.nan, 1.0], dtype=kind)
    b = np.array([-0.0, -0.0, np.nan, np.nan, np.inf, 1.0, -np.inf, 3.5, 0.5, 2.0, 1.0], dtype=kind)
    case(f"{name}, not finite", a, b)
    case(f"{name}, nothing finite", a[3:6], b[3:6])
    case(f"{name}, from zeros", np.zeros(9, kind), np.arange(9).astype(kind))
    case(f"{name}, to zeros", np.arange(9).astype(kind), np.zeros(9, kind))
a = np.array([1 + 2j, complex(np.nan, 1), complex(1, np.inf), complex(np.nan, np.inf), 3 - 4j, 0], dtype=np.complex64)
b = np.array([1 + 2j, complex(np.nan, 1), 5j, 1, 6 + 0j, -0.0], dtype=np.complex64)
case("C64, not finite", a, b)
# Differences of 1 that a float of 64 bits does not see.
far = np.array([2**60, -(2**62), 2**63 - 1, 5], dtype=np.int64)
case("I64, far out", far, far + np.array([1, -1, -2, 0]))
far = np.array([2**64 - 1, 2**63, 7], dtype=np.uint64)
case("U64, far out", far, np.array([0, 2**63 + 1, 7], dtype=np.uint64))
wide = rng.normal(size=700).astype(np.float32)
wide[5], wide[6] = np.nan, np.inf
case("F32 as BF16", wide, wide.astype(BF16))
case("BF16 as F32", wide.astype(BF16), wide.astype(BF16).astype(np.float32))
case("F32 as F16", wide, (wide * 2).astype(np.float16))
case("F32 as C64", wide[10:90], wide[10:90].astype(np.complex64))
case("I8 as F32", np.arange(-100, 100, dtype=np.int8), np.arange(-100, 100, dtype=np.float32))

# Every value of 16 bits beside another: made again where this is read.
sixteen = []
for name in ("F16", "BF16"):
    every = np.arange(65536, dtype=np.uint16)
    sixteen.append({"type": name, "shift": 4097, **change(every.view(TYPES[name]), np.roll(every, 4097).view(TYPES[name]))})


def made(tensor, count):
    """A tensor in bf16 that is made again where this is read."""
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + tensor * 40503) % 2**32
    return (0x3A00 + (x >> 22 & 0x3FF) | (x >> 31) << 15).astype(np.uint16)


# More than one block, the last one short.
large = []
for tensor in range(3):
    a = made(tensor, 3_000_000)
    b = a.copy()
    if tensor != 1:
        b[:: 7 + tensor] ^= 1
    large.append({"tensor": tensor, "count": 3_000_000, "every": 7 + tensor, **change(a.view(BF16), b.view(BF16))})

(HERE / "numbers.json").write_text(json.dumps({"cases": cases, "sixteen": sixteen, "large": large}, indent=0) + "\n")

# Files.
said = {}


def pair(file, name, a, b, **more):
    """What is to be said of a tensor that is in both."""
    said.setdefault(file, []).append({"name": name, **more, **change(a, b)})


def only(file, name, change, **more):
    said.setdefault(file, []).append({"name": name, "change": change, **more})


def safetensors(tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        start = len(data)
        data += raw(array)
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def moved(array, step=3):
    """The same with every third element another."""
    b = array.copy()
    flat = b.reshape(-1)
    flat[::step] = some(array.dtype, len(flat[::step]))
    return b


def both(file, a, b):
    (FIXTURES / "a" / file).parent.mkdir(exist_ok=True)
    (FIXTURES / "b" / file).parent.mkdir(exist_ok=True)
    (FIXTURES / "a" / file).write_bytes(a)
    (FIXTURES / "b" / file).write_bytes(b)


a = {
    "embed.weight": some(BF16, 128).reshape(8, 16), "model.layers.0.w": some(np.float32, 64).reshape(8, 8),
    "model.layers.0.b": some(np.float32, 8), "model.layers.1.w": some(np.float16, 64).reshape(8, 8),
    "model.layers.1.scale": some(ml_dtypes.float8_e4m3fn, 8), "norm": some(np.float64, 12), "ids": some(np.int64, 6),
    "flags": some(np.bool_, 20), "old.name": some(np.float32, 10), "gone": some(np.float32, 3),
    "shaped": some(np.float32, 24).reshape(4, 6), "typed": some(np.float32, 30).reshape(5, 6),
}
b = {name: array for name, array in a.items() if name not in ("old.name", "gone")}
b |= {"new.name": a["old.name"], "fresh": some(np.float32, 4), "shaped": a["shaped"].reshape(6, 4), "typed": a["typed"].astype(BF16)}
for name in ("embed.weight", "model.layers.0.w", "model.layers.1.w", "model.layers.1.scale", "norm", "ids", "flags"):
    b[name] = moved(a[name])
    pair("model.safetensors", name, a[name], b[name], change="changed")
pair("model.safetensors", "shaped", a["shaped"], b["shaped"], change="reshaped")
pair("model.safetensors", "typed", a["typed"], b["typed"], change="retyped")
only("model.safetensors", "new.name", "renamed", **{"from": "old.name"})
only("model.safetensors", "fresh", "added")
only("model.safetensors", "gone", "removed")
both("model.safetensors", safetensors(a), safetensors(b))

# Two shards, then three: nothing moved but in one tensor.
names = [f"model.layers.{layer}.weight" for layer in range(6)]
weights = {name: some(np.float32, 40) for name in names}
for side, count in (("a", 2), ("b", 3)):
    if side == "b":
        weights = dict(weights)
        before, weights[names[4]] = weights[names[4]], moved(weights[names[4]])
        pair("shards", names[4], before, weights[names[4]], change="changed")
    size = 6 // count
    for shard in range(count):
        part = {name: weights[name] for name in names[shard * size:(shard + 1) * size]}
        folder = FIXTURES / side / "shards"
        folder.mkdir(exist_ok=True)
        (folder / f"model-{shard + 1:05}-of-{count:05}.safetensors").write_bytes(safetensors(part))

# Two blocks of 32 numbers of the one quantised tensor are other ones, and nothing of the other.
weights = some(np.float32, 40)
quantised = rng.integers(0, 256, (4, 4 * 18), dtype=np.uint8)
other = rng.integers(0, 256, (2, 34), dtype=np.uint8)
for side in "ab":
    path = FIXTURES / side / "model.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    if side == "b":
        before, weights = weights, moved(weights)
        pair("model.gguf", "blk.0.attn_norm.weight", before, weights, change="changed")
        quantised = quantised.copy()
        quantised[0, 17] ^= 1
        quantised[3, 18] ^= 128
        quantised[3, 20] ^= 128
        only("model.gguf", "blk.0.attn_q.weight", "changed", unit="block", elements=16, changed=2)
    writer.add_tensor("blk.0.attn_norm.weight", weights)
    writer.add_tensor("blk.0.attn_q.weight", quantised, raw_dtype=gguf.GGMLQuantizationType.Q4_0)
    writer.add_tensor("blk.0.attn_k.weight", other, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

# NumPy: both orders of sides, both orders of bytes, structs.
a = {
    "rows": some(np.float32, 24).reshape(4, 6), "columns": np.asfortranarray(some(np.float64, 24).reshape(4, 6)),
    "turned": some(np.float32, 12).reshape(3, 4), "big": some(np.float32, 9).astype(">f4"), "swapped": some(np.int16, 9),
    "points": np.zeros(5, dtype=[("x", "<f4"), ("n", "<i4")]), "same": some(np.float32, 4), "words": np.array(["ab", "c"]),
}
b = dict(a)
b["rows"], b["columns"] = moved(a["rows"]), np.asfortranarray(moved(np.ascontiguousarray(a["columns"])))
# The same numbers in another order of bytes or sides.
b["turned"], b["swapped"] = np.asfortranarray(a["turned"]), a["swapped"].astype(">i2")
b["big"] = moved(a["big"].astype("<f4")).astype(">f4")
for file in ("model.npz", "packed.npz"):
    for name in ("rows", "columns"):
        pair(file, name, a[name], b[name], change="changed")
    pair(file, "big", a["big"].astype("<f4"), b["big"].astype("<f4"), change="changed")
    for side, arrays in (("a", a), ("b", b)):
        buffer = io.BytesIO()
        (np.savez if file == "model.npz" else np.savez_compressed)(buffer, **{n: v for n, v in arrays.items() if n != "points"})
        (FIXTURES / side / file).write_bytes(buffer.getvalue())
array = some(np.float64, 33).reshape(3, 11)
pair("one.npy", "array", array, moved(array, 1000), change="changed")
for side, value in (("a", array), ("b", array)):
    np.save(FIXTURES / side / "one.npy", value)
second = moved(array)
said["one.npy"] = []
pair("one.npy", "array", array, second, change="changed")
np.save(FIXTURES / "b" / "one.npy", second)

# ONNX: as raw bytes.
weights = {"w": some(np.float32, 12).reshape(3, 4), "bias": some(np.float32, 4), "half": some(np.float16, 8)}
for side in "ab":
    if side == "b":
        before, weights = weights, {**weights, "w": moved(weights["w"]), "half": moved(weights["half"])}
        for name in ("w", "half"):
            pair("model.onnx", name, before[name], weights[name], change="changed")
    kind = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float16): TensorProto.FLOAT16}
    initialisers = [helper.make_tensor(n, kind[v.dtype], v.shape, raw(v), raw=True) for n, v in weights.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 4])
    graph = helper.make_graph([helper.make_node("Gemm", ["x", "w", "bias"], ["y"])], "g", [x], [out], initialisers)
    (FIXTURES / side / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())

# PyTorch: its own file with one number of one storage another, which five views show.
original = (HERE.parent / "introspect/fixtures/tensors.pt").read_bytes()
table = None
for side in "ab":
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as archive, zipfile.ZipFile(buffer, "w") as copy:
        for info in archive.infolist():
            data = archive.read(info)
            if info.filename.endswith("data/0"):
                if side == "b":
                    before = np.frombuffer(data, "<f4").reshape(6, 4)
                    after = before.copy()
                    after[2, 1] += 1
                    after[5, 3] -= 2
                    data = raw(after)
                    for name, view in (
                        ("table", lambda t: t), ("rows", lambda t: t[2:4]), ("turned", lambda t: t.T), ("column", lambda t: t[:, 1]),
                        ("again", lambda t: t),
                    ):
                        pair("model.pt", name, view(before), view(after), change="changed")
            copy.writestr(zipfile.ZipInfo(info.filename), data)
    (FIXTURES / side / "model.pt").write_bytes(buffer.getvalue())

# scikit-learn: what its attributes say.
X = rng.normal(size=(60, 4))
y = (X[:, 0] + X[:, 1] > 0).astype(int)


def fitted(strength):
    steps = [("scale", StandardScaler()), ("clf", LogisticRegression(C=strength, max_iter=200))]
    return Pipeline(steps).fit(X * (1 + strength), y)


models = {"a": fitted(1.0), "b": fitted(0.25)}
writers = {
    "clf.joblib": lambda model: dumped(model, 0), "packed.joblib": lambda model: dumped(model, 3),
    "clf.pkl": lambda model: pickle.dumps(model, 5), "clf4.pkl": lambda model: pickle.dumps(model, 4),
    "clf.pkl.gz": lambda model: gzip.compress(pickle.dumps(model, 5), mtime=0),
}


def dumped(model, compress):
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=compress)
    return buffer.getvalue()


for file, write in writers.items():
    both(file, write(models["a"]), write(models["b"]))
    for step in ("scale", "clf"):
        for name, before in vars(models["a"][step]).items():
            after = getattr(models["b"][step], name)
            if isinstance(before, np.ndarray) and raw(before) != raw(after):
                pair(file, f"steps.{step}.{name}", before, after, change="changed")
    said[file].append({"settings": {"clf__C": [1.0, 0.25]}})

forests = {side: RandomForestClassifier(3, max_depth=2, random_state=seed).fit(X, y) for side, seed in (("a", 1), ("b", 2))}
both("forest.joblib", dumped(forests["a"], 0), dumped(forests["b"], 0))
for number in range(3):
    before, after = (forests[side].estimators_[number].tree_.__getstate__()["nodes"] for side in "ab")
    name = f"estimators_.{number}.tree_.nodes"
    if before.shape == after.shape:
        only("forest.joblib", name, "changed", unit="item", elements=len(before), changed=int((before != after).sum()))
    else:
        only("forest.joblib", name, "reshaped")
said["forest.joblib"].append({"settings": {"random_state": [1, 2]}})

(HERE / "files.json").write_text(json.dumps(said, indent=0) + "\n")
