"""OpenAPI details that hold for every route: each may answer with a problem document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema


class QuerentSchema(AutoSchema):  # type: ignore[misc]
    def get_tags(self) -> list[str]:
        """Group by the noun after /api/v1/."""
        parts: Any = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[2]] if len(parts) > 2 else ["api"]
