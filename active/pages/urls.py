"""All pages of this layer: each module owns its routes."""

from __future__ import annotations

urlpatterns: list[object] = []
