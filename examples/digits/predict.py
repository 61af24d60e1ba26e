#!/usr/bin/env python3
"""Predict digits with a trained model, as a service would, and time each call.

    python predict.py --model DIR --input CSV --output CSV [--timings CSV]

`--input` names the rows (`row_id`, `y`); their pixels are scikit-learn's. The output has the columns of
`out/predictions.csv`. It is what the model answers today, for the evidence that `mlrun certify` measures
itself: how long it takes, how much memory, and whether the answers are still those that were recorded.
How good they are it does not say: the model was fitted on these rows.
"""

import argparse
import csv
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

import joblib
from sklearn.datasets import load_digits

CALLS = 300  # single rows that are timed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=Path, metavar="DIR")
    parser.add_argument("--input", required=True, type=Path, metavar="CSV")
    parser.add_argument("--output", required=True, type=Path, metavar="CSV")
    parser.add_argument("--timings", type=Path, metavar="CSV")
    arguments = parser.parse_args()

    model = joblib.load(arguments.model / "model.joblib")
    pixels, _ = load_digits(return_X_y=True)
    with open(arguments.input, newline="", encoding="utf-8") as file:
        rows = [(int(row["row_id"]), row["y"]) for row in csv.DictReader(file)]
    asked = pixels[[row for row, _ in rows]]
    probabilities = model.predict_proba(asked)

    with open(arguments.output, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row_id", "y", "yhat", *(f"p_{digit}" for digit in range(10))])
        for (row, label), chances in zip(rows, probabilities):
            writer.writerow([row, label, chances.argmax(), *(repr(float(chance)) for chance in chances)])

    if arguments.timings:
        samples = []
        for number in range(CALLS):
            one = asked[number % len(asked)][None, :]
            start = time.perf_counter()
            model.predict_proba(one)
            samples.append((time.perf_counter() - start) * 1e3)
        with open(arguments.timings, "w", encoding="utf-8") as file:
            file.write("ms\n" + "".join(f"{ms:.6f}\n" for ms in samples))


if __name__ == "__main__":
    main()
