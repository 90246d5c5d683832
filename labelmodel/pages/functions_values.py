"""From a form to a definition and back, and to which control a fault belongs.

Names of controls are paths: `d.fields`, `d.rules.2.any`. The middle of a rule's path is its key in the form, which stays when
others are taken away; the definition counts them anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from annotation.errors import Fault
from labelmodel.pages.functions_controls import HOLDS, Control, Shape

MOST_RULES = 100
MOST_CONDITIONS = 50
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A control with its value. `path`: where it stands in the definition."""

    control: Control
    name: str
    path: Path
    value: Any
    faults: tuple[str, ...] = ()
    rows: tuple[Any, ...] = ()

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")

    @property
    def folded(self) -> bool:
        """Whether it is used rarely, and not used here."""
        return (
            self.control.more and not self.faults and self.value in (None, "", [], {}, self.control.default)
        )


@dataclass(frozen=True, slots=True)
class RuleForm:
    key: str
    controls: tuple[Bound, ...]

    @property
    def main(self) -> tuple[Bound, ...]:
        return tuple(one for one in self.controls if not one.folded)

    @property
    def more(self) -> tuple[Bound, ...]:
        return tuple(one for one in self.controls if one.folded)


@dataclass(frozen=True, slots=True)
class DefinitionForm:
    """Everything that a kind's form shows. `blank` is what another rule begins as."""

    shape: Shape
    controls: tuple[Bound, ...]
    rules: tuple[RuleForm, ...]
    blank: RuleForm | None
    faults: tuple[str, ...] = ()

    @property
    def main(self) -> tuple[Bound, ...]:
        return tuple(one for one in self.controls if not one.control.more)

    @property
    def more(self) -> tuple[Bound, ...]:
        return tuple(one for one in self.controls if one.control.more)

    @property
    def every(self) -> tuple[Bound, ...]:
        return (*self.controls, *(one for rule in self.rules for one in rule.controls))


def read(shape: Shape, post: QueryDict) -> dict[str, Any]:
    """The definition that a form says; what is left empty is left out."""
    if shape.controls and not shape.controls[0].name:
        return _json(post.get("d", ""))  # type: ignore[no-any-return]
    found = {one.name: _value(one, f"d.{one.name}", post) for one in shape.controls}
    found = {name: value for name, value in found.items() if value is not None}
    if shape.rule:
        found["rules"] = [_rule(shape, key, post) for key in rule_keys(post)]
    return found


def rule_keys(post: QueryDict) -> list[str]:
    """The keys of the rules, in the order of the form."""
    return [key for key in post.getlist("rule") if key.isascii() and key.isdigit()][:MOST_RULES]


def _rule(shape: Shape, key: str, post: QueryDict) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for control in shape.rule:
        name = f"d.rules.{key}.{control.name}"
        if control.draws == "conditions":
            found |= _conditions(name, post)
        elif (value := _value(control, name, post)) is not None:
            found[control.name] = value
    return found


def _value(control: Control, name: str, post: QueryDict) -> Any:
    given = post.get(name, "")
    match control.draws:
        case "check":
            return name in post
        case "fields":
            return post.getlist(name) or None
        case "terms":
            return [line.strip() for line in given.splitlines() if line.strip()] or None
        case "entries":
            return [_entry(line, control.entry) for line in given.splitlines() if line.strip()] or None
        case "number":
            return _number(given) if given.strip() else None
        case "json":
            return _json(given) if given.strip() else None
        case "line" | "code" | "text":
            # A pattern may begin with a space; an empty one says nothing.
            return given.replace("\r\n", "\n") if given.strip() else None
    return given or None


def _entry(line: str, name: str) -> dict[str, str | None]:
    value, _, label = line.rpartition("=")
    return {name: value.strip() or label.strip(), "label": label.strip() if value.strip() else None}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # The kind says that this is not what it wants, at its place.
        return text


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _conditions(name: str, post: QueryDict) -> dict[str, Any]:
    columns = [post.getlist(f"{name}.{part}") for part in ("holds", "field", "is", "value", "as")]
    found: dict[str, Any] = {}
    for holds, field, operator, value, reading in list(zip(*columns, strict=False))[:MOST_CONDITIONS]:
        if not field and not value:
            continue
        one: dict[str, Any] = {"field": field, "is": operator}
        if operator not in {"missing", "present"}:
            if reading:
                one["as"] = reading
            one["value"] = _compared(value, operator, reading)
        found.setdefault(holds if holds in dict(HOLDS) else "all", []).append(one)
    return found


def _compared(text: str, operator: str, reading: str) -> Any:
    if operator == "in":
        return [_compared(part.strip(), "=", reading) for part in text.split("|") if part.strip()]
    return text if reading in {"text", "date"} else _number(text.strip()) if text.strip() else text


def drawn(
    shape: Shape, definition: Any, *, faults: Sequence[Fault] = (), keys: Sequence[str] = ()
) -> DefinitionForm:
    """The form that says this definition, each fault beside its control. `keys`: those that the rules have in the form already."""
    definition = definition if isinstance(definition, dict) else {}
    if shape.controls and not shape.controls[0].name:
        text = json.dumps(definition, indent=2, ensure_ascii=False) if definition else ""
        controls = [Bound(shape.controls[0], "d", (), text)]
    else:
        controls = [_bound(one, f"d.{one.name}", (), definition) for one in shape.controls]
    given = definition.get("rules") if shape.rule else None
    rules = given if isinstance(given, list) and given else [definition if "label" in definition else {}]
    rules = rules if shape.rule else []
    keys = keys if len(keys) == len(rules) else [str(place) for place in range(len(rules))]
    forms = [
        _rule_form(shape, key, place, rule) for place, (key, rule) in enumerate(zip(keys, rules, strict=True))
    ]
    blank = _rule_form(shape, "__key__", -1, {}) if shape.rule else None
    made = DefinitionForm(shape, tuple(controls), tuple(forms), blank)
    return _with_faults(made, faults)


def _rule_form(shape: Shape, key: str, place: int, rule: Any) -> RuleForm:
    rule = rule if isinstance(rule, dict) else {}
    path: Path = ("rules", place)
    return RuleForm(key, tuple(_bound(one, f"d.rules.{key}.{one.name}", path, rule) for one in shape.rule))


def _bound(control: Control, name: str, path: Path, within: dict[str, Any]) -> Bound:
    value = within.get(control.name)
    if control.draws == "conditions":
        # Faults of any condition stand below all of them.
        return Bound(control, name, path, "", rows=tuple(_condition_rows(within)))
    return Bound(control, name, (*path, control.name), _shown(control, value))


def _shown(control: Control, value: Any) -> Any:
    match control.draws:
        case "check":
            return bool(control.default) if value is None else bool(value)
        case "terms":
            return "\n".join(map(str, value)) if isinstance(value, list) else value or ""
        case "fields":
            return value if isinstance(value, list) else []
        case "entries":
            entries = value if isinstance(value, list) else []
            return "\n".join(
                f"{one.get(control.entry) or ''} = {one.get('label') or ''}"
                for one in entries
                if isinstance(one, dict)
            )
        case "json":
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""
    return control.default if value is None else value


def _condition_rows(rule: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for holds, _ in HOLDS:
        conditions = rule.get(holds)
        for one in conditions if isinstance(conditions, list) else ():
            if isinstance(one, dict):
                value = one.get("value", "")
                words = " | ".join(map(str, value)) if isinstance(value, list) else value
                rows.append(
                    {
                        "holds": holds,
                        "field": one.get("field"),
                        "is": one.get("is"),
                        "value": words,
                        "as": one.get("as", ""),
                    }
                )
    return rows or [{"holds": "all", "field": "", "is": "=", "value": "", "as": ""}]


def _with_faults(form: DefinitionForm, faults: Sequence[Fault]) -> DefinitionForm:
    """Each fault at the control whose path it begins with most; the others stand above all."""
    places = {one.name: one.path for one in form.every}
    held: dict[str, list[str]] = {}
    general: list[str] = []
    for fault in faults:
        path = fault.path[1:] if fault.path[:1] == ("definition",) else fault.path
        name = _nearest(places, path)
        if name is None:
            general.append(fault.message)
        else:
            held.setdefault(name, []).append(_where(path, places[name], fault.message))
    put = {name: tuple(messages) for name, messages in held.items()}
    return replace(
        form,
        controls=tuple(replace(one, faults=put.get(one.name, ())) for one in form.controls),
        rules=tuple(
            replace(rule, controls=tuple(replace(one, faults=put.get(one.name, ())) for one in rule.controls))
            for rule in form.rules
        ),
        faults=tuple(general),
    )


def _nearest(places: dict[str, Path], path: Path) -> str | None:
    fits = [
        (len(place), name)
        for name, place in places.items()
        if path[: len(place)] == place and (place or not path or name == "d")
    ]
    # Of two with the same path, conditions come last in a rule, and take what is about the rule as a whole.
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _where(path: Path, place: Path, message: str) -> str:
    """Which line or condition is meant, where a control holds several."""
    rest = [part for part in path[len(place) :] if isinstance(part, int)]
    return f"Number {rest[0] + 1}: {message}" if rest else message
