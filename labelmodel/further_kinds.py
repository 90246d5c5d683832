"""Kinds of labeling functions that other rooms bring: loaded with the room of functions, and not before, as that is heavy."""

from __future__ import annotations

from collections.abc import Callable

# Filled by AppConfig.ready of any layer; each registers its kind.
LOADERS: list[Callable[[], None]] = []
