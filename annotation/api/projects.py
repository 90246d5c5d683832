"""REST: projects and their progress."""

from __future__ import annotations

from typing import Any

from django.urls import path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import AnyJson, Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.models import Project, SkipPolicy
from annotation.reports import progress
from annotation.roles import Action, Role
from annotation.services import projects

_MOST = 2**31 - 1


class SchemaRequest(serializers.Serializer[Any]):
    fields = serializers.ListField(  # type: ignore[assignment]
        child=AnyJson(),
        default=list,
        help_text="[{name, type}]: which keys of a payload are shown, and as what.",
    )
    questions = serializers.ListField(child=AnyJson(), help_text="[{name, type, labels: [{value, title}]}]")


def share(help_text: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=1, required=False, help_text=help_text, **options)


class ChangeProjectRequest(serializers.Serializer[Any]):
    name = Text(max_length=120, required=False)
    description = Text(max_length=500, allow_blank=True, required=False)
    guidelines = Text(
        max_length=100_000, allow_blank=True, trim_whitespace=False, required=False, help_text="Markdown."
    )
    annotations_per_item = serializers.IntegerField(min_value=1, max_value=100, required=False)
    lease_minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False)
    skip_policy = serializers.ChoiceField(SkipPolicy.values, required=False)
    annotation_limit = serializers.IntegerField(
        min_value=0,
        max_value=_MOST,
        allow_null=True,
        required=False,
        help_text="At most so many answers by one member.",
    )

    annotations_at_most = serializers.IntegerField(
        min_value=1,
        max_value=100,
        allow_null=True,
        required=False,
        help_text="While the consensus is less sure than `target_confidence`, so many people are asked; null: "
        "`annotations_per_item` and no more.",
    )
    target_confidence = share("From 0 to 1: an item whose consensus is as sure as this is settled.")
    gold_rate = serializers.FloatField(
        min_value=0,
        max_value=0.5,
        required=False,
        help_text="Which share of a person's turns are gold questions: 0.05 is one in 20.",
    )
    gold_exposures = serializers.IntegerField(
        min_value=1,
        max_value=_MOST,
        allow_null=True,
        required=False,
        help_text="How often a gold question is shown before it rests until the next rotation; null: always.",
    )
    gold_feedback = serializers.BooleanField(
        required=False, help_text="Whether people are told at once how they did on a gold question."
    )
    gold_bar = share(
        "Whoever gets less than this share of the latest gold questions right is paused; null: nobody is.",
        allow_null=True,
    )
    training_questions = serializers.IntegerField(
        min_value=0,
        max_value=1000,
        required=False,
        help_text="So many gold questions, with feedback, come before an annotator's real work.",
    )
    training_bar = share("This share of the training questions has to be right.")
    suggestions = serializers.BooleanField(
        required=False,
        help_text="Whether people are shown what the latest model says of an item. Which answers follow it is recorded.",
    )
    adjudicate_own = serializers.BooleanField(
        required=False, help_text="Whether experts may decide items that they answered."
    )
    anonymous_answers = serializers.BooleanField(
        required=False, help_text="Whether experts decide without seeing who said what."
    )


class NewProjectRequest(ChangeProjectRequest):
    name = Text(max_length=120)
    annotations_per_item = serializers.IntegerField(min_value=1, max_value=100, default=1)
    schema = SchemaRequest(required=False)


class SchemaBrief(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    fields = serializers.JSONField()  # type: ignore[assignment]
    questions = serializers.JSONField()


class ProjectBrief(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    annotations_per_item = serializers.IntegerField()
    lease_minutes = serializers.IntegerField()
    skip_policy = serializers.ChoiceField(SkipPolicy.values)
    annotation_limit = serializers.IntegerField(allow_null=True)
    simulated = serializers.BooleanField(source="demo", help_text="Filled with simulated people and answers.")
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)
    role = serializers.SerializerMethodField(help_text="Your role here.")
    url = serializers.SerializerMethodField()

    def get_role(self, project: Project) -> str:
        return str(self.context["roles"][project.pk])

    def get_url(self, project: Project) -> str:
        request: Request = self.context["request"]
        return request.build_absolute_uri(reverse("api:project", kwargs={"project_id": project.pk}))


class ProjectView(ProjectBrief):
    guidelines = serializers.CharField(allow_blank=True)
    annotations_at_most = serializers.IntegerField(allow_null=True)
    target_confidence = serializers.FloatField()
    gold_rate = serializers.FloatField()
    gold_exposures = serializers.IntegerField(allow_null=True)
    gold_rotation = serializers.IntegerField(help_text="The number of the rotation that goes on.")
    gold_feedback = serializers.BooleanField()
    gold_bar = serializers.FloatField(allow_null=True)
    training_questions = serializers.IntegerField()
    training_bar = serializers.FloatField()
    suggestions = serializers.BooleanField()
    adjudicate_own = serializers.BooleanField()
    anonymous_answers = serializers.BooleanField()
    schema = SchemaBrief(allow_null=True)


class ProjectListView(serializers.Serializer[Any]):
    results = ProjectBrief(many=True)
    next = serializers.CharField(allow_null=True)


class ProjectListRequest(PageRequest):
    archived = serializers.BooleanField(default=False)


class CountsView(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    disputed = serializers.IntegerField()
    resolved = serializers.IntegerField()
    retired = serializers.IntegerField()


class DayView(serializers.Serializer[Any]):
    day = serializers.DateField()
    annotations = serializers.IntegerField()


class EffortView(serializers.Serializer[Any]):
    answers = serializers.IntegerField(help_text="Answers that are still wanted.")
    seconds = serializers.FloatField(
        allow_null=True, help_text="At the median time; null while nobody has answered."
    )
    median_seconds = serializers.FloatField(allow_null=True)
    basis = serializers.IntegerField(help_text="Of how many of the latest answers the median is.")


class PersonView(serializers.Serializer[Any]):
    user_id = serializers.IntegerField()
    username = serializers.CharField()
    role = serializers.CharField()
    answered = serializers.IntegerField()
    skips = serializers.IntegerField()
    median_seconds = serializers.FloatField(allow_null=True)
    per_hour = serializers.FloatField(
        allow_null=True, help_text="Answers per hour of work; breaks are left out."
    )
    last_active = serializers.DateTimeField(allow_null=True)
    simulated = serializers.BooleanField()


class ProgressView(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField()
    items = CountsView()
    answers = serializers.IntegerField(help_text="Items answered, each counted once for each person.")
    remaining = EffortView()
    days = DayView(many=True, help_text="Annotations, revisions included, in your time zone.")
    open_flags = serializers.IntegerField()
    people = PersonView(many=True, help_text="Everybody, or only you if your role does not see others.")


class Projects(Api):
    @extend_schema(
        operation_id="projects",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("archived", bool, description="The archived ones instead."),
        ],
        responses={200: ProjectListView, **PROBLEMS(400, 401)},
    )
    def get(self, request: Request) -> Response:
        """The projects that you are a member of."""
        wanted = query(ProjectListRequest, request)
        mine = Project.objects.visible_to(self.user()).filter(archived_at__isnull=not wanted["archived"])
        found = list(mine.filter(pk__gt=wanted["after"]).order_by("pk")[: wanted["limit"] + 1])
        roles = projects.roles_in(user=self.user(), found=found)
        return Response(
            paged(
                request=request,
                rows=found,
                limit=wanted["limit"],
                view=ProjectBrief,
                context={"roles": roles},
            )
        )

    @extend_schema(
        operation_id="create_project",
        request=NewProjectRequest,
        responses={201: ProjectView, **PROBLEMS(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make a project, with its first questions or without; you become its owner."""
        data = valid(NewProjectRequest, request)
        questions = data.pop("schema", None)
        schema = projects.FirstSchema(**questions) if questions else None
        made = projects.create(by=self.user(), schema=schema, **data)
        return Response(_view(made, request, Role.OWNER), status=201)


class OneProject(Api):
    @extend_schema(operation_id="project", responses={200: ProjectView, **PROBLEMS(401, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """A project, its rules and its current questions."""
        return self._answer(self.project(project_id, Action.VIEW))

    @extend_schema(
        operation_id="change_project",
        request=ChangeProjectRequest,
        responses={200: ProjectView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, project_id: int) -> Response:
        """Change words and rules. `annotations_per_item` goes to every item that is there already."""
        project = self.project(project_id, Action.CONFIGURE)
        data = valid(ChangeProjectRequest, request)
        return self._answer(projects.change(project=project, by=self.user(), **data))

    def _answer(self, project: Project) -> Response:
        role = project.role_of(self.user())
        return Response(_view(project, self.request, role))


class Archive(Api):
    @extend_schema(
        operation_id="archive_project", request=None, responses={200: ProjectView, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Close a project: nobody gets items any more, everything stays readable."""
        project = self.project(project_id, Action.ARCHIVE)
        archived = projects.archive(project=project, by=self.user())
        return Response(_view(archived, request, archived.role_of(self.user())))


class Restore(Api):
    @extend_schema(
        operation_id="restore_project", request=None, responses={200: ProjectView, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Open an archived project again."""
        project = self.project(project_id, Action.ARCHIVE)
        restored = projects.restore(project=project, by=self.user())
        return Response(_view(restored, request, restored.role_of(self.user())))


class ProjectProgress(Api):
    @extend_schema(operation_id="project_progress", responses={200: ProgressView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """How far the work is; the figures are a few seconds old at most, see `as_of`."""
        project = self.project(project_id, Action.VIEW)
        found = progress.of_project(project=project, viewer=self.user())
        return Response(ProgressView(found).data)


def _view(project: Project, request: Request, role: Role | None) -> Any:
    return ProjectView(project, context={"request": request, "roles": {project.pk: role}}).data


urlpatterns = [
    path("projects/", Projects.as_view(), name="projects"),
    path("projects/<int:project_id>/", OneProject.as_view(), name="project"),
    path("projects/<int:project_id>/archive/", Archive.as_view(), name="project-archive"),
    path("projects/<int:project_id>/restore/", Restore.as_view(), name="project-restore"),
    path("projects/<int:project_id>/progress/", ProjectProgress.as_view(), name="project-progress"),
]
