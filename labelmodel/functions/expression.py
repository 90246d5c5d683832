"""Expressions in CEL (cel.dev), such as item.price > 100.0 && item.title.contains("sale"), for each item by itself.

CEL has no loops but those that walk through a list, and an evaluation stops after 10,000 steps of these. What could
still grow is memory: texts joined with “+” again and again within such walks, or copied at each step. So these are
not allowed together, and walks are made over small payloads only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from labelmodel.functions import checking
from labelmodel.functions.batch import Batch
from labelmodel.functions.types import ABSTAIN, Apply, Cast, Context, Definition, Kind, Path, Resources

MOST_CHARACTERS = 2_000
MOST_BYTES = 1_000_000
MOST_BYTES_WALKED = 16_384
RULE = ("label", "when")
WALKS = frozenset({"all", "exists", "exists_one", "map", "filter"})

# Texts, comments, names and signs; enough to see which fields are named. In raw texts (r"...") nothing is escaped.
_RAW = r"(?:[bB]?[rR][bB]?)(?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"]*\"|'[^']*')"
_TEXT = r"[bB]?(?:\"\"\"(?:\\.|.)*?\"\"\"|'''(?:\\.|.)*?'''|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
_TOKEN = re.compile(rf"{_RAW}|{_TEXT}|//[^\n]*|[A-Za-z_]\w*|\d[\w.]*|\s+|.", re.DOTALL)


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("fields", "rules", *RULE))
    rules = [_rule(notes, path, rule, context) for path, rule in checking.rules(notes, known, RULE)]
    names = checking.fields(notes, known.get("fields"), context, _named(rules, context))
    notes.raise_any()
    return {"fields": names, "rules": rules}


def _rule(notes: checking.Notes, path: Path, rule: dict[str, Any], context: Context) -> dict[str, Any]:
    label = checking.label(notes, (*path, "label"), rule.get("label"), context)
    when = rule.get("when")
    if not isinstance(when, str) or not when.strip():
        notes.add((*path, "when"), "Write a condition, such as item.price > 100.0.")
        return {"label": label, "when": ""}
    if len(when) > MOST_CHARACTERS:
        notes.add((*path, "when"), f"This has {len(when)} characters; at most {MOST_CHARACTERS} are allowed.")
    elif fault := _fault(when, context):
        notes.add((*path, "when"), fault)
    return {"label": label, "when": when}


def _fault(when: str, context: Context) -> str | None:
    named, _ = fields_named(when)
    for name in named:
        if name in context.sensitive:
            return f"“{checking.short(name)}” is marked sensitive: functions do not see it."
        if name not in context.fields:
            return (
                f"There is no field “{checking.short(name)}”; there are {checking.listed(context.visible)}."
            )
    if walks(when) and "+" in tokens(when):
        return "“+” cannot be used together with all, exists, exists_one, map or filter."
    try:
        kind = _environment().compile(when).return_type().name()
    except RuntimeError as error:
        return _told(error)
    if fault := _pattern_fault(when):
        return fault
    return None if kind in ("BOOL", "DYN") else f"This gives {_A.get(kind, kind.lower())}, not true or false."


def _pattern_fault(when: str) -> str | None:
    """Of the first constant pattern that matches() cannot use, which is else found out on each item."""
    for pattern in constant_patterns(when):
        value = _environment().compile(f'"".matches({pattern})').eval(data={"item": {}})
        if value.type().name() == "ERROR":
            cause = str(value.value()).rpartition("invalid regular expression: ")[2]
            return f"The pattern {checking.short(pattern)} cannot be read: {checking.short(cause)}."
    return None


_A = {"STRING": "a text", "INT": "a number", "UINT": "a number", "DOUBLE": "a number", "NULL": "nothing"}


def _told(error: Exception) -> str:
    """What the compiler says, in one line with its place."""
    found = re.search(r"<input>:(-?\d+):(-?\d+): (.*)", str(error))
    if "recursion" in str(error):
        return "This is nested too deeply: write it as several rules."
    if found is None:
        return f"This cannot be read: {checking.short(str(error))}"
    line, column, message = found.groups()
    message = re.sub(r"\s*(, expecting|expecting) \{.*|\s*\(in container ''\)|\s*\[[A-Z_]+\]$", "", message)
    where = f"line {line}, character {column}" if int(line) > 1 else f"character {column}"
    return f"This cannot be read at {where}: {message}."


def tokens(when: str) -> list[str]:
    """The parts of an expression, without spaces and comments."""
    found = _TOKEN.findall(when)
    return [part for part in found if not part.isspace() and not part.startswith("//")]


def walks(when: str) -> bool:
    """Whether it walks through lists."""
    parts = tokens(when)
    return any(part in WALKS and after == "(" for part, after in pairwise(parts))


def constant_patterns(when: str) -> list[str]:
    """What stands in matches(...) as a text, as it is written; it is the last argument."""
    parts, found = tokens(when), []
    for start, part in enumerate(parts[:-1]):
        if part != "matches" or parts[start + 1] != "(":
            continue
        depth = 0
        for place in range(start + 1, len(parts)):
            depth += (parts[place] == "(") - (parts[place] == ")")
            if depth == 0:
                before, last = parts[place - 2 : place]
                if before in ("(", ",") and last[-1] in "\"'":
                    found.append(last)
                break
    return found


def fields_named(when: str) -> tuple[list[str], bool]:
    """The fields that it names as item.name or item["name"], and whether it uses the item in another way too."""
    parts = [*tokens(when), "", "", ""]
    names: dict[str, None] = {}
    other = False
    for position, part in enumerate(parts[:-3]):
        if part != "item" or (position and parts[position - 1] == "."):
            continue
        dot, name, after = parts[position + 1 : position + 4]
        if dot == "." and name.isidentifier() and after != "(":
            names[name] = None
        elif dot == "[" and after == "]" and (plain := re.fullmatch(r"""(["'])([^"'\\]*)\1""", name)):
            names[plain[2]] = None
        else:
            other = True
    return list(names), other


def _named(rules: list[dict[str, Any]], context: Context) -> list[str]:
    """In the order of the context; all that are visible where the item is used as a whole, or not at all."""
    found = [fields_named(rule["when"]) for rule in rules]
    if any(other for _, other in found):
        return list(context.visible)
    named = {name for names, _ in found for name in names}
    return [name for name in context.visible if name in named] or list(context.visible)[:1]


def reads(definition: Definition) -> frozenset[str]:
    return frozenset(definition["fields"])


@cache
def _environment() -> Any:
    from cel_expr_python import cel

    text = cel.Type.STRING
    lower = cel.Overload("text_lower", text, [text], True, str.lower)
    return cel.NewEnv(
        variables={"item": cel.Type.Map(text, cel.Type.DYN)}, functions=[cel.FunctionDecl("lower", [lower])]
    )


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    rules = definition["rules"]
    programs = [_environment().compile(rule["when"]) for rule in rules]
    labels = [context.position(rule["label"]) for rule in rules]
    most = MOST_BYTES_WALKED if any(walks(rule["when"]) for rule in rules) else MOST_BYTES
    return partial(_apply, definition["fields"], programs, labels, most)


def _apply(names: list[str], programs: Sequence[Any], labels: list[int], most: int, batch: Batch) -> Cast:
    label = np.full(len(batch), ABSTAIN, dtype=np.int16)
    errors: dict[int, str] = {}
    sizes = batch.sizes(names)
    for position, payload in enumerate(batch.payloads):
        if batch.late:
            return Cast(label, errors, stopped=position)
        if sizes[position] > most:
            errors[position] = f"The item has {sizes[position]} bytes; this expression takes at most {most}."
            continue
        item = {name: payload[name] for name in names if name in payload}
        try:
            label[position] = _first(programs, labels, item)
        except (RuntimeError, TypeError, ValueError) as error:
            errors[position] = re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", str(error))[:300]
    return Cast(label, errors)


def _first(programs: Sequence[Any], labels: list[int], item: dict[str, Any]) -> int:
    """The label of the first expression that is true; ValueError where one fails before."""
    for program, label in zip(programs, labels, strict=True):
        value = program.eval(data={"item": item})
        if value.type().name() == "ERROR":
            raise ValueError(value.value())
        found = value.value()
        if found is True:
            return label
        if found is not False:
            raise ValueError(f"This gives {checking.short(found)}, not true or false.")
    return ABSTAIN


EXPRESSION = Kind(
    "expression",
    "Expression (CEL)",
    "Votes where an expression in CEL is true of the item.",
    check,
    reads,
    compile,
    whole=True,
)
