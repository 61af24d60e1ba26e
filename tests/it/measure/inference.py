"""Writes inference.json: what scipy, statsmodels and scikit-learn say about tests, power, weights and clusters.

Run with scikit-learn 1.9.1, scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6:
    python inference.py > inference.json
Deterministic.
"""

import json
import math

import numpy as np
from scipy import stats
from sklearn import metrics
from statsmodels.api import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import ttost_paired

rng = np.random.default_rng(20261122)


def mcnemars():
    out = []
    for b, c in ((25, 10), (10, 25), (3, 1), (0, 6), (7, 7), (120, 90), (400, 520)):
        table = [[50, b], [c, 50]]
        mid = 2 * stats.binom.cdf(min(b, c), b + c, 0.5) - stats.binom.pmf(min(b, c), b + c, 0.5)
        out.append([b, c, mcnemar(table, exact=True).pvalue, min(1.0, mid),
                    mcnemar(table, exact=False, correction=True).pvalue])
    return out


def newcombe():
    return [[a, n, b, m, c, *map(float, confint_proportions_2indep(a, n, b, m, method="newcomb", alpha=2 * (1 - c)))]
            for a, n, b, m in ((87, 100, 80, 100), (0, 40, 3, 50), (12, 12, 9, 30), (500, 1000, 520, 1100))
            for c in (0.9, 0.95, 0.975)]


def paired_t():
    out = []
    for n in (5, 30, 200):
        a, b = np.round(rng.normal(1, 1, n), 3), np.round(rng.normal(1.05, 1.2, n), 3)
        for margin in (0.0, 0.1, 0.4):
            # Lower is better: not inferior is a - b < margin, statsmodels' upper of the two one-sided tests.
            upper = float(ttost_paired(a, b, -9.0, margin)[2][1])
            out.append({"a": a.tolist(), "b": b.tolist(), "margin": margin, "p": upper,
                        "two_sided": float(stats.ttest_rel(a, b).pvalue)})
    return out


def multiplicity():
    cases = [[.001, .008, .039, .041, .042, .06, .074, .205], [0.03, 0.001, 0.02], [0.5], [0.2, 0.2, 0.2, 1.0, 0.0],
             np.round(rng.random(40) ** 2, 4).tolist()]
    return [[p, multipletests(p, method="holm")[1].tolist(), multipletests(p, method="fdr_bh")[1].tolist()]
            for p in cases]


def wilcoxons():
    out = []
    for n, digits, shift in ((6, 6, 0.3), (20, 6, 0.2), (50, 6, 0.0), (80, 6, 0.1), (60, 1, 0.1), (300, 2, 0.05)):
        d = np.round(rng.normal(shift, 1, n), digits)
        p = stats.wilcoxon(d).pvalue if digits == 6 else stats.wilcoxon(d, method="asymptotic").pvalue
        out.append([d.tolist(), float(p)])
    return out


def mann_whitneys():
    out = []
    for n, m, digits in ((5, 7, 6), (8, 30, 6), (20, 25, 6), (30, 20, 1), (60, 45, 0)):
        x, y = np.round(rng.normal(0.4, 1, n), digits), np.round(rng.normal(0, 1.5, m), digits)
        test = stats.mannwhitneyu(x, y)
        apart = np.sort((x[:, None] - y[None, :]).ravel())
        least = max(1, math.floor(n * m / 2 - stats.norm.ppf(0.95) * math.sqrt(n * m * (n + m + 1) / 12)))
        out.append({"x": x.tolist(), "y": y.tolist(), "u": float(test.statistic), "p": float(test.pvalue),
                    "shift": float(np.median(apart)), "lower": float(apart[least - 1]), "upper": float(apart[-least])})
    return out


def permutations():
    out = []
    for n in (4, 8, 10):
        a, b = np.round(rng.normal(0.4, 1, n), 2), np.round(rng.normal(0, 1, n), 2)
        test = stats.permutation_test((a, b), lambda x, y: np.sum(x - y), permutation_type="samples",
                                      n_resamples=np.inf)
        out.append([(a - b).tolist(), float(test.pvalue)])
    return out


def power():
    tests = NormalIndPower(ddof=0)

    def rows(effect, confidence, power):
        return tests.solve_power(effect_size=effect, alpha=1 - confidence, power=power, ratio=0, alternative="larger")

    needed = [[s, d, c, p, math.ceil(rows(d / s, c, p))] for s in (0.3, 1.7) for d in (0.005, 0.05)
              for c in (0.9, 0.95, 0.99) for p in (0.5, 0.8, 0.95)]
    shown = [[s, n, c, p, float(tests.solve_power(nobs1=n, alpha=1 - c, power=p, ratio=0, alternative="larger")) * s]
             for s in (0.3, 1.7) for n in (200, 20_000) for c in (0.95, 0.99) for p in (0.8, 0.95)]
    # How often an equal model passes: the power against the margin.
    rates = [[s, m, n, c, float(tests.power(m / s, n, 1 - c, ratio=0, alternative="larger"))]
             for s in (0.3, 0.9) for m in (0.0, 0.01, 0.03) for n in (200, 5_000) for c in (0.95, 0.99)]
    return {"rows": needed, "distance": shown, "rates": rates}


def weighted():
    """One set with ties, small integers that binary64 holds exactly, weights and clusters."""
    n = 400
    y = (rng.random(n) < 0.35).astype(int)
    a = np.clip(np.round(0.25 * y + 0.6 * rng.random(n), 2), 0.01, 0.99)
    b = np.clip(np.round(0.22 * y + 0.6 * rng.random(n), 2), 0.01, 0.99)
    w = np.round(rng.exponential(size=n), 2)
    w[:5] = 0.0
    cluster = rng.integers(0, 60, n)
    real = np.round(2 * a + rng.normal(size=n), 2)
    out = {"truth": y.tolist(), "a": a.tolist(), "b": b.tolist(), "weights": w.tolist(), "clusters": cluster.tolist(),
           "real": real.tolist(), "values": {}, "errors": {}}

    def classes(f, **kwargs):
        return lambda y, s, w: f(y, (s >= 0.5).astype(int), sample_weight=w, **kwargs)

    def scores(f):
        return lambda y, s, w: f(y, s, sample_weight=w)

    functions = {
        "accuracy": classes(metrics.accuracy_score), "balanced_accuracy": classes(metrics.balanced_accuracy_score),
        "precision": classes(metrics.precision_score), "recall": classes(metrics.recall_score),
        "f1": classes(metrics.f1_score), "macro_f1": classes(metrics.f1_score, average="macro"),
        "roc_auc": scores(metrics.roc_auc_score), "average_precision": scores(metrics.average_precision_score),
        "log_loss": scores(metrics.log_loss), "brier": scores(metrics.brier_score_loss),
        "mae": scores(metrics.mean_absolute_error), "mse": scores(metrics.mean_squared_error),
        "rmse": scores(metrics.root_mean_squared_error), "r2": scores(metrics.r2_score),
    }
    regression = {"mae", "mse", "rmse", "r2"}
    for name, f in functions.items():
        truth = real if name in regression else y
        out["values"][name] = [float(f(truth, a, w)), float(f(truth, b, w))]
        # Standard errors of the difference, by rows and by clusters: numerical derivatives by each row's weight.
        each = []
        for row in range(n):
            step = 1e-4 * max(w[row], 1e-9)
            both = []
            for sign in (1, -1):
                moved = w.copy()
                moved[row] += sign * step
                both.append(f(truth, a, moved) - f(truth, b, moved))
            each.append((both[0] - both[1]) / (2e-4) if w[row] > 0 else 0.0)
        each = np.array(each)
        sums = np.bincount(cluster, weights=each)
        groups = len(np.unique(cluster))
        out["errors"][name] = [float(np.sqrt((each**2).sum() * n / (n - 1))),
                               float(np.sqrt((sums**2).sum() * groups / (groups - 1)))]
    # Means of dependent rows: statsmodels' own.
    d = np.abs(real - a) - np.abs(real - b)
    fit = OLS(d, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    out["cluster"] = {"delta": float(fit.params[0]), "error": float(fit.bse[0])}
    rows = np.arange(n)
    out["few"] = [few(d, np.ones(n), cluster), few(d, w, cluster), few(d, w, rows)]
    return out


def few(d, weights, cluster):
    """Bell and McCaffrey's error of a weighted mean and its degrees of freedom, by whole matrices: how residuals follow from
    errors, and how errors covary where those of a cluster correlate as much as they are seen to."""
    d, weights, cluster = (x[weights > 0] for x in (d, weights, cluster))
    n, share = len(d), weights / weights.sum()
    residual = np.eye(n) - np.outer(np.ones(n), share)
    e = residual @ d
    names = np.unique(cluster)
    sums = np.array([np.where(cluster == name, share, 0.0) for name in names])
    adjusted = np.diag([(1 - row.sum()) ** -0.5 for row in sums]) @ sums
    error = float(np.sqrt(((adjusted @ e) ** 2).sum()))
    same = np.equal.outer(cluster, cluster) & ~np.eye(n, dtype=bool)
    correlation = float(np.clip(np.outer(e, e)[same].mean() / (e @ e / n), 0, 1)) if same.any() else 0.0
    omega = np.eye(n) + correlation * same
    covariance = adjusted @ residual @ omega @ residual.T @ adjusted.T
    freedom = np.trace(covariance) ** 2 / np.trace(covariance @ covariance)
    kurtosis = len(names) * ((sums @ e) ** 4).sum() / ((sums @ e) ** 2).sum() ** 2
    freedom = float(min(freedom, 2 * len(names) / (kurtosis - 1)))
    return {"delta": float(share @ d), "error": error, "freedom": freedom, "t": float(stats.t.ppf(0.95, freedom))}


print(json.dumps({
    "mcnemar": mcnemars(),
    "newcombe": newcombe(),
    "paired_t": paired_t(),
    "multiplicity": multiplicity(),
    "wilcoxon": wilcoxons(),
    "mann_whitney": mann_whitneys(),
    "permutation": permutations(),
    "power": power(),
    "weighted": weighted(),
}, separators=(",", ":")))
