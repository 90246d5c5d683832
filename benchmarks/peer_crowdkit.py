"""crowd-kit's aggregators on votes from a file; runs under a Python that has crowd-kit, and needs nothing else.

    PYTHON peer_crowdkit.py votes.npz METHOD ITERATIONS posterior.npz

Writes the posterior, and prints seconds of each repeat and the peak of memory as JSON.
"""

import importlib.metadata
import json
import resource
import sys
import time

import numpy as np
import pandas as pd
from crowdkit import aggregation

votes, method, iterations, result = sys.argv[1:]
with np.load(votes) as file:
    frame = pd.DataFrame({"task": file["item"], "worker": file["source"], "label": file["label"]})
    shape = int(file["n_items"]), int(file["n_labels"])

options = {} if method == "MajorityVote" else {"n_iter": int(iterations)}
if method == "DawidSkene":
    options["tol"] = -1.0
started = time.perf_counter()
model = getattr(aggregation, method)(**options).fit(frame)
seconds = time.perf_counter() - started

chances = model.probas_
posterior = np.zeros(shape)
posterior[np.ix_(chances.index, chances.columns)] = chances.fillna(0.0)
np.savez(result, posterior=posterior)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
version = importlib.metadata.version("crowd-kit")
print(json.dumps({"seconds": round(seconds, 3), "peak_mb": round(peak), "version": version}))
