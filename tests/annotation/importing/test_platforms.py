"""Rows of other programs, as those write them, taken apart."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.importing.platforms.registry import PLATFORMS, guessed
from annotation.importing.platforms.table import parts
from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Said, Spoken, apart

TASK = {
    "id": 7,
    "data": {"text": "fine", "n": 1},
    "annotations": [
        {
            "id": 3,
            "completed_by": {"id": 2, "email": "ann@x.org"},
            "result": [{"from_name": "s", "to_name": "text", "type": "choices", "value": {"choices": ["A"]}}],
            "created_at": "2026-01-01T00:00:00Z",
            "lead_time": 1.5,
        }
    ],
    "predictions": [
        {
            "id": 1,
            "model_version": "m",
            "score": 0.5,
            "result": [{"from_name": "s", "type": "rating", "value": {"rating": 2}}],
        }
    ],
}
MIN = {
    "text": "fine", "country": "fr", "id": 1, "sentiment": "A", "stars": [{"rating": 2}],
    "ner": [{"start": 0, "end": 4, "text": "fine", "labels": ["X"]}], "annotator": 4, "annotation_id": 2, "created_at": "t",
    "updated_at": "t", "lead_time": 2.5,
}  # fmt: skip
DOCCANO = {"id": 4, "text": "fine", "label": ["A", "B"], "Comments": ["hm"], "lang": "en"}
SPANS = {"id": 5, "text": "fine", "label": [[0, 4, "X"]], "Comments": []}
PRODIGY = {
    "text": "fine", "_input_hash": 11, "_task_hash": 12, "options": [{"id": "A", "text": "a"}], "accept": ["A"],
    "answer": "accept", "_timestamp": 1700000000, "_annotator_id": "ann", "_view_id": "choice", "meta": {"page": 2},
}  # fmt: skip
ARGILLA = {
    "id": "r1", "status": "completed", "_server_id": "x", "text": "fine", "label.responses": ["A", "B", None],
    "label.responses.users": ["u1", "u2", "u3"], "label.responses.status": ["submitted", "draft", "discarded"],
    "label.suggestion": "A", "label.suggestion.score": 0.7, "label.suggestion.agent": "bot",
}  # fmt: skip
FEEDBACK = {
    "text": "fine", "label": [{"user_id": "u1", "value": "A", "status": "submitted"}], "label-suggestion": "B",
    "label-suggestion-metadata": {"type": None, "score": 0.25, "agent": None}, "external_id": "9", "metadata": '{"lang": "en"}',
}  # fmt: skip
RECORD = {
    "text": "fine", "inputs": {"text": "fine"}, "prediction": [{"label": "A", "score": 0.9}, {"label": "B", "score": 0.1}],
    "prediction_agent": "bot", "annotation": "B", "annotation_agent": "ann", "multi_label": False, "id": "r", "metadata": {},
    "status": "Validated", "event_timestamp": None,
}  # fmt: skip
OURS = {
    "item_id": 1, "key": "k", "dataset": "d", "state": "open", "payload": {"text": "fine"}, "annotation_id": 5,
    "annotator": "ann", "origin": "person", "schema_version": 2, "seconds": 1.0, "created_at": "2026-01-01T00:00:00+00:00",
    "revisions": 0, "counts": True, "suggested": None, "followed": None, "answer": {"s": "A"},
}  # fmt: skip


def take(row: dict[str, Any], platform: str = "", **context: Any) -> Spoken:
    name = platform or guessed([row])
    found = PLATFORMS[name]
    context.setdefault("roles", found.roles([row], {}, {}, False))
    spoken = apart(found.reader(Context(**context)), row)
    assert isinstance(spoken, Spoken), spoken
    return spoken


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (TASK, "label_studio"), (MIN, "label_studio_rows"), (DOCCANO, "doccano"), (SPANS, "doccano"),
        (PRODIGY, "prodigy"), (ARGILLA, "argilla"), (FEEDBACK, "argilla_1"), (RECORD, "argilla_1"), (OURS, "querent"),
        ({"text": "fine", "label": "A"}, "table"), ({"id": 1, "data": {"text": "x"}}, "table"),
    ],
)  # fmt: skip
def test_who_wrote_a_row_is_told_by_its_columns(row: dict[str, Any], name: str) -> None:
    assert guessed([row, row]) == name


@pytest.mark.parametrize("broken", [{"id": 2, "annotations": []}, {"id": 2, "data": "x"}])
def test_one_broken_task_makes_no_plain_table_of_the_others(broken: dict[str, Any]) -> None:
    assert guessed([TASK, broken, TASK]) == "label_studio"


def test_label_studio_tasks() -> None:
    spoken = take(TASK)

    assert (spoken.values, spoken.key) == ({"text": "fine", "n": 1}, "7")
    (said,) = spoken.answers
    assert (said.author, said.values, said.id, said.seconds) == ("ann@x.org", {"s": ["A"]}, "3", 1.5)
    assert spoken.guesses == (Guess("s", 2, "label_studio", "m", 0.5),)


def test_label_studio_predictions_that_are_only_numbers_come_from_the_annotations() -> None:
    started = {**TASK["annotations"][0], "prediction": TASK["predictions"][0]}

    assert take({**TASK, "annotations": [started, started], "predictions": [1]}).guesses == take(TASK).guesses


def test_choices_of_a_region_are_kept_with_it() -> None:
    result = [
        {"id": "r", "from_name": "ner", "type": "labels", "value": {"start": 0, "end": 2, "labels": ["X"]}},
        {"id": "r", "from_name": "s", "type": "choices", "value": {"start": 0, "end": 2, "choices": ["A"]}},
        {"from_name": "odd", "type": "hologram", "value": {"hologram": 3}},
        {"type": "relation", "from_id": "r", "to_id": "r"},
    ]

    (said,) = take({**TASK, "annotations": [{"id": 1, "result": result}]}).answers

    assert (said.values, said.kept_types) == ({}, ("labels", "choices", "hologram", "relation"))
    assert said.kept == {"from": "label_studio", "offsets": "utf-16", "regions": result}


def test_label_studio_rows_tell_answers_from_data_by_their_order() -> None:
    spoken = take(MIN)

    assert (spoken.values, spoken.key) == ({"text": "fine", "country": "fr"}, "1")
    (said,) = spoken.answers
    assert (said.author, said.id, said.values) == ("4", "2", {"sentiment": "A", "stars": 2})
    assert said.kept is not None
    assert said.kept["regions"] == [{"from_name": "ner", "type": "labels", "value": MIN["ner"][0]}]


def test_label_studio_csv_tells_answers_by_what_differs_within_a_task() -> None:
    common = {
        "annotator": "1",
        "annotation_id": "1",
        "country": "fr",
        "created_at": "",
        "id": "1",
        "lead_time": "2",
        "note": "",
    }
    rows = [{**common, "stars": '[{"rating":2}]'}, {**common, "note": "hm", "stars": ""}]

    roles = PLATFORMS["label_studio_rows"].roles(rows, {}, {}, False)

    assert roles == {"note": "answer:note", "stars": "answer:stars"}
    assert take(rows[0], "label_studio_rows", roles=roles).answers[0].values == {"stars": 2}


def test_doccano_labels_comments_and_spans() -> None:
    spoken = take({**DOCCANO, "@file": "bert"})

    assert (spoken.values, spoken.key, spoken.comments) == (
        {"text": "fine", "lang": "en"},
        "4",
        (("", "hm"),),
    )
    assert spoken.answers == (Said("bert", {"label": ["A", "B"]}),)
    (spans,) = take({**SPANS, "@file": "all"}).answers
    assert (spans.author, spans.values, spans.kept_types) == ("", {}, ("span",))
    assert spans.kept is not None
    assert spans.kept["regions"] == [{"type": "span", "start_offset": 0, "end_offset": 4, "label": "X"}]


def test_prodigy_accepts_ignores_and_rejects() -> None:
    spoken = take(PRODIGY)

    assert (spoken.values, spoken.key) == ({"text": "fine", "meta": {"page": 2}}, "11")
    assert spoken.answers == (Said("ann", {"label": ["A"]}, "12", "answer", 1700000000),)
    assert take({**PRODIGY, "answer": "ignore"}).answers[0].as_ == "skip"
    rejected = take({**PRODIGY, "answer": "reject"})
    assert (rejected.answers, rejected.left_out) == ((), ("rejected",))


def test_prodigy_scores_are_predictions() -> None:
    binary = {
        "text": "x",
        "label": "SPORT",
        "score": 0.25,
        "answer": "accept",
        "_task_hash": 1,
        "_input_hash": 2,
    }

    spoken = take(binary)

    assert spoken.answers[0].values == {"label": "SPORT"}
    assert spoken.guesses == (Guess("label", "SPORT", "prodigy", "", 0.25),)


def test_argilla_responses_of_one_person_are_one_answer() -> None:
    spoken = take(
        {
            **ARGILLA,
            "stars.responses": [4],
            "stars.responses.users": ["u1"],
            "stars.responses.status": ["submitted"],
        }
    )

    assert (spoken.values, spoken.key) == ({"text": "fine"}, "r1")
    assert spoken.answers == (Said("u1", {"label": "A", "stars": 4}), Said("u3", {}, as_="skip"))
    assert (spoken.guesses, spoken.left_out) == ((Guess("label", "A", "bot", "", 0.7),), ("drafts",))


def test_argilla_json() -> None:
    nested = {
        "id": "r1", "fields": {"text": "fine"}, "metadata": {"lang": "en"},
        "suggestions": {"label": {"value": "A", "score": None, "agent": "bot"}},
        "responses": {"label": [{"value": "B", "user_id": "u1"}]},
    }  # fmt: skip

    spoken = take(nested)

    assert spoken.values == {"lang": "en", "text": "fine"}
    assert (spoken.answers, spoken.guesses) == ((Said("u1", {"label": "B"}),), (Guess("label", "A", "bot"),))


@pytest.mark.parametrize("many", [False, True], ids=["list of objects", "object of lists"])
def test_argilla_feedback(many: bool) -> None:
    label = {"user_id": ["u1"], "value": ["A"], "status": ["submitted"]} if many else FEEDBACK["label"]

    spoken = take({**FEEDBACK, "label": label})

    assert (spoken.values, spoken.key) == ({"lang": "en", "text": "fine"}, "9")
    assert (spoken.answers, spoken.guesses) == (
        (Said("u1", {"label": "A"}),),
        (Guess("label", "B", "argilla", "", 0.25),),
    )


def test_argilla_records_of_text_classification() -> None:
    spoken = take(RECORD)

    assert (spoken.values, spoken.answers) == ({"text": "fine"}, (Said("ann", {"label": "B"}),))
    assert spoken.guesses == (Guess("label", "A", "bot", "", 0.9, {"A": 0.9, "B": 0.1}),)


def test_our_own_answers() -> None:
    spoken = take(
        {
            **OURS,
            "origin": "simulated",
            "counts": "false",
            "answer": '{"s": "A"}',
            "payload": '{"text": "fine"}',
        }
    )

    (said,) = spoken.answers
    assert (spoken.key, spoken.values, said.values, said.author) == ("k", {"text": "fine"}, {"s": "A"}, "ann")
    assert (said.origin, said.counts, said.id) == ("simulated", False, "5")


def test_our_own_consensus_is_what_a_model_said() -> None:
    told = {
        "s": {
            "value": "A",
            "confidence": 0.9,
            "status": "auto",
            "method": "ds",
            "votes": 3,
            "run": 4,
            "probabilities": {"A": 0.9},
        }
    }
    row = {
        **{name: OURS[name] for name in ("item_id", "key", "dataset", "state", "payload")},
        "consensus": told,
        "annotators": [],
    }

    assert take(row).guesses == (Guess("s", "A", "consensus", "4", 0.9, {"A": 0.9}),)


def test_columns_of_a_table_by_their_roles() -> None:
    roles = {
        "label": "answer:s", "bob": "answer:s@bob", "who": "author", "at": "time", "p": "prediction:s", "c": "score:s",
        "m": "source",
    }  # fmt: skip
    row = {
        "text": "x",
        "label": "A",
        "bob": "B",
        "who": "ann",
        "at": "2026-01-01",
        "p": "B",
        "c": 0.5,
        "m": "bert",
    }

    spoken = take(row, "table", roles=roles)

    assert spoken.values == {"text": "x"}
    assert [(said.author, said.values) for said in spoken.answers] == [
        ("ann", {"s": "A"}),
        ("bob", {"s": "B"}),
    ]
    assert spoken.guesses == (Guess("s", "B", "bert", "", 0.5),)
    assert parts("answer:s@bob") == ("answer", "s", "bob")


@pytest.mark.parametrize(
    "row", [{**TASK, "data": []}, {**OURS, "payload": "{"}, {**ARGILLA, "label.responses": 3}]
)
def test_rows_that_break_the_promise_are_refused(row: dict[str, Any]) -> None:
    name = guessed([TASK]) if "data" in row else guessed([OURS]) if "payload" in row else "argilla"

    assert isinstance(apart(PLATFORMS[name].reader(Context()), row), Refused)
