"""Forms that hand what they were given to a service and show what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest

from annotation.errors import Conflict, InvalidInput

T = TypeVar("T")


def attempt(form: forms.Form, call: Callable[[], T]) -> T | None:
    """What the service returns, or None after its refusal was put beside the fields that it is about."""
    try:
        return call()
    except (InvalidInput, Conflict) as error:
        for fault in error.faults:
            form.add_error(_field(form, fault.path), fault.message)
        if not error.faults:
            form.add_error(None, str(error))
        return None


def tell(request: HttpRequest, call: Callable[[], object], *, done: str) -> None:
    """Do what a button asks, and say in a message that it is done or why not."""
    try:
        call()
    except (InvalidInput, Conflict) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)


def _field(form: forms.Form, path: tuple[str | int, ...]) -> str | None:
    name = str(path[0]) if path else ""
    return name if name in form.fields else None


def model_limit(model: type[Model], name: str) -> int:
    """The longest text that this column takes."""
    return int(getattr(model._meta.get_field(name), "max_length", 0) or 0)


class PercentField(forms.FloatField):
    """A share from 0 to 1 that people write in per cent."""

    def __init__(self, *, most: float = 100, **options: Any) -> None:
        super().__init__(min_value=0, max_value=most, step_size=None, **options)
        self.widget.attrs.update({"step": "any", "inputmode": "decimal"})

    def clean(self, value: Any) -> float | None:
        given = super().clean(value)
        return None if given is None else round(given / 100, 6)

    def prepare_value(self, value: Any) -> Any:
        return f"{value * 100:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def text_area(rows: int, **attributes: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attributes})
