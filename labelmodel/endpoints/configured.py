"""Endpoints as an operator writes them down, read and checked. No message holds a key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotation.importing.connecting import Unreachable
from labelmodel.endpoints.client import Endpoint
from labelmodel.endpoints.keys import Key, KeyLimits, Secret

_PARTS = ("base_url", "keys", "keys_file", "requests_a_minute", "tokens_a_day", "at_once", "projects")
MOST_KEYS = 100


class Misconfigured(ValueError):
    """What is wrong with an endpoint, and how to mend it."""


@dataclass(frozen=True)
class Configured:
    """An endpoint with its keys. `projects` None: all may use it."""

    name: str
    endpoint: Endpoint
    keys: tuple[Key, ...] = field(repr=False)
    projects: frozenset[int] | None = None

    def serves(self, project_id: int) -> bool:
        """Whether this project may use it."""
        return self.projects is None or project_id in self.projects


def read(given: Any, *, allow_private: bool) -> dict[str, Configured]:
    """The endpoints by name. Raises Misconfigured."""
    if not isinstance(given, dict):
        raise Misconfigured(
            'Endpoints are a JSON object: {"main": {"base_url": "https://...", "keys": ["..."]}}.'
        )
    return {str(name): _endpoint(str(name), one, allow_private) for name, one in given.items()}


def _endpoint(name: str, given: Any, allow_private: bool) -> Configured:
    def fault(what: str) -> Misconfigured:
        return Misconfigured(f"Endpoint “{name[:100]}”: {what}")

    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 64:
        raise fault("its name is made of letters, digits, _ and -.")
    if not isinstance(given, dict) or not isinstance(given.get("base_url"), str):
        raise fault('it is an object with a "base_url".')
    if unknown := sorted(given.keys() - set(_PARTS)):
        raise fault(f"there is no “{unknown[0][:40]}”; there are {', '.join(_PARTS)}.")
    endpoint = Endpoint(given["base_url"], allow_private)
    try:
        endpoint.place()
        keys = _keys(given, _limits(given))
    except (Unreachable, ValueError, OSError) as error:
        raise fault(str(error)) from None
    projects = given.get("projects")
    if projects is not None and not (
        isinstance(projects, list) and all(type(one) is int for one in projects)
    ):
        raise fault("its projects are a list of their numbers.")
    return Configured(name, endpoint, keys, None if projects is None else frozenset(projects))


def _limits(given: Mapping[str, Any]) -> KeyLimits:
    names = ("requests_a_minute", "tokens_a_day", "at_once")
    found = {name: given[name] for name in names if name in given}
    for name, value in found.items():
        if type(value) is not int:
            raise ValueError(f"{name} is a whole number.")
    return KeyLimits(**found)


def _keys(given: Mapping[str, Any], limits: KeyLimits) -> tuple[Key, ...]:
    some = list(given.get("keys", ()))
    if "keys_file" in given:
        lines = Path(str(given["keys_file"])).read_text("utf-8").splitlines()
        some += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not all(isinstance(one, str) for one in some) or len(some) > MOST_KEYS:
        raise ValueError(f"its keys are a list of at most {MOST_KEYS} texts.")
    if not some:
        # A model server of one's own may ask for none.
        return (Key("open", None, limits),)
    secrets = dict.fromkeys(Secret(one) for one in some)
    return tuple(Key(id_of(secret), secret, limits) for secret in secrets)


def id_of(secret: Secret) -> str:
    """What a key is counted by: the same for the same key, wherever it stands in the list, and of no use to find it."""
    return hashlib.sha256(b"querent key " + secret.reveal().encode()).hexdigest()[:12]
