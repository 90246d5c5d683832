"""Functions that ask a language model, from the operator's setting to the votes; against a stub that speaks the protocol."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from annotation.errors import Conflict, InvalidInput
from annotation.models import Project
from labelmodel.api.function_views import FunctionRunView
from labelmodel.functions import KINDS
from labelmodel.models import FunctionRun, WeakSettings
from labelmodel.models.functions import ASKING_KINDS
from labelmodel.reports.function_runs import with_lines
from labelmodel.services import function_review, function_rules, llm_endpoints, run_requests
from labelmodel.services.function_rules import tried
from labelmodel.services.run_lines import Line
from labelmodel.tasks import sweep_functions
from tests.labelmodel.endpoints.stub import KEYS, Request, Said, Stub, labeled, problem, sensible, serving
from tests.labelmodel.services.function_help import active, add_items, draft, reviews, run, said, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as found:
        yield found


@pytest.fixture
def name(stub: Stub, settings: Any) -> Iterator[str]:
    """An endpoint that leads to the stub, under a name of its own."""
    made = f"stub-{uuid.uuid4().hex[:12]}"
    settings.LLM_ALLOW_PRIVATE = True
    settings.LLM_ENDPOINTS = {made: {"base_url": stub.base_url, "keys": list(KEYS)}}
    yield made
    found = list(llm_endpoints.redis().scan_iter(match=f"querent:endpoint:{{{made}}}*", count=10_000))
    if found:
        llm_endpoints.redis().delete(*found)


def asking(name: str, **more: Any) -> dict[str, Any]:
    return {"endpoint": name, "model": "m", "task": "Judge {{text}}.", "fields": ["text"], **more}


def once_more(project: Project) -> FunctionRun:
    """Whatever is not seen is looked at."""
    run_requests.request(project=project, by=project.created_by, kind="new")
    return run(project)


def shown(*arguments: str) -> str:
    out = io.StringIO()
    call_command("llm_keys", *arguments, stdout=out)
    return out.getvalue()


def test_the_kind_is_there() -> None:
    assert KINDS["endpoint"].title == "Language model (endpoint)"
    assert {name for name, kind in KINDS.items() if kind.waits} == ASKING_KINDS


def test_a_language_model_votes_on_the_pool(name: str, stub: Stub) -> None:
    project = reviews(["good film", "bad film", "neither", "good film"])
    version = active(project, kind="endpoint", definition=asking(name))

    assert said(version) == {
        "item-00000": "positive",
        "item-00001": "negative",
        "item-00002": None,
        "item-00003": "positive",
    }
    # Its trial asked already; equal texts are asked about once.
    assert len(stub.asked) == 3
    add_items(project, ["so good"])
    once_more(project)
    assert said(version)["item-00004"] == "positive"
    assert len(stub.asked) == 4


def test_while_all_keys_cool_down_items_stay_unseen_and_are_asked_about_later(name: str, stub: Stub) -> None:
    project = reviews(["good film"])
    version = active(project, kind="endpoint", definition=asking(name))
    stub.does = lambda _: problem(429, "Slow down", Retry_After="300")
    add_items(project, ["bad film", "so good"])
    run = once_more(project)
    line = Line.of(run.lines[str(version.pk)])

    assert run.paused_until is not None
    assert said(version) == {"item-00000": "positive"}
    assert (line.unseen, line.errors, line.evaluated) == (2, 0, 0)
    assert line.later == "All keys are cooling down."
    asked = len(stub.asked)
    work_off(project)
    assert len(stub.asked) == asked
    stub.does = sensible
    for key in llm_endpoints.configured()[name].keys:
        call_command("llm_keys", name, put_back=key.id, stdout=io.StringIO())
    work_off(project)
    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 2)
    assert said(version) == {"item-00000": "positive", "item-00001": "negative", "item-00002": "positive"}


def test_rubbish_abstains_and_is_not_asked_about_again(name: str, stub: Stub) -> None:
    stub.does = lambda _: labeled("banana")
    project = reviews(["good film"])
    version = active(project, kind="endpoint", definition=asking(name))
    asked = len(stub.asked)
    once_more(project)

    assert said(version) == {"item-00000": None}
    assert version.canary["reasons"] == {"named a label that is not allowed": 1}
    assert len(stub.asked) == asked == 1


def test_sensitive_fields_never_leave_the_house(name: str, stub: Stub) -> None:
    project = reviews([])
    WeakSettings.objects.create(project=project, sensitive_fields=["email"])
    (item,) = add_items(project, ["good film"])
    project.items.filter(pk=item.pk).update(payload={"text": "good film", "email": "someone@example.org"})
    with pytest.raises(InvalidInput, match="sensitive"):
        draft(project, kind="endpoint", definition=asking(name, fields=["email"]))
    active(project, kind="endpoint", definition={**asking(name), "fields": None})

    assert stub.asked
    assert "someone" not in repr(stub.asked)


def test_an_endpoint_that_is_not_there_is_a_fault_of_the_definition(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"There are: “{name}”") as caught:
        draft(reviews(), kind="endpoint", definition=asking("other"))

    assert caught.value.faults[0].path == ("definition", "endpoint")


def test_an_endpoint_of_other_projects_is_not_there(name: str, settings: Any) -> None:
    settings.LLM_ENDPOINTS[name]["projects"] = [0]
    with pytest.raises(InvalidInput, match="There are: none"):
        draft(reviews(), kind="endpoint", definition=asking(name))


def test_what_is_wrong_with_the_setting_is_told_without_keys(settings: Any) -> None:
    settings.LLM_ENDPOINTS = {"main": {"base_url": "http://api.example.org", "keys": [KEYS[0]]}}
    with pytest.raises(ImproperlyConfigured, match="LLM_ENDPOINTS is wrong") as caught:
        llm_endpoints.configured()

    assert KEYS[0] not in str(caught.value)


def test_people_see_how_keys_stand_and_put_them_back(name: str, stub: Stub) -> None:
    stub.keys = set(KEYS[1:])
    reviewed = reviews(["good film", "bad film", "good one"])
    active(reviewed, kind="endpoint", definition=asking(name, at_once=1))
    first = llm_endpoints.configured()[name].keys[0]

    assert f"{first.id} …0001: 1 requests, 1 errors" in shown(name)
    assert "off since" in shown(name)
    assert "401: Incorrect API key provided: …0001." in shown()
    assert "off since" not in shown(name, "--put-back", first.id)
    assert "Too expensive." in shown(name, "--switch-off", first.id, "--why", "Too expensive.")
    assert not any(key in shown() for key in KEYS)


def test_people_see_that_an_endpoint_rests_and_wake_it(name: str, stub: Stub) -> None:
    def down(_: Request) -> Said:
        return problem(503, "Overloaded", Retry_After="300")

    stub.does = down
    version = draft(reviews(["good film"]), kind="endpoint", definition=asking(name))
    function_review.submit(version=version, by=version.author)
    function_review.approve(version=version, by=version.author)
    work_off(version.project)

    assert "rests until" in shown(name)
    assert "503: Overloaded" in shown(name)
    assert "rests until" not in shown(name, "--wake")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no endpoint “nowhere”"),
        (["--wake"], "which endpoint"),
        (["NAME", "--put-back", "nothing"], "no key “nothing”"),
    ],
)
def test_mistakes_at_the_command_line(name: str, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        shown(*(name if one == "NAME" else one for one in arguments))


def test_a_trial_waits_too_and_says_at_once_what_is_wrong(name: str, stub: Stub) -> None:
    stub.does = lambda _: problem(429, "Slow down", Retry_After="300")
    version = draft(reviews(), kind="endpoint", definition=asking(name))
    function_review.submit(version=version, by=version.author)
    function_review.approve(version=version, by=version.author)
    work_off(version.project)
    trial = version.project.function_runs.get()

    assert (trial.kind, trial.state) == ("canary", "running")
    assert with_lines([trial])[0].why_paused == "All keys are cooling down."
    shown_run = FunctionRunView(with_lines([trial])[0]).data
    assert shown_run["paused_reason"] == "All keys are cooling down."
    with pytest.raises(Conflict, match="is paused"):
        function_review.activate(version=version, by=version.author)
    stub.does = lambda _: problem(404, "The model `m` does not exist.")
    shown(name, "--put-back", llm_endpoints.configured()[name].keys[0].id)
    work_off(version.project)
    version.refresh_from_db()
    assert version.canary["errors"] == 6
    assert version.canary["messages"][0]["message"] == "404: The model `m` does not exist."
    with pytest.raises(Conflict, match="failed on every item of its trial: 404"):
        function_review.activate(version=version, by=version.author)


def test_its_tests_run_with_the_trial_and_never_while_somebody_waits(name: str, stub: Stub) -> None:
    tests = [
        {"payload": {"text": "good"}, "label": "positive"},
        {"payload": {"text": "bad film"}, "label": "positive"},
    ]
    version = draft(reviews(["good film"]), kind="endpoint", definition=asking(name), tests=tests)
    assert {one.error for one in tried(version)} == {function_rules.ASKED_IN_TRIAL}
    function_review.submit(version=version, by=version.author)
    assert stub.asked == []
    function_review.approve(version=version, by=version.author)
    work_off(version.project)
    version.refresh_from_db()

    assert [(one.got, one.passed) for one in tried(version)] == [("positive", True), ("negative", False)]
    assert len(stub.asked) == 3
    with pytest.raises(Conflict, match="1 of its 2 tests failed in its trial"):
        function_review.activate(version=version, by=version.author)


def test_the_sweep_begins_it_and_goes_on(name: str, stub: Stub) -> None:
    from config.celery import app

    project = reviews(["good film"])
    version = active(project, kind="endpoint", definition=asking(name))
    add_items(project, ["bad film"])
    app.conf.task_always_eager = True
    try:
        sweep_functions()
        sweep_functions()
    finally:
        app.conf.task_always_eager = False

    assert said(version) == {"item-00000": "positive", "item-00001": "negative"}
    assert not FunctionRun.objects.exclude(state="done").exists()
