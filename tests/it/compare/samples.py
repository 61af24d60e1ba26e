"""Writes fixtures/samples.json: what numpy says of the column `yhat` of regressions among the predictions in fixtures/, taken as samples.

Run with pandas 3.1.1, numpy 2.4.6:
    python samples.py
"""

import json
import pathlib

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent / "fixtures"
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

found = {}
for side in "ab":
    values = pd.read_csv(HERE / f"regression_{side}.csv").yhat.to_numpy()
    found[side] = {"n": len(values), **{name: np.quantile(values, share) for name, share in SHARES.items()}}
for name in SHARES:
    found.setdefault("delta", {})[name] = found["b"][name] - found["a"][name]
    found.setdefault("relative", {})[name] = found["b"][name] / found["a"][name] - 1
(HERE / "samples.json").write_text(json.dumps(found, indent=1, default=float) + "\n")
