"""What every kind of labeling function promises."""

import json

import numpy as np
import polars as pl
import pytest

from labelmodel.functions import ABSTAIN, KINDS, DefinitionError, apply, build, canonical, check, fingerprint
from tests.labelmodel.functions.samples import (
    CONTEXT,
    ODD_PAYLOADS,
    RESOURCES,
    SAMPLE_PAYLOADS,
    SAMPLES,
    batch_of,
    function,
    prepare,
)

pytestmark = pytest.mark.parametrize("kind", SAMPLES)
PAYLOADS = [*SAMPLE_PAYLOADS, *ODD_PAYLOADS]


def cast_of(kind, payloads, **options):
    return apply([function(kind)], batch_of(payloads), **options)[0]


def test_votes_are_labels_or_abstentions(kind):
    cast = cast_of(kind, PAYLOADS)

    assert cast.label.dtype == np.int16
    assert cast.label.shape == (len(PAYLOADS),)
    assert cast.label.min() >= ABSTAIN
    assert cast.label.max() < len(CONTEXT.labels)
    assert cast.stopped is None


def test_votes_on_something_and_not_on_everything(kind):
    label = (
        cast_of(kind, PAYLOADS).label
        if kind != "python"
        else cast_of(kind, [{"text": "A"}, {"text": "a"}]).label
    )

    assert (label != ABSTAIN).any()
    assert (label == ABSTAIN).any()


def test_where_it_fails_it_abstains_and_says_why(kind):
    cast = cast_of(kind, PAYLOADS)

    assert all(cast.label[position] == ABSTAIN and why for position, why in cast.errors.items())
    assert {PAYLOADS.index(b"{"), PAYLOADS.index(b"[1]")} <= set(cast.errors)


def test_nothing_comes_of_nothing(kind):
    cast = cast_of(kind, [])

    assert cast.label.shape == (0,)
    assert cast.errors == {}


def test_columns_that_are_not_there_are_missing_everywhere(kind):
    empty = build([(1, {}), (2, {"text": "free money"})], [], payload=True)

    cast = apply([function(kind)], empty)[0]

    assert set(cast.label) <= {ABSTAIN, CONTEXT.position("ham")}


def test_order_of_items_is_nothing(kind):
    there, back = cast_of(kind, PAYLOADS), cast_of(kind, PAYLOADS[::-1])

    assert there.label.tolist() == back.label[::-1].tolist()
    assert there.errors == {len(PAYLOADS) - 1 - position: why for position, why in back.errors.items()}


def test_the_same_again_and_beside_others_and_in_pieces(kind, monkeypatch):
    alone = cast_of(kind, PAYLOADS)
    monkeypatch.setattr("labelmodel.functions.applying.ROWS", 3)

    together = apply([function(other) for other in SAMPLES] * 2, batch_of(PAYLOADS))

    for cast in (together[list(SAMPLES).index(kind)], together[list(SAMPLES).index(kind) + len(SAMPLES)]):
        assert cast.label.tolist() == alone.label.tolist()
        assert cast.errors == alone.errors


def test_items_do_not_touch_each_other(kind):
    together = cast_of(kind, PAYLOADS)

    one_by_one = [cast_of(kind, [payload]).label[0] for payload in PAYLOADS]

    assert together.label.tolist() == one_by_one


def test_checking_again_changes_nothing_and_stays_json(kind):
    once = check(kind, SAMPLES[kind], CONTEXT)

    assert check(kind, once, CONTEXT) == once
    assert json.loads(json.dumps(once)) == once
    assert fingerprint(kind, once) == fingerprint(kind, json.loads(canonical(kind, once))["definition"])


def test_reads_only_fields_that_it_may_see(kind):
    assert function(kind).reads <= set(CONTEXT.visible)


def test_what_is_sensitive_cannot_be_named(kind):
    given = json.loads(
        json.dumps(SAMPLES[kind]).replace('"price"', '"email"').replace("item.price", "item.email")
    )
    if "email" not in json.dumps(given):
        given["fields"] = ["email"]

    with pytest.raises(DefinitionError, match="sensitive"):
        prepare(kind, given, CONTEXT, RESOURCES)


def test_a_label_that_is_gone_makes_it_fail_loudly(kind):
    later = type(CONTEXT)(CONTEXT.fields, ("ham", 3), CONTEXT.sensitive)
    checked = check(kind, SAMPLES[kind], CONTEXT)

    with pytest.raises(DefinitionError, match="spam"):
        prepare(kind, checked, later, RESOURCES)


def test_a_field_that_is_gone_makes_it_fail_loudly(kind):
    later = type(CONTEXT)({"other": "text"}, CONTEXT.labels)
    checked = check(kind, SAMPLES[kind], CONTEXT)

    with pytest.raises(DefinitionError, match=r"no field .*other"):
        prepare(kind, checked, later, RESOURCES)


@pytest.mark.parametrize(
    "given", [{}, {"rules": []}, {"rules": 5}, {"label": "spam", "nonsense": 1}, [], "x", None]
)
def test_what_is_no_definition_is_told(kind, given):
    with pytest.raises(DefinitionError) as error:
        prepare(kind, given, CONTEXT, RESOURCES)

    assert all(isinstance(fault.path, tuple) and len(fault.message) > 10 for fault in error.value.faults)


def test_takes_columns_from_elsewhere(kind):
    texts = pl.DataFrame({"text": ["free money", "hello you"], "price": ["9", None]})
    given = batch_of([{"text": "free money", "price": 9}, {"text": "hello you"}])
    batch = type(given)(given.ids, texts, given.payload)

    assert (
        apply([function(kind)], batch)[0].label.tolist() == apply([function(kind)], given)[0].label.tolist()
    )


def test_is_described(kind):
    assert KINDS[kind].title
    assert KINDS[kind].about.endswith(".")
