"""Label models for functions over REST: fits, probable labels, thresholds, health."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Project, User
from labelmodel.models import FunctionVersion, LabelingFunction, WeakRun, WeakSettings
from labelmodel.services import weak_run
from tests.factories import make_member
from tests.labelmodel.weak_help import add_function, cast, fit, label, make_weak

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = make_weak(120)
    cast(project)
    return project


def url(project: Project, rest: str) -> str:
    return f"/api/v1/projects/{project.pk}/label-model/{rest}"


def test_a_fit_is_asked_for_and_read(project: Project, api: Any) -> None:
    client = api(project.created_by)

    asked = client.post(url(project, "function-fits/"), {"method": "majority"}, format="json")

    assert asked.status_code == 202, asked.json()
    (made,) = asked.json()["results"]
    assert (made["status"], made["method"], made["published"]) == ("waiting", "majority", False)
    again = client.post(url(project, "function-fits/"), {}, format="json")
    assert [one["id"] for one in again.json()["results"]] == [made["id"]]
    weak_run.run(run_id=made["id"])
    found = client.get(url(project, f"function-fits/{made['id']}/")).json()
    assert (found["status"], found["published"], found["items"]) == ("done", True, 120)
    assert found["versions"] == sorted(FunctionVersion.objects.values_list("pk", flat=True))
    listed = client.get(url(project, "function-fits/")).json()
    assert [one["id"] for one in listed["results"]] == [made["id"]]


def test_a_fit_is_cancelled(project: Project, api: Any) -> None:
    client = api(project.created_by)
    (made,) = client.post(url(project, "function-fits/"), {}, format="json").json()["results"]

    cancelled = client.post(url(project, f"function-fits/{made['id']}/cancel/"))

    assert cancelled.json()["status"] == "cancelled"
    weak_run.run(run_id=made["id"])
    assert WeakRun.objects.get().state == "cancelled"
    again = client.post(url(project, f"function-fits/{made['id']}/cancel/"))
    assert (again.status_code, again.json()["detail"]) == (409, "It has ended already.")


def test_a_fit_that_failed_begins_again(project: Project, api: Any) -> None:
    client = api(project.created_by)
    (made,) = client.post(url(project, "function-fits/"), {}, format="json").json()["results"]
    at = url(project, f"function-fits/{made['id']}/retry/")
    assert client.post(at).json()["detail"] == "Only what failed or was cancelled can be tried again."
    WeakRun.objects.update(state="failed", error="No space.", done=70, withdrawn_at=timezone.now())

    again = client.post(at).json()

    assert (again["status"], again["error"], again["withdrawn_at"]) == ("waiting", "", None)
    weak_run.run(run_id=made["id"])
    done = client.get(url(project, f"function-fits/{made['id']}/")).json()
    assert (done["status"], done["published"], done["done"]) == ("done", True, done["total"])


def test_a_fit_begins_again_only_where_it_is_of_use(project: Project, api: Any) -> None:
    client = api(project.created_by)
    first = fit(project)
    WeakRun.objects.filter(pk=first.pk).update(state="failed")
    at = url(project, f"function-fits/{first.pk}/retry/")
    later = fit(project)

    assert client.post(at).json()["detail"] == "A later fit was asked for since, and counts instead."
    later.delete()
    LabelingFunction.objects.update(stopped_at=timezone.now())
    assert client.post(at).json()["detail"].startswith("No labeling function votes")
    assert api(make_member(project)).post(at).status_code == 403
    assert WeakRun.objects.get().state == "failed"


def test_probable_labels_come_in_pages(project: Project, api: Any) -> None:
    run = fit(project)
    client = api(project.created_by)

    keys, page = [], url(project, "probable-labels/?question=sentiment&limit=50")
    while page:
        answer = client.get(page).json()
        keys += [one["key"] for one in answer["results"]]
        page = answer["next"]

    assert len(keys) == len(set(keys)) == run.metrics["covered"]
    first = client.get(url(project, "probable-labels/?question=sentiment&limit=1")).json()["results"][0]
    assert first["run"] == run.pk
    assert sum(first["distribution"].values()) == pytest.approx(1, abs=1e-3)
    assert first["confidence"] == max(first["distribution"].values())
    assert set(first["votes"]) <= {str(key) for key in run.versions}
    assert set(first["votes"].values()) <= {"positive", "negative"}
    assert first["votes"]


def test_a_threshold_states_the_precision_that_is_expected(project: Project, api: Any) -> None:
    label(project, 80)
    run = fit(project)
    client = api(project.created_by)

    found = client.get(url(project, "threshold/?question=sentiment&precision=0.6")).json()
    none = client.get(url(project, "threshold/?question=sentiment&precision=1")).json()

    assert found["precision"] >= 0.6
    assert found["low"] < found["precision"] <= found["high"]
    assert (found["run"], found["n"] >= 10) == (run.pk, True)
    assert none["threshold"] is None or none["precision"] == 1


def test_health_tells_of_each_function(project: Project, api: Any) -> None:
    client = api(project.created_by)
    before = client.get(url(project, "health/")).json()["results"]
    label(project, 20)
    run = fit(project)
    add_function(project, "late", reads=["title"])
    WeakSettings.objects.update_or_create(project=project, defaults={"sensitive_fields": ["title"]})

    (found,) = client.get(url(project, "health/")).json()["results"]

    (late,) = [one for one in found["functions"] if one["name"] == "late"]
    assert "marked as sensitive" in late["fault"]
    assert (late["votes"], late["estimated"], len(found["functions"])) == (0, {}, 5)
    assert before[0]["run"] is None
    assert {one["name"] for one in before[0]["functions"]} == {"sure", "fair", "shaky", "copy"}
    assert (found["run"], found["question"]) == (run.pk, "sentiment")
    assert 0 < found["coverage"] < 1
    assert found["brier"] == run.metrics["judged"]["brier"]
    one = next(one for one in found["functions"] if one["name"] == "sure")
    assert one["labeled"]["precision"] > 0.5
    assert (one["errors"], one["drifts"], one["spike"]) == (0, False, False)
    assert one["milliseconds"] > 0


def test_who_may_do_what(project: Project, api: Any, stranger: User) -> None:
    annotator = make_member(project)

    assert api(stranger).get(url(project, "health/")).status_code == 404
    assert api(annotator).post(url(project, "function-fits/"), {}, format="json").status_code == 403


def test_what_cannot_be_asked_for(project: Project, api: Any) -> None:
    client = api(project.created_by)
    FunctionVersion.objects.update(state="retired")

    assert client.post(url(project, "function-fits/"), {}, format="json").status_code == 409
    assert client.post(url(project, "function-fits/"), {"question": "x"}, format="json").status_code == 400
    assert client.get(url(project, "probable-labels/?question=x")).status_code == 404
    assert client.get(url(project, "threshold/?question=sentiment&precision=0.9")).status_code == 404


def test_what_votes_beside_functions_is_chosen_over_rest(project: Project, api: Any) -> None:
    client = api(project.created_by)
    here = f"/api/v1/projects/{project.pk}/weak-settings/"

    wrong = client.patch(here, {"cascade": ["import:gpt"]}, format="json")
    chosen = client.patch(
        here, {"cascade": ["model"], "class_balance": {"sentiment": "labeled"}}, format="json"
    )

    assert wrong.status_code == 400
    assert "There is no source" in wrong.json()["detail"]
    assert chosen.json()["cascade"] == ["model"]
    assert chosen.json()["class_balance"] == {"sentiment": "labeled"}
