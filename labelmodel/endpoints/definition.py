"""The definition of a function that asks an endpoint: checked, with every default written out, and what follows from it.

Part of kind.py, which is what others import: the room of functions loads that one, and so this one, when it is loaded itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from labelmodel.endpoints.prompting import FORMS, Named, Prompt, Settings, places
from labelmodel.endpoints.source import Forms, Limits
from labelmodel.functions import Context, Definition, checking
from labelmodel.functions.types import Path

MOST_TASK = 20_000
MOST_GUIDELINES = 50_000
MOST_LABELS = 200
_TOKENS_FIELDS = ("max_tokens", "max_completion_tokens")
_KEYS = ("endpoint", "model", "task", "fields", "labels", "guidelines", "may_abstain", "confidence", "form", "fallback", "max_tokens", "tokens_field", "temperature", "seed", "logprobs", "at_once", "seconds")  # fmt: skip


def check(given: Definition, context: Context) -> Definition:
    """The definition with its defaults. Raises DefinitionError."""
    notes = checking.Notes()
    known = checking.keys(notes, (), given, _KEYS)
    found = {
        "endpoint": _text(notes, "endpoint", known, 100, "Say which endpoint is asked."),
        "model": _text(notes, "model", known, 200, "Say which model is asked, such as gpt-4o-mini."),
        "task": _text(notes, "task", known, MOST_TASK, "Say what the model is to find out about an item."),
        "fields": checking.fields(notes, known.get("fields"), context, context.texts),
        "labels": _labels(notes, known.get("labels"), context),
        "guidelines": _text(notes, "guidelines", known, MOST_GUIDELINES),
        "may_abstain": checking.choice(notes, ("may_abstain",), known.get("may_abstain"), default=True),
        "confidence": _number(notes, "confidence", known, 0.0, 0, 1),
        "form": _one_of(notes, "form", known.get("form", FORMS[0]), FORMS),
        "fallback": _one_of(notes, "fallback", known.get("fallback"), (*FORMS, None)),
        "max_tokens": _whole(notes, "max_tokens", known, 64, 1, 8_192),
        "tokens_field": _one_of(
            notes, "tokens_field", known.get("tokens_field", "max_tokens"), _TOKENS_FIELDS
        ),
        "temperature": _number(notes, "temperature", known, 0.0, 0, 2),
        "seed": _whole(notes, "seed", known, 0, 0, 2**31 - 1),
        "logprobs": checking.choice(notes, ("logprobs",), known.get("logprobs"), default=False),
        "at_once": _whole(notes, "at_once", known, 8, 1, 64),
        "seconds": _whole(notes, "seconds", known, 60, 1, 600),
    }
    notes.raise_any()
    _fit(notes, found)
    notes.raise_any()
    return found


def _fit(notes: checking.Notes, found: Definition) -> None:
    """What has to fit together."""
    for name in places(found["task"]):
        if name not in found["fields"]:
            notes.add(
                ("task",), f"The task speaks of {{{{{name}}}}}, which is not among the fields that are read."
            )
    if found["fallback"] == found["form"]:
        notes.add(("fallback",), "The form to fall back to must be another one; leave it out for none.")
    if found["logprobs"] and found["form"] != "text":
        notes.add(("logprobs",), "Log probabilities tell how sure a model is only with the form “text”.")
    for name in ("confidence", "max_tokens", "at_once", "seconds"):
        if found[name] is None:
            notes.add((name,), "This is a number.")


def prompt_of(definition: Definition) -> Prompt:
    """What is asked."""
    return Prompt(
        task=definition["task"],
        fields=tuple(definition["fields"]),
        labels=tuple(Named(str(one["label"]), one["title"], one["about"]) for one in definition["labels"]),
        guidelines=definition["guidelines"],
        may_abstain=definition["may_abstain"],
        confidence=definition["confidence"] > 0 and not definition["logprobs"],
    )


def settings_of(definition: Definition) -> Settings:
    """How it is asked."""
    names = ("model", "max_tokens", "tokens_field", "temperature", "seed", "logprobs")
    return Settings(**{name: definition[name] for name in names})


def forms_of(definition: Definition) -> Forms:
    """The forms of answers."""
    return Forms(definition["form"], definition["fallback"])


def limits_of(definition: Definition) -> Limits:
    """The limits for a batch."""
    return Limits(at_once=definition["at_once"], seconds=float(definition["seconds"]))


def _labels(notes: checking.Notes, given: Any, context: Context) -> list[dict[str, Any]]:
    some = list(context.labels) if given is None else given
    if not isinstance(some, list) or not 1 <= len(some) <= MOST_LABELS:
        notes.add(("labels",), f"This is a list of 1 to {MOST_LABELS} labels of the question.")
        return []
    found = [_label(notes, ("labels", position), one, context) for position, one in enumerate(some)]
    names = [str(one["label"]) for one in found]
    for position, name in enumerate(names):
        if name in names[:position]:
            notes.add(("labels", position), f"“{checking.short(name)}” is there twice.")
    return found


def _label(notes: checking.Notes, path: Path, given: Any, context: Context) -> dict[str, Any]:
    one = (
        checking.keys(notes, path, given, ("label", "title", "about"))
        if isinstance(given, dict)
        else {"label": given}
    )
    label = checking.label(
        notes, (*path, "label") if isinstance(given, dict) else path, one.get("label"), context
    )
    return {
        "label": label,
        "title": _said(notes, (*path, "title"), one.get("title"), 200),
        "about": _said(notes, (*path, "about"), one.get("about"), 2_000),
    }


def _text(notes: checking.Notes, name: str, known: Definition, most: int, wanted: str = "") -> str:
    found = _said(notes, (name,), known.get(name), most)
    if wanted and not found and (known.get(name) is None or isinstance(known[name], str)):
        notes.add((name,), wanted)
    return found


def _said(notes: checking.Notes, path: Path, given: Any, most: int) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        notes.add(path, "This must be text.")
        return ""
    if len(given) > most:
        notes.add(path, f"This has {len(given)} characters; at most {most} are allowed.")
    return given.strip().encode("utf-8", "replace").decode()


def _one_of(notes: checking.Notes, name: str, given: Any, some: Sequence[str | None]) -> Any:
    if given not in some or isinstance(given, bool):
        notes.add((name,), f"This is one of {checking.listed(one for one in some if one)}.")
        return some[0]
    return given


def _number(
    notes: checking.Notes, name: str, known: Definition, default: float, least: float, most: float
) -> float | None:
    """A number from least to most. Null, where that is said, stays null: the request leaves it out."""
    given = known.get(name, default)
    if given is None:
        return None
    if (
        isinstance(given, bool)
        or not isinstance(given, (int, float))
        or not math.isfinite(given)
        or not least <= given <= most
    ):
        notes.add((name,), f"This is a number from {least:g} to {most:g}.")
        return default
    return float(given)


def _whole(
    notes: checking.Notes, name: str, known: Definition, default: int, least: int, most: int
) -> int | None:
    found = known.get(name, default)
    if found is not None and (type(found) is not int or not least <= found <= most):
        notes.add((name,), f"This is a whole number from {least} to {most}.")
        return default
    return found
