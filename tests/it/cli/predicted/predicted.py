"""Writes what models of scikit-learn predict, as people write it down, a table for each kind of task, and today.json: what
scikit-learn's metrics say of each.

Run with scikit-learn 1.9.1:
    python predicted.py
Deterministic.
"""

import csv
import json
import pathlib

import numpy as np
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20261122)
today = {}


def write(name, header, *columns):
    with open(here / name, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *zip(*columns)])


def exact(numbers):
    return [repr(float(number)) for number in numbers]


def binary():
    x, y = load_breast_cancer(return_X_y=True)
    a, b, c, d = train_test_split(x, y, test_size=150, random_state=0)
    p = make_pipeline(StandardScaler(), LogisticRegression()).fit(a, c).predict_proba(b)[:, 1].round(6)
    write("binary.csv", ["row_id", "y", "p", "clinic"], range(150), d, exact(p), rng.choice(["north", "south"], 150))
    today["binary.csv"] = metrics.roc_auc_score(d, p)
    # The same with words for classes, and no score.
    words = np.array(["malignant", "benign"])
    said = DecisionTreeClassifier(max_depth=2, random_state=0).fit(a, words[c]).predict(b)
    write("binary_words.csv", ["Patient Id", "truth", "Predicted"], range(7000, 7150), words[d], said)
    today["binary_words.csv"] = metrics.accuracy_score(words[d], said)


def multiclass():
    x, y = load_iris(return_X_y=True)
    names = load_iris().target_names
    a, b, c, d = train_test_split(x, names[y], test_size=100, random_state=0)
    said = DecisionTreeClassifier(max_depth=1, random_state=0).fit(a, c).predict(b)
    write("multiclass.csv", ["id", "y", "yhat"], range(100), d, said)
    today["multiclass.csv"] = metrics.accuracy_score(d, said)
    x, y = load_digits(return_X_y=True)
    a, b, c, d = train_test_split(x, y, test_size=120, random_state=0)
    model = LogisticRegression(max_iter=50).fit(a / 16, c)
    p = model.predict_proba(b / 16)
    write("digits.csv", ["sample_id", "target", *(f"proba_{k}" for k in range(10))], range(120), d, *map(exact, p.T))
    today["digits.csv"] = metrics.accuracy_score(d, p.argmax(1))


def regression():
    x, y = load_diabetes(return_X_y=True)
    a, b, c, d = train_test_split(x, y, test_size=150, random_state=0)
    said = Ridge().fit(a, c).predict(b)
    write("regression.csv", ["index", "y_true", "y_pred"], range(150), exact(d), exact(said))
    today["regression.csv"] = metrics.mean_absolute_error(d, said)
    # Counts are whole numbers and no classes.
    counts = rng.poisson(np.exp(1 + 8 * x[:, 2]))
    a, b, c, d = train_test_split(x, counts, test_size=150, random_state=0)
    said = PoissonRegressor().fit(a, c).predict(b)
    write("counts.csv", ["id", "actual", "forecast"], range(150), d, exact(said))
    today["counts.csv"] = metrics.mean_absolute_error(d, said)


def ranking():
    queries, documents = 30, 8
    x = rng.normal(size=(2 * queries * documents, 4))
    grades = np.clip(np.round(x[:, 0] + x[:, 1] + rng.normal(0, 0.7, len(x))), 0, 3).astype(int)
    half = queries * documents
    score = RandomForestRegressor(20, random_state=0).fit(x[:half], grades[:half]).predict(x[half:])
    d = grades[half:]
    query, document = np.divmod(np.arange(half), documents)
    write("ranking.csv", ["query_id", "doc_id", "relevance", "score"], query, document, d, exact(score))
    each = [metrics.ndcg_score([d[query == q]], [score[query == q]], k=10) for q in range(queries)]
    today["ranking.csv"] = float(np.mean(each))


def text():
    things = ["crane", "river", "lamp", "violin", "harbor", "candle", "meadow", "bridge", "copper", "window"]
    places = ["Oslo", "Lima", "Cairo", "Kyoto", "Perth", "Quito"]
    known = [(f"where is the {thing} of number {at}", f"the {thing} {at} is in {places[at % 6]}")
             for at, thing in enumerate(things * 6)]
    asked = [" ".join(word for word in question.split() if rng.random() < 0.7) for question, _ in known]
    model = make_pipeline(TfidfVectorizer(), KNeighborsClassifier(1)).fit(*zip(*known))
    said, reference = model.predict(asked), [answer for _, answer in known]
    write("text.csv", ["question_id", "reference", "answer"], range(60), reference, said)
    today["text.csv"] = float(np.mean([a == b for a, b in zip(reference, said)]))


for make in (binary, multiclass, regression, ranking, text):
    make()
(here / "today.json").write_text(json.dumps({name: float(value) for name, value in today.items()}, indent=1) + "\n")
