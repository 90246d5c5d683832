"""Start and stop child processes so that none can outlive the process that started it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.embedded.accounts import Account

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child between fork and exec must not import or allocate more than it has to.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class EmbeddedError(RuntimeError):
    """A message for the operator: what is wrong and what to do."""


@dataclass(frozen=True)
class Program:
    """One long-running child process; `stop` lists signals from polite to firm, each with the seconds it is given."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    is_ready: Callable[[], bool]
    account: Account | None = None
    environment: dict[str, str] = field(default_factory=dict)
    stop: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    orphan_signal: signal.Signals = signal.SIGTERM
    # A regular expression for lines of an uneventful start and stop, left out where people read along.
    noise: str = r"(?!)"


def spawn(program: Program, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start it in a process group of its own, so that Ctrl-C on the terminal reaches only the one who starts it."""
    account = program.account
    return subprocess.Popen(
        program.argv,
        cwd=program.cwd,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_bind_to(os.getpid(), program.orphan_signal),
    )


def die_with_parent(wanted: signal.Signals) -> None:
    """Have the kernel send this process `wanted` when its parent ends in any way, SIGKILL included (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(wanted))


def _bind_to(parent: int, wanted: signal.Signals) -> Callable[[], None]:
    def in_child() -> None:
        # The kernel forgets the wish when the user id changes; Popen runs this after it changed it.
        die_with_parent(wanted)
        if os.getppid() != parent:  # the parent died before the wish was made
            os._exit(1)

    return in_child


def stop(process: subprocess.Popen[bytes], program: Program) -> None:
    """Signal with growing firmness until it is gone, then clear what it left in its process group."""
    for wanted, seconds in (*program.stop, (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            break
        process.send_signal(wanted)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill children that a leader left behind, such as pool processes of a killed worker."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def wait_ready(process: subprocess.Popen[bytes], program: Program, *, seconds: float = 60.0) -> None:
    """Raise EmbeddedError when it exits or is not ready in time."""
    deadline = time.monotonic() + seconds
    while not program.is_ready():
        if process.poll() is not None:
            raise EmbeddedError(f"{program.name} stopped at start with exit status {process.returncode}")
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{program.name} was not ready after {seconds:.0f} s")
        time.sleep(0.02)
