"""Writes large.json: what scikit-learn says about metrics of 10,000 to 100,000 rows.

    python large.py

with scikit-learn 1.9.1, numpy 2.4.6. The inputs are those of `scikit_learn.py` but for their size; `large.rs` draws the same.
"""

import json
import math
import sys
from pathlib import Path

import scikit_learn as sk

SIZES = [10_000, 30_000, 100_000]
BINARY = ["accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc", "kappa", "roc_auc", "average_precision",
          "log_loss", "brier"]
REAL = ["mae", "mse", "rmse", "median_ae", "max_error", "r2", "explained_variance", "mape", "wmape", "smape", "pinball"]


def fitting(kind):
    """Cases with two classes in good shares, or with numbers that vary; weighted and not."""
    case = 10_000
    for n in SIZES:
        while True:
            case += 1
            d = sk.Draws(kind.kind, case)
            good = d.pick([0, 1, 3, 5, 8, 11, 15, 16], 31) in (3, 5, 8) if kind is sk.Binary \
                else d.below(8, 31, 0) != 0 and d.pick([0, 1, 8], 32) != 0
            if good and (d.below(2, 20, 0) == 1) == (n == 30_000):
                break
        yield case, n


def main():
    out = []
    for kind, names in ((sk.Binary, BINARY), (sk.Real, REAL)):
        functions = dict(next(functions for known, functions in sk.METRICS if known is kind))
        for case, n in fitting(kind):
            sk.SIZES = [n]
            made = kind(case)
            values = {name: sk.answer(functions[name], made) for name in names}
            assert not any(map(math.isnan, values.values())), values
            out.append({"kind": kind.kind, "case": case, "n": n, "values": values})
            print(kind.__name__, n, file=sys.stderr)
    Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
