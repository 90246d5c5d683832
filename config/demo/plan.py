"""What a demo project is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from annotation.services.gold import Known
from annotation.services.import_options import Choices

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a project's questions; `mapping` says how answers under the one before read under it."""

    questions: list[dict[str, Any]]
    note: str
    days_ago: int
    mapping: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a person would upload it."""

    source_name: str
    name: str
    content: bytes
    choices: Choices
    days_ago: int


@dataclass(frozen=True, slots=True)
class Thread:
    """What an annotator asks about an item and what the adjudicator says to it; {own} and {rival} are labels."""

    question: str
    reply: str


@dataclass(frozen=True, slots=True)
class Script:
    """How simulated people behave in a project. Everything about an item is asked by its key."""

    # The answer of somebody whose share of right answers to middling items is `skill`.
    answer: Callable[[str, float, Random], Answer]
    # In [0, 1]: how hard the item is.
    hardness: Callable[[str], float]
    # The same answer under the first version of the questions, where there was another.
    before: Callable[[Answer], Answer]
    # {own} and {rival} of an answer, for comments.
    labels: Callable[[str, Answer], Mapping[str, str]]
    # The main thing said, without additions: what a second thought would change.
    corrected: Callable[[str, Answer], Answer]
    # What annotators may ask about an item that they gave this answer.
    threads: Callable[[str, Answer], Sequence[Thread]]
    skip_reasons: Sequence[str]
    flag_reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class DemoProject:
    name: str
    description: str
    guidelines: str
    owner: str
    roles: Mapping[str, str]
    annotations_per_item: int
    fields: list[dict[str, Any]]
    versions: Sequence[Version]
    # Recognizes the project also after somebody has renamed it.
    source_name: str
    # At most so many items in all, None for all of them.
    uploads: Callable[[int | None], Sequence[Upload]]
    gold: Callable[[], Sequence[Known]]
    script: Callable[[], Script]
    # Between so many hours after their day begins people sit down to work on this project.
    hours: tuple[float, float]
    # So many answers they give, at least and at most, before they stop.
    stretch: tuple[int, int]
    # Who was at work this very day, whatever day and hour it is.
    last_seen: str
    paused: Mapping[str, str] = field(default_factory=dict)

    @property
    def guidelines_text(self) -> str:
        return (Path(__file__).parent / "guidelines" / self.guidelines).read_text(encoding="utf-8")
