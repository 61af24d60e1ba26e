"""Writes fixtures/slices.json: what scipy and scikit-learn say of the predictions in fixtures/ slice by slice.

Run with scikit-learn 1.9.1, scipy 1.17.1, pandas 3.1.1, numpy 2.4.6:
    python slices.py
Intervals are two-sided at 95 %: t of a mean, paired t of a difference, Wilson's score of a proportion; of areas under the ROC curve the
values alone.
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics

HERE = pathlib.Path(__file__).parent / "fixtures"


def both(name):
    a, b = (pd.read_csv(HERE / f"{name}_{side}.csv").set_index("id").sort_index() for side in "ab")
    return a, b


def slices(frame):
    yield "all rows", frame.index
    for column in ["country", "plan"]:
        for value, rows in frame.groupby(column).groups.items():
            yield f"{column}={value}", rows


def t(values):
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return [values.mean(), values.mean() - half, values.mean() + half]


def wilson(right):
    found = stats.binomtest(int(right.sum()), len(right)).proportion_ci(confidence_level=0.95, method="wilson")
    return [right.mean(), found.low, found.high]


def regression():
    a, b = both("regression")
    errors = {side: (frame.yhat - frame.y).abs() for side, frame in (("a", a), ("b", b))}
    return {
        name: {"rows": len(rows), "candidate": t(errors["b"][rows]), "baseline": t(errors["a"][rows]),
               "difference": t(errors["b"][rows] - errors["a"][rows])}
        for name, rows in slices(a)
    }


def multiclass():
    a, b = both("multiclass")
    names = ["cat", "dog", "eel"]

    def right(frame):
        return pd.Series(np.array(names)[frame[[f"p_{name}" for name in names]].to_numpy().argmax(axis=1)] == frame.y, frame.index)

    ours, theirs = right(b), right(a)
    return {
        name: {"rows": len(rows), "candidate": wilson(ours[rows]), "baseline": wilson(theirs[rows]),
               "difference": [ours[rows].mean() - theirs[rows].mean()]}
        for name, rows in slices(a)
    }


def binary():
    a, b = both("binary")
    auc = lambda frame, rows: metrics.roc_auc_score(frame.y[rows], frame.p[rows])
    return {
        name: {"rows": len(rows), "candidate": [auc(b, rows)], "baseline": [auc(a, rows)],
               "difference": [auc(b, rows) - auc(a, rows)]}
        for name, rows in slices(a)
    }


found = {"binary": binary(), "multiclass": multiclass(), "regression": regression()}
(HERE / "slices.json").write_text(json.dumps(found, indent=1, default=float) + "\n")
