"""Files that workers make, in Django's storage: whole under their name, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage

from annotation.errors import DomainError

DRAFT = ".draft"


class StorageFault(DomainError):
    """The storage cannot be used; the message says why and what to do."""

    code = "storage_unavailable"
    status = 503


class FileLost(StorageFault):
    """A file is not where it was written, or is another one now."""


@contextmanager
def reached(name: str) -> Iterator[None]:
    """What goes wrong with the storage inside is told in a sentence, whatever kind of storage it is: as FileLost where the file
    is not there, else as StorageFault."""
    try:
        yield
    except DomainError:
        raise
    except FileNotFoundError as error:
        raise FileLost(f"The file {name} is gone from the storage.") from error
    # Each kind of storage has errors of its own.
    except Exception as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise StorageFault(
            f"The storage cannot be used ({why}). Is the disk full, or the storage away? Try again when it is back."
        ) from error


def keep(name: str, content: IO[bytes]) -> str:
    """Keep a file, from its beginning; the name that it has in the storage. Raises StorageFault.

    A folder gets it under another name first, for a writer may be killed in the middle; other kinds of storage show a file
    only once it is whole.
    """
    content.seek(0)
    with reached(name):
        whole = _path(name)
        if whole is None:
            return str(default_storage.save(name, File(content)))
        draft = default_storage.save(name + DRAFT, File(content))
        Path(default_storage.path(draft)).replace(whole)
    return name


def clear(folder: str) -> None:
    """Remove what earlier attempts left in a folder; what cannot be removed now stays."""
    with suppress(StorageFault), reached(folder):
        for name in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{name}")


def empty(folder: str) -> None:
    """Remove the files of a folder, if there is one. Raises StorageFault."""
    with reached(folder):
        try:
            names = default_storage.listdir(folder)[1]
        except FileNotFoundError:
            return
        for name in names:
            default_storage.delete(f"{folder}/{name}")


def remove(name: str) -> None:
    """Remove a file, if it is there. Raises StorageFault."""
    with reached(name):
        default_storage.delete(name)


@contextmanager
def opened(name: str) -> Iterator[Any]:
    """A file of the storage to read. Raises StorageFault, also for what goes wrong while it is read."""
    with reached(name), default_storage.open(name, "rb") as stream:
        yield stream


def _path(name: str) -> Path | None:
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None
