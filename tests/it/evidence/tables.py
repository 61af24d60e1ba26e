"""Writes fixtures/table.{csv,csv.gz,parquet,jsonl,arrow}: one frame, whose columns are everything evidence may be, or must not be.

Run with pyarrow 26 (in this folder): python tables.py
"""

import decimal
import gzip
import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

N = 60
ROWS = range(N)
# Beyond 2**53: as doubles, neighbours would be equal.
KEYS = [2**53 + 1 + i for i in ROWS]
LABELS = [int(i * 7 % 10 < 4) for i in ROWS]
SCORES = [round(0.3 * y + 0.5 * (i * 37 % 101) / 101 + 0.1, 6) for i, y in zip(ROWS, LABELS)]


def but(values, **rows):
    """A copy with the cells of some rows, counted from 1, exchanged."""
    values = list(values)
    for row, value in rows.items():
        values[int(row[1:]) - 1] = value
    return values


answers = [f"answer {i % 5}" for i in ROWS]
columns = {
    "k": pa.array(KEYS),
    "k_text": pa.array([str(k) for k in KEYS]),
    "k_natural": pa.array([2**63 + i for i in ROWS], pa.uint64()),
    "k_dup": pa.array(but(KEYS, r10=KEYS[2])),
    "k_null": pa.array(but(KEYS, r5=None)),
    "k_half": pa.array([k if i < 30 else k + 1000 for i, k in enumerate(KEYS)]),
    "pair": pa.array([i // 2 for i in ROWS]),
    "day": pa.array([i % 2 for i in ROWS]),
    "y": pa.array(LABELS, pa.int8()),
    "y_bool": pa.array([bool(y) for y in LABELS]),
    "y_float": pa.array([float(y) for y in LABELS], pa.float32()),
    "y_decimal": pa.array([decimal.Decimal(y).quantize(decimal.Decimal("0.1")) for y in LABELS], pa.decimal128(3, 1)),
    "y_text": pa.array([str(y) for y in LABELS]),
    "y_category": pa.array([str(y) for y in LABELS]).dictionary_encode(),
    "y_other": pa.array(but(LABELS, r4=1 - LABELS[3], r8=1 - LABELS[7])),
    "y_one": pa.array([1] * N),
    "y_few": pa.array([int(i == 17) for i in ROWS]),
    "y_null": pa.array(but(LABELS, r7=None)),
    "y_mixed": pa.array(but([str(y) for y in LABELS], r12="maybe")),
    "p": pa.array(SCORES),
    "p_other": pa.array([round(s * 0.9 + 0.001 * (i % 7), 6) for i, s in enumerate(SCORES)]),
    "p_nan": pa.array(but(SCORES, r6=float("nan"))),
    "p_inf": pa.array(but(SCORES, r2=float("-inf"))),
    "p_null": pa.array(but(SCORES, r9=None)),
    "p_comma": pa.array(but([str(s) for s in SCORES], r3="0,85")),
    "p_word": pa.array(but([str(s) for s in SCORES], r3="high")),
    "p_list": pa.array([[s] for s in SCORES]),
    "p_struct": pa.array([{"p": s} for s in SCORES]),
    "w": pa.array([0.5 + i % 4 for i in ROWS]),
    "w_other": pa.array(but([0.5 + i % 4 for i in ROWS], r5=9.5)),
    "w_negative": pa.array(but([1.0] * N, r5=-0.5)),
    "w_nan": pa.array(but([1.0] * N, r5=float("nan"))),
    "w_zero": pa.array([0.0] * N),
    "w_null": pa.array(but([1.0] * N, r5=None)),
    "c": pa.array([f"user {i // 3}" for i in ROWS]),
    "c_other": pa.array(but([f"user {i // 3}" for i in ROWS], r2="user 9")),
    "c_null": pa.array(but([f"user {i // 3}" for i in ROWS], r2=None)),
    "q": pa.array([i // 6 for i in ROWS]),
    "q_other": pa.array(but([i // 6 for i in ROWS], r1=77)),
    "s": pa.array([["north", "south", "öst"][i % 3] for i in ROWS]).dictionary_encode(),
    "n": pa.array([1.5 * i for i in ROWS]),
    "n_null": pa.array(but([1.5 * i for i in ROWS], r4=None)),
    "relevance": pa.array([i * 5 % 4 for i in ROWS]),
    "relevance_negative": pa.array(but([i * 5 % 4 for i in ROWS], r11=-1)),
    "reference": pa.array(answers),
    "said": pa.array(but(answers, r2='say "no",\nor\r\n"yes"', r3="", r4="日本")),
    "said_null": pa.array(but(answers, r3=None)),
    "kind": pa.array(["abc"[i % 3] for i in ROWS]),
    "kind_said": pa.array(["abc"[i * i % 3] for i in ROWS]),
}
table = pa.table(columns)
pyarrow.parquet.write_table(table, "fixtures/table.parquet", compression="zstd")
pyarrow.feather.write_feather(table, "fixtures/table.arrow", compression="uncompressed")
flat = table.drop_columns(["p_list", "p_struct"])
plain = [field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in flat.schema]
pyarrow.csv.write_csv(flat.cast(pa.schema(plain)), "fixtures/table.csv", pyarrow.csv.WriteOptions(quoting_style="needed"))
with open("fixtures/table.csv", "rb") as csv, open("fixtures/table.csv.gz", "wb") as packed:
    packed.write(gzip.compress(csv.read(), 9, mtime=0))
# What json has no word for.
absent = ["p_nan", "p_inf", "w_nan"]
with open("fixtures/table.jsonl", "w") as lines:
    for row in table.drop_columns(absent).to_pylist():
        lines.write(json.dumps(row, default=float, ensure_ascii=False) + "\n")
