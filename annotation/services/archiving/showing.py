"""The files of a project's file into storage, each checked for being what its row says."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.importing.pictures import ENDINGS_BY_TYPE, PictureFault, inspect
from annotation.models import Media, Snapshot
from annotation.services.archiving.parts import BadFile, Reader, Written
from annotation.services.archiving.writing import FILES
from annotation.services.import_options import limits
from annotation.services.media import fault_of_name

_PART = re.compile(r"files/annotation\.(media|snapshot)/([1-9][0-9]{0,11})")
_PARQUET = b"PAR1"
LONGEST_LIST = 2**30


class Shown:
    """Saves files one after the other; `saved` names those that are there if it all comes to nothing."""

    def __init__(self, reader: Reader, offsets: dict[Any, int], beat: Callable[[], None]) -> None:
        self._reader, self._offsets, self._beat = reader, offsets, beat
        self.saved: list[str] = []

    def keep(self, listed: Written) -> None:
        seen = set()
        for part, written in _listed(self._reader.checked(FILES, listed)):
            self._beat()
            found = _PART.fullmatch(part)
            if found is None or part in seen:
                raise BadFile(f"{FILES} lists {part[:80]!r}, which is no file of a row, or is there twice.")
            seen.add(part)
            model = Media if found[1] == "media" else Snapshot
            row = model.objects.filter(pk=int(found[2]) + self._offsets.get(model, 0)).first()
            if row is None or int(found[2]) < 1:
                raise BadFile(f"{part}: there is no row that it belongs to.")
            self._keep(row, part, written)

    def _keep(self, row: Media | Snapshot, part: str, written: Written) -> None:
        name = self._picture(row, part, written) if isinstance(row, Media) else self._snapshot(part, written)
        type(row).objects.filter(pk=row.pk).update(file=name)

    def _picture(self, row: Media, part: str, written: Written) -> str:
        """Only what is an image of the kind that the row says; whatever else is in it would be served to members."""
        if written.size > settings.MAX_MEDIA_MB * 2**20:
            raise BadFile(f"{part} is larger than {settings.MAX_MEDIA_MB} MB.")
        data = b"".join(self._reader.checked(part, written))
        try:
            picture = inspect(row.name, data, limits())
        except PictureFault as error:
            raise BadFile(f"{part}: {error}") from error
        same = (row.sha256, row.content_type, row.size) == (picture.sha256, picture.content_type, len(data))
        if not same or fault_of_name(row.name):
            raise BadFile(
                f"{part}: it is not the image that its row in annotation.media says, or its name is none."
            )
        # As services/media.py names them: rows with the same image share its file.
        ending = ENDINGS_BY_TYPE[picture.content_type]
        path = f"media/{row.project_id}/{row.sha256[:2]}/{row.sha256}.{ending}"
        return path if default_storage.exists(path) else self._save(path, ContentFile(data))

    def _snapshot(self, part: str, written: Written) -> str:
        with tempfile.TemporaryFile(prefix="querent-") as draft:
            for block in self._reader.checked(part, written):
                draft.write(block)
                self._beat()
            draft.seek(0)
            if draft.read(4) != _PARQUET:
                raise BadFile(f"{part} is no Parquet file.")
            draft.seek(0)
            return self._save(f"snapshots/{timezone.now():%Y/%m}/{written.sha256[:32]}.parquet", File(draft))

    def _save(self, name: str, content: IO[bytes] | File[bytes]) -> str:
        kept = default_storage.save(name, content)
        self.saved.append(kept)
        return str(kept)

    def undo(self) -> None:
        for name in self.saved:
            default_storage.delete(name)


def _listed(blocks: Iterable[bytes]) -> Iterator[tuple[str, Written]]:
    try:
        for row in csv.reader(_lines(blocks), strict=True):
            part, size, sha256 = row
            yield part, Written(int(size), sha256)
    except (ValueError, csv.Error) as error:
        raise BadFile(f"{FILES} is no list of files: {error}.") from error


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (line.decode() + "\n" for line in whole)
    if rest:
        yield rest.decode()
