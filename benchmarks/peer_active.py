"""Acquisition functions of other libraries on a pool from files; runs under a Python that has them, and needs nothing else.

    PYTHON peer_active.py FOLDER CASE PEER N REPEATS

Prints seconds of each repeat and the memory that they took on top, at its peak, as JSON.
"""

import importlib.metadata
import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pools

PICKS = 100
PACKAGES = {
    "modAL": "modAL-python",
    "small-text": "small-text",
    "scikit-activeml": "scikit-activeml",
    "scikit-learn": "scikit-learn",
}


class Model:
    """Knows the probabilities, so that no time goes into a model."""

    def __init__(self, chances):
        self.chances = chances

    def predict_proba(self, _rows):
        return self.chances


def prepare(case, peer, arrays):
    """A function without arguments that picks."""
    if peer == "modAL":
        from modAL.uncertainty import margin_sampling

        return lambda: margin_sampling(Model(arrays.probabilities), arrays.embeddings, n_instances=PICKS)
    if peer == "scikit-learn":
        from sklearn.cluster import kmeans_plusplus

        return lambda: kmeans_plusplus(arrays.embeddings, PICKS, random_state=0)
    return small_text(case, arrays) if peer == "small-text" else scikit_activeml(case, arrays)


def small_text(case, arrays):
    everything = np.concatenate([arrays.labeled, arrays.embeddings])
    labeled = np.arange(len(arrays.labeled))
    pool = np.arange(len(arrays.labeled), len(everything))
    if case == "margin":
        from small_text import BreakingTies

        strategy, nothing = BreakingTies(), np.zeros((len(labeled), pools.LABELS), dtype=np.float32)
        model = Model(np.concatenate([nothing, arrays.probabilities]))
        return lambda: strategy.query(model, everything, pool, labeled, arrays.labels, n=PICKS)
    from small_text.query_strategies.coresets import greedy_coreset

    return lambda: greedy_coreset(
        everything, pool, labeled, PICKS, distance_metric="euclidean", normalized=True
    )


def scikit_activeml(case, arrays):
    from skactiveml import pool
    from skactiveml.base import SkactivemlClassifier

    class Known(SkactivemlClassifier):
        """As Model, of the kind that this library asks for."""

        def fit(self, X, y, sample_weight=None):
            return self

        def predict_proba(self, X):
            return arrays.probabilities[-len(X) :]

    model = Known(classes=list(range(pools.LABELS)))
    model.classes_ = np.arange(pools.LABELS)
    everything = np.concatenate([arrays.labeled, arrays.embeddings])
    labels = np.concatenate([arrays.labels, np.full(len(arrays.embeddings), np.nan)])
    more = {"clf": model, "fit_clf": False} if case in {"margin", "badge"} else {}
    strategy = {
        "margin": lambda: pool.UncertaintySampling(method="margin_sampling", random_state=0),
        "k_center": lambda: pool.CoreSet(random_state=0),
        "badge": lambda: pool.Badge(random_state=0),
        "typiclust": lambda: pool.TypiClust(random_state=0),
        "probcover": lambda: pool.ProbCover(random_state=0, n_classes=pools.LABELS),
    }[case]()
    return lambda: strategy.query(everything, labels, batch_size=PICKS, **more)


def main():
    folder, case, peer, n, repeats = sys.argv[1:]
    arrays = pools.read(Path(folder), int(n))
    pick = prepare(case, peer, arrays)
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(int(repeats)):
        started = time.perf_counter()
        pick()
        seconds.append(round(time.perf_counter() - started, 4))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    version = importlib.metadata.version(PACKAGES[peer])
    print(json.dumps({"seconds": seconds, "extra_mb": round((peak - before) / 1024), "version": version}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
