"""Writes fixtures/: files of the real libraries, and where these, numpy and zipfile say that arrays and columns lie.

Run with numpy 2.4, safetensors 0.8, gguf 0.19, onnx 1.23 and pyarrow 26: python goldens.py
"""

import io
import json
import pathlib
import zipfile

import gguf
import ml_dtypes
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper
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

# Every way in which a model of ONNX holds numbers, and every place where it holds tensors.
f32, f64, i64 = np.float32, np.float64, np.int64
plain = {
    "weight": rng.normal(size=(12, 40)).astype(f32),
    "half": rng.normal(size=(3, 5)).astype(np.float16),
    "brain": rng.normal(size=(7, 3)).astype(ml_dtypes.bfloat16),
    "double": rng.normal(size=11),
    "ids": rng.integers(1 << 40, size=9),
    "small": rng.integers(100, size=(2, 10), dtype=np.int8),
    "mask": rng.integers(2, size=29).astype(bool),
    "complex": (rng.normal(size=6) + 1j * rng.normal(size=6)).astype(np.complex64),
    "four": rng.integers(-8, 7, size=33).astype(ml_dtypes.int4),
    "eight": rng.normal(size=37).astype(ml_dtypes.float8_e4m3fn),
}
initializers = [numpy_helper.from_array(a, name) for name, a in plain.items()]
# Numbers in fields of their own: floats and doubles as they are, integers one by one.
fields = {
    "float field": ("FLOAT", rng.normal(size=(5, 8)).astype(f32)),
    "double field": ("DOUBLE", rng.normal(size=13)),
    "complex field": ("COMPLEX64", (rng.normal(size=4) + 1j).astype(np.complex64)),
}
initializers += [helper.make_tensor(n, getattr(TensorProto, k), a.shape, a.flatten()) for n, (k, a) in fields.items()]
initializers.append(helper.make_tensor("integer field", TensorProto.INT64, [50], range(50)))
initializers.append(helper.make_tensor("half field", TensorProto.FLOAT16, [50], np.linspace(0, 1, 50)))
initializers.append(helper.make_tensor("text", TensorProto.STRING, [2], [b"one", "zwölf".encode()]))
external = numpy_helper.from_array(np.ones(4, f32), "elsewhere")
onnx.external_data_helper.set_external_data(external, "model.onnx.data", 0, 16)
external.ClearField("raw_data")
initializers.append(external)

deep = {name: rng.normal(size=size).astype(f32) for name, size in
        (("constant", 21), ("then weight", 22), ("else constant", 23), ("own name", 24), ("values", 25), ("in a function", 26), ("one", 27), ("two", 28))}


def constant(output, name=""):
    return helper.make_node("Constant", [], [output], value=numpy_helper.from_array(deep[output if not name else name], name))


def branch(name, nodes, tensors):
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], tensors)


then = branch("then", [helper.make_node("Identity", ["then weight"], ["y"])], [numpy_helper.from_array(deep["then weight"], "then weight")])
otherwise = branch("else", [constant("else constant"), helper.make_node("Identity", ["else constant"], ["y"])], [])
several = helper.make_node("Several", [], ["out"], domain="test")
several.attribute.append(helper.make_attribute("tensors", [numpy_helper.from_array(deep[n], n) for n in ("one", "two")]))
positions = np.sort(rng.choice(1 << 20, 25, replace=False))
sparse = helper.make_sparse_tensor(numpy_helper.from_array(deep["values"], "values"), numpy_helper.from_array(positions, "positions"), [1 << 20])
nodes = [constant("constant"), constant("c", "own name"), helper.make_node("If", ["x"], ["z"], then_branch=then, else_branch=otherwise), several]
function = helper.make_function("test", "F", [], ["y"], [constant("in a function"), helper.make_node("Identity", ["in a function"], ["y"])], [helper.make_opsetid("", 21)])
graph = helper.make_graph(nodes, "graph", [helper.make_tensor_value_info("x", TensorProto.BOOL, [])], [], initializers, sparse_initializer=[sparse], doc_string="words " * 40)
model = helper.make_model(graph, producer_name="a test", functions=[function], ir_version=10)
onnx.save(model, HERE / "model.onnx")
data = (HERE / "model.onnx").read_bytes()
assert onnx.load_from_string(data).SerializeToString() == data


def row(data, name, kind, array):
    stored = numpy_helper.from_array(array)
    raw = stored.raw_data
    assert data.count(raw) == 1, name
    return [name, TensorProto.DataType.Name(kind), list(array.shape), data.index(raw), len(raw)]


rows = [row(data, name, tensor.data_type, plain[name]) for name, tensor in zip(plain, initializers)]
rows += [row(data, n, getattr(TensorProto, k), a) for n, (k, a) in fields.items()]
rows += [row(data, n, TensorProto.FLOAT, a) for n, a in deep.items()]
rows.append(row(data, "positions", TensorProto.INT64, positions))
table["model.onnx"] = rows


# Fields in another order than any writer's, numbers of a list one by one: as protobuf allows.
def bytes_field(number, value):
    length, head = len(value), bytes([number << 3 | 2])
    while length >= 128:
        head += bytes([length & 127 | 128])
        length >>= 7
    return head + bytes([length]) + value


w = plain["weight"]
tensor = b"".join([bytes_field(9, w.tobytes()), bytes_field(8, b"weight"), b"\x08\x0c", b"\x10\x01", b"\x08\x28"])
graph = bytes_field(13, helper.make_tensor_value_info("v", 1, [2]).SerializeToString()) + bytes_field(5, tensor) + bytes_field(2, b"g")
data = b"\x08\x0a" + bytes_field(14, b"\x0a\x01k\x12\x01v") + bytes_field(7, graph) + bytes_field(2, b"last") + bytes_field(8, b"\x10\x15")
loaded = onnx.load_from_string(data)
assert loaded.producer_name == "last" and np.array_equal(numpy_helper.to_array(loaded.graph.initializer[0]), w)
(HERE / "reordered.onnx").write_bytes(data)
table["reordered.onnx"] = [row(data, "weight", TensorProto.FLOAT, w)]

# Columns with and without a dictionary, within columns, of several row groups; statistics and page indexes.
count = 700
columns = pa.table({
    "id": pa.array(rng.integers(1 << 50, size=count)),
    "label": pa.array([f"class {n % 3}" if n % 7 else None for n in range(count)]).dictionary_encode(),
    "score": pa.array(rng.normal(size=count).astype(f32)),
    "where": pa.array([{"lat": n / 7, "tags": ["a"] * (n % 3)} for n in range(count)]),
    "empty": pa.nulls(count, pa.int32()),
})
columns = columns.replace_schema_metadata({"note": "words " * 30})
pq.write_table(columns, HERE / "table.parquet", row_group_size=300, use_dictionary=["label"], write_page_index=True, compression="snappy")
pq.write_table(columns.slice(0, 100), HERE / "plain.parquet", use_dictionary=False, write_statistics=False, compression="none", version="1.0")
for file in ("table.parquet", "plain.parquet"):
    about = pq.ParquetFile(HERE / file).metadata
    rows = table[file] = []
    for group in range(about.num_row_groups):
        for number in range(about.num_columns):
            c = about.row_group(group).column(number)
            start = c.dictionary_page_offset if c.has_dictionary_page else c.data_page_offset
            # The writer leaves no gaps: what is told is what is there.
            assert start == (rows[-1][3] + rows[-1][4] if rows else 4)
            rows.append([f"{group}/{c.path_in_schema}", "", [], start, c.total_compressed_size])

lines = [f"{file}\t{n}\t{d}\t{','.join(map(str, s))}\t{start}\t{length}\n" for file, rows in table.items() for n, d, s, start, length in rows]
(HERE / "tensors.tsv").write_text("".join(lines))
