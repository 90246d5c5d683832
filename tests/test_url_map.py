"""Everybody on every address: walks the whole URL map, so that a view without its check fails here.

A new address is found by itself. It needs an entry only if it is public, personal, open to people who only label,
has a parameter of a new name, or reads its body before it looks at who asks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils import timezone

from active.models import Encoder, ModelVersion, Round, Simulation
from annotation.models import (
    BulkAction,
    Comment,
    Flag,
    Media,
    Project,
    ProjectFile,
    SavedView,
    Snapshot,
    Suspension,
    Tag,
    User,
)
from annotation.services import accounts, answers, queue, webhooks
from labelmodel.models import FunctionTable, LabelingFunction, LabelModelRun
from tests.factories import make_dataset, make_user

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# For everybody, signed in or not.
PUBLIC = {
    "login",
    "logout",
    "api:sign-in",
    "api-schema",
    "api-docs",
    "health-live",
    "health-ready",
    "health-banner",
    "metrics",
}
# For everybody who is signed in: their own things, or things of nobody.
PERSONAL = {
    "projects",
    "account",
    "theme",
    "reset-keys",
    "tokens",
    "password-change",
    "password-changed",
    "markdown-preview",
    "api:me",
    "api:my-tokens",
    "api:my-token",
    "api:projects",
    "api:renew",
}
# What people who only label may change in their project.
LABELING = {
    "api:next",
    "api:submit",
    "api:skip",
    "api:draft",
    "api:revise",
    "api:flags",
    "api:comments",
    "api:guidelines-seen",
    "item-flag",
    "item-unflag",
    "item-comment",
}
# What whoever may export asks for, or has made again.
EXPORTING = {
    "snapshot-new",
    "snapshot-retry",
    "snapshot-link",
    "snapshot-compare",
    "split-new",
    "api:snapshots",
    "api:snapshot-retry",
    "api:snapshot-links",
    "api:snapshot-compare",
    "api:splits",
}
# Parameters whose objects belong to a project.
ABOUT_A_PROJECT = {
    "project_id",
    "item_id",
    "lease_id",
    "dataset_id",
    "annotation_id",
    "round_id",
    "simulation_id",
    "webhook_id",
    "delivery_id",
    "tag_id",
    "view_id",
    "action_id",
    "file_id",
    "snapshot_id",
}
# Bodies for views that check what they are sent before they look for what it is about.
BODIES: dict[str, dict[str, Any]] = {
    "api:submit": {"answer": {"sentiment": "positive"}, "nonce": "n"},
    "api:draft": {"answer": {}},
    "api:revise": {"answer": {"sentiment": "positive"}, "nonce": "n"},
    "api:comments": {"body": "Hm."},
    "item-comment": {"body": "Hm."},
}


@dataclass(frozen=True)
class Address:
    """One pattern of the URL map; `parameters` in the order of the path."""

    name: str
    route: str
    parameters: tuple[str, ...]
    view: Any

    def filled(self, values: dict[str, Any]) -> str:
        missing = [name for name in self.parameters if name not in values]
        assert not missing, f"/{self.route}: say in the fixture `values` what {missing} stands for"
        route = self.route
        for name in self.parameters:
            route = re.sub(
                rf"<(\w+:)?{name}>|\(\?P<{name}>[^()]*(\([^()]*\))?[^()]*\)", str(values[name]), route
            )
        return "/" + route.replace("\\", "").rstrip("?")

    def offers(self, method: str) -> bool:
        """Whether the view has this method; a plain function has them all."""
        view = getattr(self.view, "view_class", None) or getattr(self.view, "cls", None)
        return view is None or hasattr(view, method.lower())

    @property
    def rest(self) -> bool:
        return self.route.startswith("api/v1/")

    @property
    def admin(self) -> bool:
        return self.route.startswith("admin/")


def addresses(resolver: URLResolver | None = None, route: str = "", space: str = "") -> Iterator[Address]:
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = entry.pattern
        raw = str(pattern)
        raw = (
            raw.removeprefix("^").removesuffix("$").removesuffix("\\Z")
            if isinstance(pattern, RegexPattern)
            else raw
        )
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route + raw, f"{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern):
            parameters = tuple(re.findall(r"<(?:\w+:)?(\w+)>", route + raw))
            yield Address(space + (entry.name or ""), route + raw, parameters, entry.callback)


ALL = list(addresses())


@pytest.fixture
def values(project: Project, annotator: User) -> dict[str, Any]:
    """A real object for each parameter, all of the one project that the stranger is no member of."""
    first, second = queue.next_leases(annotator=annotator, project=project, count=2).turns
    given = answers.Answer({"sentiment": "positive"}, "one", 1.0, None)
    receipt = answers.submit(annotator=annotator, lease_id=first.id, given=given, client="", next_count=0)
    token, _ = accounts.create_token(user=annotator, name="a script")
    flag = Flag.objects.create(item_id=first.item_id, author=annotator)
    comment = Comment.objects.create(item_id=first.item_id, author=annotator, body="Hm.")
    dataset = make_dataset(project)
    suspension = Suspension.objects.create(
        project=project,
        user=annotator,
        reason="",
        first_annotation=1,
        last_annotation=1,
        right=0,
        judged=5,
        bar=0.5,
        created_at=timezone.now(),
    )
    picture = Media.objects.create(
        project=project, name="a.png", file="media/a.png", content_type="image/png", size=1, sha256="0" * 64
    )
    run = LabelModelRun.objects.create(
        project=project, question="sentiment", schema=project.schema, method="majority"
    )
    round = Round.objects.create(
        project=project, number=1, question="sentiment", schema=project.schema, trigger="page", strategy="margin", batch=5
    )  # fmt: skip
    function = LabelingFunction.objects.create(
        project=project, question="sentiment", name="good words", owner=project.created_by
    )
    table = FunctionTable.objects.create(
        project=project, name="words", rows=0, file="words.parquet", size=0, created_by=project.created_by
    )
    encoder = Encoder.objects.create(project=project, version=1, kind="text")
    ModelVersion.objects.create(
        project=project, version=1, question="sentiment", schema=project.schema, encoder=encoder,
        learner="logistic", data_sha256="", items=1,
    )  # fmt: skip
    simulation = Simulation.objects.create(project=project, question="sentiment")
    webhook = webhooks.create(project=project, by=project.created_by, url="https://example.org/")
    asked = [
        Snapshot.objects.create(project=project, number=number, created_by=project.created_by)
        for number in (1, 2)
    ]
    return {
        "project_id": project.pk,
        "snapshot_id": asked[0].pk,
        "other_id": asked[1].pk,
        "round_id": round.pk,
        "number": round.number,
        "simulation_id": simulation.pk,
        "webhook_id": webhook.pk,
        "delivery_id": webhooks.ping(webhook=webhook, by=project.created_by).pk,
        "tag_id": Tag.objects.create(project=project, name="odd").pk,
        "view_id": SavedView.objects.create(project=project, name="Mine", created_by=annotator).pk,
        "action_id": BulkAction.objects.create(project=project, action="tag", created_by=annotator).pk,
        "file_id": ProjectFile.objects.create(
            project=project, kind="archive", created_by=project.created_by
        ).pk,
        "item_id": first.item_id,
        "lease_id": second.id,
        "annotation_id": receipt.annotation_id,
        "user_id": annotator.pk,
        "token_key": token.token_key,
        "flag_id": flag.pk,
        "comment_id": comment.pk,
        "dataset_id": dataset.pk,
        "import_id": dataset.pk,
        "suspension_id": suspension.pk,
        "version": 1,
        "run_id": run.pk,
        "function_id": function.pk,
        "table_id": table.pk,
        "endpoint": "main",
        "key": "0123456789ab",
        "name": picture.name,
        # Django's admin
        "id": annotator.pk,
        "object_id": annotator.pk,
        "app_label": "annotation",
        "content_type_id": 1,
        "url": "annotation/",
    }


def ask(client: Client, address: Address, method: str, values: dict[str, Any]) -> tuple[int, str]:
    body = BODIES.get(address.name, {})
    sent = json.dumps(body) if address.rest else urlencode(body)
    kind = "application/json" if address.rest else "application/x-www-form-urlencoded"
    answer = client.generic(
        method, address.filled(values), "" if method == "GET" else sent, content_type=kind
    )
    return answer.status_code, answer.get("Location", "")


def visitor(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def told(wrong: list[Any]) -> str:
    return "answered, and should have refused:\n" + "\n".join(" ".join(map(str, line)) for line in wrong)


def test_every_address_has_a_name_and_is_listed_once() -> None:
    names = [address.name for address in ALL if not address.admin]

    assert all(name.removesuffix(":").split(":")[-1] for name in names)
    assert len(names) == len(set(names))


def test_every_exception_is_an_address() -> None:
    assert PUBLIC | PERSONAL | LABELING | EXPORTING | set(BODIES) <= {address.name for address in ALL}


def test_who_is_not_signed_in_is_sent_to_sign_in(values: dict[str, Any]) -> None:
    client, wrong = visitor(None), []

    for address in ALL:
        for method in METHODS:
            if address.name in PUBLIC or address.name.startswith("admin:log"):
                continue
            status, location = ask(client, address, method, values)
            signs_in = location.startswith(("/login/", "/admin/login/"))
            if not (status == 401 if address.rest else status == 302 and signs_in):
                wrong.append((method, address.route, status, location))

    assert not wrong, told(wrong)


def test_a_stranger_finds_nothing_of_a_project(values: dict[str, Any], stranger: User) -> None:
    client, wrong = visitor(stranger), []

    for address in ALL:
        for method in METHODS:
            if (
                address.name in PUBLIC | PERSONAL
                or not address.offers(method)
                or address.name.startswith("admin:log")
            ):
                continue
            status, location = ask(client, address, method, values)
            sent_away = address.admin and location.startswith("/admin/login/")
            if status not in {403, 404} and not sent_away:
                wrong.append((method, address.route, status, location))

    assert not wrong, told(wrong)


def test_a_stranger_is_never_told_that_a_project_exists(values: dict[str, Any], stranger: User) -> None:
    """403 would: it is for members. Only what is not about a project may say it."""
    client, wrong = visitor(stranger), []

    for address in ALL:
        if not set(address.parameters) & ABOUT_A_PROJECT:
            continue
        for method in METHODS:
            if address.offers(method) and (status := ask(client, address, method, values)[0]) != 404:
                wrong.append((method, address.route, status))

    assert not wrong, told(wrong)


def _changes(client: Client, values: dict[str, Any], *, allowed: set[str]) -> list[Any]:
    """Everything in a project that this person could send without being refused."""
    wrong = []
    for address in ALL:
        if address.name in PUBLIC | PERSONAL | allowed or address.admin:
            continue
        for method in METHODS[1:]:
            if address.offers(method) and (status := ask(client, address, method, values)[0]) not in {
                403,
                404,
            }:
                wrong.append((method, address.route, status))
    return wrong


def test_a_viewer_changes_nothing_but_what_is_exported(values: dict[str, Any], viewer: User) -> None:
    wrong = _changes(visitor(viewer), values, allowed=EXPORTING)

    assert not wrong, told(wrong)


def test_an_annotator_changes_nothing_but_their_own_work(
    values: dict[str, Any], second_annotator: User
) -> None:
    wrong = _changes(visitor(second_annotator), values, allowed=LABELING)

    assert not wrong, told(wrong)


def test_nobody_works_with_what_another_annotator_holds(
    values: dict[str, Any], second_annotator: User
) -> None:
    client = visitor(second_annotator)
    held = [address for address in ALL if {"lease_id", "annotation_id"} & set(address.parameters)]

    refused = {
        ask(client, address, method, values)[0]
        for address in held
        for method in METHODS
        if address.offers(method)
    }

    assert held
    assert refused <= {403, 404}


def test_who_is_signed_in_reads_no_account_but_their_own(values: dict[str, Any]) -> None:
    client = visitor(make_user())

    assert client.get(f"/api/v1/users/{values['user_id']}/").status_code == 403
    assert client.delete(f"/api/v1/me/tokens/{values['token_key']}/").status_code == 404
    assert client.post(f"/account/tokens/{values['token_key']}/revoke/").status_code == 404
