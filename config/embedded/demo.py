"""Everything on this machine under one supervisor: services, set-up, web, worker and beat."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.embedded import postgres, redis
from config.embedded.addresses import database_url, redis_url
from config.embedded.console import Console
from config.embedded.orphans import MARK, end_marked
from config.embedded.paths import sole_use
from config.embedded.preparation import COLLECT, LOAD, MIGRATE, Preparation, Step
from config.embedded.programs import EmbeddedError, Program
from config.embedded.services import remove_runtime_dir
from config.embedded.supervisor import Component, StopRequested, Supervisor

_ROOT = Path(__file__).resolve().parent.parent.parent
_SIGN_INS = ("admin", "manager", "adjudicator", "annotator1", "annotator2", "annotator3", "engineer")


@dataclass(frozen=True)
class Demo:
    """What one run needs to know."""

    data_dir: Path
    port: int
    console: Console
    projects: bool

    @property
    def environment(self) -> dict[str, str]:
        return {
            "QUERENT_DEMO": "1",
            "QUERENT_DATA_DIR": str(self.data_dir),
            "DATABASE_URL": os.environ.get("DATABASE_URL") or database_url(self.data_dir),
            "REDIS_URL": os.environ.get("REDIS_URL") or redis_url(self.data_dir),
            "PYTHONUNBUFFERED": "1",
            MARK: str(self.data_dir),
            "GRANIAN_BLOCKING_THREADS": os.environ.get("GRANIAN_BLOCKING_THREADS") or "4",
        }

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def run(data_dir: Path, port: int, *, projects: bool = True) -> None:
    """Serve until Ctrl-C; raises EmbeddedError with a message for the operator when that is impossible."""
    demo = Demo(data_dir.resolve(), port, Console(), projects)
    supervisor = Supervisor(demo.console)
    with sole_use(demo.data_dir), supervisor.signals():
        if count := end_marked(demo.data_dir):
            demo.console.say(f"ended {count} processes that a killed run left behind")
        _refuse_busy_port(port)
        started = time.monotonic()
        try:
            _start(demo, supervisor)
            _greet(demo, time.monotonic() - started)
            supervisor.watch()
        except StopRequested:
            demo.console.say("stopping; Ctrl-C again to hurry")
        finally:
            supervisor.stop_all()
            remove_runtime_dir(demo.data_dir)
        demo.console.say("stopped")


def _start(demo: Demo, supervisor: Supervisor) -> None:
    preparation = Preparation(demo.data_dir / "prepared")
    if _start_services(demo, supervisor):
        preparation.forget()
    _prepare(demo, supervisor, preparation, MIGRATE)
    _prepare(demo, supervisor, preparation, COLLECT, *([LOAD] if demo.projects else []))
    _empty(demo.data_dir / "metrics")
    demo.console.say("starting web, workers and beat ...")
    for component in _components(demo):
        supervisor.start(component)


def _prepare(demo: Demo, supervisor: Supervisor, preparation: Preparation, *steps: Step) -> None:
    """Do those that are needed, all at once: they do not depend on each other."""
    needed = [step for step in steps if preparation.needs(step)]
    for step in needed:
        demo.console.say(f"{step.what} ...")
    supervisor.run_to_end(*(_manage(demo, step.command) for step in needed))
    for step in needed:
        preparation.note(step)


def _start_services(demo: Demo, supervisor: Supervisor) -> bool:
    """Start what the environment does not point to; returns whether the database may lack anything."""
    fresh = bool(os.environ.get("DATABASE_URL")) or postgres.is_new(demo.data_dir)
    if not os.environ.get("DATABASE_URL"):
        demo.console.say("creating the database ..." if fresh else "starting PostgreSQL ...")
        supervisor.start(Component("postgres", lambda: postgres.prepare(demo.data_dir)))
    if not os.environ.get("REDIS_URL"):
        demo.console.say("starting Redis ...")
        supervisor.start(Component("redis", lambda: redis.prepare(demo.data_dir)))
    return fresh


def _components(demo: Demo) -> list[Component]:
    celery = ("celery", "--quiet", "--skip-checks", "-A", "config")
    # Two: what comes gets its votes while an import takes long.
    worker = _worker(demo, "worker", (*celery, "worker", "-Q", "default,votes", "-c", "2"))
    # Apart, so that imports, the consensus and votes on what comes never wait for a model that learns.
    learner = _worker(
        demo, "learner", (*celery, "worker", "-Q", "scoring,training", "-c", "2", "-n", "learner@%h")
    )
    beat = _python(demo, "beat", (*celery, "beat"), stop=((signal.SIGTERM, 5.0),))
    web = _python(
        demo,
        "web",
        (
            *("granian", "--interface", "wsgi", "config.wsgi:application", "--host", "127.0.0.1"),
            *(
                "--port",
                str(demo.port),
                "--workers",
                "1",
                "--respawn-failed-workers",
                "--workers-kill-timeout",
                "5",
            ),
            *("--no-ws", "--log-level", "warning"),
        ),
        stop=((signal.SIGTERM, 8.0),),
        is_ready=lambda: _answers(demo.port),
    )
    # Stopped in the reverse order: web, beat, then those who work.
    programs = (worker, learner, beat, web)
    return [Component(program.name, lambda program=program: program) for program in programs]  # type: ignore[misc]


def _worker(demo: Demo, name: str, command: tuple[str, ...]) -> Program:
    return _python(
        demo,
        name,
        (*command, "--without-gossip", "--without-mingle"),
        # Warm shutdown lets running tasks end, cold shutdown gives them back.
        stop=((signal.SIGTERM, 20.0), (signal.SIGQUIT, 5.0)),
        # It would wait for a broker that went away with the supervisor.
        orphan_signal=signal.SIGKILL,
    )


def _python(
    demo: Demo,
    name: str,
    module: tuple[str, ...],
    *,
    stop: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),),
    orphan_signal: signal.Signals = signal.SIGTERM,
    is_ready: Callable[[], bool] = lambda: True,
) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", *module),
        cwd=_ROOT,
        environment=demo.environment,
        stop=stop,
        orphan_signal=orphan_signal,
        is_ready=is_ready,
    )


def _manage(demo: Demo, command: tuple[str, ...]) -> Program:
    return Program(
        name="setup",
        argv=(sys.executable, str(_ROOT / "manage.py"), *command),
        cwd=_ROOT,
        environment=demo.environment,
        is_ready=lambda: True,
    )


def _greet(demo: Demo, seconds: float) -> None:
    demo.console.say(
        f"""
Querent is ready after {seconds:.1f} s: {demo.address}

  sign in as   {", ".join(_SIGN_INS)}
  password     querent-demo

Data is kept in {demo.data_dir}. Ctrl-C stops everything.
"""
    )


def _refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EmbeddedError(
                f"Port {port} is in use ({error.strerror}). Choose another one: PORT=8001 make demo"
            ) from None


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _empty(folder: Path) -> None:
    """Forget the figures of processes of earlier runs."""
    for path in folder.glob("*.db"):
        path.unlink(missing_ok=True)
