"""Which column is which field, guessed from names and the first rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from annotation.importing.pictures import Picture
from annotation.importing.records import Record

# Names that text has in the wild, most telling first.
_TEXT_NAMES = (
    "text", "content", "body", "sentence", "document", "review", "comment", "message", "utterance", "question", "tweet",
    "description", "abstract", "title",
)  # fmt: skip
_IMAGE_NAMES = ("image", "imageurl", "img", "picture", "photo", "url", "file", "filename", "path")
_KEY_NAMES = ("key", "id", "uid", "uuid", "guid", "itemid", "docid", "textid", "documentid")
_IS_IMAGE = re.compile(r"(?i)(https?://\S+|[^\s]+\.(png|jpe?g|gif|webp|avif|bmp))")


def mapping(columns: list[str], rows: list[Record], fields: Mapping[str, str]) -> dict[str, str]:
    """A field for each column that seems to be one under another name."""
    missing = [name for name in fields if name not in columns]
    free = [name for name in columns if name not in fields]
    found: dict[str, str] = {}
    for name in missing:
        same = [column for column in free if plain(column) == plain(name)]
        choice = same[0] if same else _by_content(name, fields, free, rows)
        if choice is not None:
            found[choice] = name
            free.remove(choice)
    return found


def key_columns(columns: list[str], rows: list[Record]) -> list[str]:
    """Columns whose values are all there and all different in these rows, likeliest key first."""
    whole = [row for row in rows if isinstance(row, dict)]
    unique = []
    for column in columns:
        values = [row.get(column) for row in whole]
        fit = all(isinstance(value, str | int) and 0 < len(str(value)) <= 200 for value in values)
        if whole and fit and len(set(map(str, values))) == len(values):
            unique.append(column)
    return sorted(unique, key=lambda column: plain(column) not in _KEY_NAMES)


def likely_key(columns: list[str], rows: list[Record]) -> str:
    """The column that says by its name and its values that it is the key, or nothing."""
    first = next(iter(key_columns(columns, rows)), "")
    return first if plain(first) in _KEY_NAMES else ""


def plain(name: str) -> str:
    """A name without the ways of writing it."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _by_content(name: str, fields: Mapping[str, str], free: list[str], rows: list[Record]) -> str | None:
    kind = fields[name]
    if kind not in {"text", "image"} or sum(other == kind for other in fields.values()) > 1:
        return None
    names = _TEXT_NAMES if kind == "text" else _IMAGE_NAMES
    fits = [
        column for column in free if _fits(kind, [row.get(column) for row in rows if isinstance(row, dict)])
    ]
    named = [column for known in names for column in fits if plain(column) == known]
    longest = sorted(fits, key=lambda column: -_length(column, rows))
    return next(iter([*named, *longest]), None)


def _fits(kind: str, values: list[Any]) -> bool:
    given = [value for value in values if value not in (None, "")]
    if kind == "image":
        return bool(given) and all(_looks_like_image(value) for value in given)
    return bool(given) and all(isinstance(value, str) for value in given) and not all(map(_is_number, given))


def _looks_like_image(value: Any) -> bool:
    return isinstance(value, Picture) or (isinstance(value, str) and bool(_IS_IMAGE.fullmatch(value)))


def _is_number(value: str) -> bool:
    return bool(re.fullmatch(r"[\s\d.,+-]+", value))


def _length(column: str, rows: list[Record]) -> int:
    return sum(len(str(row.get(column) or "")) for row in rows if isinstance(row, dict))


# What columns are called that tell of answers, without the ways of writing them.
_BY = {
    "author": ("annotator", "annotatorid", "annotatedby", "worker", "workerid", "labeler", "labeller", "rater", "coder",
               "completedby", "author"),
    "time": ("createdat", "answeredat", "annotatedat", "submittedat", "submittime", "timestamp", "time"),
    "seconds": ("seconds", "duration", "leadtime", "worktimeinseconds", "timespent"),
    "answer_id": ("annotationid", "answerid", "assignmentid"),
}  # fmt: skip
_OF_MODELS = {"source": ("model", "modelname", "source"), "version": ("modelversion", "version")}
_LABELS = (
    "label", "labels", "goldlabel", "category", "categories", "class", "classes", "sentiment", "topic", "topics", "tags",
    "intent", "rating", "stars", "answer", "judgment", "emotion", "stance", "target",
)  # fmt: skip
# So many of the first values have to be labels of a question for a column of its name to be its answers.
_MOSTLY = 0.8


def roles(
    rows: Sequence[dict[str, Any]],
    questions: Mapping[str, frozenset[str] | None],
    hints: Mapping[str, Any],
    eager: bool,
) -> dict[str, str]:
    """Which columns tell of answers and predictions, for a project with these questions and their labels."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    found = _answer_roles(columns, rows, questions, hints)
    companions = _companions(columns, found, _BY) if found else {}
    sure = any(column.startswith("answer.") for column in found) or "author" in companions.values()
    if not (eager or sure):
        return {}
    predicted = _prediction_roles(columns, found, questions)
    models = _companions(columns, {**found, **companions, **predicted}, _OF_MODELS) if predicted else {}
    return {**found, **companions, **predicted, **models}


def _answer_roles(
    columns: list[str],
    rows: Sequence[dict[str, Any]],
    questions: Mapping[str, frozenset[str] | None],
    hints: Mapping[str, Any],
) -> dict[str, str]:
    if not questions:
        labeled = hints.get("labels", {})
        named = [column for column in columns if column in labeled or plain(column) in _LABELS]
        return {column: f"answer:{question_name(column)}" for column in named}
    found = {}
    for name, labels in questions.items():
        column = next((one for one in columns if plain(one.removeprefix("answer.")) == plain(name)), None)
        if column is not None and _says(labels, [row.get(column) for row in rows]):
            found[column] = f"answer:{name}"
    return found


def _says(labels: frozenset[str] | None, values: list[Any]) -> bool:
    given = [value for value in values if value not in (None, "", [])]
    if not given:
        return False
    if labels is None:
        return True
    known = {label.casefold() for label in labels}
    parts = [
        all(str(one).strip().casefold() in known for one in (value if isinstance(value, list) else [value]))
        or (isinstance(value, str) and all(one.strip().casefold() in known for one in value.split("|")))
        for value in given
    ]
    return sum(parts) >= _MOSTLY * len(given)


def _companions(
    columns: list[str], taken: Mapping[str, str], names: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for role, known in names.items():
        free = [column for column in columns if column not in taken and column not in found]
        if (column := next((one for name in known for one in free if plain(one) == name), None)) is not None:
            found[column] = role
    return found


def _prediction_roles(
    columns: list[str], taken: Mapping[str, str], questions: Mapping[str, Any]
) -> dict[str, str]:
    asked = list(questions) or [role.partition(":")[2].partition("@")[0] for role in taken.values()]
    found: dict[str, str] = {}
    for name in asked:
        one = plain(name)
        alone = ("prediction", "predicted", "predictedlabel") if len(asked) == 1 else ()
        known = (
            f"{one}prediction",
            f"predicted{one}",
            f"prediction{one}",
            f"pred{one}",
            f"{one}pred",
            *alone,
        )
        free = [column for column in columns if column not in taken and column not in found]
        column = next((column for column in free if plain(column) in known), None)
        if column is None:
            continue
        found[column] = f"prediction:{name}"
        sure = ("score", "confidence", "probability") if len(asked) == 1 else ()
        scores = (
            f"{one}score",
            f"{one}confidence",
            f"{plain(column)}score",
            f"{plain(column)}confidence",
            *sure,
        )
        score = next((one for one in free if one != column and plain(one) in scores), None)
        if score is not None:
            found[score] = f"score:{name}"
    return found


def question_name(column: str) -> str:
    """A name for the question that a column answers."""
    name = re.sub(r"\W+", "_", column, flags=re.ASCII).strip("_")[:60] or "answer"
    return f"q_{name}" if name[0].isdigit() else name
