"""Snorkel's appliers on texts from a file; runs under a Python that has Snorkel, and needs nothing else.

    PYTHON peer_snorkel.py given.json votes.npz

Each function is a compiled regular expression. Writes the votes, and prints seconds of each applier as JSON.
"""

import importlib.metadata
import json
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from snorkel.labeling import LabelingFunction, LFApplier, PandasLFApplier

given = json.loads(Path(sys.argv[1]).read_text())
LABELS = {"spam": 0, "ham": 1}


def term(words):
    edges = ["\\b" if re.match(r"\w", words[place]) else "" for place in (0, -1)]
    return edges[0] + r"\s+".join(re.escape(word) for word in words.split()) + edges[1]


def either(terms):
    return re.compile("|".join(term(one) for one in terms), re.IGNORECASE).search if terms else None


def keywords(rule):
    wanted, unwanted = either(rule.get("any")), either(rule.get("not"))
    every = [either([one]) for one in rule.get("all", [])]
    label = LABELS[rule["label"]]

    def judge(row):
        text = row.text
        if wanted and not wanted(text):
            return -1
        if any(not one(text) for one in every) or (unwanted and unwanted(text)):
            return -1
        return label

    return judge


def pattern(rule):
    search, label = re.compile(rule["pattern"], re.IGNORECASE).search, LABELS[rule["label"]]
    return lambda row: label if search(row.text) else -1


judges = [*map(keywords, given["keywords"]), *map(pattern, given["patterns"])]
functions = [LabelingFunction(f"f{number}", judge) for number, judge in enumerate(judges)]
frame = pd.DataFrame({"text": given["texts"]})
rows = [SimpleNamespace(text=text) for text in given["texts"]]
found, votes = {}, []
for name, applier, data in (
    ("LFApplier", LFApplier(functions), rows),
    ("PandasLFApplier", PandasLFApplier(functions), frame),
):
    started = time.perf_counter()
    votes.append(applier.apply(data, progress_bar=False))
    found[name] = {"seconds": round(time.perf_counter() - started, 3)}
assert (votes[0] == votes[1]).all()
np.savez(sys.argv[2], votes=votes[0])
print(json.dumps({"version": importlib.metadata.version("snorkel"), "appliers": found}))
