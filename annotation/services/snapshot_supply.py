"""What layers above tell of a snapshot: which of their things stand behind it, and what machines think of its items.

Their AppConfig.ready puts a `Begin` into SUPPLIES. All of it is read from the one state of the database that the snapshot shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A statement of which nothing is a parameter, to its rows as an Arrow table.
Ask = Callable[[str], Any]


class Supply(Protocol):
    """What was found when a snapshot began."""

    @property
    def told(self) -> dict[str, Any]:
        """By question, what stands behind it: for the manifest, as JSON."""

    def statements(self, ids: npt.NDArray[np.int64]) -> Mapping[str, str]:
        """What to ask the database for these items, ascending."""

    def chances(
        self, question: str, ids: npt.NDArray[np.int64], tables: Mapping[str, Any]
    ) -> npt.NDArray[np.float64] | None:
        """The chance of each label, (n, k) in the order of the question's labels, NaN where nothing is said; None for a question
        of which nothing is said at all. `tables` is what the statements gave."""


# (ask, project, questions as the snapshot has them). Loads what only workers need in its body.
Begin = Callable[[Ask, int, Sequence[Mapping[str, Any]]], Supply]
# By the key of the manifest under which it is told.
SUPPLIES: dict[str, Begin] = {}
# The one whose chances are a column.
PROBABLE = "functions"
