"""Strategies as a replay needs them: by name, with what chooses before there is a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from active.acquisition import ACQUISITIONS, COMMITTEES, WITHOUT_MODEL, Acquire
from active.learners import LEARNERS, Fit


@dataclass(frozen=True)
class Strategy:
    """What chooses; `first` chooses as long as there is no model, `committee` trains the committee that it looks at."""

    acquire: Acquire
    first: Acquire
    committee: Fit | None = None


def named(names: Iterable[str]) -> dict[str, Strategy]:
    """The registered acquisition functions of these names; before there is a model, random for those that need one.

    ValueError names what is not there.
    """
    return {name: _named(name) for name in names}


def _named(name: str) -> Strategy:
    if name not in ACQUISITIONS:
        raise ValueError(f"There is no strategy “{name}”; choose from {', '.join(ACQUISITIONS)}")
    acquire = ACQUISITIONS[name]
    first = acquire if name in WITHOUT_MODEL else ACQUISITIONS["random"]
    return Strategy(acquire, first, LEARNERS["committee"] if name in COMMITTEES else None)
