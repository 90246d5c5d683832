"""What it takes to ask an endpoint, and how much one call may ask."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from annotation.importing.connecting import Patience
from labelmodel.endpoints.answers import Answers
from labelmodel.endpoints.client import PATIENCE, Endpoint
from labelmodel.endpoints.pool import Pool
from labelmodel.endpoints.prompting import Form


class Budget:
    """How many requests may still be sent, over several calls. None: any number. Threads share it."""

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether there was one left, which is taken."""
        with self._lock:
            if self.left == 0:
                return False
            if self.left is not None:
                self.left -= 1
            return True

    def give_back(self) -> None:
        """One was not needed after all."""
        with self._lock:
            if self.left is not None:
                self.left += 1


@dataclass(frozen=True)
class Source:
    """An endpoint with its keys, and what is kept of it. `cancelled` is asked several times a second."""

    endpoint: Endpoint
    pool: Pool
    answers: Answers
    patience: Patience = PATIENCE
    cancelled: Callable[[], bool] = lambda: False
    # Of one call, whatever the definition allows.
    most_seconds: float = math.inf
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one call."""

    at_once: int = 8
    # After so many seconds nothing more is asked; what is on its way is waited for.
    seconds: float = 60.0
    # A longer pause than this ends the call instead.
    longest_wait: float = 20.0
    # So many keys are tried for one question.
    tries: int = 3


class Forms:
    """The form of answers to ask for, and the one to fall back to where the endpoint does not know it.

    Shared by calls and threads: what one learns holds for all.
    """

    def __init__(self, first: Form, fallback: Form | None = None) -> None:
        self.first, self.now, self._fallback = first, first, fallback

    def fall_back(self, tried: Form) -> bool:
        """Whether there is another form to ask for than the one that is not known."""
        if tried == self.first and self._fallback is not None:
            self.now = self._fallback
        return self.now != tried
