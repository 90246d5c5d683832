from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.questions import Reading, changes, check_mapping, normalize_questions, read_under
from annotation.questions.changes import Touched
from annotation.questions.mapping import complete
from tests.annotation.questions.strategies import LABELS, answers_to, schemas


def choice(name: str, *labels: str, **options: Any) -> dict[str, Any]:
    kind = options.pop("type", "single_choice")
    return {"name": name, "type": kind, "labels": [{"value": label} for label in labels], **options}


def schema(*questions: dict[str, Any]) -> list[dict[str, Any]]:
    return normalize_questions(list(questions))


def read(old: Any, new: Any, mapping: Any, answer: Any) -> Any:
    return read_under([schema(old), schema(new)], [mapping], answer)


def paths(old: Any, new: Any, mapping: Any) -> list[tuple[Any, ...]]:
    faults = check_mapping(schema(*old), schema(*new), mapping, complete=True)
    return [fault.path for fault in faults]


OLD = choice("topic", "sport", "football", "news", "misc")
MANY = {**OLD, "type": "multiple_choice"}


def test_a_renamed_label_reads_by_its_new_name() -> None:
    new = choice("topic", "sports", "football", "news", "misc")

    assert read(OLD, new, {"topic": {"labels": {"sport": "sports"}}}, {"topic": "sport"}) == (
        {"topic": "sports"},
        set(),
    )


def test_merged_labels_become_one_vote() -> None:
    new = choice("topic", "sport", "news", "misc", type="multiple_choice")
    mapping = {"topic": {"labels": {"football": "sport"}}}

    assert read(MANY, new, mapping, {"topic": ["sport", "football", "news"]}) == (
        {"topic": ["sport", "news"]},
        set(),
    )


def test_a_split_label_is_for_people_to_decide() -> None:
    new = choice("topic", "sport", "football", "news", "art", "science")

    assert read(OLD, new, {"topic": {"labels": {"misc": None}}}, {"topic": "misc"}) == ({}, {"topic"})
    assert read(OLD, new, {"topic": {"labels": {"misc": None}}}, {"topic": "news"}) == (
        {"topic": "news"},
        set(),
    )


def test_a_choice_with_one_undecided_label_is_undecided_as_a_whole() -> None:
    new = choice("topic", "sport", "football", "news", type="multiple_choice")

    assert read(MANY, new, {"topic": {"labels": {"misc": None}}}, {"topic": ["sport", "misc"]}) == (
        {},
        {"topic"},
    )


def test_a_dropped_label_vanishes() -> None:
    new = choice("topic", "sport", "football", "news", type="multiple_choice", required=False)
    mapping = {"topic": {"drop": ["misc"]}}

    assert read(MANY, new, mapping, {"topic": ["misc", "sport"]}) == ({"topic": ["sport"]}, set())
    assert read(MANY, new, mapping, {"topic": ["misc"]}) == ({}, set())
    assert read(MANY, {**new, "required": True}, mapping, {"topic": ["misc"]}) == ({}, {"topic"})


def test_nothing_chosen_stays_an_answer() -> None:
    new = choice("topic", "sports", "football", "news", "misc", type="multiple_choice", min_choices=0)
    old = {**MANY, "min_choices": 0}

    assert read(old, new, {"topic": {"labels": {"sport": "sports"}}}, {"topic": []}) == ({"topic": []}, set())


def test_labels_can_swap_names() -> None:
    mapping = {"topic": {"labels": {"news": "misc", "misc": "news"}}}

    assert read(OLD, OLD, mapping, {"topic": "news"}) == ({"topic": "misc"}, set())


def test_a_renamed_question_takes_its_answers_along() -> None:
    new = choice("subject", "sport", "football", "news", "misc")

    assert read(OLD, new, {"subject": {"from": "topic"}}, {"topic": "news"}) == ({"subject": "news"}, set())


def test_questions_can_swap_names() -> None:
    old = schema(choice("a", "x", "y"), choice("b", "x", "y"))
    mapping = {"a": {"from": "b"}, "b": {"from": "a"}}

    assert read_under([old, old], [mapping], {"a": "x", "b": "y"}) == ({"a": "y", "b": "x"}, set())


def test_a_question_left_behind_lacks_an_answer_only_if_required() -> None:
    assert read(OLD, OLD, {"topic": None}, {"topic": "news"}) == ({}, {"topic"})
    assert read(OLD, {**OLD, "required": False}, {"topic": None}, {"topic": "news"}) == ({}, set())


def test_a_new_required_question_lacks_an_answer_where_it_is_asked() -> None:
    why = {"name": "why", "type": "text", "show_when": {"question": "topic", "any_of": ["misc"]}}
    versions = [schema(OLD), schema(OLD, why)]

    assert read_under(versions, [{}], {"topic": "misc"}) == ({"topic": "misc"}, {"why"})
    assert read_under(versions, [{}], {"topic": "news"}) == ({"topic": "news"}, set())


def test_an_answer_that_is_not_asked_any_more_is_left_out() -> None:
    why = {"name": "why", "type": "text", "required": False}
    asked = {**why, "show_when": {"question": "topic", "any_of": ["misc"]}}

    assert read_under([schema(OLD, why), schema(OLD, asked)], [{}], {"topic": "news", "why": "x"}) == (
        {"topic": "news"},
        set(),
    )


@pytest.mark.parametrize(
    ("old", "new", "value", "expected"),
    [
        (OLD, MANY, "news", ["news"]),
        (MANY, OLD, ["news"], "news"),
        (MANY, OLD, ["news", "misc"], None),
        ({"name": "topic", "type": "rating"}, {"name": "topic", "type": "number"}, 3, 3),
        ({"name": "topic", "type": "number"}, {"name": "topic", "type": "rating"}, 3, 3),
        ({"name": "topic", "type": "number"}, {"name": "topic", "type": "rating"}, 7, None),
        ({"name": "topic", "type": "text"}, {"name": "topic", "type": "number"}, "3.5", 3.5),
        ({"name": "topic", "type": "text"}, {"name": "topic", "type": "number"}, "three", None),
        ({"name": "topic", "type": "text"}, OLD, "news", "news"),
        ({"name": "topic", "type": "text"}, OLD, "weather", None),
        (OLD, {"name": "topic", "type": "text"}, "news", "news"),
        (choice("topic", "1", "2"), {"name": "topic", "type": "rating"}, "2", 2),
        ({"name": "topic", "type": "number"}, {"name": "topic", "type": "number", "max": 5}, 7, None),
        ({"name": "topic", "type": "text"}, {"name": "topic", "type": "text", "max_length": 3}, "four", None),
    ],
)
def test_answers_survive_another_type_where_it_can_say_the_same(
    old: Any, new: Any, value: Any, expected: Any
) -> None:
    lost = ({}, {"topic"})

    assert read(old, new, {}, {"topic": value}) == (
        lost if expected is None else ({"topic": expected}, set())
    )


def test_a_chain_reads_over_versions_that_would_refuse_the_answer() -> None:
    loose, strict = ({"name": "note", "type": "text", "max_length": most} for most in (100, 3))

    assert read_under([schema(loose), schema(strict), schema(loose)], [{}, {}], {"note": "long"}) == (
        {"note": "long"},
        set(),
    )


def test_what_people_must_decide_stays_so_under_later_names() -> None:
    split = choice("topic", "sport", "football", "news", "art", required=False)
    later = choice("subject", "sport", "football", "news", "art", required=False)
    versions = [schema({**OLD, "required": False}), schema(split), schema(later)]
    mappings = [{"topic": {"labels": {"misc": None}}}, {"subject": {"from": "topic"}}]

    assert read_under(versions, mappings, {"topic": "misc"}) == ({}, {"subject"})


@pytest.mark.parametrize(
    ("new", "mapping", "faulty"),
    [
        ([OLD], [], [("mapping",)]),
        ([OLD], {"gone": {}}, [("mapping", "gone")]),
        ([OLD], {"topic": []}, [("mapping", "topic")]),
        ([OLD], {"topic": {"to": 1}}, [("mapping", "topic", "to")]),
        ([OLD], {"topic": {"from": "nowhere"}}, [("mapping", "topic", "from")]),
        ([OLD], {"topic": {"from": []}}, [("mapping", "topic", "from")]),
        ([OLD], {"topic": {"labels": []}}, [("mapping", "topic", "labels")]),
        ([OLD], {"topic": {"labels": {"x": "sport"}}}, [("mapping", "topic", "labels", "x")]),
        ([OLD], {"topic": {"labels": {"misc": "x"}}}, [("mapping", "topic", "labels", "misc")]),
        ([OLD], {"topic": {"labels": {"misc": 3}}}, [("mapping", "topic", "labels", "misc")]),
        ([OLD], {"topic": {"drop": "misc"}}, [("mapping", "topic", "drop")]),
        ([OLD], {"topic": {"drop": ["x"]}}, [("mapping", "topic", "drop", 0)]),
        ([OLD], {"topic": {"drop": ["misc"], "labels": {"misc": None}}}, [("mapping", "topic", "drop", 0)]),
        ([choice("subject", "a")], {}, [("mapping", "topic")]),
        ([choice("subject", "a")], {"topic": None}, []),
        ([choice("topic", "sport", "news")], {}, [("mapping", "topic", "labels", "football"), ("mapping", "topic", "labels", "misc")]),
        ([choice("topic", "sport", "news")], {"topic": {"labels": {"football": "sport"}, "drop": ["misc"]}}, []),
        ([choice("topic", "sport", "news")], {"topic": None}, []),
        ([{"name": "topic", "type": "text"}], {}, []),
    ],
)  # fmt: skip
def test_what_a_mapping_may_say_and_must_not_leave_unsaid(new: Any, mapping: Any, faulty: Any) -> None:
    assert paths([OLD], new, mapping) == faulty


def test_a_shorter_scale_must_say_what_becomes_of_its_points() -> None:
    stars = {"name": "stars", "type": "rating"}
    three = {**stars, "max": 3}
    said = {"stars": {"labels": {"4": "3", "5": "3"}}}

    assert paths([stars], [three], {}) == [
        ("mapping", "stars", "labels", "4"),
        ("mapping", "stars", "labels", "5"),
    ]
    assert paths([stars], [three], said) == []
    assert read(stars, three, said, {"stars": 5}) == ({"stars": 3}, set())


def test_the_unsaid_is_for_people_to_decide() -> None:
    old, new = schema(OLD, choice("b", "x")), schema(choice("topic", "sport", "news", "misc"))

    full = complete(old, new, {})

    assert full == {"b": None, "topic": {"labels": {"football": None}}}
    assert check_mapping(old, new, full, complete=True) == []


def test_changes_are_told_in_words_and_by_whom_they_touch() -> None:
    old = schema(OLD, {"name": "note", "type": "text"})
    new = schema(
        choice("subject", "sports", "news", "misc", "art", help="Pick one."), {"name": "why", "type": "text"}
    )
    mapping = {
        "subject": {"from": "topic", "labels": {"sport": "sports", "football": "sports", "misc": None}},
        "note": None,
    }

    found = changes(old, new, mapping)

    assert [str(change.kind) for change in found] == [
        "question_renamed", "labels_merged", "labels_merged", "label_undecided", "label_added", "option_changed",
        "option_changed", "label_changed", "label_changed", "question_added", "question_removed",
    ]  # fmt: skip
    touched = Touched(old, found)
    kinds = [str(found[at].kind) for at in sorted(touched.by({"topic": "misc", "note": "x"}))]
    assert kinds == ["question_renamed", "label_undecided", "question_removed"]


@given(data=st.data())
def test_the_same_questions_read_every_answer_as_it_is(data: Any) -> None:
    questions = data.draw(schemas())
    answer = Reading([questions], []).read(data.draw(answers_to(questions)))[0]

    assert read_under([questions] * 3, [{}, {}], answer) == (answer, set())
    assert changes(questions, questions, {}) == []


@given(data=st.data())
def test_any_two_versions_give_a_valid_answer_and_name_all_that_it_lacks(data: Any) -> None:
    old, new = data.draw(schemas()), data.draw(schemas())
    mapping = complete(old, new, {})
    answer = Reading([old], []).read(data.draw(answers_to(old)))[0]

    assert check_mapping(old, new, mapping, complete=True) == []
    read_answer, lacking = read_under([old, new], [mapping], answer)
    form = Reading([new], [])
    assert form.read(read_answer)[0] == read_answer
    assert form.read(read_answer)[1] <= lacking
    assert not lacking & read_answer.keys()


@given(labels=LABELS, data=st.data())
def test_a_renaming_and_its_reverse_change_nothing(labels: list[str], data: Any) -> None:
    shuffled = data.draw(st.permutations(labels))
    there = dict(zip(labels, shuffled, strict=True))
    back = {new: old for old, new in there.items()}
    versions = [schema(choice("q", *labels))] * 3
    answer = {"q": data.draw(st.sampled_from(labels))}

    read_answer, lacking = read_under(versions, [{"q": {"labels": there}}, {"q": {"labels": back}}], answer)

    assert (read_answer, lacking) == (answer, set())


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["topic", "note", "sport", "misc", "from", "\0", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["topic", "note", "x", "from", "labels", "drop", "sport"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(mapping=JUNK)
def test_any_json_as_a_mapping_gives_faults_or_can_be_used(mapping: Any) -> None:
    old = schema(OLD, {"name": "note", "type": "text"})
    new = schema(choice("topic", "sport", "news"), {"name": "note", "type": "number"})

    if not check_mapping(old, new, mapping, complete=False):
        full = complete(old, new, mapping)
        assert check_mapping(old, new, full, complete=True) == []
        read_under([old, new], [full], {"topic": "misc", "note": "3"})
        changes(old, new, full)
