"""Who the people of a file are here: accounts of the same name, or people that stand for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower

from annotation.models import User
from annotation.services.archiving.parts import BadFile
from annotation.services.archiving.writing import PEOPLE, PERSON

MOST_PEOPLE = 100_000
_COLUMNS = ["n", *PERSON]


def settle(blocks: Iterable[bytes], by: User) -> list[int]:
    """The ids of the file's people here, by their number in the file.

    An administrator's restore finds accounts by their username. Anybody else's finds only their own account and people that
    stand for somebody already: a file could claim that others said things. The rest are made: inactive, without a password.
    """
    named = list(_read(blocks))
    names = [row["username"] for row in named]
    lower = [name.lower() for name in names]
    if len(set(lower)) != len(lower):
        raise BadFile(f"{PEOPLE}: two people have the same name.")
    found: Any = User.objects.alias(low=Lower("username")).filter(low__in=lower)
    there: dict[str, User] = {user.username.lower(): user for user in found}
    known = {name: user for name, user in there.items() if _is_same(user, by)}
    taken = set(there)
    made = {name: _stand_in(row, taken) for name, row in zip(lower, named, strict=True) if name not in known}
    User.objects.bulk_create(made.values())
    return [(known | made)[name].pk for name in lower]


def _is_same(user: User, by: User) -> bool:
    stands_in = user.imported and not user.is_active
    return by.is_staff or user == by or stands_in


def _stand_in(row: dict[str, str], taken: set[str]) -> User:
    wanted = row["username"][:120]
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    name = next(name for name in names if name.lower() not in taken and not _exists(name))
    taken.add(name.lower())
    user = User(
        username=name,
        first_name=row["first_name"][:150],
        last_name=row["last_name"][:150],
        demo=row["demo"] == "t",
        imported=True,
        is_active=False,
    )
    user.set_unusable_password()
    return user


def _exists(name: str) -> bool:
    return User.objects.alias(low=Lower("username")).filter(low=name.lower()).exists()


def _read(blocks: Iterable[bytes]) -> Iterator[dict[str, str]]:
    body = b"".join(_few(blocks))
    try:
        rows = csv.DictReader(io.StringIO(body.decode()), strict=True)
        if rows.fieldnames != _COLUMNS:
            raise BadFile(f"{PEOPLE}: its columns are not {', '.join(_COLUMNS)}.")
        for number, row in enumerate(rows, 1):
            _check(number, row)
            yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{PEOPLE} is no CSV in UTF-8: {error}.") from error


def _few(blocks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > MOST_PEOPLE * 500:
            raise BadFile(f"{PEOPLE} names more than {MOST_PEOPLE:,} people.")
        yield block


def _check(number: int, row: dict[str, str]) -> None:
    if row["n"] != str(number) or None in row or None in row.values():
        raise BadFile(f"{PEOPLE}, row {number}: it is numbered {row['n']}, or lacks a column.")
    try:
        User._meta.get_field("username").clean(row["username"], None)
    except ValidationError as error:
        raise BadFile(f"{PEOPLE}, row {number}: {' '.join(error.messages)}") from error
