"""Arrays with a header of plain facts as bytes, without pickles: a NumPy archive (.npz)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

HEADER, VERSION = "header", 1


class NotReadable(ValueError):
    """The bytes are not what they should be, or damaged."""


def packed(what: str, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> bytes:
    """Facts that JSON can hold, and arrays, as bytes that say what they are."""
    header = json.dumps({"what": what, "version": VERSION, **facts}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{HEADER: np.frombuffer(header, dtype=np.uint8)}, **arrays)
    return buffer.getvalue()


def unpacked(what: str, stored: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts and the arrays. NotReadable when it is something else, of a later version, or damaged."""
    try:
        # The archive has a checksum of each array.
        with np.load(io.BytesIO(stored), allow_pickle=False) as archive:
            arrays = dict(archive.items())
        facts = json.loads(arrays.pop(HEADER).tobytes())
        found, version = facts.pop("what"), facts.pop("version")
    except (ValueError, KeyError, OSError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise NotReadable(f"this is not {what}, or it is damaged ({error})") from error
    if found != what:
        raise NotReadable(f"this is {found}, not {what}")
    if version != VERSION:
        raise NotReadable(f"{what} was stored in version {version}; this program reads version {VERSION}")
    return facts, arrays
