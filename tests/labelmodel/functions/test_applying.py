"""Time, memory and what one function costs the others."""

import tracemalloc

import numpy as np
import pytest

from labelmodel.functions import ABSTAIN, Cast, Context, DefinitionError, apply, build, check_tests, prepare
from labelmodel.functions.testing import Failure
from labelmodel.functions.voting import joined
from tests.labelmodel.functions.samples import CONTEXT, batch_of, function, said


def test_a_function_that_hangs_is_stopped_and_the_others_go_on():
    texts = [{"text": "fine"}] * 3 + [{"text": "hang"}, {"text": "FREE MONEY"}]
    functions = [function("python", {"function": "hanging"}), function("keywords")]

    hanging, keywords = apply(functions, batch_of(texts), limit_seconds=0.2)

    assert hanging.stopped == 3
    assert hanging.label.tolist() == [0, 0, 0, ABSTAIN, ABSTAIN]
    assert keywords.label.tolist() == [ABSTAIN] * 4 + [0]
    assert keywords.stopped is None


def test_what_was_not_looked_at_is_told():
    cast = apply(
        [function("python", {"function": "slow"})], batch_of([{"text": "a"}] * 500), limit_seconds=0.1
    )[0]

    assert 0 < cast.stopped < 500
    assert set(cast.label[: cast.stopped]) == {0}
    assert set(cast.label[cast.stopped :]) == {ABSTAIN}


@pytest.mark.parametrize("kind", ["keywords", "expression", "python"])
def test_without_time_nothing_is_looked_at(kind):
    cast = apply([function(kind)], batch_of([{"text": "FREE MONEY", "price": 9}]), limit_seconds=-1.0)[0]

    assert cast.stopped == 0
    assert cast.label.tolist() == [ABSTAIN]
    assert cast.errors == {}


@pytest.mark.parametrize("kind", ["keywords", "pattern", "comparison"])
def test_between_two_rules_the_clock_is_looked_at(kind):
    batch = batch_of([{"text": "FREE MONEY", "price": 9}])

    cast = function(kind).run(batch.until(0.0))

    assert (cast.stopped, cast.label.tolist()) == (0, [ABSTAIN])


def test_pieces_are_joined_in_order(monkeypatch):
    monkeypatch.setattr("labelmodel.functions.applying.ROWS", 2)
    payloads = [{"text": "hello", "price": 9}, {"text": "x", "price": "x"}, b"{", {"price": 6}, {"price": 1}]

    cast = apply([function("expression")], batch_of(payloads))[0]

    assert cast.label.tolist() == [0, ABSTAIN, ABSTAIN, 0, ABSTAIN]
    assert sorted(cast.errors) == [1, 2]


def test_what_comes_after_a_place_that_was_not_looked_at_is_left_for_later():
    votes = np.array([1, 1, 1], dtype=np.int16)
    pieces = [
        Cast(votes, {0: "a"}),
        Cast(votes, {0: "b"}, stopped=1, again_in=3.0),
        Cast(votes, {0: "c"}, again_in=2.0),
    ]

    cast = joined(pieces)

    assert cast.label.tolist() == [1, 1, 1, 1, *[ABSTAIN] * 5]
    assert cast.errors == {0: "a", 3: "b"}
    assert (cast.stopped, cast.again_in) == (4, 2.0)


def test_pieces_are_small_in_rows_and_in_bytes():
    batch = batch_of([{"text": "a" * size} for size in (1, 1, 1, 5, 20, 1, 9, 1, 1, 1, 1)])

    assert [len(piece) for piece in batch.slices(3, 10)] == [3, 1, 1, 2, 3, 1]
    assert [len(piece) for piece in batch_of([]).slices(3, 10)] == [0]


def test_what_raises_is_counted_and_told():
    payloads = [{"text": "spam"}, {"text": "eggs"}, {}, {"text": 3}, {"text": True}]

    cast = apply([function("python", {"function": "labels"})], batch_of(payloads))[0]

    assert cast.label.tolist() == [0, ABSTAIN, ABSTAIN, 2, ABSTAIN]
    assert cast.errors.keys() == {1, 4}
    assert "'eggs', which is no label" in cast.errors[1]


def test_what_cannot_even_be_told_is_counted():
    cast = apply([function("python", {"function": "broken"})], batch_of([{"text": "a"}]))[0]

    assert cast.errors == {0: "RuntimeError: no words"} or "no label" in cast.errors[0]


def test_a_python_function_sees_its_fields_only():
    definition = {"function": "keys", "fields": ["text"]}

    assert said("python", definition, [{"text": "a", "note": "b", "email": "c"}]) == ["spam"]
    assert said("python", {"function": "keys"}, [{"text": "a", "note": "b", "email": "c"}]) == ["ham"]


def test_a_python_function_that_is_gone_is_told():
    with pytest.raises(DefinitionError, match="cannot be loaded"):
        function("python", {"function": "gone"})


def test_sensitive_fields_reach_no_batch():
    batch = batch_of([{"text": "a", "email": "hidden@example.org"}, b'{"email": "hidden@example.org"}'])

    assert "email" not in batch.table.columns
    assert "hidden" not in "".join(batch.payload)


def test_payloads_are_parsed_only_where_asked():
    assert build([(1, {"text": "a"})], ["text"]).payload is None


def test_memory_grows_with_the_batch_only():
    batch = batch_of([{"text": "free money"}] * 20_000)
    functions = [function("keywords")] * 50
    tracemalloc.start()

    apply(functions, batch)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 20_000 * 2 * 50 * 3


def test_lists_are_walked_in_small_items_only():
    walk = {"label": "ham", "when": 'item.tags.exists(t, t == "a")'}
    plain = {"label": "ham", "when": 'item.text.contains("b")'}
    payloads = [{"text": "b" * 20_000, "tags": ["a"] * 20_000}]

    assert apply([function("expression", plain)], batch_of(payloads))[0].label.tolist() == [1]
    assert "bytes" in apply([function("expression", walk)], batch_of(payloads))[0].errors[0]


def test_endless_walks_are_stopped():
    nested = "item.tags.all(a, item.tags.all(b, item.tags.all(c, item.tags.all(d, d == a))))"

    cast = apply(
        [function("expression", {"label": "ham", "when": nested})], batch_of([{"tags": [1] * 1_000}])
    )[0]

    assert "budget" in cast.errors[0].lower()


def test_texts_in_expressions_hide_nothing():
    for when in (r'r"\" == "" || item.tags.map(x, x + x) == []', "'item.email' == b'' || item.text == 'a'"):
        with pytest.raises(DefinitionError):
            function("expression", {"label": "ham", "when": when})
    assert function(
        "expression", {"label": "ham", "when": "item.text == 'item.email' // item.email"}
    ).reads == {"text"}
    assert function("expression", {"label": "ham", "when": '"x" in item'}).reads == set(CONTEXT.visible)


def test_tests_of_a_definition():
    tests = [
        {"payload": {"text": "free money"}, "label": "spam"},
        {"payload": {"text": "free money"}},
        {"payload": {"text": "nothing"}, "label": "ham"},
        {"payload": {"text": "nothing"}, "label": None},
    ]

    assert check_tests(function("keywords"), tests) == [
        Failure(1, None, "spam"),
        Failure(2, "ham", None),
    ]


def test_tests_that_fail_by_an_error_say_it():
    failures = check_tests(function("expression"), [{"payload": {"price": "x"}, "label": None}])

    assert [failure.position for failure in failures] == [0]
    assert "overload" in failures[0].error


def test_tests_that_cannot_be_read_are_told():
    with pytest.raises(DefinitionError) as error:
        check_tests(
            function("keywords"),
            [{"payload": []}, {"payload": {}, "label": "eggs"}, {"payload": {}, "odd": 1}],
        )

    assert [fault.path[:2] for fault in error.value.faults] == [("tests", 0), ("tests", 1), ("tests", 2)]


def test_labels_may_be_numbers():
    context = Context({"text": "text"}, (1, 2, 3))
    rating = prepare("keywords", {"label": 3, "any": ["good"]}, context)

    assert apply([rating], build([(1, {"text": "Good!"})], ["text"]))[0].label.tolist() == [2]
    for other in (True, "3", 3.0):
        with pytest.raises(DefinitionError):
            prepare("keywords", {"label": other, "any": ["good"]}, context)
