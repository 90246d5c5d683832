"""What pages share: sign-in, the project and its tabs, domain errors as messages."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views import View

from annotation.errors import NotAllowed, NotFound
from annotation.models import Project, User
from annotation.reports.disputes import MOST_COUNTED, open_count
from annotation.roles import CAN, Action
from annotation.services.access import project_for


class Page(LoginRequiredMixin, View):
    """Base of all pages: `template`, `context()`; errors of the domain become 403 and 404 pages."""

    template = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            # Days and times are those of the reader.
            with timezone.override(getattr(request.user, "zone", None)):
                return super().dispatch(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(str(error)) from error
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error

    def user(self) -> User:
        return cast(User, self.request.user)

    def render(self, *, status: int = 200, fragment: str = "", **context: Any) -> HttpResponse:
        """The page, or for htmx only the named block file `fragment`."""
        htmx = bool(getattr(self.request, "htmx", False)) and fragment
        response = render(
            self.request, fragment if htmx else self.template, self.context(**context), status=status
        )
        patch_vary_headers(response, ["HX-Request"])
        return response

    def context(self, **context: Any) -> dict[str, Any]:
        return context


class ProjectPage(Page):
    """A page of one project. `action` is what a member needs; `tab` is the tab that is lit."""

    action: Action = Action.VIEW
    tab = ""
    project: Project

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        try:
            self.project = project_for(user=self.user(), project_id=kwargs["project_id"], action=self.action)
        except NotFound as error:
            raise Http404(str(error)) from error
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        return super().dispatch(request, *args, **kwargs)

    def context(self, **context: Any) -> dict[str, Any]:
        role = self.project.role_of(self.user())
        can = {action.value: action in CAN[role] for action in Action} if role else {}
        # Shown on the tab, on every page: counted only so far as it is cheap.
        disputed = open_count(self.project) if can.get(Action.ADJUDICATE) else None
        return {
            "project": self.project,
            "tab": self.tab,
            "role": role,
            "can": can,
            "open_disputes": f"{disputed:,}{'+' if disputed >= MOST_COUNTED else ''}" if disputed else None,
            **context,
        }
