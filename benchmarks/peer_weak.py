"""Label models of snorkel and crowd-kit on votes from a file; runs under a Python that has them, and needs nothing else.

    PYTHON peer_weak.py votes.npz METHOD posterior.npz

votes.npz has train and test (items, functions), -1 where a function abstains, n_labels, and balance (empty: none given).
Writes the posterior of test, and prints seconds of fit and predict and the peak of memory as JSON.
"""

import importlib.metadata
import json
import resource
import sys
import time

import numpy as np


def snorkel(train, test, n_labels, balance):
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=n_labels, verbose=False)
    model.fit(train, n_epochs=500, seed=0, class_balance=balance, progress_bar=False)
    return model.predict_proba(test)


def aggregated(name):
    def fit(train, test, n_labels, balance):
        import pandas as pd
        from crowdkit import aggregation

        # It cannot judge what it has not been fitted on.
        both = test if np.array_equal(train, test) else np.concatenate([test, train])
        item, source = np.nonzero(both >= 0)
        votes = pd.DataFrame({"task": item, "worker": source, "label": both[item, source]})
        model = getattr(aggregation, name)()
        if name == "DawidSkene":
            model.n_iter = 100
        chances = model.fit_predict_proba(votes)
        posterior = np.full((len(both), n_labels), 1.0 / n_labels)
        posterior[np.ix_(chances.index, chances.columns)] = chances.fillna(0.0)
        return posterior[: len(test)]

    return fit


METHODS = {"snorkel": snorkel, "Wawa": aggregated("Wawa"), "DawidSkene": aggregated("DawidSkene")}


def main(given, method, result):
    with np.load(given) as file:
        train, test, n_labels, balance = (file[name] for name in ("train", "test", "n_labels", "balance"))
    started = time.perf_counter()
    posterior = METHODS[method](train, test, int(n_labels), list(balance) if len(balance) else None)
    seconds = time.perf_counter() - started
    np.savez(result, posterior=posterior)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    version = importlib.metadata.version("snorkel" if method == "snorkel" else "crowd-kit")
    print(json.dumps({"seconds": round(seconds, 3), "peak_mb": round(peak), "version": version}))


if __name__ == "__main__":
    main(*sys.argv[1:])
