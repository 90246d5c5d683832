"""Storages as they are elsewhere, and as they fail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage


class BucketStorage(Storage):
    """A bucket: its files have no path on this machine."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if name not in self.files:
            raise FileNotFoundError(name)
        return ContentFile(self.files[name])

    def _save(self, name: str, content: File[bytes]) -> str:
        self.files[name] = content.read()
        return name

    def exists(self, name: str) -> bool:
        return name in self.files

    def delete(self, name: str) -> None:
        self.files.pop(name, None)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return [], [name.removeprefix(f"{path}/") for name in self.files if name.startswith(f"{path}/")]


class AwayStorage(BucketStorage):
    """A bucket that cannot be reached."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        raise ConnectionError("no route to host")

    def _save(self, name: str, content: Any) -> str:
        raise ConnectionError("no route to host")


class FullStorage(FileSystemStorage):
    """A disk that is full after so many files."""

    room: ClassVar[int] = 0

    def _save(self, name: str, content: Any) -> str:
        if FullStorage.room <= 0:
            raise OSError(28, "No space left on device")
        FullStorage.room -= 1
        return str(super()._save(name, content))
