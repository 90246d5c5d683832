"""Writing a labeling function: a form for each kind. What stands beside it is in functions_preview.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path

from annotation.errors import Conflict, Fault, InvalidInput
from annotation.roles import Action
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.pages import functions_values as values
from labelmodel.pages.functions import FunctionsPage, labels_of
from labelmodel.pages.functions_controls import COMPARISONS, HOLDS, READINGS, SHAPES, Shape, shape_of
from labelmodel.reports.function_offers import offered
from labelmodel.services import feedback, function_review, functions, llm_endpoints
from labelmodel.services.function_rules import fields_of, sensitive_of

MOST_TESTS = 100
FIRST = "keywords"


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test as it is written: a text, or the payload as JSON; the label, "" where it must abstain."""

    key: str
    text: str
    label: str
    fault: str = ""
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a form says."""

    name: str
    description: str
    question: str
    kind: str
    note: str
    definition: Any
    tests: list[dict[str, Any]]


class Editor(FunctionsPage):
    """What the pages of writing share."""

    template = "labelmodel/functions_edit.html"
    action = Action.WRITE_FUNCTIONS
    function: LabelingFunction | None = None

    def shape(self, kind: str) -> Shape:
        """The form of a kind, with what there is to choose from in this project."""
        shape = shape_of(kind)
        choices = self._choices(kind)
        if not choices:
            return shape
        first = replace(shape.controls[0], draws="choice", choices=tuple(choices))
        return replace(shape, controls=(first, *shape.controls[1:]))

    def _choices(self, kind: str) -> list[tuple[str, str]]:
        """Of the first control of a kind."""
        if kind == "lookup":
            tables = self.project.function_tables.all()
            return [
                ("", "no table: the entries below"),
                *((one.name, f"{one.name} ({one.rows:,} rows)") for one in tables),
            ]
        if kind == "python":
            return [(name, f"{name} ({package})") for name, package in feedback.python_functions()]
        if kind == "endpoint":
            known = llm_endpoints.configured().values()
            return [(one.name, one.name) for one in known if one.serves(self.project.pk)]
        return []

    def visible_fields(self) -> list[str]:
        hidden = sensitive_of(self.project)
        return [name for name in fields_of(self.project) if name not in hidden]

    def text_field(self) -> str:
        """The field that a test in plain words stands for."""
        hidden = sensitive_of(self.project)
        kinds = {name: kind for name, kind in fields_of(self.project).items() if name not in hidden}
        return next((name for name, kind in kinds.items() if kind == "text"), next(iter(kinds), "text"))

    def written(self, post: QueryDict) -> Written:
        question = self.function.question if self.function else post.get("question", "")
        kind = post.get("kind", FIRST)
        return Written(
            name=post.get("name", ""),
            description=post.get("description", ""),
            question=question,
            kind=kind,
            note=post.get("note", ""),
            definition=values.read(shape_of(kind), post),
            tests=self._tests(post),
        )

    def _tests(self, post: QueryDict) -> list[dict[str, Any]]:
        field = self.text_field()
        rows = zip(post.getlist("t.text"), post.getlist("t.label"), strict=False)
        return [
            {"payload": _payload(text, field), "label": label or None} for text, label in rows if text.strip()
        ]

    def show(
        self,
        written: Written,
        *,
        faults: Sequence[Fault] = (),
        general: Sequence[str] = (),
        keys: Sequence[str] = (),
        status: int = 200,
    ) -> HttpResponse:
        question = self.question(written.question)
        form = values.drawn(self.shape(written.kind), written.definition, faults=faults, keys=keys)
        named = {
            str(fault.path[0]): fault.message
            for fault in faults
            if fault.path and fault.path[0] != "definition"
        }
        own = {
            name: message
            for name, message in named.items()
            if name in {"name", "description", "note", "question"}
        }
        others = [message for name, message in named.items() if name not in own and name != "tests"]
        return self.render(
            status=status,
            function=self.function,
            written=written,
            question=question,
            questions=[(one["name"], one.get("title") or one["name"]) for one in self.questions()],
            kinds=[(name, shape.title) for name, shape in SHAPES.items()],
            shape=form.shape,
            form=form,
            labels=list(labels_of(question).values()) if question else [],
            fields=self.visible_fields(),
            offers=offered(self.project, written.question, written.kind),
            comparisons=COMPARISONS,
            holds=HOLDS,
            readings=READINGS,
            tests=self.test_rows(written, faults),
            blank_test=TestRow("__key__", "", ""),
            test_field=self.text_field(),
            faults=own,
            general=[*general, *others, *form.faults],
            crumbs=self.crumbs(),
        )

    def crumbs(self) -> list[tuple[str, str]]:
        if self.function is None:
            return self.crumbs_to(("New function", ""))
        return self.crumbs_to((self.function.name, self.here("", self.function.pk)), ("New version", ""))

    def test_rows(self, written: Written, faults: Sequence[Fault]) -> list[TestRow]:
        told = {
            fault.path[1]: fault.message
            for fault in faults
            if len(fault.path) > 1 and fault.path[0] == "tests"
        }
        field = self.text_field()
        rows = [
            TestRow(str(place), _words(test["payload"], field), test["label"] or "", told.get(place, ""))
            for place, test in enumerate(written.tests)
        ]
        return rows or [TestRow("0", "", "")]

    def refused(self, error: InvalidInput | Conflict, written: Written, post: QueryDict) -> HttpResponse:
        general = [] if error.faults else [str(error)]
        return self.show(
            written, faults=error.faults, general=general, keys=values.rule_keys(post), status=422
        )

    def kept(self, version: FunctionVersion, post: QueryDict) -> HttpResponse:
        """After a version was made: submitted, where that was asked for."""
        if post.get("then") == "submit":
            try:
                function_review.submit(version=version, by=self.user())
            except (InvalidInput, Conflict) as error:
                messages.warning(self.request, f"It was kept as a draft. {error}")
            else:
                messages.success(self.request, "It waits for review.")
        else:
            messages.success(self.request, "Kept as a draft.")
        return redirect(self.here("", version.function_id))


class New(Editor):
    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        question = self.question(request.GET.get("question", ""))
        kind = request.GET.get("kind", FIRST)
        begun: dict[str, Any] = {key: request.GET.getlist(key) for key in ("any",) if request.GET.get(key)}
        begun |= {key: request.GET[key] for key in ("label", "pattern") if request.GET.get(key)}
        name = str(question["name"]) if question else ""
        shape = shape_of(kind)
        definition = {"rules": [begun]} if begun and shape.rule else begun
        return self.show(Written(_proposed(begun), "", name, kind, "", definition, []))

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        written = self.written(request.POST)
        try:
            made = functions.create(
                project=self.project, by=self.user(), name=written.name, question=written.question, kind=written.kind,
                definition=written.definition, description=written.description, tests=written.tests, note=written.note,
            )  # fmt: skip
        except (InvalidInput, Conflict) as error:
            return self.refused(error, written, request.POST)
        return self.kept(made, request.POST)


class Edit(Editor):
    """The next version of a function; it begins as the latest, or as the one that `?from=` names."""

    def setup_function(self, function_id: int) -> LabelingFunction:
        self.function = functions.function_for(
            user=self.user(), project=self.project, function_id=function_id, action=Action.WRITE_FUNCTIONS
        )
        return self.function

    def get(self, request: HttpRequest, project_id: int, function_id: int) -> HttpResponse:
        function = self.setup_function(function_id)
        number = request.GET.get("from", "")
        latest = function.versions.first()
        if number.isascii() and number.isdigit() and len(number) < 9:
            latest = functions.version_of(function=function, number=int(number))
        assert latest is not None, "a function has a version"
        kind = request.GET.get("kind", latest.kind)
        definition = latest.definition if kind == latest.kind else {}
        return self.show(
            Written(
                function.name, function.description, function.question, kind, "", definition, latest.tests
            )
        )

    def post(self, request: HttpRequest, project_id: int, function_id: int) -> HttpResponse:
        function = self.setup_function(function_id)
        written = replace(self.written(request.POST), name=function.name, description=function.description)
        try:
            made = functions.new_version(
                function=function, by=self.user(), kind=written.kind, definition=written.definition,
                tests=written.tests, note=written.note,
            )  # fmt: skip
        except (InvalidInput, Conflict) as error:
            return self.refused(error, written, request.POST)
        return self.kept(made, request.POST)


def _payload(text: str, field: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if isinstance(found, dict):
            return found
    return {field: text}


def _words(payload: dict[str, Any], field: str) -> str:
    if payload.keys() == {field} and isinstance(payload[field], str):
        return str(payload[field])
    return orjson.dumps(payload).decode()


def _proposed(begun: dict[str, Any]) -> str:
    """A name for a function that begins with a phrase."""
    words = begun.get("any") or [begun.get("pattern", "")]
    return "_".join(re.findall(r"\w+", str(words[0]).lower()))[:60]


_HERE = "projects/<int:project_id>/functions/"
urlpatterns = [
    path(f"{_HERE}new/", New.as_view(), name="function-new"),
    path(f"{_HERE}<int:function_id>/edit/", Edit.as_view(), name="function-edit"),
]
