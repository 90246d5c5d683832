"""Run by the fault tests in the environment of the system under test: a project, annotators, tokens as JSON."""

from __future__ import annotations

import json
import os
import sys


def main(items: int, people: int, overlap: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from annotation.models import ApiToken
    from tests.factories import make_member, make_project

    project = make_project(items=items, annotations_per_item=overlap)
    members = [make_member(project) for _ in range(people)]
    tokens = [ApiToken.objects.create(user=member, name="fault test")[1] for member in members]
    manager = ApiToken.objects.create(user=project.created_by, name="fault test")[1]
    print(json.dumps({"project": project.pk, "tokens": tokens, "manager": manager}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
