"""Both services for the length of a block: what tests and benchmarks use."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.embedded import postgres, redis
from config.embedded.addresses import addresses, runtime_dir
from config.embedded.paths import sole_use
from config.embedded.programs import EmbeddedError, Program, spawn, stop, wait_ready


@contextmanager
def services(data_dir: Path, *, durable: bool = True) -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Redis on this directory; yields the environment variables that lead to them.

    Must be entered by the thread that outlives the block: the services end when the thread that started them does.
    """
    data_dir = data_dir.resolve()
    with ExitStack() as stack:
        stack.enter_context(sole_use(data_dir))
        stack.callback(remove_runtime_dir, data_dir)
        programs = [postgres.prepare(data_dir, durable=durable), redis.prepare(data_dir, durable=durable)]
        for program in programs:
            stack.enter_context(running(program, data_dir / "log"))
        yield addresses(data_dir)


@contextmanager
def running(program: Program, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one program for the length of a block, ready when the block begins; its output goes to a file."""
    logs.mkdir(exist_ok=True)
    path = logs / f"{program.name}.log"
    with path.open("ab") as file:
        process = spawn(program, file)
    try:
        wait_ready(process, program)
        yield process
    except EmbeddedError as error:
        raise EmbeddedError(f"{error}. Its log ({path}) ends:\n{_tail(path)}") from None
    finally:
        stop(process, program)


def remove_runtime_dir(data_dir: Path) -> None:
    """Remove the sockets' directory, so that a stopped run leaves nothing but its data."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(runtime_dir(data_dir))


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-20:])
