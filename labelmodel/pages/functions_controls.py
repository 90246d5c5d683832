"""The form of each kind of labeling function: which controls it has. No numerical libraries: pages draw it, the kinds check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Draws = Literal[
    "terms",
    "line",
    "code",
    "text",
    "check",
    "fields",
    "label",
    "choice",
    "number",
    "conditions",
    "entries",
    "json",
]


@dataclass(frozen=True, slots=True)
class Control:
    """One control. `more`: used rarely, and folded away while it is empty."""

    name: str
    draws: Draws
    title: str
    help: str = ""
    placeholder: str = ""
    default: object = None
    choices: tuple[tuple[str, str], ...] = ()
    more: bool = False
    # What entries call that which the label is of.
    entry: str = "value"
    # What a line may be chosen from beside it, or "" where nothing is offered.
    offers: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind as people see it. With `rule`, there may be several, of which the first one that passes wins."""

    title: str
    about: str
    controls: tuple[Control, ...]
    rule: tuple[Control, ...] = ()
    icon: str = "filter"


_FIELDS = Control("fields", "fields", "Fields to read", "None chosen: all fields with text.", more=True)
_CASE = Control("case", "check", "Upper and lower case differ", default=False, more=True)
_TAG = "Choose a tag"
_LABEL = Control("label", "label", "Votes for")
_ANY_FIELD = Control(
    "fields", "fields", "Fields to read", "None chosen: those that the expression names.", more=True
)

COMPARISONS = (
    ("=", "is"),
    ("!=", "is not"),
    ("<", "is below"),
    ("<=", "is at most"),
    (">", "is above"),
    (">=", "is at least"),
    ("in", "is one of (values with | between them)"),
    ("missing", "is missing"),
    ("present", "is there"),
)
HOLDS = (("all", "must hold"), ("any", "one of these must hold"), ("not", "must not hold"))
READINGS = (("", "as it looks"), ("number", "as a number"), ("date", "as a date"), ("text", "as text"))

_FORMS = (("json_schema", "JSON by a schema"), ("json_object", "JSON"), ("text", "text"))
_TOKENS = (("max_tokens", "max_tokens"), ("max_completion_tokens", "max_completion_tokens"))

SHAPES: dict[str, Shape] = {
    "keywords": Shape(
        "Keywords and phrases",
        "Votes where words or phrases are found in the text.",
        (
            Control("words", "check", "Whole words only", default=True, more=True),
            _CASE,
            _FIELDS,
        ),
        (
            _LABEL,
            Control(
                "any", "terms", "Any of these", "One word or phrase on each line.", "check out\nsubscribe"
            ),
            Control("all", "terms", "And all of these", "One on each line.", more=True),
            Control("not", "terms", "But none of these", "One on each line.", more=True),
        ),
        "search",
    ),
    "pattern": Shape(
        "Regular expression",
        "Votes where a pattern is found in the text.",
        (_CASE, _FIELDS),
        (
            _LABEL,
            Control(
                "pattern",
                "line",
                "Pattern",
                "Found anywhere in a text; \\b is the edge of a word.",
                "\\bfree\\b",
            ),
            Control("not", "line", "But not where this is found", more=True),
        ),
        "code",
    ),
    "comparison": Shape(
        "Comparison",
        "Votes where fields are equal to, below or above a value, or missing.",
        (_CASE,),
        (_LABEL, Control("conditions", "conditions", "Conditions")),
        "scale",
    ),
    "lookup": Shape(
        "Lookup",
        "Votes where what a field says, or a term inside it, stands in a table.",
        (
            Control("table", "choice", "Table", "Uploaded to this project; or write entries below."),
            Control("column", "line", "Column that is looked into"),
            Control(
                "label_column", "line", "Column that says the label", "Or choose one label for all rows."
            ),
            Control("label", "label", "All rows mean"),
            Control(
                "labels", "json", "What the column says, and which label is meant", '{"s": "spam"}', more=True
            ),
            Control(
                "entries", "entries", "Entries", "One on each line: value = label.", "acme.example = spam"
            ),
            Control(
                "find",
                "choice",
                "Found where",
                default="words",
                choices=(
                    ("words", "whole words of the text are the term"),
                    ("equal", "the whole field is the term"),
                    ("anywhere", "the term stands anywhere, also inside words"),
                ),
            ),
            _CASE,
            _FIELDS,
        ),
        icon="list",
    ),
    "expression": Shape(
        "Expression (CEL)",
        "Votes where an expression in CEL is true of the item.",
        (_ANY_FIELD,),
        (
            _LABEL,
            Control(
                "when",
                "code",
                "When",
                "CEL (cel.dev): item has the fields of the payload.",
                'item.price > 100.0 && item.title.lower().contains("sale")',
            ),
        ),
        "code",
    ),
    "python": Shape(
        "Python function",
        "Votes what a function of an installed package returns.",
        (
            Control(
                "function",
                "line",
                "Function of the package",
                "As the package registers it under querent.labeling_functions.",
            ),
            Control(
                "labels", "json", "What it returns, and which label is meant", '{"1": "spam"}', more=True
            ),
            _FIELDS,
        ),
        icon="file",
    ),
    "similar": Shape(
        "Similar items",
        "Votes where an item is similar to exemplar items.",
        (
            Control(
                "exemplars",
                "entries",
                "Exemplars",
                "One on each line: key of an item = label.",
                "mail-17 = spam",
                entry="key",
                offers="Find an item: its key, or words of it",
            ),
            Control(
                "least",
                "number",
                "Least similarity",
                "The cosine of two vectors: 1 is the same, 0 has nothing in common.",
                "0.6",
            ),
            Control("encoder", "number", "Version of the encoder", "Empty: the current one.", more=True),
        ),
        icon="copy",
    ),
    "model": Shape(
        "Predictions",
        "Votes as a version of a model, or an import, predicts.",
        (
            Control(
                "model",
                "number",
                "Version of the model",
                "Empty: the model in use, unless an import is named.",
                offers="Versions",
            ),
            Control("least", "number", "Least probability", "From 0 to 1; below, it abstains.", default=0.5),
            Control("source", "line", "Or an import: its source", more=True),
            Control("version", "line", "And its version", more=True),
        ),
        icon="target",
    ),
    "tags": Shape(
        "Tags",
        "Votes where an item has tags.",
        (),
        (
            _LABEL,
            Control("any", "terms", "Any of these tags", "One on each line.", "urgent", offers=_TAG),
            Control("all", "terms", "And all of these", "One on each line.", more=True, offers=_TAG),
            Control("not", "terms", "But none of these", "One on each line.", more=True, offers=_TAG),
        ),
        "label",
    ),
    "endpoint": Shape(
        "Language model (endpoint)",
        "Asks a model behind an OpenAI-compatible endpoint. It runs on workers; figures come from its trial.",
        (
            Control("endpoint", "line", "Endpoint", "The name that the operator gave it."),
            Control("model", "line", "Model", placeholder="gpt-4o-mini"),
            Control(
                "task",
                "text",
                "What it is to find out",
                "Name a field as {{field}}. The item comes after it, as data.",
            ),
            Control(
                "labels",
                "json",
                "Labels it may choose, and when",
                '["spam", {"label": "ham", "title": "Wanted", "about": "from people one knows"}]',
                more=True,
            ),
            Control("guidelines", "text", "Guidelines", more=True),
            Control("may_abstain", "check", "It may say that it does not know", default=True),
            Control(
                "confidence", "number", "Least confidence", "From 0 to 1; below, it abstains.", more=True
            ),
            Control("form", "choice", "Form of answers", choices=_FORMS, default="json_schema", more=True),
            Control(
                "fallback",
                "choice",
                "Where the endpoint does not know that form",
                choices=(("", "stop"), *_FORMS),
                more=True,
            ),
            Control("logprobs", "check", "Confidence from probabilities of tokens", default=False, more=True),
            Control("temperature", "number", "Temperature", more=True),
            Control("seed", "number", "Seed", more=True),
            Control(
                "tokens_field",
                "choice",
                "Name of the longest answer in requests",
                choices=_TOKENS,
                default="max_tokens",
                more=True,
            ),
            Control("max_tokens", "number", "Longest answer, in tokens", more=True),
            Control("at_once", "number", "Requests at once", more=True),
            Control("seconds", "number", "Seconds for a batch", more=True),
            _FIELDS,
        ),
        icon="comment",
    ),
}

# What is said of a kind without a form of its own.
PLAIN = Shape("", "", (Control("", "json", "Definition", "JSON, as over REST."),), icon="code")


def shape_of(kind: str, title: str = "", about: str = "") -> Shape:
    """The form of a kind; of one that has none here, a field for its JSON."""
    if found := SHAPES.get(kind):
        return found
    return Shape(title or kind, about, PLAIN.controls, icon="code")
