"""What strategies, learners and encoders are called; a name that there is no more stands for itself."""

from __future__ import annotations

from active.names import ENCODERS, LEARNERS, STRATEGIES, Named

# What chose the items of the review lane (services/weak_lane.py).
FUNCTIONS = "functions"


def strategy(name: str) -> str:
    return "Labeling functions" if name == FUNCTIONS else _title(STRATEGIES, name)


def learner(name: str) -> str:
    return _title(LEARNERS, name)


def encoder(name: str) -> str:
    return _title(ENCODERS, name)


def _title(known: dict[str, Named], name: str) -> str:
    found = known.get(name)
    return found.title if found else name
