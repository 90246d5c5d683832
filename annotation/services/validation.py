"""A model's own rules, told as faults with their paths."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from annotation.errors import Fault, InvalidInput


def clean(instance: Model, *, exclude: set[str] | None = None) -> None:
    """Check a row before it is saved. Raises InvalidInput with every fault that the model sees."""
    try:
        instance.full_clean(exclude=exclude)
    except ValidationError as error:
        raise InvalidInput(_sentence(error), faults=faults_of(error)) from error


def faults_of(error: ValidationError, *, field: str = "") -> list[Fault]:
    """Django's validation error as faults; messages without a field of their own belong to `field`."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {field: error.messages}
    return [Fault(_path(name), message) for name, messages in by_field.items() for message in messages]


def _path(name: str) -> tuple[str | int, ...]:
    return () if name in {"", NON_FIELD_ERRORS} else (name,)


def _sentence(error: ValidationError) -> str:
    return " ".join(error.messages)
