"""Random schemas, answers and mappings that are valid by construction."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from annotation.questions import QUESTION_TYPES, normalize_questions

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20
).filter(lambda words: words == words.strip())
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)
LABELS = st.lists(WORDS, min_size=1, max_size=8, unique=True)


@st.composite
def questions_of(draw: Any, kind: str, name: str | None = None) -> dict[str, Any]:
    question: dict[str, Any] = {"name": name or draw(NAMES), "type": kind, "required": draw(st.booleans())}
    if kind in {"single_choice", "multiple_choice"}:
        question["labels"] = [{"value": value} for value in draw(LABELS)]
    if kind == "rating":
        question["min"] = draw(st.integers(-3, 1))
        question["max"] = question["min"] + draw(st.integers(1, 10))
    if kind == "number" and draw(st.booleans()):
        question["min"], question["max"] = -50, draw(st.integers(-50, 50))
    if kind == "text":
        question["max_length"] = draw(st.integers(20, 100))
    return question


def values_of(question: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that this normalized question accepts."""
    match question["type"]:
        case "single_choice":
            return st.sampled_from([label["value"] for label in question["labels"]])
        case "multiple_choice":
            labels = [label["value"] for label in question["labels"]]
            return st.lists(st.sampled_from(labels), unique=True, min_size=1)
        case "rating":
            return st.integers(question["min"], question["max"])
        case "number":
            least = -1000 if question["min"] is None else question["min"]
            most = 1000 if question["max"] is None else question["max"]
            return st.integers(least, most) | st.floats(least, most, allow_nan=False)
    return WORDS


@st.composite
def schemas(draw: Any) -> list[dict[str, Any]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    kinds = [draw(st.sampled_from(sorted(QUESTION_TYPES))) for _ in names]
    return normalize_questions(
        [draw(questions_of(kind, name)) for kind, name in zip(kinds, names, strict=True)]
    )


@st.composite
def answers_to(draw: Any, questions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        question["name"]: draw(values_of(question))
        for question in questions
        if question["required"] or draw(st.booleans())
    }
