"""REST: the same done to many items, by a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path, reverse
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.models import BulkAction
from annotation.roles import Action
from annotation.services import bulk, tags

_MOST = 2**63 - 1


class BulkActionRequest(serializers.Serializer[Any]):
    action = serializers.ChoiceField(BulkAction.Action.values)
    where = Text(
        max_length=5000,
        allow_blank=True,
        default="",
        help_text="All items that match this filter; said to be empty, all of the project.",
    )
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=_MOST),
        default=list,
        max_length=bulk.MOST_ITEMS,
        help_text="Ids of single items, instead of a filter.",
    )
    people = serializers.ListField(
        child=Text(max_length=150),
        default=list,
        max_length=bulk.MOST_PEOPLE,
        help_text="Usernames: whom to assign to; whose assignments to take back (everybody's if empty).",
    )
    everybody = serializers.BooleanField(
        default=False, help_text="Assign each item to all these people, instead of dealing them out in turn."
    )
    tag = Text(
        max_length=tags.LONGEST,
        allow_blank=True,
        default="",
        help_text="Which tag, for tag (made if it is new) and untag.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A list of ids that came out empty, or a filter that was forgotten, is no wish for every item."""
        if not attrs["items"] and ("items" in self.initial_data or "where" not in self.initial_data):
            raise serializers.ValidationError(
                {
                    "items": 'Say which items: their ids, or a filter as where; {"where": ""} means all of them.'
                }
            )
        return attrs


class BulkActionView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    project = serializers.IntegerField(source="project_id")
    action = serializers.ChoiceField(BulkAction.Action.values)
    where = serializers.CharField(allow_blank=True)
    items = serializers.ListField(child=serializers.IntegerField())
    people = serializers.SerializerMethodField()
    everybody = serializers.SerializerMethodField()
    tag = serializers.SerializerMethodField()
    status = serializers.ChoiceField(BulkAction.State.values, source="state")
    done = serializers.IntegerField(help_text="How many items it has looked at.")
    total = serializers.IntegerField(help_text="Of how many; 0 while nobody knows.")
    changed = serializers.IntegerField(help_text="How many items it changed.")
    left = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Why the others were left as they were: {reason: how many}; docs/data-table.md lists the reasons.",
    )
    error = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, job: BulkAction) -> str:
        place = reverse("api:bulk-action", args=[job.pk])
        return str(self.context["request"].build_absolute_uri(place))

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_people(self, job: BulkAction) -> list[str]:
        return list(job.parameters.get("people", []))

    def get_everybody(self, job: BulkAction) -> bool:
        return bool(job.parameters.get("everybody"))

    def get_tag(self, job: BulkAction) -> str:
        return str(job.parameters.get("tag", ""))


class BulkActionPage(serializers.Serializer[Any]):
    results = BulkActionView(many=True)
    next = serializers.URLField(allow_null=True)


def view_of(request: Request, job: BulkAction, *, status: int = 200) -> Response:
    body = BulkActionView(job, context={"request": request}).data
    return Response(body, status=status, headers={"Location": body["url"]} if status == 202 else None)


class BulkActions(Api):
    @extend_schema(
        operation_id="bulk_actions",
        parameters=PAGE_PARAMETERS,
        responses={200: BulkActionPage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The bulk actions of a project, oldest first: those of kinds that you may start yourself."""
        project = self.project(project_id, Action.TAG)
        page = query(PageRequest, request)
        kinds = bulk.allowed(project.role_of(self.user()))
        found = project.bulk_actions.filter(pk__gt=page["after"], action__in=kinds)
        rows = list(found.select_related("created_by").order_by("pk")[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=BulkActionView))

    @extend_schema(
        operation_id="start_bulk_action",
        request=BulkActionRequest,
        responses={202: BulkActionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Do the same to many items: ask again, assign, take assignments back, retire, tag, remove a tag.

        A worker does it. Poll the answer's `url`. Items that come after the request are not touched.
        """
        project = self.project(project_id, Action.TAG)
        made = bulk.create(project=project, by=self.user(), **valid(BulkActionRequest, request))
        tasks.run_bulk_soon(made.pk)
        return view_of(request, made, status=202)


class OneBulkAction(Api):
    @extend_schema(operation_id="bulk_action", responses={200: BulkActionView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, action_id: int) -> Response:
        """How far a bulk action is, and what it left as it was."""
        return view_of(request, bulk.action_for(user=self.user(), action_id=action_id))


class Verb(Api):
    """One thing to do with a bulk action."""

    verb: Callable[..., BulkAction]

    def post(self, request: Request, action_id: int) -> Response:
        job = type(self).verb(job=bulk.action_for(user=self.user(), action_id=action_id))
        if job.state == BulkAction.State.WAITING:
            tasks.run_bulk_soon(job.pk)
        return view_of(request, job)


def _verb(name: str, description: str) -> type[Verb]:
    documented = extend_schema(
        operation_id=f"{name}_bulk_action",
        description=description,
        request=None,
        responses={200: BulkActionView, **PROBLEMS(401, 403, 404, 409)},
    )
    view = type(name.title(), (Verb,), {"verb": staticmethod(getattr(bulk, name))})
    return extend_schema_view(post=documented)(view)


urlpatterns = [
    path("projects/<int:project_id>/bulk-actions/", BulkActions.as_view(), name="bulk-actions"),
    path("bulk-actions/<int:action_id>/", OneBulkAction.as_view(), name="bulk-action"),
    path(
        "bulk-actions/<int:action_id>/cancel/",
        _verb("cancel", "Stop at the next batch; what was done stays.").as_view(),
        name="bulk-action-cancel",
    ),
    path(
        "bulk-actions/<int:action_id>/retry/",
        _verb("retry", "Go on behind the last batch of one that failed or was cancelled.").as_view(),
        name="bulk-action-retry",
    ),
]
