"""Learners: how fast the default fits and predicts, beside scikit-learn on the same rows, and what a warm start saves.

    python -m benchmarks.learners [--repeats 3] [--rows 100000] [--threads 1] [--dry] [--redraw]

Each figure is measured in a process of its own, on one thread, as workers beside each other have it (--threads 2 for two). scikit-learn fits with the same penalty and tolerance; where it takes
very long (100,000 rows and 77 labels) once only.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from active.learners import logistic, one_hot
from benchmarks import common, pictures

FEATURES, C, TOLERANCE = 384, 10.0, 1e-4
ROWS, LABELS = (1_000, 10_000, 100_000), (10, 77)
PREDICTED, PREDICTED_FEATURES = 1_000_000, 128
PEER = "scikit-learn LogisticRegression"


def rows_of(n: int, n_labels: int, n_features: int = FEATURES) -> tuple[Any, Any]:
    """Unit vectors whose directions vary as much as those of sentence embeddings do, and labels they tell."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, n_features), dtype=np.float32)
    features *= np.arange(1, n_features + 1, dtype=np.float32) ** -0.5
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    scores = features @ rng.standard_normal((n_features, n_labels), dtype=np.float32)
    noise = rng.gumbel(size=scores.shape).astype(np.float32)
    return features, (8.0 * scores + noise).argmax(axis=1)


def clock(work: Callable[[], Any], repeats: int) -> tuple[list[float], Any]:
    """Seconds of each repeat, and what the last one returned."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        seconds.append(round(time.perf_counter() - started, 4))
    return seconds, result


def told(seconds: list[float], **more: Any) -> dict[str, Any]:
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {"seconds": seconds, "median_s": float(np.median(seconds)), "peak_mb": peak, **more}


def ours(n: int, n_labels: int, repeats: int) -> dict[str, Any]:
    features, labels = rows_of(n, n_labels)
    targets = one_hot(labels, n_labels)
    logistic.fit(features[:200], targets[:200])
    seconds, model = clock(lambda: logistic.fit(features, targets, c=C, tolerance=TOLERANCE), repeats)
    return told(seconds, iterations=model.iterations, objective=objective(model, features, labels))


def theirs(n: int, n_labels: int, repeats: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    features, labels = rows_of(n, n_labels)
    peer = LogisticRegression(C=C, tol=TOLERANCE, max_iter=1000)
    seconds, _ = clock(lambda: peer.fit(features, labels), repeats if n * n_labels < 1_000_000 else 1)
    model = logistic.Linear(
        *("single", FEATURES, logistic.examples(features, one_hot(labels, n_labels), "single").support),
        *(True, int(peer.n_iter_[0]), 0.0, {}),
        weights=peer.coef_.T.astype(np.float32),
        bias=peer.intercept_.astype(np.float32),
    )
    return told(seconds, iterations=model.iterations, objective=objective(model, features, labels))


def objective(model: logistic.Linear, features: Any, labels: Any) -> float:
    """What both minimise, computed in the same way: mean log loss with penalty."""
    right = model.predict(features)[np.arange(len(labels)), labels].astype(float)
    penalty = float(np.square(model.weights, dtype=float).sum()) / (2.0 * C * len(labels))
    return round(float(-np.log(right).mean()) + penalty, 6)


def warm(n: int, n_labels: int, repeats: int) -> dict[str, Any]:
    """A fit of all rows from a model of all but the last twentieth, as rounds do it."""
    features, labels = rows_of(n, n_labels)
    targets, before = one_hot(labels, n_labels), n - n // 20
    start = logistic.fit(features[:before], targets[:before])
    seconds, model = clock(lambda: logistic.fit(features, targets, start=start), repeats)
    return told(seconds, iterations=model.iterations)


def predicting(n: int, n_labels: int, repeats: int) -> dict[str, Any]:
    """Rows per second of half-precision features, as the pool is stored."""
    features, labels = rows_of(5_000, n_labels, PREDICTED_FEATURES)
    model = logistic.fit(features, one_hot(labels, n_labels))
    pool = np.resize(features.astype(np.float16), (n, PREDICTED_FEATURES))
    model.predict(pool[:10_000])
    seconds, _ = clock(lambda: model.predict(pool), repeats)
    return told(seconds, rows_per_second=round(n / float(np.median(seconds))))


MEASURES = {"ours": ours, "theirs": theirs, "warm": warm, "predicting": predicting}


def apart(what: str, n: int, n_labels: int, options: Any) -> dict[str, Any]:
    """One measure in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.learners", "--timed", what, str(n), str(n_labels)]
    command += ["--repeats", str(options.repeats)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
    output = subprocess.run(
        command, cwd=common.ROOT, env={**os.environ, **threads}, check=True, capture_output=True, text=True
    )
    return dict(json.loads(output.stdout))


def measure(options: Any) -> dict[str, Any]:
    fits = []
    for n_labels in LABELS:
        for n in (n for n in ROWS if n <= options.rows):
            found = {what: apart(what, n, n_labels, options) for what in ("ours", "warm", "theirs")}
            ratio = found["theirs"]["median_s"] / found["ours"]["median_s"]
            fits.append({"rows": n, "labels": n_labels, **found, "times_as_fast": round(ratio, 1)})
    predicted = {str(k): apart("predicting", PREDICTED, k, options) for k in LABELS}
    return {"features": FEATURES, "threads": options.threads, "fits": fits, "predicting": predicted}


def picture(result: dict[str, Any]) -> Path:
    panels = []
    for fit in result["fits"]:
        title = f"{fit['rows']:,} rows × {FEATURES}, {fit['labels']} labels: s"
        mine = {"": fit["ours"]["median_s"], "warm": fit["warm"]["median_s"]}
        panels.append(pictures.versus(title, mine, {PEER: fit["theirs"]["median_s"]}, None))
    rows = {f"{k} labels": float(run["rows_per_second"]) for k, run in result["predicting"].items()}
    panels.append(pictures.versus(f"Predicted, × {PREDICTED_FEATURES}: rows/s", rows, {}, None))
    return pictures.draw("learners", "Logistic regression on soft targets", panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, default=max(ROWS), help="the most rows to fit")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--timed", nargs=3, metavar=("WHAT", "ROWS", "LABELS"), help="time this one only")
    options = parser.parse_args()
    if options.timed:
        what, n, n_labels = options.timed
        print(json.dumps(MEASURES[what](int(n), int(n_labels), options.repeats)))
        return
    common.finish("learners", options, lambda: measure(options), picture)


if __name__ == "__main__":
    main()
