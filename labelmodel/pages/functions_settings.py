"""What a project lets its labeling functions do, and the tables that they look into."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from annotation.errors import InvalidInput
from annotation.pages.forms import attempt, tell
from annotation.questions.types import Question
from annotation.roles import Action
from labelmodel.pages.functions import FunctionsPage, labels_of
from labelmodel.reports import endpoint_keys
from labelmodel.services import function_tables, weak_settings
from labelmodel.services.function_rules import fields_of
from labelmodel.tasks import run_functions_soon

BALANCE = (
    ("", "estimated by each fit"),
    ("labeled", "that of what people labeled"),
    ("given", "as given here, in %"),
)


class SettingsForm(forms.Form):
    automatic = forms.BooleanField(
        required=False,
        label="Items that arrive or change get votes and probable labels by themselves",
        widget=forms.CheckboxInput(attrs={"class": "switch", "role": "switch"}),
    )
    sensitive_fields = forms.MultipleChoiceField(
        required=False, label="Sensitive fields", widget=forms.CheckboxSelectMultiple,
        help_text="No function sees them. Those that read one are not run any more, and their votes count no more.",
    )  # fmt: skip

    def __init__(self, *args: Any, fields: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sensitive_fields"].choices = [(name, name) for name in fields]  # type: ignore[attr-defined]


class TableForm(forms.Form):
    file = forms.FileField()
    name = forms.CharField(
        max_length=function_tables.LONGEST_NAME, required=False, help_text="Empty: that of the file."
    )


class Settings(FunctionsPage):
    template = "labelmodel/functions_settings.html"
    section = "settings"
    action = Action.WRITE_FUNCTIONS

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self.show()

    def form(self, data: Any = None) -> SettingsForm:
        kept = weak_settings.settings_of(self.project)
        fields = list(dict.fromkeys([*fields_of(self.project), *kept.sensitive_fields]))
        initial = {"automatic": kept.automatic, "sensitive_fields": kept.sensitive_fields}
        return SettingsForm(data, fields=fields, initial=initial)

    def show(
        self, *, form: SettingsForm | None = None, table_form: TableForm | None = None, status: int = 200
    ) -> HttpResponse:
        kept = weak_settings.settings_of(self.project)
        balance = kept.class_balance
        return self.render(
            status=status,
            # What is sent back was made up for these: an old page must not undo what others have set.
            seen=self.request.POST.get("seen", "") if form else weak_settings.stamp_of(kept),
            form=form or self.form(),
            table_form=table_form or TableForm(),
            balances=[self._balance(one, balance.get(str(one["name"]))) for one in self.questions()],
            choices=BALANCE,
            tables=self.project.function_tables.select_related("created_by"),
            endpoints=endpoint_keys.standings(project_id=self.project.pk),
            crumbs=self.crumbs_to(("Settings", "")),
        )

    def _balance(self, question: Question, kept: Any) -> dict[str, Any]:
        given = kept if isinstance(kept, dict) else {}
        return {
            "name": question["name"],
            "title": question.get("title") or question["name"],
            "kind": "labeled" if kept == weak_settings.LABELED else "given" if given else "",
            "labels": [(label, f"{100 * given[label.value]:g}" if label.value in given else "") for label in labels_of(question).values()],
        }  # fmt: skip

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = self.form(request.POST)
        if form.is_valid():
            given, seen = form.cleaned_data, request.POST.get("seen", "")
            if seen != weak_settings.stamp_of(weak_settings.settings_of(self.project)):
                messages.error(request, weak_settings.MOVED_ON)
                return redirect("function-settings-of-project", project_id)
            wanted: dict[str, Any] = {
                "project": self.project, "by": self.user(), "automatic": given["automatic"],
                "sensitive_fields": given["sensitive_fields"], "seen": seen,
            }  # fmt: skip
            if attempt(form, lambda: weak_settings.change(class_balance=self._balances(), **wanted)):
                run_functions_soon(self.project.pk)
                messages.success(request, "Saved.")
                return redirect("function-settings-of-project", project_id)
        return self.show(form=form, status=422)

    def _balances(self) -> dict[str, Any]:
        """Raises InvalidInput for what is no number."""
        found: dict[str, Any] = {}
        for question in self.questions():
            name = str(question["name"])
            kind = self.request.POST.get(f"balance.{name}", "")
            if kind == "labeled":
                found[name] = weak_settings.LABELED
            elif kind == "given":
                shares = {
                    label: self.request.POST.get(f"share.{name}.{label}", "") for label in labels_of(question)
                }
                found[name] = {label: _percent(text) for label, text in shares.items() if text.strip()}
        return found


def _percent(text: str) -> float:
    try:
        return round(float(text.replace(",", ".").strip(" %")) / 100, 6)
    except ValueError as error:
        raise InvalidInput(f"“{text[:40]}” is no share in per cent.") from error


class Tables(Settings):
    """Upload one."""

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("function-settings-of-project", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = TableForm(request.POST, request.FILES)
        if form.is_valid():
            upload, name = cast("UploadedFile[bytes]", form.cleaned_data["file"]), form.cleaned_data["name"]
            made = attempt(
                form,
                lambda: function_tables.create(
                    project=self.project, by=self.user(), upload=upload, name=name
                ),
            )
            if made:
                messages.success(request, f"“{made.name}” has {made.rows:,} rows.")
                return redirect("function-settings-of-project", project_id)
        return self.show(table_form=form, status=422)


class RemoveTable(Settings):
    def get(self, request: HttpRequest, project_id: int, table_id: int = 0) -> HttpResponse:
        return redirect("function-settings-of-project", project_id)

    def post(self, request: HttpRequest, project_id: int, table_id: int = 0) -> HttpResponse:
        table = function_tables.table_for(
            user=self.user(), project=self.project, table_id=table_id, action=Action.WRITE_FUNCTIONS
        )
        tell(request, lambda: function_tables.remove(table=table, by=self.user()), done="Removed.")
        return redirect("function-settings-of-project", project_id)


_HERE = "projects/<int:project_id>/functions/settings/"
urlpatterns = [
    path(_HERE, Settings.as_view(), name="function-settings-of-project"),
    path(f"{_HERE}tables/", Tables.as_view(), name="function-tables"),
    path(f"{_HERE}tables/<int:table_id>/remove/", RemoveTable.as_view(), name="function-table-remove"),
]
