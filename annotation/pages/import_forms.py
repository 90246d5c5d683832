"""The forms of an import: the file, how it is read, and what each of its columns becomes."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.importing.detecting import BINARY, DELIMITERS, ENCODINGS, FORMATS
from annotation.services.import_options import Choices
from annotation.services.import_preview import Preview

_MARKS = [('"', 'Double: "'), ("'", "Single: '"), ("none", "None")]
_DELIMITED = ("delimiter", "quote", "header")


class UploadForm(forms.Form):
    file = forms.FileField(allow_empty_file=True, max_length=1000)


class LayoutForm(forms.Form):
    """How the file is read; only what its format has."""

    format = forms.ChoiceField(choices=list(FORMATS.items()))
    encoding = forms.ChoiceField()
    delimiter = forms.ChoiceField(choices=[(mark, name.capitalize()) for mark, name in DELIMITERS.items()])
    quote = forms.ChoiceField(choices=_MARKS, label="Quotation mark")
    header = forms.ChoiceField(choices=[("yes", "Names the columns"), ("no", "Is data")], label="First row")

    def __init__(self, data: Any = None, *, options: dict[str, Any]) -> None:
        header = "yes" if options["header"] else "no"
        initial = {**options, "header": header, "quote": options["quote"] or "none"}
        super().__init__(data, initial=initial)
        self._offer("encoding", [(name, name) for name in dict.fromkeys([options["encoding"], *ENCODINGS])])
        if options["delimiter"] not in DELIMITERS:
            self._offer("delimiter", [*DELIMITERS.items(), (options["delimiter"], options["delimiter"])])
        has_text = options["format"] not in BINARY
        for name in [
            *([] if has_text else ["encoding"]),
            *([] if options["format"] in {"csv", "tsv"} else _DELIMITED),
        ]:
            del self.fields[name]

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def choices(self) -> Choices:
        """Only what was changed: the rest may have to follow it."""
        data = {name: self.cleaned_data[name] for name in self.changed_data}
        if "quote" in data:
            data["quote"] = data["quote"].removeprefix("none")
        if "header" in data:
            data["header"] = data["header"] == "yes"
        return Choices(**data)


class ColumnsForm(forms.Form):
    """What each column of the preview becomes, and which one is the key."""

    key = forms.ChoiceField(required=False, label="Key")
    media_only = forms.BooleanField(
        required=False,
        label="Only keep the images",
        help_text="Make no items of them: the rows of another file will name them.",
    )

    def __init__(self, data: Any = None, *, preview: Preview, fields: dict[str, str]) -> None:
        self._columns = preview.columns
        super().__init__(data, initial=self._initial(preview))
        if preview.options["format"] != "zip":
            del self.fields["media_only"]
        keys = [(column.name, _key(column.name, unique=column.unique)) for column in preview.columns]
        self.fields["key"].choices = [("", "The content of the row"), *keys]  # type: ignore[attr-defined]
        for number, column in enumerate(preview.columns):
            names = dict.fromkeys([*fields, column.name, column.field or column.name])
            choices = [("", "Leave out"), *((name, _told(name, fields)) for name in names)]
            self.fields[f"column-{number}"] = forms.ChoiceField(
                choices=choices, required=False, label=column.name
            )

    def columns(self) -> list[forms.BoundField]:
        return [self[f"column-{number}"] for number in range(len(self._columns))]

    def choices(self) -> Choices:
        data = self.cleaned_data
        fields = {
            column.name: data[f"column-{number}"] or None for number, column in enumerate(self._columns)
        }
        return Choices(key_field=data["key"], mapping=fields, media_only=data.get("media_only"))

    @staticmethod
    def _initial(preview: Preview) -> dict[str, Any]:
        fields = {f"column-{number}": column.field or "" for number, column in enumerate(preview.columns)}
        key = preview.options["key_field"] or preview.likely_key
        return {**fields, "key": key, "media_only": preview.options["media_only"]}


def _told(name: str, fields: dict[str, str]) -> str:
    kind = fields.get(name, "")
    if kind:
        return name if kind == "text" else f"{name} ({kind})"
    return f"{name} (kept, not shown)" if fields else name


def _key(name: str, *, unique: bool) -> str:
    return name if unique else f"{name} (not all different)"
