"""What people say of answers and predictions in a file: the program that wrote it, what columns mean, who authors are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from annotation.errors import Fault
from annotation.importing.platforms.registry import PLATFORMS, guessed
from annotation.importing.platforms.table import ROLES, SAYS, TABLE, parts
from annotation.importing.records import Record, Refused
from annotation.importing.shaping import OWN_KEY
from annotation.importing.spoken import Context, Platform, Spoken, apart
from annotation.models import Project
from annotation.questions.labels import values as labels_of
from annotation.questions.names import NAME, NAME_RULE
from annotation.services.import_people import LONGEST_NAME

WORDS = {
    "unfit": ("refuse", "keep"),
    "skipped": ("skip", "leave"),
    "gold": ("answers", "questions"),
    "tags": ("put", "leave"),
    "retired": ("retire", "leave"),
}
# As if nothing had been chosen; None is settled by looking into the file.
UNSET: dict[str, Any] = {
    "platform": None,
    "roles": None,
    "answers": True,
    "make_questions": False,
    "questions": None,
    "labels": None,
    "authors": None,
    "author": "",
    "unfit": "refuse",
    "skipped": "skip",
    "gold": "answers",
    "tags": "put",
    "retired": "retire",
}


def platform_of(options: Mapping[str, Any]) -> Platform:
    return PLATFORMS.get(options.get("platform") or "", TABLE)


def own_key(platform: str) -> str:
    """The key column of a program that gives keys of its own; nothing for others."""
    return OWN_KEY if PLATFORMS[platform].key else ""


def speaks(options: Mapping[str, Any]) -> bool:
    """Whether rows have to be taken apart, as they say more than what an item shows."""
    return platform_of(options) is not TABLE or bool(options.get("roles"))


def context_of(name: str, options: Mapping[str, Any], hints: Mapping[str, Any]) -> Context:
    """What readers know beside the rows of the file with this name."""
    return Context(PurePath(name).stem, options.get("roles") or {}, hints)


def settled(
    options: dict[str, Any],
    rows: list[Record],
    project: Project,
    hints: Mapping[str, Any],
    *,
    eager: bool = False,
) -> dict[str, Any]:
    """The options with what the first rows tell of the program and the columns, where nobody has said so.

    Columns of plain rows are taken for answers only where their names leave no doubt; `eager` suggests more, for people who
    look at it before anything happens.
    """
    found = dict(options)
    if found["platform"] is None:
        found["platform"] = guessed(rows)
        found["key_field"] = found["key_field"] or own_key(str(found["platform"]))
    if found["roles"] is None:
        whole = [row for row in rows if isinstance(row, dict)]
        suggest = platform_of(found).roles
        found["roles"] = suggest(whole, labels_by_question(project), hints, eager or found["make_questions"])
    return found


def labels_by_question(project: Project) -> dict[str, frozenset[str] | None]:
    """The project's questions with their labels; None for those that have none."""
    if project.schema is None:
        return {}
    return {
        question["name"]: frozenset(labels_of(question)) if "labels" in question else None
        for question in project.schema.questions
    }


def check(choices: Any) -> list[Fault]:
    """What is wrong with the choices about answers, before any file is looked at."""
    faults = []
    if choices.platform and choices.platform not in PLATFORMS:
        faults.append(
            Fault(("platform",), f"“{choices.platform[:40]}” is not known; there are {', '.join(PLATFORMS)}.")
        )
    for name, words in WORDS.items():
        if (given := getattr(choices, name)) is not None and given not in words:
            faults.append(Fault((name,), f"This is one of {', '.join(words)}."))
    if choices.author and len(choices.author) > LONGEST_NAME:
        faults.append(Fault(("author",), f"A name has at most {LONGEST_NAME} characters."))
    return [*faults, *_check_roles(choices.roles or {})]


def _check_roles(roles: Mapping[str, str]) -> list[Fault]:
    faults, seen = [], set()
    for column, role in roles.items():
        what, question, name = parts(role)
        if role not in ROLES and what not in SAYS:
            known = ", ".join([*ROLES, *(f"{one}:<question>" for one in SAYS)])
            faults.append(Fault(("roles", column), f"“{role[:40]}” is no role; there are {known}."))
        elif what in SAYS and not NAME.fullmatch(question):
            faults.append(Fault(("roles", column), NAME_RULE))
        elif role in seen:
            faults.append(Fault(("roles", column), f"Two columns are “{role[:80]}”. Leave one out."))
        elif len(name) > LONGEST_NAME:
            faults.append(Fault(("roles", column), f"A name has at most {LONGEST_NAME} characters."))
        seen.add(role)
    return faults


@dataclass(frozen=True)
class Look:
    """The first rows of a file, taken apart as the settled options say."""

    options: dict[str, Any]
    spoken: list[Spoken | Refused]

    @property
    def values(self) -> list[Record]:
        """What items would show, or why a row is refused."""
        return [one.values if isinstance(one, Spoken) else one for one in self.spoken]

    @property
    def says_anything(self) -> bool:
        return any(isinstance(one, Spoken) and (one.answers or one.guesses) for one in self.spoken)


def look(
    rows: list[Record],
    options: dict[str, Any],
    *,
    project: Project,
    name: str,
    hints: Mapping[str, Any],
    eager: bool = False,
) -> Look:
    found = settled(options, rows, project, hints, eager=eager)
    take_apart = platform_of(found).reader(context_of(name, found, hints))
    return Look(found, [row if isinstance(row, Refused) else apart(take_apart, row) for row in rows])
