"""The schema builder, and the versions of a schema."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie

from annotation.errors import NotFound
from annotation.models import Schema
from annotation.pages.base import ProjectPage
from annotation.pages.label import _shown
from annotation.pages.schema_starters import STARTERS
from annotation.questions import FIELD_TYPES, QUESTION_TYPES, check_schema, normalize
from annotation.questions.colors import COLORS, ROTATION
from annotation.questions.definition import editable
from annotation.questions.keys import RESERVED
from annotation.reports import schemas as reports
from annotation.roles import Action

VERSIONS = 20


@method_decorator(ensure_csrf_cookie, name="dispatch")
class SchemaPage(ProjectPage):
    """The builder for those who configure, the form to look at for the others."""

    tab = "schema"
    template = "annotation/schema.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        schema, crumbs = self.project.schema, [("Schema", "")]
        edit = self.context()["can"]["configure"] and not self.project.archived_at
        if not edit:
            return self.render(schema=schema, questions=schema.questions if schema else [], crumbs=crumbs)
        return self.render(
            schema=schema, edit=True, config=self._config(schema), starters=STARTERS, crumbs=crumbs
        )

    def _config(self, schema: Schema | None) -> dict[str, Any]:
        here = {"project_id": self.project.pk}
        return {
            "project": self.project.pk,
            "user": self.user().pk,
            "version": schema.version if schema else 0,
            "base": _editable(schema),
            "from": _editable(self._start()),
            "types": [{"name": kind.name, "title": kind.title} for kind in QUESTION_TYPES.values()],
            "field_types": [{"name": kind.name, "title": kind.title} for kind in FIELD_TYPES.values()],
            "colors": list(COLORS),
            "rotation": list(ROTATION),
            "reserved": RESERVED,
            "keys": [
                {"name": key.name, "example": key.example, "type": key.type}
                for key in reports.payload_keys(project=self.project)
            ],
            "starters": [starter["questions"] for starter in STARTERS],
            "urls": {
                "form": reverse("schema-form", kwargs=here),
                "effects": reverse("api:schemas-preview", kwargs=here),
                "publish": reverse("api:schemas", kwargs=here),
            },
        }

    def _start(self) -> Schema | None:
        """The older version that somebody wants to begin from, if the address names one."""
        version = self.request.GET.get("from", "")
        if not version.isascii() or not version.isdigit() or len(version) > 9:
            return None
        return self.project.schemas.filter(version=int(version)).first()


def _editable(schema: Schema | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"version": schema.version, "fields": schema.fields, "questions": editable(schema.questions)}


class FormPreview(ProjectPage):
    """The labeling form of a draft, drawn by the templates of the labeling page; or what is wrong with the draft."""

    action = Action.CONFIGURE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        draft = _read(request)
        if draft is None:
            return JsonResponse({"detail": "The body is not a draft."}, status=400)
        faults = check_schema(draft.get("fields"), draft.get("questions"))
        if faults:
            return JsonResponse({"faults": [fault.as_json() for fault in faults]})
        fields, questions = normalize(draft["fields"], draft["questions"])
        form = render_to_string(
            "annotation/questions/form.html", {"questions": questions, "prefix": "preview"}
        )
        sample = render_to_string("annotation/label_item.html", {"shown": self._sample(fields)})
        return JsonResponse({"faults": [], "questions": questions, "form": form, "sample": sample})

    def _sample(self, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        payload = self.project.items.order_by("pk").values_list("payload", flat=True).first()
        return _shown(payload or {}, fields, f"/projects/{self.project.pk}/media/NAME")


def _read(request: HttpRequest) -> dict[str, Any] | None:
    try:
        draft = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None
    return draft if isinstance(draft, dict) else None


class Versions(ProjectPage):
    """What each version changed."""

    tab = "schema"
    template = "annotation/schema_versions.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        given = request.GET.get("before", "")
        before = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
        found = reports.versions(project=self.project, before=before, limit=VERSIONS + 1)
        following = f"?before={found[VERSIONS - 1].schema.version}" if len(found) > VERSIONS else ""
        crumbs = [("Schema", reverse("schema", args=[project_id])), ("Versions", "")]
        return self.render(versions=found[:VERSIONS], next=following, crumbs=crumbs)


class OneVersion(ProjectPage):
    """One version: its form, to look at and to try, and its JSON."""

    tab = "schema"
    template = "annotation/schema_version.html"

    def get(self, request: HttpRequest, project_id: int, version: int) -> HttpResponse:
        found = reports.versions(project=self.project, before=min(version, 2**31 - 2) + 1, limit=1)
        if not found or found[0].schema.version != version:
            raise NotFound("There is no such version.")
        schema = found[0].schema
        text = orjson.dumps(
            {"fields": schema.fields, "questions": schema.questions}, option=orjson.OPT_INDENT_2
        )
        crumbs = [
            ("Schema", reverse("schema", args=[project_id])),
            ("Versions", reverse("schema-versions", args=[project_id])),
        ]
        return self.render(
            version=found[0],
            questions=schema.questions,
            json=text.decode(),
            crumbs=[*crumbs, (f"Version {version}", "")],
        )


urlpatterns = [
    path("projects/<int:project_id>/schema/", SchemaPage.as_view(), name="schema"),
    path("projects/<int:project_id>/schema/form/", FormPreview.as_view(), name="schema-form"),
    path("projects/<int:project_id>/schema/versions/", Versions.as_view(), name="schema-versions"),
    path(
        "projects/<int:project_id>/schema/versions/<int:version>/",
        OneVersion.as_view(),
        name="schema-version",
    ),
]
