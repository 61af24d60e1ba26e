"""Seconds per resample of the usual paired bootstrap of ROC AUC; `auc_bootstrap.rs` writes the rows and runs this."""

import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

RESAMPLES = 10

folder = Path(sys.argv[1])
truth = np.fromfile(folder / "truth", dtype=np.uint8)
a, b = (np.fromfile(folder / name, dtype="<f8") for name in "ab")
rng = np.random.default_rng(1)
differences = []
start = time.perf_counter()
for _ in range(RESAMPLES):
    rows = rng.integers(0, len(truth), len(truth))
    y = truth[rows]
    differences.append(roc_auc_score(y, a[rows]) - roc_auc_score(y, b[rows]))
print((time.perf_counter() - start) / RESAMPLES)
