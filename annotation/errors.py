"""Errors of the domain: each has a stable code that REST and pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where (a path of keys and positions) and what, with how to mend it."""

    path: tuple[str | int, ...]
    message: str

    def as_json(self) -> dict[str, object]:
        return {"path": list(self.path), "message": self.message}


class DomainError(Exception):
    """A request that the domain refuses. `str(error)` is a sentence for the person who made it."""

    code: ClassVar[str] = "invalid"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, faults: list[Fault] | None = None) -> None:
        super().__init__(message)
        self.faults = faults or []


class InvalidInput(DomainError):
    """The input has faults; each is listed with its path."""

    code = "invalid"


class TooLarge(InvalidInput):
    """More than is taken at once."""

    code = "too_large"
    status = 413


class InvalidAnswer(DomainError):
    """An answer that its schema does not allow."""

    code = "invalid_answer"


class NotAllowed(DomainError):
    """The member's role does not include this."""

    code = "not_allowed"
    status = 403


class NotFound(DomainError):
    """Nothing there, or nothing that this person may know of."""

    code = "not_found"
    status = 404


class Conflict(DomainError):
    """The state has moved on since the caller looked."""

    code = "conflict"
    status = 409


class LeaseExpired(Conflict):
    """The reservation ran out and its slot was given to somebody else."""

    code = "lease_expired"


class SchemaChanged(Conflict):
    """The answer was given under an older schema and cannot be read under the current one."""

    code = "schema_changed"


class NotReady(Conflict):
    """Made later, or never: there is no file yet."""

    code = "not_ready"


class FormatMissing(Conflict):
    """This installation lacks the package that writes the format."""

    code = "format_missing"


class LinkExpired(NotAllowed):
    """A signed link whose time is over, or whose maker may no longer do what it lets one do."""

    code = "link_expired"


class LinkInvalid(NotAllowed):
    """A link that was not signed here, or that was signed for something else."""

    code = "link_invalid"


class FileGone(DomainError):
    """The file was there and is no longer, or is not whole."""

    code = "file_gone"
    status = 410
