"""Writes fixtures/: predictions and training data of two versions, and what scikit-learn, scipy and pandas say of them.

Run with scikit-learn 1.9.1, scipy 1.17.1, pandas 3.1.1, numpy 2.4.6:
    python goldens.py
Deterministic. Intervals are two-sided at 95 %, and beside them stand the bounds that are one-sided at 95 %: McNemar's normal
approximation for accuracy, a paired t for means, DeLong's components for the area under the ROC curve. The population stability index is written out here with numpy.
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics

HERE = pathlib.Path(__file__).parent / "fixtures"
HERE.mkdir(exist_ok=True)
rng = np.random.default_rng(20261122)
ENDS = {"": 0.975, "one_sided_": 0.95}


def put(name, frame):
    frame.to_csv(HERE / name, index=False, lineterminator="\n")


def bounds(delta, se, quantile=stats.norm.ppf):
    found = {"delta": delta}
    for kind, end in ENDS.items():
        found |= {f"{kind}lower": delta - quantile(end) * se, f"{kind}upper": delta + quantile(end) * se}
    return found


def paired_t(a, b):
    d = b - a
    return bounds(d.mean(), d.std(ddof=1) / math.sqrt(len(d)), stats.t(len(d) - 1).ppf)


def mcnemar(right_a, right_b):
    n = len(right_a)
    lost, won = (right_a & ~right_b).sum(), (right_b & ~right_a).sum()
    assert lost + won >= 25
    return bounds((won - lost) / n, math.sqrt(lost + won - (won - lost) ** 2 / n) / n)


def delong(y, a, b):
    def components(scores):
        positive, negative = scores[y == 1], scores[y == 0]
        above = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
        return above.mean(axis=1), above.mean(axis=0)

    (a10, a01), (b10, b01) = components(a), components(b)
    d10, d01 = b10 - a10, b01 - a01
    return bounds(d10.mean(), math.sqrt(d10.var(ddof=1) / len(d10) + d01.var(ddof=1) / len(d01)))


def flips(frame, right_a, right_b):
    lost, won = right_a & ~right_b, right_b & ~right_a
    by = {}
    for column in ["country", "plan"]:
        for value, rows in frame.groupby(column).groups.items():
            by[f"{column}={value}"] = [len(rows), int(lost[rows].sum()), int(won[rows].sum())]
    return {"right_to_wrong": int(lost.sum()), "wrong_to_right": int(won.sum()), "slices": by}


def binary():
    n = 600
    y = rng.integers(0, 2, n)
    a = np.round(np.clip(0.5 + (y - 0.5) * 0.30 + rng.normal(0, 0.25, n), 0.01, 0.99), 4)
    b = np.round(np.clip(a + (y - 0.5) * 0.12 + rng.normal(0, 0.15, n), 0.01, 0.99), 4)
    frame = pd.DataFrame({
        "id": [f"r{i:04d}" for i in range(n)], "y": y, "country": rng.choice(["DE", "FR", "PT"], n, p=[0.6, 0.3, 0.1]),
        "plan": rng.choice(["free", "pro"], n),
    })
    put("binary_a.csv", frame.assign(p=a))
    shuffled = rng.permutation(n)
    put("binary_b.csv", frame.assign(p=b).iloc[shuffled])
    right_a, right_b = (a >= 0.5) == y, (b >= 0.5) == y

    def loss(p):
        return -np.where(y == 1, np.log(p), np.log(1 - p))

    both = {}
    for name, of in {
        "roc_auc": lambda p: metrics.roc_auc_score(y, p), "average_precision": lambda p: metrics.average_precision_score(y, p),
        "log_loss": lambda p: metrics.log_loss(y, p), "brier": lambda p: metrics.brier_score_loss(y, p),
        "accuracy": lambda p: metrics.accuracy_score(y, p >= 0.5), "f1": lambda p: metrics.f1_score(y, p >= 0.5),
    }.items():
        both[name] = {"a": of(a), "b": of(b)}
    both["roc_auc"] |= delong(y, a, b)
    both["log_loss"] |= paired_t(loss(a), loss(b))
    both["brier"] |= paired_t((a - y) ** 2, (b - y) ** 2)
    both["accuracy"] |= mcnemar(right_a, right_b)
    change = np.abs(b - a)
    largest = frame.assign(lost=right_a & ~right_b, won=right_b & ~right_a, change=change)
    largest["rank"] = 2 * largest.lost + largest.won
    largest = largest.sort_values(["rank", "change"], ascending=False, kind="stable").head(3)
    return {
        "metrics": both, "flips": flips(frame, right_a, right_b),
        "agreement": float(((a >= 0.5) == (b >= 0.5)).mean()),
        "numbers": {"changed": int((change > 0).sum()), "mean_change": change.mean(), "largest_change": change.max()},
        "largest": largest.id.tolist(),
    }


def multiclass():
    n = 500
    names = np.array(["cat", "dog", "eel"])
    y = rng.integers(0, 3, n)

    def said(strength):
        logits = rng.normal(0, 1, (n, 3))
        logits[np.arange(n), y] += strength
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return np.round(p, 4) / np.round(p, 4).sum(axis=1, keepdims=True)

    a, b = said(1.0), said(1.5)
    frame = pd.DataFrame({
        "id": range(n), "y": names[y], "country": rng.choice(["DE", "FR"], n), "plan": rng.choice(["free", "pro"], n),
    })
    for name, p in [("a", a), ("b", b)]:
        put(f"multiclass_{name}.csv", frame.assign(**{f"p_{names[k]}": p[:, k] for k in range(3)}))
    class_a, class_b = a.argmax(axis=1), b.argmax(axis=1)
    right_a, right_b = class_a == y, class_b == y
    both = {
        "accuracy": {"a": metrics.accuracy_score(y, class_a), "b": metrics.accuracy_score(y, class_b)},
        "macro_f1": {"a": metrics.f1_score(y, class_a, average="macro"), "b": metrics.f1_score(y, class_b, average="macro")},
        "log_loss": {"a": metrics.log_loss(y, a), "b": metrics.log_loss(y, b)},
    }
    both["accuracy"] |= mcnemar(right_a, right_b)
    return {"metrics": both, "flips": flips(frame, right_a, right_b), "agreement": float((class_a == class_b).mean())}


def regression():
    n = 400
    y = np.round(rng.normal(50, 10, n), 3)
    a = np.round(y + rng.normal(0, 4, n), 3)
    b = np.where(rng.random(n) < 0.25, a, np.round(y + rng.normal(0.5, 3, n), 3))
    frame = pd.DataFrame({
        "id": range(n), "y": y, "country": rng.choice(["DE", "FR"], n), "plan": rng.choice(["free", "pro"], n),
    })
    put("regression_a.csv", frame.assign(yhat=a))
    put("regression_b.csv", frame.assign(yhat=b))
    both = {
        "mae": {"a": metrics.mean_absolute_error(y, a), "b": metrics.mean_absolute_error(y, b)},
        "rmse": {"a": metrics.root_mean_squared_error(y, a), "b": metrics.root_mean_squared_error(y, b)},
        "r2": {"a": metrics.r2_score(y, a), "b": metrics.r2_score(y, b)},
    }
    both["mae"] |= paired_t(np.abs(a - y), np.abs(b - y))
    change = np.abs(b - a)
    return {
        "metrics": both, "agreement": float((a == b).mean()),
        "errors": {"further_off": int((np.abs(b - y) > np.abs(a - y)).sum()), "closer": int((np.abs(b - y) < np.abs(a - y)).sum())},
        "numbers": {"changed": int((change > 0).sum()), "mean_change": change.mean(), "largest_change": change.max()},
        "largest": [str(i) for i in frame.id[np.argsort(-change, kind="stable")[:3]]],
    }


def psi(reference, current):
    n, m = reference.sum(), current.sum()
    used = reference + current > 0
    p = np.maximum(reference[used] / n, max(0.5 / n, 1e-4))
    q = np.maximum(current[used] / m, max(0.5 / m, 1e-4))
    return float(((q - p) * np.log(q / p)).sum())


def of_numbers(a, b):
    """In a's deciles, each the least value that so many tenths do not exceed; below, above and empty cells are bins, too."""
    known = np.sort(a.dropna().to_numpy())
    edges = np.unique([known[max(0, math.ceil(len(known) * k / 10) - 1)] for k in range(11)])

    def counts(column):
        values = column.dropna().to_numpy()
        inner = [((values > low) & (values <= high)).sum() for low, high in zip(edges, edges[1:])]
        inner[0] += (values == edges[0]).sum()
        return np.array([(values < edges[0]).sum(), *inner, (values > edges[-1]).sum(), column.isna().sum()])

    return psi(counts(a), counts(b))


def parts(column):
    """Eleven edges, each the least value that so many tenths do not exceed, and how many values do not exceed each; of the first none."""
    known = np.sort(column.dropna().to_numpy())
    edges = [known[max(0, math.ceil(len(known) * k / 10) - 1)] for k in range(11)]
    return edges, [0, *(int((known <= edge).sum()) for edge in edges[1:])]


def of_profiles(a, b):
    """The same if nothing is known of b but ten parts of its own: its values are even inside of each, and in the outermost ones they
    fall as a power of their distance from the median, by which the extreme one is the last."""
    edges = np.unique(parts(a)[0])
    theirs, up_to = parts(b)
    assert len(set(theirs)) == 11

    def beyond(value, inner, extreme, count):
        distance = [math.log(abs(x - theirs[5])) for x in (value, inner, extreme)]
        reached = (distance[0] - distance[1]) / (distance[2] - distance[1])
        return count ** (1 - min(1.0, max(0.0, reached)))

    def below(value):
        if value < theirs[0]:
            return 0
        if value >= theirs[10]:
            return up_to[10]
        part = int(np.searchsorted(theirs, value, side="right")) - 1
        count = up_to[part + 1] - up_to[part]
        if part == 0:
            inside = beyond(value, theirs[1], theirs[0], count)
        elif part == 9:
            inside = count - beyond(value, theirs[9], theirs[10], count)
        else:
            inside = count * (value - theirs[part]) / (theirs[part + 1] - theirs[part])
        return up_to[part] + math.floor(inside + 0.5)

    known = a.dropna().to_numpy()
    inner = [((known > low) & (known <= high)).sum() for low, high in zip(edges, edges[1:])]
    inner[0] += (known == edges[0]).sum()
    reference = np.array([0, *inner, 0, a.isna().sum()])
    least = below(np.nextafter(float(edges[0]), -np.inf))
    steps = np.diff([least, *(below(edge) for edge in edges[1:])])
    current = np.array([least, *steps, b.notna().sum() - below(edges[-1]), b.isna().sum()])
    return psi(reference, current)


def of_categories(a, b):
    known = a.dropna().unique()

    def counts(column):
        named = [int((column == value).sum()) for value in known]
        return np.array([*named, int(column.notna().sum()) - sum(named), int(column.isna().sum())])

    return psi(counts(a), counts(b))


def training():
    n = 900
    a = pd.DataFrame({
        "id": np.arange(n), "amount": np.round(rng.lognormal(3, 0.6, n), 2), "age": rng.integers(18, 80, n),
        "country": rng.choice(["DE", "FR", "PT"], n, p=[0.6, 0.3, 0.1]), "gone": rng.integers(0, 3, n),
    })
    a.loc[rng.choice(n, 12, replace=False), "amount"] = np.nan
    b = a.iloc[60:].copy()
    changed = rng.choice(len(b), 40, replace=False)
    b.iloc[changed, b.columns.get_loc("age")] += 1
    more = 150
    b = pd.concat([b, pd.DataFrame({
        "id": np.arange(n, n + more), "amount": np.round(rng.lognormal(4.5, 0.4, more), 2),
        "age": rng.integers(18, 80, more), "country": rng.choice(["DE", "FR", "PT"], more, p=[0.1, 0.2, 0.7]),
    })], ignore_index=True).drop(columns="gone")
    b.loc[rng.choice(len(b), 30, replace=False), "amount"] = np.nan
    b["income"] = np.round(rng.normal(3000, 500, len(b)), 1)
    b = b[["id", "country", "amount", "age", "income"]].iloc[rng.permutation(len(b))]
    put("train_a.csv", a)
    put("train_b.csv", b)
    common = ["id", "age", "amount", "country"]
    old, new = a[common].set_index("id"), b[common].set_index("id")
    shared = old.index.intersection(new.index)
    differ = ~((old.loc[shared] == new.loc[shared]) | (old.loc[shared].isna() & new.loc[shared].isna())).all(axis=1)

    def multiset(frame):
        return frame[common].map(str).agg("|".join, axis=1).value_counts()

    left, right = multiset(a).align(multiset(b), fill_value=0)
    columns = {}
    for name in common:
        of = of_categories if name == "country" else of_numbers
        columns[name] = {
            "psi": of(a[name], b[name]), "psi_of_profiles": None if name == "country" else of_profiles(a[name], b[name]),
            "nulls": [int(a[name].isna().sum()), int(b[name].isna().sum())],
            "distinct": [int(a[name].nunique()), int(b[name].nunique())],
            "mean": None if name == "country" else [a[name].mean(), b[name].mean()],
        }
    return {
        "by_id": [len(new.index.difference(old.index)), len(old.index.difference(new.index)), int(differ.sum())],
        "without_key": [int((right - left).clip(lower=0).sum()), int((left - right).clip(lower=0).sum())],
        "columns": columns,
    }


found = {"binary": binary(), "multiclass": multiclass(), "regression": regression(), "training": training()}
(HERE / "goldens.json").write_text(json.dumps(found, indent=1, default=float) + "\n")
