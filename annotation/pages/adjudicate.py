"""The desk of an expert: disputes one after the other, decided by one key; and what was decided lately."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie

from annotation import markdown
from annotation.errors import NotFound
from annotation.models import Item
from annotation.pages.base import ProjectPage
from annotation.pages.forms import tell
from annotation.reports import decisions, disputes
from annotation.roles import Action
from annotation.services import adjudication, guidelines
from annotation.services.adjudication import Step

PAGE = 50
# Every script of the page, so that the browser fetches all at once instead of import by import.
MODULES = [
    *(f"js/adjudicate/{name}.js" for name in ("alike", "amend", "desk", "keys", "main", "view", "words")),
    *(
        f"js/desk/{name}.js"
        for name in ("api", "ask", "item", "keys", "notices", "outbox", "session", "status", "store", "tab")
    ),
    *(
        f"js/questions/{name}.js"
        for name in ("choices", "form", "multiple_choice", "number", "rating", "single_choice", "text")
    ),
    "js/lib/dialogs.js",
    "js/lib/toasts.js",
]


@method_decorator([ensure_csrf_cookie, never_cache], name="dispatch")
class AdjudicatePage(ProjectPage):
    action = Action.ADJUDICATE
    tab = "adjudicate"
    template = "annotation/adjudicate.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        schema = self.project.schema
        if self.project.archived_at or schema is None:
            return self.render(state="archived" if self.project.archived_at else "no-schema")
        wanted = request.GET.get("item", "")
        config = {
            "project": self.project.pk,
            "user": {"id": self.user().pk, "username": self.user().username},
            "fields": schema.fields,
            "questions": schema.questions,
            "schema": schema.version,
            "first": int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None,
            "base": guidelines.latest(self.project) or 0,
            "claim_seconds": adjudication.CLAIM.total_seconds(),
            "most_alike": adjudication.MOST_AT_ONCE,
            "urls": self._urls(),
        }
        return self.render(
            config=config,
            modules=[static(name) for name in MODULES],
            crumbs=[("Adjudicate", "")],
            questions=schema.questions,
            open=disputes.open_count(self.project),
            anonymous=disputes.is_anonymous(self.project, self.user()),
            guidelines=markdown.render(self.project.guidelines) if self.project.guidelines.strip() else "",
        )

    def _urls(self) -> dict[str, str]:
        """Addresses for the scripts; /0/ stands for the id of an item."""
        here = {"project_id": self.project.pk}
        steps = {
            "decide": "adjudicate",
            "reopen": "reopen-decision",
            "more": "ask-more",
            "back": "send-back",
            "retire": "retire-dispute",
        }
        return {
            **{name: reverse(f"api:{route}", args=[0]) for name, route in steps.items()},
            "claim": reverse("api:claim-disputes", kwargs=here),
            "all": reverse("api:decide-disputes", kwargs=here),
            "alike": reverse("api:alike", args=[0]),
            "comments": reverse("api:comments", args=[0]),
            "guidelines": reverse("api:guidelines", kwargs=here),
            "preview": reverse("markdown-preview"),
            "item": reverse("item", kwargs={**here, "item_id": 0}),
            "me": reverse("api:me"),
            "login": reverse("login"),
            "media": reverse("media", args=[self.project.pk, "NAME"]),
        }


class Decisions(ProjectPage):
    """What experts did lately, the latest first."""

    action = Action.ADJUDICATE
    tab = "adjudicate"
    template = "annotation/decisions.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        asked = request.GET.get("before", "")
        before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        found = decisions.decisions(project=self.project, before=before, limit=PAGE + 1)
        more = f"?before={found[PAGE - 1].step.id}" if len(found) > PAGE else ""
        return self.render(
            decisions=found[:PAGE],
            nonce=uuid4().hex,
            following=more,
            first=before is None,
            crumbs=[("Adjudicate", reverse("adjudicate", args=[project_id])), ("Decisions", "")],
        )


class ReopenForm(forms.Form):
    nonce = forms.CharField(max_length=64)
    note = forms.CharField(max_length=adjudication.LONGEST_NOTE, required=False)
    back = forms.CharField(required=False)


class ReopenDecision(ProjectPage):
    """Take a decision back, from the item's page or the list of decisions."""

    action = Action.ADJUDICATE

    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item = Item.objects.filter(pk=item_id, project=self.project).first()
        if item is None:
            raise NotFound("There is no such item in this project.")
        form = ReopenForm(request.POST)
        said: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
        step = Step(said.get("nonce") or uuid4().hex, said.get("note", ""))
        tell(
            request,
            lambda: adjudication.reopen(item_id=item_id, by=self.user(), step=step),
            done=f"{item.key} is disputed again until an expert decides it anew.",
        )
        if said.get("back") == "decisions":
            return redirect("decisions", project_id)
        return redirect("item", project_id, item_id)


urlpatterns = [
    path("projects/<int:project_id>/adjudicate/", AdjudicatePage.as_view(), name="adjudicate"),
    path("projects/<int:project_id>/adjudicate/decisions/", Decisions.as_view(), name="decisions"),
    path(
        "projects/<int:project_id>/items/<int:item_id>/reopen-decision/",
        ReopenDecision.as_view(),
        name="item-reopen-decision",
    ),
]
