"""Pages of labeling functions: what they show, what they refuse, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.errors import Conflict
from annotation.models import Item, Project, User
from labelmodel.models import (
    FunctionRun,
    FunctionTable,
    FunctionVersion,
    LabelingFunction,
    WeakRun,
    WeakSettings,
)
from labelmodel.pages.functions_controls import SHAPES
from labelmodel.services import (
    feedback_pool,
    function_review,
    function_run,
    functions,
    run_requests,
    weak,
    weak_run,
    weak_settings,
)
from tests.factories import make_member, make_project
from tests.labelmodel.written import label, make_function, make_texts

pytestmark = pytest.mark.django_db

TEXTS = ["subscribe to me", "I subscribe, nice song", "lovely song", "free money", "hello"]
FORM = {"kind": "keywords", "question": "kind", "name": "subscribe", "rule": "7", "d.words": "on", "d.rules.7.label": "spam", "d.rules.7.any": "subscribe"}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    feedback_pool.forget()
    yield
    feedback_pool.forget()


@pytest.fixture
def project() -> Project:
    made, items = make_texts(TEXTS)
    for item, value in zip(items, ["spam", "ham", "ham", "spam"], strict=False):
        label(item, value)
    return made


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def seen(user: User, path: str, *, status: int = 200, htmx: bool = False) -> str:
    response = client_of(user).get(path, headers={"HX-Request": "true"} if htmx else {})
    assert response.status_code == status
    return response.content.decode()


def sent(user: User, path: str, data: Any, *, htmx: bool = False) -> Any:
    return client_of(user).post(path, data, headers={"HX-Request": "true"} if htmx else {})


def vote(version: FunctionVersion) -> None:
    """Let it vote on the pool."""
    run_requests.request(project=version.project, by=version.author)
    function_run.run_project(project_id=version.project_id)


def here(project: Project, more: str = "") -> str:
    return f"/projects/{project.pk}/functions/{more}"


def test_without_functions_the_page_says_what_to_do(project: Project) -> None:
    page = seen(project.created_by, here(project))

    assert "Write the first one" in page
    assert f"/projects/{project.pk}/functions/new/" in page


def test_a_project_without_labels_to_vote_for_is_told_so() -> None:
    project = make_project(questions=[{"name": "why", "type": "text"}])

    assert "No question to vote on" in seen(project.created_by, here(project))
    assert "No question to vote on" in seen(project.created_by, here(project, "new/"))


def test_the_table_comes_at_once_and_the_sample_s_figures_after_it(project: Project) -> None:
    make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})

    first = seen(project.created_by, here(project))
    then = seen(project.created_by, here(project, "?figures=1"), htmx=True)

    assert "figures=1" in first
    assert "100 %" not in first
    assert "<html" not in then
    assert "40 %" in then  # of the items
    assert "2 of 2 labeled items" in then


def test_a_version_on_trial_is_called_so(project: Project) -> None:
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})
    version.pk, version.number, version.state = None, 2, "canary"
    version._state.adding = True
    version.save()

    assert "v2 approved, on trial" in seen(project.created_by, here(project))


def test_who_browses_sees_functions_and_only_who_writes_may_write(project: Project) -> None:
    viewer, annotator = make_member(project, "viewer"), make_member(project, "annotator")

    assert "New function" not in seen(viewer, here(project))
    seen(viewer, here(project, "new/"), status=403)
    seen(annotator, here(project), status=403)
    seen(make_project().created_by, here(project), status=404)
    assert sent(viewer, here(project, "preview/"), FORM).status_code == 403


@pytest.mark.parametrize("kind", [*SHAPES, "unheard-of"])
def test_every_kind_has_a_form(project: Project, kind: str) -> None:
    page = seen(project.created_by, here(project, f"new/?kind={kind}"))

    assert f'name="kind" value="{kind}"' in page


def test_forms_and_kinds_have_the_same_titles() -> None:
    from labelmodel.functions import KINDS

    told = {name: (shape.title, shape.about) for name, shape in SHAPES.items()}
    assert {name: (kind.title, kind.about) for name, kind in KINDS.items() if name in told} == {
        name: told[name] for name in KINDS if name in told
    }
    assert {"keywords", "pattern", "comparison", "lookup", "expression", "python"} <= told.keys()


def test_a_preview_tells_figures_and_examples(project: Project) -> None:
    answer = sent(project.created_by, here(project, "preview/"), FORM, htmx=True)

    page = answer.content.decode()
    assert "HX-Reswap" not in answer
    assert 'data-figure="coverage">40.0' in page
    assert "2 of the sample; 2 that no other function covers" in page
    assert "beside others on 0 of them" in page
    assert 'data-figure="accuracy">50 %' in page
    assert "<mark>subscribe</mark>" in page
    assert "Matched, but wrong" in page


def test_a_fault_stands_at_its_control_and_the_figures_stay(project: Project) -> None:
    form = {
        "kind": "pattern",
        "question": "kind",
        "rule": "3",
        "d.rules.3.label": "spam",
        "d.rules.3.pattern": "(",
    }

    answer = sent(project.created_by, here(project, "preview/"), form, htmx=True)

    page = answer.content.decode()
    assert answer["HX-Reswap"] == "none"
    assert 'id="fault-d-rules-3-pattern" hx-swap-oob="true"><li>This pattern cannot be read' in page
    assert 'id="fault-d-rules-3-label" hx-swap-oob="true"></ul>' in page


@pytest.mark.parametrize("form", [
    {"kind": "keywords", "rule": "0", "d.words": "on", "d.rules.0.any": ""},
    {"kind": "endpoint", "d.endpoint": "", "d.form": "json_schema", "d.tokens_field": "max_tokens", "d.may_abstain": "on"},
])  # fmt: skip
def test_nobody_is_told_what_is_missing_before_they_began(project: Project, form: dict[str, str]) -> None:
    form = {**form, "question": "kind"}

    page = sent(project.created_by, here(project, "preview/"), form, htmx=True).content.decode()

    assert "Figures appear as soon as" in page
    assert "<li>" not in page


def test_tests_are_run_while_somebody_types(project: Project) -> None:
    form = {
        **FORM,
        "t": ["0", "1", "2"],
        "t.text": ["subscribe", "", "hello"],
        "t.label": ["spam", "", "ham"],
    }

    page = sent(project.created_by, here(project, "preview/"), form, htmx=True).content.decode()

    assert 'id="test-0" hx-swap-oob="true"><span class="badge c-green">passes' in page
    assert 'id="test-1" hx-swap-oob="true"></span>' in page
    assert (
        'id="test-2" hx-swap-oob="true"><span class="badge c-red">fails</span> <span class="small">It abstains.'
        in page
    )


def test_a_preview_without_htmx_is_a_page(project: Project) -> None:
    page = sent(project.created_by, here(project, "preview/"), FORM).content.decode()

    assert "<html" in page
    assert "40.0" in page


def test_a_function_is_kept_and_submitted(project: Project) -> None:
    form = {**FORM, "t": "0", "t.text": "subscribe", "t.label": "spam", "then": "submit", "note": "first"}

    answer = sent(project.created_by, here(project, "new/"), form)

    version = FunctionVersion.objects.get(project=project)
    assert answer.status_code == 302
    assert (version.function.name, version.state, version.note) == ("subscribe", "review", "first")
    assert version.definition["rules"] == [{"label": "spam", "any": ["subscribe"]}]
    assert version.definition["words"] is True
    assert version.tests == [{"payload": {"text": "subscribe"}, "label": "spam"}]


def test_what_is_wrong_comes_back_with_the_form(project: Project) -> None:
    form = {**FORM, "d.rules.7.label": "eggs", "description": "kept"}

    answer = sent(project.created_by, here(project, "new/"), form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="fault-d-rules-7-label"><li>The question has no label “eggs”' in page
    assert ">kept</textarea>" in page
    assert sent(project.created_by, here(project, "new/"), {**FORM, "name": ""}).status_code == 422
    assert not LabelingFunction.objects.exists()


def test_a_taken_name_is_said(project: Project) -> None:
    make_function(project, "subscribe", {"rules": [{"label": "spam", "any": ["x"]}]})

    answer = sent(project.created_by, here(project, "new/"), FORM)

    assert answer.status_code == 422
    assert "already" in answer.content.decode()


def test_a_failing_test_keeps_the_version_a_draft(project: Project) -> None:
    form = {**FORM, "t": "0", "t.text": "hello", "t.label": "spam", "then": "submit"}

    answer = sent(project.created_by, here(project, "new/"), form)

    assert answer.status_code == 302
    assert FunctionVersion.objects.get(project=project).state == "draft"


def test_conditions_of_a_comparison_are_read_and_drawn_again(project: Project) -> None:
    version = make_function(
        project,
        "long",
        {"rules": [{"label": "ham", "all": [{"field": "text", "is": "in", "value": ["a", "b"]}], "not": [{"field": "text", "is": "missing"}]}]},
        kind="comparison",
    )  # fmt: skip
    page = seen(project.created_by, here(project, f"{version.function_id}/edit/"))
    name = "d.rules.0.conditions"
    form = {
        "kind": "comparison", "rule": "0", "d.rules.0.label": "ham", f"{name}.field": ["text", "text"], f"{name}.is": ["in", "missing"],
        f"{name}.value": ["a | b", ""], f"{name}.as": ["text", ""], f"{name}.holds": ["all", "not"],
    }  # fmt: skip

    sent(project.created_by, here(project, f"{version.function_id}/edit/"), form)

    assert 'value="a | b"' in page
    made = FunctionVersion.objects.get(function=version.function_id, number=2)
    assert made.definition == version.definition


def test_a_function_s_page_shows_versions_with_what_changed(project: Project) -> None:
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})
    functions.new_version(
        function=version.function, by=project.created_by, kind="keywords", note="more words",
        definition={"rules": [{"label": "ham", "any": ["song", "tune"]}]},
        tests=[{"payload": {"text": "y" * 1_000}, "label": None}],
    )  # fmt: skip

    page = seen(project.created_by, here(project, f"{version.function_id}/"))

    assert (page.count("(1,000 characters)"), "y" * 300 in page) == (2, False)
    assert "more words" in page
    assert "<ins>  any: tune</ins>" in page
    assert page.count("<span>  any: song</span>") == 2


def test_from_draft_to_active_by_buttons_and_a_rollback(project: Project) -> None:
    owner, manager = project.created_by, make_member(project, "manager")
    sent(owner, here(project, "new/"), {**FORM, "then": "submit"})
    version = FunctionVersion.objects.get(project=project)
    at = here(project, f"{version.function_id}/")

    assert "somebody else who may review" in seen(owner, at)
    sent(owner, f"{at}versions/1/approve/", {})
    version.refresh_from_db()
    assert version.state == "review"

    sent(manager, f"{at}versions/1/approve/", {})
    version.refresh_from_db()
    assert version.state == "canary"
    assert "Being tried" in (page := seen(manager, at))
    assert "Try again" not in page
    FunctionRun.objects.filter(versions=[version.pk]).update(state="cancelled")
    assert "did not come to an end" in (page := seen(manager, at))
    assert ("Try again" in page, "Being tried" in page, "every 2s" in page) == (True, False, False)
    sent(manager, f"{at}versions/1/activate/", {})
    sent(manager, f"{at}versions/1/try/", {})
    version.refresh_from_db()
    assert version.state == "canary"
    assert "Being tried" in seen(manager, at)

    FunctionVersion.objects.filter(pk=version.pk).update(
        canary={"items": 5, "errors": 5, "messages": [{"item": 1, "message": "no such field"}]}
    )
    assert "failed on every item of its trial: no such field" in (page := seen(manager, at))
    assert ("versions/1/activate/" in page, "versions/1/try/" in page) == (False, True)
    sent(manager, f"{at}versions/1/activate/", {})
    version.refresh_from_db()
    assert version.state == "canary"
    FunctionVersion.objects.filter(pk=version.pk).update(
        canary={"items": 5, "votes": {"spam": 2}, "votes_before": {}, "active": None, "both": 0}
    )
    assert "Tried on 5 items" in (page := seen(manager, at))
    assert "versions/1/activate/" in page
    sent(manager, f"{at}versions/1/activate/", {})
    version.refresh_from_db()
    assert version.state == "active"

    refused = sent(manager, f"{at}roll-back/", {"reason": " ", "version": "1"})
    assert refused.status_code == 422
    assert 'dialog id="roll-back"' in (page := refused.content.decode())
    assert 'name="version" value="1"' in page
    sent(manager, f"{at}roll-back/", {"reason": "not said of which"})
    version.refresh_from_db()
    assert version.state == "active"
    sent(manager, f"{at}roll-back/", {"reason": "too many", "version": "1"})
    sent(manager, f"{at}roll-back/", {"reason": "from an old page", "version": "1"})
    version.refresh_from_db()
    assert (version.state, version.rolled_back_reason) == ("retired", "too many")


def test_the_kill_switch_and_back(project: Project) -> None:
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})
    at = here(project, f"{version.function_id}/")

    sent(project.created_by, f"{at}stop/", {"reason": "wrong"})
    assert "Stopped by" in seen(project.created_by, at)
    sent(project.created_by, f"{at}resume/", {})
    version.function.refresh_from_db()
    assert version.function.stopped_at is None


def test_a_refusal_needs_a_reason(project: Project) -> None:
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]}, state="review")
    at = here(project, f"{version.function_id}/versions/1/refuse/")

    assert sent(project.created_by, at, {}).status_code == 422
    assert sent(project.created_by, at, {"reason": "no"}).status_code == 302
    version.refresh_from_db()
    assert version.state == "refused"


def test_limits_are_set_and_refused(project: Project) -> None:
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})
    at = here(project, f"{version.function_id}/settings/")
    form = {
        "name": "songs",
        "description": "",
        "owner": project.created_by.username,
        "most_share": "20",
        "most_votes_an_hour": "",
    }

    assert sent(project.created_by, at, {**form, "most_share": "200"}).status_code == 422
    assert sent(project.created_by, at, {**form, "owner": "nobody"}).status_code == 422
    assert sent(project.created_by, at, form).status_code == 302
    function = LabelingFunction.objects.get(pk=version.function_id)
    assert (function.name, function.most_share, function.most_votes_an_hour) == ("songs", 0.2, None)


def test_runs_are_asked_for_cancelled_and_listed(project: Project) -> None:
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})

    sent(project.created_by, here(project, "runs/"), {"kind": "all"})
    run = FunctionRun.objects.get(project=project)
    FunctionRun.objects.filter(pk=run.pk).update(
        lines={str(version.pk): {"evaluated": 5, "votes": {"ham": 2}, "errors": 1, "messages": [{"item": 1, "message": "oh"}]}}
    )  # fmt: skip
    page = seen(project.created_by, here(project, "runs/"))
    assert "Everything anew" in page
    assert "1 error" in page
    assert "oh" in page

    sent(project.created_by, here(project, f"runs/{run.pk}/cancel/"), {})
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_suggestions_lead_to_a_form_that_is_filled_in() -> None:
    project, items = make_texts([*(f"win a prize {n}" for n in range(5)), *(f"lovely {n}" for n in range(5))])
    for item, value in zip(items, ["spam"] * 5 + ["ham"] * 5, strict=True):
        label(item, value)

    page = seen(project.created_by, here(project, "suggestions/?figures=1"))
    form = seen(
        project.created_by, here(project, "new/?kind=keywords&question=kind&label=spam&any=win+a+prize")
    )

    assert "win a prize" in page
    assert "label=spam&amp;any=win+a+prize" in page
    assert ">win a prize</textarea>" in form
    assert 'value="win_a_prize"' in form


def test_payloads_are_never_markup(project: Project) -> None:
    Item.objects.filter(project=project, key="item-00000").update(payload={"text": "<b>subscribe</b>"})

    page = sent(project.created_by, here(project, "preview/"), FORM, htmx=True).content.decode()

    assert "&lt;b&gt;<mark>subscribe</mark>&lt;/b&gt;" in page


def test_a_version_that_cannot_run_says_why(project: Project) -> None:
    from tests.factories import make_schema

    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})
    make_schema(project, [{"name": "kind", "type": "single_choice", "labels": [{"value": "spam"}]}])

    assert "cannot run" in seen(project.created_by, here(project))
    assert "has no longer" in seen(project.created_by, here(project, f"{version.function_id}/"))
    with pytest.raises(Exception, match="no longer"):
        function_review.activate(version=version, by=project.created_by)


def test_the_label_model_page_without_and_with_a_fit(project: Project) -> None:
    assert "Nothing to weigh yet" in seen(project.created_by, here(project, "model/"))
    version = make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})
    vote(version)
    (run,) = weak.request(project=project, by=project.created_by)
    weak_run.run(run_id=run.pk)

    page = seen(project.created_by, here(project, "model/"))
    table = seen(project.created_by, here(project))

    assert "counts" in page
    assert "Estimated accuracy" in page
    assert f"by fit {run.pk} of the label model" in table


def test_a_fit_is_cancelled_and_tried_again_by_buttons(project: Project) -> None:
    vote(make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]}))
    (run,) = weak.request(project=project, by=project.created_by)
    at = here(project, f"model/{run.pk}/")
    assert "Waiting for a worker" in seen(project.created_by, here(project, "model/"))

    client = client_of(project.created_by)
    page = client.post(f"{at}cancel/", follow=True).content.decode()
    assert f"Fit {run.pk} is cancelled. What the fit before it said still counts." in page
    assert f"Try fit {run.pk} again" in page

    page = client.post(f"{at}retry/", follow=True).content.decode()
    assert f"Fit {run.pk} begins again; this page follows." in page
    weak_run.run(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == "done"
    page = seen(project.created_by, here(project, "model/"))
    assert "Cancel fit" not in page
    assert "Try fit" not in page


def test_another_fit_is_asked_for(project: Project) -> None:
    at = here(project, "model/fit/")
    assert sent(project.created_by, at, {"question": "kind"}).status_code == 422
    make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})

    assert sent(project.created_by, at, {"question": "kind", "method": "majority"}).status_code == 302
    assert sent(project.created_by, at, {"question": "kind", "method": "guess"}).status_code == 422
    assert WeakRun.objects.get(project=project).method == "majority"


def test_settings_are_kept_and_only_reviewers_change_them(project: Project) -> None:
    at = here(project, "settings/")
    form = {
        "sensitive_fields": ["text"],
        "balance.kind": "given",
        "share.kind.spam": "20",
        "share.kind.ham": "80",
        "seen": weak_settings.stamp_of(weak_settings.settings_of(project)),
    }

    assert f'name="seen" value="{form["seen"]}"' in seen(project.created_by, at)
    assert sent(make_member(project, "adjudicator"), at, form).status_code == 403
    assert sent(project.created_by, at, {**form, "share.kind.spam": "a lot"}).status_code == 422
    assert sent(project.created_by, at, form).status_code == 302
    kept = WeakSettings.objects.get(project=project)
    assert (kept.automatic, kept.sensitive_fields) == (False, ["text"])
    assert kept.class_balance == {"kind": {"spam": 0.2, "ham": 0.8}}
    assert 'value="20"' in seen(project.created_by, at)
    # From a page that was opened before.
    for old in (form, {**form, "seen": ""}):
        sent(project.created_by, at, {**old, "sensitive_fields": [], "balance.kind": ""})
        kept.refresh_from_db()
        assert (kept.sensitive_fields, bool(kept.class_balance)) == (["text"], True)
    with pytest.raises(Conflict, match="nothing was saved"):
        weak_settings.change(project=project, by=project.created_by, automatic=True, seen=form["seen"])


def test_a_table_is_uploaded_chosen_and_removed(project: Project) -> None:
    at = here(project, "settings/tables/")
    upload = SimpleUploadedFile("words.csv", b"word,label\nsubscribe,spam\nsong,ham\n")

    assert sent(project.created_by, at, {"name": ""}).status_code == 422
    assert sent(project.created_by, at, {"file": upload, "name": "words"}).status_code == 302
    table = FunctionTable.objects.get(project=project)
    assert "words (2 rows)" in seen(project.created_by, here(project, "new/?kind=lookup"))
    form = {
        "kind": "lookup",
        "question": "kind",
        "d.table": "words",
        "d.column": "word",
        "d.label_column": "label",
        "d.find": "words",
    }
    page = sent(project.created_by, here(project, "preview/"), form, htmx=True).content.decode()
    assert 'data-figure="coverage">60.0' in page
    sent(project.created_by, f"{at}{table.pk}/remove/", {})
    assert not FunctionTable.objects.exists()
