"""What a question type is: one record of functions, all pure. An answer's value is any JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from annotation.errors import Fault

Question = Mapping[str, Any]
Payload = Mapping[str, Any] | None
# (value, payload) -> the value as it is kept, or None when it says nothing; raises BadValue. A payload of None means
# that the item is not at hand (an old answer is being read): checks that need it are left out.
Clean = Callable[[Any, Payload], Any]


class BadValue(Exception):
    """A value that a question does not accept. Paths of its faults begin inside the value."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.faults = [Fault(path, message)]


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that an answer says, for display."""

    text: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class Hotkeys:
    """Where a definition keeps its hotkeys, one for each thing that can be chosen by a key."""

    # "" means no key, None that one is to be assigned.
    get: Callable[[Question], list[str | None]]
    put: Callable[[Question, Sequence[str | None]], dict[str, Any]]
    paths: Callable[[Question], list[tuple[str | int, ...]]]
    # What to try before the usual order; as long as `get`, or empty.
    preferred: Callable[[Question], list[str]] = lambda question: []


NO_HOTKEYS = Hotkeys(lambda question: [], lambda question, keys: dict(question), lambda question: [])


@dataclass(frozen=True, slots=True)
class QuestionType:
    """Each type is one module that makes one of these. Definitions reach all functions but `check` after it passed."""

    name: str
    title: str
    # What a definition may contain besides the keys that all questions have.
    options: frozenset[str]
    # The faults of a definition, with paths inside the question; sees any JSON.
    check: Callable[[Question], list[Fault]]
    # The definition with its defaults filled in.
    normalize: Callable[[Question], dict[str, Any]]
    # Prepared once for each schema, so that checking one answer is cheap.
    cleaner: Callable[[Question], Clean]
    # The labels that a value votes for; none where values are not comparable.
    votes: Callable[[Question, Any], list[str]]
    # On which scale answers are compared: nominal, ordinal, interval, set; "" where they are not.
    scale: str
    # (question, given, known, tolerance) -> whether an answer is as good as the known one. What the tolerance counts
    # is the type's own matter: labels too many or too few, points, units, letters; 0 means exactly.
    right: Callable[[Question, Any, Any, float], bool]
    # Every value that `show_when` may name and a mapping must account for; None when they cannot be listed.
    values: Callable[[Question], list[str] | None]
    # Whether an answer is exactly one of `values`, so that two of them exclude each other.
    one_value: bool
    # How answers look in tables and histories; prepared like `cleaner`.
    chips: Callable[[Question], Callable[[Any], list[Chip]]]
    # Columns of a flat export, and what a value (None: no answer) puts into them.
    columns: Callable[[Question], list[str]]
    cells: Callable[[Question, Any], list[Any]]
    # What a mapping may rename in a value, and the value of this type that says these things (None: impossible).
    said: Callable[[Any], list[Any]]
    adopt: Callable[[Question, Sequence[Any]], Any]
    # As what snapshots keep a value in a column of its own.
    holds: Literal["string", "strings", "double", "json"]
    hotkeys: Hotkeys = NO_HOTKEYS

    @property
    def template(self) -> str:
        """Draws the question in a form; static/js/questions/<name>.js brings it to life."""
        return f"annotation/questions/{self.name}.html"

    def clean(self, question: Question, value: Any, payload: Payload = None) -> Any:
        """The value as it is kept; for tests and single use. Raises BadValue."""
        return self.cleaner(question)(value, payload)


def one_column(question: Question) -> list[str]:
    return [str(question["name"])]


def one_cell(question: Question, value: Any) -> list[Any]:
    return [value]


def same(question: Question, given: Any, known: Any, tolerance: float) -> bool:
    return bool(given == known)


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
