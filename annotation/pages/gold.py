"""Gold questions: the list, how people do on each and what each is for; making, changing and removing them."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation.errors import InvalidInput, NotFound
from annotation.models import GoldQuestion, Item
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, tell, text_area
from annotation.pages.payloads import shown
from annotation.reports import gold as report
from annotation.reports.readings import readings_under
from annotation.roles import Action
from annotation.services import gold, gold_choosing, gold_use, predictions
from annotation.services.gold_use import Use

PAGE = 50
PREVIEW = 200
# What a tolerance counts, by type of question.
TOLERANCES = {
    "multiple_choice": "labels too many or too few",
    "rating": "points off",
    "number": "off",
    "text": "letters off",
}


class GoldPage(ProjectPage):
    """What the pages of gold questions share."""

    action = Action.CONFIGURE
    tab = "gold"
    title = ""

    def context(self, **context: Any) -> dict[str, Any]:
        first = ("Gold", reverse("gold", args=[self.project.pk]) if self.title else "")
        crumbs = [first, *([(self.title, "")] if self.title else [])]
        return {**super().context(**context), "crumbs": crumbs}


class Gold(GoldPage):
    template = "annotation/gold.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        after = id_of(request.GET.get("after", ""))
        found = gold.listed(project=self.project, by=self.user(), after=after, limit=PAGE + 1)
        rows = report.rows(self.project, found[:PAGE])
        return self.render(
            rows=[(row, _preview(self, row.gold.item)) for row in rows],
            gold=report.overview(self.project),
            waiting=predictions.waiting_gold(self.project),
            next=f"?after={found[PAGE - 1].item_id}" if len(found) > PAGE else "",
            first=not after,
            after=after,
        )


def id_of(given: str) -> int:
    """An id that came from a browser; 0 for anything else."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _preview(page: ProjectPage, item: Item) -> Any:
    """The first thing that an item shows."""
    return next(iter(shown(page.project, item.payload)), None)


class Rotate(GoldPage):
    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        rotate = partial(gold.rotate, project=self.project, by=self.user())
        tell(
            request, rotate, done="A new rotation has begun: everybody may get every gold question once more."
        )
        return redirect("gold", project_id)


class UseOfGold(GoldPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        use = Use.PEOPLE if request.POST.get("people") else Use.HOLDOUT
        known = gold_use.change_use(project=self.project, by=self.user(), item_id=item_id, use=use)
        words = "is kept from people, to check models" if known.holdout else "may be shown to people"
        messages.success(request, f"{known.item.key} {words}.")
        after = id_of(request.POST.get("after", ""))
        here = reverse("gold", args=[project_id])
        return redirect(f"{here}?after={after}" if after else here)


class RemoveGold(GoldPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        gold.remove(project=self.project, by=self.user(), item_id=item_id)
        messages.success(request, "It is an ordinary item again. Its answers stay.")
        return redirect("gold", project_id)


class GoldForm(forms.Form):
    """A known answer; the answer itself comes from the labeling form as JSON."""

    answer = forms.CharField(widget=forms.HiddenInput, max_length=100_000, required=False)
    explanation = forms.CharField(
        required=False,
        max_length=gold.LONGEST_EXPLANATION,
        widget=text_area(3),
        help_text="Why it is so. People read it where they are told how they did.",
    )

    holdout = forms.BooleanField(
        required=False,
        label="Keep it from people, to check models",
        help_text="Nobody is shown it, and no model learns from it.",
    )

    def __init__(self, *args: Any, questions: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tolerances = {}
        for question in questions:
            if words := TOLERANCES.get(question["type"]):
                name = f"tolerance-{question['name']}"
                unit = f" ({question['unit']})" if question.get("unit") else ""
                self.fields[name] = forms.FloatField(
                    min_value=0,
                    required=False,
                    label=f"{question['title']}: right within",
                    help_text=f"{words}{unit}. Empty: exactly.",
                    widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
                )
                self.tolerances[name] = question["name"]

    def known(self, key: str) -> gold.Known:
        data = self.cleaned_data
        try:
            answer = orjson.loads(data["answer"] or "{}")
        except orjson.JSONDecodeError as error:
            raise InvalidInput("The answer cannot be read; load the page again.") from error
        tolerance = {question: data[name] for name, question in self.tolerances.items() if data[name]}
        use = Use.HOLDOUT if data["holdout"] else Use.PEOPLE
        return gold.Known(
            answer, key=key, tolerance=tolerance, explanation=data["explanation"].strip(), use=use
        )

    def tolerance_fields(self) -> list[Any]:
        return [self[name] for name in self.tolerances]


class OneGold(GoldPage):
    """The known answer of one item: a new one, filled in with what is settled, or the one that there is."""

    template = "annotation/gold_edit.html"

    def item(self, item_id: int) -> Item:
        found = Item.objects.select_related("project__schema", "gold").filter(
            pk=item_id, project=self.project
        )
        item = found.first()
        if item is None:
            raise NotFound("There is no such item in this project.")
        self.title = item.key
        return item

    def get(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item = self.item(item_id)
        if self.project.schema is None:
            return redirect("gold", project_id)
        known: GoldQuestion | None = getattr(item, "gold", None)
        initial: dict[str, Any] = {}
        if known:
            tolerances = {f"tolerance-{name}": value for name, value in known.tolerance.items()}
            initial = {"explanation": known.explanation, "holdout": known.holdout, **tolerances}
        form = GoldForm(initial=initial, questions=self.project.schema.questions)
        answer = self._known_answer(known) if known else gold_choosing.settled_answer(item)
        return self._page(item, form, answer)

    def _known_answer(self, known: GoldQuestion) -> dict[str, Any]:
        assert self.project.schema_id is not None
        return readings_under(self.project.schema_id).read(known.schema_id, known.answer)[0]

    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item = self.item(item_id)
        if self.project.schema is None:
            return redirect("gold", project_id)
        form = GoldForm(request.POST, questions=self.project.schema.questions)
        kept = attempt(form, lambda: self._put(form, item.key)) if form.is_valid() else None
        if kept is not None:
            messages.success(request, f"{item.key} is a gold question.")
            return redirect("gold", project_id)
        try:
            answer = orjson.loads(form["answer"].value() or "{}")
        except orjson.JSONDecodeError:
            answer = {}
        return self._page(item, form, answer if isinstance(answer, dict) else {}, status=422)

    def _put(self, form: GoldForm, key: str) -> gold.Kept:
        try:
            return gold.put(project=self.project, by=self.user(), items=[form.known(key)])
        except InvalidInput as error:
            # Their paths begin with the position in the list.
            words = [
                f"{'.'.join(map(str, fault.path[3:])) or 'The answer'}: {fault.message}"
                for fault in error.faults
            ]
            raise InvalidInput(" ".join(words) or str(error)) from error

    def _page(self, item: Item, form: GoldForm, answer: dict[str, Any], *, status: int = 200) -> HttpResponse:
        known: GoldQuestion | None = getattr(item, "gold", None)
        row = next(iter(report.rows(self.project, [known])), None) if known else None
        assert self.project.schema is not None
        return self.render(
            status=status,
            item=item,
            shown=shown(self.project, item.payload),
            schema=self.project.schema,
            questions=self.project.schema.questions,
            form=form,
            known=known,
            row=row,
            filled=bool(answer) and known is None,
            answer=answer,
        )


_GOLD = "projects/<int:project_id>/gold/"
urlpatterns = [
    path(_GOLD, Gold.as_view(), name="gold"),
    path(f"{_GOLD}rotate/", Rotate.as_view(), name="gold-rotate"),
    path(f"{_GOLD}<int:item_id>/", OneGold.as_view(), name="gold-edit"),
    path(f"{_GOLD}<int:item_id>/use/", UseOfGold.as_view(), name="gold-use"),
    path(f"{_GOLD}<int:item_id>/remove/", RemoveGold.as_view(), name="gold-remove"),
]
