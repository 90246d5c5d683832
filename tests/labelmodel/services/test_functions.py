"""Labeling functions are written, changed and stopped; what a version says never changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from annotation.errors import Conflict, InvalidInput, NotAllowed, NotFound
from annotation.models import Project, User
from annotation.questions import changes, normalize_questions
from annotation.services.schema_reach import consequences
from annotation.services.schemas import create_schema
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.models.functions import FunctionVersion as Version
from labelmodel.services import functions, weak_settings
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_rules import fields_of, tried
from tests.factories import SENTIMENT, make_member, make_project
from tests.labelmodel.services.function_help import active, draft, reviews, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return reviews()


def faults(error: pytest.ExceptionInfo[Any]) -> list[tuple[Any, ...]]:
    return [fault.path for fault in error.value.faults]


def test_a_function_begins_with_a_draft_that_says_what_it_reads_and_votes_for(project: Project) -> None:
    version = draft(project, tests=[{"payload": {"text": "good"}, "label": "positive"}])

    assert (version.number, version.state, version.schema) == (1, "draft", project.schema)
    assert version.labels == ["positive", "negative", "neutral"]
    assert (version.reads, version.votes_for) == (["text"], ["positive"])
    assert version.definition["rules"] == [{"label": "positive", "any": ["good"]}]
    assert version.function.owner == project.created_by


def test_every_fault_of_a_definition_is_told_under_its_path(project: Project) -> None:
    with pytest.raises(InvalidInput) as error:
        draft(project, definition={"label": "happy", "fields": ["title"], "any": ["x"]})

    assert faults(error) == [("definition", "fields", 0), ("definition", "label")]
    assert not LabelingFunction.objects.exists()


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"kind": "magic"}, ("kind",)),
        ({"name": " "}, ("name",)),
        ({"most_share": 1.5}, ("most_share",)),
        ({"tests": [{"payload": {}, "label": "happy"}]}, ("tests", 0, "label")),
        ({"tests": [{"label": "positive"}]}, ("tests", 0)),
        ({"definition": "good"}, ("definition",)),
        ({"definition": {"label": "positive", "any": ["a\0b"]}}, ("definition",)),
        ({"note": "x" * 301}, ("note",)),
    ],
)
def test_other_bad_input_is_told_too(project: Project, values: dict[str, Any], path: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInput) as error:
        draft(project, **values)

    assert faults(error) == [path]


def test_functions_vote_on_questions_with_labels(project: Project) -> None:
    with pytest.raises(InvalidInput, match="vote on sentiment"):
        functions.create(
            project=project, by=project.created_by, name="f", question="mood", kind="keywords", definition={}
        )


def test_a_name_is_taken_once_in_a_project(project: Project) -> None:
    draft(project)

    with pytest.raises(Conflict, match="good words"):
        draft(project)
    with pytest.raises(Conflict, match="called “good words” already"):
        draft(project, "Good  Words")
    draft(reviews())
    assert functions.change(
        function=project.labeling_functions.get(), by=project.created_by, name="GOOD words"
    )


@pytest.mark.parametrize("name", ["\u200b", "\u202eevil", "a\u00adb", "\u200d \u200d"])
def test_a_name_can_be_seen(project: Project, name: str) -> None:
    with pytest.raises(InvalidInput, match="that nobody sees"):
        draft(project, name)


def test_an_edit_is_the_next_version(project: Project) -> None:
    first = draft(project, tests=[{"payload": {"text": "fine"}, "label": None}])

    second = functions.new_version(
        function=first.function,
        by=project.created_by,
        kind="keywords",
        definition=words("positive", "fine"),
        note="More words.",
    )

    assert (second.number, second.state, second.note) == (2, "draft", "More words.")
    assert second.tests == first.tests
    first.refresh_from_db()
    assert first.definition["rules"] == [{"label": "positive", "any": ["good"]}]


@pytest.mark.parametrize("column", ["definition", "tests", "labels", "kind", "number"])
def test_the_database_keeps_what_a_version_says(project: Project, column: str) -> None:
    version = draft(project)

    with pytest.raises(ProgrammingError), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(**{column: 7 if column == "number" else "other"})
    Version.objects.filter(pk=version.pk).update(state="review")


def test_the_database_has_one_active_version_of_a_function(project: Project) -> None:
    first = active(project)
    second = functions.new_version(
        function=first.function, by=project.created_by, kind="keywords", definition=words("negative", "bad")
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.filter(pk=second.pk).update(state="active")


def test_who_changed_what_is_on_record(project: Project) -> None:
    version = draft(project)
    functions.change(function=version.function, by=project.created_by, description="Words that praise.")

    events = LabelingFunction.pgh_event_model.objects.order_by("pgh_id")
    assert list(events.values_list("pgh_label", "description")) == [
        ("insert", ""),
        ("update", "Words that praise."),
    ]
    assert FunctionVersion.pgh_event_model.objects.get().definition == version.definition


def test_name_owner_and_limits_change_without_a_new_version(project: Project) -> None:
    mira = make_member(project, "manager")
    function = draft(project, most_votes_an_hour=10).function

    changed = functions.change(
        function=function, by=project.created_by, name="praise", owner=mira.username, most_share=0.3
    )

    assert (changed.name, changed.owner, changed.most_share) == ("praise", mira, 0.3)
    assert changed.most_votes_an_hour == 10
    changed = functions.change(function=function, by=mira, unlimited_votes=True)
    assert changed.most_votes_an_hour is None
    assert changed.versions.count() == 1


def test_only_who_may_write_owns_a_function(project: Project) -> None:
    viewer = make_member(project, "viewer")

    with pytest.raises(InvalidInput) as error:
        functions.change(function=draft(project).function, by=project.created_by, owner=viewer.username)
    assert faults(error) == [("owner",)]


@pytest.mark.parametrize("role", ["adjudicator", "annotator", "viewer"])
def test_others_neither_write_nor_stop(project: Project, role: str) -> None:
    person = make_member(project, role)
    function = draft(project).function

    with pytest.raises(NotAllowed):
        draft(project, "other", by=person)
    with pytest.raises(NotAllowed):
        functions.stop(function=function, by=person, reason="No.")


def test_a_function_of_another_project_is_not_there(project: Project, stranger: User) -> None:
    function = draft(project).function
    other = make_project()

    with pytest.raises(NotFound):
        functions.function_for(user=other.created_by, project=other, function_id=function.pk)
    with pytest.raises(NotFound):
        functions.function_for(user=stranger, project=project, function_id=function.pk)


def test_what_never_voted_is_removed_and_what_did_is_not(project: Project) -> None:
    functions.remove(function=draft(project).function, by=project.created_by)
    assert not LabelingFunction.objects.exists()

    with pytest.raises(Conflict, match="Stop it"):
        functions.remove(function=active(project).function, by=project.created_by)


def test_the_kill_switch_says_who_and_why(project: Project) -> None:
    version = active(project)
    assert list(Version.objects.voting()) == [version]

    functions.stop(function=version.function, by=project.created_by, reason="It guesses.")

    assert version.function.stopped_by == project.created_by
    assert version.function.stopped_reason == "It guesses."
    assert not Version.objects.voting().exists()
    with pytest.raises(InvalidInput, match="Say why"):
        functions.stop(function=version.function, by=project.created_by, reason=" ")


def test_resumed_it_votes_again_and_what_it_missed_is_run(project: Project) -> None:
    version = active(project)
    functions.stop(function=version.function, by=project.created_by, reason="It guesses.")
    before = project.function_runs.count()

    functions.resume(function=version.function, by=project.created_by)

    assert (version.function.stopped_at, version.function.stopped_reason) == (None, "")
    assert list(Version.objects.voting()) == [version]
    assert project.function_runs.count() == before + 1


def test_tests_say_what_came_out(project: Project) -> None:
    texts = {"good": "positive", "bad": None, "so good": "negative"}
    version = draft(
        project, tests=[{"payload": {"text": text}, "label": label} for text, label in texts.items()]
    )

    found = tried(version)

    assert [(one.expected, one.got, one.passed) for one in found] == [
        ("positive", "positive", True),
        (None, None, True),
        ("negative", "positive", False),
    ]


def test_fields_are_those_of_the_schema_and_those_of_the_items(project: Project) -> None:
    first = project.items.earliest("pk")
    first.payload = {"text": "good", "length": 4, "source": "mail", "empty": None}
    first.save()

    assert fields_of(project) == {"text": "text", "length": "number", "source": "hidden", "empty": "hidden"}


def relabel(project: Project, *, labels: list[str], fields: list[dict[str, Any]] | None = None) -> None:
    question = {**SENTIMENT[0], "labels": [{"value": label} for label in labels]}
    gone = {one["value"]: None for one in SENTIMENT[0]["labels"] if one["value"] not in labels}
    create_schema(
        project=project,
        by=project.created_by,
        fields=[{"name": "text", "type": "text"}] if fields is None else fields,
        questions=[question],
        mapping={"sentiment": {"from": "sentiment", "labels": gone}} if gone else {},
    )
    project.refresh_from_db()


def test_a_label_that_is_gone_is_a_fault_of_those_that_vote_for_it(project: Project) -> None:
    good, bad = draft(project), draft(project, "bad words", words("negative", "bad"))
    relabel(project, labels=["negative", "neutral"])

    found = faults_of(project, [good, bad])

    assert found.keys() == {good.pk}
    assert "“positive”" in found[good.pk][0]


def test_a_field_that_is_gone_or_sensitive_is_a_fault(project: Project) -> None:
    version = draft(project)
    relabel(project, labels=["positive", "negative"], fields=[{"name": "title", "type": "text"}])
    assert "“text”, which is no part" in faults_of(project, [version])[version.pk][0]

    weak_settings.change(project=project, by=project.created_by, sensitive_fields=["text"])

    assert "sensitive" in faults_of(project, [version])[version.pk][-1]
    with pytest.raises(InvalidInput, match="sensitive"):
        draft(project, "other", {**words("positive", "good"), "fields": ["text"]})


def test_settings_are_checked(project: Project) -> None:
    by = project.created_by
    shares = {"positive": 0.2, "negative": 0.5, "neutral": 0.3}

    made = weak_settings.change(project=project, by=by, class_balance={"sentiment": shares}, automatic=False)

    assert made.class_balance == {"sentiment": pytest.approx(shares)}
    assert (weak_settings.settings_of(project).automatic, made.sensitive_fields) == (False, [])
    for wrong in (
        {"mood": shares},
        {"sentiment": {"positive": 1.0}},
        {"sentiment": {**shares, "neutral": 0.9}},
    ):
        with pytest.raises(InvalidInput):
            weak_settings.change(project=project, by=by, class_balance=wrong)


def test_a_new_schema_tells_which_functions_it_would_stop(project: Project) -> None:
    active(project)
    active(project, "bad words", words("negative", "bad"))
    question = {**SENTIMENT[0], "labels": [{"value": "negative"}, {"value": "neutral"}]}
    changed = changes(
        project.schema.questions,
        normalize_questions([question]),
        {"sentiment": {"labels": {"positive": None}}},
    )

    told = consequences(project=project, questions=[question], found=changed, gold=True)

    (one,) = [one for one in told if one.kind == "functions"]
    assert (one.count, "“good words”" in one.text, "bad words" in one.text) == (1, True, False)
