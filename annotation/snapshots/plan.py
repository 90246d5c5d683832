"""What is known before the first chunk is read, and the people, whose names are looked up as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from annotation.formats.layout import Layout
from annotation.readings import Readings
from annotation.services.snapshot_choices import Choice
from annotation.services.snapshot_supply import PROBABLE, Supply
from annotation.snapshots import sql
from annotation.snapshots.columns import numbers
from annotation.snapshots.reading import State


@dataclass(frozen=True)
class Plan:
    project: int
    layout: Layout
    # None in a project that has no questions yet.
    readings: Readings | None
    choice: Choice
    datasets: dict[int, str]
    # Whether answers may have been set aside, and whether there are tags: where not, no row is looked up for it.
    doubted: bool
    tagged: bool
    # The condition on the consensus that counts, as SQL about `c`; empty for all.
    kept: str = ""
    # The payload field that the split goes by.
    parted_by: str = ""
    # What layers above tell of it, by the key of the manifest.
    supplies: Mapping[str, Supply] = field(default_factory=dict)

    @property
    def probable(self) -> Supply | None:
        """Whoever says what machines think of items, where that is asked for."""
        return self.supplies.get(PROBABLE) if self.layout.probable else None

    @cached_property
    def asked(self) -> list[list[tuple[int, str]]]:
        """For each question, what it was called in each version of the schema."""
        readings = self.readings
        return (
            [readings.answering(question["name"]) for question in self.layout.questions] if readings else []
        )

    @property
    def schema(self) -> int:
        return self.readings.current.pk if self.readings else 0


class People:
    """Usernames by id, in the state that is read."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._names: dict[int, str] = {}

    def names(self, people: np.ndarray) -> list[str]:
        """Those of these different people."""
        unknown = [person for person in people.tolist() if person not in self._names]
        if unknown:
            found = self._state.table(sql.PEOPLE.format(ids=f"'{sql.array(np.array(unknown))}'"))
            self._names |= dict(
                zip(numbers(found, "id").tolist(), found.column("username").to_pylist(), strict=True)
            )
        return [self._names[person] for person in people.tolist()]

    def column(self, people: np.ndarray) -> pa.Array:
        """The name of each."""
        distinct, codes = np.unique(people, return_inverse=True)
        return pa.array(self.names(distinct), pa.string()).take(pa.array(codes, pa.int64()))
