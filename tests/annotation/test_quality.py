"""The report and page of quality: figures that were worked out by hand, who sees them, and what is computed where."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from annotation.models import Adjudication, Consensus, GoldQuestion, GoldResult, Item, Project, User
from annotation.pages import quality_charts as charts
from annotation.reports import agreement, calibration, quality
from annotation.reports.calibration import Told, measure
from annotation.reports.intervals import wilson
from annotation.services import adjudication, consensus, gold
from annotation.services.consensus import Found
from tests.annotation.items_help import keys, say
from tests.annotation.test_agreement import N, P, U, write
from tests.factories import make_items, make_member, make_project


def weigh(item: Item, value: str = P, confidence: float = 0.9, **values: Any) -> Consensus:
    defaults = {"votes": 2, "unanimous": True, "method": "majority", "entropy": 0.1}
    return Consensus.objects.create(
        project=item.project,
        item=item,
        question="sentiment",
        value=value,
        distribution={value: confidence},
        confidence=confidence,
        schema=item.project.schema,
        updated_at=timezone.now(),
        **{**defaults, **values},
    )


@pytest.fixture
def items(project: Project) -> list[Item]:
    return list(project.items.order_by("pk"))


def seen(project: Project) -> quality.Quality:
    cache.clear()
    return quality.of_project(project)


# Shares and calibration


def test_wilson_is_as_published() -> None:
    """Newcombe (1998), table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_calibration_by_hand() -> None:
    """Two bins: 0.9 sure and all right, 0.6 sure and half right. ECE: 1/2 · 0.1 + 1/2 · 0.1."""
    told = [Told("gold", "q", 0.9, True)] * 2 + [Told("gold", "q", 0.6, right) for right in (True, False)]

    found = measure("gold", told)

    assert found.ece == pytest.approx(0.1)
    assert found.brier == pytest.approx((0.01 * 2 + 0.16 + 0.36) / 4)
    assert [(one.n, one.right) for one in found.bins] == [(2, 0.5), (2, 1.0)]
    assert not found.enough


def test_nothing_to_calibrate_by_has_no_figures() -> None:
    found = measure("gold", [])

    assert (found.n, found.ece, found.bins) == (0, None, ())


# What calibration rests on


def test_a_decision_keeps_what_votes_said_before(items: list[Item], adjudicator: User) -> None:
    weigh(items[0], P, 0.6, unanimous=False)
    Item.objects.filter(pk=items[0].pk).update(state="disputed", answers=2)

    adjudication.decide(
        item_id=items[0].pk, by=adjudicator, answer={"sentiment": N}, step=adjudication.Step("n")
    )

    kept = Adjudication.objects.get().evidence["sentiment"]
    assert (kept["value"], kept["confidence"], kept["method"]) == (P, 0.6, "majority")
    now = Consensus.objects.get()
    assert (now.value, now.status, now.unanimous) == (N, "adjudicated", False)
    [_, decided] = calibration.of_project(items[0].project)
    assert (decided.source, decided.n, decided.right, decided.confidence) == ("adjudicated", 1, 0.0, 0.6)


def test_an_item_that_becomes_gold_keeps_what_votes_said(
    items: list[Item], owner: User, project: Project
) -> None:
    weigh(items[0], P, 0.8)
    known = [gold.Known(answer={"sentiment": P}, key=item.key) for item in items[:2]]

    gold.put(project=project, by=owner, items=known)

    first, second = GoldQuestion.objects.order_by("item")
    assert first.evidence["sentiment"]["confidence"] == 0.8
    assert second.evidence == {}


def test_later_votes_on_gold_are_kept_beside_the_known_answer(
    items: list[Item], owner: User, project: Project
) -> None:
    gold.put(project=project, by=owner, items=[gold.Known(answer={"sentiment": P}, key=items[0].key)])
    found = Found(items[0].pk, "sentiment", '"negative"', '{"negative": 0.7}', 0.7, 0.9, 1, True, "majority")

    for touched in (False, True):
        consensus.publish(
            project_id=project.pk,
            schema_id=project.schema_id or 0,
            items=[items[0].pk],
            questions=["sentiment"],
            found=[found],
            touched=touched,
        )
        assert bool(GoldQuestion.objects.get().evidence) is touched

    assert Consensus.objects.get().value == P
    [gold_found, _] = calibration.of_project(project)
    assert (gold_found.n, gold_found.right, gold_found.confidence) == (1, 0.0, 0.7)


# Disputes, overlap, gold


def test_disputes_are_told_by_question_with_the_most_doubtful_first(
    items: list[Item], project: Project
) -> None:
    for item, doubt in zip(items, (0.2, 0.5, 0.0), strict=False):
        weigh(item, confidence=1 - doubt, unanimous=not doubt)
        Item.objects.filter(pk=item.pk).update(state="disputed" if doubt else "resolved", doubt=doubt)

    found = seen(project)

    assert [(one.question, one.items, one.disagree) for one in found.disputed] == [("sentiment", 2, 2)]
    assert [one.key for one in found.doubtful] == ["item-00001", "item-00000"]
    why = found.doubtful[0].why
    assert why is not None
    assert [(chips[0].text, share) for chips, share in why.shares] == [("Positive", 0.5)]
    assert [(one.items, one.sure, one.unanimous) for one in found.weighed] == [(3, 1, 1)]


def test_adaptive_overlap_counts_what_was_saved(owner: User) -> None:
    project = make_project(owner=owner, annotations_per_item=2, annotations_at_most=5)
    make_items(project, 3, state="resolved", answers=2)
    make_items(project, 1, state="resolved", answers=4)
    make_items(project, 1, state="disputed", answers=5)

    found = seen(project).overlap

    assert found.by_judgments == ((2, 3, 3), (4, 1, 1), (5, 1, 0))
    assert (found.mean, found.saved) == (3.0, 3 * 3 + 1)


def test_a_fixed_number_of_answers_saves_nothing(owner: User) -> None:
    project = make_project(owner=owner, annotations_per_item=2)
    make_items(project, 3, state="resolved", answers=2)

    assert seen(project).overlap.saved is None


def test_gold_counts_the_last_revision_and_training_apart(
    items: list[Item], project: Project, annotator: User, second_annotator: User
) -> None:
    Item.objects.update(wanted=2, open_slots=2)
    for person, rights, training in ((annotator, (False, True), False), (second_annotator, (True,), True)):
        for number, right in enumerate(rights):
            item = items[0] if person == annotator else items[1]
            answer = say(item, person, sentiment=P) if not number else _revised(item, person)
            GoldResult.objects.create(
                annotation=answer,
                project=project,
                item=item,
                annotator=person,
                rotation=1,
                questions={"sentiment": right},
                right=right,
                training=training,
                created_at=timezone.now(),
            )

    found = seen(project).gold

    assert [(one.training, one.n, one.right) for one in found] == [(False, 1, 1), (True, 1, 1)]
    assert found[0].low == pytest.approx(0.2065, abs=1e-4)


def _revised(item: Item, person: User) -> Any:
    from annotation.models import Annotation
    from tests.annotation.items_help import revise

    return revise(Annotation.objects.get(item=item, annotator=person, superseded_by=None), sentiment=N)


# Filters


@pytest.fixture
def weighed(items: list[Item]) -> list[Item]:
    for item, confidence in zip(items, (0.4, 0.7, 0.99), strict=False):
        weigh(item, confidence=confidence, unanimous=confidence > 0.5)
    weigh(items[3], confidence=1.0, status="known", unanimous=False)
    return items


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("agreement = disagree", ["item-00000"]),
        ("confidence <= 0.7", ["item-00000", "item-00001"]),
        ("confidence.sentiment >= 0.5 and confidence.sentiment <= 0.8", ["item-00001"]),
        ("confidence >= 0", ["item-00000", "item-00001", "item-00002"]),
    ],
)
def test_items_are_found_by_disagreement_and_confidence(
    api: Any, weighed: list[Item], viewer: User, query: str, expected: list[str]
) -> None:
    response = api(viewer).get(f"/api/v1/projects/{weighed[0].project_id}/items/", {"where": query})

    assert keys(response) == expected


# REST


def test_agreement_over_rest(
    api: Any, project: Project, viewer: User, annotator: User, second_annotator: User
) -> None:
    write(project, annotator, [P, P, N, N])
    write(project, second_annotator, [P, N, N, N])

    body = api(viewer).get(f"/api/v1/projects/{project.pk}/agreement/").json()

    assert (body["freshness"], body["answers"], body["people"], body["kinds"]) == (
        "current",
        8,
        2,
        ["person"],
    )
    [question] = body["questions"]
    [chosen] = [one for one in question["coefficients"] if one["chosen"]]
    assert (chosen["name"], chosen["items"], chosen["judgments"]) == ("alpha", 4, 8)
    assert chosen["low"] <= chosen["value"] <= chosen["high"]
    assert question["pairwise"]["pairs"][0]["value"] == pytest.approx(0.5)
    assert question["confusions"][0]["examples"] == [
        {"id": project.items.order_by("pk")[1].pk, "key": "item-00001"}
    ]


def test_agreement_before_a_worker_has_computed_it(
    api: Any, project: Project, viewer: User, annotator: User
) -> None:
    project.memberships.filter(user=annotator).update(answered=agreement.COMPUTED_AT_ONCE + 1)

    body = api(viewer).get(f"/api/v1/projects/{project.pk}/agreement/").json()

    assert (body["freshness"], body["as_of"], body["questions"]) == ("computing", None, [])


def test_the_consensus_is_listed_page_by_page(api: Any, weighed: list[Item], viewer: User) -> None:
    url = f"/api/v1/projects/{weighed[0].project_id}/consensus/"

    first = api(viewer).get(url, {"limit": 2}).json()
    second = api(viewer).get(first["next"]).json()

    assert [row["key"] for row in first["results"]] == ["item-00000", "item-00001"]
    assert [(row["key"], row["confidence"]) for row in second["results"]] == [("item-00002", 0.99)]
    assert second["next"] is None
    assert first["results"][0] == {
        **first["results"][0],
        "item": weighed[0].pk,
        "question": "sentiment",
        "value": P,
        "distribution": {P: 0.4},
        "status": "auto",
        "unanimous": False,
        "schema": 1,
        "run": None,
        "kinds": [],
    }


def test_what_is_known_is_for_who_configures(
    api: Any, weighed: list[Item], viewer: User, manager: User
) -> None:
    url = f"/api/v1/projects/{weighed[0].project_id}/consensus/"

    assert api(viewer).get(url, {"status": "known"}).json()["results"] == []
    assert [row["key"] for row in api(manager).get(url, {"status": "known"}).json()["results"]] == [
        "item-00003"
    ]


def test_a_question_that_is_not_there_is_refused(api: Any, project: Project, viewer: User) -> None:
    response = api(viewer).get(f"/api/v1/projects/{project.pk}/consensus/", {"question": "colour"})

    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, ["question"])


def test_quality_over_rest(api: Any, weighed: list[Item], viewer: User) -> None:
    Item.objects.filter(pk=weighed[0].pk).update(state="disputed", doubt=0.6)

    body = api(viewer).get(f"/api/v1/projects/{weighed[0].project_id}/quality/").json()

    assert body["items"]["disputed"] == 1
    assert body["doubtful"] == [
        {"id": weighed[0].pk, "key": "item-00000", "doubt": 0.6, "answers": 0, "question": "sentiment"}
    ]
    assert [one["source"] for one in body["calibration"]] == ["gold", "adjudicated"]


@pytest.mark.parametrize("route", ["agreement", "consensus", "quality"])
def test_who_only_labels_sees_none_of_it(api: Any, project: Project, annotator: User, route: str) -> None:
    assert api(annotator).get(f"/api/v1/projects/{project.pk}/{route}/").status_code == 403


# The page


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ([], [], "Nothing answered yet."),
        ([P, N], [], "Only one annotator has answered"),
        ([P, None], [None, N], "No item has answers of two annotators yet."),
        ([P, N], [P, U], "Most confused"),
    ],
    ids=["nothing", "one annotator", "no overlap", "overlap"],
)
def test_the_page_says_what_there_is(
    client: Client,
    project: Project,
    viewer: User,
    annotator: User,
    second_annotator: User,
    first: Any,
    second: Any,
    words: str,
) -> None:
    write(project, annotator, first)
    write(project, second_annotator, second)
    client.force_login(viewer)

    page = client.get(f"/projects/{project.pk}/quality/").content.decode()

    assert words in page
    assert "nan" not in page.lower().replace("nano", "")


def test_the_page_waits_without_a_spinner(
    client: Client, project: Project, viewer: User, annotator: User
) -> None:
    project.memberships.filter(user=annotator).update(answered=agreement.COMPUTED_AT_ONCE + 1)
    client.force_login(viewer)
    url = f"/projects/{project.pk}/quality/"

    assert "being computed" in client.get(url).content.decode()
    agreement.compute(project.pk)
    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "being computed" not in fragment


def test_the_page_takes_the_same_number_of_queries_whatever_the_project_holds(
    client: Client, owner: User, django_assert_max_num_queries: Any
) -> None:
    client.force_login(owner)
    for count in (2, 30):
        project = make_project(owner=owner, items=count)
        write(project, make_member(project), [P, N] * (count // 2))
        for item in project.items.all():
            weigh(item, unanimous=False)
        project.items.update(state="disputed", doubt=0.1)

        with django_assert_max_num_queries(24):
            client.get(f"/projects/{project.pk}/quality/")


def test_the_overview_tells_of_agreement_and_leads_to_quality(
    client: Client, project: Project, viewer: User, annotator: User, second_annotator: User
) -> None:
    write(project, annotator, [P, P, N, N])
    write(project, second_annotator, [P, N, N, N])
    agreement.compute(project.pk)
    client.force_login(viewer)

    page = client.get(f"/projects/{project.pk}/").content.decode()

    assert "Agreement: Sentiment" in page
    assert f"/projects/{project.pk}/quality/" in page


# Drawings


def test_an_axis_reaches_down_to_the_lowest_interval() -> None:
    assert charts.axis_of([0.2, None, 0.5]).low == 0
    assert charts.axis_of([-0.3, 0.5]).low == -0.3
    assert charts.axis_of([]).low == 0


def test_a_course_leaves_a_gap_where_nothing_is_defined() -> None:
    found = charts.course([("a", 0.5, 0.4, 0.6), ("b", None, None, None), ("c", 0.7, 0.6, 0.8)])

    assert [point.words for point in found.points] == ["a: 0.50 (0.40 to 0.60)", "c: 0.70 (0.60 to 0.80)"]
    assert [point.before for point in found.points] == [None, None]


def test_shades_go_from_none_to_all() -> None:
    assert [charts.shade(share) for share in (None, -0.5, 0.0, 0.5, 1.0)] == [
        "",
        "heat-0",
        "heat-0",
        "heat-4",
        "heat-9",
    ]


# Where numerical libraries are


def test_the_web_process_loads_no_numerical_library() -> None:
    program = (
        "import sys, config.wsgi\nfrom django.urls import get_resolver\nget_resolver().url_patterns\n"
        "from annotation.api import urls\n"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'torch', 'pyarrow', 'annotation.snapshots'} & set(sys.modules)))"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings"}

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )

    assert done.stdout.strip() == "[]"
