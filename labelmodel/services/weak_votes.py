"""The votes that a label model for functions rests on, block by block: of functions, and of what votes beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.models import Project
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from labelmodel.estimators import Votes
from labelmodel.models import FunctionVersion, VoteShard, WeakRun
from labelmodel.services import vote_shards, weak_sources
from labelmodel.services.function_rules import labels_of
from labelmodel.services.vote_shards import BLOCK
from labelmodel.services.weak_sources import Beside

Ids = npt.NDArray[np.int64]
Small = npt.NDArray[np.int16]
Rows = npt.NDArray[np.int32]
# A set's labels are judged one by one: said or not said.
ABSENT, PRESENT = 0, 1


@dataclass(frozen=True, eq=False)
class Sources:
    """Who votes on a question, in pinned versions: functions in the order of their ids, then what votes beside them."""

    project: Project
    question: Question
    versions: list[FunctionVersion]
    beside: list[Beside]
    labels: list[str]

    @property
    def count(self) -> int:
        return len(self.versions) + len(self.beside)

    @property
    def keys(self) -> list[int | str]:
        """What a run pins, by the number of the source."""
        return [*(one.pk for one in self.versions), *(one.key for one in self.beside)]

    @property
    def is_set(self) -> bool:
        return QUESTION_TYPES[self.question["type"]].scale == "set"


@dataclass(frozen=True, eq=False)
class Some:
    """Votes on some items: `item` are positions in `items`, aligned with `source` and `label`. Items without votes count, too."""

    items: Ids  # (n,) ascending
    item: Rows  # (v,)
    source: Small  # (v,)
    label: Small  # (v,)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def covered(self) -> npt.NDArray[np.bool_]:
        """(n,) whether anything voted."""
        found = np.zeros(len(self.items), dtype=bool)
        found[self.item] = True
        return found

    def at(self, rows: Ids) -> Some:
        """The items at these positions, ascending."""
        place = np.full(len(self.items), -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        mine = place[self.item] >= 0
        return Some(self.items[rows], place[self.item[mine]], self.source[mine], self.label[mine])

    def votes(self, n_sources: int, n_labels: int) -> Votes:
        """For a question with one right label."""
        return Votes(self.item, self.source, self.label, len(self.items), n_sources, n_labels)

    def votes_for(self, label: int, n_sources: int) -> Votes:
        """For one label of a set: whoever votes for it says that it is there, and nobody says that it is not."""
        mine = self.label == label
        said = np.full(int(mine.sum()), PRESENT, dtype=np.int16)
        return Votes(self.item[mine], self.source[mine], said, len(self.items), n_sources, 2)


def current(project: Project, question: Question) -> Sources:
    """Who votes now."""
    versions = sorted(vote_shards.voting(project, question["name"]), key=lambda one: one.pk)
    beside = weak_sources.made(project, question, weak_sources.chosen(project)) if versions else []
    return Sources(project, question, versions, beside, labels_of(question))


def pinned(project: Project, question: Question, run: WeakRun) -> Sources:
    """Who voted in a run, in the same versions. What is there no more says nothing, and keeps its number."""
    ids = [key for key in run.versions if type(key) is int]
    names = [key for key in run.versions if isinstance(key, str)]
    there = FunctionVersion.objects.filter(pk__in=ids).select_related("function", "schema")
    versions = sorted(there, key=lambda one: one.pk)
    return Sources(project, question, versions, _in_place(project, question, names), labels_of(question))


def _in_place(project: Project, question: Question, names: list[str]) -> list[Beside]:
    found = {one.key: one for one in weak_sources.made(project, question, names)}
    return [found.get(name) or Beside(name, name, _silent) for name in names]


def _silent(items: Ids) -> weak_sources.Cast:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def blocks(sources: Sources, *, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Some]]:
    """The votes on the items in work, by block; gold questions and the holdout are left out."""
    name = sources.question["name"]
    for number in seen_blocks(sources.versions) if numbers is None else numbers:
        for part in vote_shards.blocks(sources.project, name, sources.versions, numbers=[number]):
            kept = ~part.aside
            some = Some(part.items, part.item, part.source, part.label)
            if not kept.all():
                some = some.at(np.flatnonzero(kept))
            if len(some):
                yield number, _with_beside(some, sources)


def _with_beside(some: Some, sources: Sources) -> Some:
    item, source, label = [some.item], [some.source], [some.label]
    for number, one in enumerate(sources.beside, len(sources.versions)):
        rows, said = one.votes(some.items)
        item.append(rows.astype(np.int32))
        source.append(np.full(len(rows), number, dtype=np.int16))
        label.append(said.astype(np.int16))
    if len(item) == 1:
        return some
    return Some(some.items, np.concatenate(item), np.concatenate(source), np.concatenate(label))


def seen_blocks(versions: Sequence[FunctionVersion]) -> list[int]:
    """Blocks of which any of these versions has seen something, ascending."""
    shards = VoteShard.objects.filter(version__in=[one.pk for one in versions]).order_by("block")
    return list(shards.values_list("block", flat=True).distinct())


def block_of(item: int) -> int:
    return item // BLOCK


def together(parts: Sequence[Some]) -> Some:
    """Parts in the order of their items as one."""
    if not parts:
        none = np.zeros(0, dtype=np.int16)
        return Some(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32), none, none)
    starts = np.cumsum([0, *(len(part) for part in parts)])
    return Some(
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.item + np.int32(start) for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.label for part in parts]),
    )
