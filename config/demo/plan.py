"""What a demo project is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

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
class Written:
    """A labeling function as it is typed into the page; `tests` are pairs of a text and what it says of it."""

    name: str
    description: str
    kind: str
    definition: dict[str, Any]
    tests: Sequence[tuple[str, str | None]]


class Script(Protocol):
    """How simulated people behave in a project. Items are asked about by their keys."""

    @property
    def skip_reasons(self) -> Sequence[str]: ...

    @property
    def flag_reasons(self) -> Sequence[str]: ...

    def answer(self, key: str, skill: float, rng: Random) -> Answer:
        """The answer of somebody whose share of right answers to middling items is `skill`."""

    def corrected(self, key: str, given: Answer) -> Answer:
        """What a second thought makes of an answer."""

    def before(self, given: Answer) -> Answer:
        """The same answer under the first version of the questions."""

    def hardness(self, key: str) -> float:
        """In [0, 1]: how hard the item is."""

    def threads(self, key: str, given: Answer) -> Sequence[Thread]:
        """What somebody who gave this answer may ask."""

    def labels(self, key: str, given: Answer) -> Mapping[str, str]:
        """{own} and {rival} of an answer."""


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
    annotations_at_most: int | None = None
    gold_bar: float | None = None
    # Who hurries, and falls below the bar in the end.
    hurries: str = ""
    # Labeling functions, and the member who wrote them; the owner reviewed them.
    functions: Callable[[], Sequence[Written]] = tuple
    writes_functions: str = ""

    @property
    def guidelines_text(self) -> str:
        return (Path(__file__).parent / "guidelines" / self.guidelines).read_text(encoding="utf-8")
