"""Prints what join.rs expects, by the encodings documented in src/evidence, with blake3 and hashlib.

Run with blake3 1.0: python goldens.py
"""

import hashlib
import struct

from blake3 import blake3

rows = {"1": (0, 0.25, 0.75), "b": (1, 0.5, 0.125), "c": (1, 1.0, 0.0)}


def key(text):
    return struct.unpack("<Q", blake3(struct.pack("<Q", len(text)) + text.encode()).digest()[:8])[0]


table = sorted((key(text), *row) for text, row in rows.items())
digest = hashlib.sha256(b"mlrun/joined/1\0" + struct.pack("<Q", len(table)))
for row in table:
    digest.update(struct.pack("<Q", row[0]))
digest.update(b"b" + bytes(row[1] for row in table))
for column in (2, 3):
    digest.update(b"\1\1")
    for row in table:
        digest.update(struct.pack("<d", row[column]))
    digest.update(b"\0\0\0")
print([row[0] for row in table], digest.hexdigest())

# The same rows with weights, clusters and queries behind them: those of "1", "b", "c".
beside = {key("1"): (0.5, "u", "q"), key("b"): (2.0, "v", "r"), key("c"): (1.0, "u", "q")}
rows = [beside[row[0]] for row in table]
digest.update(b"w" + b"".join(struct.pack("<d", row[0]) for row in rows))
digest.update(b"k" + b"".join(struct.pack("<Q", key(row[1])) for row in rows))
numbers = {}
digest.update(b"q" + b"".join(struct.pack("<I", numbers.setdefault(row[2], len(numbers))) for row in rows))
print(rows, [key(row[1]) for row in rows], [numbers[row[2]] for row in rows], digest.hexdigest())
