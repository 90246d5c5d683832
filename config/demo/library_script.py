"""How simulated people tell libraries apart: by words, and with the mistakes that the words suggest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import exp, log
from random import Random

from config.demo.docstrings import Docstring, collect, installed
from config.demo.plan import Answer, Thread

# The value that answers under version 1 have for the standard library.
FORMER_VALUE = "python"
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


class LibraryScript:
    """Knows the truth about every item, and lets people miss it."""

    skip_reasons = (
        "Nothing in it decides.",
        "I cannot decide between two of them.",
        "I do not know any of these words.",
        "Says nothing but that something else explains it.",
    )
    flag_reasons = (
        "I think this one cannot be decided.",
        "Please look at this, it could be two of them.",
        "Is this the whole text?",
        "Keep it? Nobody can know this.",
    )

    def __init__(self) -> None:
        self._docstrings = {docstring.key: docstring for docstring in collect()}
        self._titles = {library.label: library.title for library in installed()}

    def answer(self, key: str, skill: float, rng: Random) -> Answer:
        if rng.random() >= _chance(skill, self.hardness(key)):
            others = self._rival(key) if rng.random() < 0.7 else rng.choice(sorted(self._titles))
            return {"library": others}
        words = telling_words(self._docstrings[key])
        clue = {"clue": words[0]} if words and rng.random() < 0.3 else {}
        return {"library": self._docstrings[key].library, **clue}

    def corrected(self, key: str, given: Answer) -> Answer:
        return {**given, "library": self._docstrings[key].library}

    def before(self, given: Answer) -> Answer:
        return {"library": FORMER_VALUE if given["library"] == "stdlib" else given["library"]}

    def hardness(self, key: str) -> float:
        if telling_words(self._docstrings[key]):
            return 0.1
        return 0.2 + 0.8 * (sha256(key.encode()).digest()[0] / 255)

    def threads(self, key: str, given: Answer) -> Sequence[Thread]:
        text = self._docstrings[key].text
        if re.search(r"\btest", text, re.IGNORECASE):
            return (FOR_TESTS,)
        return (FOR_SHORT,) if len(text) < 80 else FOR_ALL

    def labels(self, key: str, given: Answer) -> Mapping[str, str]:
        truth = self._docstrings[key].library
        rival = self._rival(key) if given["library"] == truth else truth
        return {"own": self._titles[given["library"]], "rival": self._titles[rival]}

    def _rival(self, key: str) -> str:
        """The library that most people who get this item wrong take it for."""
        known = [label for label in RIVALS[self._docstrings[key].library] if label in self._titles]
        return Random(key).choices(known, [6, 3, 1][: len(known)])[0]


def telling_words(docstring: Docstring) -> list[str]:
    """The words that give this one away; none where another library's words stand beside them."""
    words = set(re.findall(r"[a-z][a-z0-9_]+", docstring.text.lower()))
    others = frozenset().union(
        *(telling for library, telling in TELLING.items() if library != docstring.library)
    )
    return [] if words & others else sorted(words & TELLING[docstring.library])


def _chance(skill: float, hardness: float) -> float:
    """Of answering right: `skill` for a middling item, more for easy and less for hard ones."""
    return 1 / (1 + exp(-(log(skill / (1 - skill)) + 5 * (0.5 - hardness))))
