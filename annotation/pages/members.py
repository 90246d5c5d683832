"""Who belongs to a project, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from annotation.errors import NotFound
from annotation.models import Membership, User
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, model_limit, tell
from annotation.reports.suspensions import Doubt, listed
from annotation.roles import ACTIONS, CAN, Action, Role, may
from annotation.services import members

PAGE = 100
_MOST = 2**31 - 1
ROLES: dict[Role, str] = {
    Role.OWNER: "everything, archiving included",
    Role.MANAGER: "runs the project",
    Role.ADJUDICATOR: "labels and decides disputes",
    Role.ANNOTATOR: "labels",
    Role.VIEWER: "reads and downloads",
}


@dataclass(frozen=True)
class Right:
    """One line of the table of rights: what, and for each role whether."""

    words: str
    roles: list[bool]


def rights() -> list[Right]:
    return [Right(words, [action in CAN[role] for role in Role]) for action, words in ACTIONS.items()]


class AddForm(forms.Form):
    username = forms.CharField(
        max_length=model_limit(User, "username"),
        label="User name",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(initial=Role.ANNOTATOR)

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _choices(roles)  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    role = forms.ChoiceField()
    annotation_limit = forms.IntegerField(
        min_value=0,
        max_value=_MOST,
        required=False,
        label="Limit",
        help_text="At most so many answers by this person. Empty: the limit of the project.",
    )
    paused_reason = forms.CharField(
        max_length=model_limit(Membership, "paused_reason"),
        required=False,
        label="Pause",
        help_text="While a reason stands here, this person gets no items, and reads it on the labeling page.",
    )

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _choices(roles)  # type: ignore[attr-defined]


def _choices(roles: list[Role]) -> list[tuple[str, str]]:
    return [(role.value, f"{role.value.title()}: {ROLES[role]}") for role in roles]


class MembersPage(ProjectPage):
    """What the pages of members share."""

    tab = "members"

    def grantable(self) -> list[Role]:
        """The roles that this person may give: only owners make owners."""
        owner = may(self.project.role_of(self.user()), Action.ARCHIVE)
        return [role for role in Role if role is not Role.OWNER or owner]


class Members(MembersPage):
    template = "annotation/members.html"
    action = Action.BROWSE

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(AddForm(roles=self.grantable()))

    def _page(self, form: AddForm, *, status: int = 200) -> HttpResponse:
        after = self.request.GET.get("after", "").replace("\0", "")
        found = self.project.memberships.filter(user__username__gt=after).select_related("user")
        shown = list(found.order_by("user__username")[: PAGE + 1])
        following = f"?{urlencode({'after': shown[PAGE - 1].user.username})}" if len(shown) > PAGE else ""
        return self.render(
            status=status,
            form=form,
            members=shown[:PAGE],
            training=self.project.training_questions > 0
            and self.project.gold_questions.filter(holdout=False).exists(),
            doubts=self._doubts(),
            next=following,
            rights=rights(),
            roles=list(Role),
            owner=Role.OWNER in self.grantable(),
            crumbs=[("Members", "")],
        )

    def _doubts(self) -> list[Doubt]:
        """Answers of which somebody has to say what becomes of them; only for those who may."""
        if not may(self.project.role_of(self.user()), Action.MEMBERS):
            return []
        return listed(project=self.project, open_only=True, limit=PAGE)


class AddMember(Members):
    action = Action.MEMBERS

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("members", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = AddForm(request.POST, roles=self.grantable())
        if form.is_valid():
            add = {"project": self.project, "by": self.user(), **form.cleaned_data}
            if made := attempt(form, lambda: members.add(**add)):
                messages.success(request, f"{made.user.username} is now {made.role} of this project.")
                return redirect("members", project_id)
        return self._page(form, status=422)


class Member(MembersPage):
    """One member: role, limit, pause."""

    template = "annotation/member.html"
    action = Action.MEMBERS

    def member(self, user_id: int) -> Membership:
        found = self.project.memberships.select_related("user").filter(user_id=user_id).first()
        if found is None:
            raise NotFound("There is no such member.")
        return found

    def get(self, request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
        member = self.member(user_id)
        return self._page(member, MemberForm(initial=vars(member), roles=self._roles(member)))

    def post(self, request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
        member = self.member(user_id)
        form = MemberForm(request.POST, roles=self._roles(member))
        if form.is_valid():
            change = {"project": self.project, "by": self.user(), "user_id": user_id, **form.cleaned_data}
            if attempt(form, lambda: members.change(**change)):
                messages.success(request, f"{member.user.username} is changed.")
                return redirect("members", project_id)
        return self._page(member, form, status=422)

    def _roles(self, member: Membership) -> list[Role]:
        """An owner's role stays as it is unless an owner changes it."""
        roles = self.grantable()
        return roles if member.role != Role.OWNER or Role.OWNER in roles else [Role.OWNER]

    def _page(self, member: Membership, form: MemberForm, *, status: int = 200) -> HttpResponse:
        crumbs = [("Members", f"/projects/{self.project.pk}/members/"), (member.user.username, "")]
        return self.render(
            status=status, member=member, form=form, crumbs=crumbs, touchable=self._touchable(member)
        )

    def _touchable(self, member: Membership) -> bool:
        return member.role != Role.OWNER or Role.OWNER in self.grantable()


class RemoveMember(Member):
    def get(self, request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
        return redirect("member", project_id, user_id)

    def post(self, request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
        name = self.member(user_id).user.username
        remove = partial(members.remove, project=self.project, by=self.user(), user_id=user_id)
        tell(request, remove, done=f"{name} is no longer a member. Their answers stay.")
        return redirect("members", project_id)


urlpatterns = [
    path("projects/<int:project_id>/members/", Members.as_view(), name="members"),
    path("projects/<int:project_id>/members/add/", AddMember.as_view(), name="member-add"),
    path("projects/<int:project_id>/members/<int:user_id>/", Member.as_view(), name="member"),
    path(
        "projects/<int:project_id>/members/<int:user_id>/remove/",
        RemoveMember.as_view(),
        name="member-remove",
    ),
]
