"""Publishing versions, and what becomes of the answers that are there."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.errors import Conflict, InvalidInput, NotAllowed, NotFound
from annotation.models import (
    Annotation,
    Consensus,
    GoldQuestion,
    Item,
    Lease,
    Prediction,
    Project,
    SavedView,
    Schema,
    Snapshot,
    Split,
    User,
)
from annotation.questions import normalize_questions
from annotation.reports import schemas as reports
from annotation.services import answers, queue
from annotation.services.readings import read_answer
from annotation.services.schema_effects import preview_mapping
from annotation.services.schemas import check_draft, create_schema, unsaid
from tests.annotation.items_help import say
from tests.factories import FIELDS, SENTIMENT, make_member, make_project, make_user

pytestmark = pytest.mark.django_db

_NONCES = itertools.count()

POLARITY = {**SENTIMENT[0], "labels": [{"value": "good"}, {"value": "bad"}, {"value": "mixed"}]}


def publish(project: Project, by: User, questions: Any, **options: Any) -> Schema:
    return create_schema(project=project, by=by, fields=FIELDS, questions=questions, **options)


def answer(project: Project, *said: dict[str, Any]) -> list[Annotation]:
    """Each of these said about an item of its own, by one annotator."""
    annotator = make_member(project)
    schema = Schema.objects.get(pk=Project.objects.get(pk=project.pk).schema_id)
    made = []
    for item, one in zip(project.items.filter(answers=0).order_by("pk"), said, strict=False):
        made.append(
            Annotation.objects.create(
                project=project, item=item, annotator=annotator, schema=schema, answer=one,
                nonce=f"n{next(_NONCES)}", created_at=timezone.now(),
            )
        )  # fmt: skip
        now = timezone.now()
        Lease.objects.create(
            project=project, item=item, annotator=annotator, state="submitted", annotation=made[-1],
            created_at=now, expires_at=now,
        )  # fmt: skip
        Item.objects.filter(pk=item.pk).update(answers=1, open_slots=0, state="resolved")
    return made


def paths(caught: pytest.ExceptionInfo[Any]) -> list[tuple[Any, ...]]:
    return [fault.path for fault in caught.value.faults]


def test_a_version_is_numbered_normalized_and_becomes_the_current_one(
    project: Project, manager: User
) -> None:
    schema = publish(project, manager, [*SENTIMENT, {"name": "note", "type": "text"}], note=" More room. ")

    project.refresh_from_db()
    assert (schema.version, schema.note, project.schema) == (2, "More room.", schema)
    assert schema.questions[1]["max_length"] == 10_000
    assert schema.fields == [{"name": "text", "type": "text", "title": "text"}]


def test_the_first_version_maps_from_nothing(owner: User) -> None:
    project = Project.objects.create(name="Empty", created_by=owner)
    project.memberships.create(user=owner, role="owner")

    with pytest.raises(InvalidInput) as caught:
        publish(project, owner, SENTIMENT, mapping={"sentiment": None})
    assert paths(caught) == [("mapping",)]
    assert publish(project, owner, SENTIMENT, base_version=0).version == 1


def test_faults_are_told_with_their_paths_and_nothing_is_saved(project: Project, manager: User) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_schema(
            project=project, by=manager, fields=[{"name": "", "type": "text"}], questions=[{"name": "q"}]
        )

    assert paths(caught) == [("fields", 0, "name"), ("questions", 0, "type")]
    assert project.schemas.count() == 1


@pytest.mark.parametrize("role", ["adjudicator", "annotator", "viewer"])
def test_only_those_who_configure_publish(project: Project, role: str) -> None:
    with pytest.raises(NotAllowed):
        publish(project, make_member(project, role), [POLARITY])


def test_a_stranger_does_not_learn_that_the_project_is_there(project: Project, stranger: User) -> None:
    with pytest.raises(NotFound):
        publish(project, stranger, [POLARITY])


def test_an_archived_project_keeps_its_schema(project: Project, manager: User) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())

    with pytest.raises(Conflict):
        publish(project, manager, [POLARITY])


def test_publishing_the_same_again_is_refused(project: Project, manager: User) -> None:
    publish(project, manager, SENTIMENT)  # only the fields get a title

    with pytest.raises(InvalidInput, match="nothing to publish"):
        publish(project, manager, SENTIMENT)


def test_an_edit_of_an_older_version_is_a_conflict(project: Project, manager: User) -> None:
    publish(project, manager, [POLARITY], base_version=1)

    with pytest.raises(Conflict, match="version 2 is the current one"):
        publish(project, manager, SENTIMENT, base_version=1)


@pytest.mark.parametrize("note", ["x" * 301, "\0", 3])
def test_a_note_that_cannot_be_kept(project: Project, manager: User, note: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        publish(project, manager, [POLARITY], note=note)

    assert paths(caught) == [("note",)]


def test_the_database_refuses_to_change_a_version(project: Project) -> None:
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Schema.objects.update(questions=[])


def test_the_database_refuses_a_number_twice(project: Project, owner: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Schema.objects.create(project=project, version=1, created_by=owner)


def test_as_long_as_nobody_has_answered_nothing_needs_to_be_said(project: Project, manager: User) -> None:
    schema = publish(project, manager, [POLARITY])

    assert schema.mapping == {"sentiment": {"labels": {"positive": None, "negative": None, "neutral": None}}}


def test_once_there_are_answers_nothing_is_left_unsaid(project: Project, manager: User) -> None:
    answer(project, {"sentiment": "positive"})

    with pytest.raises(InvalidInput) as caught:
        publish(project, manager, [POLARITY], mapping={"sentiment": {"labels": {"positive": "good"}}})

    assert paths(caught) == [("mapping", "sentiment", "labels", label) for label in ("negative", "neutral")]


def test_a_gold_answer_counts_as_an_answer(project: Project, manager: User) -> None:
    item = project.items.first()
    GoldQuestion.objects.create(
        item=item,
        project=project,
        schema=project.schema,
        answer={"sentiment": "positive"},
        created_by=manager,
    )

    with pytest.raises(InvalidInput):
        publish(project, manager, [POLARITY])


def test_old_answers_stay_and_read_under_every_later_version(project: Project, manager: User) -> None:
    [kept] = answer(project, {"sentiment": "neutral"})
    labels = {"positive": "good", "negative": "bad", "neutral": "mixed"}
    second = publish(project, manager, [POLARITY], mapping={"sentiment": {"labels": labels}})
    third = publish(
        project,
        manager,
        [{**POLARITY, "name": "polarity", "labels": POLARITY["labels"][:2]}],
        mapping={"polarity": {"from": "sentiment", "labels": {"mixed": None}}},
    )

    kept.refresh_from_db()
    assert kept.answer == {"sentiment": "neutral"}
    assert read_answer(kept.schema, second, kept.answer) == ({"sentiment": "mixed"}, set())
    assert read_answer(kept.schema, third, kept.answer) == ({}, {"polarity"})
    assert read_answer(kept.schema, third, {"sentiment": "positive"}) == ({"polarity": "good"}, set())
    assert read_answer(third, second, {"polarity": "good"}) == ({}, {"sentiment"})


def test_reading_costs_no_query_once_the_way_is_known(project: Project, manager: User) -> None:
    first = project.schema
    second = publish(project, manager, [*SENTIMENT, {"name": "note", "type": "text", "required": False}])
    assert first is not None
    read_answer(first, second, {"sentiment": "neutral"})

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert read_answer(first, second, {"sentiment": "neutral"}) == ({"sentiment": "neutral"}, set())
    assert len(queries) == 0


def effects_of(project: Project, questions: list[Any], mapping: dict[str, Any]) -> Any:
    project = Project.objects.select_related("schema").get(pk=project.pk)
    questions = normalize_questions(questions)
    return preview_mapping(
        project=project,
        questions=questions,
        mapping=check_draft(project=project, questions=questions, mapping=mapping),
    )


def counts(effects: Any) -> dict[tuple[str, str], int]:
    return {(str(effect.change.kind), effect.change.label or effect.change.question or effect.change.source): effect.answers
            for effect in effects.effects if effect.change.touches}  # fmt: skip


def test_the_preview_counts_the_answers_that_each_change_touches() -> None:
    project = make_project(items=6)
    answer(
        project,
        *(
            {"sentiment": said}
            for said in ("positive", "positive", "positive", "negative", "neutral", "neutral")
        ),
    )
    labels = {"positive": "good", "negative": "good", "neutral": None}

    effects = effects_of(
        project, [POLARITY, {"name": "why", "type": "text"}], {"sentiment": {"labels": labels}}
    )

    assert counts(effects) == {
        ("labels_merged", "positive"): 3,
        ("labels_merged", "negative"): 1,
        ("label_undecided", "neutral"): 2,
    }
    assert (effects.answers, effects.incomplete, effects.newly_incomplete) == (6, 6, 6)
    assert effects.lacking == {"sentiment": 2, "why": 6}


def test_the_preview_counts_over_all_versions_and_only_the_current_answers() -> None:
    project = make_project(items=4)
    owner = project.created_by
    first = answer(project, {"sentiment": "positive"}, {"sentiment": "negative"})
    labels = {"positive": "good", "negative": "bad", "neutral": "mixed"}
    publish(project, owner, [POLARITY], mapping={"sentiment": {"labels": labels}})
    answer(project, {"sentiment": "good"})
    revised = Annotation.objects.create(
        project=project, item=first[0].item, annotator=first[0].annotator, schema=project.schemas.get(version=2),
        answer={"sentiment": "bad"}, nonce="r", created_at=timezone.now(), supersedes=first[0],
    )  # fmt: skip
    Lease.objects.filter(annotation=first[0]).update(annotation=revised)

    without_bad = {**POLARITY, "labels": [{"value": "good"}, {"value": "mixed"}]}
    effects = effects_of(project, [without_bad], {"sentiment": {"labels": {"bad": None}}})

    assert counts(effects) == {("label_undecided", "bad"): 2}
    assert (effects.answers, effects.incomplete) == (3, 2)


def test_the_preview_counts_several_labels_of_one_answer_once() -> None:
    many = {**SENTIMENT[0], "type": "multiple_choice"}
    project = make_project(items=2, questions=[many])
    answer(project, {"sentiment": ["positive", "negative"]}, {"sentiment": ["neutral"]})

    effects = effects_of(
        project,
        [{**many, "labels": [{"value": "neutral"}]}],
        {"sentiment": {"drop": ["positive", "negative"]}},
    )

    assert counts(effects) == {("label_dropped", "positive"): 1, ("label_dropped", "negative"): 1}
    assert (effects.incomplete, effects.lacking) == (1, {"sentiment": 1})


def test_the_preview_judges_texts_by_their_length() -> None:
    note = {"name": "note", "type": "text", "max_length": 100, "required": False}
    project = make_project(items=5, questions=[note])
    answer(project, {"note": "x" * 9}, {"note": "x" * 10}, {"note": "x" * 11}, {"note": "other words"}, {})

    effects = effects_of(project, [{**note, "max_length": 10}], {})

    assert (effects.answers, effects.incomplete, effects.lacking) == (5, 2, {"note": 2})
    renamed = {**note, "name": "why", "max_length": 10}
    assert effects_of(project, [renamed], {"why": {"from": "note"}}).lacking == {"why": 2}


def test_texts_that_become_labels_are_judged_by_their_words() -> None:
    note = {"name": "note", "type": "text"}
    project = make_project(items=3, questions=[note])
    answer(project, {"note": "good"}, {"note": "bad"}, {"note": "ugly"})
    polarity = {**POLARITY, "name": "note"}

    assert effects_of(project, [polarity], {}).lacking == {"note": 1}
    assert effects_of(project, [polarity], {"note": {"labels": {"ugly": "bad"}}}).lacking == {}


def test_the_preview_counts_each_item_once_however_many_answered_it() -> None:
    project = make_project(items=3)
    project.items.update(wanted=3, open_slots=3)
    for said in ("positive", "positive", "negative"):
        person = make_member(project)
        for item in project.items.order_by("pk")[:2]:
            say(item, person, sentiment=said)
    say(project.items.last(), person, sentiment="neutral")
    split = {"sentiment": {"labels": {"positive": None, "negative": "bad", "neutral": "mixed"}}}

    effects = effects_of(project, [POLARITY], split)

    assert {effect.change.label: (effect.answers, effect.items) for effect in effects.effects if effect.answers} == {
        "positive": (4, 2),
        "negative": (2, 2),
        "neutral": (1, 1),
    }  # fmt: skip
    assert (effects.answers, effects.items) == (7, 3)
    assert (effects.incomplete, effects.incomplete_items) == (4, 2)
    assert (effects.newly_incomplete, effects.newly_incomplete_items) == (4, 2)


def test_the_preview_names_splits_that_go_by_a_question_that_is_gone() -> None:
    project = make_project(items=1)
    parts = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
    for name, by in (("even", "sentiment"), ("other", "polarity")):
        Split.objects.create(
            project=project, name=name, kind="stratified", parts=parts, by=by, created_by=project.created_by
        )
    renamed = {**POLARITY, "name": "polarity"}

    found = effects_of(project, [renamed], {"polarity": {"from": "sentiment"}}).consequences

    assert [(one.kind, "“even” goes by “sentiment”" in one.text) for one in found] == [("splits", True)]


def test_the_preview_counts_gold_answers_that_would_not_hold() -> None:
    project = make_project(items=2)
    for item, said in zip(project.items.all(), ("positive", "neutral"), strict=True):
        GoldQuestion.objects.create(
            item=item,
            project=project,
            schema=project.schema,
            answer={"sentiment": said},
            created_by=project.created_by,
        )

    mapping = {"sentiment": {"labels": {"positive": "good", "negative": "bad", "neutral": None}}}

    assert effects_of(project, [POLARITY], mapping).gold_incomplete == 1


def test_the_preview_is_one_statement_whatever_there_is() -> None:
    project = make_project(items=4)
    answer(project, *[{"sentiment": "positive"}] * 4)
    with CaptureQueriesContext(connection) as queries:
        effects_of(project, [POLARITY], {})

    reads = [query["sql"] for query in queries if "annotation_annotation" in query["sql"]]
    assert len(reads) == 1


def test_a_preview_without_a_schema_is_empty(owner: User) -> None:
    project = Project.objects.create(name="Empty", created_by=owner)

    assert effects_of(project, [POLARITY], {}).answers == 0


def test_what_is_unsaid_is_told_before_publishing() -> None:
    project = make_project(items=1)
    questions = normalize_questions([POLARITY])

    assert unsaid(project=project, questions=questions, mapping={}) == []
    answer(project, {"sentiment": "positive"})
    assert len(unsaid(project=project, questions=questions, mapping={})) == 3


def test_asking_again_reopens_the_items_whose_answers_became_incomplete() -> None:
    project = make_project(items=4)
    answer(project, {"sentiment": "positive"}, {"sentiment": "neutral"}, {"sentiment": "neutral"})
    labels = {"positive": "good", "negative": "bad", "neutral": None}

    publish(
        project, project.created_by, [POLARITY], mapping={"sentiment": {"labels": labels}}, ask_again=True
    )

    assert list(project.items.order_by("pk").values_list("open_slots", "wanted")) == [
        (0, 1),
        (1, 2),
        (1, 2),
        (1, 1),
    ]


def test_items_that_lacked_something_before_are_not_asked_a_third_time() -> None:
    project = make_project(items=1)
    answer(project, {"sentiment": "neutral"})
    labels = {"positive": "good", "negative": "bad", "neutral": None}
    publish(
        project, project.created_by, [POLARITY], mapping={"sentiment": {"labels": labels}}, ask_again=True
    )
    second = make_member(project)
    turn = queue.next_leases(annotator=second, project=project, count=1, client="c").turns[0]
    answers.submit(annotator=second, lease_id=turn.id, given=answers.Answer({"sentiment": "good"}, "nonce"))

    publish(project, project.created_by, [{**POLARITY, "help": "Read it twice."}], ask_again=True)

    assert project.items.values_list("wanted", "answers").get() == (2, 2)


def test_a_form_loaded_before_a_renaming_is_still_good(
    project: Project, annotator: User, manager: User
) -> None:
    turn = queue.next_leases(annotator=annotator, project=project, count=1, client="c").turns[0]
    labels = {"positive": "good", "negative": "bad", "neutral": "mixed"}
    publish(project, manager, [POLARITY], mapping={"sentiment": {"labels": labels}})

    given = answers.Answer({"sentiment": "positive"}, "nonce", schema=1)
    receipt = answers.submit(annotator=annotator, lease_id=turn.id, given=given)

    kept = Annotation.objects.select_related("schema").get(pk=receipt.annotation_id)
    current = project.schemas.get(version=2)
    assert kept.schema.version == 1
    assert read_answer(kept.schema, current, kept.answer) == ({"sentiment": "good"}, set())


def test_the_versions_tell_what_each_changed() -> None:
    project = make_project(items=2)
    answer(project, {"sentiment": "positive"})
    publish(
        project,
        make_member(project, "manager"),
        [*SENTIMENT, {"name": "note", "type": "text", "required": False}],
    )
    answer(project, {"sentiment": "positive"})

    newest, oldest = reports.versions(project=project)

    assert (newest.schema.version, newest.answers, oldest.schema.version, oldest.answers) == (2, 1, 1, 1)
    assert [change.text for change in newest.changes] == ["The question “note” is new (text, optional)."]
    assert newest.fields_changed == ["The field “text” is shown as text, titled “text”."]
    assert oldest.changes == []
    assert [version.schema.version for version in reports.versions(project=project, before=2)] == [1]


def test_payload_keys_are_found_in_the_first_items(project: Project) -> None:
    payload = {
        "text": "Hello",
        "photo": "https://x.test/a.PNG?w=1",
        "page": "https://x.test/a",
        "price": 3.5,
        "ok": True,
    }
    Item.objects.filter(project=project).update(payload=payload)

    found = reports.payload_keys(project=project)

    kinds = {"text": "text", "photo": "image", "page": "link", "price": "number", "ok": "text"}
    assert {key.name: key.type for key in found} == kinds


def test_a_project_of_somebody_else_is_not_mixed_in() -> None:
    mine, other = make_project(items=1), make_project(items=1, owner=make_user())
    answer(other, {"sentiment": "positive"})

    assert effects_of(mine, [POLARITY], {}).answers == 0


def test_the_preview_tells_what_else_reads_the_questions() -> None:
    project = make_project(items=4)
    item, owner = project.items.first(), project.created_by
    about: dict[str, Any] = {
        "project": project,
        "item": item,
        "question": "sentiment",
        "schema": project.schema,
    }
    Prediction.objects.create(
        **about,
        kind="model",
        source="m",
        version="1",
        value="positive",
        confidence=0.5,
        created_at=timezone.now(),
    )
    Prediction.objects.create(
        **about, kind="model", source="m", version="2", value="positive", confidence=0.5, created_at=timezone.now()
    )  # fmt: skip
    GoldQuestion.objects.create(
        item=item, project=project, schema=project.schema, answer={"sentiment": "positive"}, created_by=owner
    )
    Consensus.objects.create(
        **about, value="positive", confidence=1, entropy=0, votes=0, unanimous=True, status="adjudicated",
        method="adjudication", updated_at=timezone.now(),
    )  # fmt: skip
    SavedView.objects.create(
        project=project, name="Glad", where='label.sentiment = "positive"', created_by=owner
    )
    SavedView.objects.create(project=project, name="All open", where="state = open", created_by=owner)
    Snapshot.objects.create(project=project, number=1, state="done", created_by=owner)
    split = {"sentiment": {"labels": {"positive": None, "negative": "bad", "neutral": "mixed"}}}

    found = preview_mapping(
        project=project, questions=normalize_questions([POLARITY]), mapping=split
    ).consequences

    assert [(one.kind, one.count, one.items) for one in found] == [
        ("decisions", 1, 1),
        ("predictions", 2, 1),
        ("snapshots", 1, None),
        ("gold", 1, 1),
        ("views", 1, None),
    ]
    assert "“Glad”" in found[-1].text


def test_splitting_a_label_asks_again_about_the_items_that_said_it_and_no_others() -> None:
    project = make_project(items=4)
    answer(project, *({"sentiment": said} for said in ("positive", "negative", "positive")))
    split = {"sentiment": {"labels": {"positive": None, "negative": "bad", "neutral": "mixed"}}}

    publish(project, project.created_by, [POLARITY], mapping=split, ask_again=True)

    states = list(project.items.order_by("pk").values_list("state", "wanted"))
    assert states == [("open", 2), ("resolved", 1), ("open", 2), ("open", 1)]
