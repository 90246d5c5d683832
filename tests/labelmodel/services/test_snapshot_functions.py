"""What snapshots tell of labeling functions: who voted, in which version, by which fit, and what came of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.urls import reverse

from annotation.formats.layout import Column
from annotation.models import Project, Snapshot
from annotation.services import gold, snapshots
from annotation.snapshots import comparing, consensus
from labelmodel import functions
from labelmodel.models import FunctionVersion, LabelingFunction, PosteriorShard, WeakRun
from labelmodel.services import probability_shards
from labelmodel.services.functions import stop
from tests.annotation.snapshots.help import agree, made, rows
from tests.labelmodel.weak_help import add_function, cast, fit, make_weak

# They are read over a connection of their own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def weak() -> Project:
    """Sixty items of which functions say something, one of them answered."""
    project = make_weak(60)
    agree(project.items.earliest("pk"))
    cast(project)
    fit(project)
    return project


def told(snapshot: Snapshot) -> Any:
    return snapshot.manifest["functions"]["sentiment"]


def test_the_manifest_pins_versions_and_the_fit(weak: Project) -> None:
    found = told(made(weak))

    run = WeakRun.objects.get()
    fair = FunctionVersion.objects.get(function__name="fair")
    assert [one["function"] for one in found["active"]] == ["copy", "fair", "shaky", "sure"]
    assert found["active"][1] == {
        "id": fair.pk,
        "function": "fair",
        "version": 1,
        "kind": "keywords",
        "sha256": functions.fingerprint("keywords", fair.definition),
    }
    assert (found["fit"]["run"], found["fit"]["method"]) == (run.pk, run.method)
    assert found["fit"]["finished_at"] == f"{run.finished_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert sorted(one["function"] for one in found["fit"]["votes"]) == ["copy", "fair", "shaky", "sure"]


def test_probable_labels_stand_beside_the_consensus(weak: Project) -> None:
    plain = made(weak)
    snapshot = made(weak, probable=True, unlabeled=True)

    kept = {row["item_id"]: row for row in rows(snapshot)}
    shards = [probability_shards.unpack(one.data) for one in PosteriorShard.objects.all()]
    said = {item: row for one in shards for item, row in zip(one.items.tolist(), one.posterior, strict=True)}
    assert len(kept) == 60
    assert {item for item, row in kept.items() if row["probable"]} == said.keys()
    for item, chances in said.items():
        named = dict(zip(["positive", "negative", "neutral"], np.round(chances, 4).tolist(), strict=True))
        assert kept[item]["probable"]["sentiment"] == pytest.approx({k: v for k, v in named.items() if v})
    assert [row["consensus"] for row in kept.values() if row["consensus"]] == [
        row["consensus"] for row in rows(plain)
    ]
    assert "probable" not in rows(plain)[0]
    assert snapshot.manifest["counts"]["probable"] == {"sentiment": len(said)}
    assert snapshot.manifest["counts"]["kinds"] == plain.manifest["counts"]["kinds"]
    assert made(weak, probable=True, unlabeled=True).sha256 == snapshot.sha256


def test_nothing_is_said_of_items_that_check_people_or_models(weak: Project) -> None:
    keys = [row["key"] for row in rows(made(weak, probable=True, unlabeled=True)) if row["probable"]][:2]
    known = [gold.Known({"sentiment": "positive"}, key=keys[0])]
    known.append(gold.Known({"sentiment": "positive"}, key=keys[1], use="holdout"))
    gold.put(project=weak, by=weak.created_by, items=known)

    found = made(weak, probable=True, unlabeled=True, gold=True, holdout=True)

    aside = [row for row in rows(found) if row["key"] in keys]
    assert [row["probable"] for row in aside] == [{}, {}]


def test_what_a_stopped_function_said_is_in_no_snapshot(weak: Project) -> None:
    stop(function=LabelingFunction.objects.get(name="fair"), by=weak.created_by, reason="Wrong.")

    found = made(weak, probable=True, unlabeled=True)

    assert [one["function"] for one in told(found)["active"]] == ["copy", "shaky", "sure"]
    assert told(found)["fit"] is None
    assert not any(row["probable"] for row in rows(found))


def test_a_comparison_tells_that_versions_differ(weak: Project, client: Any, api: Any) -> None:
    old = made(weak)
    first = FunctionVersion.objects.get(function__name="fair")
    FunctionVersion.objects.filter(pk=first.pk).update(state="retired")
    again = {"function": first.function, "project": weak, "number": 2, "kind": "keywords", "state": "active"}
    words = {
        "fields": ["text"],
        "case": False,
        "words": True,
        "rules": [{"label": "positive", "any": ["fair"]}],
    }
    FunctionVersion.objects.create(
        **again, definition=words, reads=["text"], labels=first.labels, votes_for=["positive"],
        schema=first.schema, author=first.author,
    )  # fmt: skip
    stop(function=LabelingFunction.objects.get(name="shaky"), by=weak.created_by, reason="Wrong.")
    add_function(weak, "late")
    cast(weak)
    run = fit(weak)
    new = made(weak)

    found = snapshots.compare(old=old, new=new, by=weak.created_by)
    comparing.run(comparison_id=found.pk)
    found.refresh_from_db()

    assert found.result["functions"] == {
        "sentiment": {
            "came": [{"function": "late", "version": 1}],
            "went": [{"function": "shaky", "version": 1}],
            "replaced": [{"function": "fair", "from": 1, "to": 2}],
            "fit": {"from": told(old)["fit"]["run"], "to": run.pk},
        }
    }
    client.force_login(weak.created_by)
    page = client.get(reverse("snapshot-compare", args=[weak.pk, old.pk, new.pk])).content.decode()
    assert "fair: version 1 in the earlier one, version 2 in the later one." in page
    assert f"fit {run.pk} in the later one" in page


def test_the_page_and_rest_say_it(weak: Project, client: Any, api: Any) -> None:
    url = f"/api/v1/projects/{weak.pk}/snapshots/"
    refused = api(weak.created_by).post(url, {"rows": "annotations", "probable": True}, format="json")
    asked = api(weak.created_by).post(url, {"probable": True}, format="json")
    snapshot = made(weak, probable=True)
    client.force_login(weak.created_by)

    page = client.get(reverse("snapshot", args=[weak.pk, snapshot.pk])).content.decode()

    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, ["probable"])
    assert (asked.status_code, asked.json()["options"]) == (202, {"probable": True})
    run = WeakRun.objects.get()
    assert f"Fit {run.pk} by <code>{run.method}</code> counted" in page
    assert "Its probable labels stand in" in page
    assert told(snapshot)["active"][0]["sha256"] in page


def test_chances_of_very_many_labels_are_json() -> None:
    shares = Column("probable.q", "json", "", "q", ("a", "b", "c"))
    said = np.array([[0.25, 0.75, 0.00001], [np.nan] * 3])

    assert consensus.chances(said, shares, 2).to_pylist() == ['{"a":0.25,"b":0.75}', None]
    assert consensus.chances(None, shares, 2).to_pylist() == [None, None]
