"""The supervisor keeps programs running and stops them in order, whatever they do."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded.console import Console
from config.embedded.programs import EmbeddedError, Program
from config.embedded.supervisor import Component, StopRequested, Supervisor
from tests.config.processes import wait_for

SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor(Console(io.StringIO()))
    yield supervisor
    supervisor.stop_all()


def component(code: str, name: str = "web", *, ready: str = "", seconds: float = 5.0) -> Component:
    argv = (sys.executable, "-c", code)
    stop = ((signal.SIGTERM, seconds),)
    program = Program(name=name, argv=argv, cwd=Path("/"), is_ready=lambda: True, stop=stop)
    return Component(name, lambda: program)


def log(supervisor: Supervisor) -> str:
    assert isinstance(supervisor.console.stream, io.StringIO)
    return supervisor.console.stream.getvalue()


def heard(supervisor: Supervisor, text: str) -> None:
    supervisor.run_until(lambda: text in log(supervisor), seconds=20, what=text)


def test_component_that_dies_is_started_again(supervisor: Supervisor) -> None:
    web = component(SLEEP)
    supervisor.start(web)
    assert web.process
    first = web.process.pid
    os.kill(first, signal.SIGKILL)

    supervisor.run_until(lambda: web.process is not None and web.process.pid != first, seconds=20)

    assert "web was killed by SIGKILL; starting it again in 1 s" in log(supervisor)


def test_component_that_keeps_dying_is_given_longer_rests(supervisor: Supervisor) -> None:
    supervisor.start(component("raise SystemExit(3)"))

    heard(supervisor, "starting it again in 2 s")

    assert "web stopped with exit status 3; starting it again in 1 s" in log(supervisor)


def test_component_that_never_starts_is_given_up(supervisor: Supervisor) -> None:
    program = Program("web", (sys.executable, "-c", "raise SystemExit(3)"), Path("/"), is_ready=lambda: False)

    with pytest.raises(EmbeddedError, match="web cannot start"):
        supervisor.start(Component("web", lambda: program))


def test_children_of_a_killed_component_do_not_live_on(supervisor: Supervisor) -> None:
    web = component(
        "import subprocess, sys, time; "
        f"print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, 'born', flush=True); {SLEEP}"
    )
    supervisor.start(web)
    heard(supervisor, "born")
    child = int(log(supervisor).split("|")[1].split()[0])
    assert web.process
    os.kill(web.process.pid, signal.SIGKILL)

    heard(supervisor, "starting it again")

    wait_for(
        lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE,
        seconds=5,
    )


def test_lines_are_whole_and_say_where_they_come_from(supervisor: Supervisor) -> None:
    halves = "import sys, time; sys.stdout.write('one '); sys.stdout.flush(); time.sleep(.3); print('line')"
    supervisor.start(component(f"{halves}; {SLEEP}"))

    heard(supervisor, "line")

    assert "web      | one line\n" in log(supervisor)


def test_components_stop_in_the_reverse_order(supervisor: Supervisor) -> None:
    farewell = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit('bye')); print('up', flush=True); "
    for name in ("redis", "worker", "web"):
        supervisor.start(component(farewell + SLEEP, name))
        heard(supervisor, f"{name:<8} | up")

    supervisor.stop_all()

    assert [line.split()[0] for line in log(supervisor).splitlines() if "bye" in line] == [
        "web",
        "worker",
        "redis",
    ]


def test_component_that_writes_a_lot_while_it_stops_can_end(supervisor: Supervisor) -> None:
    chatty = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit('x' * 2**20)); print('up', flush=True); "
    web = component(chatty + SLEEP)
    supervisor.start(web)
    heard(supervisor, "up")

    process = web.process
    supervisor.stop_all()

    assert process
    assert process.returncode == 1


def test_component_that_ignores_its_signal_is_killed_when_its_time_is_up(supervisor: Supervisor) -> None:
    web = component(STUBBORN, seconds=0.5)
    supervisor.start(web)
    heard(supervisor, "deaf")

    process = web.process
    supervisor.stop_all()

    assert process
    assert process.returncode == -signal.SIGKILL


def test_second_interrupt_hurries(supervisor: Supervisor) -> None:
    with supervisor.signals():
        supervisor.start(component(STUBBORN, seconds=60))
        heard(supervisor, "deaf")
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(StopRequested):
            supervisor.watch()
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        before = time.monotonic()
        supervisor.stop_all()

    assert time.monotonic() - before < 30


def test_failed_step_names_its_command(supervisor: Supervisor) -> None:
    step = component("print('reason'); raise SystemExit(1)", "setup").prepare()

    with pytest.raises(EmbeddedError, match="SystemExit"):
        supervisor.run_to_end(step)
    assert "setup    | reason" in log(supervisor)


def test_noise_is_left_out_and_colour_is_for_terminals_only() -> None:
    console = Console(io.StringIO())
    console.leave_out("redis", "ready")
    console.feed("redis", b"ready to serve\nout of memory\n")

    assert isinstance(console.stream, io.StringIO)
    assert console.stream.getvalue() == "redis    | out of memory\n"
