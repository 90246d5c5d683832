"""Which operating-system user runs a service, and what that user can reach."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """An unprivileged user that root hands a service to."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, entry: pwd.struct_passwd) -> Account:
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)


def current_name() -> str | None:
    """The login name of this process's user; None for a bare number, as some containers run."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


def unprivileged() -> Account | None:
    """The user for a program that refuses to run as root; None when this process is not root anyway."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return Account.of(pwd.getpwnam(name))
        except KeyError:
            continue
    raise LookupError("neither of the users postgres and nobody exists")


def owner(path: Path) -> Account | None:
    """The unprivileged owner of an existing path; None when that is root or this process's own user."""
    uid = path.stat().st_uid
    return None if uid in (0, os.geteuid()) else Account.of(pwd.getpwuid(uid))


def can_reach(account: Account, path: Path) -> bool:
    """Whether the account may enter every directory down to the path, and read and enter (or execute) the path."""
    path = path.resolve()
    return all(_allows(account, parent, stat.S_IXOTH) for parent in path.parents) and _allows(
        account, path, stat.S_IROTH | stat.S_IXOTH
    )


def _allows(account: Account, path: Path, bits: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        bits <<= 6
    elif status.st_gid == account.gid:
        bits <<= 3
    return status.st_mode & bits == bits
