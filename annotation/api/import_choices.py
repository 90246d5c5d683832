"""REST: how an import reads its file, as people choose."""

from __future__ import annotations

from typing import Any

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.api.fields import Text, has_nul
from annotation.importing.detecting import FORMATS
from annotation.importing.platforms.registry import PLATFORMS
from annotation.importing.platforms.table import ROLES
from annotation.services.import_answer_options import WORDS
from annotation.services.import_options import ALIKE, LEAST_ALIKE
from annotation.services.import_people import LONGEST_NAME

FORMAT_NAMES = [*FORMATS, "ndjson"]


_NAMES = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}


@extend_schema_field(_NAMES)
class Mapping(serializers.Field[Any, Any, Any, Any]):
    """{column: field or null}, as an object or, in a form, as JSON text."""

    def to_internal_value(self, data: Any) -> dict[str, str | None]:
        if isinstance(data, str):
            try:
                data = orjson.loads(data)
            except orjson.JSONDecodeError as error:
                raise serializers.ValidationError(f"Not JSON: {error}") from error
        whole = isinstance(data, dict) and all(isinstance(value, str | None) for value in data.values())
        if not whole or has_nul(data) or len(data) > 1000:
            raise serializers.ValidationError(
                'Write {"column": "field"}; null instead of a field leaves it out.'
            )
        return dict(data)

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class Roles(Mapping):
    """{column: role}, as an object or, in a form, as JSON text."""

    def to_internal_value(self, data: Any) -> Any:
        roles = super().to_internal_value(data)
        if None in roles.values():
            raise serializers.ValidationError("A role is a text; leave out columns that have none.")
        return roles


@extend_schema_field({"type": "object", "additionalProperties": _NAMES})
class Labels(Mapping):
    """{question: {label in the file: label or null}}, as an object or, in a form, as JSON text."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            try:
                data = orjson.loads(data)
            except orjson.JSONDecodeError as error:
                raise serializers.ValidationError(f"Not JSON: {error}") from error
        if not isinstance(data, dict) or not all(isinstance(value, dict) for value in data.values()):
            raise serializers.ValidationError('Write {"question": {"label in the file": "label"}}.')
        return {name: super(Labels, self).to_internal_value(value) for name, value in data.items()}


class ChoicesRequest(serializers.Serializer[Any]):
    """How to read the file; what is left out is detected."""

    format = serializers.ChoiceField(FORMAT_NAMES, required=False)
    encoding = Text(max_length=40, required=False)
    delimiter = Text(
        max_length=3, required=False, trim_whitespace=False, help_text="One character, or `tab`."
    )
    quote = Text(
        max_length=1,
        required=False,
        allow_blank=True,
        help_text='The quotation mark, normally `"`; empty: none.',
    )
    # allow_null: a form that leaves a BooleanField out would say false.
    header = serializers.BooleanField(
        required=False, allow_null=True, help_text="Whether the first row names the columns."
    )
    sheet = Text(
        max_length=200, required=False, allow_blank=True, help_text="Of a spreadsheet; empty: the first one."
    )
    key_field = Text(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="The column whose value is an item's key. Without it, items are told apart by their content.",
    )
    mapping = Mapping(
        required=False, help_text="{column: field, or null to leave it out}. Other columns keep their names."
    )
    media_only = serializers.BooleanField(
        allow_null=True,
        required=False,
        help_text="Keep the images of a zip for other rows to name; make no items of them.",
    )
    alike = serializers.ChoiceField(
        list(ALIKE),
        required=False,
        help_text="What becomes of near-duplicates, of the project's items or of earlier rows: `keep` looks for none, `mark` "
        "imports and marks them, `skip` leaves them out.",
    )
    alike_from = serializers.FloatField(
        required=False,
        min_value=LEAST_ALIKE,
        max_value=1,
        help_text="From which similarity on items are near-duplicates; 0.8 unless told.",
    )
    platform = serializers.ChoiceField(
        list(PLATFORMS),
        required=False,
        help_text="The program that wrote the file; `table`: rows and columns.",
    )
    roles = Roles(
        required=False,
        help_text="What columns tell of answers: {column: role}, where a role is `answer:<question>`, "
        "`answer:<question>@<name>`, `prediction:<question>`, `score:<question>`, "
        + ", ".join(f"`{one}`" for one in ROLES)
        + ".",
    )
    answers = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="Whether answers and predictions are imported, or items alone.",
    )
    make_questions = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="Make questions from the file's answers, where the project has none yet.",
    )
    questions = Mapping(
        required=False, help_text="{question in the file: question of the project, or null to leave it out}."
    )
    labels = Labels(
        required=False,
        help_text="{question of the project: {label in the file: label of the question, or null to leave it out}}.",
    )
    authors = Mapping(
        required=False,
        help_text="{author in the file: username, or null to leave their answers out}. Other authors are members by their "
        "username or e-mail address, or people are made that stand for them.",
    )
    author = Text(
        max_length=LONGEST_NAME,
        required=False,
        allow_blank=True,
        help_text="Who answered where the file names nobody.",
    )
    unfit = serializers.ChoiceField(
        WORDS["unfit"],
        required=False,
        help_text="Answers that do not fit the questions: `refuse` them, or `keep` what does "
        "not fit beside what does.",
    )
    skipped = serializers.ChoiceField(
        WORDS["skipped"],
        required=False,
        help_text="Items that people skipped: `skip` them here too, or `leave` that out.",
    )
    gold = serializers.ChoiceField(
        WORDS["gold"], required=False, help_text="Ground truth: `answers` like others, or gold `questions`."
    )
    tags = serializers.ChoiceField(
        WORDS["tags"],
        required=False,
        help_text="Tags that the file has of its items: `put` them on, or `leave` them out.",
    )
    retired = serializers.ChoiceField(
        WORDS["retired"],
        required=False,
        help_text="Items that were retired where the file comes from: `retire` those that are new here too, or `leave` them "
        "open to work.",
    )
