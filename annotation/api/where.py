"""The parameter `where` of lists of items: docs/filters.md tells the language."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from annotation.api.fields import Text
from annotation.filtering import LONGEST

EXAMPLE = "where=state = open and not flagged"
WHERE_PARAMETERS = [
    OpenApiParameter(
        "where",
        str,
        description="Which items: `state = open and (confidence < 0.8 or flagged)`. docs/filters.md has all fields.",
    )
]


class WhereRequest(serializers.Serializer[Any]):
    where = Text(max_length=LONGEST, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A filter that is not understood must not be left out: the answer would be more than was asked for."""
        for name in self.initial_data:
            if name not in self.fields:
                raise serializers.ValidationError(
                    {name: f"There is no such parameter; items are filtered by where ({EXAMPLE})."}
                )
        return attrs
