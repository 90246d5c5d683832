"""A model's own rules, told as faults with their paths."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from annotation.errors import Fault, InvalidInput


def clean(instance: Model, *, only: Collection[str] | None = None, exclude: Collection[str] = ()) -> None:
    """Check these fields of a row (or all but those) before it is saved. Raises InvalidInput with every fault."""
    every = {field.name for field in instance._meta.fields}
    try:
        instance.full_clean(exclude=set(exclude) if only is None else every - set(only))
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), faults=faults_of(error)) from error


def faults_of(error: ValidationError, *, field: str = "") -> list[Fault]:
    """Django's validation error as faults; messages without a field of their own belong to `field`."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {field: error.messages}
    return [Fault(_path(name), message) for name, messages in by_field.items() for message in messages]


def _path(name: str) -> tuple[str | int, ...]:
    return () if name in {"", NON_FIELD_ERRORS} else (name,)
