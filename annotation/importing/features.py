"""What a Parquet or Arrow file says of its columns beside their types: names of labels, and our own questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

_HUGGING_FACE, _OURS = b"huggingface", b"querent"


def hints_of(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """{labels: {column: {names, kind}}, questions, fields}, as far as the file says so."""
    found: dict[str, Any] = {}
    features = _json(metadata, _HUGGING_FACE).get("info", {}).get("features", {})
    if labels := dict(_labels(features)):
        found["labels"] = labels
    ours = _json(metadata, _OURS)
    if isinstance(ours.get("questions"), list) and ours["questions"]:
        found["questions"] = ours["questions"]
        found["fields"] = ours.get("fields") or []
    return found


def _json(metadata: Mapping[bytes, bytes] | None, name: bytes) -> Any:
    try:
        found = orjson.loads((metadata or {}).get(name) or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _labels(features: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for column, feature in features.items() if isinstance(features, dict) else ():
        if names := _names(feature):
            yield column, {"names": names, "kind": "choice"}
        elif names := _names(_inside(feature)):
            yield column, {"names": names, "kind": "choices"}


def _inside(feature: Any) -> Any:
    """What a list is of."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    return feature.get("feature") if isinstance(feature, dict) else None


def _names(feature: Any) -> list[str]:
    is_label = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    return [str(name) for name in feature.get("names") or ()] if is_label else []


def naming(hints: Mapping[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """Puts the names of labels in the place of their numbers, row by row; None where there are none."""
    labels = {column: told["names"] for column, told in hints.get("labels", {}).items()}
    if not labels:
        return None

    def named(row: dict[str, Any]) -> dict[str, Any]:
        for column, names in labels.items():
            value = row.get(column)
            if type(value) is int:
                row[column] = _name(names, value)
            elif isinstance(value, list):
                row[column] = [_name(names, one) if type(one) is int else one for one in value]
        return row

    return named


def _name(names: list[str], number: int) -> Any:
    """-1 says that there is no label."""
    return names[number] if 0 <= number < len(names) else None if number == -1 else number
