"""Gold questions, many at once: from answers that settle an item beyond doubt, and from a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from annotation.errors import InvalidInput
from annotation.importing.records import Source
from annotation.pages.forms import PercentField, attempt
from annotation.pages.gold import GoldPage, id_of
from annotation.pages.payloads import shown
from annotation.questions import QUESTION_TYPES, Shown
from annotation.reports.readings import readings_under
from annotation.services import gold, gold_choosing, gold_files
from annotation.services.gold_choosing import Candidate, Wish
from annotation.services.gold_use import Use


class ChooseForm(forms.Form):
    count = forms.IntegerField(min_value=1, max_value=gold_choosing.MOST, initial=20, label="How many")
    confidence = PercentField(
        initial=0.95, label="Confidence at least, in %", help_text="Of what people answered alike."
    )
    experts = forms.BooleanField(required=False, initial=True, label="Decided by an expert")
    unanimous = forms.BooleanField(
        required=False, initial=True, label="Everybody who answered said the same (at least two people)"
    )

    holdout = forms.BooleanField(
        required=False,
        label="Keep them from people, to check models",
        help_text="Nobody is shown them, and no model learns from them.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not (data.get("experts") or data.get("unanimous")):
            self.add_error(None, "Choose at least one of the two kinds of items.")
        return data

    def wish(self) -> Wish:
        data = self.cleaned_data
        return Wish(data["count"], data["confidence"], experts=data["experts"], unanimous=data["unanimous"])

    def use(self) -> Use:
        return Use.HOLDOUT if self.cleaned_data["holdout"] else Use.PEOPLE


class ChooseGold(GoldPage):
    """Gold questions from answers: what would be taken is shown before it is."""

    template = "annotation/gold_choose.html"
    title = "From answers"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = ChooseForm(request.GET) if request.GET else ChooseForm()
        found: list[Candidate] | None = None
        if form.is_bound and form.is_valid():
            found = attempt(form, lambda: self._candidates(form.wish()))
        return self._page(form, found, status=422 if form.is_bound and form.errors else 200)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = ChooseForm(request.POST)
        items = [id_of(one) for one in request.POST.getlist("item")]
        if form.is_valid():
            kept = attempt(form, lambda: self._adopt(form.wish(), items, form.use()))
            if kept:
                messages.success(
                    request, f"{kept.created} new gold question{'' if kept.created == 1 else 's'}."
                )
                return redirect("gold", project_id)
        found = (
            attempt(form, lambda: self._candidates(form.wish()))
            if not form.errors.get("count") and form.is_valid()
            else None
        )
        return self._page(form, found, status=422)

    def _candidates(self, wish: Wish) -> list[Candidate]:
        return gold_choosing.candidates(project=self.project, by=self.user(), wish=wish)

    def _adopt(self, wish: Wish, items: list[int], use: Use) -> gold.Kept:
        if not items:
            raise InvalidInput("Choose at least one item.")
        return gold_choosing.adopt(project=self.project, by=self.user(), items=items, wish=wish, use=use)

    def _page(self, form: ChooseForm, found: list[Candidate] | None, *, status: int) -> HttpResponse:
        rows = None if found is None else [self._row(one) for one in found]
        return self.render(status=status, form=form, rows=rows)

    def _row(self, one: Candidate) -> tuple[Candidate, Any, list[Shown]]:
        assert self.project.schema_id is not None
        answer = readings_under(self.project.schema_id).form.shown(one.answer)
        return one, next(iter(shown(self.project, one.payload)), None), answer


class FileForm(forms.Form):
    file = forms.FileField(allow_empty_file=True, max_length=1000)


class UploadGold(GoldPage):
    template = "annotation/gold_upload.html"
    title = "From a file"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(FileForm())

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(form, status=422)
        file = form.cleaned_data["file"]
        source = Source(file, file.size)
        taken = attempt(
            form,
            lambda: gold_files.take(project=self.project, by=self.user(), source=source, name=file.name),
        )
        return self._page(form, taken=taken, status=200 if taken else 422)

    def _page(
        self, form: FileForm, *, status: int = 200, taken: gold_files.Taken | None = None
    ) -> HttpResponse:
        questions = self.project.schema.questions if self.project.schema else []
        columns = [f"answer.{question['name']}" for question in questions]
        return self.render(
            status=status,
            form=form,
            taken=taken,
            columns=columns,
            sets=any(QUESTION_TYPES[question["type"]].scale == "set" for question in questions),
            rows=gold_files.MOST_ROWS,
        )


_GOLD = "projects/<int:project_id>/gold/"
urlpatterns = [
    path(f"{_GOLD}from-answers/", ChooseGold.as_view(), name="gold-choose"),
    path(f"{_GOLD}from-file/", UploadGold.as_view(), name="gold-upload"),
]
