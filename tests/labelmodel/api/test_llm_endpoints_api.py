"""Keys of language models over REST, on the page and for Prometheus: how they stand, and who changes that. Never a key."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from annotation.models import Project, User
from config import metrics_endpoints
from labelmodel.endpoints import usage
from labelmodel.endpoints.pool import Lease, Pool, Settled
from labelmodel.services import llm_endpoints
from labelmodel.services.llm_endpoints import configured, redis
from tests.factories import make_user
from tests.labelmodel.endpoints.stub import KEYS

pytestmark = pytest.mark.django_db
AT = "/api/v1/llm-endpoints/"


@pytest.fixture
def name(settings: Any) -> Iterator[str]:
    """An endpoint with three keys: the first was refused, the second cools down."""
    made = f"main-{uuid.uuid4().hex[:12]}"
    settings.LLM_ENDPOINTS = {made: {"base_url": "https://api.example.org/v1", "keys": list(KEYS)}}
    pool = Pool(redis(), made, configured()[made].keys)
    for settled in (
        Settled("denied", said="401: Incorrect API key provided: …0001.", status=401),
        Settled("limited", said="429: Slow down", wait=300.0, status=429),
        Settled("ok", tokens_in=30, tokens_out=5, status=200),
    ):
        lease = pool.take(100)
        assert isinstance(lease, Lease)
        pool.settle(lease, settled)
    yield made
    for key in configured()[made].keys:
        usage.forget(redis(), made, key.id)
    redis().delete(f"querent:endpoint:{{{made}}}:endpoint")


@pytest.fixture
def admin(db: None) -> User:
    return make_user(is_staff=True)


def test_administrators_see_how_keys_stand(name: str, admin: User, api: Any) -> None:
    (one,) = api(admin).get(AT).json()["results"]

    assert (one["name"], one["usable"], one["rests_until"]) == (name, 1, None)
    assert [(key["status"], key["shown"]) for key in one["keys"]] == [
        ("off", "…0001"),
        ("cooling", "…0002"),
        ("on", "…0003"),
    ]
    assert one["keys"][0]["off_why"] == "401: Incorrect API key provided: …0001."
    assert one["keys"][1]["cooling_why"] == "429: Slow down"
    used = [key["used"] for key in one["keys"]]
    assert [(of["denied"], of["limited"], of["tokens_in"]) for of in used] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 30),
    ]


def test_a_key_is_put_back_and_switched_off_and_both_are_written_down(
    name: str, admin: User, api: Any, client: Client
) -> None:
    first, _, third = configured()[name].keys
    client_of = api(admin)
    put_back = client_of.post(f"{AT}{name}/keys/{first.id}/put-back/").json()
    why = {"why": "Too expensive."}
    at = f"{AT}{name}/keys/{third.id}/switch-off/"
    off = client_of.post(at, why, content_type="application/json").json()

    assert [key["status"] for key in put_back["keys"]] == ["on", "cooling", "on"]
    assert off["keys"][2]["off_why"] == f"Too expensive. ({admin})"
    client.force_login(admin)
    page = client.get("/language-models/").content.decode()
    assert "Switched off key" in page
    assert "Put back key" in page
    assert "until" in page
    assert not any(key in page for key in KEYS)


def test_what_is_not_there_is_told(name: str, admin: User, api: Any) -> None:
    assert api(admin).post(f"{AT}nowhere/wake/").status_code == 404
    missing = api(admin).post(f"{AT}{name}/keys/000000000000/put-back/")
    assert "There is no key" in missing.json()["detail"]


def test_the_page_changes_keys_too(name: str, admin: User, client: Client) -> None:
    first, second, _ = configured()[name].keys
    client.force_login(admin)
    client.post(f"/language-models/{name}/keys/{first.id}/put-back/")
    client.post(f"/language-models/{name}/keys/{second.id}/switch-off/", {"reason": "Not ours."})
    client.post(f"/language-models/{name}/wake/")

    stands = [usage.key_state(redis(), name, key).stands for key in configured()[name].keys]
    assert stands == ["on", "off", "on"]


def test_who_writes_functions_sees_in_words_how_endpoints_stand(
    name: str, project: Project, manager: User, annotator: User, api: Any, client: Client
) -> None:
    at = f"/api/v1/projects/{project.pk}/llm-endpoints/"
    (one,) = api(manager).get(at).json()["results"]

    assert one["words"] == "1 of 3 keys can be used."
    assert "keys" not in one
    assert api(annotator).get(at).status_code == 403
    assert api(manager).get(AT).status_code == 403
    client.force_login(manager)
    page = client.get(f"/projects/{project.pk}/functions/settings/").content.decode()
    assert "1 of 3 keys can be used." in page


def test_without_redis_nothing_is_told_and_nothing_breaks(
    name: str, admin: User, api: Any, client: Client, settings: Any
) -> None:
    there = settings.REDIS_URL
    llm_endpoints.redis.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    try:
        client.force_login(admin)
        assert b"Redis cannot be asked now" in client.get("/language-models/").content
        assert api(admin).get(AT).status_code == 503
        assert list(metrics_endpoints.collect()) == []
    finally:
        settings.REDIS_URL = there
        llm_endpoints.redis.cache_clear()


def test_prometheus_reads_what_keys_were_used_for(name: str) -> None:
    found: Counter[tuple[str, ...]] = Counter()
    for metric in metrics_endpoints.collect():
        for sample in metric.samples:
            rest = [value for label, value in sample.labels.items() if label not in {"endpoint", "key"}]
            found[sample.name, *rest] += int(sample.value)

    assert found["querent_llm_requests_total",] == 3
    assert found["querent_llm_tokens_total", "in"] == 30
    assert found["querent_llm_errors_total", "401"] == found["querent_llm_errors_total", "429"] == 1
    assert found["querent_llm_errors_total", "other"] == 0
    assert found["querent_llm_keys", "on"] == found["querent_llm_keys_usable",] == 1
