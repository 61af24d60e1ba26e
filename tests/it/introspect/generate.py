"""Writes the fixtures of these tests with the real libraries, and `goldens.json`: what those libraries say of them.

    python generate.py --torch    # PyTorch, which need not stand beside the others
    python generate.py            # scikit-learn 1.9, joblib, skops, xgboost, lightgbm, keras (numpy), picklescan, lz4

Everything lands in `fixtures`. Numbers of fitted models may differ with another version of a library; what the tests compare
does not depend on them. The hostile files would run `true`, which does nothing, and nobody here loads them.
`--inherited` prints what scikit-learn's base classes leave in estimators, the table of `src/introspect/sklearn/inherited.rs`.
"""

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import warnings
import zipfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "numpy"
warnings.filterwarnings("ignore")

HERE = Path(__file__).parent / "fixtures"

if "--torch" in sys.argv:
    import torch

    layer = torch.nn.Linear(3, 2)
    torch.save({"epoch": 3, "lr": 0.5, "state_dict": layer.state_dict()}, HERE / "torch.pt")
    torch.manual_seed(1)
    table = torch.randn(6, 4)
    kinds = {
        str(kind).removeprefix("torch."): torch.arange(6).to(kind)
        for kind in [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
                     torch.uint8, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.uint16]
    }
    kept = {
        "table": table, "rows": table[2:4], "turned": table.T, "column": table[:, 1], "again": table,
        "parameter": torch.nn.Parameter(torch.ones(2, 2)), "scalar": torch.tensor(7.0), "empty": torch.zeros(0, 3),
        "kinds": kinds, "list": [torch.zeros(3), {"deep": torch.ones(1, 3)}],
    }
    torch.save(kept, HERE / "tensors.pt")
    torch.save(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)), HERE / "module.pt")

    def tensors(value, name=""):
        if isinstance(value, torch.Tensor):
            if value.numel():
                size = value.element_size()
                start, last = value.storage_offset(), sum((side - 1) * step for side, step in zip(value.shape, value.stride()))
                raw = bytes(value.untyped_storage())[start * size:(start + last + 1) * size]
                kind = str(value.dtype).removeprefix("torch.")
                yield [name, kind if value.is_contiguous() else f"{kind} by {list(value.stride())}", list(value.shape), hashlib.sha256(raw).hexdigest()]
        elif isinstance(value, (dict, list)):
            for key, part in value.items() if isinstance(value, dict) else enumerate(value):
                yield from tensors(part, f"{name}.{key}" if name else str(key))

    said = {"tensors.pt": list(tensors(kept))}
    said["torch.pt"] = list(tensors(torch.load(HERE / "torch.pt", weights_only=True)))
    said["module.pt"] = list(tensors(dict(torch.load(HERE / "module.pt", weights_only=False).state_dict())))
    (HERE / "tensors.json").write_text(json.dumps(said, indent=1) + "\n")
    sys.exit()

import joblib
import joblib.numpy_pickle
import numpy as np
from picklescan.scanner import _list_globals
from sklearn.utils import all_estimators

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
WORDS = ["a red fox", "a blue fox", "no fox at all", "red and blue"] * 10


def inherited():
    """Every estimator, made and fitted on whatever it takes: attributes that look like parameters and are none."""
    from sklearn.linear_model import LogisticRegression

    samples = [(X, y), (abs(X), y), (abs(X), y.astype(float)), (X, np.c_[y, 1 - y]), (X,), (WORDS, y), (WORDS,)]
    inner = LogisticRegression()
    arguments = [(), (inner,), ([("a", inner), ("b", inner)],), (inner, {"C": [0.1, 1]})]
    for _, cls in all_estimators():
        for these in arguments:
            try:
                estimator = cls(*these)
                break
            except TypeError:
                pass
        for these in samples:
            try:
                estimator.fit(*these)
                break
            except Exception:
                pass
        public = [name for name in estimator.__getstate__() if not name.startswith("_") and not name.endswith("_")]
        params = estimator.get_params(deep=False)
        if more := [name for name in public if name not in params]:
            yield f"{cls.__module__}.{cls.__qualname__}", more


if "--inherited" in sys.argv:
    for cls, names in sorted(inherited()):
        print(f'    ("{cls}", &[{", ".join(json.dumps(name) for name in names)}]),')
    sys.exit()

import lightgbm
import skops.io
import xgboost
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF, PCA, TruncatedSVD
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MultiLabelBinarizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier


def pipeline():
    return Pipeline([("scale", StandardScaler()), ("svc", SVC(C=np.float64(0.5), gamma="auto", random_state=7))])


def estimators():
    """Fitted unless there is nothing to fit."""
    log = LogisticRegression(C=0.25, class_weight={0: 1.0, 1: 2.5}, random_state=3)
    tree = DecisionTreeClassifier(max_depth=2, random_state=np.int64(5))
    yield "pipeline", pipeline().fit(X, y)
    grid = {"svc__C": [0.1, 1.0], "svc__kernel": ["linear", "rbf"], "svc__tol": np.logspace(-4, -3, 2)}
    yield "search", GridSearchCV(pipeline(), grid, cv=KFold(2, shuffle=True, random_state=11)).fit(X, y)
    columns = [("n", Pipeline([("i", SimpleImputer(strategy="median")), ("s", StandardScaler())]), [0, 1]), ("o", OneHotEncoder(), [2]), ("r", "drop", [3])]
    yield "columns", ColumnTransformer(columns, remainder="passthrough", sparse_threshold=0).fit(X.round())
    yield "voting", VotingClassifier([("l", log), ("t", tree), ("n", "drop")], voting="soft", weights=[1, 2, 0]).fit(X, y)
    yield "stacking", StackingClassifier([("l", log), ("t", tree)], final_estimator=log, cv=2).fit(X, y)
    union = FeatureUnion([("pca", PCA(2, random_state=1)), ("best", SelectKBest(f_classif, k=1))])
    yield "union", Pipeline([("u", union), ("c", log)]).fit(X, y)
    yield "function", Pipeline([("f", FunctionTransformer(np.log1p, validate=True)), ("r", LinearRegression())])
    yield "forest", RandomForestClassifier(3, max_depth=2, random_state=2, n_jobs=1).fit(X, y)
    yield "extra", ExtraTreesRegressor(2, max_depth=2, random_state=np.random.RandomState(4)).fit(X, y)
    yield "boosting", GradientBoostingClassifier(n_estimators=2, max_depth=1, random_state=6).fit(X, y)
    yield "histogram", HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=3, random_state=9).fit(X, y)
    yield "ada", AdaBoostClassifier(tree, n_estimators=2, random_state=8).fit(X, y)
    yield "isolation", IsolationForest(n_estimators=2, max_samples=8, random_state=1).fit(X)
    yield "rest", OneVsRestClassifier(log).fit(X, y)
    yield "logistic", log.fit(X, y)
    yield "linear", LinearRegression(positive=True).fit(X, y)
    yield "ridge", Ridge(alpha=np.array([1.0, 2.0, 3.0, 4.0])[:1], solver="svd").fit(X, y)
    yield "lasso", Lasso(alpha=1e-3, max_iter=10_000).fit(X, y)
    yield "elastic", ElasticNet(alpha=1e-30, l1_ratio=1 / 3).fit(X, y)
    yield "sgd", SGDClassifier(loss="log_loss", random_state=12).fit(X, y)
    yield "svr", SVR(C=10**20, kernel="poly", degree=2)
    yield "neighbors", KNeighborsClassifier(3, metric="minkowski", metric_params={"w": [1, 2, 3, 4]})
    yield "bayes", GaussianNB(priors=np.array([0.5, 0.5])).fit(X, y)
    yield "tree", tree.fit(X, y)
    yield "network", MLPClassifier((3, 2), max_iter=3, random_state=10).fit(X, y)
    kernel = 2.0 * RBF([1.0, 2.0, 3.0, 4.0], (1e-3, 1e3)) + WhiteKernel(0.1)
    yield "gaussian", GaussianProcessRegressor(kernel, random_state=1)
    yield "kmeans", KMeans(2, n_init=1, random_state=3).fit(X)
    yield "dbscan", DBSCAN(eps=0.7, metric="precomputed")
    yield "pca", PCA(0.9, svd_solver="full").fit(X)
    yield "svd", TruncatedSVD(2, random_state=5).fit(X)
    yield "nmf", NMF(2, init="random", random_state=13)
    yield "isotonic", IsotonicRegression(y_min=float("-inf"), out_of_bounds="clip")
    yield "bins", KBinsDiscretizer(3, encode="ordinal").fit(X)
    yield "labels", MultiLabelBinarizer(classes=["red", "blue"]).fit([["red"], ["blue"]])
    yield "polynomial", PolynomialFeatures((1, 3), interaction_only=True)
    yield "words", Pipeline([("c", CountVectorizer(stop_words=["no", "at"], ngram_range=(1, 2))), ("d", DummyClassifier(strategy="constant", constant=1))]).fit(WORDS, y)
    yield "tfidf", TfidfVectorizer(vocabulary={"fox": 0, "é€😀": 1}, token_pattern=r"\w\n'\"\\", dtype=np.float32)


def name_of(thing):
    return f"{getattr(thing, '__module__', None) or 'numpy'}.{thing.__qualname__ if hasattr(thing, '__qualname__') else thing.__name__}"


def say(value):
    """A parameter as the tests compare it: what kind it is, and its value."""
    if value is None:
        return ["null"]
    if isinstance(value, (bool, np.bool_)):
        return ["bool", bool(value)]
    if isinstance(value, (int, np.integer)):
        value = int(value)
        return ["int", value] if -(2**63) <= value < 2**63 else ["big", str(value)]
    if isinstance(value, (float, np.floating)):
        return ["float", struct.pack(">d", value).hex()]
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, (list, tuple)):
        return ["list", [say(one) for one in value]]
    if isinstance(value, dict):
        return ["map", [[say(key), say(one)] for key, one in value.items()]]
    if isinstance(value, np.ndarray):
        return ["array", value.dtype.str[1:], list(value.shape)]
    if isinstance(value, (type, np.ufunc)) or hasattr(value, "__code__"):
        return ["import", name_of(value)]
    return ["object", name_of(type(value))]


def said(params):
    return {name: say(value) for name, value in params.items()}


goldens = []


def keep(file, data, **golden):
    (HERE / file).write_bytes(data)
    goldens.append({"file": file, **golden})


def dumped(value, compress=0):
    buffer = io.BytesIO()
    joblib.dump(value, buffer, compress=compress)
    return buffer.getvalue()


def scanned(data):
    return sorted(list(found) for found in _list_globals(io.BytesIO(data), multiple_pickles=True))


def estimator(file, data, made, format, library=("scikit-learn", "1.9.1"), **more):
    keep(file, data, format=format, cls=name_of(type(made)), library=library, params=said(made.get_params(deep=True)), **more)


HERE.mkdir(exist_ok=True)
for old in HERE.iterdir():
    if old.suffix != ".pt":
        old.unlink()

for place, (name, made) in enumerate(estimators()):
    protocol = 2 + place % 4
    data = pickle.dumps(made, protocol)
    estimator(f"{name}.{protocol}.pkl", data, made, "sklearn-pickle", imports=scanned(data))
    data = dumped(made)
    estimator(f"{name}.joblib", data, made, "sklearn-joblib" if b"NumpyArrayWrapper" in data else "sklearn-pickle")

made = pipeline().fit(X, y)
for protocol in range(6):
    data = pickle.dumps(made, protocol)
    estimator(f"every.{protocol}.pkl", data, made, "sklearn-pickle", imports=scanned(data))
for how in ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"]:
    estimator(f"packed.{how}.joblib", dumped(made, (how, 3)), made, "sklearn-joblib")
estimator("packed.pkl.gz", gzip.compress(pickle.dumps(made, 4), mtime=0), made, "sklearn-joblib")
for name in ["pipeline", "search", "columns", "forest", "function", "words", "bayes", "gaussian"]:
    made = dict(estimators())[name]
    how = zipfile.ZIP_STORED if name == "pipeline" else zipfile.ZIP_DEFLATED
    estimator(f"{name}.skops", skops.io.dumps(made, compression=how), made, "skops")
objects = np.array([made, "text", None], dtype=object)
keep("objects.joblib", dumped({"model": pipeline(), "names": np.array(["a", "bcd"]), "some": objects, "epoch": 3}), format="sklearn-joblib", cls=None)

version = ".".join(xgboost.__version__.split(".")[:3])
made = xgboost.XGBClassifier(n_estimators=2, max_depth=2, learning_rate=0.3, random_state=4, num_boost_round_note="x").fit(X, y)
config = json.loads(made.get_booster().save_config())["learner"]
train = config["gradient_booster"]["tree_train_param"]
for protocol in [4, 5]:
    data = pickle.dumps(made, protocol)
    estimator(f"xgboost.{protocol}.pkl", data, made, "xgboost-pickle", ("xgboost", version), train=train, imports=scanned(data))
packed = dumped(made, ("zlib", 3))
estimator("xgboost.joblib", packed, made, "xgboost-joblib", ("xgboost", version), train=train)
inside = Pipeline([("scale", StandardScaler()), ("grown", made)]).fit(X, y)
estimator("grown.joblib", dumped(inside), inside, "sklearn-joblib", train=train, prefix="grown__")
for end in ["json", "ubj"]:
    made.get_booster().feature_names = ["a", "b", "c", "d"]
    data = bytes(made.get_booster().save_raw(end))
    keep(f"xgboost.{end}", data, format=f"xgboost-{end}", cls="xgboost.gbtree", library=("xgboost", version), params=said({"booster": "gbtree", "objective": "binary:logistic"}), state=said({"feature_names": ["a", "b", "c", "d"], "gbtree_model_param.num_trees": "2", "learner_model_param.num_feature": "4"}))

made = lightgbm.LGBMClassifier(n_estimators=2, num_leaves=3, random_state=3, verbose=-1, max_bin=31).fit(X, y)
data = pickle.dumps(made, 4)
estimator("lightgbm.4.pkl", data, made, "lightgbm-pickle", None, imports=scanned(data))
estimator("lightgbm.joblib", dumped(made), made, "lightgbm-joblib", None)
text = made.booster_.model_to_string()
block = dict(line[1:-1].split(":", 1) for line in text[text.index("\nparameters:") :].splitlines() if line.startswith("["))
state = dict(line.split("=", 1) for line in text[: text.index("\n\nTree=0")].splitlines() if "=" in line)
keep("lightgbm.txt", text.encode(), format="lightgbm", cls="lightgbm.Booster", library=None, block={name: value.strip() for name, value in block.items()}, state=said(state))

import keras

for name, layers in {"keras": [], "lambda": [keras.layers.Lambda(eval("lambda x: x * 2"))]}.items():
    dense = keras.layers.Dense(4, activation="relu", kernel_initializer=keras.initializers.GlorotUniform(seed=7), name="first")
    made = keras.Sequential([keras.Input((4,)), dense, keras.layers.Dropout(0.25, seed=3, name="drop"), *layers, keras.layers.Dense(1, name="last")], name="net")
    made.compile(optimizer=keras.optimizers.Adam(0.005), loss="mse", metrics=["mae"])
    made.save(HERE / f"{name}.keras")
    params = {f"layers.{layer.name}.{key}": layer.get_config()[key] for layer in made.layers for key in ["units", "rate", "activation", "use_bias", "seed"] if key in layer.get_config()}
    params |= {"layers.first.kernel_initializer.seed": 7, "compile_config.loss": "mse"}
    params |= {f"compile_config.optimizer.{key}": value for key, value in made.optimizer.get_config().items() if key in ["beta_1", "epsilon", "amsgrad", "clipnorm"]}
    goldens.append({"file": f"{name}.keras", "format": "keras", "cls": "keras.Sequential", "library": ("keras", keras.__version__), "params": said(params)})


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


PAYLOAD = b"cposix\nsystem\n(S'true'\ntR."
ROT13 = b"ccodecs\ndecode\n(S'%s'\nS'rot13'\ntR"
keep("reduce.hostile.joblib", dumped({"model": pipeline(), "more": Evil()}), hostile=["posix", "system"])
wrapper = joblib.numpy_pickle.NumpyArrayWrapper
made = wrapper.__init__
wrapper.__init__ = lambda self, *args, **named: made(self, *args, **named | {"numpy_array_alignment_bytes": None})
array = np.frombuffer(b"0" + PAYLOAD, dtype=np.uint8)
data = dumped(array)
wrapper.__init__ = made
assert joblib.load(io.BytesIO(data)).tobytes() == b"0" + PAYLOAD
keep("array.hostile.joblib", data, hostile=["posix", "system"])
computed = b"\x80\x04" + ROT13 % b"cbfvk" + ROT13 % b"flfgrz" + b"\x93(S'true'\ntR."
keep("computed.hostile.joblib", computed, hostile=["<computed>", "<computed>"])
np.save(buffer := io.BytesIO(), np.array([Evil()], dtype=object))
keep("objects.hostile.npy", buffer.getvalue(), hostile=["posix", "system"])
np.savez_compressed(buffer := io.BytesIO(), a=X, b=np.array([(1, Evil())], dtype=[("n", "i4"), ("o", "O")]))
keep("objects.hostile.npz", buffer.getvalue(), hostile=["posix", "system"])
keep("behind.hostile.joblib", dumped(pipeline().fit(X, y)) + b"\x80\x04" + PAYLOAD, hostile=["posix", "system"])

lines = ",\n".join(json.dumps(golden) for golden in goldens)
(HERE / "goldens.json").write_text(f"[\n{lines}\n]\n")
print(sum(file.stat().st_size for file in HERE.iterdir()), "bytes in", len(list(HERE.iterdir())), "files")
