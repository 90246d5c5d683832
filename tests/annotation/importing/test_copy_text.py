"""COPY's text form against the real database: whatever goes in comes out the same."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.importing import copy_text

anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
tricky = st.text(st.sampled_from("\\\t\n\r\b\f\vNabx1.\x01\x1f\x7f\x85\u2028'\"é𝄞"), max_size=20)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(anything | tricky, st.dictionaries(tricky | anything, tricky | anything, max_size=3)),
        max_size=20,
    )
)
def test_texts_and_json_come_back_as_they_went(rows: list[tuple[str, dict[str, str]]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS copied (n int, text text, body jsonb)")
        cursor.execute("TRUNCATE copied")
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for n, (text, body) in enumerate(rows):
                copy.write(
                    copy_text.row(str(n).encode(), copy_text.text(text), copy_text.json(orjson.dumps(body)))
                )
        cursor.execute("SELECT text, body FROM copied ORDER BY n")

        assert [(text, orjson.loads(body)) for text, body in cursor.fetchall()] == rows
