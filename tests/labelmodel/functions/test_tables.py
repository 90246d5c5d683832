"""Lookup in tables that were uploaded."""

import polars as pl
import pytest

from labelmodel.functions import DefinitionError, apply, lookup, prepare
from tests.labelmodel.functions.samples import CONTEXT, batch_of

TABLE = pl.DataFrame(
    {"name": ["Aspirin", "ibuprofen", "aspirin plus c", None, "7"], "class": ["ham", "spam", "", "spam", "3"]}
)


def votes(table, payloads, **definition):
    given = {"table": "t", "column": "name", **definition}
    function = prepare("lookup", given, CONTEXT, {"t": table})
    label = apply([function], batch_of(payloads))[0].label
    return [None if one == -1 else CONTEXT.labels[one] for one in label]


def refused(table, **definition):
    with pytest.raises(DefinitionError) as error:
        votes(table, [], **definition)
    return str(error.value)


def test_what_is_made_of_a_table_is_kept_for_the_next_one_who_asks():
    again = pl.DataFrame({"name": ["x"], "class": ["ham"]})
    given = {"table": "t", "column": "name", "label_column": "class"}

    made = [
        prepare("lookup", {**given, **more}, CONTEXT, {"t": table}).run.args[1]
        for table, more in [
            (TABLE, {}),
            (TABLE, {}),
            (TABLE, {"find": "equal"}),
            (TABLE, {"case": True}),
            (again, {}),
        ]
    ]

    assert made[0] is made[1]
    assert len({id(one) for one in made}) == 4


def test_the_first_row_that_fits_counts_and_one_without_label_abstains():
    payloads = [
        {"text": "take aspirin plus C"},
        {"text": "Ibuprofen, aspirin"},
        {"text": "nothing"},
        {"price": 7},
        {"text": 7},
    ]

    assert votes(TABLE, payloads, label_column="class") == ["ham", "ham", None, None, 3]
    assert votes(TABLE, [{"text": "ASPIRIN PLUS C "}], label_column="class", find="equal") == [None]
    assert votes(TABLE, payloads, label="spam") == ["spam", "spam", None, None, "spam"]


def test_labels_of_the_table_may_be_mapped():
    table = pl.DataFrame({"name": ["a", "b"], "class": [1, 2]})

    assert votes(table, [{"text": "b a"}], label_column="class", labels={"1": "spam", "2": "ham"}) == ["spam"]
    assert "2 rows have a label" in refused(table, label_column="class")


def test_tables_that_do_not_fit_are_told():
    assert "no column “names”; it has “name”" in refused(TABLE, column="names", label="ham")
    assert "no column “kind”" in refused(TABLE, label_column="kind")
    assert "no table “t”" in refused(None, label="ham")
    assert "21 parts" in refused(pl.DataFrame({"name": [" ".join("abcdefghijk")]}), label="ham")


def test_limits_are_told(monkeypatch):
    table = pl.DataFrame({"name": [f"w{number}" for number in range(30_000)]})
    assert "20,000 terms" in refused(table, label="ham", find="anywhere")
    monkeypatch.setattr(lookup, "MOST_ROWS", 29_999)
    assert "at most 29,999 rows" in refused(table, label="ham")


def test_large_tables():
    table = pl.DataFrame({"name": [f"drug {number} forte" for number in range(200_000)]})
    payloads = [{"text": "I took Drug 199999  forte."}, {"text": "drug 200000 forte"}, {"text": "drug 5"}]

    assert votes(table, payloads, label="ham") == ["ham", None, None]
    assert votes(table, [{"text": "drug 17 forte"}, {"text": "17"}], label="ham", find="equal") == [
        "ham",
        None,
    ]


def test_says_which_tables_it_needs():
    function = prepare("lookup", {"table": "t", "column": "name", "label": "ham"}, CONTEXT, {"t": TABLE})

    assert function.kind.tables(function.definition) == {"t"}
