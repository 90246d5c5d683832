"""REST: snapshots, the splits that they keep, and how two of them differ. Their files are in snapshot_downloads.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.api.splits import SplitView
from annotation.errors import Fault, InvalidInput, NotFound
from annotation.models import Comparison, Project, Snapshot, Split
from annotation.roles import Action
from annotation.services import snapshot_deletion, snapshots
from annotation.services.snapshot_choices import Choice

_MOST = 2**63 - 1


class SnapshotRequest(serializers.Serializer[Any]):
    name = Text(max_length=snapshots.LONGEST_NAME, default="", allow_blank=True)
    rows = serializers.ChoiceField(
        Snapshot.Rows.values,
        default=Snapshot.Rows.CONSENSUS,
        help_text="One row for each item with its consensus, or one for each person's answer.",
    )
    where = Text(
        max_length=5000,
        default="",
        allow_blank=True,
        help_text="Only items that pass this filter; docs/filters.md tells the language.",
    )
    dataset = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=_MOST, help_text="Only items of this import."
    )
    since = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Only what was answered then or later."
    )
    until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Only what was answered before."
    )
    adjudicated = serializers.BooleanField(default=False, help_text="Only consensus that an expert decided.")
    min_confidence = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="Only consensus at least so sure.",
    )
    probabilities = serializers.BooleanField(
        default=False, help_text="Consensus rows with the probability of each label."
    )
    unlabeled = serializers.BooleanField(
        default=False, help_text="Consensus rows also for items that have no consensus."
    )
    probable = serializers.BooleanField(
        default=False,
        help_text="Consensus rows with the chance of each label by labeling functions, beside the consensus; null where none votes. "
        "Together with `unlabeled` also for items that nobody has answered.",
    )
    gold = serializers.BooleanField(
        default=False,
        help_text="With the known answers of gold questions. For those who may configure the project.",
    )
    holdout = serializers.BooleanField(
        default=False,
        help_text="With the holdout items, which no model may be trained on. For those who may configure the project.",
    )
    split = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=_MOST, help_text="The id of a split."
    )


class SnapshotView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    project = serializers.IntegerField(source="project_id")
    number = serializers.IntegerField(help_text="Counted in each project.")
    name = serializers.CharField(allow_blank=True)
    rows = serializers.ChoiceField(Snapshot.Rows.values)
    where = serializers.CharField(allow_blank=True)
    options = serializers.DictField(help_text="The other choices, as far as they differ from the defaults.")
    split = SplitView(allow_null=True)
    status = serializers.ChoiceField(Snapshot.State.values, source="state")
    done = serializers.IntegerField(help_text="Items that were looked at.")
    total = serializers.IntegerField(help_text="Of how many; 0 while nobody knows.")
    row_count = serializers.IntegerField()
    sha256 = serializers.CharField(
        allow_blank=True, help_text="Of the rows as JSON lines: equal for equal contents."
    )
    size = serializers.IntegerField(help_text="Of the Parquet file, in bytes.")
    error = serializers.CharField(allow_blank=True, help_text="Why it failed.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    download_url = serializers.SerializerMethodField(help_text="Takes `?format=`; works once it is done.")
    formats_url = serializers.SerializerMethodField(help_text="The formats, and what each cannot carry.")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, snapshot: Snapshot) -> str:
        return self._link("snapshot", snapshot)

    @extend_schema_field(OpenApiTypes.URI)
    def get_download_url(self, snapshot: Snapshot) -> str:
        return self._link("snapshot-download", snapshot)

    @extend_schema_field(OpenApiTypes.URI)
    def get_formats_url(self, snapshot: Snapshot) -> str:
        return self._link("snapshot-formats", snapshot)

    def _link(self, name: str, snapshot: Snapshot) -> str:
        place = reverse(f"api:{name}", args=[snapshot.pk])
        return str(self.context["request"].build_absolute_uri(place))


class SnapshotDetailView(SnapshotView):
    manifest = serializers.DictField(
        help_text="What it was made from and what is in it; empty until it is done. docs/snapshots.md lists all of it."
    )


class SnapshotPage(serializers.Serializer[Any]):
    results = SnapshotView(many=True)
    next = serializers.URLField(allow_null=True)


class SnapshotComparisonView(serializers.Serializer[Any]):
    url = serializers.SerializerMethodField()
    old = serializers.IntegerField(source="old_id")
    new = serializers.IntegerField(source="new_id")
    status = serializers.ChoiceField(Comparison.State.values, source="state")
    done = serializers.IntegerField(help_text="Rows that were looked at, of both.")
    total = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    result = serializers.DictField(help_text="Empty until it is done; docs/snapshots.md lists all of it.")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, comparison: Comparison) -> str:
        place = reverse("api:snapshot-compare", args=[comparison.old_id, comparison.new_id])
        return str(self.context["request"].build_absolute_uri(place))


def choice_of(data: dict[str, Any]) -> Choice:
    return Choice(**{name: data[name] for name in Choice.__dataclass_fields__ if data.get(name) is not None})


def split_of(project: Project, split_id: int | None) -> Split | None:
    """The split of this id. Raises InvalidInput where the project has none."""
    if split_id is None:
        return None
    found = project.splits.filter(pk=split_id).first()
    if found is None:
        message = "The project has no such split."
        raise InvalidInput(message, faults=[Fault(("split",), message)])
    return found


def view_of(request: Request, snapshot: Snapshot, *, status: int = 200) -> Response:
    body = SnapshotDetailView(snapshot, context={"request": request}).data
    return Response(body, status=status, headers={"Location": body["url"]} if status == 202 else None)


class Snapshots(Api):
    @extend_schema(
        operation_id="list_snapshots",
        parameters=PAGE_PARAMETERS,
        responses={200: SnapshotPage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The snapshots of a project, oldest first; those with known answers only for those who may configure it."""
        project = self.project(project_id, Action.EXPORT)
        page = query(PageRequest, request)
        found = snapshots.snapshots_for(user=self.user(), project=project).filter(pk__gt=page["after"])
        rows = list(found.order_by("pk")[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=SnapshotView))

    @extend_schema(
        operation_id="create_snapshot",
        request=SnapshotRequest,
        responses={202: SnapshotDetailView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Freeze what the project has come to, as an immutable file. A worker makes it: poll the answer's `url`."""
        project = self.project(project_id, Action.EXPORT)
        data = valid(SnapshotRequest, request)
        made = snapshots.create(
            project=project,
            by=self.user(),
            choice=choice_of(data),
            name=data["name"],
            split=split_of(project, data.get("split")),
        )
        tasks.snapshot_soon(made.pk)
        return view_of(request, made, status=202)


class OneSnapshot(Api):
    @extend_schema(
        operation_id="get_snapshot", responses={200: SnapshotDetailView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, snapshot_id: int) -> Response:
        """How far a snapshot is and, once it is done, its manifest."""
        return view_of(request, snapshots.snapshot_for(user=self.user(), snapshot_id=snapshot_id))

    @extend_schema(operation_id="delete_snapshot", responses={204: None, **PROBLEMS(401, 403, 404, 409)})
    def delete(self, request: Request, snapshot_id: int) -> Response:
        """Delete a snapshot with its files and comparisons, for good; its number is not given again. Not while it is being made
        or compared. For those who may configure the project."""
        snapshot = snapshots.snapshot_for(user=self.user(), snapshot_id=snapshot_id)
        snapshot_deletion.delete(snapshot=snapshot, by=self.user())
        tasks.snapshot_gone(snapshot_id)
        return Response(status=204)


class Verb(Api):
    """One thing to do with a snapshot."""

    verb: Callable[..., Snapshot]

    def post(self, request: Request, snapshot_id: int) -> Response:
        snapshot = snapshots.snapshot_for(user=self.user(), snapshot_id=snapshot_id)
        snapshot = type(self).verb(snapshot=snapshot, by=self.user())
        if snapshot.state == Snapshot.State.WAITING:
            tasks.snapshot_soon(snapshot.pk)
        return view_of(request, snapshot)


def _verb(name: str, description: str) -> type[Verb]:
    """A view that calls the service function of this name."""
    documented = extend_schema(
        operation_id=f"{name}_snapshot",
        description=description,
        request=None,
        responses={200: SnapshotDetailView, **PROBLEMS(401, 403, 404, 409)},
    )
    view = type(name.title(), (Verb,), {"verb": staticmethod(getattr(snapshots, name))})
    return extend_schema_view(post=documented)(view)


class Compare(Api):
    @extend_schema(
        operation_id="get_comparison", responses={200: SnapshotComparisonView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, snapshot_id: int, other_id: int) -> Response:
        """What changed from one snapshot to another, once somebody has asked for it."""
        old, new = self._both(snapshot_id, other_id)
        found = Comparison.objects.filter(old=old, new=new).first()
        if found is None:
            raise NotFound("Nobody has asked for this comparison yet; POST here to have it made.")
        return Response(SnapshotComparisonView(found, context={"request": request}).data)

    @extend_schema(
        operation_id="compare_snapshots",
        request=None,
        responses={202: SnapshotComparisonView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, snapshot_id: int, other_id: int) -> Response:
        """Ask what changed from the first snapshot to the other. Asked again, the answer is the same: neither ever changes."""
        old, new = self._both(snapshot_id, other_id)
        found = snapshots.compare(old=old, new=new, by=self.user())
        if found.is_pending:
            tasks.comparison_soon(found.pk)
        body = SnapshotComparisonView(found, context={"request": request}).data
        return Response(body, status=202, headers={"Location": body["url"]})

    def _both(self, old: int, new: int) -> tuple[Snapshot, Snapshot]:
        user = self.user()
        return (
            snapshots.snapshot_for(user=user, snapshot_id=old),
            snapshots.snapshot_for(user=user, snapshot_id=new),
        )


_ONE = "snapshots/<int:snapshot_id>/"
urlpatterns = [
    path("projects/<int:project_id>/snapshots/", Snapshots.as_view(), name="snapshots"),
    path(_ONE, OneSnapshot.as_view(), name="snapshot"),
    path(
        f"{_ONE}cancel/",
        _verb(
            "cancel", "Stop making a snapshot of your own; others', if you may configure the project."
        ).as_view(),
        name="snapshot-cancel",
    ),
    path(
        f"{_ONE}retry/",
        _verb(
            "retry",
            "Make a snapshot that failed or was cancelled after all, of what the project has come to by then.",
        ).as_view(),
        name="snapshot-retry",
    ),
    path(f"{_ONE}compare/<int:other_id>/", Compare.as_view(), name="snapshot-compare"),
]
