"""Django's admin opens every table of learning, and changes none."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin as site
from django.db.models import Model
from django.test import Client

from active.models import SimilarSearch
from annotation.models import Project, User
from tests.active.learned import (
    make_encoder,
    make_model,
    make_point,
    make_round,
    make_selections,
    make_simulation,
    turn_on,
)

REGISTERED = [model for model in site.site._registry if model._meta.app_label == "active"]


def test_every_table_is_registered() -> None:
    # The admin knows no keys of two columns: vectors have one, and are nothing to look at.
    tables = {model.__name__ for model in apps.get_app_config("active").get_models()} - {"ItemVector"}

    assert {model.__name__ for model in REGISTERED} == {name for name in tables if not name.endswith("Event")}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
def test_every_table_opens_and_cannot_be_changed(
    client: Client, admin: User, project: Project, model: type[Model]
) -> None:
    turn_on(project)
    done = make_round(project, model=make_model(project))
    make_point(done, 0.8)
    make_selections(done, list(project.items.all()))
    make_simulation(project)
    shard = make_encoder(project).shards.create(rows=1, first_item=1, last_item=1, file="x", sha256="x")
    done.shards.create(shard=shard)
    SimilarSearch.objects.create(project=project, created_by=admin)
    client.force_login(admin)
    url = f"/admin/active/{model._meta.model_name}/"

    assert client.get(f"{url}?q=x").status_code == 200
    assert client.get(f"{url}{model.objects.first().pk}/change/").status_code == 200
    assert client.get(f"{url}add/").status_code == 403
