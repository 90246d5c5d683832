"""What has to be done before the first start, and again when what it depends on has changed."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent
_PACKAGES = ("config", "active", "labelmodel", "annotation")


@dataclass(frozen=True)
class Step:
    """One management command; `sources` are the files and folders whose change makes it necessary again."""

    what: str
    command: tuple[str, ...]
    sources: tuple[str, ...]


MIGRATE = Step(
    "updating the database",
    ("migrate", "--verbosity", "0"),
    ("constraints.txt", *(f"{package}/migrations" for package in _PACKAGES)),
)
COLLECT = Step(
    "collecting and compressing static files",
    # Redoc's pages and REST framework's browsable ones are not served; compressing them would take most of the time.
    ("collectstatic", "--noinput", "--verbosity", "0", "--ignore", "redoc", "--ignore", "rest_framework"),
    ("constraints.txt", "static", "config/settings.py", "config/storage.py"),
)
LOAD = Step("loading the demo projects", ("load_demo",), ("constraints.txt", *_PACKAGES))


class Preparation:
    """Remembers in a file which steps were done with which sources."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._done = _read(file)

    def forget(self) -> None:
        """The database is new, or may be another one: everything has to be done."""
        self._done = {}
        self._file.unlink(missing_ok=True)

    def needs(self, step: Step) -> bool:
        return self._done.get(step.command[0]) != _fingerprint(step.sources)

    def note(self, step: Step) -> None:
        self._done[step.command[0]] = _fingerprint(step.sources)
        self._file.write_text(json.dumps(self._done, indent=1))


def _read(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text()))
    except (FileNotFoundError, ValueError):  # none yet, or cut off by a kill
        return {}


def _fingerprint(sources: tuple[str, ...]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(_files(sources)):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files(sources: tuple[str, ...]) -> Iterator[Path]:
    for source in sources:
        path = _ROOT / source
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and file.suffix != ".pyc")
