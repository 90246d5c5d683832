"""How a project learns: the form of its settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from active.models import LearningSettings
from active.names import ENCODERS, LEARNERS, STRATEGIES, Named
from active.pages.base import LearningPage
from active.services import learning, switching
from active.services.requests import LARGEST_BATCH
from active.tasks import round_soon
from annotation.pages.forms import PercentField, attempt, text_area
from annotation.roles import Action

_MOST = 2**31 - 1


def _choices(of: dict[str, Named]) -> list[tuple[str, str]]:
    return [(name, one.title) for name, one in of.items()]


class SettingsForm(forms.Form):
    automatic = forms.BooleanField(
        required=False,
        label="Rounds start by themselves",
        help_text="Off: only by the button and over REST. What the last round chose stays first in the queue.",
    )
    question = forms.ChoiceField(
        required=False,
        label="Question",
        help_text="What is learned, and what items are chosen for. A choice, several choices or a rating.",
    )
    strategy = forms.ChoiceField(
        choices=_choices(STRATEGIES),
        label="Strategy",
        help_text="What chooses. Adaptive is a good choice for nearly everything; a simulation tells what others would give.",
    )
    rival = forms.ChoiceField(
        required=False,
        choices=[("", "None"), *_choices(STRATEGIES)],
        label="Compare with",
        help_text="Chooses half of every batch. The page of learning then says which one is worth more, with an interval.",
    )
    batch = forms.IntegerField(
        min_value=1,
        max_value=LARGEST_BATCH,
        label="Batch",
        help_text="How many items a round chooses. Smaller ones follow the answers more closely; 100 suits a few annotators.",
    )
    new_labels = forms.IntegerField(
        min_value=1,
        max_value=_MOST,
        label="New answers to a round",
        help_text="After so many new answers a round starts by itself; of many labels it takes 1 % more at least.",
    )
    every_minutes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=_MOST,
        label="Minutes to a round",
        help_text="After so many minutes too, if there is any new answer. Empty: never by the clock.",
    )
    explore = PercentField(
        label="Drawn at random, in %",
        help_text="Of each batch. They tell honestly how good the model is and what random choice would reach: 5 % cost next to nothing.",
    )
    ask_again = PercentField(
        label="Asked again, in %",
        help_text="At most this part of a batch asks one more person about answered items whose consensus is doubtful.",
    )
    again_at_most = forms.IntegerField(
        min_value=0,
        max_value=32_767,
        label="Further answers to an item",
        help_text="Asking again adds at most so many answers to those that the project wants of an item. 0: it never asks again.",
    )
    review = PercentField(
        label="Checks of labeling functions, in %",
        help_text="At most this part of a batch is items whose answers tell most about the labeling functions: where they disagree, or nobody knows yet how good they are. 0: none.",
    )
    from_functions = forms.BooleanField(
        required=False,
        label="Learn from labeling functions",
        help_text="Models learn from what the functions say of items that nobody has answered, too. People's answers count for more, and figures are about them alone.",
    )
    functions_precision = PercentField(
        required=False,
        label="Hard labels of functions, precision in %",
        help_text="Empty: probable labels are learned as probabilities. Else only those are learned, as certain, that are expected to be right this often, as measured on labeled items.",
    )
    target = PercentField(
        required=False,
        label="Accuracy to reach, in %",
        help_text="For the forecast of how many labels are still needed. Empty: no forecast.",
    )
    encoder = forms.ChoiceField(
        required=False,
        choices=[("", "By the types of the fields"), *_choices(ENCODERS)],
        label="Encoder",
        help_text="What turns items into vectors. Another one means that every item is embedded anew.",
    )
    encoder_options = forms.JSONField(
        required=False,
        label="Options of the encoder",
        help_text='JSON, such as {"fields": ["text"]}. docs/methods/encoders.md has those of each encoder.',
        widget=text_area(2, spellcheck="false"),
    )
    learner = forms.ChoiceField(
        choices=_choices(LEARNERS),
        label="Learner",
        help_text="What learns from the consensus. Logistic regression is hard to beat on good vectors, and fast.",
    )
    learner_options = forms.JSONField(
        required=False,
        label="Options of the learner",
        help_text='JSON, such as {"c": 10}. docs/methods/learners.md has those of each learner.',
        widget=text_area(2, spellcheck="false"),
    )

    def __init__(self, *args: Any, questions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = [("", f"The first one: {questions[0][1]}")] if questions else [("", "None can be learned")]
        self.fields["question"].choices = [*first, *questions]  # type: ignore[attr-defined]
        # Sent back with the form, so that what somebody else has saved meanwhile is not undone by an old page.
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("encoder_options", "learner_options"):
            if name in data and data[name] is None:
                data[name] = {}
            elif name in data and not isinstance(data[name], dict):
                self.add_error(name, 'An object in braces, such as {"c": 10}.')
        return data


class Settings(LearningPage):
    template = "active/settings.html"
    action = Action.CONFIGURE
    section = "settings"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(self._form())

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            if attempt(form, lambda: self._change(changes)):
                messages.success(request, "The settings are saved; the next round follows them.")
                return redirect("learning-settings", project_id)
        return self._page(form, status=422)

    def _change(self, changes: dict[str, Any]) -> LearningSettings:
        if not changes.get("automatic"):
            return learning.change(project=self.project, by=self.user(), **changes)
        changed = switching.turn_on(project=self.project, by=self.user(), **changes)
        round_soon(self.project.pk)
        return changed

    def _form(self, data: Any = None) -> SettingsForm:
        questions = [
            (one["name"], one.get("title") or one["name"]) for one in learning.learnable(self.project)
        ]
        settings = learning.settings_of(self.project) or LearningSettings(
            project=self.project, automatic=False
        )
        initial = {name: getattr(settings, name) for name in learning.CHANGEABLE}
        return SettingsForm(data, questions=questions, initial=initial)

    def _page(self, form: SettingsForm, *, status: int = 200) -> HttpResponse:
        return self.render(
            form=form,
            status=status,
            strategies=STRATEGIES,
            learners=LEARNERS,
            encoders=ENCODERS,
            trail=[("Settings", "")],
        )


urlpatterns = [
    path("projects/<int:project_id>/learning/settings/", Settings.as_view(), name="learning-settings")
]
