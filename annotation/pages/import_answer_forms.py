"""The form of an import's answers: what becomes of them, whose they are, and which questions they answer."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import Project
from annotation.services.import_heard import HeardPreview

_NEW = "="
_OUT = "-"
_PLAIN = ("unfit", "skipped", "gold", "tags", "retired", "author")


class AnswersForm(forms.Form):
    """Only what the file makes a question of."""

    answers = forms.BooleanField(
        required=False,
        label="Import the answers and predictions",
        help_text="Without them, only the items come.",
    )
    unfit = forms.ChoiceField(
        label="Answers that do not fit the questions",
        choices=[
            ("refuse", "Refuse them, and tell why"),
            ("keep", "Import what fits; keep the rest beside it"),
        ],
    )
    skipped = forms.ChoiceField(
        label="Items that people skipped", choices=[("skip", "Skipped here too"), ("leave", "Leave that out")]
    )
    gold = forms.ChoiceField(
        label="Ground truth", choices=[("answers", "Answers like others"), ("questions", "Gold questions")]
    )
    tags = forms.ChoiceField(
        label="Tags of the items", choices=[("put", "Put on them here too"), ("leave", "Leave them out")]
    )
    retired = forms.ChoiceField(
        label="Items that were retired",
        choices=[("retire", "Retired here too, if they are new"), ("leave", "Open to work again")],
    )
    author = forms.CharField(
        label="Who answered where the file names nobody",
        required=False,
        max_length=120,
        help_text="“imported” if empty.",
    )

    def __init__(
        self, data: Any = None, *, heard: HeardPreview, options: dict[str, Any], project: Project
    ) -> None:
        self._heard = heard
        super().__init__(data, initial=self._initial(heard, options), prefix="said")
        if not heard.counts.get("skips"):
            del self.fields["skipped"]
        if not heard.counts.get("truths"):
            del self.fields["gold"]
        for name in ("tags", "retired"):
            if not heard.counts.get(name):
                del self.fields[name]
        if heard.authors:
            del self.fields["author"]
        self._ask_authors(project)
        self._ask_questions(project)

    def _ask_authors(self, project: Project) -> None:
        members = project.memberships.filter(user__is_active=True).select_related("user")
        names = [member.user.username for member in members[:200]]
        for number, author in enumerate(self._heard.authors):
            known = [(name, name) for name in dict.fromkeys(filter(None, [author.username, *names]))]
            choices = [(_NEW, "Somebody new, who stands for them"), *known, (_OUT, "Leave their answers out")]
            label = f"{author.name}, answers: {author.said:,}"
            self.fields[f"author-{number}"] = forms.ChoiceField(choices=choices, label=label)

    def _ask_questions(self, project: Project) -> None:
        if project.schema is None:
            return
        asked = [(question["name"], question["title"]) for question in project.schema.questions]
        for number, question in enumerate(self._heard.questions):
            choices = [*asked, (_OUT, "Leave it out")]
            if not question.becomes:
                choices.insert(0, ("", "Choose a question"))
            self.fields[f"question-{number}"] = forms.ChoiceField(
                choices=choices, required=False, label=question.name
            )

    @staticmethod
    def _initial(heard: HeardPreview, options: dict[str, Any]) -> dict[str, Any]:
        chosen = {name: options[name] for name in ("answers", *_PLAIN)}
        authors, left_out = options["authors"] or {}, options["questions"] or {}
        for number, author in enumerate(heard.authors):
            said = authors.get(author.name, author.username or _NEW)
            chosen[f"author-{number}"] = _OUT if said is None else said
        for number, question in enumerate(heard.questions):
            out = left_out.get(question.name, "") is None
            chosen[f"question-{number}"] = _OUT if out else question.becomes
        return chosen

    def plain(self) -> list[forms.BoundField]:
        return [self[name] for name in _PLAIN if name in self.fields]

    def authors(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("author-")]

    def questions(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("question-")]

    def choices(self) -> dict[str, Any]:
        """Choices by name, for services/import_options.py."""
        names = ("answers", *_PLAIN)
        chosen: dict[str, Any] = {
            name: self.cleaned_data[name] for name in names if name in self.cleaned_data
        }
        authors = self._said(self._heard.authors, "author")
        questions = self._said(self._heard.questions, "question")
        chosen["authors"] = {
            name: None if said == _OUT else said for name, said in authors.items() if said != _NEW
        }
        chosen["questions"] = {
            name: None if said == _OUT else said for name, said in questions.items() if said
        }
        return chosen

    def _said(self, listed: list[Any], kind: str) -> dict[str, str]:
        given = {one.name: self.cleaned_data.get(f"{kind}-{number}", "") for number, one in enumerate(listed)}
        return given if any(name.startswith(f"{kind}-") for name in self.fields) else {}


_COUNTED = {
    "answers": ("answer", "answers"),
    "truths": ("answer that is ground truth", "answers that are ground truth"),
    "skips": ("skip", "skips"),
    "predictions": ("prediction", "predictions"),
    "comments": ("comment", "comments"),
    "tags": ("tag", "tags"),
    "retired": ("retired item", "retired items"),
}


def told_of(heard: HeardPreview) -> list[tuple[int, str]]:
    """How many of each there are, in words."""
    counts = {name: heard.counts.get(name, 0) for name in _COUNTED}
    return [(count, _COUNTED[name][count != 1]) for name, count in counts.items() if count]
