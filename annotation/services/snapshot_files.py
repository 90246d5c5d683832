"""The file of a snapshot in any format: as a whole, or from any byte on, converted as it is sent.

Conversion makes the same bytes each time. What is remembered of a format that was once written as a whole, its length and
where it can be taken up, is therefore all that it takes to send the end of it without making the beginning.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import Error as DatabaseError

from annotation.errors import Fault, FileGone, FormatMissing, InvalidInput, NotReady
from annotation.formats.base import Format, Mark
from annotation.formats.json_lines import JSONL
from annotation.formats.parquet import PARQUET
from annotation.formats.registry import FORMATS
from annotation.models import Snapshot
from annotation.models.snapshot import SnapshotFormat
from annotation.services import stored
from annotation.services.locks import waited_for

if TYPE_CHECKING:
    from annotation.formats.master import Master

log = logging.getLogger(__name__)
BLOCK = 256 * 1024
State = Snapshot.State

Blocks = Generator[bytes, None, None]
# Marks, each with the place of it in the output.
Placed = list[tuple[int, Mark]]


@dataclass(frozen=True, slots=True)
class Length:
    """How long a format is, and where it can be taken up."""

    size: int
    marks: Placed


class BrokenOff(Exception):
    """What was converted is not what was converted before, or the file is shorter than it was."""


def format_named(name: str) -> Format:
    """Raises InvalidInput for an unknown format, and FormatMissing for one that this installation cannot write."""
    form = FORMATS.get(name)
    if form is None:
        message = f"There is no format “{name[:40]}”; there are {', '.join(FORMATS)}."
        raise InvalidInput(message, faults=[Fault(("format",), message)])
    if not form.is_there:
        raise FormatMissing(
            f"{form.title} needs a package that is not installed on this server: "
            f"`pip install 'querent[{form.packages[0]}]'` there, and restart its web processes."
        )
    return form


def check_made(snapshot: Snapshot) -> None:
    """Raises NotReady for a snapshot that has no file."""
    if snapshot.state == State.DONE:
        return
    how = {
        State.FAILED: f"failed: {snapshot.error} Try it again, or make another one.",
        State.CANCELLED: "was cancelled. Try it again, or make another one.",
    }
    said = how.get(State(snapshot.state), "is not made yet; look at it again in a moment.")
    raise NotReady(f"Snapshot {snapshot.number} {said}")


def etag(snapshot: Snapshot, form: Format) -> str:
    """Equal for equal bytes alone. The same rows may have been kept in another file by another release, hence the snapshot."""
    return f'"{snapshot.sha256[:32]}-{snapshot.pk}-{form.name}-{form.version}"'


def known_length(snapshot: Snapshot, form: Format) -> Length | None:
    """None where the format was never written as a whole, or by other releases of what writes it."""
    if form.write is None:
        return Length(snapshot.size, [])
    if form.name == JSONL.name and (told := snapshot.manifest.get(form.name)):
        # These were written when the snapshot was made, for its hash.
        return Length(told["size"], [(at, Mark(group)) for group, at in enumerate(told["begins"])])
    found = SnapshotFormat.objects.filter(snapshot=snapshot, format=form.name).first()
    return _kept(found, form) if found else None


def known_sizes(snapshot: Snapshot) -> dict[str, int]:
    """The length of each format that is known, by its name."""
    kept = {found.format: _kept(found, FORMATS[found.format]) for found in snapshot.formats.all()}
    cheap = {form.name: known_length(snapshot, form) for form in (JSONL, PARQUET)}
    return {name: found.size for name, found in {**kept, **cheap}.items() if found}


def _kept(found: SnapshotFormat, form: Format) -> Length | None:
    if not form.is_there or found.begins.get("version") != form.version:
        return None
    return Length(found.size, [(at, Mark(place, note)) for at, place, note in found.begins["marks"]])


def length(snapshot: Snapshot, form: Format) -> Length:
    """Found by converting once for nothing, where it is not known."""
    found = known_length(snapshot, form)
    if found is not None:
        return found
    # A client that fetches several parts at once asks for all of them at once.
    with waited_for(f"length of {form.name}", snapshot.pk):
        found = known_length(snapshot, form)
        if found is None:
            for _ in blocks(snapshot, form):
                pass
            found = known_length(snapshot, form)
    if found is None:
        raise stored.StorageFault("How long the file is could not be kept. Try again in a moment.")
    return found


def remember(snapshot: Snapshot, form: Format, size: int, marks: Placed) -> None:
    """Keep what lets the format be taken up."""
    begins = {"version": form.version, "marks": [[at, mark.place, mark.note] for at, mark in marks]}
    SnapshotFormat.objects.update_or_create(
        snapshot=snapshot, format=form.name, defaults={"size": size, "begins": begins}
    )


def blocks(snapshot: Snapshot, form: Format, first: int = 0, end: int | None = None) -> Blocks:
    """The bytes from `first` up to `end`. Closing the generator closes the file.

    The first block raises FileGone or StorageFault where nothing can be read; later ones raise whatever happens.
    """
    if form.write is None:
        return _stored(snapshot, first, snapshot.size if end is None else end)
    return _converted(snapshot, form, first, end)


def _stored(snapshot: Snapshot, first: int, end: int) -> Blocks:
    with _opened(snapshot) as file:
        file.seek(first)
        left = end - first
        while left > 0:
            with stored.reached(str(snapshot.file.name)):
                block = file.read(min(BLOCK, left))
            if not block:
                raise BrokenOff(f"{snapshot.file.name} has {end - left} bytes instead of {snapshot.size}")
            left -= len(block)
            yield block


def _converted(snapshot: Snapshot, form: Format, first: int, end: int | None) -> Blocks:
    known = known_length(snapshot, form)
    passed = [one for one in known.marks if one[0] <= first] if known else []
    place = passed[-1][0] if passed else 0
    marks: Placed = []
    with _master(snapshot) as master, closing(_pieces(form, master, snapshot, passed)) as pieces:
        for piece in pieces:
            if isinstance(piece, Mark):
                marks.append((place, piece))
                continue
            place += len(piece)
            if place > first:
                yield from _cut(piece, place - len(piece), first, end)
            if end is not None and place >= end:
                return
    if known is not None and place != known.size:
        raise BrokenOff(f"{form.name} of snapshot {snapshot.pk} has {place} bytes instead of {known.size}")
    if known is None and end is None:
        _try_to_remember(snapshot, form, place, marks)


def _pieces(form: Format, master: Master, snapshot: Snapshot, passed: Placed) -> Generator[Any, None, None]:
    assert form.write is not None
    yield from form.write(master, snapshot.manifest, [mark for _, mark in passed])


def _cut(piece: bytes, at: int, first: int, end: int | None) -> Iterator[bytes]:
    """What of a piece lies between, in blocks: a server holds one of them for each client."""
    start = max(first - at, 0)
    stop = len(piece) if end is None else min(end - at, len(piece))
    for place in range(start, stop, BLOCK):
        yield piece[place : min(place + BLOCK, stop)]


def _try_to_remember(snapshot: Snapshot, form: Format, size: int, marks: Placed) -> None:
    try:
        remember(snapshot, form, size, marks)
    except DatabaseError:
        # Everything was sent, which must not look as if it had broken off.
        log.exception("the length of %s of snapshot %s was not kept", form.name, snapshot.pk)


@contextmanager
def _master(snapshot: Snapshot) -> Iterator[Master]:
    # Here and not above: only who downloads needs Arrow.
    import pyarrow as pa

    from annotation.formats.master import Master

    with _opened(snapshot) as file:
        try:
            # Some kinds of storage find out only here that a file is not there.
            with stored.reached(str(snapshot.file.name)):
                master = Master(file)
        except stored.StorageFault as error:
            if isinstance(error.__cause__, pa.ArrowInvalid):
                raise _gone(snapshot, "is damaged") from error
            raise
        with closing(master):
            yield master


@contextmanager
def _opened(snapshot: Snapshot) -> Iterator[Any]:
    name = str(snapshot.file.name)
    try:
        with stored.reached(name):
            file = snapshot.file.storage.open(name, "rb")
    except stored.FileLost as error:
        raise _gone(snapshot, "is no longer in the storage") from error
    with closing(file):
        yield file


def _gone(snapshot: Snapshot, how: str) -> FileGone:
    return FileGone(
        f"The file of snapshot {snapshot.number} {how}. Restore it from a backup, or make another snapshot: "
        "from the same answers it has the same SHA-256."
    )
