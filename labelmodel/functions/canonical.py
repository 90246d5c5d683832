"""One way to write a definition, so that equal ones are recognised."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from labelmodel.functions.types import Definition

# Lists whose order means nothing; that of rules and entries does.
_SETS = frozenset({"fields", "any", "all", "not"})


def canonical(kind: str, definition: Definition) -> str:
    """A checked definition as JSON: keys in order, no spaces, and what may stand in any order sorted."""
    return _json({"kind": kind, "definition": _ordered(definition)})


def fingerprint(kind: str, definition: Definition) -> str:
    """The SHA-256 of the canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical(kind, definition).encode("utf-8", "surrogatepass")).hexdigest()


def _ordered(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _ordered(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        inside = [_ordered(inner) for inner in value]
        return sorted(inside, key=_json) if key in _SETS else inside
    return value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
