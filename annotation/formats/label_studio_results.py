"""Answers as the results of Label Studio: one for each question, by its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from annotation.formats.label_studio_config import is_stars, target
from annotation.formats.layout import Layout
from annotation.questions.numbers import canonical

# (question, value) -> type of the result, and its value.
Told = tuple[str, dict[str, Any]]


def _number(question: Mapping[str, Any], value: Any) -> Told:
    return "number", {"number": canonical(value)}


def _rating(question: Mapping[str, Any], value: Any) -> Told:
    return ("rating", {"rating": canonical(value)}) if is_stars(question) else _number(question, value)


RESULTS: dict[str, Callable[[Mapping[str, Any], Any], Told]] = {
    "single_choice": lambda question, value: ("choices", {"choices": [value]}),
    "multiple_choice": lambda question, value: ("choices", {"choices": value}),
    "rating": _rating,
    "number": _number,
    "text": lambda question, value: ("textarea", {"text": [value]}),
}


def results_of(layout: Layout, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results for what is answered; types that Label Studio has nothing for are left out."""
    to_name = target(layout)
    results = []
    for question in layout.questions:
        value, make = answer.get(question["name"]), RESULTS.get(question["type"])
        if value is not None and make is not None:
            kind, told = make(question, value)
            results.append({"from_name": question["name"], "to_name": to_name, "type": kind, "value": told})
    return results


def predictions_of(layout: Layout, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What models suggested to those who answered, once for each model and version."""
    by_model: dict[str, dict[str, Any]] = {}
    scores: dict[str, list[float]] = {}
    for row in rows:
        for question, said in orjson.loads(row["suggested"] or "{}").items():
            name = " ".join(str(said[key]) for key in ("source", "version") if said.get(key)) or "model"
            by_model.setdefault(name, {}).setdefault(question, said.get("value"))
            if said.get("confidence") is not None:
                scores.setdefault(name, []).append(said["confidence"])
    return [
        {
            "model_version": name,
            **({"score": min(scores[name])} if name in scores else {}),
            "result": results_of(layout, answer),
        }
        for name, answer in by_model.items()
    ]
