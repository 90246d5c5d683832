"""How an import reads its file: what was detected, what people chose, and what of that is wrong."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from django.conf import settings

from annotation.errors import Fault, InvalidInput
from annotation.importing import detecting, suggesting
from annotation.importing.reading import columns_of, first_rows
from annotation.importing.records import FileFault, Layout, Limits, MiB, Record, Source
from annotation.importing.shaping import OWN_KEY, Plan
from annotation.models import Dataset, Project
from annotation.services import import_answer_options as answer_options
from annotation.services.import_answer_options import Look

SAMPLE_ROWS = 100
_LONGEST_NAME = 200
_UNSET: dict[str, Any] = {
    "key_field": "",
    "mapping": None,
    "media_only": False,
    "alike": "keep",
    "alike_from": 0.8,
    **answer_options.UNSET,
}
# What becomes of near-duplicates of other items: nothing is looked for, they are imported and marked, or left out.
ALIKE = {
    "keep": "Import them; do not look for any",
    "mark": "Import and mark them",
    "skip": "Leave them out",
}
LEAST_ALIKE = 0.7
# Codecs that make text of bytes; Python has others that unpack or transform.
_ENCODINGS = (
    "utf",
    "cp",
    "iso8859",
    "koi8",
    "mac",
    "shift",
    "euc",
    "gb",
    "big5",
    "johab",
    "hz",
    "ptcp",
    "tis",
    "kz",
    "ascii",
)


@dataclass(frozen=True)
class Choices:
    """What the person who imports decided; None leaves it to detection, or as it was."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    sheet: str | None = None
    key_field: str | None = None
    mapping: dict[str, str | None] | None = None
    media_only: bool | None = None
    # What becomes of near-duplicates (ALIKE), and from which similarity on items are some.
    alike: str | None = None
    alike_from: float | None = None
    # About answers and predictions; import_answer_options.py says what they may be.
    platform: str | None = None
    roles: dict[str, str] | None = None
    answers: bool | None = None
    make_questions: bool | None = None
    questions: dict[str, str | None] | None = None
    labels: dict[str, dict[str, str | None]] | None = None
    authors: dict[str, str | None] | None = None
    author: str | None = None
    unfit: str | None = None
    skipped: str | None = None
    gold: str | None = None
    # Tags of the file's items, and that they were retired where they come from.
    tags: str | None = None
    retired: str | None = None


def limits() -> Limits:
    return Limits(row_bytes=settings.MAX_ROW_MB * MiB, picture_bytes=settings.MAX_MEDIA_MB * MiB)


def detected(source: Source, name: str, choices: Choices, project: Project) -> dict[str, Any]:
    """The options of a new import. Raises InvalidInput for a file that is not read here or choices that do not fit it."""
    _check(choices)
    try:
        found = detecting.detect(source, name)
        layout = _chosen(source, found, choices, project)
    except FileFault as fault:
        raise InvalidInput(str(fault), faults=[Fault(("file",), str(fault))]) from fault
    return {**asdict(layout), **_rest(choices, {})}


def changed(source: Source, options: dict[str, Any], choices: Choices, project: Project) -> dict[str, Any]:
    """The options with these choices. Raises InvalidInput."""
    _check(choices)
    try:
        layout = _chosen(source, layout_of(options), choices, project)
    except FileFault as fault:
        raise InvalidInput(str(fault)) from fault
    if choices.platform is not None and choices.platform != options.get("platform"):
        # What columns are is another question then.
        options = {**options, "roles": None, "mapping": None, "questions": None}
        options["key_field"] = answer_options.own_key(choices.platform)
    elif choices.make_questions is not None or _given({"format": choices.format, "sheet": choices.sheet}):
        options = {**options, "roles": None, "mapping": None}
    return {**options, **asdict(layout), **_rest(choices, options)}


def check_columns(options: dict[str, Any], rows: list[Record], whole: list[Record]) -> None:
    """Refuse a key or a mapping that names columns which these rows do not have, and roles of columns that these `whole` rows
    of the file do not have. Raises InvalidInput."""
    columns = columns_of(rows)
    if not columns:
        return
    known = ", ".join(f"'{name}'" for name in columns[:20])
    faults = []
    if options.get("key_field") not in {"", None, OWN_KEY, *columns}:
        faults.append(
            Fault(("key_field",), f"There is no column '{options['key_field']}'; there are {known}.")
        )
    for column in options.get("mapping") or {}:
        if column not in columns:
            faults.append(Fault(("mapping", column), f"There is no column '{column}'; there are {known}."))
    for column in options.get("roles") or {}:
        if column not in columns_of(whole):
            faults.append(Fault(("roles", column), f"There is no column '{column}'; there are {known}."))
    if faults:
        raise InvalidInput(faults[0].message, faults=faults)


def of(dataset: Dataset) -> dict[str, Any]:
    """All options of an import, those that were never set included."""
    return {**asdict(Layout("csv")), **_UNSET, **dataset.options}


@contextmanager
def opened(dataset: Dataset) -> Iterator[Source]:
    """The uploaded file. Raises FileNotFoundError."""
    if not dataset.file:
        raise FileNotFoundError(dataset.source_name)
    with dataset.file.open("rb") as file:
        yield Source(file, dataset.size)


def layout_of(options: dict[str, Any]) -> Layout:
    return Layout(**{field.name: options[field.name] for field in fields(Layout) if field.name in options})


def plan_of(options: dict[str, Any], field_types: dict[str, str]) -> Plan:
    """How rows become items; images that become none need not fit the fields of the schema."""
    shown = {} if options["media_only"] else field_types
    return Plan(options["key_field"], options["mapping"] or {}, shown, pictures=options["format"] == "zip")


def field_types(project: Project) -> dict[str, str]:
    """The types of the fields that the project's schema shows."""
    return {field["name"]: field["type"] for field in project.schema.fields} if project.schema else {}


def settled(source: Source, options: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """The options with all that is found by looking at the first rows. Raises FileFault when there are none to be had."""
    if None not in (options["mapping"], options["platform"], options["roles"]):
        return options
    look = look_at(sample_of(source, options), source.hints, options, dataset)
    return {**look.options, "mapping": suggested_mapping(look.options, look.values, dataset.project)}


def look(source: Source, options: dict[str, Any], dataset: Dataset) -> Look:
    """The first rows, taken apart. Raises FileFault."""
    return look_at(sample_of(source, options), source.hints, options, dataset)


def look_at(
    rows: list[Record],
    hints: dict[str, Any],
    options: dict[str, Any],
    dataset: Dataset,
    *,
    eager: bool = False,
) -> Look:
    return answer_options.look(
        rows, options, project=dataset.project, name=dataset.source_name, hints=hints, eager=eager
    )


def suggested_mapping(options: dict[str, Any], rows: list[Record], project: Project) -> dict[str, str | None]:
    """The mapping that was chosen, or the one that the columns' names suggest."""
    chosen: dict[str, str | None] | None = options["mapping"]
    if chosen is not None:
        return chosen
    return dict(suggesting.mapping(columns_of(rows), rows, field_types(project)))


def sample_of(source: Source, options: dict[str, Any], count: int = SAMPLE_ROWS) -> list[Record]:
    """The first rows. Raises FileFault when there are none to be had."""
    return first_rows(source, layout_of(options), limits(), count)


def _chosen(source: Source, layout: Layout, choices: Choices, project: Project) -> Layout:
    """The layout with what was chosen; what follows from a changed format or encoding is detected anew."""
    reread = {"format": choices.format, "encoding": choices.encoding}
    given = _given({name: value for name, value in reread.items() if value != getattr(layout, name)})
    if given:
        layout = _of_format(replace(layout, **given))
        if layout.format in {"csv", "tsv"}:
            layout = detecting.with_delimiter(layout, detecting.sample(source, layout.encoding))
    if layout.format in {"csv", "tsv"} and _names_fields(source, layout, project):
        layout = replace(layout, header=True)
    marks = {
        "delimiter": _delimiter(choices.delimiter),
        "quote": choices.quote,
        "header": choices.header,
        "sheet": choices.sheet,
    }
    return replace(layout, **_given(marks))


def _given(choices: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in choices.items() if value is not None}


def _of_format(layout: Layout) -> Layout:
    return replace(layout, format="jsonl") if layout.format == "ndjson" else layout


def _names_fields(source: Source, layout: Layout, project: Project) -> bool:
    """Whether the first row holds the name of a field: then it is the header, whatever it looks like."""
    rows = detecting.first_cells(detecting.sample(source, layout.encoding), layout)
    return bool({cell.strip() for cell in rows} & set(field_types(project)))


def _delimiter(given: str | None) -> str | None:
    return "\t" if given in {"\\t", "tab"} else given


def _rest(choices: Choices, options: dict[str, Any]) -> dict[str, Any]:
    before = {name: options.get(name, value) for name, value in _UNSET.items()}
    return {**before, **_given({name: getattr(choices, name) for name in _UNSET})}


def _check(choices: Choices) -> None:
    faults = [
        *_check_format(choices.format),
        *_check_encoding(choices.encoding),
        *_check_mark(("delimiter",), _delimiter(choices.delimiter), empty=False),
        *_check_mark(("quote",), choices.quote, empty=True),
        *_check_mapping(choices.mapping),
        *_check_alike(choices),
        *answer_options.check(choices),
    ]
    if faults:
        raise InvalidInput(faults[0].message, faults=faults)


def _check_format(given: str | None) -> list[Fault]:
    if given is None or given in {*detecting.FORMATS, "ndjson"}:
        return []
    return [
        Fault(("format",), f"There is no format '{given[:40]}'; there are {', '.join(detecting.FORMATS)}.")
    ]


def _check_encoding(given: str | None) -> list[Fault]:
    if given is None:
        return []
    try:
        known = codecs.lookup(given).name.startswith(_ENCODINGS)
    except (LookupError, ValueError):
        known = False
    return (
        []
        if known
        else [Fault(("encoding",), f"There is no text encoding '{given[:40]}'; try utf-8 or cp1252.")]
    )


def _check_mark(path: tuple[str], given: str | None, *, empty: bool) -> list[Fault]:
    if given is None or (empty and not given):
        return []
    if (
        len(given) == 1
        and given not in "\r\n\0"
        and (given != '"' or path == ("quote",))
        and ord(given) < 0xD800
    ):
        return []
    return [Fault(path, f"The {path[0]} is one character.")]


def _check_alike(choices: Choices) -> list[Fault]:
    faults = []
    if choices.alike is not None and choices.alike not in ALIKE:
        faults.append(Fault(("alike",), f"Choose one of {', '.join(ALIKE)}."))
    if choices.alike_from is not None and not LEAST_ALIKE <= choices.alike_from <= 1:
        faults.append(Fault(("alike_from",), f"Items are near-duplicates from {LEAST_ALIKE:g} to 1 on."))
    return faults


def _check_mapping(mapping: dict[str, str | None] | None) -> list[Fault]:
    faults, seen = [], set()
    for column, name in (mapping or {}).items():
        if name is None:
            continue
        if not name.strip() or len(name) > _LONGEST_NAME:
            faults.append(Fault(("mapping", column), f"A field's name has 1 to {_LONGEST_NAME} characters."))
        if name in seen:
            faults.append(Fault(("mapping", column), f"Two columns are mapped to '{name}'. Leave one out."))
        seen.add(name)
    return faults
