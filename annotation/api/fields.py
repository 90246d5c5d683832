"""Serializer fields that refuse what PostgreSQL cannot keep."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

NUL = "The character U+0000 cannot be stored; remove it."


class Text(serializers.CharField):
    """A string without NUL (CharField refuses that itself) that is not made up from numbers or booleans."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({})
class AnyJson(serializers.Field[Any, Any, Any, Any]):
    """Any JSON value without NUL characters."""

    def to_internal_value(self, data: Any) -> Any:
        if has_nul(data):
            raise serializers.ValidationError(NUL)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def has_nul(value: Any) -> bool:
    """Whether any string in this JSON value, keys included, holds U+0000."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(has_nul(key) or has_nul(part) for key, part in value.items())
    return isinstance(value, list) and any(has_nul(part) for part in value)
