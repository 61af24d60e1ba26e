"""Numbers the tests of certify hold fast, from scipy and statsmodels. Prints them; run by hand.

    python -m venv v && v/bin/pip install scipy==1.17.1 statsmodels==0.15.0 && v/bin/python goldens.py
"""

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

z = stats.norm.ppf(0.95)
power = stats.norm.ppf(0.8)


def mcnemar(n, b, c):
    """b: only the baseline right, c: only the candidate right."""
    delta = (c - b) / n
    se = np.sqrt(b + c - (c - b) ** 2 / n) / n
    return delta, se, delta - z * se, delta + z * se


delta, se, lower, upper = mcnemar(1000, 25, 10)
print("mcnemar 1000/25/10", delta, se, lower, upper)
for margin, distance in [(0.02, 0.02), (0.02, 0.005)]:
    print("  rows needed", margin, distance, np.ceil((z + power) ** 2 * se**2 * 1000 / distance**2))
delta, se, lower, upper = mcnemar(1000, 30, 30)
print("mcnemar 1000/30/30", delta, se, lower, upper, "rows at margin .01", np.ceil((z + power) ** 2 * se**2 * 1000 / 1e-4))

print("wilson 87/100, two-sided 90 %", proportion_confint(87, 100, alpha=0.1, method="wilson"))

a = np.array([0.81, 0.82, 0.80, 0.83, 0.79])
b = np.array([0.82, 0.82, 0.81, 0.84, 0.81])
d = a - b
half = stats.t.ppf(0.95, 4) * d.std(ddof=1) / np.sqrt(5)
print("paired t of folds", d.mean(), d.mean() - half, d.mean() + half, stats.ttest_rel(a, b).statistic)
half = stats.t.ppf(0.95, 4) * a.std(ddof=1) / np.sqrt(5)
print("t of folds", a.mean(), a.mean() - half, a.mean() + half)

truth = np.arange(20) / 10
off_a = np.array([0.1 + 0.01 * (i % 5) for i in range(20)])
off_b = np.array([0.2 - 0.01 * (i % 3) for i in range(20)])
d = off_a - off_b
half = stats.t.ppf(0.95, 19) * d.std(ddof=1) / np.sqrt(20)
print("mae", off_a.mean(), off_b.mean(), d.mean(), d.mean() - half, d.mean() + half)

margin = 0.01
slices = [(1000, 46, 20), (1000, 42, 20), (1000, 30, 30), (1000, 28, 30)]
p = []
for n, b, c in slices:
    delta, se, _, upper = mcnemar(n, b, c)
    p.append(stats.norm.cdf((delta + margin) / se))
    print("  slice", n, b, c, "delta", delta, "upper", upper)
print("p", p, "holm", multipletests(p, method="holm")[1])
