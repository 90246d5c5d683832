"""The labeling page: the first items are in it already, so that there is something to answer when it appears."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page

from annotation import markdown
from annotation.pages.base import ProjectPage
from annotation.reports.guidelines import unseen
from annotation.reports.remaining import MOST, open_to
from annotation.roles import Action
from annotation.services import queue
from annotation.services.readings import form_of
from annotation.services.turns import Next, Turn

# What the page holds ahead; static/js/label/queue.js asks for more as they are answered.
AHEAD = 6
# Names of tabs that have closed and left their leases behind; static/js/desk/tab.js writes it.
COOKIE = "label_client"
# Every script of the page, so that the browser fetches all at once instead of import by import.
MODULES = [
    *(
        f"js/desk/{name}.js"
        for name in ("api", "ask", "item", "keys", "notices", "outbox", "session", "status", "store", "tab")
    ),
    *(
        f"js/label/{name}.js"
        for name in (
            "clock",
            "drafts",
            "guidelines",
            "help",
            "history",
            "keys",
            "main",
            "queue",
            "suggest",
            "talk",
            "teach",
        )
    ),
    *(
        f"js/questions/{name}.js"
        for name in ("choices", "form", "multiple_choice", "number", "rating", "single_choice", "text")
    ),
    "js/lib/toasts.js",
]
_CLIENT = re.compile(r"[0-9a-f]{32}")
_NOTHING = Next("", [], None, 0)


@method_decorator([ensure_csrf_cookie, never_cache, gzip_page], name="dispatch")
class LabelPage(ProjectPage):
    action = Action.LABEL
    tab = "label"
    template = "annotation/label.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        state = self._missing()
        if state:
            return self.render(state=state)
        left_behind = _names(request)
        client = left_behind.pop(0) if left_behind else uuid4().hex
        found = self._first(client)
        response = self.render(**self._desk(client, found))
        _leave(response, request.path, left_behind, self.project.lease_minutes * 60)
        return response

    def _missing(self) -> str:
        """Why nothing can be labeled here at all, or ""."""
        if self.project.archived_at:
            return "archived"
        if self.project.schema is None:
            return "no-schema"
        if not self.project.items.exists():
            return "no-items"
        member = self.project.memberships.filter(user=self.user()).exists()
        return "" if member else "no-member"

    def _first(self, client: str) -> Next:
        # A browser that loads the page on the chance that it is wanted must not reserve anything.
        if "prefetch" in self.request.headers.get("Sec-Purpose", ""):
            return _NOTHING
        return queue.next_leases(annotator=self.user(), project=self.project, count=AHEAD, client=client)

    def _desk(self, client: str, found: Next) -> dict[str, Any]:
        turns = [_turn(turn) for turn in found.turns]
        schema = self.project.schema
        assert schema is not None
        open_items = open_to(annotator=self.user(), project=self.project)
        left = None if open_items is None else open_items + len(turns)
        config = {
            "project": self.project.pk,
            "user": {"id": self.user().pk, "username": self.user().username, "hotkeys": self.user().hotkeys},
            "client": client,
            "schema": schema.version,
            "fields": schema.fields,
            "questions": schema.questions,
            "lease_seconds": self.project.lease_minutes * 60,
            "answered": found.answered,
            "left": left,
            "urls": self._urls(),
        }
        return {
            "config": config,
            "modules": [static(name) for name in MODULES],
            "crumbs": [("Label", "")],
            "next": {
                "status": found.status,
                "detail": found.detail,
                "warning": found.warning,
                "training": found.training and asdict(found.training),
                "leases": turns,
                "schema": schema.version,
            },
            "first": turns[0] if turns else None,
            "suggested": _suggested(schema.pk, turns[0] if turns else None),
            "shown": _shown(turns[0]["item"]["payload"], schema.fields, config["urls"]["media"])
            if turns
            else [],
            "questions": schema.questions,
            "answered": found.answered,
            "left": f"{MOST:,}+" if left is None else f"{left:,}",
            "total": found.answered + (left or 0),
            "guidelines": markdown.render(self.project.guidelines) if self.project.guidelines.strip() else "",
            "changed": unseen(user=self.user(), project=self.project),
        }

    def _urls(self) -> dict[str, str]:
        """Addresses for the scripts; /0/ stands for the id of a lease, an item or an annotation."""
        here = {"project_id": self.project.pk}
        return {
            "next": reverse("api:next", kwargs=here),
            "mine": reverse("api:mine", kwargs=here),
            "renew": reverse("api:renew"),
            "submit": reverse("api:submit", args=[0]),
            "skip": reverse("api:skip", args=[0]),
            "draft": reverse("api:draft", args=[0]),
            "revise": reverse("api:revise", args=[0]),
            "flags": reverse("api:flags", args=[0]),
            "comments": reverse("api:comments", args=[0]),
            "guidelines_seen": reverse("api:guidelines-seen", kwargs=here),
            "me": reverse("api:me"),
            "login": reverse("login"),
            "media": reverse("media", args=[self.project.pk, "NAME"]),
        }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "item": {"id": turn.item_id, "key": turn.key, "payload": orjson.loads(turn.payload)},
        "reason": turn.reason,
        "draft": orjson.loads(turn.draft) if turn.draft else None,
        "suggestion": orjson.loads(turn.suggested) if turn.suggested else None,
    }


def _suggested(schema_id: int, turn: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is suggested for the first item, as static/js/label/suggest.js puts it."""
    suggestion = (turn or {}).get("suggestion") or {}
    form = form_of(schema_id)
    said = form.shown(form.fit({name: one["value"] for name, one in suggestion.items()}, set())[0])
    if not said:
        return None
    parts = [
        f"{f'{one.title}: ' if len(said) > 1 else ''}{', '.join(chip.text for chip in one.chips)}, "
        f"{_sure(suggestion[one.name]['confidence'])}"
        for one in said
    ]
    versions = dict.fromkeys(suggestion[one.name]["version"] for one in said)
    return {"versions": " and ".join(versions), "words": " · ".join(parts)}


def _sure(confidence: float | None) -> str:
    return "no score" if confidence is None else f"{confidence:.0%}".replace("%", " %")


def _shown(payload: dict[str, Any], fields: list[dict[str, Any]], media: str) -> list[dict[str, Any]]:
    """What an item shows, as static/js/desk/item.js builds it."""
    fields = [
        field for field in fields or [{"name": name} for name in payload] if field.get("type") != "hidden"
    ]
    shown = []
    for field in fields:
        value = payload.get(field["name"])
        if value is None:
            continue
        kind = field.get("type", "text")
        if kind == "link" and not re.match(r"https?://", str(value)):
            kind = "text"
        words = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        shown.append(
            {
                "title": (field.get("title") or field["name"]) if len(fields) > 1 else "",
                "kind": kind,
                "words": words,
                "url": media.replace("NAME", quote(words)) if kind == "image" else words,
            }
        )
    return shown


def _names(request: HttpRequest) -> list[str]:
    return [name for name in request.COOKIES.get(COOKIE, "").split(".") if _CLIENT.fullmatch(name)]


def _leave(response: HttpResponse, path: str, names: list[str], seconds: int) -> None:
    """Take the name that this page uses out of the cookie; the others stay for other tabs."""
    if names:
        response.set_cookie(COOKIE, ".".join(names), path=path, max_age=seconds, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, path=path, samesite="Lax")


urlpatterns = [path("projects/<int:project_id>/label/", LabelPage.as_view(), name="label")]
