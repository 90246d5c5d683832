"""Builds the demo step by step. Each step looks at what is there, so that a killed run is continued by the next one."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pghistory
import pgtrigger
from django.core.files.base import ContentFile
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from active.services import learning
from annotation.models import Annotation, Dataset, Item, Membership, Project, Schema, User
from annotation.roles import Action
from annotation.services import gold, import_run, imports, members, projects, schemas, words
from annotation.services.locks import waited_for
from annotation.services.projects import FirstSchema
from config.demo import (
    digits_project,
    docstrings,
    functions,
    history,
    judgment,
    keeping,
    library_project,
    people,
)
from config.demo.plan import DemoProject, Upload

Say = Callable[[str], object]
# Longer than a worker that was killed in the middle of an import is waited for.
PATIENCE = 60.0


def load(*, say: Say, rows: int | None = None) -> None:
    """Load what is missing of the demo: people, two projects, their items and a simulated history.

    With `rows`, at most so many items in each project. Raises CommandError where real accounts are in the way.
    """
    now = timezone.now()
    # Two runs at once would both find things missing; the second waits and finds them there.
    with waited_for("demo", 0), ThreadPoolExecutor(1) as beside:
        users = people.load()
        if not _is_complete(library_project.SOURCE_NAME):
            say("reading documentation strings ...")
            # Meanwhile the digits are loaded: the reading happens in processes of its own.
            beside.submit(docstrings.collect)
        for make in (digits_project, library_project):
            if not _is_complete(make.SOURCE_NAME):
                _load_project(make.project(), users, now, rows, say)
            _keep(make.SOURCE_NAME)
            _add_functions(make.project(), users)
    say("the demo projects are there")


def _found(source_name: str, name: str = "") -> Project | None:
    """The demo project, recognized by what was uploaded, or by its name while nothing was."""
    mine = Q(datasets__source_name=source_name) | Q(name=name, datasets=None)
    return Project.objects.filter(mine, demo=True).order_by("pk").first()


def _is_complete(source_name: str) -> bool:
    """What the answers amount to comes last."""
    project = _found(source_name)
    return project is not None and judgment.exists(project)


def _keep(source_name: str) -> None:
    if project := _found(source_name):
        with pghistory.context(user=project.created_by_id, url=history.COMMAND):
            keeping.add(project=project, owner=project.created_by)


def _add_functions(plan: DemoProject, users: dict[str, User]) -> None:
    project = _found(plan.source_name)
    if project is None or not (written := plan.functions()):
        return
    author = project.memberships.filter(user=users[plan.writes_functions]).first()
    # In a demo of an earlier version nobody but the owner writes functions.
    if author is None or not author.may(Action.WRITE_FUNCTIONS):
        return
    with pghistory.context(user=author.user_id, url=history.COMMAND):
        functions.add(project=project, author=author.user, reviewer=project.created_by, written=written)


def _load_project(
    plan: DemoProject, users: dict[str, User], now: datetime, rows: int | None, say: Say
) -> None:
    owner = users[plan.owner]
    # What is done here is done by a command, in the name of the person whose project it is.
    with pghistory.context(user=owner.pk, url=history.COMMAND):
        project = _found(plan.source_name, plan.name) or _create(plan, owner, now)
        for upload in plan.uploads(rows):
            say(f"“{plan.name}”: importing {upload.source_name} ...")
            _import(project, owner, upload, now)
        _add_gold(project, owner, plan)
    say(f"“{plan.name}”: simulating two weeks of work ...")
    changed_at = _morning(now, plan.versions[-1].days_ago)
    judgment.meet_gold(project=project, plan=plan, now=now)
    if not history.exists(project):
        history.write(project=project, plan=plan, now=now, changed_at=changed_at)
    answers = project.annotations.filter(origin=Annotation.Origin.SIMULATED, supersedes=None).count()
    say(f"“{plan.name}”: comparing what people said ...")
    judgment.write(project=project, plan=plan, now=now)
    with pghistory.context(user=owner.pk, url=history.COMMAND):
        learning.turn_on(project=project, by=owner)
    say(f"“{plan.name}”: {project.items.count():,} items, {answers:,} simulated answers")


@transaction.atomic
def _create(plan: DemoProject, owner: User, now: datetime) -> Project:
    project = projects.create(
        by=owner,
        name=plan.name,
        description=plan.description,
        guidelines=plan.guidelines_text,
        annotations_per_item=plan.annotations_per_item,
        annotations_at_most=plan.annotations_at_most,
        schema=FirstSchema(plan.fields, plan.versions[0].questions),
    )
    _add_versions(project, owner, plan)
    _add_members(project, owner, plan)
    project.refresh_from_db()
    project.demo = True
    project.save(update_fields=["demo"])
    begun = _morning(now, plan.versions[0].days_ago)
    _backdate(Project.objects.filter(pk=project.pk), created_at=begun)
    _backdate(Membership.objects.filter(project=project), created_at=begun)
    for number, version in enumerate(plan.versions, 1):
        made = Schema.objects.filter(project=project, version=number)
        _backdate(made, created_at=_morning(now, version.days_ago))
    return project


def _add_versions(project: Project, owner: User, plan: DemoProject) -> None:
    for version in plan.versions[1:]:
        schemas.create_schema(
            project=project,
            by=owner,
            fields=plan.fields,
            questions=version.questions,
            mapping=version.mapping,
            note=version.note,
        )


def _add_members(project: Project, owner: User, plan: DemoProject) -> None:
    for username, role in plan.roles.items():
        members.add(project=project, by=owner, username=username, role=role)


def _import(project: Project, owner: User, upload: Upload, now: datetime) -> None:
    dataset = project.datasets.filter(source_name=upload.source_name).first()
    if dataset is None:
        file = ContentFile(upload.content, upload.source_name)
        dataset = imports.create(
            project=project, by=owner, upload=file, name=upload.name, choices=upload.choices
        )
    if dataset.state == Dataset.State.DONE:
        return
    _run(dataset)
    words.index_dataset(dataset_id=dataset.pk)
    at = _morning(now, upload.days_ago) + timedelta(minutes=40)
    took = timezone.now() - dataset.created_at
    times = {"created_at": at, "started_at": at, "finished_at": at + took}
    _backdate(Dataset.objects.filter(pk=dataset.pk), **times)
    _backdate(Item.objects.filter(dataset=dataset), created_at=at)


def _run(dataset: Dataset) -> None:
    """Import here and now, or wait for whoever is at it: a worker, or nobody any more, which shows after a while."""
    end = time.monotonic() + PATIENCE
    while not import_run.run(dataset_id=dataset.pk) and time.monotonic() < end:
        dataset.refresh_from_db()
        if not dataset.is_pending:
            break
        time.sleep(0.5)
    dataset.refresh_from_db()
    if dataset.state != Dataset.State.DONE:
        raise CommandError(
            f"Importing {dataset.source_name} did not end well: {dataset.error or dataset.state}."
        )


def _add_gold(project: Project, owner: User, plan: DemoProject) -> None:
    if project.gold_questions.exists():
        return
    known = list(plan.gold())
    there = set(project.items.filter(key__in=[one.key for one in known]).values_list("key", flat=True))
    gold.put(project=project, by=owner, items=[one for one in known if one.key in there])


def _morning(now: datetime, days_ago: int) -> datetime:
    return now.replace(hour=8, minute=17, second=42) - timedelta(days=days_ago)


def _backdate(rows: QuerySet[Model], **times: datetime) -> None:
    """Give rows of the simulated past their times. Not in the audit trail: that tells when the demo was loaded."""
    registered: list[Any] = [(model, trigger.name) for model, trigger in pgtrigger.registered()]
    ignored = [name for name in ("immutable", "update_update") if (rows.model, name) in registered]
    with pgtrigger.ignore(*(f"{rows.model._meta.label}:{name}" for name in ignored)):
        rows.update(**times)
