"""What was done to labeling functions reads in words in the project's history."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.models import Project
from annotation.reports.audit import Wanted, project_events
from labelmodel.services import function_review, functions, weak_settings
from tests.labelmodel.services.function_help import active, draft, reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return reviews()


def told(project: Project, *kinds: str) -> list[str]:
    return [event.text for event in project_events(project=project, wanted=Wanted(kinds=kinds))][::-1]


def test_the_life_of_a_function(project: Project) -> None:
    function = active(project).function
    functions.stop(function=function, by=project.created_by, reason="It guesses.")
    functions.resume(function=function, by=project.created_by)
    function_review.roll_back(function=function, by=project.created_by, reason="It is wrong.")
    weak_settings.change(project=project, by=project.created_by, sensitive_fields=["email"])

    what, version = "the labeling function “good words”", "version 1 of the labeling function “good words”"
    assert told(project, "function") == [
        f"wrote {what}",
        f"stopped {what}: It guesses.",
        f"let {what} vote again",
    ]
    assert told(project, "rule") == [
        f"wrote {version}",
        f"submitted {version}",
        f"approved {version}",
        f"tried {version} on a sample",
        f"activated {version}",
        f"rolled back {version}: It is wrong.",
    ]
    assert told(project, "weak")[-1] == "changed what labeling functions may do"


def test_a_function_that_is_removed_keeps_its_name(project: Project) -> None:
    version = draft(project)
    functions.remove(function=version.function, by=project.created_by)

    assert told(project, "rule")[0] == "wrote version 1 of the labeling function “good words”"


def test_the_history_page_and_rest_tell_of_them(api: Any, client: Any, project: Project) -> None:
    active(project)
    client.force_login(project.created_by)

    page = client.get(f"/projects/{project.pk}/history/", {"kind": "rule"}).content.decode()
    events = api(project.created_by).get(f"/api/v1/projects/{project.pk}/audit/", {"kind": "rule"}).json()

    assert "Versions of labeling functions" in page
    assert "activated version 1" in page
    assert events["results"][0]["kind"] == "rule"
    everything = api(project.created_by).get(f"/api/v1/projects/{project.pk}/audit/").json()["results"]
    assert {"function", "rule", "weak", "project"} <= {event["kind"] for event in everything}
