"""How long tasks take in a worker, and how they end."""

from __future__ import annotations

import time
from typing import Any

from celery import signals

from config.metrics import TASK_SECONDS

_started: dict[str, float] = {}


def connect() -> None:
    """Measure every task of this worker; before its pool forks."""
    signals.task_prerun.connect(_begin, weak=False)
    signals.task_postrun.connect(_end, weak=False)


def _begin(task_id: str, **_: Any) -> None:
    _started[task_id] = time.perf_counter()


def _end(task_id: str, task: Any, state: str | None, **_: Any) -> None:
    if started := _started.pop(task_id, None):
        TASK_SECONDS.labels(task.name, (state or "unknown").lower()).observe(time.perf_counter() - started)
