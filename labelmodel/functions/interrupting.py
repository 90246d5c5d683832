"""Stopping Python code that does not come to an end."""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A little later than the deadline that the code itself may look at.
_GRACE_SECONDS = 0.25


class TooLong(BaseException):
    """Raised inside code that ran beyond its deadline; no “except Exception” catches it."""


@contextmanager
def interrupted_at(deadline: float) -> Iterator[None]:
    """Raise TooLong in this thread soon after the deadline, of time.monotonic().

    It arrives between two steps of Python code: a call into C, such as sleep, is not cut short.
    """
    if math.isinf(deadline):
        yield
        return
    guard, thread = _Guard(), threading.get_ident()
    timer = threading.Timer(max(deadline - time.monotonic(), 0.0) + _GRACE_SECONDS, guard.fire, (thread,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        guard.end(thread)


class _Guard:
    """Fires once, and never after its end: the lock keeps the timer from raising in code that comes later."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.over = False

    def fire(self, thread: int) -> None:
        with self.lock:
            if not self.over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TooLong))

    def end(self, thread: int) -> None:
        with self.lock:
            self.over = True
            # What was raised but has not arrived yet is taken back.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
