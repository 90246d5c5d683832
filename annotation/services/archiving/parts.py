"""The file itself: a zip of CSV tables, the files that rows show, and a manifest that says what is in it.

A reader trusts nothing: it opens parts only by the names that it expects, reads no more of them than it was told to, and
compares what it read with the manifest. Nothing is ever unpacked to a path.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

from annotation.errors import InvalidInput

KIND = "querent project"
# Files of this or a lower version can be read. Columns and tables may come and go without a new one.
VERSION = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 8 * 2**20
BLOCK = 256 * 1024
# All parts get the same date, so that equal content makes equal parts.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class BadFile(InvalidInput):
    """The file is not a project's, or is damaged; the message says where and what."""

    code = "bad_project_file"


@dataclass(frozen=True, slots=True)
class Written:
    """How long a part is unpacked, and its SHA-256."""

    size: int
    sha256: str


class Writer:
    """Writes part after part; `close` puts the manifest behind them."""

    def __init__(self, target: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(target, "w", allowZip64=True)

    def part(self, name: str, blocks: Iterable[bytes], *, packed: bool = True) -> Written:
        about = zipfile.ZipInfo(name, _EPOCH)
        about.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        about._compresslevel = 1  # type: ignore[attr-defined]
        digest, size = hashlib.sha256(), 0
        with self._zip.open(about, "w", force_zip64=True) as part:
            for block in blocks:
                digest.update(block)
                size += len(block)
                part.write(block)
        return Written(size, digest.hexdigest())

    def close(self, manifest: dict[str, Any]) -> None:
        body = orjson.dumps({"kind": KIND, "version": VERSION, **manifest}, option=orjson.OPT_INDENT_2)
        self.part(MANIFEST, [body])
        self._zip.close()


class Reader:
    """A project's file that was opened for reading. Raises BadFile wherever it is not what it says."""

    def __init__(self, source: IO[bytes], most_bytes: int) -> None:
        try:
            self._zip = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise BadFile(
                "This is not a project's file, or its end is missing: it is no whole zip archive."
            ) from error
        self._parts = {part.filename: part for part in self._zip.infolist()}
        if len(self._parts) != len(self._zip.infolist()):
            raise BadFile("Two parts of the file have the same name.")
        unpacked = sum(part.file_size for part in self._parts.values())
        if unpacked > most_bytes:
            raise BadFile(
                f"The file would unpack to {unpacked / 2**20:,.0f} MB; at most {most_bytes / 2**20:,.0f} MB are taken "
                "(MAX_RESTORE_MB)."
            )
        self.manifest = self._manifest()

    def _manifest(self) -> dict[str, Any]:
        if MANIFEST not in self._parts:
            raise BadFile(f"This is not a project's file: it has no {MANIFEST}.")
        try:
            found = orjson.loads(b"".join(self.blocks(MANIFEST, LARGEST_MANIFEST)))
        except orjson.JSONDecodeError as error:
            raise BadFile(f"{MANIFEST} is not JSON: {error}.") from error
        if not isinstance(found, dict) or found.get("kind") != KIND:
            raise BadFile(f"This is not a project's file: {MANIFEST} does not say so.")
        if type(found.get("version")) is not int or found["version"] > VERSION:
            raise BadFile(
                f"The file is of version {found.get('version')}, made by Querent {found.get('software')}; this one reads up to "
                f"version {VERSION}. Update it first."
            )
        return found

    def size(self, name: str) -> int:
        if name not in self._parts:
            raise BadFile(f"{name} is missing from the file.")
        return self._parts[name].file_size

    def blocks(self, name: str, most_bytes: int | None = None) -> Iterator[bytes]:
        """What is in a part, never more than it announces; its checksum is compared at its end."""
        announced = self.size(name)
        if most_bytes is not None and announced > most_bytes:
            raise BadFile(f"{name} is larger than {most_bytes / 2**20:,.0f} MB.")
        about = self._parts[name]
        if about.flag_bits & 0x1 or about.compress_type not in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED}:
            raise BadFile(f"{name} is packed in a way that is not read here.")
        try:
            with self._zip.open(about) as part:
                while block := part.read(BLOCK):
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise BadFile(f"{name} is damaged: {error or type(error).__name__}.") from error

    def checked(self, name: str, written: Written) -> Iterator[bytes]:
        """The blocks of a part, compared at their end with what the manifest says of it."""
        digest, size = hashlib.sha256(), 0
        for block in self.blocks(name):
            digest.update(block)
            size += len(block)
            yield block
        if (size, digest.hexdigest()) != (written.size, written.sha256):
            raise BadFile(f"{name} is not what the manifest says: its size or SHA-256 differs.")
