"""Saved views of the data table, and the project's tags: save, rename, overwrite, delete."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation.errors import Conflict, InvalidInput, NotFound
from annotation.filtering import quoted
from annotation.models import SavedView, Tag
from annotation.pages.base import ProjectPage
from annotation.pages.forms import tell
from annotation.pages.item_filters import Address
from annotation.reports.tags import counted
from annotation.roles import Action
from annotation.services import tags, views


class ViewPage(ProjectPage):
    action = Action.TAG

    def get(self, request: HttpRequest, project_id: int, view_id: int = 0) -> HttpResponse:
        return redirect("items", project_id)

    def view(self, view_id: int) -> SavedView:
        found = views.view_for(user=self.user(), view_id=view_id, action=Action.TAG)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such view in this project.")
        return found

    def show(self, view: SavedView) -> HttpResponse:
        address = Address(where=view.where, columns=tuple(view.columns), view=view.pk)
        return redirect(reverse("items", args=[self.project.pk]) + address.query())


class SaveView(ViewPage):
    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        given, columns = request.POST, request.POST.getlist("column")
        try:
            saved = views.save(
                project=self.project,
                by=self.user(),
                name=given.get("name", ""),
                where=given.get("where", ""),
                columns=columns,
                overwrite="overwrite" in given,
            )
        except (InvalidInput, Conflict) as error:
            messages.error(request, " ".join(fault.message for fault in error.faults) or str(error))
            kept = Address(where=given.get("where", ""), columns=tuple(columns))
            return redirect(reverse("items", args=[project_id]) + kept.query())
        messages.success(request, f"“{saved.name}” is saved, for everybody in the project.")
        return self.show(saved)


class ChangeView(ViewPage):
    """`name` alone renames; otherwise it gets what the table shows now."""

    def post(self, request: HttpRequest, project_id: int, view_id: int) -> HttpResponse:
        view = self.view(view_id)
        given = request.POST
        if "name" in given:
            change = partial(views.change, view=view, by=self.user(), name=given["name"])
        else:
            where, columns = given.get("where", ""), given.getlist("column")
            change = partial(views.change, view=view, by=self.user(), where=where, columns=columns)
        tell(request, change, done="The view is changed.")
        view.refresh_from_db()
        return self.show(view)


class DeleteView(ViewPage):
    def post(self, request: HttpRequest, project_id: int, view_id: int) -> HttpResponse:
        view = self.view(view_id)
        tell(request, lambda: views.delete(view=view, by=self.user()), done=f"“{view.name}” is deleted.")
        return redirect(reverse("items", args=[project_id]) + Address(where=view.where).query())


class Tags(ProjectPage):
    template = "annotation/tags.html"
    action = Action.BROWSE
    tab = "items"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        crumbs = [("Data", reverse("items", args=[project_id])), ("Tags", "")]
        listed = [
            (one, Address(where=f"tag = {quoted(one.tag.name)}").query()) for one in counted(self.project)
        ]
        return self.render(tags=listed, crumbs=crumbs)


class TagVerb(ProjectPage):
    action = Action.TAG

    def get(self, request: HttpRequest, project_id: int, tag_id: int) -> HttpResponse:
        return redirect("tags", project_id)

    def tag(self, tag_id: int) -> Tag:
        found = tags.tag_for(user=self.user(), tag_id=tag_id)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such tag in this project.")
        return found


class RenameTag(TagVerb):
    def post(self, request: HttpRequest, project_id: int, tag_id: int) -> HttpResponse:
        tag, name = self.tag(tag_id), request.POST.get("name", "")
        rename = partial(tags.rename, tag=tag, by=self.user(), name=name)
        tell(request, rename, done="The tag has another name now.")
        return redirect("tags", project_id)


class DeleteTag(TagVerb):
    def post(self, request: HttpRequest, project_id: int, tag_id: int) -> HttpResponse:
        tag = self.tag(tag_id)
        tell(request, lambda: tags.delete(tag=tag, by=self.user()), done=f"The tag {tag.name} is deleted.")
        return redirect("tags", project_id)


_VIEWS, _TAGS = "projects/<int:project_id>/views/", "projects/<int:project_id>/tags/"
urlpatterns = [
    path(_VIEWS, SaveView.as_view(), name="view-save"),
    path(f"{_VIEWS}<int:view_id>/", ChangeView.as_view(), name="view-change"),
    path(f"{_VIEWS}<int:view_id>/delete/", DeleteView.as_view(), name="view-delete"),
    path(_TAGS, Tags.as_view(), name="tags"),
    path(f"{_TAGS}<int:tag_id>/", RenameTag.as_view(), name="tag-rename"),
    path(f"{_TAGS}<int:tag_id>/delete/", DeleteTag.as_view(), name="tag-delete"),
]
