"""The forms of an import: the file, how it is read, and what each of its columns becomes."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.importing.detecting import BINARY, DELIMITERS, ENCODINGS, FORMATS
from annotation.importing.platforms.registry import PLATFORMS
from annotation.importing.platforms.table import ROLES, parts
from annotation.importing.shaping import OWN_KEY
from annotation.services.import_options import Choices
from annotation.services.import_preview import Preview

_MARKS = [('"', 'Double: "'), ("'", "Single: '"), ("none", "None")]
_DELIMITED = ("delimiter", "quote", "header")
# Before a role, in the choices of what a column becomes.
_ROLE = "="


class UploadForm(forms.Form):
    file = forms.FileField(allow_empty_file=True, max_length=1000)


class LayoutForm(forms.Form):
    """How the file is read; only what its format has."""

    format = forms.ChoiceField(choices=list(FORMATS.items()))
    encoding = forms.ChoiceField()
    delimiter = forms.ChoiceField(choices=[(mark, name.capitalize()) for mark, name in DELIMITERS.items()])
    quote = forms.ChoiceField(choices=_MARKS, label="Quotation mark")
    header = forms.ChoiceField(choices=[("yes", "Names the columns"), ("no", "Is data")], label="First row")
    sheet = forms.CharField(required=False)
    platform = forms.ChoiceField(
        choices=[(one.name, one.title) for one in PLATFORMS.values()], label="Written by"
    )
    # What was guessed when the form was made: only another choice is one.
    guessed = forms.CharField(widget=forms.HiddenInput, required=False)
    make_questions = forms.BooleanField(
        required=False,
        label="Make questions from this file",
        help_text="The project has none yet: they are made of the answers in the file.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        options: dict[str, Any],
        sheets: list[str] | None = None,
        bare: bool = False,
    ) -> None:
        header = "yes" if options["header"] else "no"
        initial = {**options, "header": header, "quote": options["quote"] or "none"}
        initial["guessed"] = options.get("platform") or ""
        super().__init__(data, initial=initial)
        self._offer("encoding", [(name, name) for name in dict.fromkeys([options["encoding"], *ENCODINGS])])
        if options["delimiter"] not in DELIMITERS:
            self._offer("delimiter", [*DELIMITERS.items(), (options["delimiter"], options["delimiter"])])
        has_text = options["format"] not in BINARY
        for name in [
            *([] if has_text else ["encoding"]),
            *([] if options["format"] in {"csv", "tsv"} else _DELIMITED),
            *([] if options["format"] == "excel" else ["sheet"]),
            *([] if options["format"] != "zip" else ["platform", "guessed"]),
            *([] if bare else ["make_questions"]),
        ]:
            self.fields.pop(name, None)
        if sheets:
            named = [("", f"{sheets[0]} (the first one)"), *((name, name) for name in sheets[1:])]
            self.fields["sheet"] = forms.ChoiceField(choices=named, required=False)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def choices(self) -> Choices:
        """Only what was changed: the rest may have to follow it."""
        data = {name: self.cleaned_data[name] for name in self.changed_data if name != "guessed"}
        if self.cleaned_data.get("platform") == self.cleaned_data.get("guessed"):
            data.pop("platform", None)
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

    def __init__(
        self, data: Any = None, *, preview: Preview, fields: dict[str, str], questions: dict[str, str]
    ) -> None:
        """`fields` of the project by type, `questions` by title."""
        self._columns = preview.columns
        self._platform = preview.options["platform"]
        super().__init__(data, initial=self._initial(preview))
        if preview.options["format"] != "zip":
            del self.fields["media_only"]
        keys = [(column.name, _key(column.name, unique=column.unique)) for column in preview.columns]
        self.fields["key"].choices = [*_own_keys(preview), *keys]  # type: ignore[attr-defined]
        takes_roles = preview.options["platform"] in _BY_COLUMNS
        roles = _role_choices(questions, preview) if takes_roles else []
        for number, column in enumerate(preview.columns):
            names = dict.fromkeys([*fields, column.name, column.field or column.name])
            choices: list[Any] = [("", "Leave out"), *((name, _told(name, fields)) for name in names)]
            self.fields[f"column-{number}"] = forms.ChoiceField(
                choices=[*choices, *roles], required=False, label=column.name
            )

    def columns(self) -> list[forms.BoundField]:
        return [self[f"column-{number}"] for number in range(len(self._columns))]

    def choices(self) -> Choices:
        data = self.cleaned_data
        chosen = {column.name: data[f"column-{number}"] for number, column in enumerate(self._columns)}
        roles = {name: value[1:] for name, value in chosen.items() if value.startswith(_ROLE)}
        fields = {name: value or None for name, value in chosen.items() if name not in roles}
        return Choices(
            key_field=data["key"],
            mapping=fields,
            media_only=data.get("media_only"),
            platform=self._platform,
            roles=roles,
        )

    @staticmethod
    def _initial(preview: Preview) -> dict[str, Any]:
        fields = {
            f"column-{number}": f"{_ROLE}{column.role}" if column.role else column.field or ""
            for number, column in enumerate(preview.columns)
        }
        key = preview.options["key_field"] or preview.likely_key
        return {**fields, "key": key, "media_only": preview.options["media_only"]}


# Programs whose files say by columns alone what is what.
_BY_COLUMNS = ("table", "label_studio_rows")


def _own_keys(preview: Preview) -> list[tuple[str, str]]:
    own = PLATFORMS[preview.options["platform"] or "table"].key
    return [*([(OWN_KEY, own[0].upper() + own[1:])] if own else []), ("", "The content of the row")]


def _role_choices(questions: dict[str, str], preview: Preview) -> list[Any]:
    """What a column may tell of answers: by question, then of all of them."""
    there = {column.role for column in preview.columns if column.role}
    asked = questions or {parts(role)[1]: parts(role)[1] for role in sorted(there) if parts(role)[1]}
    answers = [(f"{_ROLE}answer:{name}", f"Answer: {title}") for name, title in asked.items()]
    # A column for each person has a role that names them.
    answers += [
        (_ROLE + role, f"Answer: {parts(role)[1]} by {parts(role)[2]}")
        for role in sorted(there)
        if parts(role)[2]
    ]
    models = [
        (f"{_ROLE}{what}:{name}", f"{word}: {title}")
        for name, title in asked.items()
        for what, word in (("prediction", "Prediction"), ("score", "Its score"))
    ]
    about = [(_ROLE + role, title) for role, title in ROLES.items()]
    if not asked:
        return []
    return [("Answers", answers), ("Of models", models), ("About them", about)]


def _told(name: str, fields: dict[str, str]) -> str:
    kind = fields.get(name, "")
    if kind:
        return name if kind == "text" else f"{name} ({kind})"
    return f"{name} (kept, not shown)" if fields else name


def _key(name: str, *, unique: bool) -> str:
    return name if unique else f"{name} (not all different)"
