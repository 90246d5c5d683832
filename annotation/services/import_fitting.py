"""What a file's answers say under the project's questions: labels by value or title, numbers out of texts, and what does not
fit, with the nearest label."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from annotation.errors import InvalidAnswer
from annotation.importing.joined import SEPARATOR, unjoined
from annotation.importing.records import Refused
from annotation.questions import Form
from annotation.questions.checks import short
from annotation.questions.forms import Part
from annotation.questions.numbers import parsed

_NOTHING: tuple[Any, ...] = (None, "", [], {})
# Of so many labels the nearest one is still looked for.
_MOST_COMPARED = 2_000
_JSON = ("{", "[")


class Misfit(Exception):
    """A value that a question cannot hold."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """An answer as the project keeps it; or why it is refused. `unfit` is what it said that does not fit, by question."""

    answer: dict[str, Any]
    refused: Refused | None = None
    unfit: dict[str, Any] | None = None


class Fitter:
    """Reads a file's answers under one schema.

    `questions` takes the file's names of questions to the project's, null to leave one out; others are found by their name.
    `labels` does the same with labels, question by question. With `keep`, what does not fit is told apart instead of
    refusing the answer.
    """

    def __init__(
        self,
        form: Form,
        *,
        questions: Mapping[str, str | None] | None = None,
        labels: Mapping[str, Mapping[str, str | None]] | None = None,
        keep: bool = False,
    ) -> None:
        self.form = form
        self._questions: dict[str, str | None] = dict(questions or {})
        self._keep = keep
        self._by_name = {name.casefold(): name for name in form.parts}
        self._readers = {
            name: _reader(part, (labels or {}).get(name) or {}) for name, part in form.parts.items()
        }
        # Most answers say one of a few things.
        self._remembered: dict[tuple[str, Any], Any] = {}

    def name_of(self, question: str) -> str | None:
        """The project's question that this one of the file is; None when it is left out. Raises Misfit for an unknown one."""
        if question in self._questions:
            return self._questions[question]
        found: str | None = self._by_name.get(question.casefold())
        if found is None:
            known = ", ".join(f"“{name}”" for name in list(self.form.parts)[:8])
            raise Misfit(f"The project has no such question; it asks {known}.")
        self._questions[question] = found
        return found

    def value(self, name: str, raw: Any) -> Any:
        """A value for a question of the project, not yet checked against its limits; None says nothing. Raises Misfit."""
        if type(raw) is str or type(raw) is int:
            key = (name, raw)
            if key not in self._remembered:
                if len(self._remembered) > 10_000:
                    self._remembered.clear()
                self._remembered[key] = self._readers[name](raw)
            return self._remembered[key]
        return self._readers[name](raw)

    def fit(self, values: Mapping[str, Any]) -> Fitted:
        """The answer that these values, by the file's names of questions, are."""
        said: dict[str, Any] = {}
        unfit: dict[str, Any] = {}
        first: Refused | None = None
        for question, raw in values.items():
            try:
                name = self.name_of(question)
                if name is not None and (value := self.value(name, raw)) is not None:
                    said[name] = value
            except Misfit as misfit:
                first = first or Refused(str(misfit), question)
                unfit[question] = raw
        if unfit and not self._keep:
            return Fitted({}, first)
        try:
            return Fitted(self.form.clean(said), None, unfit or None)
        except InvalidAnswer as error:
            fault = error.faults[0]
            refused = Refused(fault.message, str(fault.path[0]) if fault.path else "")
        if not self._keep:
            return Fitted({}, refused)
        fitting, _ = self.form.fit(said, set())
        unfit |= {name: value for name, value in said.items() if name not in fitting}
        return Fitted(fitting, None, unfit or None)


def _reader(part: Part, renamed: Mapping[str, str | None]) -> Callable[[Any], Any]:
    kind = part.kind.name
    if kind == "single_choice":
        return _one(_labels(part, renamed))
    if kind == "multiple_choice":
        return _several(_labels(part, renamed))
    if part.kind.scale in {"ordinal", "interval"}:
        return _number
    return _words


def _labels(part: Part, renamed: Mapping[str, str | None]) -> Callable[[Any], str | None]:
    """How a label of the file is one of the question: as people said, by value, by title, or but for its case."""
    labels = part.question["labels"]
    exact: dict[str, str] = {label["title"]: label["value"] for label in labels} | {
        label["value"]: label["value"] for label in labels
    }
    loose = {known.strip().casefold(): value for known, value in reversed(exact.items())}

    def label(raw: Any) -> str | None:
        said = _text(raw)
        if said in renamed:
            return renamed[said]
        found = exact.get(said) or loose.get(said.strip().casefold())
        if found is None:
            raise Misfit(f"There is no label “{short(said)}”{_nearest(said, exact)}")
        return found

    return label


def _nearest(said: str, known: Mapping[str, str]) -> str:
    folded = {name.casefold(): name for name in list(known)[:_MOST_COMPARED]}
    near = difflib.get_close_matches(said.casefold(), folded, n=1, cutoff=0.5)
    return f"; the nearest one is “{short(folded[near[0]])}”." if near else "."


def _one(label: Callable[[Any], str | None]) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        if isinstance(raw, str):
            try:
                return label(raw) if raw else None
            except Misfit:
                if not raw.startswith(_JSON):
                    raise
        said = _opened(raw, "choices")
        if isinstance(said, list):
            if len(said) > 1:
                raise Misfit(f"It says {len(said)} labels where one can be chosen.")
            said = said[0] if said else None
        return None if said in _NOTHING else label(said)

    return read


def _several(label: Callable[[Any], str | None]) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        if raw is None or raw == "":
            return None
        try:
            return _named(label, raw if isinstance(raw, list) else [raw])
        except Misfit:
            said = _opened(raw, "choices")
            if isinstance(said, list) and said is not raw:
                return _named(label, said)
            if isinstance(raw, str) and SEPARATOR in raw:
                return _named(label, unjoined(raw))
            raise

    return read


def _named(label: Callable[[Any], str | None], said: list[Any]) -> list[str]:
    found = (label(one) for one in said if one not in _NOTHING)
    return list(dict.fromkeys(one for one in found if one is not None))


def _number(raw: Any) -> Any:
    said = _opened(raw, "rating", "number")
    if isinstance(said, list) and len(said) == 1:
        said = _opened(said[0], "rating", "number")
    if said in _NOTHING:
        return None
    number = parsed(said.strip() if isinstance(said, str) else said)
    if number is None:
        raise Misfit(f"“{short(said)}” is not a number.")
    return number


def _words(raw: Any) -> Any:
    said = raw if isinstance(raw, str) else _opened(raw, "text")
    if isinstance(said, list):
        said = "\n".join(_text(one) for one in said)
    return None if said in _NOTHING else _text(said)


def _opened(raw: Any, *keys: str) -> Any:
    """What is inside {"choices": [...]} and its like, also when it stands as JSON in a cell."""
    if isinstance(raw, str) and raw.startswith(_JSON):
        try:
            inside = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return raw
        raw = inside if isinstance(inside, list) or inside.keys() & set(keys) else raw
    if isinstance(raw, dict):
        raw = next((raw[key] for key in keys if key in raw), raw)
    return raw


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else str(value)
    if isinstance(value, dict | list):
        raise Misfit(f"“{short(value)}” is no text.")
    return str(value)
