"""Whoever a file names as author, as people here: members, or people that stand for somebody who has no account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from annotation.errors import Fault
from annotation.importing.records import FileFault
from annotation.models import Dataset, Membership, Project, User
from annotation.roles import Action, Role, may

# Whoever answered where the file names nobody.
NOBODY = "imported"
LONGEST_NAME = 120
_NOT_IN_USERNAMES = re.compile(r"[^\w.@+-]+")


class People:
    """The authors of one import, each found or made once.

    `chosen` takes names of the file to usernames here, null to leave this author's answers out. Others are members by their
    username or e-mail address, or people that stand for them: without a password, inactive, annotators of the project.
    """

    def __init__(self, dataset: Dataset, chosen: Mapping[str, str | None], platform: str) -> None:
        self._project, self._platform = dataset.project, platform
        self._chosen = {name.casefold(): username for name, username in chosen.items()}
        self._known: dict[str, int | None] = {}

    def settle(self, names: Iterable[str]) -> None:
        """Find or make these authors, in a transaction of their own: harmless to repeat."""
        for name in dict.fromkeys(names):
            if name.casefold() not in self._known:
                self._known[name.casefold()] = self._find(name)

    def of(self, name: str) -> int | None:
        """The id of this author, who was settled; None for one that is left out."""
        return self._known[name.casefold()]

    def _find(self, name: str) -> int | None:
        if name.casefold() in self._chosen:
            username = self._chosen[name.casefold()]
            return None if username is None else _member_called(self._project, username).pk
        found = member_like(self._project, name)
        return found.pk if found else _stand_in(self._project, name, self._platform).pk


def check_authors(project: Project, by: User, chosen: Mapping[str, str | None]) -> list[Fault]:
    """What keeps these usernames from being authors: nobody is called so, or only somebody who is not yet a member and whom
    this person may not add."""
    names = {username.casefold() for username in chosen.values() if username}
    found = User.objects.alias(low=Lower("username")).filter(low__in=names)
    accounts = {user.username.casefold(): user for user in found}
    members = set(project.memberships.filter(user__in=accounts.values()).values_list("user_id", flat=True))
    may_add = may(project.role_of(by), Action.MEMBERS)
    faults = []
    for name, username in chosen.items():
        user = accounts.get(username.casefold()) if username else None
        if username and user is None:
            faults.append(Fault(("authors", name), f"Nobody here is called {username}."))
        elif user and user.pk not in members and not may_add:
            faults.append(Fault(("authors", name), f"{username} is not a member of this project."))
    return faults


def member_like(project: Project, name: str) -> User | None:
    """The member with this username or e-mail address, or who stands for this name."""
    said = name.casefold()
    like = Q(low=said) | Q(mail=said) | Q(imported=True, first_name__iexact=name[:150])
    members = User.objects.filter(memberships__project=project)
    found = members.alias(low=Lower("username"), mail=Lower("email")).filter(like)
    # A username says more than an address, and that more than whom somebody stands for.
    return min(
        found,
        key=lambda user: (user.username.casefold() != said, user.email.casefold() != said, user.pk),
        default=None,
    )


def _member_called(project: Project, username: str) -> User:
    """This account, made a member if it is none. Raises FileFault when nobody is called so any more."""
    user = User.objects.alias(low=Lower("username")).filter(low=username.casefold()).first()
    if user is None:
        raise FileFault(f"Nobody here is called {username}. Say who the authors are, then start again.")
    _join(project, user)
    return user


def _stand_in(project: Project, name: str, platform: str) -> User:
    """Somebody who stands for this name: one that another project has, unless the name is a mere number, or a new one."""
    said = name[:LONGEST_NAME]
    is_number = said.isdecimal()
    if not is_number and said.split()[0] != NOBODY:
        there = User.objects.filter(imported=True, is_active=False, erased_at=None, first_name__iexact=said)
        if user := there.order_by("pk").first():
            _join(project, user)
            return user
    wanted = _NOT_IN_USERNAMES.sub("-", said).strip("-") or NOBODY
    wanted = f"{platform.replace('_', '-')}-{wanted}" if is_number else wanted
    for number in count(1):
        username = wanted if number == 1 else f"{wanted}-{number}"
        if User.objects.alias(low=Lower("username")).filter(low=username.casefold()).exists():
            continue
        try:
            with transaction.atomic():
                user = User(username=username, first_name=said, imported=True, is_active=False)
                user.email = said if "@" in said else ""
                user.set_unusable_password()
                user.save()
                _join(project, user)
        except IntegrityError:
            # Somebody else took the name at this moment.
            continue
        return user
    raise AssertionError("numbers do not end")


def _join(project: Project, user: User) -> None:
    answered = project.annotations.filter(annotator=user, supersedes=None)
    if not Membership.objects.filter(project=project, user=user).exists():
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR, answered=answered.count())
