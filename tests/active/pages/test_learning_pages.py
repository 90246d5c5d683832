"""The pages of learning: what they show, to whom, and what their buttons do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from active.models import LearningSettings, ModelVersion, Round, Simulation
from annotation.models import Item, Project, User
from tests.active.learned import (
    RESULT,
    make_model,
    make_point,
    make_round,
    make_selections,
    make_simulation,
    turn_on,
)
from tests.factories import make_items, make_project

pytestmark = pytest.mark.django_db
PAGES = ("", "queue/", "queue/compare/", "rounds/", "models/", "simulations/")


def path(project: Project, rest: str = "") -> str:
    return f"/projects/{project.pk}/learning/{rest}"


def seen(user: User, url: str, *, status: int = 200, htmx: bool = False) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(url, headers={"HX-Request": "true"} if htmx else {})
    assert response.status_code == status
    return response.content.decode()


def send(user: User, url: str, **data: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(url, data)


@pytest.fixture
def learned(project: Project) -> Project:
    """Three rounds with models, a curve, and a queue that the last one put in order."""
    turn_on(project, target=0.9)
    make_items(project, 15)
    for n, accuracy in enumerate((0.6, 0.72, 0.8)):
        model = make_model(project, state="promoted" if n == 2 else "retired")
        done = make_round(project, labels=20 * (n + 1), model=model, rival="margin" if n == 2 else "")
        make_point(done, accuracy)
    make_selections(done, list(project.items.order_by("-pk")[:10]))
    return project


def test_off_it_says_what_it_would_do_and_has_one_button(owner: User, viewer: User, project: Project) -> None:
    manager, reader = seen(owner, path(project)), seen(viewer, path(project))

    assert "Items come in the order in which they were imported" in manager
    assert manager.count("Let the queue learn</button>") == 1
    assert "Let the queue learn</button>" not in reader


def test_the_button_turns_it_on_with_a_first_round(owner: User, project: Project) -> None:
    send(owner, path(project, "on/"))

    page = seen(owner, path(project))

    assert LearningSettings.objects.get().automatic
    assert (Round.objects.get().trigger, Round.objects.get().state) == ("start", "waiting")
    assert "Waiting for a worker" in page
    assert "No worker has taken this up" not in page


def test_a_round_that_nobody_takes_up_is_told(viewer: User, project: Project) -> None:
    ago = timezone.now() - timedelta(minutes=1)
    waiting = make_round(project, state="waiting", started_at=None, moved_at=ago)
    Round.objects.filter(pk=waiting.pk).update(created_at=ago)

    assert "No worker has taken this up" in seen(viewer, path(project), htmx=True)


@pytest.mark.parametrize("state", ["embedding", "training", "scoring", "choosing"])
def test_each_phase_is_told_as_it_is(viewer: User, project: Project, state: str) -> None:
    make_round(project, state=state, timings={"embedding": 0.4})

    page = seen(viewer, path(project), htmx=True)

    assert f'aria-current="step">{state.capitalize()}' in page
    assert 'hx-trigger="every 2s"' in page


def test_learned_it_shows_figures_advice_and_the_curve(viewer: User, learned: Project) -> None:
    page = seen(viewer, path(learned))

    for words in (
        "80.0 %",
        "moved the accuracy by 0.1",
        "reach 90 %",
        "ahead of Margin",
        "At random",
        "Scores of the pool",
        "What the pool is predicted to be",
        "after 20 more answers",
    ):
        assert words in page
    assert (page.count('<path class="band'), page.count('<path class="curve')) == (2, 2)
    assert "Start a round now" not in page


def test_where_nothing_has_happened_nothing_is_swapped(viewer: User, learned: Project) -> None:
    page = seen(viewer, path(learned), htmx=True)
    mark = page.split("?seen=")[1].split('"')[0]

    seen(viewer, path(learned, f"?seen={mark}"), htmx=True, status=204)
    make_round(learned, state="waiting", started_at=None)
    seen(viewer, path(learned, f"?seen={mark}"), htmx=True, status=200)


def test_a_failed_round_says_why_and_what_stays(owner: User, learned: Project) -> None:
    failed = make_round(learned, state="failed", error="<b>The storage is gone.", finished_at=timezone.now())

    page, one = seen(owner, path(learned)), seen(owner, path(learned, f"rounds/{failed.number}/"))

    assert "The last round failed" in page
    assert "&lt;b&gt;The storage is gone." in page
    assert "ten minutes" in page
    assert "nobody who labels waits" in one


def test_a_round_is_started_as_set_or_otherwise(owner: User, learned: Project) -> None:
    assert send(owner, path(learned, "start/")).status_code == 302
    first = Round.objects.get(state="waiting")
    assert (first.trigger, first.strategy, first.batch) == ("page", "adaptive", 100)

    other = send(owner, path(learned, "start/"), acquisition="margin", n="5")
    wrong = send(owner, path(learned, "start/"), acquisition="margin", n="0")

    assert "is under way" in other.content.decode()
    assert (other.status_code, wrong.status_code) == (422, 422)


def test_a_round_is_cancelled(owner: User, learned: Project) -> None:
    waiting = make_round(learned, state="waiting", started_at=None)

    send(owner, path(learned, f"rounds/{waiting.number}/cancel/"))

    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == ("cancelled", "Cancelled by olga.")


def test_turned_off_the_figures_stay(owner: User, learned: Project) -> None:
    send(owner, path(learned, "off/"))

    page = seen(owner, path(learned))

    assert "Rounds start only by hand" in page
    assert "80.0 %" in page


def test_what_cannot_be_learned_is_told(owner: User) -> None:
    project = make_project(owner=owner, questions=[{"name": "note", "type": "text", "title": "Note"}])

    page = seen(owner, path(project))
    send(owner, path(project, "on/"))

    assert "no question that a model can learn" in page
    assert not LearningSettings.objects.exists()


def test_every_page_is_there_before_anything_was_learned(viewer: User, owner: User, project: Project) -> None:
    for rest in PAGES:
        assert "<h1>" in seen(viewer, path(project, rest))
    assert "Drawn at random" in seen(owner, path(project, "settings/"))
    assert "No model yet" in seen(viewer, path(project, "models/"))
    assert "No simulation yet" in seen(viewer, path(project, "simulations/"))


def test_rounds_are_listed_and_paged(viewer: User, learned: Project) -> None:
    Round.objects.bulk_create(
        Round(
            project=learned, number=n, question="sentiment", schema=learned.schema, state="done", trigger="labels",
            strategy="margin", batch=10,
        )
        for n in range(4, 40)
    )  # fmt: skip

    first, rest = seen(viewer, path(learned, "rounds/")), seen(viewer, path(learned, "rounds/?before=15"))

    assert "Round 39<" in first
    assert "?before=15" in first
    assert "Round 15<" not in rest
    assert "Round 1<" in rest


def test_a_round_tells_what_it_chose_and_why(viewer: User, learned: Project) -> None:
    page = seen(viewer, path(learned, "rounds/3/"))

    for words in (
        "item-00019",
        "Text number 19",
        "hesitates between Positive",
        "0.83",
        "fewer than five",
        "model 3",
    ):
        assert words in page
    assert "Known when it is done" not in page
    assert "Nothing behind this" in seen(viewer, path(learned, "rounds/3/?after=999999"))


def test_the_kinds_of_choices_are_filters(viewer: User, learned: Project) -> None:
    done = Round.objects.get(number=3)
    make_selections(done, list(learned.items.order_by("pk")[:2]), kind="again", reason="only 60% sure")

    page = seen(viewer, path(learned, "rounds/3/?kind=again"))

    assert "only 60% sure" in page
    assert "item-00019" not in page


def test_the_queue_is_told_in_order(viewer: User, learned: Project) -> None:
    page = seen(viewer, path(learned, "queue/"))

    assert page.index("item-00019") < page.index("item-00010") < page.index("item-00000")
    assert "Next in order" in page
    assert "10 chosen items first, then 10 in the order" in page


def test_what_is_in_reserve_is_told_apart(viewer: User, learned: Project) -> None:
    Item.objects.filter(project=learned, priority__gt=1.5).update(priority=0.5)
    few = Item.objects.filter(project=learned, priority__gt=1).count()

    assert f"{few} chosen items first, then {10 - few} in reserve, then 10" in seen(
        viewer, path(learned, "queue/")
    )


def test_the_queue_pages_by_place(viewer: User, learned: Project) -> None:
    make_items(learned, 20)

    page = seen(viewer, path(learned, "queue/"))
    following = page.split('rel="next"')[0].rsplit('href="?', 1)[1].split('"')[0]
    rest = seen(viewer, path(learned, f"queue/?{following.replace('&amp;', '&')}"))

    assert "item-00025" not in page
    assert "item-00025" in rest
    assert ">26<" in rest
    assert "item-00019" in seen(viewer, path(learned, "queue/?after=nonsense"))


def test_two_choices_are_compared(viewer: User, learned: Project) -> None:
    make_selections(Round.objects.get(number=1), list(learned.items.order_by("-pk")[5:15]), published=False)

    page = seen(viewer, path(learned, "queue/compare/?a=3:adaptive&b=1:adaptive"))

    assert '<span class="stat-value">5</span>' in page
    assert "1.00" in page
    assert "of 10 and 10" in page


def test_a_model_is_told_in_full_and_rolled_back_to(owner: User, learned: Project) -> None:
    page = seen(owner, path(learned, "models/1/"))

    for words in (
        "75.0 to 86.0 %",
        "Roll back to this",
        "What it says of what",
        "Positive",
        "temperature",
    ):
        assert words in page
    send(owner, path(learned, "models/1/promote/"))
    assert ModelVersion.objects.get(state="promoted").version == 1


def test_a_model_without_scores_says_so(viewer: User, learned: Project) -> None:
    ModelVersion.objects.update(metrics={}, file="")

    page = seen(viewer, path(learned, "models/1/"))

    assert "Not judged" in page
    assert "not kept any more" in page


def test_labels_that_are_asked_no_more_stand_for_themselves(viewer: User, learned: Project) -> None:
    ModelVersion.objects.filter(version=1).update(
        metrics={"holdout": {"n": 2, "confusion": [["gone", "positive", 2]], "labels": []}},
        parameters={"labels": ["gone", "positive"], "kind": "single"},
    )

    assert "gone" in seen(viewer, path(learned, "models/1/"))


SETTINGS: dict[str, Any] = {
    "automatic": "on",
    "initial-automatic": "True",
    "strategy": "margin",
    "batch": "30",
    "new_labels": "20",
    "explore": "5",
    "ask_again": "10",
    "again_at_most": "2",
    "review": "20",
    "from_functions": "on",
    "functions_precision": "95",
    "learner": "logistic",
    "learner_options": '{"c": 3}',
    "encoder_options": "",
    "target": "85",
}


def test_settings_are_changed(owner: User, learned: Project) -> None:
    assert send(owner, path(learned, "settings/"), **SETTINGS).status_code == 302

    found = LearningSettings.objects.get()
    assert (found.strategy, found.batch, found.target) == ("margin", 30, 0.85)
    assert (found.learner_options, found.encoder_options) == ({"c": 3}, {})
    assert (found.review, found.from_functions, found.functions_precision) == (0.2, True, 0.95)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rival": "margin"}, "compared with itself"),
        ({"batch": "0"}, "greater than or equal to 1"),
        ({"learner_options": "[1]"}, "object in braces"),
        ({"learner_options": "{"}, "valid JSON"),
        ({"learner_options": '{"C": 3}'}, "no option “C”; it has c, iterations"),
        ({"learner_options": '{"c": "3"}'}, "“c” is a number"),
        ({"explore": "101"}, "less than or equal to 100"),
    ],
)
def test_wrong_settings_say_where(owner: User, learned: Project, wrong: dict[str, Any], said: str) -> None:
    answer = send(owner, path(learned, "settings/"), **{**SETTINGS, **wrong})

    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_what_somebody_else_saved_meanwhile_stays(owner: User, learned: Project) -> None:
    LearningSettings.objects.update(batch=77)

    send(owner, path(learned, "settings/"), **{**SETTINGS, "batch": "100", "initial-batch": "100"})

    assert LearningSettings.objects.get().batch == 77


def test_a_simulation_is_told_with_curves_and_savings(viewer: User, project: Project) -> None:
    made = make_simulation(project)

    page = seen(viewer, path(project, f"simulations/{made.pk}/"))
    listed = seen(viewer, path(project, "simulations/"))

    for words in (
        "0.790 ± 0.010",
        "150 ± 10",
        "40 % (20 to 55)",
        "not reached",
        "95 % of what all labels reach",
    ):
        assert words in page
    assert "Adaptive, 0.790" in listed


def test_a_simulation_with_one_seed_has_no_intervals(viewer: User, project: Project) -> None:
    one = {
        **RESULT["strategies"][0],
        "low": [None] * 4,
        "high": [None] * 4,
        "area": {"mean": 0.79, "se": None},
    }
    one |= {"to95": {"mean": 150, "se": None}, "saving": {"value": 0.4, "low": None, "high": None}}
    made = make_simulation(project, result={**RESULT, "strategies": [one]})

    page = seen(viewer, path(project, f"simulations/{made.pk}/"))

    assert ">0.790<" in page
    assert ">40 %<" in page


def test_scores_of_ratings_and_sets_come_with_their_intervals(viewer: User, learned: Project) -> None:
    scores = {
        "n": 9,
        "exact": {"value": 0.4, "low": 0.3, "high": 0.5},
        "mean_absolute_error": {"value": 0.51234},
    }
    ModelVersion.objects.filter(version=1).update(metrics={"holdout": scores})

    page, listed = seen(viewer, path(learned, "models/1/")), seen(viewer, path(learned, "models/"))

    assert "30.0 to 50.0 %" in page
    assert "0.512" in page
    assert "40.0 % (30.0 to 50.0)" in listed


def test_a_simulation_under_way_shows_how_far(viewer: User, owner: User, project: Project) -> None:
    made = make_simulation(project, state="running", result={}, progress=0.4, finished_at=None)

    assert "40 %" in seen(viewer, path(project, f"simulations/{made.pk}/"), htmx=True)
    send(owner, path(project, f"simulations/{made.pk}/cancel/"))
    assert Simulation.objects.get().state == "cancelled"


def test_a_simulation_that_cannot_be_says_why(owner: User, project: Project) -> None:
    options = {
        "strategies": ["margin"],
        "seeds": 3,
        "start": 20,
        "batch": 50,
        "budget": 100,
        "annotator": 100,
    }

    few = send(owner, path(project, "simulations/"), **options)
    none = send(owner, path(project, "simulations/"), **{**options, "strategies": []})

    assert (few.status_code, none.status_code) == (422, 422)
    assert "takes 40 labeled items" in few.content.decode()
    assert "at least one strategy" in none.content.decode()


def test_the_overview_has_a_card(viewer: User, annotator: User, learned: Project) -> None:
    page = seen(viewer, f"/projects/{learned.pk}/")
    card = seen(viewer, path(learned, "card/"), htmx=True)

    assert path(learned, "card/") in page
    assert "80.0 %" in card
    assert "20 more answers" in card
    assert path(learned, "card/") not in seen(annotator, f"/projects/{learned.pk}/")


def test_who_labels_sees_none_of_it(annotator: User, stranger: User, learned: Project) -> None:
    for rest in (*PAGES, "rounds/1/", "models/1/", "settings/", "card/"):
        seen(annotator, path(learned, rest), status=403)
        seen(stranger, path(learned, rest), status=404)


def test_who_browses_changes_nothing(viewer: User, learned: Project) -> None:
    for rest in (
        "on/",
        "off/",
        "start/",
        "rounds/1/cancel/",
        "models/1/promote/",
        "settings/",
        "simulations/",
    ):
        assert send(viewer, path(learned, rest)).status_code == 403


@pytest.mark.parametrize("rest", ["", "queue/", "rounds/", "rounds/3/", "models/", "simulations/"])
def test_pages_cost_the_same_whatever_they_hold(
    viewer: User, learned: Project, rest: str, django_assert_max_num_queries: Any
) -> None:
    make_items(learned, 40)
    make_selections(make_round(learned), list(Item.objects.filter(project=learned, priority=0)[:30]))
    for _ in range(5):
        make_simulation(learned)
        make_model(learned)
    client = Client()
    client.force_login(viewer)

    with django_assert_max_num_queries(20):
        assert client.get(path(learned, rest)).status_code == 200
