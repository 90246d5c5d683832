"""Who may do what to which project: the one place where roles are looked up."""

from __future__ import annotations

from annotation.errors import NotAllowed, NotFound
from annotation.models import Item, Project, User
from annotation.roles import ACTIONS, Action, may


def project_for(*, user: User, project_id: int, action: Action) -> Project:
    """The project, if this person may do this there. Raises NotFound for strangers, NotAllowed for members."""
    project = Project.objects.select_related("schema").filter(pk=project_id).first()
    if project is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    check(user=user, project=project, action=action)
    return project


def item_for(*, user: User, item_id: int, action: Action) -> Item:
    """The item, if this person may do this in its project. Raises NotFound or NotAllowed."""
    item = Item.objects.select_related("project__schema").filter(pk=item_id).first()
    if item is None:
        raise NotFound("There is no such item, or you are not a member of its project.")
    check(user=user, project=item.project, action=action)
    return item


def check(*, user: User, project: Project, action: Action) -> None:
    """Raises NotFound for strangers and NotAllowed for members whose role does not include this."""
    role = project.role_of(user)
    if role is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    if not may(role, action):
        words = ACTIONS[action]
        raise NotAllowed(
            f"Your role here is {role.value}; it does not let you {words[0].lower()}{words[1:]}."
        )
