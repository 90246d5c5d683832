"""A zip of images: each becomes one row, {"image": Picture}."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from annotation.importing.pictures import PictureFault, inspect
from annotation.importing.records import FileFault, Layout, Limits, MiB, Record, Refused, Source

FIELD = "image"
_MOST_TIMES_SMALLER = 200
_DIRECTORY_BYTES = 64 * MiB
# What file managers leave in archives.
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each image of the archive, in its order. Raises FileFault for an archive that is not safe to unpack."""
    try:
        check_directory(source)
        with zipfile.ZipFile(source.file) as archive:
            entries = [entry for entry in archive.infolist() if not _is_litter(entry)]
            check_sizes(entries, limits)
            for place, entry in enumerate(entries, 1):
                yield _picture(archive, entry, limits)
                source.done = source.size * place // len(entries)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise FileFault(
            f"The zip file cannot be read ({error}): it is cut off or damaged. Pack it again."
        ) from error


def check_directory(source: Source) -> None:
    """Refuse a table of contents that would fill the memory before its entries can be counted."""
    file = source.file
    file.seek(max(source.size - 66_000, 0))
    tail = file.read(66_000)
    file.seek(0)
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) < place + 22:
        raise FileFault("The zip file has no end: it is cut off, or it is no zip file. Pack it again.")
    (size,) = struct.unpack_from("<I", tail, place + 12)
    large = tail.rfind(b"PK\6\6", 0, place)
    if large >= 0 and len(tail) >= large + 56:
        size = max(size % 0xFFFFFFFF, struct.unpack_from("<Q", tail, large + 40)[0])
    if size > _DIRECTORY_BYTES:
        raise FileFault("The zip file names too many files. Split it into several.")


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    return entry.is_dir() or entry.filename.startswith(_LITTER[0]) or entry.filename.endswith(_LITTER[1:])


def check_sizes(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse an archive that is empty, or would fill the disk."""
    if not entries:
        raise FileFault("The zip file holds no files.")
    if len(entries) > limits.archive_files:
        raise FileFault(
            f"The zip file holds {len(entries):,} files; at most {limits.archive_files:,} are read. Split it."
        )
    packed, unpacked = (
        sum(getattr(entry, name) for entry in entries) for name in ("compress_size", "file_size")
    )
    if unpacked > limits.archive_bytes:
        raise FileFault(f"Unpacked, the zip file has {unpacked / MiB:,.0f} MB; that is too much. Split it.")
    if unpacked > 100 * MiB and unpacked > _MOST_TIMES_SMALLER * max(packed, 1):
        raise FileFault(
            f"The zip file unpacks to {unpacked // max(packed, 1):,} times its size, which no images do. It is not read."
        )


def _picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> Record:
    name = entry.filename
    if fault := fault_of_name(entry):
        return Refused(f"{_shown(name)}: {fault}", FIELD)
    try:
        with archive.open(entry) as file:
            data = file.read(limits.picture_bytes + 1)
        return {FIELD: inspect(name, data, limits)}
    except PictureFault as fault:
        return Refused(f"{_shown(name)}: {fault}", FIELD)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        return Refused(f"{_shown(name)}: cannot be unpacked ({error}).", FIELD)


def fault_of_name(entry: zipfile.ZipInfo) -> str:
    """Why a file of an archive is not unpacked, by its name and kind; nothing where it is."""
    name = entry.orig_filename
    path = PurePosixPath(name)
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link to another file. Pack the file itself."
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
        return "its path leads out of the archive. Pack the files again with relative paths."
    if entry.flag_bits & 0x1:
        return "is encrypted. Pack it without a password."
    if len(name) > 200 or not name.isprintable():
        return "its name is longer than 200 characters or has unprintable ones. Rename it."
    if name.lower().endswith((".zip", ".tar", ".gz", ".7z", ".rar")):
        return "is an archive inside the archive. Unpack it first."
    return ""


def _shown(name: str) -> str:
    return repr(name[:100])
