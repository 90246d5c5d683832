"""Which model is in use."""

from __future__ import annotations

from typing import Any

import pytest

from active.models import Encoder, ModelVersion
from active.services import registry
from annotation.errors import Conflict, NotAllowed, NotFound
from annotation.models import Project, User


@pytest.fixture
def encoder(project: Project) -> Encoder:
    return Encoder.objects.create(project=project, version=1, kind="text", state="ready")


def make_model(encoder: Encoder, **values: Any) -> ModelVersion:
    defaults = {
        "question": "sentiment",
        "learner": "logistic",
        "data_sha256": "0" * 64,
        "items": 10,
        "file": "m",
    }
    return ModelVersion.objects.create(
        project=encoder.project,
        version=registry.next_version(encoder.project_id),
        schema=encoder.project.schema,
        encoder=encoder,
        **{**defaults, **values},
    )


def test_one_model_is_in_use(encoder: Encoder) -> None:
    first, second = make_model(encoder), make_model(encoder)
    registry.promote(first, "The first one.")

    registry.promote(second, "Better.")

    first.refresh_from_db()
    assert (first.state, second.state) == ("retired", "promoted")
    assert registry.in_use(encoder.project, "sentiment") == second


def test_questions_have_models_of_their_own(encoder: Encoder) -> None:
    first, second = make_model(encoder), make_model(encoder, question="stars")

    registry.promote(first, "")
    registry.promote(second, "")

    assert ModelVersion.objects.filter(state="promoted").count() == 2


def test_rolling_back(encoder: Encoder, owner: User) -> None:
    first, second = make_model(encoder), make_model(encoder)
    registry.promote(first, "")
    registry.promote(second, "")

    back = registry.promote_by_hand(project=encoder.project, by=owner, version=first.version)

    assert (back.state, back.promoted_by, back.reason) == ("promoted", owner, "Put into use by olga.")


def test_what_is_not_kept_cannot_come_back(encoder: Encoder, owner: User) -> None:
    gone = make_model(encoder, file="")

    with pytest.raises(Conflict, match="not kept any more"):
        registry.promote_by_hand(project=encoder.project, by=owner, version=gone.version)


def test_who_may_decide(encoder: Encoder, annotator: User) -> None:
    make_model(encoder)

    with pytest.raises(NotAllowed):
        registry.promote_by_hand(project=encoder.project, by=annotator, version=1)


def test_there_is_no_such_version(encoder: Encoder, owner: User) -> None:
    with pytest.raises(NotFound):
        registry.promote_by_hand(project=encoder.project, by=owner, version=7)
