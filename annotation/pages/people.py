"""Accounts, for administrators."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation.models import User
from annotation.pages.base import Page
from annotation.pages.forms import attempt, model_limit
from annotation.services import accounts

PAGE = 50


class AccountForm(forms.Form):
    """What a new account and a changed one share."""

    email = forms.EmailField(max_length=model_limit(User, "email"), required=False, label="Email address")
    password = forms.CharField(
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters. Tell it to them in private; they can change it.",
    )
    can_create_projects = forms.BooleanField(required=False, label="May create projects")


class NewAccountForm(AccountForm):
    username = forms.CharField(
        max_length=model_limit(User, "username"),
        label="User name",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    field_order = ("username", "password", "email", "can_create_projects")


class ChangeAccountForm(AccountForm):
    password = forms.CharField(
        max_length=1000,
        strip=False,
        required=False,
        label="New password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Empty: it stays as it is.",
    )
    is_active = forms.BooleanField(
        required=False,
        label="Switched on",
        help_text="Switching off signs them out everywhere and gives the items they hold to others. Answers stay.",
    )
    field_order = ("email", "password", "can_create_projects", "is_active")


class PeoplePage(Page):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.crumbs = [("People", reverse("people"))]
        return super().dispatch(request, *args, **kwargs)


class People(PeoplePage):
    template = "annotation/people.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = accounts.people(by=self.user()).order_by("username")
        words = request.GET.get("q", "").replace("\0", "").strip()
        if words:
            found = found.filter(
                Q(username__icontains=words) | Q(email__icontains=words) | Q(last_name__icontains=words)
            )
        found = found.filter(username__gt=request.GET.get("after", "").replace("\0", ""))
        shown = list(found[: PAGE + 1])
        following = (
            f"?{urlencode({'q': words, 'after': shown[PAGE - 1].username})}" if len(shown) > PAGE else ""
        )
        return self.render(people=shown[:PAGE], words=words, next=following, crumbs=[("People", "")])


class NewPerson(PeoplePage):
    template = "annotation/person_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        accounts.administrators_only(self.user())
        return self._page(NewAccountForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        accounts.administrators_only(self.user())
        form = NewAccountForm(request.POST)
        if form.is_valid():
            made = attempt(form, lambda: accounts.create_user(by=self.user(), **form.cleaned_data))
            if made:
                messages.success(request, f"{made.username} can sign in now.")
                return redirect("people")
        return self._page(form, status=422)

    def _page(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        return self.render(status=status, form=form, crumbs=[*self.crumbs, ("New account", "")])


class OnePerson(PeoplePage):
    template = "annotation/person_form.html"

    def get(self, request: HttpRequest, user_id: int) -> HttpResponse:
        person = accounts.person(by=self.user(), user_id=user_id)
        kept = ("email", "can_create_projects", "is_active")
        return self._page(person, ChangeAccountForm(initial={name: getattr(person, name) for name in kept}))

    def post(self, request: HttpRequest, user_id: int) -> HttpResponse:
        person = accounts.person(by=self.user(), user_id=user_id)
        form = ChangeAccountForm(request.POST)
        if (
            form.is_valid()
            and attempt(form, lambda: self._change(person, dict(form.cleaned_data))) is not None
        ):
            messages.success(request, f"{person.username} is changed.")
            return redirect("people")
        return self._page(person, form, status=422)

    def _change(self, person: User, changes: dict[str, Any]) -> User:
        password = changes.pop("password") or None
        return accounts.change_user(by=self.user(), user=person, password=password, **changes)

    def _page(self, person: User, form: forms.Form, *, status: int = 200) -> HttpResponse:
        return self.render(
            status=status, form=form, person=person, crumbs=[*self.crumbs, (person.username, "")]
        )


urlpatterns = [
    path("people/", People.as_view(), name="people"),
    path("people/new/", NewPerson.as_view(), name="person-new"),
    path("people/<int:user_id>/", OnePerson.as_view(), name="person"),
]
