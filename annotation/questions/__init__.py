"""What can be asked and what an answer means: pure, without database or web. docs/questions.md explains it."""

from annotation.questions.definition import check_questions, check_schema, normalize, normalize_questions
from annotation.questions.fields import FIELD_TYPES
from annotation.questions.forms import Form, Shown, clean_answer, compile_form, votes
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.types import BadValue, Chip, QuestionType

__all__ = [
    "FIELD_TYPES",
    "QUESTION_TYPES",
    "BadValue",
    "Chip",
    "Form",
    "QuestionType",
    "Shown",
    "check_questions",
    "check_schema",
    "clean_answer",
    "compile_form",
    "normalize",
    "normalize_questions",
    "votes",
]
