"""Log lines of several processes on one terminal: each with the name of where it comes from, in its colour."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

_COLOURS = {
    "querent": 36,
    "setup": 36,
    "web": 32,
    "worker": 35,
    "learner": 35,
    "beat": 34,
    "postgres": 33,
    "redis": 31,
}
_WIDTH = max(map(len, _COLOURS))


class Console:
    """Writes whole lines only, so that two processes never share one."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.coloured = self.stream.isatty() and not os.environ.get("NO_COLOR")
        self._open_lines: dict[str, bytes] = {}
        self._noise: dict[str, re.Pattern[str]] = {}

    def leave_out(self, name: str, noise: str) -> None:
        """Show no line of this process that begins like this."""
        self._noise[name] = re.compile(noise)

    def say(self, text: str) -> None:
        for line in text.splitlines() or [""]:
            self._write("querent", line)

    def feed(self, name: str, data: bytes) -> None:
        """Take output of a process as it arrives, cut anywhere."""
        *lines, rest = (self._open_lines.get(name, b"") + data).split(b"\n")
        self._open_lines[name] = rest
        for line in lines:
            self._write(name, line.decode(errors="replace").rstrip("\r"))

    def close(self, name: str) -> None:
        """The process has ended: show what it left without a line end."""
        if rest := self._open_lines.pop(name, b""):
            self._write(name, rest.decode(errors="replace"))

    def _write(self, name: str, line: str) -> None:
        if name in self._noise and self._noise[name].match(line):
            return
        prefix = f"{name:<{_WIDTH}} |"
        if self.coloured:
            prefix = f"\x1b[{_COLOURS.get(name, 37)}m{prefix}\x1b[0m"
        try:
            self.stream.write(f"{prefix} {line}\n")
            self.stream.flush()
        except (BrokenPipeError, ValueError):
            # Whoever read this has gone; that is no reason to take the services down.
            self.stream = open(os.devnull, "w")  # noqa: SIM115, PTH123 - lives as long as the process
