"""Predictions that programs send: checked under the current questions, and kept where they say something new."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

import orjson
from django.utils import timezone

from annotation.errors import Fault
from annotation.models import Project
from annotation.questions import Form
from annotation.questions.checks import short
from annotation.questions.types import BadValue
from annotation.services import hot
from annotation.services import pushes_sql as sql
from annotation.services.predictions import MODEL, MOST_LABELS, scored
from annotation.services.readings import form_of

LONGEST_SOURCE = 80
LONGEST_VERSION = 40
# The project's own models are called so.
OWN_SOURCE = "model"
_MOST_REMEMBERED = 1_000
_KNOWN = frozenset({"question", "value", "distribution", "confidence", "score", "source", "version"})
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of one question, checked. `value` and `distribution` are JSON text."""

    question: str
    source: str
    version: str
    value: str
    confidence: float
    distribution: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Of an item there is one for each of these."""
        return self.question, self.source, self.version


class Checker:
    """Reads predictions under a project's current questions."""

    def __init__(self, form: Form | None, ignored: Iterable[str] = ()) -> None:
        self._form = form
        self._known = _KNOWN | frozenset(ignored)
        # Most predictions of one call say one of a few things about one question.
        self._remembered: dict[tuple[str, str, str, str], Said] = {}

    def check(self, raw: Any, path: Path = ()) -> Said | list[Fault]:
        """The prediction, or every fault of it."""
        place = self._plain(raw)
        if place is None:
            return self._checked(raw, path)
        if (known := self._remembered.get(place)) is not None:
            share = raw.get("confidence", raw.get("score"))
            # A score of 1 is told from none at all by its distribution; see predictions.scored.
            if type(share) is float and 0.0 <= share < 1.0:
                return Said(known.question, known.source, known.version, known.value, share, "{}")
        found = self._checked(raw, path)
        if isinstance(found, Said) and len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[place] = found
        return found

    def _plain(self, raw: Any) -> tuple[str, str, str, str] | None:
        """All that has to be looked at besides the confidence, where it is nothing but texts."""
        if not isinstance(raw, dict) or raw.get("distribution") is not None or not raw.keys() <= self._known:
            return None
        place = raw.get("question"), raw.get("source"), raw.get("version"), raw.get("value")
        texts = all(type(part) is str for part in place)
        return cast("tuple[str, str, str, str]", place) if texts else None

    def _checked(self, raw: Any, path: Path) -> Said | list[Fault]:
        if self._form is None:
            return [Fault(path, "The project has no questions yet; publish a schema first.")]
        if not isinstance(raw, dict):
            return [
                Fault(path, "A prediction is an object with question, value, confidence, source and version.")
            ]
        faults = [
            Fault((*path, name[:60]), "There is no such key.") for name in raw if name not in self._known
        ]
        source = _name(raw, "source", LONGEST_SOURCE, path, faults)
        version = _name(raw, "version", LONGEST_VERSION, path, faults)
        if source == OWN_SOURCE:
            faults.append(
                Fault((*path, "source"), "The project's own models are called so; choose another name.")
            )
        question = raw.get("question")
        part = self._form.parts.get(question) if isinstance(question, str) else None
        if part is None:
            known = ", ".join(list(self._form.parts)[:8])
            faults.append(Fault((*path, "question"), f"There is no such question; there are {known}."))
            return faults
        distribution = _distribution(raw.get("distribution"), part.kind.values(part.question), path, faults)
        value = raw.get("value")
        if value is None and distribution:
            value = _likeliest(distribution, part.kind.one_value)
        value = self._value(part, value, path, faults)
        confidence = _confidence(raw, value, distribution, path, faults)
        if faults:
            return faults
        sure, shares = scored(value, confidence, _cut(distribution))
        return Said(part.question["name"], source, version, _json(value), sure, _json(dict(shares)))

    def _value(self, part: Any, value: Any, path: Path, faults: list[Fault]) -> Any:
        if value is None:
            faults.append(Fault((*path, "value"), "Give a value, or a distribution over the labels."))
            return None
        try:
            cleaned = part.clean(value, None)
        except BadValue as bad:
            faults += (Fault((*path, "value", *fault.path), fault.message) for fault in bad.faults)
            return None
        if cleaned is None:
            faults.append(Fault((*path, "value"), "The value says nothing."))
        return cleaned


def _name(raw: Mapping[str, Any], name: str, longest: int, path: Path, faults: list[Fault]) -> str:
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        faults.append(Fault((*path, name), f"The {name} is a text of 1 to {longest} characters."))
        return ""
    return value.strip()


def _distribution(
    given: Any, labels: Sequence[str] | None, path: Path, faults: list[Fault]
) -> dict[str, float]:
    if given is None:
        return {}
    if labels is None:
        faults.append(
            Fault((*path, "distribution"), "This question has no labels; give a value and a confidence.")
        )
        return {}
    if not isinstance(given, dict) or not all(_is_share(share) for share in given.values()):
        faults.append(Fault((*path, "distribution"), "A distribution is {label: probability from 0 to 1}."))
        return {}
    known = set(labels)
    for label in given:
        if label not in known:
            faults.append(Fault((*path, "distribution", label[:60]), f"There is no label “{short(label)}”."))
    return {label: float(share) for label, share in given.items()}


def _likeliest(distribution: Mapping[str, float], one_value: bool) -> Any:
    if one_value:
        return max(distribution, key=lambda name: distribution[name])
    return [label for label, share in distribution.items() if share >= 0.5]


def _confidence(
    raw: Mapping[str, Any], value: Any, distribution: Mapping[str, float], path: Path, faults: list[Fault]
) -> float | None:
    """As it is given, by either name; or as the distribution says of the value; None where nothing tells it."""
    for name in ("confidence", "score"):
        if (given := raw.get(name)) is not None:
            if not _is_share(given):
                faults.append(Fault((*path, name), f"The {name} is a number from 0 to 1."))
                return 0.0
            return float(given)
    if not distribution:
        return None
    if isinstance(value, list):
        return min((distribution.get(label, 0.0) for label in value), default=1.0)
    return distribution.get(str(value), 1.0)


def _is_share(value: Any) -> TypeGuard[float]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1


def _cut(distribution: Mapping[str, float]) -> dict[str, float]:
    if len(distribution) <= MOST_LABELS:
        return dict(distribution)
    return dict(sorted(distribution.items(), key=lambda pair: -pair[1])[:MOST_LABELS])


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def checker_for(project: Project, ignored: Iterable[str] = ()) -> Checker:
    return Checker(form_of(project.schema_id) if project.schema_id else None, ignored)


def keep(
    *, project: Project, said: Iterable[tuple[int, Said]]
) -> dict[tuple[int, tuple[str, str, str]], str]:
    """Keep what was said of items, each by its id; what says nothing new is left as it is. The caller has a transaction.

    For each item and place: created, updated or unchanged; what is about items that are not there is left out.
    """
    # The last of those about the same stands. In the order of items: two that do this at once wait for each other instead of
    # locking each other up.
    last = {(item, one.place): one for item, one in said}
    rows = sorted(last.items(), key=lambda pair: pair[0])
    if not rows:
        return {}
    columns = {
        "item": [item for (item, _), _ in rows],
        **{
            name: [getattr(one, name) for _, one in rows]
            for name in ("question", "source", "version", "value", "confidence", "distribution")
        },
    }
    scope = {"project": project.pk, "schema": project.schema_id, "kind": MODEL, "now": timezone.now()}
    there = {row.id for row in hot.rows(sql.BY_ID, {**scope, "items": sorted(set(columns["item"]))})}
    changed = {
        (row.item_id, (row.question, row.source, row.version)): "created" if row.created else "updated"
        for row in hot.rows(sql.KEEP_PREDICTIONS, {**scope, **columns})
    }
    return {place: changed.get(place, "unchanged") for place, _ in rows if place[0] in there}
