"""Saved views: a filter and its columns under a name, for everybody in the project."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from annotation import filtering
from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Project, SavedView, User
from annotation.roles import Action, may
from annotation.services.access import check
from annotation.services.validation import clean

MOST_VIEWS = 200
MOST_COLUMNS = 60
LONGEST_COLUMN = 200


def view_for(*, user: User, view_id: int, action: Action = Action.BROWSE) -> SavedView:
    """The view, if this person may do this in its project. Raises NotFound, NotAllowed."""
    view = SavedView.objects.select_related("project__schema", "created_by").filter(pk=view_id).first()
    if view is None:
        raise NotFound("There is no such view, or you are not a member of its project.")
    check(user=user, project=view.project, action=action)
    return view


def save(
    *,
    project: Project,
    by: User,
    name: str,
    where: str = "",
    columns: Sequence[str] = (),
    overwrite: bool = False,
) -> SavedView:
    """Keep a filter under a name. Raises NotAllowed, InvalidInput, and Conflict for a name that is taken, unless it is to be
    overwritten."""
    check(user=by, project=project, action=Action.TAG)
    view = SavedView(project=project, name=_clean_name(name), created_by=by)
    _fill(view, by, where, columns)
    if project.views.count() >= MOST_VIEWS:
        raise Conflict(f"A project has at most {MOST_VIEWS} saved views; delete one first.")
    if overwrite:
        values = {"where": view.where, "columns": view.columns}
        return SavedView.objects.update_or_create(
            project=project, name=view.name, defaults=values, create_defaults={**values, "created_by": by}
        )[0]
    return _saved(view)


def change(
    *,
    view: SavedView,
    by: User,
    name: str | None = None,
    where: str | None = None,
    columns: Sequence[str] | None = None,
) -> SavedView:
    """Rename a view, or give it another filter or other columns. Raises NotAllowed, InvalidInput, Conflict."""
    check(user=by, project=view.project, action=Action.TAG)
    if name is not None:
        view.name = _clean_name(name)
    if where is not None or columns is not None:
        _fill(
            view,
            by,
            view.where if where is None else where,
            view.columns if columns is None else columns,
        )
    return _saved(view)


def delete(*, view: SavedView, by: User) -> None:
    check(user=by, project=view.project, action=Action.TAG)
    view.delete()


def _fill(view: SavedView, by: User, where: str, columns: Sequence[str]) -> None:
    gold = may(view.project.role_of(by), Action.CONFIGURE)
    filtering.checked(view.project, where, gold=gold)
    if len(columns) > MOST_COLUMNS or any(len(name) > LONGEST_COLUMN for name in columns):
        message = f"At most {MOST_COLUMNS} columns, with names of at most {LONGEST_COLUMN} characters."
        raise InvalidInput(message, faults=[Fault(("columns",), message)])
    view.where, view.columns = where.strip(), list(dict.fromkeys(columns))


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    clean(SavedView(name=name), only={"name"})
    return name


def _saved(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        message = f"There is a view {view.name} already."
        raise Conflict(message, faults=[Fault(("name",), message)]) from error
    return view
