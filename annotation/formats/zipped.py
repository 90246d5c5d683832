"""Archives that are written in one go, without a copy anywhere, and can be taken up again at any of their members."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from annotation.formats.base import Mark, Piece

# The first day that an archive can tell: the same rows are the same bytes whenever they are written.
BEGINNING = (1980, 1, 1, 0, 0, 0)
# Unix, a plain file, rw-r--r--.
UNIX, MODE = 3, 0o100644 << 16

Member = tuple[str, Callable[[], Iterable[bytes]]]


class Pipe:
    """A file to write to, whose bytes are taken out as they come. It knows its place and cannot go back."""

    def __init__(self, place: int = 0) -> None:
        self.place = place
        self.closed = False
        self._blocks: list[bytes] = []

    def write(self, block: Any) -> int:
        self._blocks.append(bytes(block))
        self.place += len(self._blocks[-1])
        return len(self._blocks[-1])

    def tell(self) -> int:
        return self.place

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        """What came since the last time."""
        blocks, self._blocks = self._blocks, []
        return b"".join(blocks)


def zipped(members: Sequence[Member], marks: Sequence[Mark]) -> Iterator[Piece]:
    """An archive of these members, or what comes behind those that are marked. Marks remember what its directory says."""
    pipe = Pipe(marks[-1].note["end"] if marks else 0)
    # Not packed: what is inside is packed already. As deflated blocks, because readers of streams cannot tell where a
    # stored member ends whose length follows it.
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:
        archive.filelist.extend(_remembered(mark) for mark in marks)
        for place in range(len(marks), len(members)):
            name, blocks = members[place]
            info = _info(name)
            with archive.open(info, "w", force_zip64=True) as file:
                for block in blocks():
                    file.write(block)
                    if whole := pipe.taken():
                        yield whole
            yield pipe.taken()
            yield Mark(place + 1, _noted(info, pipe.place))
    yield pipe.taken()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, BEGINNING)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = UNIX, MODE
    return info


def _noted(info: zipfile.ZipInfo, end: int) -> dict[str, Any]:
    return {
        "name": info.filename,
        "at": info.header_offset,
        "crc": info.CRC,
        "size": info.file_size,
        "packed": info.compress_size,
        "flags": info.flag_bits,
        "end": end,
    }


def _remembered(mark: Mark) -> zipfile.ZipInfo:
    note = mark.note
    info = _info(note["name"])
    info.header_offset, info.CRC, info.flag_bits = note["at"], note["crc"], note["flags"]
    info.file_size, info.compress_size = note["size"], note["packed"]
    # As force_zip64 leaves them: the directory tells which release of the format is needed.
    info.create_version = info.extract_version = zipfile.ZIP64_VERSION
    return info
