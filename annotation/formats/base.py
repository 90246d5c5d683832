"""What a format is: one record of functions, all pure, that write bytes out of a master; the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from annotation.formats.layout import Layout
from annotation.formats.master import Master


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between two blocks from which the rest can be written without what lies before it."""

    # Which one, as the format counts: the row group that follows, or the member of an archive.
    place: int
    # What must be remembered of what lies before; JSON.
    note: Any = None


Piece = bytes | Mark
Manifest = Mapping[str, Any]
# (master, manifest, marks): blocks, and between them the marks. With marks, which are the first ones of an earlier time,
# what is written begins at the last of them.
Write = Callable[[Master, Manifest, Sequence[Mark]], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Format:
    """Each format is one module that makes one of these."""

    name: str
    title: str
    about: str
    # Of the file's name.
    ending: str
    content_type: str
    # What of these rows it cannot carry, in sentences.
    lacking: Callable[[Layout], list[str]]
    # None: the master itself.
    write: Write | None
    # Counted up whenever the same master makes other bytes.
    edition: int = 1
    # Packages whose releases may make other bytes; the first is what it cannot do without.
    packages: tuple[str, ...] = ()
    # What ends a file that broke off, so that nobody takes half of it for the whole.
    broken: bytes = b""

    @property
    def is_there(self) -> bool:
        """Whether the package that it needs is installed."""
        return not self.packages or find_spec(self.packages[0]) is not None

    @property
    def version(self) -> str:
        """Two writings under the same version are the same bytes."""
        return "-".join([str(self.edition), *(f"{name}{version(name)}" for name in self.packages)])


def carries_all(layout: Layout) -> list[str]:
    """For formats that lack nothing."""
    return []


def first_group(marks: Sequence[Mark]) -> int:
    """Where a format goes on that marks row groups."""
    return marks[-1].place if marks else 0
