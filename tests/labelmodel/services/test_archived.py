"""Labeling functions go with a project into its file, and run where it is restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotation.models import User
from labelmodel.models import LabelingFunction
from labelmodel.services import function_run, run_requests, weak_settings
from labelmodel.services.vote_shards import votes
from tests.annotation.archive_help import archived, bytes_of, restored
from tests.labelmodel.services.function_help import active, draft, reviews, words

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_restored_project_has_its_functions_and_votes_again(
    tmp_path: Path, settings: Any, admin: User
) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = reviews()
    weak_settings.change(project=project, by=project.created_by, sensitive_fields=["email"])
    version = active(project, most_share=0.9)
    draft(project, "bad words", words("negative", "bad"))

    made = restored(bytes_of(archived(project)), admin)

    there = made.project
    assert made.error == ""
    assert weak_settings.settings_of(there).sensitive_fields == ["email"]
    function = LabelingFunction.objects.get(project=there, name="good words")
    again = function.versions.get()
    assert (again.state, again.definition, again.schema) == ("active", version.definition, there.schema)
    assert again.canary["votes"] == {"positive": 3}
    assert (len(votes(there, "sentiment")), function.most_share) == (0, 0.9)

    run_requests.request(project=there, by=there.created_by)
    function_run.run_project(project_id=there.pk)

    assert votes(there, "sentiment").label.tolist() == votes(project, "sentiment").label.tolist() == [0, 0, 0]
