"""Writes tests_and_intervals.bin.gz: what scipy, statsmodels and MLstatkit say about random inputs of tests and intervals.

    python tests_and_intervals.py

with scipy 1.17.1, statsmodels 0.15.0, MLstatkit 0.1.91, numpy 2.4.6. The inputs come from the generator of
`scikit_learn.py`; `tests_and_intervals.rs` draws the same. For each kind of KINDS, in that order, its answers to case 0, then
to case 1, …: doubles, little-endian; NaN where there is nothing to compare with.
"""

import gzip
import math
import struct
import warnings
from pathlib import Path

import numpy as np
from MLstatkit import Delong_test
from scipy import stats
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import ttost_paired

from scikit_learn import Draws

NAN = math.nan
LEVELS = [0.75, 0.9, 0.95, 0.975, 0.99]


def counts(d):
    """Wilson, Newcombe; McNemar exact, mid-p, corrected; the normal bounds of a paired difference."""
    n, m = 1 + d.below(400, 1, 0), 1 + d.below(400, 2, 0)
    a, b = d.below(n + 1, 3, 0), d.below(m + 1, 4, 0)
    alpha = 2 * (1 - d.pick(LEVELS, 5))
    out = [*proportion_confint(a, n, alpha, method="wilson")]
    out += [*confint_proportions_2indep(a, n, b, m, method="newcomb", alpha=alpha)]
    scale = d.pick([4, 30, 300], 6)
    b, c = d.below(scale, 7, 0), d.below(scale, 8, 0)
    table = [[0, b], [c, 0]]
    mid = 2 * stats.binom.cdf(min(b, c), b + c, 0.5) - stats.binom.pmf(min(b, c), b + c, 0.5)
    out += [mcnemar(table, exact=True).pvalue if b + c else 1.0, min(1.0, mid)]
    # statsmodels corrects the balanced table, too, although there is nothing left to correct.
    out += [mcnemar(table, exact=False, correction=True).pvalue if b != c else NAN]
    n = b + c + d.below(300, 9, 0)
    if b + c < 25:
        return out + [NAN, NAN]
    half = stats.norm.isf(alpha / 2) * math.sqrt(b + c - (c - b) ** 2 / n) / n
    return out + [(c - b) / n - half, (c - b) / n + half]


def several(d):
    """Holm's and Benjamini-Hochberg's adjusted p values, added up with their places."""
    p = [d.below(1025, 2, at) / 1024 for at in range(1 + d.below(12, 1, 0))]
    return [sum((at + 1) * x for at, x in enumerate(multipletests(p, method=method)[1])) for method in ("holm", "fdr_bh")]


def histograms(d):
    """χ², its p, Cramér's V, Jensen-Shannon's distance in base 2, PSI."""
    scale, bins = d.pick([3, 20, 500], 2), 2 + d.below(7, 1, 0)
    a = np.array([d.below(scale, 3, at) for at in range(bins)])
    b = np.array([d.below(scale, 4, at) for at in range(bins)])
    if a.sum() == 0 or b.sum() == 0:
        return [NAN] * 5
    kept = np.array([a, b])[:, a + b > 0]
    test = stats.chi2_contingency(kept, correction=False)
    v = stats.contingency.association(kept, method="cramer") if kept.shape[1] > 1 else 0.0
    shares = [np.maximum(row / row.sum(), max(0.5 / row.sum(), 1e-4)) for row in kept]
    psi = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
    return [test.statistic, test.pvalue, v, jensenshannon(a, b, base=2), psi]


def samples(d):
    """Kolmogorov-Smirnov and its p, Wasserstein in standard deviations; Mann-Whitney's U, its p, the median difference;
    Wilcoxon's p of the pairs."""
    n, m, levels = 1 + d.below(20, 1, 0), 1 + d.below(20, 2, 0), d.pick([8, 64, 1 << 20], 3)
    x = np.array([d.below(levels, 4, at) / 8 for at in range(n)])
    y = np.array([(d.below(levels, 5, at) + d.below(levels // 4, 6, at)) / 8 for at in range(m)])
    # Exact as long as it can be, as ours is: with ties it is on the safe side.
    ks = stats.ks_2samp(x, y, method="exact")
    sd = np.std(x, ddof=1) if n > 1 else 0.0
    out = [ks.statistic, ks.pvalue, stats.wasserstein_distance(x, y) / sd if sd > 0 else NAN]
    everything = np.concatenate([x, y])
    test = stats.mannwhitneyu(x, y)
    out += [test.statistic, test.pvalue if len(set(everything)) > 1 else 1.0]
    out += [np.median(x[:, None] - y[None, :])]
    pairs = x[:min(n, m)] - y[:min(n, m)]
    rest = np.abs(pairs[pairs != 0])
    plain = len(rest) == len(pairs) and len(set(rest)) == len(rest)
    if len(rest) == 0:
        return out + [NAN]
    return out + [stats.wilcoxon(pairs, method="exact" if plain else "asymptotic").pvalue]


def pairs(d):
    """The paired t test, two-sided; not inferior by a margin; the bounds of the difference."""
    n = 2 + d.below(39, 1, 0)
    a = np.array([d.below(4096, 2, at) / 64 for at in range(n)])
    b = a + np.array([(d.below(129, 3, at) - 60) / 64 for at in range(n)]) + 2
    margin, level = d.pick([0.0, 0.25, 2.0], 4), d.pick(LEVELS, 5)
    if np.ptp(a - b) == 0:
        return [NAN] * 4
    # Lower is better: not inferior is a - b < margin, the upper of the two one-sided tests.
    not_inferior = float(ttost_paired(a, b, -1e9, margin)[2][1])
    delta, error = (a - b).mean(), stats.sem(a - b)
    half = stats.t.ppf(level, n - 1) * error
    return [stats.ttest_rel(a, b).pvalue, not_inferior, delta - half, delta + half]


def areas(d):
    """DeLong's test: both areas, the variance of their difference, the two-sided p."""
    n, levels = 8 + d.below(80, 1, 0), d.pick([4, 16, 1024], 2)
    y = np.array([1 if at < 3 else 0 if at < 6 else d.below(2, 3, at) for at in range(n)])
    a = np.array([(d.below(levels + 1, 4, at) + levels // 2 * y[at]) / levels for at in range(n)])
    b = np.array([(d.below(levels + 1, 5, at) + d.below(levels + 1, 4, at)) / levels + y[at] / 4 for at in range(n)])
    z, p, _, _, auc_a, auc_b, info = Delong_test(y, a, b)
    if info["method"] != "delong":
        return [NAN] * 4
    return [auc_a, auc_b, float(info["var_diff"]), float(p)]


def quantiles(d):
    """A quantile, and its bounds by order statistics."""
    n, q, level = 20 + d.below(300, 1, 0), d.pick([0.1, 0.25, 0.5, 0.75, 0.9, 0.95], 2), d.pick(LEVELS, 3)
    x = np.array([d.below(1 << 12, 4, at) / 64 for at in range(n)])
    # As exact numbers: 100 · (1 - 0.9) is a little less than 10 in binary64.
    if round(n * q, 6) < 10 or round(n * (1 - q), 6) < 10:
        return [NAN] * 3
    low = stats.quantile_test(x, p=q, alternative="greater").confidence_interval(level).low
    high = stats.quantile_test(x, p=q, alternative="less").confidence_interval(level).high
    return [np.quantile(x, q), low, high]


KINDS = [(20, 2000, counts), (21, 2000, several), (22, 2000, histograms), (23, 2000, samples), (24, 2000, pairs),
         (25, 400, areas), (26, 500, quantiles)]


def main():
    warnings.simplefilter("ignore")
    out = bytearray()
    for kind, cases, function in KINDS:
        answers = [[float(x) for x in function(Draws(kind, case))] for case in range(cases)]
        for column in zip(*answers):
            print(f"{function.__name__:12} {sum(not math.isnan(x) for x in column)} of {cases}")
        out += b"".join(struct.pack(f"<{len(row)}d", *row) for row in answers)
    Path(__file__).with_suffix(".bin.gz").write_bytes(gzip.compress(bytes(out), 9, mtime=0))


if __name__ == "__main__":
    main()
