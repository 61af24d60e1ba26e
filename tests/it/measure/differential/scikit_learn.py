"""Writes scikit_learn.bin.gz: what scikit-learn says about 2,000 random inputs for every metric.

    python scikit_learn.py

with scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6. The inputs come from a counter-based generator that `mod.rs` has, too,
so only the answers are stored: for each metric of METRICS, in that order, 2,000 doubles, little-endian; NaN where there is
no value. Every input is a dyadic number or one quotient of two, hence the same bits in both languages.

No value means: scikit-learn raises, warns that it substitutes a number, or returns NaN; and, beyond that, what mlrun
refuses although scikit-learn answers without a word (each such place says so with `none_if`).

Rows of weight zero are taken out before scikit-learn sees them: for mlrun they are no rows, for scikit-learn their labels
still are classes. What takes no `sample_weight` is asked about rows repeated as often as they weigh (in quarters).
"""

import gzip
import itertools
import math
import re
import string
import struct
import sys
import warnings
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn import metrics as m
from sklearn.exceptions import UndefinedMetricWarning

CASES = 2000
MASK = (1 << 64) - 1


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Draws:
    """Numbers named by kind, case, stream and place."""

    def __init__(self, kind, case):
        self.base = mix((kind << 40 | case) + 0x9E3779B97F4A7C15 & MASK)

    def below(self, bound, stream, place):
        x = mix((self.base + (stream * 0xD1B54A32D192ED03 + (place + 1) * 0x9E3779B97F4A7C15)) & MASK)
        return ((x >> 32) * bound) >> 32

    def pick(self, of, stream, place=0):
        return of[self.below(len(of), stream, place)]


SIZES = [1, 2, 3, 4, 6, 9, 15, 24, 40]
WEIGHTS = [0.0, 0.25, 0.5, 1.0, 1.0, 2.0, 3.0]


PATTERNS = [[], [], ["the "], [r"\d+[,.]?", "[aA]n?\\b"], [r"(?i)\bcat|dog\.$"], [r"\s+"]]


class Settings:
    def __init__(self, d):
        self.threshold = d.pick([0.5, 0.25, 0.75, 0.0, 1.0], 1)
        self.average = d.pick(["macro", "micro", "weighted", "none", "labels"], 2)
        self.beta = d.pick([0.5, 1.0, 2.0], 3)
        self.distance = d.pick([None, "linear", "quadratic"], 4)
        self.adjusted = d.pick([False, True], 5)
        self.max_fpr = d.pick([0.125, 0.25, 0.5, 1.0], 6)
        self.pairs = d.pick(["ovr", "ovo"], 7)
        self.precision = d.pick([0.25, 0.5, 0.75, 1.0], 8)
        self.k = d.pick([1, 2, 3, 5], 9)
        self.share = d.pick([0.125, 0.25, 0.5, 1.0], 10)
        self.halved = d.pick([None, False, True], 11)
        self.bins = d.pick([1, 2, 5, 10, 15], 12)
        self.power = d.pick([-1.0, 0.0, 1.0, 1.5, 2.0, 3.0], 13)
        self.alpha = d.pick([0.125, 0.5, 0.75], 14)
        self.gain = d.pick(["linear", "exp"], 15)
        self.empty = d.pick(["zero", "one", "skip"], 16)
        self.ignore = [d.below(2, 17, place) == 1 for place in range(3)]
        self.tolerance = d.pick([0.0, 0.5], 18)
        self.relative = d.pick([0.0, 0.125], 19)
        self.patterns = d.pick(PATTERNS, 22)


def weights_of(d, n):
    if d.below(2, 20, 0) == 0:
        return None
    return np.array([d.pick(WEIGHTS, 21, row) for row in range(n)])


class Binary:
    kind = 1

    def __init__(self, case):
        d = Draws(self.kind, case)
        self.s = Settings(d)
        n = d.pick(SIZES, 30)
        share = d.pick([0, 1, 3, 5, 8, 11, 15, 16], 31)
        levels = d.pick([4, 16, 1024], 32)
        y = [d.below(16, 33, row) < share for row in range(n)]
        score = [max(d.below(levels + 1, 34, row), d.below(levels + 1, 35, row) if y[row] else 0) / levels
                 for row in range(n)]
        self.w = weights_of(d, n)
        self.y, self.p = counted(self.w, np.array(y, dtype=int), np.array(score))
        self.w = counted(self.w, self.w)[0] if self.w is not None else None
        self.c = (self.p >= self.s.threshold).astype(int)
        self.average = {"macro": "macro", "micro": "micro", "weighted": "weighted"}.get(self.s.average, "binary")


class Multiclass:
    kind = 2

    def __init__(self, case):
        d = Draws(self.kind, case)
        self.s = Settings(d)
        n = d.pick(SIZES, 30)
        self.k = d.pick([3, 4, 5], 31)
        constant = d.below(8, 32, 0) == 0
        y = [0 if constant else d.below(self.k, 33, row) for row in range(n)]
        p = []
        for row in range(n):
            parts = [d.below(64, 34, row * 8 + c) + 1 for c in range(self.k)]
            parts[y[row]] += d.pick([0, 128], 35, row)
            p.append([part / sum(parts) for part in parts])
        self.w = weights_of(d, n)
        self.y, self.p = counted(self.w, np.array(y), np.array(p))
        self.w = counted(self.w, self.w)[0] if self.w is not None else None
        self.c = self.p.argmax(axis=1) if len(self.p) else np.array([], dtype=int)
        self.labels = list(range(self.k))


class Real:
    kind = 3

    def __init__(self, case):
        d = Draws(self.kind, case)
        self.s = Settings(d)
        n = d.pick(SIZES, 30)
        constant, scale = d.below(8, 31, 0) == 0, d.pick([0, 1, 8], 32)
        y = [13 / 8 if constant else (d.below(2001, 33, row) - 1000) / 8 for row in range(n)]
        p = [y[row] + scale * (d.below(401, 34, row) - 200) / 16 for row in range(n)]
        self.w = weights_of(d, n)
        self.y, self.p = counted(self.w, np.array(y), np.array(p))
        self.w = counted(self.w, self.w)[0] if self.w is not None else None


class Positive:
    """Labels from 0 and predictions above 0, now and then of the other sign."""

    kind = 4

    def __init__(self, case):
        d = Draws(self.kind, case)
        self.s = Settings(d)
        n = d.pick(SIZES, 30)
        least = d.pick([0, 1, 1], 31)
        y = [(d.below(64, 33, row) + least) / 8 for row in range(n)]
        p = [(d.below(64, 34, row) + 1) / 8 for row in range(n)]
        if d.below(16, 35, 0) == 0:
            p[d.below(n, 36, 0)] = -1.0
        self.w = weights_of(d, n)
        # A number outside the domain is refused whatever it weighs.
        self.outside = min(p) < 0
        self.zero_label = min(y) == 0
        self.y, self.p = counted(self.w, np.array(y), np.array(p))
        self.w = counted(self.w, self.w)[0] if self.w is not None else None


class Ranking:
    kind = 5

    def __init__(self, case):
        d = Draws(self.kind, case)
        self.s = Settings(d)
        queries = d.pick([1, 2, 3, 4], 30)
        fewest, grades = d.pick([1, 2, 2, 2], 31), d.pick([2, 4], 32)
        self.relevance, self.scores, self.w = [], [], []
        weighted = d.below(2, 20, 0) == 1
        for query in range(queries):
            documents = fewest + d.below(5, 33, query)
            none = d.below(6, 34, query) == 0
            at = [query * 8 + document for document in range(documents)]
            self.relevance.append([0 if none else d.below(grades, 35, place) for place in at])
            self.scores.append([d.below(4, 36, place) / 4 for place in at])
            self.w.append(d.pick(WEIGHTS, 21, query) if weighted else 1.0)


WORDS = ["the", "a", "An", "Cat", "cat", "dog.", "Dog", "42", "3.5", "-7", "1,000", "x1", "it's", "(red)", "Blue,", "theme"]

NUMBERS = ["42", "3.5", "-7", "1,000", "1,000.25", "42.5"]


class Texts:
    kind = 6

    def __init__(self, case):
        d = Draws(self.kind, case)
        self.s = Settings(d)
        n = d.pick([1, 2, 3, 6, 9], 30)
        numbered = d.below(4, 37, 0) != 0
        self.references, self.answers = [], []
        for row in range(n):
            reference = [d.pick(WORDS, 31, row * 8 + at) for at in range(d.below(4, 32, row))]
            if numbered:
                reference.append(d.pick(NUMBERS, 38, row))
            copied = d.below(3, 33, row)
            extra = [d.pick(WORDS, 34, row * 8 + at) for at in range(d.below(3, 35, row))]
            answer = extra + reference if copied == 1 else list(reference) if copied == 2 else extra
            self.references.append(" ".join(reference))
            text = " ".join(answer)
            self.answers.append(text.upper() if d.below(6, 36, row) == 0 else text)
        self.w = weights_of(d, n)
        problems = d.pick([1, 1, 2], 39)
        self.problem = [row % problems for row in range(n)]


def counted(weights, *columns):
    return [column if weights is None else column[weights > 0] for column in columns]


class NoValue(Exception):
    pass


def none_if(condition):
    if condition:
        raise NoValue


def several(values):
    return len(set(np.asarray(values).tolist())) > 1


def repeated(c, *columns):
    """The rows, each as often as its weight in quarters."""
    if c.w is None:
        return columns
    times = np.rint(c.w * 4).astype(int)
    return [np.repeat(column, times, axis=0) for column in columns]


# Binary and multiclass -------------------------------------------------------------------------------------------------


def setwise(function, **fixed):
    def binary(c):
        return function(c.y, c.c, average=c.average, sample_weight=c.w, **{k: v(c) for k, v in fixed.items()})

    def multiclass(c):
        more = {k: v(c) for k, v in fixed.items()}
        if c.s.average == "none":
            return function(c.y, c.c, average=None, labels=[c.s.k % c.k], sample_weight=c.w, **more)[0]
        if c.s.average == "labels":
            return function(c.y, c.c, average="macro", labels=[0, c.k - 1], sample_weight=c.w, **more)
        return function(c.y, c.c, average=c.s.average, sample_weight=c.w, **more)

    return lambda c: binary(c) if isinstance(c, Binary) else multiclass(c)


def balanced(c):
    none_if(not several(c.y))
    return m.balanced_accuracy_score(c.y, c.c, sample_weight=c.w, adjusted=c.s.adjusted)


def matthews(c):
    # 0.0 without a word.
    none_if(not several(c.y) or not several(c.c))
    return m.matthews_corrcoef(c.y, c.c, sample_weight=c.w)


def kappa(c):
    labels = [0, 1] if isinstance(c, Binary) else c.labels
    # A class that neither labels nor predictions have: scikit-learn wants some label there; distances are those of all classes.
    return m.cohen_kappa_score(c.y, c.c, weights=c.s.distance, labels=labels, sample_weight=c.w)


def rate(of, hit):
    def measure(c):
        rows = of(c)
        none_if(not rows.any())
        weights = np.ones(len(c.y)) if c.w is None else c.w
        return np.average((c.c == hit)[rows], weights=weights[rows])

    return measure


def roc_auc(c):
    if isinstance(c, Binary):
        return m.roc_auc_score(c.y, c.p, sample_weight=c.w, max_fpr=c.s.max_fpr)
    average = "weighted" if c.s.average == "weighted" else "macro"
    none_if(len(set(c.y.tolist())) < (c.k if c.s.pairs == "ovr" else 2))
    if c.s.pairs == "ovr":
        return m.roc_auc_score(c.y, c.p, multi_class="ovr", average=average, labels=c.labels, sample_weight=c.w)
    y, p = repeated(c, c.y, c.p)
    return m.roc_auc_score(y, p, multi_class="ovo", average=average, labels=c.labels)


def average_precision(c):
    if isinstance(c, Binary):
        none_if(not c.y.any())
        return m.average_precision_score(c.y, c.p, sample_weight=c.w)
    none_if(len(set(c.y.tolist())) < c.k)
    average = "weighted" if c.s.average == "weighted" else "macro"
    return m.average_precision_score(c.y, c.p, average=average, sample_weight=c.w)


def recall_at_precision(c):
    none_if(not c.y.any())
    precision, recall, _ = m.precision_recall_curve(c.y, c.p, sample_weight=c.w)
    return max(recall[precision >= c.s.precision])


def top(y, p, count):
    """Expected positives among the `count` highest scores, by what is above the cut and what ties with it."""
    kth = np.sort(p)[::-1][count - 1]
    above, tied = p > kth, p == kth
    return y[above].sum() + (count - above.sum()) * y[tied].mean()


def precision_at_k(c):
    y, p = repeated(c, c.y, c.p)
    count = c.s.k * (1 if c.w is None else 4)
    none_if(len(y) < count)
    return top(y, p, count) / count


def gain(c):
    y, p = repeated(c, c.y, c.p)
    # Eight of each: an eighth of them is a whole number.
    y, p = np.repeat(y, 8), np.repeat(p, 8)
    none_if(not y.any())
    return top(y, p, round(c.s.share * len(y))) / y.sum()


def ks(c):
    y, p = repeated(c, c.y, c.p)
    none_if(not several(y))
    return stats.ks_2samp(p[y == 1], p[y == 0], method="asymp").statistic


def top_k(c):
    none_if(c.s.k >= c.k)
    ties = (c.p == c.p[np.arange(len(c.y)), c.y][:, None]).sum(axis=1) > 1
    if not ties.any():
        return m.top_k_accuracy_score(c.y, c.p, k=c.s.k, labels=c.labels, sample_weight=c.w)
    own = c.p[np.arange(len(c.y)), c.y][:, None]
    chance = ((c.s.k - (c.p > own).sum(axis=1)) / (c.p == own).sum(axis=1)).clip(0, 1)
    return np.average(chance, weights=c.w)


def log_loss(c):
    none_if(not several(c.y))
    return m.log_loss(c.y, c.p, labels=[0, 1] if isinstance(c, Binary) else c.labels, sample_weight=c.w)


def brier(c):
    half = "auto" if c.s.halved is None else c.s.halved
    if isinstance(c, Binary):
        return m.brier_score_loss(c.y, c.p, labels=[0, 1], sample_weight=c.w, scale_by_half=half)
    return m.brier_score_loss(c.y, c.p, labels=c.labels, sample_weight=c.w, scale_by_half=half)


def d2(function):
    def measure(c):
        none_if(not several(c.y))
        return function(c.y, c.p, labels=[0, 1] if isinstance(c, Binary) else c.labels, sample_weight=c.w)

    return measure


def ece(c):
    if isinstance(c, Binary):
        happened, confidence = c.y, c.p
    else:
        happened, confidence = (c.y == c.c).astype(int), c.p.max(axis=1)
    happened, confidence = repeated(c, happened, confidence)
    # `bins` of each row make the bins whole numbers of rows; within a tie the mean outcome stands for each.
    happened, confidence = np.repeat(happened, c.s.bins), np.repeat(confidence, c.s.bins)
    order = np.argsort(-confidence, kind="stable")
    y = np.array([happened[confidence == p].mean() for p in confidence[order]])
    off = (y - confidence[order]).reshape(c.s.bins, -1).sum(axis=1)
    return np.abs(off).sum() / len(confidence)


# Regression ------------------------------------------------------------------------------------------------------------


def weighted(function, **settings):
    return lambda c: function(c.y, c.p, sample_weight=c.w, **{k: v(c) for k, v in settings.items()})


def explained(function, **settings):
    def measure(c):
        # 1.0 or 0.0 for constant labels in scikit-learn, and a number for one row.
        none_if(len(c.y) < 2 or not several(c.y))
        return weighted(function, **settings)(c)

    return measure


def domain(c, power):
    none_if(power != 0 and c.outside)
    none_if(power >= 2 and c.zero_label)


def tweedie(power, function=m.mean_tweedie_deviance):
    def measure(c):
        domain(c, power(c))
        return weighted(function, power=power)(c)

    return measure


def logarithmic(function):
    def measure(c):
        none_if(c.outside)
        return weighted(function)(c)

    return measure


def d2_tweedie(c):
    domain(c, c.s.power)
    return explained(m.d2_tweedie_score, power=lambda c: c.s.power)(c)


def wmape(c):
    y, p = repeated(c, c.y, c.p)
    none_if(not np.abs(y).sum())
    return np.abs(y - p).sum() / np.abs(y).sum()


def smape(c):
    y, p = repeated(c, c.y, c.p)
    scale = np.abs(y) + np.abs(p)
    return np.mean(2 * np.abs(y - p) / np.where(scale == 0, 1, scale))


# Ranking ---------------------------------------------------------------------------------------------------------------


def queries(value, skips=True):
    def measure(c):
        values, weights = [], []
        for relevance, scores, weight in zip(c.relevance, c.scores, c.w):
            found = value(c, relevance, scores)
            if skips and not any(relevance):
                found = {"zero": 0.0, "one": 1.0, "skip": None}[c.s.empty]
            if found is not None:
                values.append(found)
                weights.append(weight)
        none_if(not sum(weights))
        return np.average(values, weights=weights)

    return measure


def gained(c, relevance):
    return [2.0**r - 1 for r in relevance] if c.s.gain == "exp" else relevance


def ndcg(c, relevance, scores):
    return m.ndcg_score([gained(c, relevance)], [scores], k=c.s.k)


def dcg(c, relevance, scores):
    if len(relevance) == 1:
        # scikit-learn takes one document for labels of a class and refuses.
        return gained(c, relevance)[0]
    return m.dcg_score([gained(c, relevance)], [scores], k=c.s.k)


def orders(relevance, scores):
    """The relevances in every order that the scores allow."""
    runs = [list(run) for _, run in itertools.groupby(sorted(zip(scores, relevance), reverse=True), key=lambda x: x[0])]
    for choice in itertools.product(*(itertools.permutations([r > 0 for _, r in run]) for run in runs)):
        yield [relevant for run in choice for relevant in run]


def expected(value):
    return lambda c, relevance, scores: np.mean([value(c, order) for order in orders(relevance, scores)])


def precision_average(c, order):
    found = [sum(order[: at + 1]) / (at + 1) for at, relevant in enumerate(order) if relevant and at < c.s.k]
    return sum(found) / max(min(sum(order), c.s.k), 1)


def reciprocal(c, order):
    return next((1 / (at + 1) for at, relevant in enumerate(order[: c.s.k]) if relevant), 0.0)


def hit(c, order):
    return float(any(order[: c.s.k]))


def labels(function):
    """Each query is a sample and its documents are labels, of which samples may have different numbers here."""

    def measure(c):
        none_if(not sum(c.w))
        of = [function([[r > 0 for r in relevance]], [scores]) for relevance, scores in zip(c.relevance, c.scores)]
        return np.average(of, weights=c.w)

    return measure


# Texts -----------------------------------------------------------------------------------------------------------------


def rowwise(value):
    def measure(c):
        weights = np.ones(len(c.answers)) if c.w is None else c.w
        found = [value(c, r, a) for r, a in zip(c.references, c.answers)]
        none_if(not weights.sum())
        return np.average(found, weights=weights)

    return measure


def ignoring(c, text):
    """As Hugging Face's exact_match."""
    case, punctuation, numbers = c.s.ignore
    for pattern in c.s.patterns:
        text = re.sub(pattern, "", text)
    if case:
        text = text.lower()
    if punctuation:
        text = text.translate(str.maketrans("", "", string.punctuation))
    if numbers:
        text = text.translate(str.maketrans("", "", string.digits))
    return text


def exact(c, reference, answer):
    return ignoring(c, reference) == ignoring(c, answer)


def contains(c, reference, answer):
    reference, answer = ignoring(c, reference), ignoring(c, answer)
    return reference in answer if reference else not answer


def squad(text):
    """As SQuAD's evaluate-v2.0.py."""
    text = "".join(ch for ch in text.lower() if ch not in set(string.punctuation))
    return " ".join(re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text).split()).split()


def token_f1(c, reference, answer):
    gold, found = squad(reference), squad(answer)
    common = sum((Counter(gold) & Counter(found)).values())
    if not gold or not found:
        return float(gold == found)
    if common == 0:
        return 0.0
    precision, recall = common / len(found), common / len(gold)
    return 2 * precision * recall / (precision + recall)


def last_number(text):
    found = re.findall(r"(?<![A-Za-z0-9])[-+]?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?", text)
    return float(found[-1].rstrip(",").replace(",", "")) if found else None


def numeric(c, reference, answer):
    wanted, found = last_number(reference), last_number(answer)
    none_if(wanted is None)
    return found is not None and abs(found - wanted) <= c.s.tolerance + c.s.relative * abs(wanted)


def attempts(passes):
    """Over every choice of k attempts at a problem, in fractions; a problem weighs what its attempts weigh on average."""

    def measure(c):
        total, weight = 0.0, 0.0
        for problem in sorted(set(c.problem)):
            rows = [row for row, of in enumerate(c.problem) if of == problem]
            right = [exact(c, c.references[row], c.answers[row]) for row in rows]
            none_if(len(rows) < c.s.k)
            drawn = [passes(choice) for choice in itertools.combinations(right, c.s.k)]
            own = 1.0 if c.w is None else np.mean(c.w[rows])
            total += own * float(Fraction(sum(drawn), len(drawn)))
            weight += own
        none_if(not weight)
        return total / weight

    return measure


BOTH = [
    ("accuracy", lambda c: m.accuracy_score(c.y, c.c, sample_weight=c.w)),
    ("balanced_accuracy", balanced),
    ("precision", setwise(m.precision_score)),
    ("recall", setwise(m.recall_score)),
    ("f1", setwise(m.f1_score)),
    ("fbeta", setwise(m.fbeta_score, beta=lambda c: c.s.beta)),
    ("jaccard", setwise(m.jaccard_score)),
    ("macro_f1", lambda c: m.f1_score(c.y, c.c, average="macro", sample_weight=c.w)),
    ("mcc", matthews),
    ("kappa", kappa),
    ("roc_auc", roc_auc),
    ("average_precision", average_precision),
    ("log_loss", log_loss),
    ("brier", brier),
    ("d2_log_loss", d2(m.d2_log_loss_score)),
    ("d2_brier", d2(m.d2_brier_score)),
    ("ece", ece),
]
METRICS = [
    (Binary, BOTH + [
        ("specificity", rate(lambda c: c.y == 0, 0)),
        ("fpr", rate(lambda c: c.y == 0, 1)),
        ("fnr", rate(lambda c: c.y == 1, 0)),
        ("positive_rate", rate(lambda c: c.y >= 0, 1)),
        ("recall_at_precision", recall_at_precision),
        ("precision_at_k", precision_at_k),
        ("ks", ks),
        ("lift", lambda c: gain(c) / c.s.share),
        ("gain", gain),
    ]),
    (Multiclass, BOTH + [("top_k_accuracy", top_k)]),
    (Real, [
        ("mae", weighted(m.mean_absolute_error)),
        ("mse", weighted(m.mean_squared_error)),
        ("rmse", weighted(m.root_mean_squared_error)),
        ("median_ae", weighted(m.median_absolute_error)),
        ("max_error", lambda c: m.max_error(c.y, c.p)),
        ("r2", explained(m.r2_score)),
        ("explained_variance", explained(m.explained_variance_score)),
        ("mape", weighted(m.mean_absolute_percentage_error)),
        ("wmape", wmape),
        ("smape", smape),
        ("pinball", weighted(m.mean_pinball_loss, alpha=lambda c: c.s.alpha)),
        ("d2_absolute_error", explained(m.d2_absolute_error_score)),
        ("d2_pinball", explained(m.d2_pinball_score, alpha=lambda c: c.s.alpha)),
    ]),
    (Positive, [
        ("msle", logarithmic(m.mean_squared_log_error)),
        ("rmsle", logarithmic(m.root_mean_squared_log_error)),
        ("poisson_deviance", tweedie(lambda c: 1.0)),
        ("gamma_deviance", tweedie(lambda c: 2.0)),
        ("tweedie_deviance", tweedie(lambda c: c.s.power)),
        ("d2_tweedie", d2_tweedie),
    ]),
    (Ranking, [
        ("ndcg", queries(ndcg)),
        ("dcg", queries(dcg, skips=False)),
        ("map", queries(expected(precision_average))),
        ("mrr", queries(expected(reciprocal))),
        ("hit_rate", queries(expected(hit))),
        ("lrap", labels(m.label_ranking_average_precision_score)),
        ("coverage_error", labels(m.coverage_error)),
        ("ranking_loss", labels(m.label_ranking_loss)),
    ]),
    (Texts, [
        ("exact_match", rowwise(exact)),
        ("contains", rowwise(contains)),
        ("token_f1", rowwise(token_f1)),
        ("numeric_match", rowwise(numeric)),
        ("pass_at_k", attempts(any)),
        ("pass_hat_k", attempts(all)),
    ]),
]


def answer(function, case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", UndefinedMetricWarning)
        try:
            return float(function(case))
        except (ValueError, ZeroDivisionError, UndefinedMetricWarning, NoValue):
            return math.nan


def main():
    out = bytearray()
    for kind, functions in METRICS:
        cases = [kind(case) for case in range(CASES)]
        for name, function in functions:
            answers = []
            for c in cases:
                empty = kind in (Binary, Multiclass, Real, Positive) and len(c.y) == 0
                answers.append(math.nan if empty else answer(function, c))
            defined = sum(not math.isnan(a) for a in answers)
            print(f"{kind.__name__:10} {name:20} {defined} defined", file=sys.stderr)
            out += struct.pack(f"<{CASES}d", *answers)
    Path(__file__).with_suffix(".bin.gz").write_bytes(gzip.compress(bytes(out), 9, mtime=0))


if __name__ == "__main__":
    main()
