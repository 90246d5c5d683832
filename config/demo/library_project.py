"""The text project: "Which library is this from?", asked of documentation strings."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from random import Random
from typing import Any

from annotation.services.gold import Known
from annotation.services.gold_use import Use
from annotation.services.import_options import Choices
from config.demo import library_functions
from config.demo.docstrings import Docstring, collect, installed
from config.demo.library_script import FORMER_VALUE, LibraryScript, telling_words
from config.demo.plan import DemoProject, Upload, Version

SOURCE_NAME = "docstrings.jsonl"
# So many of the documentation strings come in a second file, by hand, with faults in it.
LATE = 12
GOLD_PER_LIBRARY = 4
# So many items are kept to check models by, of those behind the ones that simulated people have got to.
HOLDOUT, BEGUN = 400, 3_000
SEED = 4
# What the standard library was called before version 2.
FORMER_TITLE = "Python itself"


def _question(*, former: bool = False) -> dict[str, Any]:
    labels = [
        {"value": library.label, "title": library.title, "color": library.color} for library in installed()
    ]
    if former:
        labels[0] |= {"value": FORMER_VALUE, "title": FORMER_TITLE}
    return {
        "name": "library",
        "type": "single_choice",
        "title": "Which library is this from?",
        "help": "What counts is where the text comes from, not what it mentions.",
        "required": True,
        "labels": labels,
    }


CLUE = {
    "name": "clue",
    "type": "text",
    "title": "What gave it away?",
    "help": "A word or two, only if it helps others to learn.",
    "required": False,
    "multiline": False,
    "max_length": 120,
}


def _versions() -> list[Version]:
    return [
        Version([_question(former=True)], "First version", days_ago=15),
        Version(
            [_question(), CLUE],
            f"“{FORMER_TITLE}” is now called “Standard library”; annotators may say what gave it away",
            days_ago=8,
            mapping={"library": {"from": "library", "labels": {FORMER_VALUE: "stdlib"}}},
        ),
    ]


def project() -> DemoProject:
    annotators = ("annotator1", "annotator2", "annotator3", "lena", "omar", "yuki")
    return DemoProject(
        name="Which library is this from?",
        description="Documentation strings of Python libraries, to be told apart by how they talk. Answers are simulated.",
        guidelines="library.md",
        owner="manager",
        roles={
            "admin": "manager",
            "adjudicator": "adjudicator",
            "engineer": "viewer",
            **dict.fromkeys(annotators, "annotator"),
        },
        hurries="omar",
        annotations_per_item=2,
        gold_bar=0.7,
        fields=[
            {"name": "text", "type": "text", "title": "Documentation string"},
            {"name": "documents", "type": "text", "title": "What it describes"},
        ],
        versions=_versions(),
        source_name=SOURCE_NAME,
        uploads=_uploads,
        gold=_gold,
        script=LibraryScript,
        hours=(0, 3),
        stretch=(40, 110),
        last_seen="lena",
        functions=library_functions.functions,
        writes_functions="admin",
    )


def _uploads(rows: int | None) -> list[Upload]:
    docstrings = collect()[:rows]
    first, late = docstrings[:-LATE], docstrings[-LATE:]
    lines = "".join(json.dumps(_row(docstring), ensure_ascii=False) + "\n" for docstring in first)
    without_key = Choices(key_field="key", mapping={"key": None})
    return [
        Upload(SOURCE_NAME, "Documentation strings", lines.encode(), without_key, days_ago=15),
        Upload("late-additions.csv", "Late additions", _with_faults(late, first[0]), without_key, days_ago=6),
    ]


def _row(docstring: Docstring) -> dict[str, str]:
    return {"key": docstring.key, "text": docstring.text, "documents": docstring.documents}


def _with_faults(late: list[Docstring], there: Docstring) -> bytes:
    """A file as people make them: a few rows lack something or clash with what is there."""
    rows = [_row(docstring) for docstring in late]
    rows[3:3] = [{"key": "doc-without-text", "text": "", "documents": ""}]
    rows[6:6] = [
        {
            "key": "",
            "text": "Return the number of rows that have no key, like this one.",
            "documents": "function",
        }
    ]
    rows[8:8] = [{"key": there.key, "text": "Another text under a key that is taken.", "documents": "method"}]
    rows[11:11] = [
        {"key": "doc-" + "x" * 220, "text": "Somebody pasted a path into the key.", "documents": "module"}
    ]
    file = io.StringIO()
    writer = csv.DictWriter(file, ["key", "text", "documents"])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def _gold() -> list[Known]:
    """A few items of each library that have a word of its own and none of another's, some early, some late; and a holdout."""
    docstrings = collect()
    known = [*_pick_gold(docstrings[:800]), *_pick_gold(docstrings[3_000:])]
    return [*known, *_holdout(docstrings[BEGUN:], {one.key for one in known})]


def _holdout(docstrings: list[Docstring], shown: set[str | None]) -> list[Known]:
    """Any items that nobody has got to yet, with their truth: what models are checked by."""
    free = [docstring for docstring in docstrings if docstring.key not in shown]
    drawn = Random(SEED).sample(free, min(HOLDOUT, len(free) // 10))
    return [Known({"library": one.library}, key=one.key, use=Use.HOLDOUT) for one in drawn]


def _pick_gold(docstrings: list[Docstring]) -> list[Known]:
    found = []
    room = Counter({library.label: GOLD_PER_LIBRARY // 2 for library in installed()})
    for docstring in docstrings:
        if room[docstring.library] and (words := telling_words(docstring)):
            room[docstring.library] -= 1
            explanation = _explain(docstring, words)
            found.append(Known({"library": docstring.library}, key=docstring.key, explanation=explanation))
    return found


def _explain(docstring: Docstring, words: list[str]) -> str:
    title = next(library.title for library in installed() if library.label == docstring.library)
    quoted = " and ".join(f"“{word}”" for word in words[:3])
    return f"{quoted} point{'s' if len(words) == 1 else ''} to {title}."
