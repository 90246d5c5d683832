"""Faults of definitions say what is wrong, where, and how to mend it."""

import pytest

from labelmodel.functions import DefinitionError, check
from tests.labelmodel.functions.samples import CONTEXT


def faults(kind, definition):
    with pytest.raises(DefinitionError) as error:
        check(kind, definition, CONTEXT)
    return {fault.path: fault.message for fault in error.value.faults}


@pytest.mark.parametrize(
    ("kind", "definition", "path", "message"),
    [
        ("keywords", {"label": "spam"}, ("any",), "at least one word"),
        (
            "keywords",
            {"label": "eggs", "any": ["a"]},
            ("label",),
            "no label “eggs”; there are “spam”, “ham”, “3”",
        ),
        ("keywords", {"label": "3", "any": ["a"]}, ("label",), "no label “3”"),
        ("keywords", {"label": True, "any": ["a"]}, ("label",), "no label"),
        ("keywords", {"any": ["a"]}, ("label",), "Say which label"),
        ("keywords", {"label": "ham", "any": "a"}, ("any",), "list of words"),
        ("keywords", {"label": "ham", "any": ["a", 5, " "]}, ("any", 1), "word or phrase"),
        ("keywords", {"label": "ham", "any": ["x" * 201]}, ("any", 0), "201 characters; at most 200"),
        ("keywords", {"label": "ham", "any": [f"w{n}" for n in range(10_001)]}, (), "Upload them as a table"),
        ("keywords", {"label": "ham", "any": ["a"], "fields": ["email"]}, ("fields", 0), "marked sensitive"),
        ("keywords", {"label": "ham", "any": ["a"], "fields": ["text", "text"]}, ("fields", 1), "twice"),
        ("keywords", {"label": "ham", "any": ["a"], "fields": []}, ("fields",), "leave it out"),
        ("keywords", {"label": "ham", "any": ["a"], "fields": [["text"]]}, ("fields", 0), "no field"),
        ("keywords", {"label": "ham", "any": ["a"], "case": "no"}, ("case",), "true or false"),
        (
            "keywords",
            {"rules": [{"label": "ham", "any": ["a"], "all_": []}]},
            ("rules", 0, "all_"),
            "no “all_” here",
        ),
        ("keywords", {"rules": [{"label": "ham", "any": ["a"]}], "label": "ham"}, ("label",), "into a rule"),
        ("keywords", {"rules": [{"label": "ham", "any": ["a"]}] * 101}, ("rules",), "101 rules"),
        ("pattern", {"label": "ham", "pattern": "(?<=a)b"}, ("pattern",), "Look-ahead and look-behind"),
        ("pattern", {"label": "ham", "pattern": "ab(?!c)"}, ("pattern",), "at character 3"),
        ("pattern", {"label": "ham", "pattern": r"(a)\1"}, ("pattern",), "Back references"),
        ("pattern", {"label": "ham", "pattern": "a(b"}, ("pattern",), "at character 2: unclosed group"),
        (
            "pattern",
            {"label": "ham", "pattern": "a\n(b"},
            ("pattern",),
            "line 2, character 1: unclosed group",
        ),
        ("pattern", {"label": "ham", "pattern": "a{1000}{1000}"}, ("pattern",), "too large"),
        ("pattern", {"label": "ham", "pattern": "x" * 2_001}, ("pattern",), "at most 2000"),
        ("pattern", {"label": "ham", "pattern": ""}, ("pattern",), "Write a pattern"),
        ("pattern", {"label": "ham", "pattern": "a", "not": "["}, ("not",), "unclosed character class"),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "price", "is": "<", "value": "x"}]},
            ("all", 0, "value"),
            "a number",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "price", "is": "<", "value": True}]},
            ("all", 0, "value"),
            "a number",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "when", "value": "2024-02-30", "as": "date"}]},
            ("all", 0, "value"),
            "a date",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "is": "~"}]},
            ("all", 0, "is"),
            "there are =, !=, <",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "is": "missing", "value": 1}]},
            ("all", 0),
            "no value",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "is": "in", "value": []}]},
            ("all", 0, "value"),
            "a list",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "value": "a", "as": "colour"}]},
            ("all", 0, "as"),
            "number, date, text",
        ),
        ("comparison", {"label": "ham", "all": {}}, ("all",), "list of conditions"),
        ("comparison", {"label": "ham", "all": [{"field": "text"}]}, ("all", 0, "value"), "Say what value"),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "value": None}]},
            ("all", 0, "value"),
            "null is no value: say “missing”",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "value": True}]},
            ("all", 0, "value"),
            "Write the value as text: “true”",
        ),
        (
            "comparison",
            {"label": "ham", "all": [{"field": "text", "value": 1e308}]},
            ("all", 0, "value"),
            "This number is too large",
        ),
        (
            "comparison",
            {"label": "ham", "not": [{"field": "text", "is": "missing"}]},
            ("all",),
            "at least one condition that must hold",
        ),
        ("comparison", {"label": "ham"}, ("all",), "at least one condition"),
        ("lookup", {"entries": [{"value": "", "label": "ham"}]}, ("entries", 0, "value"), "a text"),
        (
            "lookup",
            {"entries": [{"value": "a", "label": "ham"}], "table": "x"},
            ("table",),
            "here are entries",
        ),
        ("lookup", {"table": "x", "column": "a"}, ("label",), "Give either"),
        ("lookup", {"table": 1, "column": "a"}, ("table",), 'as text: "1"'),
        (
            "lookup",
            {"table": "x", "column": "a", "label": "ham", "find": "some"},
            ("find",),
            "equal, words, anywhere",
        ),
        (
            "lookup",
            {"table": "x", "column": "a", "label_column": "b", "labels": {"y": "no"}},
            ("labels", "y"),
            "no label",
        ),
        ("expression", {"label": "ham", "when": "item.text +"}, ("when",), "at character 12"),
        ("expression", {"label": "ham", "when": "item.price >\n *"}, ("when",), "line 2, character"),
        ("expression", {"label": "ham", "when": "item.colour == 1"}, ("when",), "no field “colour”"),
        ("expression", {"label": "ham", "when": 'item["email"] == "x"'}, ("when",), "marked sensitive"),
        ("expression", {"label": "ham", "when": "text == 1"}, ("when",), "undeclared reference to 'text'"),
        ("expression", {"label": "ham", "when": "size(item.text)"}, ("when",), "a number, not true or false"),
        (
            "expression",
            {"label": "ham", "when": "!" + "(" * 40 + "true" + ")" * 40},
            ("when",),
            "nested too deeply",
        ),
        (
            "expression",
            {"label": "ham", "when": 'item.tags.map(t, t + "a") == []'},
            ("when",),
            "cannot be used together",
        ),
        (
            "expression",
            {"label": "ham", "when": "item.text.matches('(a')"},
            ("when",),
            "pattern '(a' cannot be",
        ),
        ("expression", {"label": "ham", "when": 'matches(string(item.text), r"(?=b)" )'}, ("when",), "(?="),
        ("expression", {"label": "ham", "when": "'\ud800' == ''"}, (), "half a character"),
        (
            "python",
            {"function": "nothing"},
            ("function",),
            "no Python function “nothing”; there are “broken”",
        ),
        ("keywords", {"label": "ham", "any": ["a\x00"]}, (), "character 0"),
        ("keywords", {"label": "ham", "any": [{1, 2}]}, (), "JSON"),
        ("nonsense", {}, ("kind",), "there are keywords, pattern"),
    ],
)
def test_is_told(kind, definition, path, message):
    assert message in faults(kind, definition)[path]


def test_all_faults_are_told_at_once():
    found = faults("keywords", {"label": "eggs", "any": [5], "case": 1, "fields": ["no"], "odd": 1})

    assert {("label",), ("any", 0), ("case",), ("fields", 0), ("odd",)} <= found.keys()


def test_one_rule_needs_no_list_and_defaults_are_written_out():
    assert check("keywords", {"label": "ham", "any": ["you", " you ", "nai\u0308ve"]}, CONTEXT) == {
        "fields": ["text", "note"],
        "case": False,
        "words": True,
        "rules": [{"label": "ham", "any": ["you", "naïve"]}],
    }


def test_how_values_are_compared_is_written_out():
    values = [5, "2024-05-01", "web", ["a", "b"], [1, 2]]
    conditions = [
        {"field": "tags", "is": "in" if isinstance(one, list) else "=", "value": one} for one in values
    ]

    checked = check("comparison", {"label": "ham", "any": conditions}, CONTEXT)

    assert [one["as"] for one in checked["rules"][0]["any"]] == ["number", "date", "text", "text", "number"]


def test_a_definition_has_a_size():
    assert "at most 1,000,000 bytes" in faults("lookup", {"entries": ["x" * 1_000_000]})[()]
