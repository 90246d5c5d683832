"""The question types. To add one: a module like its neighbours, a line here, a template, a widget (docs/questions.md)."""

from __future__ import annotations

from annotation.questions.multiple_choice import MULTIPLE_CHOICE
from annotation.questions.number import NUMBER
from annotation.questions.rating import RATING
from annotation.questions.single_choice import SINGLE_CHOICE
from annotation.questions.text import TEXT
from annotation.questions.types import QuestionType

QUESTION_TYPES: dict[str, QuestionType] = {
    kind.name: kind for kind in (SINGLE_CHOICE, MULTIPLE_CHOICE, RATING, NUMBER, TEXT)
}
