"""Small checks that all kinds share: each notes what is wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from labelmodel.functions.types import Context, DefinitionError, Fault, Label, Path

MOST_RULES = 100
MOST_FIELDS = 50


class Notes:
    """Faults found so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, path: Path, message: str) -> None:
        self.faults.append(Fault(path, message))

    def raise_any(self) -> None:
        if self.faults:
            raise DefinitionError(self.faults)


def short(value: Any) -> str:
    """A value of unknown size, fit to be part of a message."""
    words = value if isinstance(value, str) else repr(value)[:80]
    return words if len(words) <= 60 else f"{words[:57]}…"


def told(error: BaseException) -> str:
    """What happened, in one line; also of errors that cannot say it."""
    try:
        words = str(error)
    except Exception:
        words = ""
    return f"{type(error).__name__}: {words}"[:300]


def listed(values: Iterable[Any]) -> str:
    """The first of them, for a message."""
    some = [f"“{short(value)}”" for value in values]
    return ", ".join(some[:8]) + ("…" if len(some) > 8 else "")


def keys(notes: Notes, path: Path, given: Any, known: Collection[str]) -> dict[str, Any]:
    """The given object without unknown keys, which are faults."""
    if not isinstance(given, dict):
        notes.add(path, "This must be an object.")
        return {}
    for key in given:
        if key not in known:
            notes.add((*path, str(key)), f"There is no “{short(key)}” here; there are {listed(known)}.")
    return {key: value for key, value in given.items() if key in known}


def choice(notes: Notes, path: Path, given: Any, default: bool) -> bool:
    """True or false; the default where nothing is said."""
    if given is None:
        return default
    if not isinstance(given, bool):
        notes.add(path, "This is true or false.")
    return bool(given)


def share(notes: Notes, path: Path, given: Any, low: float) -> float:
    """A number from `low` to 1."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not low <= given <= 1:
        notes.add(path, f"This must be a number from {low:g} to 1.")
        return 1.0
    return float(given)


def fields(notes: Notes, given: Any, context: Context, default: list[str]) -> list[str]:
    """The names of fields to read: as given, or the default."""
    if given is None:
        if not default:
            notes.add(("fields",), "This project has no payload fields that functions may read.")
        return default
    if not isinstance(given, list) or not given:
        notes.add(("fields",), 'Say which fields are read: ["text"], or leave it out for all text fields.')
        return []
    if len(given) > MOST_FIELDS:
        notes.add(
            ("fields",), f"There are {len(given)} fields; at most {MOST_FIELDS} are read by one function."
        )
        return []
    for position, name in enumerate(given):
        field(notes, ("fields", position), name, context)
        if name in given[:position]:
            notes.add(("fields", position), f"“{short(name)}” is listed twice.")
    return list(given)


def field(notes: Notes, path: Path, name: Any, context: Context) -> str:
    """The name of one field that functions may see."""
    if isinstance(name, str) and name in context.visible:
        return name
    if isinstance(name, str) and name in context.sensitive:
        notes.add(
            path, f"“{short(name)}” is marked sensitive: functions do not see it. Choose another field."
        )
    else:
        notes.add(path, f"There is no field “{short(name)}”; there are {listed(context.visible)}.")
    return ""


def label(notes: Notes, path: Path, given: Any, context: Context) -> Label:
    """A label of the question."""
    try:
        context.position(given)
    except ValueError:
        say = (
            "Say which label it votes for" if given is None else f"The question has no label “{short(given)}”"
        )
        notes.add(path, f"{say}; there are {listed(context.labels)}.")
        return ""
    found: Label = given
    return found


def rules(notes: Notes, given: dict[str, Any], own: Collection[str]) -> list[tuple[Path, dict[str, Any]]]:
    """The rules of a definition with their paths. One rule may be written without the list around it."""
    if "rules" not in given:
        return [((), {key: given[key] for key in own if key in given})]
    for key in own:
        if key in given:
            notes.add((key,), f"“{key}” belongs into a rule, as there are rules.")
    found = given["rules"]
    if not isinstance(found, list) or not found:
        notes.add(("rules",), "Give at least one rule.")
        return []
    if len(found) > MOST_RULES:
        notes.add(("rules",), f"There are {len(found)} rules; at most {MOST_RULES} are allowed.")
        return []
    return [(("rules", n), keys(notes, ("rules", n), rule, own)) for n, rule in enumerate(found)]
