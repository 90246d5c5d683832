"""Keys of an endpoint, and what each may be used for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VISIBLE = re.compile(r"[!-~]{1,1000}")
_SHOWN = 4
# Of a shorter one, four characters would be too much of it.
_LONG_ENOUGH = 12


class Secret:
    """A key that shows itself only to who asks for it: not in logs, errors, or pages."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not _VISIBLE.fullmatch(text):
            # Without the text: whoever reads the error must not read the key.
            raise ValueError("A key is 1 to 1,000 visible characters of ASCII, without spaces.")
        self._text = text

    def reveal(self) -> str:
        """The key itself, for the request that is sent with it."""
        return self._text

    @property
    def shown(self) -> str:
        """What people may see of it."""
        return "…" + self._text[-_SHOWN:] if len(self._text) >= _LONG_ENOUGH else "…"

    def hide_in(self, text: str) -> str:
        """The text, with what people may see in place of the key: servers repeat keys in their messages."""
        return text.replace(self._text, self.shown)

    def __repr__(self) -> str:
        return f"Secret({self.shown})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        # A pickle would carry it into a queue, and so onto a disk.
        raise TypeError("A secret is not written down; pass its id on.")


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What the provider grants a key, over all workers. None: no limit."""

    requests_a_minute: int | None = None
    tokens_a_day: int | None = None
    at_once: int = 8

    def __post_init__(self) -> None:
        for name in ("requests_a_minute", "tokens_a_day", "at_once"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= 10**12:
                raise ValueError(f"{name} must be at least 1, not {value}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key under the id that the pool counts it by. `secret` None: an endpoint that asks for none."""

    id: str
    secret: Secret | None
    limits: KeyLimits = KeyLimits()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", self.id):
            raise ValueError(f"The id of a key is made of letters, digits, _ and -, not {self.id!r}.")
