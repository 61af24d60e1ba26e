"""Numbers the tests of flips, gaps, worst slices and power hold fast, from statsmodels and numpy. Prints them; run by hand.

    python -m venv v && v/bin/pip install numpy scipy statsmodels && v/bin/python goldens_rules.py
"""

import numpy as np
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

z = stats.norm.ppf(0.95)

print("flips 25/1000, 10/1000, two-sided 90 %", [proportion_confint(k, 1000, alpha=0.1, method="wilson") for k in (25, 10)])
print("effective 500, p 0.025", proportion_confint(12.5, 500, alpha=0.1, method="wilson"))

# Two groups: 87 of 100 and 80 of 100 right. Newcombe's hybrid score interval.
print("newcombe 90 %", confint_proportions_2indep(87, 100, 80, 100, method="newcomb", compare="diff", alpha=0.1))
print("newcombe at 1 - .05/2", confint_proportions_2indep(87, 100, 80, 100, method="newcomb", compare="diff", alpha=0.05))

# Three slices: recall with its variance, shrunk by DerSimonian and Laird.
hits = np.array([270, 240, 285])
p = hits / 300
var = p * (1 - p) / 300
found = combine_effects(p, var, method_re="dl")
tau2 = found.tau2
mean = np.average(p, weights=1 / (var + tau2))
print("dl tau2", tau2, "mean", mean, "shrunk", list((p * tau2 + mean * var) / (tau2 + var)))
print("wilson of the worst, 90 %", proportion_confint(240, 300, alpha=0.1, method="wilson"))
print("wilson at 1 - .05/3, each", [proportion_confint(k, 300, alpha=2 * 0.05 / 3, method="wilson") for k in hits])
print("overall", proportion_confint(hits.sum(), 900, alpha=0.1, method="wilson"))

# Rows needed for a difference of 0.005 with a standard deviation of sqrt(0.05); what 1,000 rows detect.
solver = NormalIndPower(ddof=0)
n = solver.solve_power(effect_size=0.005 / np.sqrt(0.05), alpha=0.05, power=0.8, ratio=0, alternative="larger")
difference = (z + stats.norm.ppf(0.8)) * np.sqrt(0.05 / 1000)
power = solver.power(difference / np.sqrt(0.05), 1000, 0.05, ratio=0, alternative="larger")
print("rows needed", n, "detectable with sd sqrt(.05)", difference, "which has the power", power)


def growth(cells, alpha=0.05):
    """Bounds of the growth of the gap; cells of each group: both right, only the baseline, only the candidate, neither."""
    n = np.array([sum(cell) for cell in cells])
    a = np.array([cell[0] + cell[2] for cell in cells]) / n
    b = np.array([cell[0] + cell[1] for cell in cells]) / n
    k = len(cells)
    pairs = [(i, j) for i in range(k) for j in range(k) if i != j]
    # The covariance of (a_1 .. a_k, b_1 .. b_k), from the multinomial cells of each group.
    sigma = np.zeros((2 * k, 2 * k))
    for g, cell in enumerate(cells):
        p = np.array(cell) / n[g]
        right = np.array([[1, 0, 1, 0], [1, 1, 0, 0]])
        cov = right @ (np.diag(p) - np.outer(p, p)) @ right.T / n[g]
        for r, s in ((0, 0), (0, 1), (1, 0), (1, 1)):
            sigma[g + r * k, g + s * k] = cov[r, s]
    quantile = lambda share: stats.norm.ppf(1 - share)
    lower, upper = -np.inf, -np.inf
    for i, j in pairs:
        least_lower, least_upper = np.inf, np.inf
        for m, l in pairs:
            x = np.zeros(2 * k)
            x[i] += 1
            x[j] -= 1
            x[k + m] -= 1
            x[k + l] += 1
            value, error = x @ np.r_[a, b], np.sqrt(x @ sigma @ x)
            least_lower = min(least_lower, value - quantile(alpha / len(pairs)) * error)
            least_upper = min(least_upper, value + quantile(alpha / 2 / len(pairs)) * error)
            if (m, l) == (i, j):
                least_upper = min(least_upper, value + quantile(alpha / 2) * error)
        lower, upper = max(lower, least_lower), max(upper, least_upper)
    return np.ptp(a), np.ptp(b), lower, upper


three = [(1700, 60, 40, 200), (1500, 40, 60, 400), (1600, 80, 20, 300)]
print("growth", growth(three))
print("growth, swapped", growth([(w, y, x, z) for w, x, y, z in three]))
