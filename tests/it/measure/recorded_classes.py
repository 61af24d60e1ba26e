"""Classes that a model predicted beside scores that are not cut at 0.5: writes recorded_classes.json.

    python tests/it/measure/recorded_classes.py      (scikit-learn 1.9)
"""

import json
import pathlib

import numpy as np
from sklearn import metrics as m
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

x, y = make_classification(n_samples=900, n_features=6, n_informative=4, flip_y=0.1, weights=[0.7], random_state=7)
train, test = slice(0, 600), slice(600, 900)
truth = y[test]


def case(name, scores, classes):
    of = {
        "accuracy": m.accuracy_score(truth, classes),
        "balanced_accuracy": m.balanced_accuracy_score(truth, classes),
        "recall": m.recall_score(truth, classes),
        "f1": m.f1_score(truth, classes, zero_division=np.nan),
        "jaccard": m.jaccard_score(truth, classes),
        "kappa": m.cohen_kappa_score(truth, classes),
        "positive_rate": float(np.mean(classes)),
        "roc_auc": m.roc_auc_score(truth, scores),
    }
    return {
        "name": name,
        "truth": truth.tolist(),
        "scores": [float(score) for score in scores],
        "classes": [int(one) for one in classes],
        "expected": {key: float(value) for key, value in of.items()},
    }


svc = LinearSVC(random_state=0).fit(x[train], y[train])
odds = LogisticRegression(class_weight="balanced").fit(x[train], y[train])
chance = odds.predict_proba(x[test])[:, 1]
cases = [
    case("decision scores", svc.decision_function(x[test]), svc.predict(x[test])),
    case("probabilities cut at 0.3", chance, (chance >= 0.3).astype(int)),
    case("nothing is positive", chance, np.zeros(len(truth), dtype=int)),
]
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text(json.dumps(cases) + "\n")
