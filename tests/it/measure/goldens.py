"""Writes goldens.json: what scikit-learn, scipy, statsmodels and MLstatkit say about small inputs.

Run with scikit-learn 1.9.1, scipy 1.17.1, statsmodels 0.15.0, MLstatkit 0.1.91, numpy 2.4.6:
    python goldens.py > goldens.json
Deterministic. An expected value of null means undefined: scikit-learn raises, warns that it substitutes a number, or
returns NaN. Where it answers silently and mlrun does not, the function says so.
"""

import json
import math
import warnings

import numpy as np
from MLstatkit import Delong_test
from scipy import optimize, stats
from sklearn import metrics
from sklearn.exceptions import UndefinedMetricWarning
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20261120)


def value(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", UndefinedMetricWarning)
        try:
            result = float(function(*args, **kwargs))
        except (ValueError, UndefinedMetricWarning):
            return None
        except UserWarning:
            return None
    return None if math.isnan(result) else result


def average_precision(y, s):
    # 0.0 with a plain UserWarning in scikit-learn.
    return None if not any(y) else value(metrics.average_precision_score, y, s)


def balanced_accuracy(y, c):
    # 1.0 or 0.0 for a single class in scikit-learn.
    return None if len(set(y)) < 2 else value(metrics.balanced_accuracy_score, y, c)


def r2(y, p):
    # 1.0 or 0.0 for constant labels in scikit-learn.
    return None if len(set(y)) < 2 else value(metrics.r2_score, y, p)


def binary_cases():
    cases = []
    for case in range(130):
        n = int(rng.choice([1, 2, 3, 4, 6, 9, 15, 24, 40]))
        share = rng.choice([0.0, 0.1, 0.3, 0.5, 0.8, 1.0], p=[0.06, 0.14, 0.3, 0.3, 0.14, 0.06])
        y = (rng.random(n) < share).astype(int)
        noise = rng.choice([0.1, 0.4, 1.5])
        s = np.clip(0.5 + 0.35 * (y - 0.5) + noise * rng.normal(size=n) * 0.4, 0, 1)
        s = np.round(s, int(rng.choice([1, 2, 4])))  # one digit: many ties, exact zeros and ones
        threshold = float(rng.choice([0.5, 0.3, 0.7, 0.0, 1.0], p=[0.5, 0.2, 0.2, 0.05, 0.05]))
        y, s = y.tolist(), s.tolist()
        c = [int(x >= threshold) for x in s]
        cases.append({
            "truth": y, "scores": s, "threshold": threshold,
            "expected": {
                "accuracy": value(metrics.accuracy_score, y, c),
                "balanced_accuracy": balanced_accuracy(y, c),
                "precision": value(metrics.precision_score, y, c),
                "recall": value(metrics.recall_score, y, c),
                "f1": value(metrics.f1_score, y, c),
                "macro_f1": value(metrics.f1_score, y, c, average="macro"),
                "roc_auc": value(metrics.roc_auc_score, y, s),
                "average_precision": average_precision(y, s),
                "log_loss": value(metrics.log_loss, y, s),
                "brier": value(metrics.brier_score_loss, y, s),
            },
        })
    return cases


def multiclass_cases():
    cases = []
    for case in range(100):
        k = int(rng.choice([2, 3, 4, 6]))
        n = int(rng.choice([1, 2, 4, 8, 14]))
        y = rng.integers(0, k, n)
        if case % 9 == 0:
            y[:] = y[0]
        p = rng.dirichlet(np.ones(k) * rng.choice([0.3, 1.0, 5.0]), n)
        p[np.arange(n), y] += rng.choice([0.0, 0.5])
        p = np.round(p / p.sum(axis=1, keepdims=True), 3)
        p[:, 0] = np.round(np.clip(1 - p[:, 1:].sum(axis=1), 0, 1), 3)
        p /= p.sum(axis=1, keepdims=True)
        c = p.argmax(axis=1).tolist()
        y = y.tolist()
        labels = list(range(k))
        single = len(set(y)) < 2
        cases.append({
            "truth": y, "classes": k, "probabilities": p.T.tolist(),
            "expected": {
                "accuracy": value(metrics.accuracy_score, y, c),
                "balanced_accuracy": balanced_accuracy(y, c),
                "macro_f1": value(metrics.f1_score, y, c, average="macro"),
                "log_loss": None if single else value(metrics.log_loss, y, p, labels=labels),
                "brier": value(metrics.brier_score_loss, y, p, labels=labels),
            },
        })
    return cases


def regression_cases():
    cases = []
    for case in range(110):
        n = int(rng.choice([1, 2, 3, 5, 10, 20]))
        y = np.round(rng.normal(size=n) * rng.choice([1, 100]) + rng.choice([0, 1000]), 2)
        if case % 11 == 0:
            y[:] = 0.1
        p = np.round(y + rng.normal(size=n) * rng.choice([0.0, 0.5, 30]), 2)
        y, p = y.tolist(), p.tolist()
        cases.append({
            "truth": y, "values": p,
            "expected": {
                "mae": value(metrics.mean_absolute_error, y, p),
                "mse": value(metrics.mean_squared_error, y, p),
                "rmse": value(metrics.root_mean_squared_error, y, p),
                "r2": r2(y, p),
            },
        })
    return cases


def wilson():
    out = []
    for n in (1, 2, 10, 100, 1000, 250_000):
        for hits in sorted({0, 1, n // 3, n - 1, n}):
            for confidence in (0.9, 0.95, 0.975):
                low, high = proportion_confint(hits, n, alpha=2 * (1 - confidence), method="wilson")
                out.append([hits, n, confidence, max(0.0, float(low)), min(1.0, float(high))])
    return out


def clopper_pearson():
    """hits, rows, confidence of each bound, lower, upper."""
    return [[h, n, c, *map(float, proportion_confint(h, n, alpha=2 * (1 - c), method="beta"))]
            for n in (10, 40, 300) for h in (0, 1, n - 1, n) for c in (0.95, 0.99)]


def student():
    out = []
    for n in (2, 3, 4, 6, 11, 31, 200, 1500):
        for confidence in (0.8, 0.95, 0.99):
            x = np.round(rng.lognormal(size=min(n, 40)), 3)
            x = np.tile(x, -(-n // len(x)))[:n]
            ci = stats.ttest_1samp(x, 0.0).confidence_interval(2 * confidence - 1)
            out.append({"n": n, "values": x[:40].tolist(), "confidence": confidence, "mean": float(x.mean()),
                        "lower": float(ci.low), "upper": float(ci.high)})
    return out


def paired_score(both, only_baseline, only_candidate, neither, confidence):
    """Tango's interval from its definition: the score test with the nuisance parameter at its constrained maximum,
    found numerically rather than by Tango's closed form."""
    n = both + only_baseline + only_candidate + neither
    b, c = only_baseline, only_candidate
    z = stats.norm.ppf(confidence)

    def statistic(delta):
        low, high = max(0.0, -delta), (1 - delta) / 2

        def loss(q):
            total = 0.0
            for count, p in ((b, q), (c, q + delta), (n - b - c, 1 - 2 * q - delta)):
                if count:
                    total -= count * math.log(max(p, 1e-300))
            return total

        def slope(q):
            return -(b / q if b else 0.0) - (c / (q + delta) if c else 0.0) + 2 * (n - b - c) / (1 - 2 * q - delta)

        a, e = low + 1e-14, high - 1e-14
        if slope(a) >= 0:
            q = low
        elif slope(e) <= 0:
            q = high
        else:
            q = optimize.brentq(slope, a, e, xtol=1e-16, rtol=1e-15)
        return (c - b - n * delta) / math.sqrt(n * max(2 * q + delta * (1 - delta), 1e-300))

    hat = (c - b) / n
    edge = 1 - 1e-9
    lower = optimize.brentq(lambda d: statistic(d) - z, -edge, hat, xtol=1e-14)
    upper = optimize.brentq(lambda d: statistic(d) + z, hat, edge, xtol=1e-14)
    return [both, b, c, neither, confidence, lower, upper]


def paired_scores():
    tables = [(43, 0, 1, 0), (80, 3, 9, 8), (900, 12, 2, 86), (90, 0, 0, 10), (20, 7, 7, 3), (5, 1, 0, 2),
              (4000, 0, 5, 20), (30, 10, 0, 1)]
    return [paired_score(*t, confidence) for t in tables for confidence in (0.9, 0.95, 0.975)]


def delong():
    out = []
    for _ in range(25):
        n = int(rng.choice([12, 30, 60]))
        y = (rng.random(n) < 0.4).astype(int)
        y[:3], y[3:6] = 1, 0
        a = np.round(y * 0.3 + rng.normal(size=n), int(rng.choice([1, 3])))
        b = np.round(y * 0.6 + 0.5 * a + rng.normal(size=n), int(rng.choice([1, 3])))
        z, p, ci_a, ci_b, auc_a, auc_b, info = Delong_test(y, a, b)
        assert info["method"] == "delong"
        out.append({"truth": y.tolist(), "a": a.tolist(), "b": b.tolist(), "auc_a": auc_a, "auc_b": auc_b,
                    "z": float(z), "var_diff": float(info["var_diff"])})
    return out


def quantiles():
    out = []
    for n, q in ((40, 0.5), (101, 0.9), (200, 0.1), (1000, 0.99), (1500, 0.99)):
        seed = int(rng.integers(1, 2**31))
        x = samples(seed, n)
        for confidence in (0.9, 0.95):
            low = stats.quantile_test(x, p=q, alternative="greater").confidence_interval(confidence).low
            high = stats.quantile_test(x, p=q, alternative="less").confidence_interval(confidence).high
            out.append({"seed": seed, "n": n, "q": q, "confidence": confidence, "value": float(np.quantile(x, q)),
                        "lower": float(low), "upper": float(high)})
    return out


def samples(seed, n):
    """A generator both languages can have: exact in f64 up to the last logarithm."""
    out, state = [], seed
    for _ in range(n):
        state = (state * 48271) % 2147483647
        out.append(state / 2147483647)
    return np.array(out)


def distributions():
    t = [[p, df, float(stats.t.ppf(p, df))] for p in (0.6, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999)
         for df in (1, 2, 3, 4, 5, 7, 10, 20, 50, 120, 500, 999, 1000, 1001, 5000, 1e6)]
    return {"t": t}


def bootstraps():
    """BCa of scipy on the same rows: other random numbers, so the bounds agree to resampling noise only."""
    n = 300
    y = (rng.random(n) < 0.3).astype(int)
    a = np.round(y * 1.0 + rng.normal(size=n), 3)
    b = np.round(y * 0.8 + rng.normal(size=n), 3)
    pairs = {"average_precision": metrics.average_precision_score, "f1": metrics.f1_score,
             "precision": metrics.precision_score, "balanced_accuracy": metrics.balanced_accuracy_score}
    real = np.round(rng.normal(size=n), 3)
    u = np.round(real + rng.standard_t(4, size=n) * 0.5, 3)
    v = np.round(real + rng.standard_t(4, size=n) * 0.6, 3)
    out = {"truth": y.tolist(), "a": a.tolist(), "b": b.tolist(), "real": real.tolist(), "u": u.tolist(),
           "v": v.tolist(), "threshold": 0.6, "bounds": {}}
    rows = np.arange(n)

    def bound(name, statistic):
        r = stats.bootstrap((rows,), statistic, n_resamples=9999, confidence_level=0.9, method="BCa", vectorized=False,
                            rng=np.random.default_rng(7))
        interval = r.confidence_interval
        out["bounds"][name] = [float(interval.low), float(interval.high), float(r.standard_error)]

    for name, f in pairs.items():
        x, w = (a, b) if name == "average_precision" else ((a >= 0.6).astype(int), (b >= 0.6).astype(int))
        bound(name, lambda i, f=f, x=x, w=w: f(y[i], x[i]) - f(y[i], w[i]))
    rmse = metrics.root_mean_squared_error
    bound("rmse", lambda i: rmse(real[i], u[i]) - rmse(real[i], v[i]))
    # Few rows predicted positive, nearly all of them rightly: a skewed statistic, where the acceleration shows.
    y = (np.arange(400) % 10 < 3).astype(int)
    score = np.where(y == 1, 0.5, 0.1)
    score[np.flatnonzero(y == 1)[:14]] = 0.9
    score[np.flatnonzero(y == 0)[:2]] = 0.9
    other = np.where(rng.random(400) < 0.25 + 0.5 * y, 0.9, 0.1)
    out["skewed"] = {"truth": y.tolist(), "a": score.tolist(), "b": other.tolist(), "bounds": {}}
    x, w = (score >= 0.6).astype(int), (other >= 0.6).astype(int)
    rows = np.arange(400)
    bound("skewed precision", lambda i: metrics.precision_score(y[i], x[i]) - metrics.precision_score(y[i], w[i]))
    out["skewed"]["bounds"] = out["bounds"].pop("skewed precision")
    y, rows = np.array(out["truth"]), np.arange(n)
    bound("r2", lambda i: metrics.r2_score(real[i], u[i]) - metrics.r2_score(real[i], v[i]))
    return out


print(json.dumps({
    "binary": binary_cases(),
    "multiclass": multiclass_cases(),
    "regression": regression_cases(),
    "wilson": wilson(),
    "clopper_pearson": clopper_pearson(),
    "student": student(),
    "paired_score": paired_scores(),
    "delong": delong(),
    "quantile": quantiles(),
    "distribution": distributions(),
    "bootstrap": bootstraps(),
}, separators=(",", ":")))
