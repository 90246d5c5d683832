"""Near-duplicates of a project: looked for, side by side, retired or kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation import tasks
from annotation.errors import NotFound
from annotation.models import Alike, Item
from annotation.pages.alike_forms import ThresholdForm
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, tell
from annotation.pages.payloads import shown
from annotation.reports import alike as report
from annotation.reports.blind import standing
from annotation.reports.items import current_answers, summary
from annotation.reports.readings import readings_under
from annotation.roles import Action, may
from annotation.services import alike
from annotation.services.access import item_for

PAGE = 20


class Pairs(ProjectPage):
    template = "annotation/alike.html"
    action = Action.BROWSE
    tab = "items"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self.show(ThresholdForm())

    def show(self, form: ThresholdForm, *, status: int = 200) -> HttpResponse:
        after = self.request.GET.get("after", "")
        place = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        found = report.pairs(self.project, after=place, limit=PAGE + 1)
        pairs = found[:PAGE]
        return self.render(
            status=status,
            fragment="annotation/alike_pairs.html",
            form=form,
            search=alike.search_of(self.project),
            pairs=self._told(pairs),
            count=report.count(self.project),
            most_counted=report.MOST_COUNTED,
            first=not place,
            next=f"?after={pairs[-1].item_id}" if len(found) > PAGE else "",
            crumbs=[("Data", reverse("items", args=[self.project.pk])), ("Near-duplicates", "")],
        )

    def _told(self, pairs: list[Alike]) -> list[dict[str, Any]]:
        """Both items of each pair with what they show and what was said of them; the earlier one first."""
        gold = may(self.project.role_of(self.user()), Action.CONFIGURE)
        ids = {pk for pair in pairs for pk in (pair.item_id, pair.of_id)}
        answers: dict[int, list[Any]] = {}
        for answer in current_answers(ids):
            answers.setdefault(answer.item_id, []).append(answer)
        readings = readings_under(self.project.schema_id) if self.project.schema_id else None

        def side(item: Item) -> dict[str, Any]:
            item.project = self.project
            return {
                "item": item,
                "state": standing(item, gold=gold).state,
                "shown": shown(self.project, item.payload),
                "said": summary(readings, answers.get(item.pk, ())) if readings else (),
            }

        return [
            {"later": pair.item, "similarity": pair.similarity, "sides": [side(pair.of), side(pair.item)]}
            for pair in pairs
        ]


class FindPairs(Pairs):
    action = Action.IMPORT

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("alike", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = ThresholdForm(request.POST)
        if form.is_valid():
            threshold = form.cleaned_data["threshold"]
            ask = lambda: alike.request(project=self.project, by=self.user(), threshold=threshold)  # noqa: E731
            if attempt(form, ask):
                tasks.find_alike_soon(project_id)
                return redirect("alike", project_id)
        return self.show(form, status=422)


class PairVerb(ProjectPage):
    """A button of one pair, named by its later item."""

    action = Action.IMPORT
    verb: Callable[..., object]
    done = ""

    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item = item_for(user=self.user(), item_id=item_id, action=Action.IMPORT)
        if item.project_id != project_id:
            raise NotFound("There is no such item in this project.")
        verb = type(self).verb
        tell(request, lambda: verb(item_id=item_id, by=self.user()), done=self.done.format(key=item.key))
        return redirect(reverse("alike", args=[project_id]) + _place(request))


class RetireLater(PairVerb):
    verb = staticmethod(alike.retire)
    done = "{key} is retired."


class KeepBoth(PairVerb):
    verb = staticmethod(alike.keep_both)
    done = "Both are kept; {key} is not marked any more."


class RetireAll(ProjectPage):
    action = Action.IMPORT

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        made: list[int] = []

        def ask() -> None:
            made.extend(action.pk for action in alike.retire_all(project=self.project, by=self.user()))

        tell(request, ask, done="A worker retires the later item of each pair.")
        for action_id in made:
            tasks.run_bulk_soon(action_id)
        return redirect("alike", project_id)


def _place(request: HttpRequest) -> str:
    """The page of the list that the button stood on."""
    after = request.POST.get("after", "")
    return f"?after={after}" if after.isascii() and after.isdigit() else ""


_HERE = "projects/<int:project_id>/alike/"
urlpatterns = [
    path(_HERE, Pairs.as_view(), name="alike"),
    path(f"{_HERE}find/", FindPairs.as_view(), name="alike-find"),
    path(f"{_HERE}retire/", RetireAll.as_view(), name="alike-retire-all"),
    path(f"{_HERE}<int:item_id>/retire/", RetireLater.as_view(), name="alike-retire"),
    path(f"{_HERE}<int:item_id>/keep/", KeepBoth.as_view(), name="alike-keep"),
]
