"""From a definition to its form and back; and to which control a fault belongs."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from annotation.errors import Fault
from labelmodel.functions import Context, check
from labelmodel.pages import functions_values as values
from labelmodel.pages.functions_controls import SHAPES, shape_of
from labelmodel.pages.functions_values import Bound, DefinitionForm

DEFINITIONS: list[tuple[str, dict[str, Any]]] = [
    ("keywords", {"fields": ["text"], "case": True, "words": False, "rules": [{"label": "spam", "any": ["a b", "c"], "not": ["d"]}, {"label": "ham", "all": ["x"]}]}),
    ("pattern", {"fields": ["text", "title"], "case": False, "rules": [{"label": "spam", "pattern": " \\bfree\\b", "not": "x"}]}),
    ("comparison", {"case": False, "rules": [{"label": "a", "all": [{"field": "p", "is": "<", "value": 5, "as": "number"}], "any": [{"field": "p", "is": "in", "value": [1, 2.5], "as": "number"}], "not": [{"field": "q", "is": "missing"}, {"field": "q", "is": "=", "value": "7", "as": "text"}]}]}),
    ("lookup", {"fields": ["text"], "case": False, "find": "equal", "table": "t", "column": "c", "label_column": "l", "labels": {"s": "spam"}}),
    ("lookup", {"case": True, "find": "words", "entries": [{"value": "a = b", "label": "spam"}, {"value": "c", "label": "ham"}]}),
    ("expression", {"fields": ["text"], "rules": [{"label": "a", "when": "item.x > 1\n&& true"}]}),
    ("python", {"fields": ["text"], "function": "f", "labels": {"1": "spam"}}),
    ("endpoint", {"endpoint": "e", "model": "m", "task": "Is it?", "may_abstain": False, "confidence": 0.5, "max_tokens": 9, "form": "text", "logprobs": True, "tokens_field": "max_tokens"}),
    ("tags", {"rules": [{"label": "spam", "any": ["from a shop", "x"], "not": ["y"]}, {"label": "ham", "all": ["z"]}]}),
    ("similar", {"exemplars": [{"key": "mail = 1", "label": "spam"}, {"key": "b", "label": "ham"}], "least": 0.6, "encoder": 2}),
    ("model", {"model": 3, "least": 0.8}),
    ("model", {"source": "old", "version": "2", "least": 0.5}),
    ("of_another_layer", {"threshold": 0.8, "items": [1, 2]}),
]  # fmt: skip


def sent(form: DefinitionForm) -> QueryDict:
    """What a browser sends of a form."""
    post = QueryDict(mutable=True)
    for one in form.controls:
        _add(post, one)
    for rule in form.rules:
        post.appendlist("rule", rule.key)
        for one in rule.controls:
            _add(post, one)
    return post


def _add(post: QueryDict, one: Bound) -> None:
    if one.control.draws == "conditions":
        for row in one.rows:
            for part in ("holds", "field", "is", "value", "as"):
                post.appendlist(f"{one.name}.{part}", str(row[part]))
    elif one.control.draws == "fields":
        post.setlist(one.name, one.value)
    elif one.control.draws != "check" or one.value:
        post[one.name] = (
            "on" if one.control.draws == "check" else str(one.value if one.value is not None else "")
        )


@pytest.mark.parametrize(("kind", "definition"), DEFINITIONS)
def test_a_form_says_what_it_was_drawn_from(kind: str, definition: dict[str, Any]) -> None:
    shape = shape_of(kind)

    assert values.read(shape, sent(values.drawn(shape, definition))) == definition


@pytest.mark.parametrize("kind", ["pattern", "expression"])
def test_examples_in_forms_work(kind: str) -> None:
    (example,) = [one for one in shape_of(kind).rule if one.placeholder]
    context = Context({"title": "text", "price": "number"}, ("a",))

    assert check(kind, {"label": "a", example.name: example.placeholder}, context)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("definition", [None, {}, [], "x", {"rules": 7}, {"rules": [7, None]}, {"rules": [{"any": 3, "all": [4]}], "labels": [], "entries": [9]}])  # fmt: skip
def test_forms_are_drawn_of_anything(kind: str, definition: Any) -> None:
    form = values.drawn(shape_of(kind), definition)

    assert form.every


def test_faults_stand_at_their_controls_whatever_the_keys_are() -> None:
    definition = {"rules": [{"label": "a", "any": ["x"]}, {"label": "b", "any": ["y", ""]}]}
    faults = [
        Fault(("definition", "rules", 1, "any", 1), "a word"),
        Fault(("definition", "rules", 0, "label"), "no label"),
        Fault(("definition", "fields", 0), "no field"),
        Fault(("definition",), "too many"),
    ]

    form = values.drawn(shape_of("keywords"), definition, faults=faults, keys=["4", "9"])

    told = {one.name: one.faults for one in form.every if one.faults}
    assert told == {
        "d.rules.9.any": ("Number 2: a word",),
        "d.rules.4.label": ("no label",),
        "d.fields": ("Number 1: no field",),
    }
    assert form.faults == ("too many",)


def test_faults_of_conditions_stand_below_them_and_those_of_labels_at_the_label() -> None:
    definition = {"rules": [{"label": "", "all": [{"field": "p", "is": "=", "value": 1}]}]}
    faults = [
        Fault(("definition", "rules", 0, "all", 0, "value"), "no number"),
        Fault(("definition", "rules", 0, "label"), "no label"),
    ]

    form = values.drawn(shape_of("comparison"), definition, faults=faults)

    told = {one.control.name: one.faults for one in form.every if one.faults}
    assert told == {"conditions": ("Number 1: no number",), "label": ("no label",)}


def test_what_is_left_empty_is_left_out_and_numbers_stay_numbers() -> None:
    post = QueryDict(
        "rule=0&d.rules.0.label=a&d.rules.0.conditions.field=p&d.rules.0.conditions.is=%3E&d.rules.0.conditions.value=1e3"
        "&d.rules.0.conditions.as=&d.rules.0.conditions.holds=all"
    )

    found = values.read(shape_of("comparison"), post)

    assert found == {
        "case": False,
        "rules": [{"label": "a", "all": [{"field": "p", "is": ">", "value": 1000.0}]}],
    }
