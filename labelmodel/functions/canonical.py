"""One way to write a definition, so that equal ones are recognised."""

from __future__ import annotations

import hashlib
import json

from labelmodel.functions.types import Definition


def canonical(kind: str, definition: Definition) -> str:
    """A checked definition as JSON: keys in order, no spaces."""
    return json.dumps({"kind": kind, **definition}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(kind: str, definition: Definition) -> str:
    """The SHA-256 of the canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical(kind, definition).encode("utf-8", "surrogatepass")).hexdigest()
