"""Labeling functions applied: 10 of keywords and patterns to a million short texts, beside Snorkel's appliers.

    python -m benchmarks.weak_applying [--peer-python PATH] [--texts 1000000] [--dry] [--redraw]

Snorkel, by PATH, a Python that has it, judges a part of the texts with the same functions as regular expressions of
Python; its time grows with the number of texts, so that it is told for all of them. Both must cast the same votes. Other
kinds are measured on smaller numbers of texts, and dictionaries by their size.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from benchmarks import common, pictures
from labelmodel.functions import ABSTAIN, Batch, Context, Function, apply, build, prepare

BATCH, WORKERS, REPEATS = 65_536, 2, 3
PEER_TEXTS, ROW_TEXTS = 20_000, 100_000
LIMITS = {"seconds": 10.0, "times_as_fast": 20.0}
CONTEXT = Context({"text": "text", "price": "number"}, ("spam", "ham"))
# Share of texts in which each word is put.
WORDS = {
    "free": 0.03,
    "subscribe": 0.02,
    "channel": 0.04,
    "winner": 0.01,
    "click": 0.02,
    "here": 0.05,
    "song": 0.05,
    "love": 0.05,
    "cash": 0.01,
    "prize": 0.01,
    "straße": 0.01,
    "unsubscribe": 0.01,
    "http://example.org/a1": 0.02,
    "$100": 0.01,
    "555-1234": 0.01,
    "WOW!!!": 0.02,
    "👍": 0.03,
}
KEYWORDS: list[dict[str, Any]] = [
    {"label": "spam", "any": ["free", "prize", "cash"]},
    {"label": "spam", "any": ["subscribe", "my channel", "winner"], "not": ["unsubscribe"]},
    {"label": "spam", "all": ["click", "here"]},
    {"label": "ham", "any": ["song", "love", "straße"]},
    {"label": "ham", "any": ["👍"]},
]
PATTERNS: list[dict[str, Any]] = [
    {"label": "spam", "pattern": r"https?://\S+"},
    {"label": "spam", "pattern": r"[$€]\s?\d+"},
    {"label": "spam", "pattern": r"!{2,}"},
    {"label": "spam", "pattern": r"\b\d{3}-\d{4}\b"},
    {"label": "ham", "pattern": r"\blov(e|ed|ing)\b"},
]


def made_texts(count: int) -> list[str]:
    """Some twelve words each, of a vocabulary in which few are common, with the words above put in."""
    rng = np.random.default_rng(0)
    syllables = [
        first + then for first in "bdfgklmnprst" for then in ("a", "e", "i", "o", "u", "an", "er", "ö")
    ]
    vocabulary = np.array(
        ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(20_000)], dtype=object
    )
    common_first = 1.0 / np.arange(1, len(vocabulary) + 1)
    words = rng.choice(vocabulary, (count, 12), p=common_first / common_first.sum())
    for word, share in WORDS.items():
        rows = np.flatnonzero(rng.random(count) < share)
        words[rows, rng.integers(12, size=len(rows))] = word.upper() if rng.random() < 0.3 else word
    return [" ".join(row) for row in words]


def functions() -> list[Function]:
    return [
        *(prepare("keywords", rule, CONTEXT) for rule in KEYWORDS),
        *(prepare("pattern", rule, CONTEXT) for rule in PATTERNS),
    ]


def batches(texts: list[str]) -> Iterator[Batch]:
    """As columns, as a database hands them out."""
    for start in range(0, len(texts), BATCH):
        some = texts[start : start + BATCH]
        yield Batch(
            np.arange(start, start + len(some), dtype=np.int64), pl.DataFrame({"text": pl.Series(some)})
        )


def seconds_of(some: list[Function], texts: list[str], workers: int = WORKERS) -> tuple[float, Any]:
    """Of applying alone, and the votes, (n_functions, n_texts)."""
    spent, votes = 0.0, []
    for batch in batches(texts):
        started = time.perf_counter()
        casts = apply(some, batch, workers=workers)
        spent += time.perf_counter() - started
        votes.append(np.stack([cast.label for cast in casts]))
    return spent, np.concatenate(votes, axis=1)


def timed(count: int) -> dict[str, Any]:
    """In a process of its own, so that its memory is its own."""
    texts = made_texts(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    some = functions()
    runs = [seconds_of(some, texts) for _ in range(REPEATS)]
    alone, _ = seconds_of(some, texts, workers=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "texts": count,
        "seconds": [round(spent, 3) for spent, _ in runs],
        "median_s": round(statistics.median(spent for spent, _ in runs), 3),
        "one_thread_s": round(alone, 3),
        "reading_json_s": round(reading(texts), 3),
        "extra_mb": round((peak - before) / 1024),
        "coverage": [round(float((row != ABSTAIN).mean()), 4) for row in runs[0][1]],
        "each_s": each(some, texts),
    }


def each(some: list[Function], texts: list[str]) -> list[float]:
    """Of every function alone, on a fifth of the texts."""
    part = texts[: len(texts) // 5]
    return [round(seconds_of([one], part)[0], 3) for one in some]


def reading(texts: list[str]) -> float:
    """Seconds from payloads as JSON to columns."""
    rows = [(number, orjson.dumps({"text": text, "id": number})) for number, text in enumerate(texts)]
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        build(rows[start : start + BATCH], ["text"])
    return time.perf_counter() - started


def peer(python: str, texts: list[str]) -> dict[str, Any]:
    """Snorkel's seconds for the same functions on a part, by applier; its votes must be ours."""
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder) / "given.json", Path(folder) / "votes.npz"
        given.write_bytes(orjson.dumps({"texts": texts, "keywords": KEYWORDS, "patterns": PATTERNS}))
        script = Path(__file__).with_name("peer_snorkel.py")
        command = [python, "-W", "ignore", str(script), str(given), str(result)]
        output = subprocess.run(command, check=True, capture_output=True, text=True)
        with np.load(result) as file:
            theirs = file["votes"].T
    _, ours = seconds_of(functions(), texts)
    differing = int((ours != theirs).sum())
    if differing:
        raise SystemExit(f"{differing} votes differ from Snorkel's")
    return dict(json.loads(output.stdout.splitlines()[-1]))


def other_kinds() -> dict[str, float]:
    """Microseconds per text and function of each kind that is not measured above."""
    texts = made_texts(ROW_TEXTS)
    rows = [(number, {"text": text, "price": number % 100}) for number, text in enumerate(texts)]
    batch = build(rows, ["text", "price"], payload=True)
    few = [{"value": word, "label": "ham"} for word in WORDS]
    definitions: dict[str, tuple[str, dict[str, Any]]] = {
        "comparison": ("comparison", {"label": "ham", "all": [{"field": "price", "is": ">", "value": 50}]}),
        "lookup, words": ("lookup", {"entries": few}),
        "lookup, equal": ("lookup", {"entries": few, "find": "equal"}),
        "lookup, anywhere": ("lookup", {"entries": few, "find": "anywhere"}),
        "expression": (
            "expression",
            {"label": "ham", "when": 'item.price > 50.0 && item.text.contains("love")'},
        ),
    }
    found = {}
    for name, (kind, definition) in definitions.items():
        function = prepare(kind, definition, CONTEXT)
        started = time.perf_counter()
        cast = apply([function], batch, workers=WORKERS)[0]
        found[name] = round((time.perf_counter() - started) / ROW_TEXTS * 1e6, 3)
        assert cast.stopped is None
        assert not cast.errors
    return found


def dictionaries() -> dict[str, Any]:
    """Seconds to make a dictionary ready, and to look ROW_TEXTS texts up in it."""
    texts = made_texts(ROW_TEXTS)
    found = {}
    for size in (10_000, 990_000):
        numbers = pl.int_range(size, eager=True).cast(pl.String)
        table = pl.DataFrame({"term": "name of the thing " + numbers})
        table = pl.concat([table, pl.DataFrame({"term": ["love", "my channel", "👍"]})])
        started = time.perf_counter()
        given = {"table": "t", "column": "term", "label": "ham"}
        function = prepare("lookup", given, CONTEXT, {"t": table})
        ready = time.perf_counter() - started
        spent, votes = seconds_of([function], texts)
        found[f"{size:,} terms"] = {
            "mb": round(float(table.estimated_size("mb"))),
            "ready_s": round(ready, 3),
            "seconds": round(spent, 3),
            "hits": int((votes != ABSTAIN).sum()),
        }
    return found


def measure(options: Any) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.weak_applying", "--timed", str(options.texts)]
    output = subprocess.run(command, cwd=common.ROOT, check=True, capture_output=True, text=True)
    ours = json.loads(output.stdout)
    result = {
        "ours": ours,
        "kinds_us_per_text": other_kinds(),
        "dictionaries": dictionaries(),
        "limits": LIMITS,
    }
    if not options.peer_python:
        print("No Snorkel: give --peer-python PATH to compare with it.", file=sys.stderr)
        return result
    found = peer(options.peer_python, made_texts(options.texts)[:PEER_TEXTS])
    for applier in found["appliers"].values():
        applier["seconds_for_all"] = round(applier["seconds"] / PEER_TEXTS * options.texts, 1)
        applier["times_as_fast"] = round(applier["seconds_for_all"] / ours["median_s"], 1)
    return {**result, "peer": {**found, "texts": PEER_TEXTS}}


def picture(result: dict[str, Any]) -> Path:
    ours, peer_run = result["ours"], result.get("peer", {"appliers": {}})
    names = {name: f"Snorkel {peer_run.get('version')} {name}" for name in peer_run["appliers"]}
    seconds = {names[name]: run["seconds_for_all"] for name, run in peer_run["appliers"].items()}
    own = {"2 threads": ours["median_s"], "1 thread": ours["one_thread_s"]}
    title = f"10 functions, {ours['texts']:,} texts: s"
    panels = [
        pictures.versus(title, own, seconds, LIMITS["seconds"], notes=dict.fromkeys(seconds.keys(), "scaled"))
    ]
    each_s = dict(
        zip(
            [f"keywords {n}" for n in range(1, 6)] + [f"pattern {n}" for n in range(1, 6)],
            ours["each_s"],
            strict=True,
        )
    )
    panels.append(pictures.Panel("Each function alone, a fifth of the texts: s", each_s))
    panels.append(pictures.Panel("Other kinds: µs per text", result["kinds_us_per_text"]))
    looked_up = {name: run["seconds"] for name, run in result["dictionaries"].items()}
    panels.append(pictures.Panel(f"Dictionaries, {ROW_TEXTS:,} texts: s", looked_up))
    return pictures.draw("weak_applying", "Labeling functions applied", panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has Snorkel")
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--timed", type=int, metavar="TEXTS", help="time this many only")
    options = parser.parse_args()
    if options.timed:
        print(json.dumps(timed(options.timed)))
        return
    common.finish("weak_applying", options, lambda: measure(options), picture)


if __name__ == "__main__":
    main()
