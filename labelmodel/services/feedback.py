"""What a labeling function does, told while it is being written: on a sample of the pool and on what people labeled.

The figures are counted in the process that answers, from columns that it keeps ready. Numerical libraries are loaded when this is
first asked for, so that web processes in which nobody writes functions stay small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotation.models import Project
from annotation.reports.intervals import wilson

EXAMPLES = 6


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the Wilson interval of 95 %."""

    right: int = 0
    n: int = 0

    @property
    def share(self) -> float | None:
        return self.right / self.n if self.n else None

    @property
    def low(self) -> float:
        return wilson(self.right, self.n)[0]

    @property
    def high(self) -> float:
        return wilson(self.right, self.n)[1]


@dataclass(frozen=True, slots=True)
class Hit:
    """Votes for one label: how many of the sample, and how many of those on labeled items are right."""

    label: str
    votes: int
    accuracy: Share


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another active function: on which share of the sample both vote, and on which they contradict each other."""

    function: int
    name: str
    overlaps: float
    conflicts: float


@dataclass(frozen=True, slots=True)
class Example:
    """An item. `marks` are (begin, end) of what was found in the text; `right` is None where nobody labeled it."""

    item: int
    key: str
    text: str
    marks: tuple[tuple[int, int], ...] = ()
    said: str | None = None
    right: tuple[str, ...] | None = None
    others: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    matched: tuple[Example, ...] = ()
    wrong: tuple[Example, ...] = ()
    conflicting: tuple[Example, ...] = ()
    uncovered: tuple[Example, ...] = ()
    failed: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """Shares are of the items of the sample that it looked at."""

    sample: int
    pool: int
    drawn_at: datetime
    seconds: float
    votes: int
    coverage: float
    overlaps: float
    conflicts: float
    # What no active function votes on, without this one and with it.
    uncovered_before: float
    uncovered: float
    labeled: int
    accuracy: Share
    hits: tuple[Hit, ...]
    neighbours: tuple[Neighbour, ...]
    errors: int = 0
    # Labeled items on which it raised abstain, as in runs.
    stopped: bool = False
    # Names of active functions that could not be applied here.
    left_out: tuple[str, ...] = ()
    examples: Examples = field(default_factory=Examples)


@dataclass(frozen=True, slots=True)
class Standing:
    """An active function beside the others."""

    function: int
    sample: int
    coverage: float
    overlaps: float
    conflicts: float
    accuracy: Share
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """All active functions of a question on the same sample."""

    sample: int
    pool: int
    labeled: int
    drawn_at: datetime
    covered: float
    conflicts: float
    standings: tuple[Standing, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that are frequent in items of a label which no active function votes on.

    `found` of the labeled items that have it are counted, `right` of these have the label; `sample` of the pool's sample have it.
    """

    label: str
    words: str
    precision: Share
    uncovered: int
    sample: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    labeled: int
    uncovered: int
    phrases: tuple[Phrase, ...]
    disputed: tuple[Example, ...]


def preview(
    *,
    project: Project,
    question: str,
    kind: str,
    definition: Any,
    function_id: int | None = None,
    examples: int = EXAMPLES,
) -> Feedback:
    """What this definition would do. `function_id`: the function that it is to be a version of, which is not compared with itself.

    Raises InvalidInput with every fault of the definition, each with its path.
    """
    from labelmodel.services import feedback_making

    return feedback_making.preview(project, question, kind, definition, function_id, examples)


def analysis(*, project: Project, question: str) -> Analysis:
    """All active functions of a question beside each other. Raises InvalidInput where functions do not vote on it."""
    from labelmodel.services import feedback_making

    return feedback_making.analysis(project, question)


def suggestions(
    *, project: Project, question: str, labels: Sequence[str] = (), most: int = 12
) -> Suggestions:
    """What to write next: phrases that tell labels which no function covers, and items on which functions disagree most.

    `labels`: only of these. Raises InvalidInput where functions do not vote on the question.
    """
    from labelmodel.services import feedback_phrases

    return feedback_phrases.suggestions(project, question, tuple(labels), most)


def python_functions() -> list[tuple[str, str]]:
    """What installed packages register as labeling functions: (name, package)."""
    from labelmodel.services import feedback_making

    return feedback_making.python_functions()
