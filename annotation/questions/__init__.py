"""What can be asked and what an answer means: pure, without database or web. docs/questions.md explains it."""

from annotation.questions.changes import Change, changes
from annotation.questions.definition import check_questions, check_schema, normalize, normalize_questions
from annotation.questions.fields import FIELD_TYPES
from annotation.questions.forms import Form, Shown, clean_answer, compile_form, votes
from annotation.questions.mapping import Reading, check_mapping, read_under
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.types import BadValue, Chip, QuestionType

__all__ = [
    "FIELD_TYPES",
    "QUESTION_TYPES",
    "BadValue",
    "Change",
    "Chip",
    "Form",
    "QuestionType",
    "Reading",
    "Shown",
    "changes",
    "check_mapping",
    "check_questions",
    "check_schema",
    "clean_answer",
    "compile_form",
    "normalize",
    "normalize_questions",
    "read_under",
    "votes",
]
