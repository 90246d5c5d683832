"""Data directories for services that a test starts and kills itself."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.services import remove_runtime_dir


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A new directory that every user may enter; pytest's own tmp_path is closed to the one that runs PostgreSQL."""
    path = Path(tempfile.mkdtemp(prefix="querent-data-"))
    path.chmod(0o755)
    yield path
    remove_runtime_dir(path)
    shutil.rmtree(path, ignore_errors=True)
