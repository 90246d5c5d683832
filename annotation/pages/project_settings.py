"""A project's words and rules of work, and its end."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from annotation import markdown
from annotation.models import Project
from annotation.pages.base import Page, ProjectPage
from annotation.pages.forms import PercentField, attempt, model_limit, tell
from annotation.pages.projects import ProjectForm
from annotation.roles import Action
from annotation.services import projects
from annotation.services.gold_turns import LEAST, WINDOW


class SettingsForm(ProjectForm):
    lease_minutes = forms.IntegerField(
        min_value=1,
        max_value=1440,
        label="Reservation, in minutes",
        help_text="So long an item stays reserved for the person who has it open; then it goes to somebody else.",
    )
    annotation_limit = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        label="Limit per person",
        help_text="At most so many answers by one person, unless the Members page says otherwise for them. Empty: no limit.",
    )
    annotations_at_most = forms.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        label="Ask at most",
        help_text="While the answers leave doubt, one more person is asked, up to so many. Empty: never more than the answers per item.",
    )
    target_confidence = PercentField(
        label="Enough confidence, in %",
        help_text="How sure the answers together must make us for an item to be settled. It matters where more people may be asked.",
    )
    gold_rate = PercentField(
        most=50,
        label="Share of gold questions, in %",
        help_text="How many of a person's items are gold questions: 5 % is one in 20. They come at places that nobody can foresee.",
    )
    gold_exposures = forms.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        label="Show each at most",
        help_text="So often a gold question is shown, then it rests until you begin a new rotation. Empty: no limit.",
    )
    gold_feedback = forms.BooleanField(
        required=False,
        label="Tell people at once how they did",
        help_text="After each gold question, right or wrong. Good for learning; it also tells people which items were gold.",
    )
    gold_bar = PercentField(
        required=False,
        label="Bar, in %",
        help_text=f"Whoever gets less than this share of their last {WINDOW} gold questions right (at least {LEAST}) is warned, "
        "then paused, and their answers meanwhile are marked. Empty: nobody is.",
    )
    training_questions = forms.IntegerField(
        min_value=0,
        max_value=1000,
        label="Training questions",
        help_text="So many gold questions, with feedback, come before an annotator's real work. 0: no training.",
    )
    training_bar = PercentField(
        label="Pass mark, in %",
        help_text="This share of the training questions has to be right; whoever misses it waits for a manager.",
    )
    suggestions = forms.BooleanField(
        required=False,
        label="Show people what the model suggests",
        help_text="Beside the form, and only where there is a trained model. It makes work quicker and answers more alike, also "
        "where the model is wrong; which answers follow it is recorded.",
    )
    adjudicate_own = forms.BooleanField(
        required=False,
        label="Experts may decide items that they answered themselves",
        help_text="Leave it off where there are enough experts.",
    )
    anonymous_answers = forms.BooleanField(
        required=False,
        label="Experts do not see who said what",
        help_text="Answers are judged by what they say, not by whose they are.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Sent back with the form, so that what somebody else has saved meanwhile is not undone by an old page.
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        least, most = data.get("annotations_per_item"), data.get("annotations_at_most")
        if least is not None and most is not None and most < least:
            self.add_error(
                "annotations_at_most",
                f"At most must not be less than the {least} answers that are asked for in any case.",
            )
        return data


class Settings(ProjectPage):
    template = "annotation/project_settings.html"
    action = Action.CONFIGURE
    tab = "settings"

    def context(self, **context: Any) -> dict[str, Any]:
        relies = self.project.gold_bar is not None or self.project.training_questions > 0
        missing = relies and not self.project.gold_questions.filter(holdout=False).exists()
        return super().context(**{"crumbs": [("Settings", "")], "gold_missing": missing, **context})

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self.render(
            form=SettingsForm(initial={name: getattr(self.project, name) for name in projects.CHANGEABLE})
        )

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = SettingsForm(request.POST)
        if form.is_valid():
            change = {name: form.cleaned_data[name] for name in form.changed_data}
            if attempt(form, lambda: projects.change(project=self.project, by=self.user(), **change)):
                messages.success(request, "The settings are saved.")
                return redirect("project-settings", project_id)
        return self.render(form=form, status=422)


class Archive(ProjectPage):
    action = Action.ARCHIVE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        archive = partial(projects.archive, project=self.project, by=self.user())
        tell(request, archive, done="The project is archived; nobody gets items any more.")
        return redirect("project", project_id)


class Restore(ProjectPage):
    action = Action.ARCHIVE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        restore = partial(projects.restore, project=self.project, by=self.user())
        tell(request, restore, done="The project is open again.")
        return redirect("project", project_id)


class MarkdownPreview(Page):
    """Markdown as readers will see it, while it is being written."""

    def post(self, request: HttpRequest) -> HttpResponse:
        text = request.POST.get("guidelines", "")[: model_limit(Project, "guidelines")]
        return render(
            request, "annotation/markdown_preview.html", {"html": markdown.render(text), "text": text}
        )


urlpatterns = [
    path("projects/markdown/", MarkdownPreview.as_view(), name="markdown-preview"),
    path("projects/<int:project_id>/settings/", Settings.as_view(), name="project-settings"),
    path("projects/<int:project_id>/archive/", Archive.as_view(), name="project-archive"),
    path("projects/<int:project_id>/restore/", Restore.as_view(), name="project-restore"),
]
