"""A project with something in every table that its file holds, and its file taken apart and put together again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone
from PIL import Image

from annotation.models import (
    Alike,
    GoldResult,
    Membership,
    Prediction,
    Project,
    ProjectFile,
    Rejection,
    SavedView,
    Snapshot,
    Split,
    SplitItem,
    Suspension,
    User,
)
from annotation.services import (
    adjudication,
    answers,
    consensus,
    gold,
    guidelines,
    media,
    project_files,
    projects,
    queue,
    reservoir,
    schemas,
    talk,
)
from annotation.services.adjudication import Step
from annotation.services.answers import Answer
from annotation.services.archiving.tables import TABLES
from annotation.services.projects import FirstSchema
from tests.annotation.gold_help import say, take
from tests.factories import FIELDS, SENTIMENT, make_dataset, make_items, make_member, make_user


def image(color: str = "red") -> ContentFile[bytes]:
    out = io.BytesIO()
    Image.new("RGB", (4, 3), color).save(out, "PNG")
    return ContentFile(out.getvalue(), "cats/red.png")


def full_project() -> Project:
    """Answers and revisions, drafts, decisions, known answers, talk, tags, images, a snapshot: something of each."""
    owner = make_user(can_create_projects=True)
    first = FirstSchema(FIELDS, SENTIMENT)
    project = projects.create(by=owner, name="Everything", schema=first, annotations_per_item=2, gold_rate=0)
    make_items(project, 6, dataset=make_dataset(project, state="done", source_name="=cmd|' /C calc'!A0"))
    make_items(project, 3)
    dataset = project.datasets.get()
    Rejection.objects.create(dataset=dataset, row=3, message='Bad "row", a\nline and \\ too')
    Rejection.objects.create(
        dataset=dataset, row=4, message="Nearly the same", other=project.items.order_by("pk")[1].pk
    )
    media.add(project=project, by=owner, upload=image())
    people = [make_member(project, user=make_user(name)) for name in ("zoe", "Anna")]
    _work(project, people)
    _decide_and_know(project, make_member(project, "adjudicator", user=make_user("ada")))
    _publish(project)
    _table(project)
    return project


def _work(project: Project, people: list[User]) -> None:
    for who, said in zip(people, ("positive", "negative"), strict=True):
        for turn in take(who, project, 4).turns:
            receipt = say(who, turn, {"sentiment": said})
        answers.revise(
            annotator=who,
            annotation_id=receipt.annotation_id,
            given=Answer({"sentiment": "neutral"}, "again"),
        )
        turns = take(who, project, 3).turns
        queue.save_draft(annotator=who, lease_id=turns[0].id, answer={"sentiment": "neutral", "said": "=1+1"})
        answers.skip(annotator=who, lease_id=turns[1].id, reason="Too dark")
    item = project.items.first()
    first = talk.comment(by=people[0], item_id=item.pk, body='Why, "though"?\n\n@sum(1)')
    talk.comment(by=people[1], item_id=item.pk, body="Because.", parent_id=first.pk)
    talk.flag(by=people[1], item_id=item.pk, reason="Broken picture")
    Suspension.objects.create(
        project=project, user=people[0], reason="Below the bar", right=3, judged=9, bar=0.8, created_at=timezone.now(),
        first_annotation=project.annotations.earliest("pk").pk, last_annotation=project.annotations.latest("pk").pk,
    )  # fmt: skip


def _decide_and_know(project: Project, expert: User) -> None:
    disputed = project.items.filter(state="disputed").first()
    step = Step(nonce="one", note="Plainly so")
    adjudication.decide(item_id=disputed.pk, by=expert, answer={"sentiment": "positive"}, step=step)
    last = project.items.order_by("-pk")[:2]
    known = [gold.Known({"sentiment": "positive"}, key=item.key, explanation="See there") for item in last]
    gold.put(project=project, by=project.created_by, items=known)
    answer = project.annotations.latest("pk")
    GoldResult.objects.create(
        annotation=answer, project=project, item=answer.item, annotator=answer.annotator, rotation=1, right=False,
        questions={"sentiment": False}, created_at=timezone.now(),
    )  # fmt: skip
    Membership.objects.filter(project=project).update(turns=7)
    project.refresh_from_db()


def _publish(project: Project) -> None:
    owner = project.created_by
    projects.change(project=project, by=owner, guidelines="Look *closely*.", gold_rate=0.1)
    guidelines.see(user=owner, project_id=project.pk, change_id=guidelines.latest(project))
    questions = [{**SENTIMENT[0], "name": "mood", "title": "Mood"}]
    schemas.create_schema(
        project=project, by=owner, fields=project.schema.fields, questions=questions,
        mapping={"mood": {"from": "sentiment"}},
    )  # fmt: skip
    project.refresh_from_db()


def _table(project: Project) -> None:
    owner, (first, second, *_) = project.created_by, project.items.order_by("pk")
    second.tags.create(tag=project.tags.create(name="odd"))
    SavedView.objects.create(
        project=project, name="Mine", where='tag = "odd"', created_by=owner, columns=["key"]
    )
    split = Split.objects.create(
        project=project,
        name="parts",
        kind="group",
        parts=[{"name": "train", "share": 1}],
        by="text",
        created_by=owner,
    )
    SplitItem.objects.create(split=split, item=first, part=0)
    Alike.objects.create(item=second, of=first, similarity=0.91)
    Prediction.objects.create(
        project=project, item=first, schema=project.schema, question="mood", kind="model", source="big", version="3",
        value="positive", confidence=0.25, distribution={"positive": 0.25}, created_at=timezone.now(),
    )  # fmt: skip
    stored = default_storage.save("snapshots/2026/01/a.parquet", ContentFile(b"PAR1 and more PAR1"))
    Snapshot.objects.create(
        project=project, number=1, state="done", split=split, created_by=owner, file=stored, size=18, sha256="a" * 64,
        manifest={"rows": 1}, row_count=1, options={"gold": True},
    )  # fmt: skip
    reservoir.put(project=project, by=owner, size=100, seed=5)
    reservoir.settle(reservoir.Admission(project.reservoir, {first.key: 0.25}, 0))
    consensus.mark_all_due(project_id=project.pk)


def archived(project: Project) -> ProjectFile:
    made = project_files.archive(project=project, by=project.created_by)
    project_files.run(file_id=made.pk)
    made.refresh_from_db()
    assert made.error == ""
    return made


def restored(data: bytes, by: User, name: str = "") -> ProjectFile:
    made = project_files.restore(by=by, upload=ContentFile(data, "p.zip"), name=name)
    project_files.run(file_id=made.pk)
    made.refresh_from_db()
    return made


def bytes_of(made: ProjectFile) -> bytes:
    with made.file.open("rb") as stream:
        return bytes(stream.read())


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The file with another part, and a manifest that vouches for it."""
    import hashlib

    parts = parts_of(data)
    parts[name] = change(parts[name])
    manifest: dict[str, Any] = json.loads(parts["manifest.json"])
    abouts = {f"tables/{about['name']}.csv": about for about in manifest["tables"]}
    abouts |= {"people.csv": manifest["people"], "files.csv": manifest["files"]}
    if name in abouts:
        abouts[name].update(size=len(parts[name]), sha256=hashlib.sha256(parts[name]).hexdigest())
        parts["manifest.json"] = json.dumps(manifest).encode()
    return packed(parts)


def with_manifest(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    parts = parts_of(data)
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    parts["manifest.json"] = json.dumps(manifest).encode()
    return packed(parts)


def counts() -> dict[type[models.Model], int]:
    return {table.model: table.model._default_manager.count() for table in TABLES}
