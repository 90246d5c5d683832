"""From text to tree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from lark import (
    Lark,
    Token,
    Transformer,
    UnexpectedCharacters,
    UnexpectedEOF,
    UnexpectedInput,
    UnexpectedToken,
)
from lark.visitors import v_args

from annotation.errors import Fault, InvalidInput
from annotation.expressions.tree import (
    EVERYTHING,
    And,
    Condition,
    Expression,
    Not,
    Or,
    all_of,
    any_of,
    conditions,
    no,
)

LONGEST = 5_000
MOST_CONDITIONS = 60
DEEPEST = 20

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNKEEPABLE = re.compile(r"[\0\ud800-\udfff]")
# What may come next, in the words of who types; in this order.
_WORDS = {
    "WORD": "a field or a value",
    "STRING": "text in quotation marks",
    "COMPARED": "a comparison (= != < <= > >= ~)",
    "_IN": "“in (…)”",
    "_IS": "“is missing”",
    "_MISSING": "“missing”",
    "_AND": "“and”",
    "_OR": "“or”",
    "_NOT": "“not”",
    "LPAR": "“(”",
    "RPAR": "“)”",
    "COMMA": "a comma",
    "$END": "the end",
}


@v_args(inline=True)
class _Making(Transformer[Token, Expression]):
    """Bottom up while reading, so that no depth of brackets is too deep for it."""

    def start(self, found: Expression = EVERYTHING) -> Expression:
        return found

    def any(self, *parts: Expression) -> Expression:
        return any_of(parts)

    def all(self, *parts: Expression) -> Expression:
        return all_of(parts)

    def negated(self, part: Expression) -> Expression:
        return no(part)

    def bare(self, name: Condition) -> Condition:
        return name

    def compared(self, name: Condition, operator: Token, value: str) -> Condition:
        return Condition(name.field, name.part, str(operator), (value,), name.position)

    def listed(self, name: Condition, *values: str) -> Condition:
        return Condition(name.field, name.part, "in", tuple(dict.fromkeys(values)), name.position)

    def missing(self, name: Condition) -> Condition:
        return Condition(name.field, name.part, "missing", (), name.position)

    def present(self, name: Condition) -> Expression:
        return no(self.missing(name))

    def name(self, word: Token, part: Token | None = None) -> Condition:
        owner, _, rest = str(word).partition(".")
        if part is not None:
            rest += self.string(part)
        return Condition(owner.lower(), rest, position=word.start_pos or 0)

    def word(self, token: Token) -> str:
        return str(token)

    def string(self, token: Token) -> str:
        return _ESCAPED.sub(r"\1", str(token)[1:-1])


_READER = Lark(
    (Path(__file__).parent / "grammar.lark").read_text(),
    parser="lalr",
    transformer=_Making(),
    maybe_placeholders=False,
)


def parse(text: str) -> Expression:
    """What a filter says; empty text lets everything pass.

    Raises InvalidInput with the place, counted from 0, and what was expected there.
    """
    if len(text) > LONGEST:
        _refuse(LONGEST, f"A filter has at most {LONGEST:,} characters; this one has {len(text):,}.")
    if found := _UNKEEPABLE.search(text):
        _refuse(found.start(), "This character cannot be searched for; remove it.")
    try:
        expression: Expression = _READER.parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        _explain(text, error)
    _within_limits(expression)
    return expression


def _within_limits(expression: Expression) -> None:
    level: list[Expression] = [expression]
    for _ in range(DEEPEST + 1):
        level = [part for one in level for part in _inside(one)]
    if level:
        _refuse(0, f"This filter has more than {DEEPEST} brackets inside each other.")
    listed = list(conditions(expression))
    if len(listed) > MOST_CONDITIONS:
        _refuse(listed[MOST_CONDITIONS].position, f"A filter has at most {MOST_CONDITIONS} conditions.")


def _inside(expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, And | Or):
        return expression.parts
    return (expression.of,) if isinstance(expression, Not) else ()


def _explain(text: str, error: UnexpectedInput) -> NoReturn:
    if isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        if text[place] in "\"'":
            _refuse(place, f"Character {place + 1}: this quotation mark is never closed.")
        _refuse(place, f"Character {place + 1}: “{text[place]}” is not expected here; {_due(error.allowed)}.")
    place = len(text)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        place = error.token.start_pos or 0
        said = str(error.token)
        said = said if len(said) <= 40 else f"{said[:37]}…"
        _refuse(place, f"Character {place + 1}: “{said}” is not expected here; {_due(error.accepts)}.")
    accepts = error.accepts if isinstance(error, UnexpectedToken) else None
    if isinstance(error, UnexpectedEOF):
        accepts = set(error.expected)
    _refuse(place, f"The filter breaks off: {_due(accepts)}.")


def _due(accepts: set[str] | None) -> str:
    words = [text for name, text in _WORDS.items() if name in (accepts or ())]
    if not words:
        return "something else is due"
    return f"due is {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"due is {words[0]}"


def _refuse(place: int, message: str) -> NoReturn:
    raise InvalidInput(message, faults=[Fault(("where", place), message)])
