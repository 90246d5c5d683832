"""The text project: "Which library is this from?", asked of documentation strings."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from math import exp, log
from random import Random
from typing import Any

from annotation.services.gold import Known
from annotation.services.import_options import Choices
from config.demo.docstrings import Docstring, collect, installed
from config.demo.plan import Answer, DemoProject, Script, Thread, Upload, Version

SOURCE_NAME = "docstrings.jsonl"
# So many of the documentation strings come in a second file, by hand, with faults in it.
LATE = 12
GOLD_PER_LIBRARY = 4
# What the standard library was called before version 2.
FORMER_VALUE, FORMER_TITLE = "python", "Python itself"

# Words that only one library uses, among those of the others at least: enough to explain a known answer.
TELLING: Mapping[str, frozenset[str]] = {
    "stdlib": frozenset(
        {"socket", "mailbox", "coroutine", "codec", "turtle", "sax", "tarinfo", "ssl", "oserror"}
    ),
    "numpy": frozenset(
        {"ufunc", "ufuncs", "maskedarray", "f2py", "memmap", "recarray", "datetime64", "umath"}
    ),
    "scipy": frozenset(
        {"spline", "splines", "quadrature", "convolution", "ode", "fft", "kurtosis", "interpolation"}
    ),
    "sklearn": frozenset(
        {"n_samples", "n_features", "estimator", "classifier", "predict_proba", "fit_transform"}
    ),
    "torch": frozenset(
        {"tensor", "tensors", "autograd", "cuda", "quantized", "onnx", "state_dict", "aten", "gpu"}
    ),
    "sympy": frozenset(
        {"polys", "poly", "ring", "gcd", "monomial", "domainmatrix", "subgroup", "unevaluated"}
    ),
    "networkx": frozenset({"digraph", "undirected", "multigraph", "bipartite", "centrality", "betweenness"}),
    "matplotlib": frozenset(
        {"artist", "artists", "ticks", "bbox", "colorbar", "subplot", "colormaps", "rcparams"}
    ),
    "django": frozenset(
        {"queryset", "migrations", "foreignkey", "urlconf", "admin", "sql", "middleware", "postgis"}
    ),
}
# With what each one is mixed up, most often first.
RIVALS: Mapping[str, tuple[str, ...]] = {
    "stdlib": ("django", "torch", "matplotlib"),
    "numpy": ("scipy", "torch", "sklearn"),
    "scipy": ("numpy", "sklearn", "sympy"),
    "sklearn": ("scipy", "numpy", "torch"),
    "torch": ("numpy", "stdlib", "sklearn"),
    "sympy": ("networkx", "scipy", "numpy"),
    "networkx": ("sympy", "scipy", "stdlib"),
    "matplotlib": ("numpy", "stdlib", "django"),
    "django": ("stdlib", "matplotlib", "networkx"),
}


def _question(*, former: bool = False) -> dict[str, Any]:
    labels = [
        {"value": library.label, "title": library.title, "color": library.color, "help": library.about}
        for library in installed()
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
        roles={"adjudicator": "adjudicator", "engineer": "viewer", **dict.fromkeys(annotators, "annotator")},
        paused={"omar": "Let us talk first: most of your answers came faster than the texts can be read."},
        annotations_per_item=2,
        fields=[
            {"name": "text", "type": "text", "title": "Documentation string"},
            {"name": "documents", "type": "text", "title": "It documents a"},
        ],
        versions=_versions(),
        source_name=SOURCE_NAME,
        uploads=_uploads,
        gold=_gold,
        script=_script,
        hours=(0, 3),
        stretch=(40, 110),
        last_seen="lena",
    )


def _uploads(rows: int | None) -> list[Upload]:
    docstrings = collect()[:rows]
    first, late = docstrings[:-LATE], docstrings[-LATE:]
    lines = "".join(json.dumps(_row(docstring), ensure_ascii=False) + "\n" for docstring in first)
    without_key = Choices(key_field="key", mapping={"key": None})
    return [
        Upload(SOURCE_NAME, "Documentation strings", lines.encode(), without_key, days_ago=14),
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
    """A few items of each library that have a word of its own and none of another's: some early, some late."""
    docstrings = collect()
    return [*_pick_gold(docstrings[:800]), *_pick_gold(docstrings[3_000:])]


def _pick_gold(docstrings: list[Docstring]) -> list[Known]:
    found = []
    room = Counter({library.label: GOLD_PER_LIBRARY // 2 for library in installed()})
    for docstring in docstrings:
        if room[docstring.library] and (words := _telling(docstring)):
            room[docstring.library] -= 1
            explanation = _explain(docstring, words)
            found.append(Known({"library": docstring.library}, key=docstring.key, explanation=explanation))
    return found


def _telling(docstring: Docstring) -> list[str]:
    """The words that give this one away; none where another library's words stand beside them."""
    words = set(re.findall(r"[a-z][a-z0-9_]+", docstring.text.lower()))
    others = frozenset().union(
        *(telling for library, telling in TELLING.items() if library != docstring.library)
    )
    return [] if words & others else sorted(words & TELLING[docstring.library])


def _explain(docstring: Docstring, words: list[str]) -> str:
    title = next(library.title for library in installed() if library.label == docstring.library)
    quoted = " and ".join(f"“{word}”" for word in words[:3])
    return f"{quoted}: of these libraries, only {title} talks like that."


def _script() -> Script:
    libraries = {docstring.key: docstring for docstring in collect()}
    titles = {library.label: library.title for library in installed()}

    def rival(key: str) -> str:
        """The library that most people who get this item wrong take it for."""
        known = [label for label in RIVALS[libraries[key].library] if label in titles]
        return Random(key).choices(known, [6, 3, 1][: len(known)])[0]

    def answer(key: str, skill: float, rng: Random) -> Answer:
        right = rng.random() < _chance(skill, hardness(key))
        if right:
            given = {"library": libraries[key].library}
        else:
            given = {"library": rival(key) if rng.random() < 0.7 else rng.choice(sorted(titles))}
        words = _telling(libraries[key])
        return given | ({"clue": words[0]} if right and words and rng.random() < 0.3 else {})

    def hardness(key: str) -> float:
        if _telling(libraries[key]):
            return 0.1
        return 0.2 + 0.8 * (sha256(key.encode()).digest()[0] / 255)

    def before(given: Answer) -> Answer:
        return {"library": FORMER_VALUE if given["library"] == "stdlib" else given["library"]}

    def labels(key: str, given: Answer) -> dict[str, str]:
        other = rival(key) if given["library"] == libraries[key].library else libraries[key].library
        return {"own": titles[given["library"]], "rival": titles[other]}

    def threads(key: str, given: Answer) -> list[Thread]:
        text = libraries[key].text
        special = [FOR_TESTS] if re.search(r"\btest", text, re.IGNORECASE) else []
        return special or ([FOR_SHORT] if len(text) < 80 else [*FOR_ALL])

    return Script(
        answer=answer,
        hardness=hardness,
        before=before,
        labels=labels,
        corrected=lambda key, given: {**given, "library": libraries[key].library},
        threads=threads,
        skip_reasons=(
            "Nothing in it decides.",
            "I cannot decide between two of them.",
            "I do not know any of these words.",
            "Says nothing but that something else explains it.",
        ),
        flag_reasons=(
            "I think this one cannot be decided.",
            "Please look at this, it could be two of them.",
            "Is this the whole text?",
            "Keep it? Nobody can know this.",
        ),
    )


FOR_ALL = (
    Thread(
        "I hesitated between {own} and {rival}. Is there a word in it that only one of them uses?",
        "Read the last line again, that is where it usually shows. If it does not, bet on one and go on.",
    ),
    Thread(
        "{rival} would fit too, but it sounds like {own} to me.",
        "What counts is where the text comes from, not what it mentions. Going by the sound of it is fine.",
    ),
    Thread(
        "Can we have a label for “more than one”?",
        "Each text comes from exactly one library; those that two share were left out. Bet on one, the second answer will tell.",
    ),
)
FOR_TESTS = Thread(
    "This describes a test. Do we want those?",
    "Yes: whatever is tested is the library. It is in the guidelines under “Cases that come up again and again”.",
)
FOR_SHORT = Thread(
    "Honestly, too short to tell. I took {own} because there is more of it.",
    "Next time skip such an item with a reason; afterwards, a guess looks like an opinion.",
)


def _chance(skill: float, hardness: float) -> float:
    """Of answering right: `skill` for a middling item, more for easy and less for hard ones."""
    return 1 / (1 + exp(-(log(skill / (1 - skill)) + 5 * (0.5 - hardness))))
