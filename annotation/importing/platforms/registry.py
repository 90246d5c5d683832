"""The programs whose files are understood. To add one: a module like its neighbours, and a line here (docs/importing.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.importing.platforms.argilla import ARGILLA
from annotation.importing.platforms.argilla_1 import ARGILLA_1
from annotation.importing.platforms.doccano import DOCCANO
from annotation.importing.platforms.label_studio import LABEL_STUDIO
from annotation.importing.platforms.label_studio_rows import LABEL_STUDIO_ROWS
from annotation.importing.platforms.prodigy import PRODIGY
from annotation.importing.platforms.querent import QUERENT
from annotation.importing.platforms.table import TABLE
from annotation.importing.spoken import Platform

# The first one that fits is taken; plain rows fit everything.
PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (QUERENT, LABEL_STUDIO, LABEL_STUDIO_ROWS, PRODIGY, ARGILLA, ARGILLA_1, DOCCANO, TABLE)
}


def guessed(rows: Sequence[Any]) -> str:
    """The program that wrote these first rows."""
    whole = [row for row in rows if isinstance(row, dict)]
    found = (name for name, platform in PLATFORMS.items() if whole and platform.fits(whole))
    return next(found, TABLE.name)
