"""What becomes of members below the bar and of their answers: the buttons of the Members page."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from annotation.errors import NotFound
from annotation.models import Suspension
from annotation.pages.base import ProjectPage
from annotation.pages.forms import tell
from annotation.roles import Action
from annotation.services import suspensions


class DoubtPage(ProjectPage):
    action = Action.MEMBERS

    def suspension(self, suspension_id: int) -> Suspension:
        found = Suspension.objects.filter(pk=suspension_id, project=self.project).first()
        if found is None:
            raise NotFound("There is no such suspension in this project.")
        return found


class Lift(DoubtPage):
    def post(self, request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
        lift = partial(suspensions.lift, project=self.project, by=self.user(), user_id=user_id)
        tell(request, lift, done="They can go on. What they answered before is held against them no longer.")
        return redirect("members", project_id)


class SetAside(DoubtPage):
    def post(self, request: HttpRequest, project_id: int, suspension_id: int) -> HttpResponse:
        one = self.suspension(suspension_id)
        act = partial(suspensions.set_aside, suspension_id=one.pk, by=self.user())
        tell(request, act, done="These answers count no longer; others are asked in their place.")
        return redirect("members", project_id)


class LetStand(DoubtPage):
    def post(self, request: HttpRequest, project_id: int, suspension_id: int) -> HttpResponse:
        one = self.suspension(suspension_id)
        act = partial(suspensions.let_stand, suspension_id=one.pk, by=self.user())
        tell(request, act, done="These answers stand.")
        return redirect("members", project_id)


_MEMBERS = "projects/<int:project_id>/members/"
urlpatterns = [
    path(f"{_MEMBERS}<int:user_id>/lift/", Lift.as_view(), name="member-lift"),
    path(f"{_MEMBERS}doubts/<int:suspension_id>/set-aside/", SetAside.as_view(), name="set-aside"),
    path(f"{_MEMBERS}doubts/<int:suspension_id>/let-stand/", LetStand.as_view(), name="let-stand"),
]
