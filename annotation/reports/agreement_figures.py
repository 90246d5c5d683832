"""What is told of people's agreement, on which questions. No arithmetic, and nothing of how it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from annotation.models import Project
from annotation.questions import QUESTION_TYPES


@dataclass(frozen=True, slots=True)
class Measured:
    """A coefficient as agreement.Agreement has it, with its title; `chosen` is the one to read first."""

    name: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n_items: int
    n_judgments: int
    n_sources: int
    meaning: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people on the items that both answered. `value` is chance-corrected, `percent` is not; None: undefined."""

    first: str
    second: str
    value: float | None
    percent: float | None
    n_items: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """The people with most shared items, and each two of them who share one. `left_out` counts the other people."""

    coefficient: str
    title: str
    people: tuple[str, ...]
    pairs: tuple[Pair, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Confused:
    """Two labels taken for each other: `count` pairs of answers, on `n_items`, some of which are named."""

    first: str
    second: str
    first_title: str
    second_title: str
    count: int
    rate: float
    n_items: int
    items: tuple[tuple[int, str], ...]  # (id, key)


@dataclass(frozen=True, slots=True)
class OnLabel:
    """How well people agree about one label."""

    label: str
    title: str
    specific: float
    alpha: float | None
    n_judgments: int
    n_items: int


@dataclass(frozen=True, slots=True)
class Part:
    """The chosen coefficient on a part of the items: a dataset, a week, a tenth of the work."""

    name: str
    measured: Measured


@dataclass(frozen=True, slots=True)
class AgainstConsensus:
    """What people said where the consensus is what: `counts[consensus][said]`. The last label may stand for all others."""

    titles: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    same: int
    n_judgments: int


@dataclass(frozen=True, slots=True)
class OnQuestion:
    """One question's agreement. `over` says what `over_time` is divided by: "week" or "tenth"."""

    name: str
    title: str
    level: str
    measured: tuple[Measured, ...]
    pairs: Pairs
    confused: tuple[Confused, ...]
    labels: tuple[OnLabel, ...]
    n_labels: int
    datasets: tuple[Part, ...]
    over: str
    over_time: tuple[Part, ...]
    against: AgainstConsensus | None

    @property
    def chosen(self) -> Measured:
        return next((one for one in self.measured if one.chosen), self.measured[0])


@dataclass(frozen=True, slots=True)
class Basis:
    """What figures were computed from."""

    schema: int | None
    answers: int
    last_annotation: int | None
    last_decision: int | None
    set_aside: int
    due: bool


@dataclass(frozen=True)
class Figures:
    """A project's agreement as it was at a time. People only; `simulated` if some of them are."""

    as_of: datetime
    basis: Basis
    answers: int
    people: int
    simulated: bool
    questions: tuple[OnQuestion, ...] = field(repr=False)
    seconds: float = 0.0

    def question(self, name: str) -> OnQuestion | None:
        return next((one for one in self.questions if one.name == name), None)


def compared(project: Project) -> list[dict[str, object]]:
    """The questions of the current schema whose answers can be compared."""
    asked = project.schema.questions if project.schema else []
    return [one for one in asked if QUESTION_TYPES[one["type"]].scale]
