"""Forms about near-duplicates: what an import does with them, and from which similarity on items are some."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.services.alike import USUAL
from annotation.services.import_options import ALIKE, LEAST_ALIKE

_SIMILARITY: dict[str, Any] = {
    "min_value": LEAST_ALIKE,
    "max_value": 1.0,
    "label": "From a similarity of",
    "help_text": f"From {LEAST_ALIKE:g}, loosely alike, to 1, the same but for punctuation and case.",
}


class AlikeForm(forms.Form):
    """What an import does with rows that are nearly the same as another item."""

    alike = forms.ChoiceField(
        choices=list(ALIKE.items()),
        label="Near-duplicates",
        help_text="Rows that are nearly the same as an item of the project, or as an earlier row of the file.",
    )
    alike_from = forms.FloatField(**_SIMILARITY)

    def __init__(self, data: Any = None, *, options: dict[str, Any]) -> None:
        super().__init__(data, initial={name: options[name] for name in ("alike", "alike_from")})
        # What a client leaves out stays as it was.
        for name in [name for name in self.fields if data is not None and name not in data]:
            del self.fields[name]

    def choices(self) -> dict[str, Any]:
        """What was chosen, for import_options.Choices."""
        return dict(self.cleaned_data)


class ThresholdForm(forms.Form):
    threshold = forms.FloatField(initial=USUAL, **_SIMILARITY)
