"""Keep a set of programs running in the foreground; one thread, so that nothing happens behind its back."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.embedded.console import Console
from config.embedded.programs import EmbeddedError, Program, kill_group, spawn

_TICK_SECONDS = 0.1
_LONGEST_DELAY = 30.0
# At the first start a program that is wrong will not get right; later, it may be what it depends on.
_ATTEMPTS = 3
# A component that ran so long is taken to be well: the next failure starts with the shortest delay again.
_WELL_AFTER = 60.0


class StopRequested(Exception):
    """Ctrl-C or a signal: unwind to the place that stops everything."""


@dataclass
class Component:
    """One program under supervision. `prepare` clears away what a killed predecessor left and says how to run it."""

    name: str
    prepare: Callable[[], Program]
    program: Program | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float = 0.0


class Supervisor:
    """Starts components in order, restarts those that die, and stops them in the reverse order."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.components: list[Component] = []
        self._selector = selectors.DefaultSelector()
        self._stop_asked = 0

    @contextmanager
    def signals(self) -> Iterator[None]:
        """The first SIGINT, SIGTERM or SIGHUP stops in order, a second one hurries."""
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._ask_to_stop) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask_to_stop(self, *_: object) -> None:
        self._stop_asked += 1

    def start(self, component: Component, *, seconds: float = 60.0) -> None:
        """Start it and return when it is ready; raises EmbeddedError when that cannot be."""
        self.components.append(component)
        self._launch(component)
        self.run_until(lambda: self._is_ready(component), seconds=seconds, what=component.name)

    def run_to_end(self, *programs: Program) -> None:
        """Run steps of the set-up side by side; raises EmbeddedError when one fails."""
        running = [(self._spawn(program), program) for program in programs]
        try:
            self.run_until(lambda: not any(self._is_busy(process) for process, _ in running))
        finally:
            for process, _ in running:
                process.kill()
                process.wait()
        for process, program in running:
            if process.returncode:
                raise EmbeddedError(f"{' '.join(program.argv[1:])} failed; its output is above")

    def watch(self) -> None:
        """Keep everything running until asked to stop."""
        self.run_until(lambda: False)

    def stop_all(self) -> None:
        """Stop in the reverse order of start, whatever state they are in."""
        self._stop_asked = min(self._stop_asked, 1)
        for component in reversed(self.components):
            with contextlib.suppress(ProcessLookupError):
                self._stop(component)
        self._pass_logs_on()
        for key in list(self._selector.get_map().values()):
            self._close(key)

    def _is_ready(self, component: Component) -> bool:
        if component.failures >= _ATTEMPTS:
            raise EmbeddedError(f"{component.name} cannot start; its log is above")
        return (
            component.process is not None and component.program is not None and component.program.is_ready()
        )

    def _launch(self, component: Component) -> None:
        component.program = component.prepare()
        component.process = self._spawn(component.program)
        component.started_at = time.monotonic()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        self.console.leave_out(program.name, program.noise)
        process = spawn(program, subprocess.PIPE)
        assert process.stdout
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, (program.name, process))
        return process

    def _is_busy(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it runs, or output of it may still come."""
        unread = any(key.data[1] is process for key in self._selector.get_map().values())
        return process.poll() is None or unread

    def run_until(
        self, condition: Callable[[], bool], *, seconds: float = float("inf"), what: str = ""
    ) -> None:
        """Pass logs on and restart what died, until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._stop_asked:
                raise StopRequested
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{what} was not ready after {seconds:.0f} s")
            self._pass_logs_on()
            for component in self.components:
                self._revive(component)

    def _pass_logs_on(self) -> None:
        for key, _ in self._selector.select(_TICK_SECONDS):
            name, _process = key.data
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if data:
                self.console.feed(name, data)
            else:
                self._close(key)

    def _close(self, key: selectors.SelectorKey) -> None:
        self.console.close(key.data[0])
        self._selector.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr]

    def _revive(self, component: Component) -> None:
        if component.process is not None and component.process.poll() is not None:
            self._plan_restart(component, component.process)
        elif component.process is None and time.monotonic() >= component.restart_at:
            self._launch(component)

    def _plan_restart(self, component: Component, process: subprocess.Popen[bytes]) -> None:
        kill_group(process.pid)
        component.process = None
        well = time.monotonic() - component.started_at > _WELL_AFTER
        component.failures = 1 if well else component.failures + 1
        delay = min(2.0 ** (component.failures - 1), _LONGEST_DELAY)
        component.restart_at = time.monotonic() + delay
        self.console.say(
            f"{component.name} {_ending(process.returncode)}; starting it again in {delay:.0f} s"
        )

    def _stop(self, component: Component) -> None:
        process, program = component.process, component.program
        if process is None or program is None:
            return
        for number, seconds in (*program.stop, (signal.SIGKILL, 10.0)):
            if process.poll() is None:
                process.send_signal(number)
                self._drain(process, seconds)
        kill_group(process.pid)
        component.process = None

    def _drain(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Wait for its end, reading on: a process that cannot write its log cannot end."""
        asked = self._stop_asked
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            if self._stop_asked > asked:
                return  # another Ctrl-C: go on to the next, firmer signal
            self._pass_logs_on()


def _ending(status: int) -> str:
    return (
        f"was killed by {signal.Signals(-status).name}"
        if status < 0
        else f"stopped with exit status {status}"
    )
