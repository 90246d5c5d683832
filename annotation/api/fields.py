"""Serializer fields that refuse what cannot be kept, or shown again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

NUL = "The character U+0000 cannot be stored; remove it."
# JSON is written with at most 254 levels; what people say has a handful.
DEEPEST = 100


class Text(serializers.CharField):
    """A string without NUL (CharField refuses that itself) that is not made up from numbers or booleans."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({})
class AnyJson(serializers.Field[Any, Any, Any, Any]):
    """Any JSON value without NUL characters, of a sensible depth."""

    def to_internal_value(self, data: Any) -> Any:
        if is_deep(data):
            raise serializers.ValidationError(f"More than {DEEPEST} lists or objects lie inside each other.")
        if has_nul(data):
            raise serializers.ValidationError(NUL)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def is_deep(value: Any) -> bool:
    """Whether more than DEEPEST lists or objects lie inside each other."""
    level = [value]
    for _ in range(DEEPEST):
        level = [part for one in level for part in _parts(one) if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def has_nul(value: Any) -> bool:
    """Whether any string in this JSON value, keys included, holds U+0000. Of a value that is not deep."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(has_nul(key) or has_nul(part) for key, part in value.items())
    return isinstance(value, list) and any(has_nul(part) for part in value)
