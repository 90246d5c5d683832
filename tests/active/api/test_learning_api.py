"""Learning over REST: turned on and changed, rounds, the queue, models, the curve."""

from __future__ import annotations

from typing import Any

import pytest

from active.models import LearningSettings, Round
from active.services import requests
from annotation.models import Project, User
from annotation.services import predictions
from tests.active.learned import make_model, make_point, make_round, make_selections, turn_on
from tests.factories import make_items, make_project

pytestmark = pytest.mark.django_db
TEXT = [{"name": "note", "type": "text", "title": "Note"}]


@pytest.fixture
def url(project: Project) -> str:
    return f"/api/v1/projects/{project.pk}/"


def test_learning_is_off_until_it_is_turned_on(api: Any, owner: User, url: str) -> None:
    client = api(owner)
    before = client.get(f"{url}learning/").json()

    after = client.patch(f"{url}learning/", {"on": True, "batch": 50}, format="json").json()

    assert (before["on"], before["question"], before["next_round"]) == (False, "sentiment", None)
    assert (after["on"], after["batch"], after["strategy"]) == (True, 50, "adaptive")
    assert Round.objects.get(pk=after["round"]).trigger == "start"


def test_it_tells_when_the_next_round_starts(api: Any, viewer: User, project: Project, url: str) -> None:
    turn_on(project, new_labels=30)
    make_round(project)

    told = api(viewer).get(f"{url}learning/").json()

    assert (told["round"], told["next_round"]["needed"], told["next_round"]["left"]) == (None, 30, 30)


def test_turned_off_it_keeps_its_settings(api: Any, owner: User, project: Project, url: str) -> None:
    turn_on(project, batch=77)

    off = api(owner).patch(f"{url}learning/", {"on": False}, format="json").json()

    assert (off["on"], off["batch"]) == (False, 77)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"strategy": "oracle"}, ["strategy"]),
        ({"batch": 0}, ["batch"]),
        ({"explore": 1.5}, ["explore"]),
        ({"question": "mood"}, ["question"]),
        ({"rival": "adaptive"}, ["rival"]),
        ({"learner_options": [1]}, ["learner_options"]),
        ({"encoder_options": {"a": "\0"}}, ["encoder_options"]),
        ({"encoder_options": {"a": [1e19]}}, ["encoder_options"]),
    ],
)
def test_bad_settings_say_where(
    api: Any, owner: User, url: str, body: dict[str, Any], path: list[str]
) -> None:
    said = api(owner).patch(f"{url}learning/", body, format="json")

    assert said.status_code == 400
    assert [fault["path"] for fault in said.json()["errors"]] == [path]


def test_what_cannot_be_learned_is_a_conflict(api: Any, owner: User) -> None:
    project = make_project(owner=owner, questions=TEXT)
    client, url = api(owner), f"/api/v1/projects/{project.pk}/"

    assert client.patch(f"{url}learning/", {"on": True}, format="json").json()["code"] == "conflict"
    assert client.post(f"{url}rounds/", {}, format="json").status_code == 409
    assert client.get(f"{url}learning/").json()["question"] is None


def test_a_round_is_asked_for_once_and_cancelled(api: Any, owner: User, url: str) -> None:
    client = api(owner)

    made = client.post(f"{url}rounds/", {"acquisition": "margin", "n": 20}, format="json")
    again = client.post(f"{url}rounds/", {}, format="json")
    other = client.post(f"{url}rounds/", {"n": 30}, format="json")
    over = client.post(f"/api/v1/rounds/{made.json()['id']}/cancel/")

    assert (made.status_code, made.json()["status"], made.json()["n"]) == (202, "waiting", 20)
    assert again.json()["id"] == made.json()["id"]
    assert other.status_code == 409
    assert (over.json()["status"], over.json()["error"]) == ("cancelled", "Cancelled by olga.")


def test_a_round_tells_its_state_and_its_metrics(api: Any, viewer: User, project: Project) -> None:
    done = make_round(project, model=make_model(project))

    told = api(viewer).get(f"/api/v1/rounds/{done.pk}/").json()

    assert (told["status"], told["model"], told["progress"]) == ("done", 1, None)
    assert told["metrics"]["cross_validated"]["accuracy"] == {"value": 0.81, "low": 0.75, "high": 0.86}
    assert told["figures"]["scores"]["counts"] == [400, 300, 200, 100]
    assert told["timings"]["training"] == 1.2


def test_a_round_under_way_tells_how_far_it_is(api: Any, viewer: User, project: Project) -> None:
    waiting = make_round(project, state="waiting", started_at=None)

    told = api(viewer).get(f"/api/v1/rounds/{waiting.pk}/").json()

    assert told["progress"] == {
        "shards": 0,
        "shards_done": 0,
        "scored": 0,
        "queue": "training",
        "unattended": False,
    }


def test_rounds_and_models_page_by_number(api: Any, viewer: User, project: Project, url: str) -> None:
    for _ in range(3):
        make_round(project)
        make_model(project)
    client = api(viewer)

    for name, key in (("rounds", "number"), ("models", "version")):
        first = client.get(f"{url}{name}/", {"limit": 2}).json()
        rest = client.get(first["next"]).json()
        assert [row[key] for row in first["results"]] == [3, 2]
        assert ([row[key] for row in rest["results"]], rest["next"]) == ([1], None)


def test_selections_page_by_rank_and_filter_by_kind(api: Any, viewer: User, project: Project) -> None:
    done = make_round(project)
    items = list(project.items.order_by("-pk"))
    make_selections(done, items[:3])
    make_selections(done, items[3:], kind="random", strategy="random")
    client, url = api(viewer), f"/api/v1/rounds/{done.pk}/selections/"

    first = client.get(url, {"limit": 2, "kind": "new"}).json()
    rest = client.get(first["next"]).json()

    assert [row["key"] for row in first["results"] + rest["results"]] == [item.key for item in items[:3]]
    assert rest["next"] is None
    assert first["results"][0]["nearest"][0]["similarity"] == 0.83
    assert len(client.get(url).json()["results"]) == 5


def test_the_queue_says_what_is_next_and_why(api: Any, viewer: User, project: Project, url: str) -> None:
    items = list(project.items.order_by("-pk"))
    make_selections(make_round(project), items[:2])
    predictions.keep(
        project_id=project.pk,
        schema_id=project.schema_id,
        source="model",
        version=1,
        found=[predictions.Predicted(items[0].pk, "sentiment", "positive", 0.51, {"positive": 0.51})],
    )
    client = api(viewer)

    first = client.get(f"{url}queue/", {"limit": 3}).json()
    rest = client.get(first["next"]).json()

    rows = first["results"] + rest["results"]
    assert [row["key"] for row in rows] == [items[n].key for n in (0, 1, 4, 3, 2)]
    assert rows[0]["predicted"] == {"value": "positive", "confidence": 0.51, "version": "1"}
    assert (rows[0]["round"], rows[0]["kind"], rows[0]["rank"]) == (1, "new", 1)
    assert rows[0]["reason"].startswith("the model hesitates")
    assert (rows[2]["round"], rows[2]["reason"], rows[2]["kind"]) == (None, "Next in order", None)
    assert rest["next"] is None


@pytest.mark.parametrize("place", ["x", "1", "1:", "nan:1", "1e999:4", "1e:4", "1.5:-1"])
def test_a_wrong_place_in_the_queue_is_refused(api: Any, viewer: User, url: str, place: str) -> None:
    said = api(viewer).get(f"{url}queue/", {"after": place})

    assert (said.status_code, said.json()["errors"][0]["path"]) == (400, ["after"])


def test_a_page_of_the_queue_costs_the_same_whatever_it_holds(
    api: Any, viewer: User, project: Project, url: str, django_assert_max_num_queries: Any
) -> None:
    make_items(project, 60)
    make_selections(make_round(project), list(project.items.all()))
    client = api(viewer)

    with django_assert_max_num_queries(11):
        rows = client.get(f"{url}queue/").json()["results"]

    assert len(rows) == 65


def test_a_model_is_put_into_use_by_hand(api: Any, owner: User, project: Project, url: str) -> None:
    make_model(project, state="promoted")
    make_model(project, state="refused", reason="Worse on the holdout.")
    make_model(project, file="")
    client = api(owner)

    promoted = client.post(f"{url}models/2/promote/").json()

    assert (promoted["state"], promoted["promoted_by"]) == ("promoted", "olga")
    assert client.get(f"{url}models/1/").json()["state"] == "retired"
    assert client.post(f"{url}models/3/promote/").status_code == 409
    assert client.get(f"{url}models/9/").status_code == 404


def test_scores_may_lack_parts(api: Any, viewer: User, project: Project, url: str) -> None:
    make_model(project, metrics={"cross_validated": {"n": 3, "exact": {"value": 0.4}}})

    scores = api(viewer).get(f"{url}models/1/").json()["metrics"]["cross_validated"]

    assert (scores["exact"], scores["log_loss"], "accuracy" in scores) == ({"value": 0.4}, None, False)


def test_the_learning_curve(api: Any, viewer: User, project: Project, url: str) -> None:
    for labels, accuracy in ((20, 0.6), (60, 0.75)):
        make_point(make_round(project, labels=labels), accuracy)

    told = api(viewer).get(f"{url}learning-curve/").json()

    assert [point["labels"] for point in told["points"]] == [20, 60]
    assert told["points"][0]["random"]["labels"] == 40
    assert told["advice"]["last"] == 300
    assert told["needed"]["labels"] == 1400
    assert told["rivals"]["strategies"] == ["adaptive", "margin"]


def test_without_a_round_there_is_a_curve_of_nothing(api: Any, viewer: User, url: str) -> None:
    told = api(viewer).get(f"{url}learning-curve/").json()

    assert (told["points"], told["advice"]) == ([], None)


def test_who_labels_sees_nothing_of_it(api: Any, annotator: User, project: Project, url: str) -> None:
    done = make_round(project)
    client = api(annotator)

    for path in ("learning", "rounds", "queue", "models", "learning-curve", "simulations"):
        assert client.get(f"{url}{path}/").status_code == 403
    assert client.get(f"/api/v1/rounds/{done.pk}/").status_code == 403


def test_who_browses_changes_nothing(api: Any, viewer: User, project: Project, url: str) -> None:
    client = api(viewer)

    assert client.patch(f"{url}learning/", {"on": True}, format="json").status_code == 403
    assert client.post(f"{url}rounds/", {}, format="json").status_code == 403
    assert not LearningSettings.objects.exists()


def test_a_stranger_is_not_told_that_there_is_a_round(api: Any, stranger: User, project: Project) -> None:
    waiting = requests.request(project=project, by=project.created_by)
    client = api(stranger)

    assert client.get(f"/api/v1/rounds/{waiting.pk}/").status_code == 404
    assert client.post(f"/api/v1/rounds/{waiting.pk}/cancel/").status_code == 404
    assert Round.objects.get().state == "waiting"
