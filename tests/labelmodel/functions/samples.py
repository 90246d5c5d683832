"""A definition of each kind, odd payloads, and a package that registers Python functions."""

import sys
from contextlib import contextmanager

import polars as pl

from labelmodel.functions import Context, apply, build, prepare

CONTEXT = Context(
    {"text": "text", "note": "text", "price": "number", "when": "hidden", "tags": "hidden", "email": "text"},
    ("spam", "ham", 3),
    frozenset({"email"}),
)
TABLE = pl.DataFrame(
    {
        "term": ["free money", "hello", None, " ", "naïve", "👍"],
        "means": ["spam", "ham", "ham", "ham", "3", "ham"],
    }
)
RESOURCES = {"terms.csv": TABLE}
SAMPLES = {
    "keywords": {
        "rules": [
            {"label": "spam", "any": ["free money", "winner", "👍"], "not": ["unsubscribe"]},
            {"label": "ham", "all": ["hello", "you"]},
        ]
    },
    "pattern": {
        "rules": [{"label": "spam", "pattern": r"\bfre+\b", "not": "money"}, {"label": 3, "pattern": r"^\W"}]
    },
    "comparison": {
        "rules": [
            {
                "label": "spam",
                "all": [{"field": "price", "is": ">", "value": 5}],
                "not": [{"field": "when", "is": "missing"}],
            },
            {
                "label": "ham",
                "any": [
                    {"field": "when", "is": "<", "value": "2024-01-01"},
                    {"field": "text", "is": "in", "value": ["hello", "5"]},
                ],
            },
        ]
    },
    "lookup": {"table": "terms.csv", "column": "term", "label_column": "means"},
    "expression": {
        "rules": [
            {"label": "spam", "when": "item.price > 5.0"},
            {"label": "ham", "when": 'has(item.tags) && item.tags.exists(t, t == "a")'},
        ]
    },
    "python": {"function": "shouting", "labels": {"LOUD": "spam"}},
}
SAMPLE_PAYLOADS = [
    {"text": "FREE\n money now", "price": 7, "when": "2023-05-05", "tags": ["a"]},
    {"text": "hello, how are you", "price": 1, "when": "2025-05-05T10:00:00+02:00"},
    {"text": "freee", "note": "HELLO"},
]
ODD_PAYLOADS = [
    {},
    {"text": None, "price": None, "when": None, "tags": None},
    {"text": 5, "price": "7.5", "when": 2024, "tags": "a"},
    {"text": True, "price": [1, 2], "when": {"a": 1}, "tags": {"a": 1}},
    {"text": ["free money", "hello"], "price": "NaN", "when": "2024-02-30", "tags": [1, None, "a"]},
    {"text": {"deep": {"er": ["hello"]}}, "price": 1e308, "when": "soon"},
    {"text": "👍🏽 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 e\u0301 naïve nai\u0308ve", "price": 10**30, "tags": ["👍🏽"]},
    {"text": "\ud83d half \x00 nothing", "tags": ["\udc4d", 2**64]},
    {"text": "free money " * 95_000, "note": "👍" * 250_000},
    {"text": "", "note": " \t\n", "price": "", "when": ""},
    {"unknown": 1, "email": "hidden@example.org", "text": "hello you"},
    {"text": float("nan"), "price": float("inf")},
    b"{",
    b"[1]",
    b'{"text": "hello you", "price": 12}',
    '{"text": "\\ud800"}',
]

PACKAGE = """
import time

def shouting(item):
    text = item["text"]
    item.clear()
    return "LOUD" if text.isupper() else None

def labels(item):
    return item.get("text")

def keys(item):
    assert "email" not in item
    return "spam" if set(item) <= {"text"} else "ham"

def hanging(item):
    if item.get("text") == "hang":
        while True:
            try:
                pass
            except Exception:
                pass
    return "spam"

def slow(item):
    time.sleep(0.01)
    return "spam"

class Broken:
    def __str__(self):
        raise RuntimeError("no words")

def broken(item):
    return Broken()
"""
NAMES = ("shouting", "labels", "keys", "hanging", "slow", "broken")


@contextmanager
def installed_package(folder):
    """A package on the path that registers the functions above, as pip would leave it."""
    (folder / "manners.py").write_text(PACKAGE)
    meta = folder / "manners-1.2.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: manners\nVersion: 1.2\n")
    points = [f"{name} = manners:{name}" for name in NAMES]
    (meta / "entry_points.txt").write_text(
        "\n".join(["[querent.labeling_functions]", *points, "gone = manners:gone"])
    )
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("manners", None)


def function(kind, definition=None):
    return prepare(kind, SAMPLES[kind] if definition is None else definition, CONTEXT, RESOURCES)


def batch_of(payloads):
    return build(enumerate(payloads, start=100), CONTEXT.visible, payload=True)


def said(kind, definition, payloads):
    """The labels that it gives, None where it abstains."""
    cast = apply([function(kind, definition)], batch_of(payloads))[0]
    assert not cast.errors, cast.errors
    return [None if one == -1 else CONTEXT.labels[one] for one in cast.label]
