"""From what a model wrote to a label, or to the reason why there is none. All in time linear in the length of the text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

from labelmodel.endpoints.prompting import Named

# Why a text is no vote. unsure: the model says so; doubtful: less confident than was asked for.
Reason = Literal["unsure", "refused", "several", "other label", "rubbish", "cut off", "doubtful"]
REASONS: dict[Reason, str] = {
    "unsure": "said that no label fits",
    "refused": "refused to answer",
    "several": "named several labels",
    "other label": "named a label that is not allowed",
    "rubbish": "did not answer with a label",
    "cut off": "was cut off before it named a label",
    "doubtful": "was less sure than asked for",
}
_NAMES = ("label", "labels", "answer", "category")
# Some servers leave out where the thinking begins.
_THINKING, _THOUGHT = "<think>", "</think>"
_FENCE = re.compile(r"```[\w-]*\s*|```")
_FLAT_OBJECT = re.compile(r"\{[^{}]*\}")
_SAID = re.compile(r"(?:final |the )?(?:label|answer|category)\s*(?:is|:|=)\s*(.+)", re.IGNORECASE)
_AROUND = " \t\r\n\"'`*_.,;:!?()[]<>“”‘’«»"
_SPLIT = re.compile(r"[,;/|\n]|\band\b|\bor\b", re.IGNORECASE)
# A longer text without a label talks; a shorter one names something.
_NAME_WORDS = 5
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Read:
    """A label (its value), or why there is none."""

    label: str | None
    reason: Reason | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class Reader:
    """Reads answers of one prompt. `unsure`: the word that abstains; `least`: the confidence below which it abstains."""

    labels: tuple[Named, ...]
    unsure: str | None = None
    least: float = 0.0

    def read(self, text: str, *, finish: str = "", refusal: str = "", chance: float | None = None) -> Read:
        """What was meant. `chance` stands in where the text says no confidence."""
        if refusal.strip() or finish == "content_filter":
            return Read(None, "refused")
        said, confidence = _said(_FENCE.sub("", _without_thoughts(text)[-_MOST:]).strip())
        if said is None:
            return Read(None, "unsure")
        confidence = chance if confidence is None else confidence
        found = self._meant(said)
        if found.reason in {"rubbish", "other label"} and finish == "length":
            return Read(None, "cut off")
        # One that says nothing of how sure it is cannot be held to it.
        if found.label is not None and confidence is not None and confidence < self.least:
            return Read(None, "doubtful", confidence)
        return Read(found.label, found.reason, confidence)

    def _meant(self, said: list[str]) -> Read:
        found = [self._one(name) for name in said]
        known = {name for name in found if name is not None}
        if not known and len(said) == 1:
            # One text: it may list several, or talk around one.
            return self._in_text(said[0])
        if len(known) > 1:
            return Read(None, "several")
        if not known or len(found) > found.count(next(iter(known))):
            return Read(None, "other label" if said else "rubbish")
        return self._vote(known.pop())

    def _vote(self, name: str) -> Read:
        return Read(None, "unsure") if name == self.unsure else Read(name)

    def _in_text(self, text: str) -> Read:
        named = {name for part in _SPLIT.split(text) if (name := self._one(part)) is not None}
        if len(named) > 1:
            return Read(None, "several")
        lines = [line for line in text.splitlines() if line.strip()]
        for line in (lines[0], lines[-1]) if lines else ():
            if (name := self._one(line)) is not None:
                return self._vote(name)
        for line in reversed(lines):
            stated = _SAID.search(line)
            if stated and (name := self._one(stated[1])) is not None:
                return self._vote(name)
        if _refuses(text):
            return Read(None, "refused")
        return Read(None, "other label" if 0 < len(text.split()) <= _NAME_WORDS else "rubbish")

    def _one(self, text: str) -> str | None:
        """The label that this text is, by its value or title: as it stands, then by ever less of its form."""
        trimmed = text.strip(_AROUND)
        for make, table in self._tables:
            for candidate in (text.strip(), trimmed):
                if (name := table.get(make(candidate))) is not None:
                    return name
        return None

    @cached_property
    def _tables(self) -> list[tuple[Any, Mapping[str, str]]]:
        values = [(label.value, label.value) for label in self.labels]
        if self.unsure:
            values.append((self.unsure, self.unsure))
        titles = [(label.title, label.value) for label in self.labels if label.title]
        return [(make, _table(pairs, make)) for make in (str, _folded, _bare) for pairs in (values, titles)]


def _table(pairs: Iterable[tuple[str, str]], make: Any) -> dict[str, str]:
    """By form; without those forms that two labels share, as C and C++ do without punctuation."""
    table: dict[str, str] = {}
    shared: set[str] = set()
    for text, name in pairs:
        form = make(text)
        if table.setdefault(form, name) != name:
            shared.add(form)
    return {form: name for form, name in table.items() if form and form not in shared}


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bare(text: str) -> str:
    """Letters and digits only, and the signs of other scripts."""
    return "".join(sign for sign in _folded(text) if unicodedata.category(sign)[0] in "LNM")


def _without_thoughts(text: str) -> str:
    return text.rpartition(_THOUGHT)[2].partition(_THINKING)[0]


def _said(text: str) -> tuple[list[str] | None, float | None]:
    """The names that the text gives (None: it says that there is none), and a confidence: out of JSON where it is some, else
    the text itself."""
    found = _json(text)
    if isinstance(found, dict):
        given: Any = next((found[name] for name in _NAMES if name in found), {})
        return None if given is None else _names(given), _confidence(found.get("confidence"))
    if isinstance(found, (list, str)):
        return _names(found), None
    return [text], None


def _json(text: str) -> Any:
    for candidate in (text, *_FLAT_OBJECT.findall(text)[-1:]):
        try:
            return orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
    return None


def _names(given: Any) -> list[str]:
    some = given if isinstance(given, list) else [given]
    return [str(name) for name in some if isinstance(name, (str, int, float))]


def _confidence(given: Any) -> float | None:
    """From 0 to 1, whether it was said like that or in percent."""
    percent = isinstance(given, str) and given.strip().endswith("%")
    try:
        value = float(given.strip().rstrip("%") if isinstance(given, str) else given)
    except (TypeError, ValueError):
        return None
    value = value / 100 if percent or 1 < value <= 100 else value
    return value if math.isfinite(value) and 0 <= value <= 1 else None


_REFUSALS = re.compile(
    r"\b(?:i (?:can(?:no|')t|can’t|am unable|won['’]t|will not|must decline)|i['’]?m (?:sorry|unable|not able)"
    r"|as an ai\b|unable to (?:assist|help|comply))",
    re.IGNORECASE,
)


def _refuses(text: str) -> bool:
    return _REFUSALS.search(text[:400]) is not None
