"""Writes curves.json: what scikit-learn says of curves over thresholds and of calibration.

Run with scikit-learn 1.9:
    python curves.py > curves.json
Deterministic.
"""

import json

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.preprocessing import label_binarize

rng = np.random.default_rng(20261122)


def case(number):
    n = int(rng.choice([3, 8, 30, 60]))
    # Few digits make ties.
    digits = int(rng.choice([1, 2, 6]))
    truth = rng.random(n) < rng.choice([0.2, 0.5, 0.8])
    truth[:2] = [True, False]
    scores = np.round(np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1), digits)
    weights = np.round(rng.random(n) * 3, 3) if number % 2 else np.ones(n)
    fpr, tpr, _ = roc_curve(truth, scores, sample_weight=weights, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(truth, scores, sample_weight=weights)
    found = {
        "truth": truth.astype(int).tolist(), "scores": scores.tolist(), "weights": weights.tolist(),
        "roc": list(zip(fpr.tolist(), tpr.tolist())),
        # It begins with everything that is positive; ours with nothing.
        "pr": list(zip(recall[::-1].tolist(), precision[::-1].tolist())),
        "auc": roc_auc_score(truth, scores, sample_weight=weights),
        "ap": average_precision_score(truth, scores, sample_weight=weights),
    }
    if number % 2 == 0:
        bins = int(rng.choice([2, 5, 10]))
        happened, predicted = calibration_curve(truth, scores, n_bins=bins, strategy="quantile")
        found |= {"bins": bins, "calibration": list(zip(predicted.tolist(), happened.tolist()))}
    return found


def classes(number):
    n, count = int(rng.choice([12, 40, 90])), int(rng.choice([3, 5, 8]))
    labels = rng.integers(0, count, n)
    labels[:count] = range(count)
    logits = rng.normal(size=(n, count)) + 1.5 * (labels[:, None] == np.arange(count))
    # Few digits make ties.
    p = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), int(rng.choice([1, 2, 6])))
    weights = np.round(rng.random(n) * 3, 3) if number % 2 else None
    truth = label_binarize(labels, classes=range(count))
    every = None if weights is None else np.repeat(weights, count)
    precision, recall, _ = precision_recall_curve(truth.ravel(), p.ravel(), sample_weight=every)
    average = lambda how: average_precision_score(truth, p, average=how, sample_weight=weights)
    return {
        "labels": labels.tolist(), "probabilities": p.T.tolist(), "weights": None if weights is None else weights.tolist(),
        "pr": list(zip(recall[::-1].tolist(), precision[::-1].tolist())), "micro": average("micro"), "macro": average("macro"),
    }


samples = np.round(rng.lognormal(size=41), 4)
shares = [0.0, 0.1, 0.5, 0.95, 0.999, 1.0]
print(json.dumps({
    "cases": [case(number) for number in range(60)],
    "quantiles": {"samples": samples.tolist(), "shares": shares, "values": np.quantile(samples, shares).tolist()},
    "classes": [classes(number) for number in range(24)],
}, separators=(",", ":")))
