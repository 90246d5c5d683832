"""Forget a person at their request, for administrators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation import tasks
from annotation.models import User
from annotation.pages.base import Page
from annotation.pages.forms import attempt, model_limit, tell
from annotation.services import accounts, erasure


class EraseForm(forms.Form):
    answers = forms.ChoiceField(
        choices=[
            (erasure.KEEP, "Keep them under a number: counts, agreement and consensus stay as they are"),
            (erasure.WITHDRAW, "Withdraw them: they count no longer, and others are asked in their place"),
        ],
        initial=erasure.KEEP,
        widget=forms.RadioSelect,
        label="Their answers",
    )
    username = forms.CharField(
        max_length=model_limit(User, "username"),
        label="Their username",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Type it as it is written above, so that nobody erases the wrong one.",
    )


class Erase(Page):
    template = "annotation/person_erase.html"

    def get(self, request: HttpRequest, user_id: int) -> HttpResponse:
        return self._page(user_id, EraseForm())

    def post(self, request: HttpRequest, user_id: int) -> HttpResponse:
        person = accounts.person(by=self.user(), user_id=user_id)
        form = EraseForm(request.POST)
        if form.is_valid():
            erase = partial(erasure.erase, by=self.user(), user=person, **form.cleaned_data)
            if attempt(form, erase):
                tasks.forget_figures(user_id=user_id)
                messages.success(request, f"What remains is person-{user_id}.")
                return redirect("person-erase", user_id)
        return self._page(user_id, form, status=422)

    def _page(self, user_id: int, form: forms.Form, *, status: int = 200) -> HttpResponse:
        person = accounts.person(by=self.user(), user_id=user_id)
        found = erasure.preview(by=self.user(), user=person)
        crumbs = [
            ("People", reverse("people")),
            (person.username, reverse("person", args=[user_id])),
            ("Erase", ""),
        ]
        return self.render(status=status, form=form, person=person, found=found, crumbs=crumbs)


class RemoveNaming(Page):
    """A button beside a file that keeps the name."""

    remove: Callable[..., Any]

    def post(self, request: HttpRequest, user_id: int, number: int) -> HttpResponse:
        person = accounts.person(by=self.user(), user_id=user_id)
        tell(request, partial(type(self).remove, number, by=self.user()), done="The file is deleted.")
        return redirect("person-erase", person.pk)


class RemoveSnapshot(RemoveNaming):
    @staticmethod
    def remove(number: int, by: User) -> None:
        erasure.remove_snapshot(by=by, snapshot_id=number)


class RemoveFile(RemoveNaming):
    @staticmethod
    def remove(number: int, by: User) -> None:
        erasure.remove_file(by=by, file_id=number)


_HERE = "people/<int:user_id>/erase/"
urlpatterns = [
    path(_HERE, Erase.as_view(), name="person-erase"),
    path(f"{_HERE}snapshots/<int:number>/", RemoveSnapshot.as_view(), name="person-erase-snapshot"),
    path(f"{_HERE}files/<int:number>/", RemoveFile.as_view(), name="person-erase-file"),
]
