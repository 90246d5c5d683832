from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.questions import check_schema, normalize, normalize_questions
from annotation.questions.colors import COLORS, named
from annotation.questions.definition import editable
from tests.annotation.questions.strategies import schemas

Q = dict[str, Any]


def choice(name: str = "q", *labels: Any, **options: Any) -> Q:
    return {
        "name": name,
        "type": "single_choice",
        "labels": [label if isinstance(label, dict) else {"value": label} for label in labels or ("a", "b")],
        **options,
    }


def faults(*questions: Any, fields: Any = ()) -> list[tuple[tuple[Any, ...], str]]:
    return [(fault.path, fault.message) for fault in check_schema(list(fields), list(questions))]


def paths(*questions: Any, fields: Any = ()) -> list[tuple[Any, ...]]:
    return [path for path, _ in faults(*questions, fields=fields)]


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ({"name": "9a", "type": "text"}, ("name",)),
        ({"name": "a b", "type": "text"}, ("name",)),
        ({"name": "a\n", "type": "text"}, ("name",)),
        ({"name": ["a"], "type": "text"}, ("name",)),
        ({"name": "a", "type": "spans"}, ("type",)),
        ({"name": "a", "type": ["text"]}, ("type",)),
        ({"name": "a", "type": "text", "title": 3}, ("title",)),
        ({"name": "a", "type": "text", "help": "\0"}, ("help",)),
        ({"name": "a", "type": "text", "required": "yes"}, ("required",)),
        ({"name": "a", "type": "text", "max_length": 0}, ("max_length",)),
        ({"name": "a", "type": "text", "max_length": True}, ("max_length",)),
        ({"name": "a", "type": "number", "min": 3, "max": 2}, ("max",)),
        ({"name": "a", "type": "number", "step": 0}, ("step",)),
        ({"name": "a", "type": "rating", "max": 1}, ("max",)),
        ({"name": "a", "type": "rating", "max": 99}, ("max",)),
        ({"name": "a", "type": "rating", "hotkeys": ["1"]}, ("hotkeys",)),
        (choice("a", labels=[]), ("labels",)),
        (choice("a", "x", "y", "x"), ("labels", 2, "value")),
        (choice("a", " x"), ("labels", 0, "value")),
        (choice("a", {"value": 3}), ("labels", 0, "value")),
        (choice("a", {"value": "x", "color": "mauve"}), ("labels", 0, "color")),
        (choice("a", {"value": "x", "hotkey": "ab"}), ("labels", 0, "hotkey")),
        (choice("a", {"value": "x", "hotkey": 0}), ("labels", 0, "hotkey")),
        (choice("a", {"value": "x", "hotkey": " "}), ("labels", 0, "hotkey")),
        (choice("a", {"value": "x", "hotkey": "S"}), ("labels", 0, "hotkey")),
        (choice("a", {"value": "x", "icon": "sun"}), ("labels", 0, "icon")),
        (choice("a", labels=["x", None]), ("labels", 0)),
        (choice("a", type="multiple_choice", max_choices=3), ("max_choices",)),
        (choice("a", type="multiple_choice", min_choices=2, max_choices=1), ("max_choices",)),
    ],
)
def test_each_fault_of_a_question_has_its_path(question: Q, path: tuple[Any, ...]) -> None:
    assert ("questions", 0, *path) in paths(question)


@pytest.mark.parametrize("questions", [None, {}, "x", [], 3, [3], ["q"], [None], [{}], [[]] * 3])
def test_questions_that_are_none(questions: Any) -> None:
    assert check_schema([], questions)


def test_names_are_unique() -> None:
    assert paths(choice("a"), choice("a")) == [("questions", 1, "name")]


def test_too_many() -> None:
    assert paths(*[choice(f"q{n}") for n in range(101)]) == [("questions",)]
    assert paths(choice("a", *map(str, range(10_001)))) == [("questions", 0, "labels")]


def test_ten_thousand_labels_are_fine() -> None:
    questions = [choice("a", *(f"label {n}" for n in range(10_000)))]

    assert faults(*questions) == []
    keys = [label["hotkey"] for label in normalize_questions(questions)[0]["labels"]]
    assert keys[:3] == ["1", "2", "3"]
    assert keys[9:11] == ["0", "q"]
    assert keys[-1] == ""


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ("text", ("fields",)),
        ([{"name": "a"}] * 2, ("fields", 1, "name")),
        ([{"name": "a", "type": "hologram"}], ("fields", 0, "type")),
        ([{"name": ""}], ("fields", 0, "name")),
        ([{"name": "a", "size": 3}], ("fields", 0, "size")),
        (["a"], ("fields", 0)),
    ],
)
def test_faults_of_fields(fields: Any, path: tuple[Any, ...]) -> None:
    assert [fault.path for fault in check_schema(fields, [choice()])] == [path]


def test_fields_get_a_type_and_a_title() -> None:
    fields, _ = normalize([{"name": "Review Text"}], [choice()])

    assert fields == [{"name": "Review Text", "type": "text", "title": "Review Text"}]


def when(question: str, **condition: Any) -> dict[str, Any]:
    return {"question": question, **condition}


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ("a", ()),
        ({}, ()),
        (when("b", answered=True), ("question",)),
        (when("later", answered=True), ("question",)),
        (when("a"), ()),
        (when("a", any_of=["a"], answered=True), ()),
        (when("a", answered=False), ("answered",)),
        (when("a", any_of=[]), ("any_of",)),
        (when("a", any_of=["c"]), ("any_of", 0)),
        (when("a", any_of=[{}]), ("any_of", 0)),
        (when("free", any_of=["x"]), ("any_of",)),
        (when("a", any_of=["a"], of=3), ("of",)),
    ],
)
def test_faults_of_conditions(condition: Any, path: tuple[Any, ...]) -> None:
    free = {"name": "free", "type": "text"}
    questions = [choice("a"), free, choice("b", show_when=condition), choice("later")]

    assert paths(*questions) == [("questions", 2, "show_when", *path)]


def test_a_rating_can_be_a_condition() -> None:
    rating = {"name": "stars", "type": "rating"}

    assert faults(rating, choice("why", show_when=when("stars", any_of=[1, "2"]))) == []
    assert faults(rating, choice("why", show_when=when("stars", any_of=[6])))


def test_one_key_for_two_labels_is_a_conflict() -> None:
    one = choice("a", {"value": "x", "hotkey": "k"}, {"value": "y", "hotkey": "K"})
    [(path, message)] = faults(one)

    assert path == ("questions", 0, "labels", 1, "hotkey")
    assert message == "“k” is the key of “x” already."


def test_one_key_in_two_questions_is_a_conflict_only_if_both_can_be_asked_at_once() -> None:
    kind = choice("kind", "animal", "plant")
    animal = choice("animal", {"value": "cat", "hotkey": "k"}, show_when=when("kind", any_of=["animal"]))
    plant = choice("plant", {"value": "oak", "hotkey": "k"}, show_when=when("kind", any_of=["plant"]))
    either = choice("either", {"value": "big", "hotkey": "k"}, show_when=when("kind", answered=True))

    assert faults(kind, animal, plant) == []
    assert paths(kind, animal, plant, either) == [("questions", 3, "labels", 0, "hotkey")]
    assert paths({**kind, "type": "multiple_choice"}, animal, plant) == [
        ("questions", 2, "labels", 0, "hotkey")
    ]


def test_exclusion_is_inherited() -> None:
    kind = choice("kind", "animal", "plant")
    animal = choice("animal", "cat", show_when=when("kind", any_of=["animal"]))
    fur = choice("fur", {"value": "long", "hotkey": "k"}, show_when=when("animal", any_of=["cat"]))
    plant = choice("plant", {"value": "oak", "hotkey": "k"}, show_when=when("kind", any_of=["plant"]))

    assert faults(kind, animal, fur, plant) == []


def test_a_conflict_is_told_beside_other_faults() -> None:
    conflict = choice("b", {"value": "x", "hotkey": "k"}, {"value": "y", "hotkey": "k"})

    assert paths({"name": "1", "type": "text"}, conflict) == [
        ("questions", 0, "name"),
        ("questions", 1, "labels", 1, "hotkey"),
    ]


def keys_of(*questions: Q) -> list[list[str]]:
    return [
        question.get("hotkeys") or [label["hotkey"] for label in question["labels"]]
        for question in normalize_questions(list(questions))
    ]


def test_keys_are_given_in_form_order_around_the_chosen_ones() -> None:
    assert keys_of(
        choice("a", "x", {"value": "y", "hotkey": "1"}, {"value": "z", "hotkey": ""}), choice("b", "u", "v")
    ) == [
        ["2", "1", ""],
        ["3", "4"],
    ]


def test_questions_that_exclude_each_other_share_keys() -> None:
    kind = choice("kind", "animal", "plant")
    animal = choice("animal", "cat", "dog", show_when=when("kind", any_of=["animal"]))
    plant = choice("plant", "oak", show_when=when("kind", any_of=["plant"]))

    assert keys_of(kind, animal, plant) == [["1", "2"], ["3", "4"], ["3"]]


def test_digits_keep_their_meaning() -> None:
    digits = choice("digit", *map(str, range(10)))
    stars = {"name": "stars", "type": "rating", "max": 3}

    assert keys_of(digits) == [list("0123456789")]
    assert keys_of(stars) == [["1", "2", "3"]]
    assert keys_of(choice("a"), stars) == [["1", "2"], ["q", "w", "e"]]


def test_no_key_of_the_page_is_given_away() -> None:
    given = keys_of(choice("a", *map(str, range(50, 100))))[0]

    assert not set(given) & set("asfcgz?/ ")
    assert len(set(given) - {""}) == 30


@pytest.mark.parametrize(
    ("color", "name"),
    [("#ff0000", "red"), ("#00ff00", "lime"), ("#0000ff", "blue"), ("#808080", "gray"), ("#ffffff", "gray"),
     ("#000000", "gray"), ("#ffa500", "amber"), ("#ff69b4", "pink"), ("#00ffff", "cyan"), ("#800080", "purple"),
     ("#008080", "teal"), ("#006400", "green"), ("teal", "teal")],
)  # fmt: skip
def test_colours_become_one_of_the_twelve(color: str, name: str) -> None:
    assert named(color) == name


def test_labels_without_colour_get_different_ones() -> None:
    labels = normalize_questions([choice("a", *map(str, range(12)))])[0]["labels"]

    assert {label["color"] for label in labels} == set(COLORS)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["q", "text", "single_choice", "\0", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "type", "labels", "value", "show_when", "question", "any_of"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(fields=JSON, questions=JSON | st.lists(JSON, max_size=3))
def test_any_json_as_a_schema_gives_faults_or_can_be_normalized(fields: Any, questions: Any) -> None:
    if not check_schema(fields, questions):
        normalize(fields, questions)


@given(data=st.data())
def test_what_is_editable_is_the_same_schema(data: Any) -> None:
    questions = data.draw(schemas())

    plain = editable(questions)

    assert normalize_questions(plain) == questions
    assert all(question["title"] == "" for question in plain)
