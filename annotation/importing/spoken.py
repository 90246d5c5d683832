"""What an annotated row says, in one form whatever program wrote it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from annotation.importing.records import Refused

# As which a person's answer counts: an answer, a turn that they skipped, or what is known to be right.
As = Literal["answer", "skip", "truth"]


@dataclass(frozen=True, slots=True)
class Said:
    """One person's answer. `values` are as the file has them, under its names of the questions.

    `id` is what tells the answer from all others of its source, empty where nothing does. `kept` is what the answer says
    beyond `values`, word for word, and `kept_types` the types of it, once for each thing. `author` is empty where the file
    names nobody.
    """

    author: str
    values: dict[str, Any]
    id: str = ""
    as_: As = "answer"
    created_at: Any = None
    seconds: Any = None
    kept: dict[str, Any] | None = None
    kept_types: tuple[str, ...] = ()
    origin: str = "imported"
    # False for what did not count where it comes from.
    counts: bool = True
    suggested: dict[str, Any] | None = None
    followed: bool | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model says of one question. `score` is None where the file has none."""

    question: str
    value: Any
    source: str
    version: str = ""
    score: Any = None
    distribution: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A row taken apart: the item's values by column, its key where the source has one, and what was said of it.

    `tags` are those of the item, and `retired` says that it was out of work there.
    `left_out` counts what the source has and an import does not take, by a word for it. `notes` are told like refusals,
    though what they are about is imported.
    """

    values: dict[str, Any]
    key: str = ""
    answers: tuple[Said, ...] = ()
    guesses: tuple[Guess, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[Refused, ...] = ()
    tags: tuple[str, ...] = ()
    retired: bool = False


@dataclass(frozen=True)
class Context:
    """What is known beside the rows: the name of the file (without its ending), what each column is where people say so,
    and what the file itself says of its columns."""

    name: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, Any] = field(default_factory=dict)


TakeApart = Callable[[dict[str, Any]], Spoken | Refused]
# The project's questions with their labels; None for those that have none.
Questions = Mapping[str, frozenset[str] | None]
# (first rows, questions, hints of the file, eager) -> what each column tells of answers; eager: also where it is doubtful.
Roles = Callable[[Sequence[dict[str, Any]], Questions, Mapping[str, Any], bool], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Platform:
    """A program whose files are understood.

    `fits` looks at the first rows. `kinds` says of questions in the file what they are (choice, choices, rating, number,
    text), as far as rows show it. `key` tells people what its own key is; empty where it has none.
    """

    name: str
    title: str
    fits: Callable[[Sequence[dict[str, Any]]], bool]
    reader: Callable[[Context], TakeApart]
    kinds: Callable[[dict[str, Any]], dict[str, str]] = lambda row: {}
    roles: Roles = lambda rows, questions, hints, eager: {}
    key: str = ""


def apart(take_apart: TakeApart, record: dict[str, Any]) -> Spoken | Refused:
    """A row taken apart; refused where it is built otherwise than its first rows promised."""
    try:
        return take_apart(record)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        return Refused(f"The row is not as the program that it seems to come from writes it ({error!r}).")
