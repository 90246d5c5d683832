"""Which files of an archive hold rows, told by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

# The column that says from which file a row comes, where the archive has several of a kind.
PART = "@file"
ENDINGS = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp")
# Files that describe data sets and hold no rows.
_ABOUT = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "settings.json")
_SPLIT = re.compile(r"(?i)(train(ing)?|test(ing)?|validation|valid|val|dev|holdout)(?=$|[-_.])")


def is_folder(names: Iterable[str]) -> bool:
    """Whether an archive of these names is for its data files; with images among them, it is for those."""
    names = list(names)
    return any(map(is_data, names)) and not any(name.lower().endswith(_IMAGES) for name in names)


def is_data(name: str) -> bool:
    path = PurePosixPath(name)
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in ENDINGS and path.name not in _ABOUT and not is_hidden


def split_of(name: str) -> str:
    """The part of the data set that a file is, by its name or that of its folder; empty where neither says."""
    path = PurePosixPath(name)
    found = _SPLIT.match(path.name) or _SPLIT.fullmatch(path.parent.name)
    return found[1].lower() if found else ""
