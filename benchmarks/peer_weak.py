"""Label models of snorkel and crowd-kit on votes from files; runs under a Python that has them, and needs nothing else.

    PYTHON peer_weak.py METHOD FOLDER

Each FOLDER/*.npz has train and test (items, functions), -1 where a function abstains, n_labels, and balance. Writes
each posterior of test to FOLDER/*.METHOD.npy, and prints seconds of fit and predict and the peak of memory as JSON.
"""

import importlib.metadata
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

# As Snorkel does where one says nothing.
EPOCHS = 100


def snorkel(train, test, n_labels, balance):
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=n_labels, verbose=False)
    model.fit(train, n_epochs=EPOCHS, seed=0, class_balance=balance, progress_bar=False)
    return model.predict_proba(test)


def aggregated(name):
    def fit(train, test, n_labels, balance):
        import pandas as pd
        from crowdkit import aggregation

        # It cannot judge what it has not been fitted on.
        both = test if np.array_equal(train, test) else np.concatenate([test, train])
        item, source = np.nonzero(both >= 0)
        votes = pd.DataFrame({"task": item, "worker": source, "label": both[item, source]})
        model = getattr(aggregation, name)(**({"n_iter": 100} if name == "DawidSkene" else {}))
        if name == "Wawa":
            # Its check whether it was fitted fails with the scikit-learn of today, so its steps are called one by one.
            skills = model.fit(votes).skills_
            chances = aggregation.MajorityVote().fit(votes, skills=skills).probas_
        else:
            chances = model.fit(votes).probas_
        posterior = np.full((len(both), n_labels), 1.0 / n_labels)
        posterior[np.ix_(chances.index, chances.columns)] = chances.fillna(0.0)
        return posterior[: len(test)]

    return fit


METHODS = {
    "snorkel": snorkel,
    "snorkel-balanced": snorkel,
    "Wawa": aggregated("Wawa"),
    "DawidSkene": aggregated("DawidSkene"),
}


def main(method, folder):
    seconds = {}
    for given in sorted(Path(folder).glob("*.npz")):
        with np.load(given) as file:
            train, test, n_labels, balance = (file[name] for name in ("train", "test", "n_labels", "balance"))
        started = time.perf_counter()
        known = list(balance) if method == "snorkel-balanced" else None
        posterior = METHODS[method](train, test, int(n_labels), known)
        seconds[given.stem] = round(time.perf_counter() - started, 3)
        np.save(given.with_suffix(f".{method}.npy"), posterior)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    version = importlib.metadata.version("snorkel" if method.startswith("snorkel") else "crowd-kit")
    print(json.dumps({"seconds": seconds, "peak_mb": round(peak), "version": version}))


if __name__ == "__main__":
    main(*sys.argv[1:])
