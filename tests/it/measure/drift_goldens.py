"""Writes drift_goldens.json: what scipy and statsmodels say of pairs of samples and of histograms.

Run with scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6:
    python drift_goldens.py > drift_goldens.json
Deterministic. PSI has no reference implementation worth the name: it is written out here with numpy.
"""

import json

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(20261122)


def samples():
    cases = []
    for case in range(160):
        n, m = (int(x) for x in rng.choice([1, 2, 3, 5, 8, 13, 30, 45, 60], size=2))
        if case % 4 == 0:
            m = n
        digits = int(rng.choice([0, 1, 6]))
        a = np.round(rng.normal(size=n) * rng.choice([1, 3]), digits) + 0.0
        b = np.round(rng.normal(size=m) * rng.choice([1, 3]) + rng.choice([0, 0.5, 2]), digits) + 0.0
        ks = stats.ks_2samp(a, b, method="exact")
        sd = np.std(a, ddof=1) if n > 1 else 0.0
        cases.append({
            "reference": a.tolist(), "current": b.tolist(),
            "ks": ks.statistic, "p": ks.pvalue,
            "wasserstein": stats.wasserstein_distance(a, b) / sd if sd > 0 else None,
        })
    return cases


def limits():
    """One sample against itself moved on: too long to walk every path."""
    cases = []
    for n, m, shift in [(6000, 5000, 0), (6000, 5000, 40), (6000, 5000, 90), (6000, 5000, 150), (6000, 5000, 700),
                        (30000, 1000, 300), (30000, 1000, 900), (30000, 1000, 2000), (400000, 300000, 900),
                        (400000, 300000, 1500), (400000, 300000, 3000)]:
        a = np.arange(n) / n
        b = np.arange(m) / m + shift / n
        ks = stats.ks_2samp(a, b, method="asymp")
        cases.append({"n": n, "m": m, "shift": shift, "ks": ks.statistic, "p": ks.pvalue})
    return cases


def psi(a, b):
    n, m = a.sum(), b.sum()
    used = a + b > 0
    p = np.maximum(a[used] / n, max(0.5 / n, 1e-4))
    q = np.maximum(b[used] / m, max(0.5 / m, 1e-4))
    value = float(((q - p) * np.log(q / p)).sum())
    freedom, scale = int(used.sum()) - 1, 1 / n + 1 / m
    return value, float(stats.chi2.sf(value / scale, freedom)) if freedom else 1.0, \
        float(scale * stats.chi2.ppf(0.95, freedom)) if freedom else 0.0


def histograms():
    cases = [(np.array([100, 200, 300, 250, 150]), np.array([80, 180, 310, 270, 160]))]
    for _ in range(160):
        bins = int(rng.integers(1, 14))
        shares = rng.dirichlet(np.ones(bins) * rng.choice([0.3, 3]))
        moved = np.abs(shares + rng.normal(size=bins) * rng.choice([0, 0.02, 0.3]))
        a = rng.multinomial(int(rng.choice([5, 60, 3000, 250000])), shares)
        b = rng.multinomial(int(rng.choice([5, 60, 3000, 250000])), moved / moved.sum())
        cases.append((a, b))
    found = []
    for a, b in cases:
        used = a + b > 0
        table = np.array([a[used], b[used]])
        single = table.shape[1] == 1
        chi = None if single else stats.chi2_contingency(table, correction=False)
        value, p, null = psi(a, b)
        found.append({
            "reference": a.tolist(), "current": b.tolist(),
            "psi": value, "psi_p": p, "psi_null": null,
            "js": float(np.nan_to_num(jensenshannon(a, b, base=2))),
            "chi_squared": 0.0 if single else chi.statistic, "p": 1.0 if single else chi.pvalue,
            "v": 0.0 if single else stats.contingency.association(table, method="cramer"),
        })
    return found


def discoveries():
    cases = [[.001, .008, .039, .041, .042, .06, .074, .205]]
    cases += [np.round(rng.random(int(rng.integers(1, 12))) ** 3, int(rng.choice([1, 6]))).tolist() for _ in range(40)]
    return [{"p": p, "adjusted": multipletests(p, method="fdr_bh")[1].tolist()} for p in cases]


print(json.dumps({
    "samples": samples(), "limits": limits(), "histograms": histograms(), "discoveries": discoveries(),
}, separators=(",", ":")))
