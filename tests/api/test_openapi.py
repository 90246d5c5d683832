"""The OpenAPI document is true: every operation, fuzzed by schemathesis, answers as it says and never with a 500."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from annotation.models import ApiToken
from annotation.services import queue
from annotation.services.answers import Answer, submit
from config.wsgi import application
from tests.annotation.formats.kept import keep
from tests.factories import make_dataset

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
load_all_checks()

DOCUMENT: Any = SchemaGenerator().get_schema(request=None, public=True)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SCHEMA.app = application
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture(autouse=True)
def _keep_the_connection(db):
    """A finished request closes stale connections; here it would close the test's own, with its transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def token(project, manager, annotator, adjudicator):
    """Something of everything behind the first ids, and a token of an owner who labels as well."""
    make_dataset(project)
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    submit(annotator=annotator, lease_id=turn.id, given=Answer({"sentiment": "positive"}, "seed"))
    queue.next_leases(annotator=project.created_by, project=project, count=2)
    return ApiToken.objects.create(user=project.created_by, name="fuzz")[1]


@pytest.fixture
def snapshot(project, settings, tmp_path):
    """One that is made, with its file."""
    settings.MEDIA_ROOT = tmp_path
    return keep(project)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_operation_answers_as_documented(operation, mode, token, project, request):
    ids = {"project_id": project.pk}
    if "snapshot_id" in operation.path:
        ids["snapshot_id"] = request.getfixturevalue("snapshot").pk

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=6,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        if mode == GenerationMode.POSITIVE and case.path_parameters:
            case.path_parameters |= {name: ids[name] for name in case.path_parameters if name in ids}
        case.call_and_validate(
            headers={"Authorization": f"Token {token}"},
            # Which answers a schema version allows is known to that version, not to the document.
            excluded_checks=[positive_data_acceptance],
        )

    # Some operations have nothing that could be invalid.
    with suppress(Unsatisfiable) if mode == GenerationMode.NEGATIVE else nullcontext():
        check()


def test_the_document_is_complete_and_without_warnings(capsys):
    SchemaGenerator().get_schema(request=None, public=True)

    assert "arning" not in capsys.readouterr().err
