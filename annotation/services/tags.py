"""Tags: words by which a team finds items again. Whoever uses a new one makes it."""

from __future__ import annotations

import unicodedata

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Project, Tag, User
from annotation.roles import Action
from annotation.services.access import check

LONGEST = 60


def tag_for(*, user: User, tag_id: int, action: Action = Action.TAG) -> Tag:
    """The tag, if this person may do this in its project. Raises NotFound, NotAllowed."""
    tag = Tag.objects.select_related("project").filter(pk=tag_id).first()
    if tag is None:
        raise NotFound("There is no such tag, or you are not a member of its project.")
    check(user=user, project=tag.project, action=action)
    return tag


def ensure(*, project: Project, by: User, name: str) -> Tag:
    """The tag of this name, made if there is none; capital letters make no other one. Raises NotAllowed, InvalidInput."""
    check(user=by, project=project, action=Action.TAG)
    return made(project=project, name=clean_name(name))


def made(*, project: Project, name: str) -> Tag:
    """The tag of this clean name, made if there is none; for those whose right was checked before."""
    if found := named(project=project, name=name):
        return found
    tag, _ = Tag.objects.get_or_create(project=project, name=name)
    return tag


def named(*, project: Project, name: str) -> Tag | None:
    low = clean_name(name).lower()
    return Tag.objects.alias(low=Lower("name")).filter(project=project, low=low).order_by("pk").first()


@transaction.atomic
def rename(*, tag: Tag, by: User, name: str) -> Tag:
    """Call a tag otherwise, on all its items. Raises NotAllowed, InvalidInput, Conflict for the name of another."""
    check(user=by, project=tag.project, action=Action.TAG)
    name = clean_name(name)
    same = named(project=tag.project, name=name)
    if same is not None and same.pk != tag.pk:
        raise Conflict(f"There is a tag {same.name} already.")
    tag.name = name
    try:
        with transaction.atomic():
            tag.save(update_fields=["name"])
    except IntegrityError as error:
        raise Conflict(f"There is a tag {name} already.") from error
    return tag


def delete(*, tag: Tag, by: User) -> None:
    """Take a tag off all its items and forget it. Raises NotAllowed."""
    check(user=by, project=tag.project, action=Action.TAG)
    tag.delete()


def clean_name(name: str) -> str:
    """Raises InvalidInput for what cannot be a tag."""
    name = " ".join(name.split())
    fault = ""
    if not name:
        fault = "Give the tag a name."
    elif len(name) > LONGEST:
        fault = f"A tag has at most {LONGEST} characters."
    elif any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        fault = "A tag has no control characters."
    if fault:
        raise InvalidInput(fault, faults=[Fault(("tag",), fault)])
    return name
