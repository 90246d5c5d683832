"""The demo: real input, hidden truth, a history that adds up, and no page that is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from annotation.models import (
    Adjudication,
    Annotation,
    Comment,
    Consensus,
    ConsensusDue,
    Flag,
    GoldResult,
    Item,
    ItemTag,
    Project,
    Rejection,
    Skip,
    User,
)
from annotation.services import queue
from annotation.services.answers import Answer, submit
from config.demo import digits, digits_project, docstrings, library_functions, library_project, people
from config.demo.loading import load
from labelmodel.models import FunctionVersion, VoteShard
from labelmodel.services import functions
from tests.invariants import assert_slots_add_up

ROWS = 900
TABLES = (User, Project, Item, Annotation, Skip, Flag, Comment, Rejection)


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[str]]:
    """A small demo for the tests of this file that only look at it; what they change is undone."""
    said: list[str] = []
    with django_db_blocker.unblock(), transaction.atomic():
        load(say=said.append, rows=ROWS)
        yield said
        transaction.set_rollback(True)


@pytest.fixture
def library(loaded: list[str], db: None) -> Project:
    return Project.objects.get(datasets__source_name=library_project.SOURCE_NAME)


@pytest.fixture
def digit_project(loaded: list[str], db: None) -> Project:
    return Project.objects.get(datasets__source_name=digits_project.SOURCE_NAME)


@pytest.fixture
def both(library: Project, digit_project: Project) -> list[Project]:
    return [library, digit_project]


def person(username: str) -> User:
    return User.objects.get(username=username)


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in TABLES}


def test_there_are_many_documentation_strings_of_each_library() -> None:
    found = docstrings.collect()

    assert len(found) > 20_000
    assert min(Counter(docstring.library for docstring in found).values()) > 500
    assert (
        len({docstring.text for docstring in found})
        == len({docstring.key for docstring in found})
        == len(found)
    )
    assert all(60 <= len(docstring.text) <= 400 for docstring in found)


def test_collecting_again_from_the_sources_finds_the_same() -> None:
    found = docstrings.collect()
    sample = [library for library in docstrings.installed() if library.label in {"networkx", "django"}]
    read = {
        text
        for library in sample
        for path in docstrings._sources(library)
        for _, text in docstrings._read_file(path)
    }

    assert {one.text for one in found if one.library in {"networkx", "django"}} <= read
    assert [one.key for one in found] == sorted(one.key for one in found)


def test_a_linear_model_learns_more_from_more_labels() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    found = docstrings.collect()[:6_000]
    texts = np.array([one.text for one in found], dtype=object)
    labels = np.array([one.library for one in found])
    test = slice(5_000, None)

    def accuracy(count: int) -> float:
        words = TfidfVectorizer(sublinear_tf=True)
        model = LinearSVC().fit(words.fit_transform(texts[:count]), labels[:count])
        return float(model.score(words.transform(texts[test]), labels[test]))

    few, more, many = accuracy(100), accuracy(1_000), accuracy(5_000)

    assert few < 0.5
    assert more > few + 0.08
    assert many > more + 0.08


def test_digits_are_png_files_whose_names_tell_nothing() -> None:
    names = [digit.name for digit in digits.digits()]
    labels = [int(digit.label) for digit in digits.digits()]

    assert len(set(names)) == 1_797
    assert digits.png(digits.digits()[0].pixels).startswith(b"\x89PNG")
    assert abs(np.corrcoef(np.arange(1_797), labels)[0, 1]) < 0.1
    assert abs(np.corrcoef(labels[:-10], labels[10:])[0, 1]) < 0.1


def test_a_full_demo_says_what_it_loads(loaded: list[str]) -> None:
    assert any("importing docstrings.jsonl" in line for line in loaded)
    assert loaded[-1] == "the demo projects are there"


def test_loading_again_changes_nothing(both: list[Project]) -> None:
    before = counts()
    said: list[str] = []

    load(say=said.append, rows=ROWS)

    assert counts() == before
    assert said == ["the demo projects are there"]


def test_a_renamed_demo_project_is_not_loaded_again(library: Project) -> None:
    Project.objects.filter(pk=library.pk).update(name="Mine now")

    load(say=lambda line: None, rows=ROWS)

    assert Project.objects.count() == 2


def test_counters_and_states_are_what_the_rows_say(both: list[Project]) -> None:
    for project in both:
        assert_slots_add_up(project)
        for member in project.memberships.all():
            said = project.annotations.filter(annotator=member.user, supersedes=None)
            assert member.answered == said.count()


def test_answers_are_simulated_valid_and_lie_in_the_last_two_weeks(both: list[Project]) -> None:
    now = timezone.now()

    for project in both:
        said = project.annotations.order_by("pk")
        times = list(said.values_list("created_at", flat=True))
        assert set(said.values_list("origin", flat=True)) == {"simulated"}
        assert times == sorted(times)
        assert now - timedelta(days=15) < times[0] < times[-1] < now
    # Of a few hundred answers a handful are corrected; in the smaller project there may be none.
    assert Annotation.objects.exclude(supersedes=None).exists()


def test_everybody_is_invented_and_has_no_password(both: list[Project]) -> None:
    for one in people.EVERYBODY:
        user = person(one.username)
        assert user.demo
        assert not user.has_usable_password()


def test_old_answers_were_given_under_the_first_version(library: Project) -> None:
    by_version = {
        version: set(
            library.annotations.filter(schema__version=version).values_list("answer__library", flat=True)
        )
        for version in (1, 2)
    }

    assert "python" in by_version[1] - by_version[2]
    assert "stdlib" in by_version[2] - by_version[1]
    assert library.schemas.get(version=2).mapping["library"]["labels"] == {"python": "stdlib"}


def test_people_are_mostly_right_and_not_equally_good(library: Project) -> None:
    truth = docstrings.truth() | {"python": "stdlib"}
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for who, key, said in library.annotations.filter(supersedes=None).values_list(
        "annotator__username", "item__key", "answer__library"
    ):
        total[who] += 1
        right[who] += truth[key] == {"python": "stdlib"}.get(said, said)
    shares = {who: right[who] / total[who] for who in total if total[who] > 50}

    assert all(0.45 < share < 0.97 for share in shares.values())
    assert max(shares.values()) - min(shares.values()) > 0.1


def test_truth_is_known_for_every_item_and_no_item_tells_it(library: Project, digit_project: Project) -> None:
    truth = docstrings.truth()
    for item in library.items.all():
        assert item.key in truth
        assert set(item.payload) == {"text", "documents"}

    truth = digits.truth()
    for item in digit_project.items.all():
        assert item.key in truth
        assert item.payload == {"image": item.key}


def test_what_annotators_are_sent_holds_neither_truth_nor_gold(both: list[Project], api: Any) -> None:
    for project in both:
        response = api(person("annotator1")).post(
            reverse("api:next", args=[project.pk]), {"count": 20}, format="json"
        )
        assert response.status_code == 200
        text = response.content.decode()
        assert not {"gold", "explanation", "stdlib", "sklearn"} & set(text.replace('"', " ").split())
        assert api(person("annotator1")).get(reverse("api:gold", args=[project.pk])).status_code == 403


def test_a_newcomer_gets_items_at_once_and_can_answer_them(both: list[Project]) -> None:
    annotator = person("annotator1")
    answers = {
        digits_project.SOURCE_NAME: {"digit": "7", "legibility": "clear"},
        library_project.SOURCE_NAME: {"library": "numpy"},
    }
    for project in both:
        found = queue.next_leases(annotator=annotator, project=project, count=5)
        assert (found.status, len(found.turns)) == ("ok", 5)
        answer = answers[project.datasets.order_by("pk").first().source_name]
        submit(annotator=annotator, lease_id=found.turns[0].id, given=Answer(answer, f"mine-{project.pk}"))
        assert_slots_add_up(project)


def test_there_is_something_of_everything(library: Project, digit_project: Project) -> None:
    for project in (library, digit_project):
        states = set(project.items.values_list("state", flat=True))
        assert states == {"open", "disputed", "resolved"}
        assert project.gold_questions.exclude(explanation="").exists()
        assert Skip.objects.filter(item__project=project).exclude(reason="").exists()
        assert Flag.objects.filter(item__project=project).exists()
        assert Comment.objects.filter(item__project=project).exclude(parent=None).exists()
        assert not project.items.filter(text=None).exists()
    assert sorted(library.datasets.values_list("rows_rejected", flat=True)) == [0, 4]
    assert Rejection.objects.filter(dataset__project=library).count() == 4


def test_there_is_evidence_of_quality(both: list[Project], library: Project) -> None:
    for project in both:
        assert GoldResult.objects.filter(project=project, right=True).count() > 20
        assert Consensus.objects.filter(project=project, status="auto", run__isnull=False).count() > 100
        assert Adjudication.objects.filter(project=project, kind="decided").exists()
        assert not ConsensusDue.objects.filter(project=project).exists()
    assert GoldResult.objects.filter(project=library, right=False).exists()
    assert library.memberships.get(user__username="omar").paused_reason.startswith("You got ")
    assert library.suspensions.get(user__username="omar").closed_at is None


def test_only_the_one_who_hurries_is_paused(both: list[Project]) -> None:
    for project in both:
        paused = project.memberships.exclude(paused_reason="").values_list("user__username", flat=True)
        assert set(paused) <= {"omar"}


PAGES = (
    "project",
    "items",
    "imports",
    "schema",
    "schema-versions",
    "members",
    "project-settings",
    "project-history",
)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_empty(both: list[Project], client: Any, page: str) -> None:
    client.force_login(person("admin"))

    for project in both:
        response = client.get(reverse(page, args=[project.pk]))
        assert response.status_code == 200
        assert 'class="empty"' not in response.content.decode()


@pytest.mark.parametrize("username", ["manager", "adjudicator", "annotator1", "engineer"])
def test_everybody_finds_both_projects(both: list[Project], client: Any, username: str) -> None:
    client.force_login(person(username))

    text = client.get(reverse("projects")).content.decode()

    assert all(project.name in text for project in both)


def test_data_is_kept_from_the_start(library: Project, digit_project: Project) -> None:
    for project in (library, digit_project):
        assert project.views.count() == 3
        assert ItemTag.objects.filter(tag__project=project).exists()
        assert [one.state for one in project.snapshots.all()] == ["waiting"]


def test_ten_functions_are_written_by_one_reviewed_by_another_and_have_voted(library: Project) -> None:
    versions = FunctionVersion.objects.filter(project=library).select_related("author", "reviewer")
    shards = VoteShard.objects.filter(version__project=library)

    assert library.labeling_functions.count() == 10
    assert {(one.state, one.author.username, one.reviewer.username) for one in versions} == {
        ("active", "admin", "manager")
    }
    assert all(one.tests for one in versions)
    assert set(shards.values_list("seen", flat=True)) == {library.items.count()}
    assert set(shards.values_list("errors", flat=True)) == {0}
    assert len({one.version_id for one in shards if sum(one.cast.values())}) == 10


def test_functions_of_the_demo_are_added_once(library: Project) -> None:
    one = library.labeling_functions.first()
    functions.change(function=one, by=person("manager"), name="Mine now")

    load(say=lambda line: None, rows=ROWS)

    assert library.labeling_functions.count() == 10


def test_functions_leave_out_libraries_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [one for one in docstrings.LIBRARIES if one.label in {"django", "stdlib"}]
    monkeypatch.setattr(library_functions, "installed", lambda: some)

    found = library_functions.functions()

    said = {
        rule["label"]
        for one in found
        for part in ("rules", "entries")
        for rule in one.definition.get(part, ())
    }
    assert [one.name for one in found][2:] == ["Pages and databases", "Files and processes"]
    assert said == {"django", "stdlib"}
