"""What a labeling function does, told while one writes it: the fragment beside the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from annotation.errors import DomainError, Fault
from annotation.questions.types import Question
from labelmodel.models import FunctionVersion
from labelmodel.pages import functions_values as values
from labelmodel.pages.drawn import AXIS, Figure
from labelmodel.pages.functions import Label, example, figure, labels_of
from labelmodel.pages.functions_controls import shape_of
from labelmodel.pages.functions_editor import MOST_TESTS, Editor, TestRow, Written
from labelmodel.services import feedback, functions
from labelmodel.services.feedback import Feedback
from labelmodel.services.function_rules import tried


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What a definition does to one label."""

    label: Label
    votes: int
    share: float
    accuracy: Figure


class Preview(Editor):
    """What stands in the form, on the sample and on labeled items. Faults go beside their controls, figures stay as they were."""

    template = "labelmodel/functions_previewed.html"
    fragment = "labelmodel/functions_feedback.html"

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        number = request.POST.get("function", "")
        function_id = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
        if function_id is not None:
            self.function = functions.function_for(
                user=self.user(), project=self.project, function_id=function_id, action=self.action
            )
        written, keys = self.written(request.POST), values.rule_keys(request.POST)
        question = self.question(written.question)
        shape = shape_of(written.kind)
        found, faults, told = self._asked(written, function_id)
        form = values.drawn(shape, written.definition, faults=faults, keys=keys)
        page = self.render(
            fragment=self.fragment,
            form=form,
            faults=faults,
            told=told,
            found=found,
            tests=self._tried(written, found),
            **_shown(found, question),
        )
        if found is None:
            # What was told before stays, and is marked as old: nothing jumps while somebody types.
            page["HX-Reswap"] = "none"
        return page

    def _asked(
        self, written: Written, function_id: int | None
    ) -> tuple[Feedback | None, Sequence[Fault], str]:
        """(what it does, what is wrong at its controls, what else is to say)"""
        if not _begun(written.definition, _chosen_already(written.kind)):
            # Nobody is told what is missing before they began.
            return None, (), "Figures appear as soon as there is something to look for."
        try:
            found = feedback.preview(
                project=self.project, question=written.question, kind=written.kind,
                definition=written.definition, function_id=function_id,
            )  # fmt: skip
        except DomainError as error:
            return None, error.faults, "" if error.faults else str(error)
        return found, (), ""

    def _tried(self, written: Written, found: Feedback | None) -> list[TestRow]:
        """The tests of the form, in its order, those that say nothing included."""
        post = self.request.POST
        rows = [
            TestRow(key, text, label)
            for key, text, label in zip(
                post.getlist("t"), post.getlist("t.text"), post.getlist("t.label"), strict=False
            )
        ][:MOST_TESTS]
        if found is None or not written.tests:
            return rows
        chips = labels_of(self.question(written.question) or {})
        version = FunctionVersion(
            project=self.project, kind=written.kind, definition=written.definition, tests=written.tests,
            labels=list(chips),
        )  # fmt: skip
        results = iter(tried(version))
        judged = []
        for row in rows:
            if row.text.strip() and (result := next(results, None)) is not None:
                got = chips.get(result.got or "")
                said = "abstains" if result.got is None else f"says {got.title if got else result.got}"
                row = replace(
                    row, passed=result.passed, fault="" if result.passed else result.error or f"It {said}."
                )
            judged.append(row)
        return judged


def _shown(found: Feedback | None, question: Question | None) -> dict[str, Any]:
    if found is None or question is None:
        return {}
    chips = labels_of(question)
    groups = [
        ("wrong", "Matched, but wrong", found.examples.wrong),
        ("matched", "Matched", found.examples.matched),
        ("conflicting", "In conflict with others", found.examples.conflicting),
        ("uncovered", "Covered by nothing", found.examples.uncovered),
        ("failed", "Raised an error", found.examples.failed),
    ]
    return {
        "axis": AXIS,
        "accuracy": figure(found.accuracy),
        "coverage": 100 * found.coverage,
        "gained": round(found.sample * (found.uncovered_before - found.uncovered)),
        "beside": round(found.sample * found.overlaps),
        "hits": [
            LabelRow(
                chips[one.label],
                one.votes,
                round(100 * one.votes / max(1, found.sample), 2),
                figure(one.accuracy),
            )
            for one in found.hits
        ],
        "neighbours": [
            (one, round(100 * one.overlaps, 1), round(100 * one.conflicts, 1)) for one in found.neighbours
        ],
        "groups": [(name, title, [example(one, chips) for one in some]) for name, title, some in groups],
        "milliseconds": round(1000 * found.seconds),
    }


def _chosen_already(kind: str) -> set[Any]:
    """What menus say before anybody chose."""
    return {one.default for one in shape_of(kind).controls if one.draws == "choice"}


def _begun(definition: Any, already: set[Any]) -> bool:
    """Whether anything is written or chosen in it besides a label."""
    if isinstance(definition, dict):
        return any(_begun(value, already) for key, value in definition.items() if key != "label")
    if isinstance(definition, list):
        return any(_begun(value, already) for value in definition)
    return not isinstance(definition, bool) and definition not in {None, "", *already}


urlpatterns = [
    path("projects/<int:project_id>/functions/preview/", Preview.as_view(), name="function-preview"),
]
