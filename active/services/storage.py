"""Files of workers, named by their content: checked when they are read, and copied where the storage is elsewhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from annotation.services.stored import FileLost, StorageFault, opened, reached

# Copies of files whose storage is elsewhere; the longest unused go first.
CACHE_BYTES = 8 * 2**30


def read(file: str, sha256: str = "") -> bytes:
    """The bytes of a file. Raises FileLost where it is gone or has another checksum, StorageFault."""
    with opened(file) as stream:
        data: bytes = stream.read()
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise FileLost(f"The file {file} is damaged: its checksum is wrong.")
    return data


def remove(files: list[str]) -> None:
    """Remove files, those that are gone already included; what cannot be removed now stays."""
    for file in files:
        with suppress(StorageFault), reached(file):
            default_storage.delete(file)


def listed(folder: str) -> list[str]:
    """The files of a folder, by their full names; none where there is no folder."""
    with suppress(FileLost), reached(folder):
        return [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
    return []


def local(file: str, key: str, *, fresh: bool = False) -> Path:
    """Where this machine has a file: in the storage itself, or as a copy under this key, which `fresh` makes anew.

    Raises FileLost, StorageFault.
    """
    with suppress(NotImplementedError):
        return Path(default_storage.path(file))
    kept = Path(settings.DATA_DIR) / "cache" / "shards" / key
    if fresh or not kept.exists():
        _copy(file, kept)
    with suppress(FileNotFoundError):
        os.utime(kept)
    return kept


def _copy(file: str, kept: Path) -> None:
    with reached(file):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with (
            default_storage.open(file, "rb") as stream,
            tempfile.NamedTemporaryFile(dir=kept.parent, prefix="draft-", delete=False) as draft,
        ):
            shutil.copyfileobj(stream, draft, 1 << 20)
        # Whoever copies the same at the same time writes the same.
        Path(draft.name).replace(kept)
    _make_room(kept)


def _make_room(wanted: Path) -> None:
    """Remove the copies that nobody has used for longest. A file that is mapped stays readable until it is let go."""
    total = wanted.stat().st_size
    others = [path for path in wanted.parent.iterdir() if path != wanted]
    for path in sorted(others, key=_used, reverse=True):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
            if total > CACHE_BYTES:
                path.unlink()


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
